//! What people reported of other programs, by the numbers of the reports.

use super::*;

fn raw(sport: (i64, &str), step: &Value) -> Value {
    let sport = json!({ "sportTypeId": sport.0, "sportTypeKey": sport.1 });
    json!({
        "workoutName": "W", "sportType": sport,
        "workoutSegments": [{ "segmentOrder": 1, "sportType": sport, "workoutSteps": [step] }],
    })
}

fn step_of(mut fields: Value) -> Value {
    let base = json!({
        "type": "ExecutableStepDTO", "stepOrder": 1,
        "stepType": { "stepTypeId": 3, "stepTypeKey": "interval" },
        "endCondition": { "conditionTypeId": 2, "conditionTypeKey": "time" },
        "endConditionValue": 300.0,
    });
    for (key, value) in base.as_object().unwrap() {
        if fields.get(key).is_none() {
            fields[key] = value.clone();
        }
    }
    fields
}

fn target(id: i64, key: &str) -> Value {
    json!({ "workoutTargetTypeId": id, "workoutTargetTypeKey": key })
}

/// The repaired first step, and what was said.
fn repaired(sport: (i64, &str), step: Value) -> (Value, String) {
    let repaired = repair(&raw(sport, &step_of(step))).unwrap_or_else(|found| panic!("{found:?}"));
    (repaired.workout["workoutSegments"][0]["workoutSteps"][0].clone(), repaired.repairs.join("\n"))
}

fn refused(sport: (i64, &str), step: Value) -> String {
    let found = repair(&raw(sport, &step_of(step))).expect_err("a refusal");
    found.iter().map(|one| format!("{}: {}", one.path, one.problem)).collect::<Vec<_>>().join("\n")
}

const RUN: (i64, &str) = (1, "running");
const RIDE: (i64, &str) = (2, "cycling");
const SWIM: (i64, &str) = (4, "swimming");
const STRENGTH: (i64, &str) = (5, "strength_training");

#[test]
fn issue_34_and_36_a_zone_in_the_place_of_a_range_is_a_zone() {
    let (step, said) =
        repaired(RUN, json!({ "targetType": target(4, "heart.rate.zone"), "targetValueOne": 3 }));
    assert_eq!(step["zoneNumber"], 3);
    assert!(step.get("targetValueOne").is_none());
    assert!(said.contains("3 is a zone"), "{said}");
    let step = compiled_step("running", &json!({"time_s": 60, "target": {"hr_zone": 3}}));
    assert_eq!(step["targetType"]["workoutTargetTypeId"], 4);
    assert_eq!(step["zoneNumber"], 3);
    assert!(step.get("targetValueOne").is_none() && step.get("targetValueTwo").is_none());
}

#[test]
fn issue_71_and_72_a_range_of_beats_is_a_range() {
    let step = compiled_step("running", &json!({"time_s": 60, "target": {"hr_bpm": [120, 142]}}));
    assert_eq!(step["targetType"]["workoutTargetTypeKey"], "heart.rate.zone");
    assert_eq!((&step["targetValueOne"], &step["targetValueTwo"]), (&json!(120.0), &json!(142.0)));
    assert!(step.get("zoneNumber").is_none());
    // As Connect's own editor writes it: one end as text.
    let (step, said) = repaired(
        RUN,
        json!({ "targetType": target(4, "heart.rate.zone"), "targetValueOne": 120,
            "targetValueTwo": "142" }),
    );
    assert_eq!(step["targetValueTwo"], 142.0);
    assert_eq!(said, "");
}

#[test]
fn issue_112_a_group_keeps_its_number_of_rounds() {
    let inner = step_of(json!({ "targetType": target(1, "no.target") }));
    let group = json!({
        "type": "RepeatGroupDTO", "stepOrder": 1, "numberOfIterations": 5,
        "endCondition": { "conditionTypeKey": "iterations" }, "workoutSteps": [inner],
    });
    let repaired = repair(&raw(RUN, &group)).unwrap().workout;
    let group = &repaired["workoutSegments"][0]["workoutSteps"][0];
    assert_eq!(group["endCondition"]["conditionTypeId"], 7);
    assert_eq!(group["endConditionValue"], 5.0);
    assert_eq!(group["numberOfIterations"], 5);
}

