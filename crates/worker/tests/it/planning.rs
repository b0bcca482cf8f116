//! Workouts, the calendar and challenges, from the client's message to Garmin's state.

use serde_json::{Value, json};
use simulator::{Effect, Fault, Matcher};

use crate::mcp::Mcp;

fn keys(value: &Value, keys: &str) {
    for key in keys.split_whitespace() {
        assert!(value.get(key).is_some(), "{key} in {value}");
    }
}

fn form() -> Value {
    json!({ "title": "Threshold 4 x 6", "sport": "running", "steps": [
        { "kind": "warmup", "end": { "time_s": 600 }, "target": { "hr_zone": 2 } },
        { "repeat": 4, "skip_last_recovery": true, "steps": [
            { "kind": "interval", "end": { "time_s": 360 },
                "target": { "pace_per_km": ["4:05", "4:15"] },
                "secondary": { "cadence_spm": [176, 184] } },
            { "kind": "recovery", "end": { "time_s": 90 } } ] },
        { "kind": "cooldown", "end": "lap_button" } ] })
}

#[tokio::test]
async fn d21_workouts_are_paged_past_garmins_hundred_and_searched() {
    let mcp = Mcp::start().await;
    let first = mcp.ask("get_workouts", json!({ "limit": 100 })).await;
    keys(&first["workouts"][0], "id name sport created_date updated_date");
    assert_eq!((&first["count"], &first["next_start"]), (&json!(100), &json!(100)));
    let rest = mcp.ask("get_workouts", json!({ "limit": 100, "start": 100 })).await;
    assert!(rest["count"].as_u64().unwrap() > 10 && rest["has_more"] == false, "{rest}");
    let found = mcp.ask("get_workouts", json!({ "search": "tempo 20" })).await;
    assert_eq!(found["workouts"][0]["name"], "Tempo 20 min");
    let swims = mcp.ask("get_workouts", json!({ "sport": "swim" })).await;
    assert_eq!((&swims["count"], &swims["workouts"][0]["sport"]), (&json!(1), &json!("swimming")));
    mcp.fail("get_workouts", json!({ "sport": "chess" })).await;
}

#[tokio::test]
async fn a_workout_is_told_by_steps_as_a_form_and_raw() {
    let mcp = Mcp::start().await;
    let list = mcp.ask("get_workouts", json!({ "search": "6 x 800" })).await;
    let id = list["workouts"][0]["id"].clone();
    let steps = mcp.ask("get_workout_by_id", json!({ "workout_id": id.to_string() })).await;
    keys(
        &steps,
        "id name sport created_date updated_date estimated_duration_seconds segments \
         segment_count summary",
    );
    let group = &steps["segments"][0]["steps"][1];
    assert_eq!((&group["repeat_count"], &group["step_count"]), (&json!(6.0), &json!(2)));
    let work = &group["steps"][0];
    assert_eq!(work["target_type"], "pace.zone");
    assert!(
        work["target_value_low"].as_f64().unwrap() < work["target_value_high"].as_f64().unwrap()
    );
    let form = mcp.ask("get_workout_by_id", json!({ "workout_id": id, "format": "form" })).await;
    assert_eq!(form["form"]["steps"][1]["repeat"], 6);
    assert!(form.get("segments").is_none());
    let raw = mcp.ask("get_workout_by_id", json!({ "workout_id": id, "format": "raw" })).await;
    assert_eq!(raw["raw"]["workoutId"], id);
    let week = mcp.ask("get_garmin_coach_workouts", json!({})).await;
    keys(&week, "date training_plans count workouts");
    let planned = week["workouts"].as_array().unwrap();
    let uuid = planned.iter().find_map(|day| day["workout_uuid"].as_str()).unwrap();
    let coached = mcp.ask("get_workout_by_id", json!({ "workout_id": uuid })).await;
    keys(&coached, "uuid workout_type training_effect_label estimated_training_effect segments");
    let (error, _) = mcp.fail("get_workout_by_id", json!({ "workout_id": 42 })).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("not_found"), &json!("workout_id")));
    mcp.fail("get_workout_by_id", json!({ "workout_id": "../../x" })).await;
}

#[tokio::test]
async fn d24_a_workouts_file_can_be_read() {
    let mcp = Mcp::start().await;
    let list = mcp.ask("get_workouts", json!({ "limit": 1 })).await;
    let id = list["workouts"][0]["id"].clone();
    let file = mcp.ask("download_workout", json!({ "workout_id": id })).await;
    keys(&file, "workout_id format size_bytes message");
    assert!(file["size_bytes"].as_u64().unwrap() > 60, "{file}");
    assert_eq!(file["resource_uri"], format!("garmin://workout/{id}.fit"));
}

#[tokio::test]
async fn a_workout_is_created_read_back_changed_and_taken_away() {
    let mcp = Mcp::writing().await;
    let preview = mcp.ask("create_workout", json!({ "workout": form(), "dry_run": true })).await;
    assert_eq!(preview["status"], "preview");
    assert!(
        preview["summary"].as_str().unwrap().contains("Work 6:00 @ 4:05-4:15 /km"),
        "{preview}"
    );
    let made =
        mcp.ask("create_workout", json!({ "workout": form(), "schedule_on": ["+3d"] })).await;
    assert_eq!(
        (&made["status"], &made["verified"], &made["undo"]),
        (&json!("done"), &json!(true), &json!(true)),
        "{made}"
    );
    keys(&made, "workout_id name scheduled_workout_id summary estimated_duration_seconds");
    let id = made["workout_id"].clone();
    let asked = json!({ "workout_id": id, "format": "form" });
    let stored = mcp.ask("get_workout_by_id", asked.clone()).await;
    assert_eq!(stored["form"]["steps"][1]["skip_last_recovery"], true);
    let patch = json!({ "workout_id": id, "patch": { "title": "Renamed" }, "confirm": true });
    let changed = mcp.ask("update_workout", patch).await;
    assert_eq!(
        (&changed["verified"], &changed["name"]),
        (&json!(true), &json!("Renamed")),
        "{changed}"
    );
    let mut whole = form();
    whole["steps"][1]["repeat"] = json!(5);
    let arguments = json!({ "workout_id": id, "workout": whole, "confirm": true });
    let changed = mcp.ask("update_workout", arguments).await;
    assert_eq!(changed["verified"], true, "{changed}");
    assert_eq!(mcp.ask("get_workout_by_id", asked).await["form"]["steps"][1]["repeat"], 5);
    // Its day stays.
    let entry = json!({ "scheduled_workout_id": made["scheduled_workout_id"] });
    assert_eq!(mcp.ask("get_scheduled_workout", entry).await["workout_id"], id);
    let waits = mcp.ask("delete_workout", json!({ "workout_id": id })).await;
    assert_eq!(waits["status"], "requires_confirmation");
    let gone = mcp.ask("delete_workout", json!({ "workout_id": id, "confirm": true })).await;
    assert_eq!((&gone["verified"], &gone["undo"]), (&json!(true), &json!(true)), "{gone}");
    mcp.fail("get_workout_by_id", json!({ "workout_id": id })).await;
}