#[test]
fn issue_123_and_143_and_274_an_end_by_heart_rate_is_whole() {
    let (step, said) = repaired(
        RUN,
        json!({
            "stepType": { "stepTypeId": 4, "stepTypeKey": "recovery" },
            "endCondition": { "conditionTypeId": 4, "conditionTypeKey": "heart.rate" },
            "endConditionValue": 145,
        }),
    );
    assert_eq!(step["endCondition"]["conditionTypeId"], 6);
    assert_eq!(step["endConditionValue"], 145.0);
    // Without a side Garmin fails.
    assert_eq!(step["endConditionCompare"], "lt");
    assert!(said.contains("number 4 means `calories`") && said.contains("below"), "{said}");
    let step = compiled_step("running", &json!({"kind": "recovery", "end": {"hr_below": 120}}));
    assert_eq!(step["endCondition"]["conditionTypeKey"], "heart.rate");
    assert_eq!(
        (&step["endConditionValue"], &step["endConditionCompare"]),
        (&json!(120.0), &json!("lt"))
    );
}

#[test]
fn issue_129_beats_under_the_number_of_a_pace_are_beats() {
    let (step, _) = repaired(
        RUN,
        json!({ "targetType": target(6, "heart.rate"), "targetValueOne": 143,
            "targetValueTwo": 157 }),
    );
    assert_eq!(step["targetType"]["workoutTargetTypeId"], 4);
    assert_eq!(step["targetType"]["workoutTargetTypeKey"], "heart.rate.zone");
}

#[test]
fn d06_issue_155_and_159_watts_are_power_under_number_2() {
    for id in [2, 4, 6] {
        let (step, said) = repaired(
            RIDE,
            json!({ "targetType": target(id, "power.between"), "targetValueOne": 90,
                "targetValueTwo": 110 }),
        );
        assert_eq!(step["targetType"]["workoutTargetTypeId"], 2, "{id}");
        assert_eq!(step["targetType"]["workoutTargetTypeKey"], "power.zone");
        assert_eq!(
            (&step["targetValueOne"], &step["targetValueTwo"]),
            (&json!(90.0), &json!(110.0))
        );
        assert!(step.get("zoneNumber").is_none());
        assert!(said.contains("power.zone"), "{said}");
    }
}

#[test]
fn d06_issue_245_watts_never_become_kilometres_per_hour() {
    let (step, said) = repaired(
        RIDE,
        json!({ "targetType": target(6, "pace.zone"), "targetValueOne": 270,
            "targetValueTwo": 240 }),
    );
    assert_eq!(step["targetType"]["workoutTargetTypeId"], 2);
    assert_eq!((&step["targetValueOne"], &step["targetValueTwo"]), (&json!(240.0), &json!(270.0)));
    assert!(said.contains("are watts"), "{said}");
    let refusal = refused(
        RUN,
        json!({ "targetType": target(6, "pace.zone"), "targetValueOne": 245,
            "targetValueTwo": 255 }),
    );
    assert!(refusal.contains("metres per second"), "{refusal}");
}

#[test]
fn d06_issue_186_and_194_power_over_a_lap_or_three_seconds_is_said_so() {
    for (smoothing, id, key) in [
        ("lap", 9, "power.lap"),
        ("3s", 10, "power.3s"),
        ("10s", 11, "power.10s"),
        ("30s", 12, "power.30s"),
    ] {
        let step = compiled_step(
            "cycling",
            &json!({"time_s": 60, "target": {"power_w": [0, 160], "power_smoothing": smoothing}}),
        );
        assert_eq!(
            step["targetType"],
            json!({
            "workoutTargetTypeId": id, "workoutTargetTypeKey": key, "displayOrder": id })
        );
        assert_eq!(step["targetValueOne"], 0.0);
    }
    // A recovery may begin at nothing.
    let (step, _) = repaired(
        RIDE,
        json!({ "targetType": target(9, "power.lap"), "targetValueOne": 0, "targetValueTwo": 120 }),
    );
    assert_eq!((&step["targetValueOne"], &step["targetValueTwo"]), (&json!(0.0), &json!(120.0)));
}