#[tokio::test]
async fn a_wrong_workout_is_refused_with_all_that_is_wrong() {
    let mcp = Mcp::writing().await;
    let wrong = json!({ "title": "x", "sport": "running", "steps": [
        { "kind": "sprint", "end": { "time_s": 60 } },
        { "end": { "time_s": 60 }, "target": { "hr_zone": 9 } },
        { "kind": "interval" } ] });
    let (error, text) = mcp.fail("create_workout", json!({ "workout": wrong })).await;
    assert_eq!((&error["code"], &error["field"]), (&json!("invalid_argument"), &json!("workout")));
    for part in ["3 problems", "steps[0].kind", "steps[1].target.hr_zone", "steps[2].end"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let unknown =
        json!({ "name": "S", "exercises": [{ "name": "Xylophone", "sets": 3, "reps": 5 }] });
    let (_, text) = mcp.fail("create_strength_workout", unknown).await;
    assert!(text.contains("get_exercise_types"), "{text}");
}

#[tokio::test]
async fn the_builders_of_garmin_mcp_make_right_workouts() {
    let mcp = Mcp::writing().await;
    let made = |answer: Value| {
        assert_eq!(
            (&answer["status"], &answer["verified"]),
            (&json!("done"), &json!(true)),
            "{answer}"
        );
        answer["workout_id"].clone()
    };
    let step = async |id: &Value, at: usize| {
        let told = mcp.ask("get_workout_by_id", json!({ "workout_id": id })).await;
        told["segments"][0]["steps"][at].clone()
    };
    let id = made(
        mcp.ask(
            "create_walk_run_workout",
            json!({ "name": "W1", "run_seconds": 120, "walk_seconds": 60, "repeats": 8,
                "warmup_min": 5, "cooldown_min": 5, "hr_zone": "Z3" }),
        )
        .await,
    );
    assert_eq!(step(&id, 1).await["steps"][1]["target_zone"], 3.0);
    let id = made(
        mcp.ask(
            "create_run_workout",
            json!({ "name": "R", "run_seconds": 1800, "warmup_min": 10, "cooldown_min": 0,
                "hr_min": 136, "hr_max": 148 }),
        )
        .await,
    );
    let run = step(&id, 1).await;
    assert_eq!(
        (&run["target_value_low"], &run["target_value_high"]),
        (&json!(136.0), &json!(148.0))
    );
    // D12: the range that was asked for is the target.
    let id = made(
        mcp.ask(
            "create_z2_walk_workout",
            json!({ "name": "Walk", "duration_min": 40, "hr_min": 100, "hr_max": 118 }),
        )
        .await,
    );
    let walk = step(&id, 1).await;
    assert_eq!(
        (&walk["target_value_low"], &walk["target_value_high"]),
        (&json!(100.0), &json!(118.0))
    );
    assert!(walk.get("target_zone").is_none());
    // D8: sets, reps, category and name.
    let answer = mcp
        .ask(
            "create_strength_workout",
            json!({ "name": "Legs", "exercises": [
                { "name": "Goblet Squat", "sets": 4, "reps": 8, "rest_seconds": 90, "weight_kg": 24 },
                { "exercise": "PLANK", "category": "PLANK", "sets": 1, "seconds": 60 } ] }),
        )
        .await;
    assert_eq!(answer["exercises"][0]["exercise"], "GOBLET_SQUAT", "{answer}");
    let id = made(answer);
    let group = step(&id, 0).await;
    assert_eq!(group["repeat_count"], 4.0);
    let squat = &group["steps"][0];
    assert_eq!(
        (&squat["category"], &squat["exercise_name"]),
        (&json!("SQUAT"), &json!("GOBLET_SQUAT"))
    );
    assert_eq!(
        (&squat["end_condition"], &squat["end_condition_value"]),
        (&json!("reps"), &json!(8.0))
    );
    assert_eq!((&squat["weight_value"], &squat["weight_unit"]), (&json!(24.0), &json!("kilogram")));
    let (error, _) = mcp
        .fail(
            "create_run_workout",
            json!({ "name": "R", "run_seconds": 60, "warmup_min": 0,
            "cooldown_min": 0, "hr_min": 120 }),
        )
        .await;
    assert_eq!(error["field"], "hr_max");
}

#[tokio::test]
async fn garmins_own_json_is_repaired_sent_and_counted() {
    let mcp = Mcp::writing().await;
    let watts = json!({
        "workoutName": "Watts", "sportType": { "sportTypeId": 2, "sportTypeKey": "cycling" },
        "workoutSegments": [{ "workoutSteps": [{
            "stepType": { "stepTypeId": 3, "stepTypeKey": "interval" },
            "endCondition": { "conditionTypeId": 2, "conditionTypeKey": "time" },
            "endConditionValue": 300,
            "targetType": { "workoutTargetTypeId": 6, "workoutTargetTypeKey": "power.between" },
            "targetValueOne": 270, "targetValueTwo": 240 }] }] });
    let made = mcp.ask("upload_workout", json!({ "workout_data": watts })).await;
    assert_eq!((&made["status"], &made["verified"]), (&json!("done"), &json!(true)), "{made}");
    assert!(made["summary"].as_str().unwrap().contains("240-270 W"), "{made}");
    assert!(!made["repairs"].as_array().unwrap().is_empty());
    let both = mcp.ask("upload_workouts", json!({ "workouts": [watts, form()] })).await;
    keys(&both, "total succeeded failed results");
    assert_eq!((&both["succeeded"], &both["verified"]), (&json!(2), &json!(true)), "{both}");
    let ids: Vec<Value> =
        both["results"].as_array().unwrap().iter().map(|row| row["workout_id"].clone()).collect();
    let gone = mcp.ask("delete_workouts", json!({ "workout_ids": ids, "confirm": true })).await;
    assert_eq!(gone["succeeded"], 2, "{gone}");
    let many: Vec<Value> = (0..51).map(|_| form()).collect();
    let (_, text) = mcp.fail("upload_workouts", json!({ "workouts": many })).await;
    assert!(text.contains("50"), "{text}");
}

#[tokio::test]
async fn d19_a_workout_is_put_on_a_day_once_and_not_at_all_when_nobody_can_look() {
    let mcp = Mcp::writing().await;
    let list = mcp.ask("get_workouts", json!({ "limit": 1 })).await;
    let id = list["workouts"][0]["id"].clone();
    let arguments = json!({ "workout_id": id, "calendar_date": "+5d" });
    let done = mcp.ask("schedule_workout", arguments.clone()).await;
    keys(&done, "workout_id scheduled_date scheduled_workout_id check");
    assert_eq!((&done["verified"], &done["undo"]), (&json!(true), &json!(true)), "{done}");
    let again = mcp.ask("schedule_workout", arguments.clone()).await;
    assert_eq!(again["already_scheduled"], true, "{again}");
    assert!(again.get("scheduled_workout_id").is_none());
    let control = mcp.garmin.simulator.control();
    let look = Matcher::default().path("/graphql-gateway/graphql");
    let broken = control
        .add_fault(Fault::always(look, Effect::Status { status: 403, retry_after_secs: None }));
    let (error, text) = mcp.fail("schedule_workout", arguments.clone()).await;
    assert_eq!(error["field"], "force");
    assert!(text.contains("check: failed") && text.contains("nothing was sent"), "{text}");
    let mut forced = arguments;
    forced["force"] = json!(true);
    let forced = mcp.ask("schedule_workout", forced).await;
    assert_eq!((&forced["status"], &forced["check"]), (&json!("done"), &json!("failed")));
    control.remove_fault(broken);
    let ids = [&done, &forced].map(|answer| answer["scheduled_workout_id"].clone());
    let one = json!({ "scheduled_workout_id": ids[0], "confirm": true });
    assert_eq!(mcp.ask("unschedule_workout", one.clone()).await["verified"], true);
    mcp.fail("unschedule_workout", one).await;
    let rest = json!({ "scheduled_workout_ids": [ids[1]], "confirm": true });
    assert_eq!(mcp.ask("unschedule_workouts", rest).await["succeeded"], 1);
}

#[tokio::test]
async fn a_week_is_planned_at_once_and_what_stands_there_is_left() {
    let mcp = Mcp::writing().await;
    let list = mcp.ask("get_workouts", json!({ "limit": 2 })).await;
    let ids = [0, 1].map(|at| list["workouts"][at]["id"].clone());
    let week = json!({ "week": [
        { "date": "+40d", "workout_id": ids[0] },
        { "date": "+41d", "workout_id": ids[1].to_string() } ] });
    let done = mcp.ask("schedule_week", week.clone()).await;
    assert_eq!(done["scheduled"].as_array().unwrap().len(), 2, "{done}");
    assert_eq!(done["scheduled"][0]["workout_id"], ids[0]);
    let again = mcp.ask("schedule_week", week).await;
    assert_eq!(again["already_scheduled"].as_array().unwrap().len(), 2, "{again}");
    let schedules = json!({ "schedules": [
        { "calendar_date": "+42d", "workout_data": form() },
        { "calendar_date": "+40d", "workout_id": ids[0] } ] });
    let done = mcp.ask("schedule_workouts", schedules).await;
    keys(&done, "total succeeded failed results already_scheduled");
    assert_eq!(done["failed"], 0, "{done}");
    let range = json!({ "start_date": "+40d", "end_date": "+42d", "confirm": true });
    assert_eq!(mcp.ask("unschedule_workouts", range).await["succeeded"], 3);
    let (_, text) = mcp.fail("schedule_week", json!({ "week": [{ "date": "soon" }] })).await;
    assert!(text.contains("item 0"), "{text}");
}

#[tokio::test]
async fn the_calendar_tells_what_stands_where_and_what_it_could_not_read() {
    let mcp = Mcp::start().await;
    let calendar =
        mcp.ask("get_calendar", json!({ "start_date": "-20d", "end_date": "+10d" })).await;
    assert_eq!(calendar["complete"], true);
    let items = calendar["items"].as_array().unwrap();
    for kind in ["workout", "activity", "note", "plan", "rest"] {
        assert!(items.iter().any(|item| item["kind"] == kind), "{kind}");
    }
    let planned = items.iter().find(|item| item["kind"] == "workout").unwrap();
    keys(planned, "date id title status sport workout_id link");
    let days: Vec<&str> = items.iter().map(|item| item["date"].as_str().unwrap()).collect();
    assert!(days.is_sorted());
    let only = json!({ "start_date": "-20d", "end_date": "+10d", "kinds": ["note"] });
    assert_eq!(mcp.ask("get_calendar", only).await["count"], 2);
    let scheduled = mcp.ask("get_scheduled_workouts", json!({})).await;
    keys(&scheduled, "count date_range scheduled_workouts");
    keys(
        &scheduled["scheduled_workouts"][0],
        "date scheduled_workout_id workout_id name sport completed",
    );
    let events = mcp.ask("get_calendar_events", json!({ "races_only": true })).await;
    let race = &events["events"][0];
    keys(
        race,
        "title date is_race distance_meters start_time_local time_zone location url event_uuid",
    );
    assert_eq!(race["distance_meters"], 21_098);
    // One month that is not answered is missing; the others are told.
    let today: jiff::civil::Date = mcp.garmin.season().today.parse().unwrap();
    let next = today.last_of_month().tomorrow().unwrap();
    let month = format!("/calendar-service/year/{}/month/{}", next.year(), next.month() - 1);
    let fault = Fault::always(
        Matcher::default().path(&month),
        Effect::Status { status: 403, retry_after_secs: None },
    );
    mcp.garmin.simulator.control().add_fault(fault);
    let range = json!({ "start_date": today.to_string(), "end_date": next.to_string() });
    let torn = mcp.ask("get_calendar", range).await;
    assert_eq!(
        (&torn["complete"], &torn["missing_ranges"][0]["start"]),
        (&json!(false), &json!(next.to_string()))
    );
}

#[tokio::test]
async fn a_note_is_written_and_deleted() {
    let mcp = Mcp::writing().await;
    let note = json!({ "date": "tomorrow", "title": "Physio", "text": "Left calf" });
    let done = mcp.ask("add_calendar_note", note).await;
    assert_eq!((&done["verified"], &done["undo"]), (&json!(true), &json!(true)), "{done}");
    let id = done["note_id"].clone();
    let gone = mcp.ask("delete_calendar_note", json!({ "note_id": id, "confirm": true })).await;
    assert_eq!(gone["verified"], true, "{gone}");
    assert_eq!(gone["previous"]["title"], "Physio");
    mcp.fail("add_calendar_note", json!({ "date": "today", "title": " ", "text": "" })).await;
}

#[tokio::test]
async fn a_workout_is_queued_for_the_device_used_last() {
    let mcp = Mcp::writing().await;
    let list = mcp.ask("get_workouts", json!({ "limit": 1 })).await;
    let id = list["workouts"][0]["id"].clone();
    let sent = mcp.ask("push_workout_to_device", json!({ "workout_id": id })).await;
    keys(&sent, "workout_id device_id message_id");
    assert_eq!(sent["verified"], true, "{sent}");
    let nowhere = json!({ "workout_id": id, "device_id": 5 });
    mcp.fail("push_workout_to_device", nowhere).await;
}

#[tokio::test]
async fn exercises_are_found_by_word_category_and_muscle() {
    let mcp = Mcp::start().await;
    let all = mcp.ask("get_exercise_types", json!({})).await;
    assert!(all["total"].as_u64().unwrap() > 1_500);
    assert_eq!(all["categories"].as_array().unwrap().len(), 47);
    let found =
        mcp.ask("get_exercise_types", json!({ "search": "goblet", "muscle": "quads" })).await;
    assert_eq!(found["exercises"][0]["exercise"], "GOBLET_SQUAT", "{found}");
    keys(&found["exercises"][0], "category exercise name muscles equipment");
    let rows = mcp.ask("get_exercise_types", json!({ "category": "bench press" })).await;
    assert!(
        rows["exercises"].as_array().unwrap().iter().all(|row| row["category"] == "BENCH_PRESS")
    );
    let (error, _) = mcp.fail("get_exercise_types", json!({ "muscle": "brain" })).await;
    assert_eq!(error["field"], "muscle");
}

#[tokio::test]
async fn goals_records_badges_and_challenges_keep_their_keys() {
    let mcp = Mcp::start().await;
    let goals = mcp.ask("get_goals", json!({})).await;
    keys(
        &goals["goals"][0],
        "id name type target_distance_meters progress_pct start_date end_date",
    );
    let past = mcp.ask("get_goals", json!({ "goal_type": "past", "limit": 3 })).await;
    assert_eq!((&past["count"], &past["next_start"]), (&json!(3), &json!(4)));
    let records = mcp.ask("get_personal_record", json!({ "sport": "running" })).await;
    keys(&records["records"][0], "record_type type_id value raw_value date activity_id");
    let races = mcp.ask("get_race_predictions", json!({})).await;
    keys(&races, "prediction_date predictions");
    for race in ["5K", "10K", "half_marathon", "marathon"] {
        keys(&races["predictions"][race], "time time_seconds pace_per_km");
    }
    let badges = mcp.ask("get_earned_badges", json!({})).await;
    assert_eq!((&badges["total_badges"], &badges["count"]), (&json!(40), &json!(20)));
    keys(&badges["badges"][0], "name category difficulty points earned_date");
    assert_eq!(mcp.ask("get_available_badges", json!({})).await["total_badges"], 30);
    let begun = mcp.ask("get_in_progress_badges", json!({})).await;
    for badge in begun["badges"].as_array().unwrap() {
        keys(badge, "progress target progress_pct");
    }
    for tool in [
        "get_adhoc_challenges",
        "get_available_badge_challenges",
        "get_badge_challenges",
        "get_non_completed_badge_challenges",
        "get_inprogress_virtual_challenges",
    ] {
        // Garmin counts most of them from 1 and refuses 0.
        let found = mcp.ask(tool, json!({ "start": 0, "limit": 2 })).await;
        keys(&found, "total challenges");
        keys(&found["challenges"][0], "name uuid start_date");
    }
    let open = mcp.ask("get_non_completed_badge_challenges", json!({})).await;
    keys(&open["challenges"][0], "category status points joined progress target progress_percent");
}