#[test]
fn d07_issue_210_pace_values_in_the_target_object_are_moved_where_they_count() {
    let mut nested = target(6, "pace.zone");
    nested["targetValueOne"] = json!(4.878);
    nested["targetValueTwo"] = json!(4.651);
    let (step, said) = repaired(RUN, json!({ "targetType": nested }));
    assert_eq!((&step["targetValueOne"], &step["targetValueTwo"]), (&json!(4.651), &json!(4.878)));
    assert!(step["targetType"].get("targetValueOne").is_none());
    assert!(said.contains("moved out of the target object"), "{said}");
    let step = compiled_step(
        "running",
        &json!({"distance_m": 400, "target": {"pace_per_km": ["3:25", "3:35"]}}),
    );
    assert_eq!((&step["targetValueOne"], &step["targetValueTwo"]), (&json!(4.6512), &json!(4.878)));
    let refusal = refused(RUN, json!({ "targetType": target(6, "pace.zone") }));
    assert!(refusal.contains("targetValueOne"), "{refusal}");
}

#[test]
fn d08_issue_196_and_197_reps_are_reps_of_an_exercise() {
    let step = compiled_step("strength", &json!({"name": "Goblet Squat", "reps": 8}));
    assert_eq!(step["endCondition"]["conditionTypeKey"], "reps");
    assert_eq!(step["endConditionValue"], 8.0);
    assert_eq!(
        (&step["category"], &step["exerciseName"]),
        (&json!("SQUAT"), &json!("GOBLET_SQUAT"))
    );
    let found = problems(&json!({"title": "t", "sport": "strength", "steps": [{"reps": 8}]}));
    assert_eq!(found[0].path, "steps[0].exercise");
    let (step, said) = repaired(
        STRENGTH,
        json!({
            "endCondition": { "conditionTypeId": 10, "conditionTypeKey": "reps" },
            "endConditionValue": 8, "exerciseName": "Romanian Deadlift",
        }),
    );
    assert_eq!(
        (&step["category"], &step["exerciseName"]),
        (&json!("DEADLIFT"), &json!("ROMANIAN_DEADLIFT"))
    );
    assert!(said.contains("DEADLIFT/ROMANIAN_DEADLIFT"), "{said}");
    let refusal = refused(
        STRENGTH,
        json!({ "endCondition": { "conditionTypeId": 10, "conditionTypeKey": "reps" },
            "endConditionValue": 8 }),
    );
    assert!(refusal.contains("exerciseName"), "{refusal}");
}

#[test]
fn d08_issue_273_and_279_sets_are_rounds_of_a_group() {
    let group = compiled_step(
        "strength",
        &json!({"name": "Goblet Squat", "sets": 4, "reps": 8, "rest_s": 90, "weight_kg": 24}),
    );
    assert_eq!(group["type"], "RepeatGroupDTO");
    assert_eq!(group["numberOfIterations"], 4);
    assert_eq!(group["endCondition"]["conditionTypeKey"], "iterations");
    let steps = group["workoutSteps"].as_array().unwrap();
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[1]["stepType"]["stepTypeKey"], "rest");
    assert_eq!(steps[1]["endConditionValue"], 90.0);
}

#[test]
fn issue_1_of_the_other_server_the_exercise_is_chosen_not_described() {
    let group = compiled_step("strength", &json!({"name": "squats", "sets": 3, "reps": 5}));
    assert_eq!(group["workoutSteps"][0]["category"], "SQUAT");
    assert!(group["workoutSteps"][0].get("description").is_none());
}

#[test]
fn d09_issue_54_and_96_strength_is_5_and_never_a_swim() {
    let form = json!({"title": "t", "sport": "strength",
        "steps": [{"name": "plank", "time_s": 60}]});
    assert_eq!(
        compile(&read(&form).form)["sportType"],
        json!({
        "sportTypeId": 5, "sportTypeKey": "strength_training", "displayOrder": 5})
    );
    let repaired = repair(&raw((4, "strength_training"), &step_of(json!({})))).unwrap();
    assert_eq!(repaired.workout["sportType"]["sportTypeId"], 5);
    assert!(repaired.repairs[0].contains("number 4 means `swimming`"), "{:?}", repaired.repairs);
}

#[test]
fn d09_issue_94_walking_is_12_and_never_mobility() {
    let form = json!({"title": "t", "sport": "walking", "steps": [{"time_s": 60}]});
    assert_eq!(compile(&read(&form).form)["sportType"]["sportTypeId"], 12);
    let repaired = repair(&raw((11, "walking"), &step_of(json!({})))).unwrap();
    assert_eq!(repaired.workout["sportType"]["sportTypeId"], 12);
}

#[test]
fn d10_issue_89_a_swim_without_a_first_target_is_read() {
    let stored = raw(
        SWIM,
        &step_of(json!({
            "targetType": null, "description": "2:24-3:42/100m",
            "secondaryTargetType": { "workoutTargetTypeKey": "pace.zone" },
            "secondaryTargetValueOne": 0.45, "secondaryTargetValueTwo": 0.691_666_7,
        })),
    );
    let read = decompile(&stored).unwrap();
    assert_eq!(read.lost, Vec::<String>::new());
    assert!(describe(&read.form).contains("2:25-3:42 /100 m"), "{}", describe(&read.form));
    let repaired = repair(&stored).unwrap().workout;
    let step = &repaired["workoutSegments"][0]["workoutSteps"][0];
    assert_eq!(step["targetType"]["workoutTargetTypeKey"], "no.target");
    assert_eq!(step["secondaryTargetType"]["workoutTargetTypeId"], 6);
}

#[test]
fn d10_issue_191_stroke_drill_and_equipment_are_kept() {
    let step = compiled_step(
        "swimming",
        &json!({"distance_m": 50, "stroke": "fly", "drill": "kick", "equipment": ["fins"],
            "target": {"pace_per_100m": "1:45"}}),
    );
    assert_eq!(
        step["strokeType"],
        json!({"strokeTypeId": 5, "strokeTypeKey": "fly", "displayOrder": 5})
    );
    assert_eq!(step["drillType"]["drillTypeId"], 1);
    assert_eq!(step["equipmentType"]["equipmentTypeKey"], "fins");
    assert_eq!(step["targetType"]["workoutTargetTypeKey"], "no.target");
    assert_eq!(step["secondaryTargetType"]["workoutTargetTypeKey"], "pace.zone");
    assert_eq!(step["secondaryTargetValueOne"], 0.9524);
    assert_eq!(step["secondaryTargetValueTwo"], 0.0);
}

#[test]
fn issue_4_and_5_of_the_other_server_a_pool_in_yards_is_told() {
    let form = json!({"title": "t", "sport": "swimming", "pool": {"length": 25, "unit": "yd"},
        "steps": [{"kind": "main", "distance_yd": 100, "stroke": "butterfly"},
            {"kind": "rest", "fixed_rest_s": 20}]});
    let workout = compile(&read(&form).form);
    for place in [&workout, &workout["workoutSegments"][0]] {
        assert_eq!(place["poolLength"], 25.0);
        assert_eq!(place["poolLengthUnit"]["unitKey"], "yard");
    }
    let steps = &workout["workoutSegments"][0]["workoutSteps"];
    assert_eq!(steps[0]["stepType"]["stepTypeId"], 8);
    assert!((steps[0]["endConditionValue"].as_f64().unwrap() - 91.44).abs() < 1e-9);
    assert_eq!(steps[1]["endCondition"]["conditionTypeKey"], "fixed.rest");
}

#[test]
fn d11_weights_are_grams_under_a_unit_called_kilogram() {
    let step = compiled_step(
        "strength",
        &json!({"exercise": "BARBELL_BENCH_PRESS", "reps": 5, "weight_kg": 62.5}),
    );
    assert_eq!(step["weightValue"], 62_500.0);
    assert_eq!(step["weightUnit"], json!({"unitId": 8, "unitKey": "kilogram", "factor": 1000.0}));
    let (step, said) = repaired(
        STRENGTH,
        json!({
            "category": "BENCH_PRESS", "exerciseName": "BARBELL_BENCH_PRESS", "weightValue": 60.0,
            "weightUnit": { "unitId": 8, "unitKey": "kilogram", "factor": 1000.0 },
        }),
    );
    assert_eq!(step["weightValue"], 60_000.0);
    assert!(said.contains("60000 g"), "{said}");
    let back = decompile(&raw(STRENGTH, &step)).unwrap();
    assert!(describe(&back.form).contains("60 kg"), "{}", describe(&back.form));
}

#[test]
fn issue_333_the_number_of_power_under_the_word_of_heart_rate_is_heart_rate() {
    let (step, _) = repaired(
        RUN,
        json!({ "targetType": target(2, "heart.rate.zone"), "targetValueOne": 120,
            "targetValueTwo": 150 }),
    );
    assert_eq!(step["targetType"]["workoutTargetTypeId"], 4);
}

#[test]
fn what_could_mean_two_things_is_refused() {
    let both = json!({ "targetType": target(4, "heart.rate.zone"), "zoneNumber": 3,
        "targetValueOne": 120, "targetValueTwo": 140 });
    assert!(refused(RUN, both).contains("a zone and a range"));
    let half = json!({ "targetType": target(2, "power.zone"), "targetValueOne": 200 });
    assert!(refused(RIDE, half).contains("both ends"));
    let zones = json!({ "targetType": target(4, "heart.rate.zone"), "targetValueOne": 2,
        "targetValueTwo": 3 });
    assert!(refused(RUN, zones).contains("range of zones"));
    let unknown = json!({ "targetType": target(99, "warp.speed") });
    assert!(refused(RUN, unknown).contains("means nothing"));
    let endless = json!({ "endConditionValue": null });
    assert!(refused(RUN, endless).contains("above 0"));
    let category = json!({ "exerciseName": "interpretive dance" });
    assert!(refused(STRENGTH, category).contains("no exercise"));
}

#[test]
fn a_difference_is_found_whatever_garmin_drops() {
    let form = load(&golden("run_intervals", "form"));
    let sent = compile(&read(&form).form);
    let mut stored = sent.clone();
    stored["workoutId"] = json!(1);
    assert_eq!(differences(&sent, &stored), []);
    let group = &mut stored["workoutSegments"][0]["workoutSteps"][1];
    group["numberOfIterations"] = json!(3);
    let step = &mut group["workoutSteps"][0];
    step["targetValueOne"] = json!(null);
    step["targetValueTwo"] = json!(null);
    step["secondaryTargetType"] = json!(null);
    stored["sportType"] = json!(null);
    let found: Vec<(String, &str)> =
        differences(&sent, &stored).into_iter().map(|one| (one.path, one.field)).collect();
    let at = |path: &str, field| (path.to_owned(), field);
    assert_eq!(
        found,
        [
            at("", "sport"),
            at("segments[0].steps[1]", "repeat"),
            at("segments[0].steps[1].steps[0]", "target"),
            at("segments[0].steps[1].steps[0]", "secondary"),
        ]
    );
    let mut swapped = sent.clone();
    let step = &mut swapped["workoutSegments"][0]["workoutSteps"][1]["workoutSteps"][0];
    (step["targetValueOne"], step["targetValueTwo"]) = (json!(4.0816), json!(3.9216));
    assert_eq!(differences(&sent, &swapped), []);
}
