//! The workouts an athlete starts with, and the days they stand on.

use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};

use super::{Library, Note};
use crate::athlete::Athlete;
use crate::times::shift;

/// More than a page, so that paging can be seen.
const VARIATIONS: i64 = 112;
const DAYS_BACK: i64 = 28;
const DAYS_AHEAD: i64 = 13;

fn sport(id: i64, key: &str) -> Value {
    json!({"sportTypeId": id, "sportTypeKey": key, "displayOrder": id})
}

fn of(name: &str, sport: &Value, seconds: i64, steps: &[Value]) -> Value {
    let mut order = 0;
    let steps: Vec<Value> = steps.iter().map(|step| ordered(step.clone(), &mut order)).collect();
    json!({
        "workoutName": name, "sportType": sport, "estimatedDurationInSecs": seconds,
        "workoutSegments": [{"segmentOrder": 1, "sportType": sport, "workoutSteps": steps}],
    })
}

fn ordered(mut step: Value, order: &mut i64) -> Value {
    *order += 1;
    step["stepOrder"] = json!(*order);
    if let Some(inner) = step["workoutSteps"].as_array().cloned() {
        let inner: Vec<Value> = inner.into_iter().map(|step| ordered(step, order)).collect();
        step["workoutSteps"] = Value::from(inner);
    }
    step
}

fn step((id, kind): (i64, &str), (end_id, end): (i64, &str), value: Option<f64>) -> Value {
    json!({
        "type": "ExecutableStepDTO",
        "stepType": {"stepTypeId": id, "stepTypeKey": kind, "displayOrder": id},
        "endCondition": {"conditionTypeId": end_id, "conditionTypeKey": end,
            "displayOrder": end_id, "displayable": true},
        "endConditionValue": value,
        "targetType": {"workoutTargetTypeId": 1, "workoutTargetTypeKey": "no.target",
            "displayOrder": 1},
    })
}

fn minutes(kind: (i64, &str), minutes: f64) -> Value {
    step(kind, (2, "time"), Some(minutes * 60.0))
}

fn steered(mut step: Value, (id, key): (i64, &str), one: f64, two: f64) -> Value {
    step["targetType"] =
        json!({"workoutTargetTypeId": id, "workoutTargetTypeKey": key, "displayOrder": id});
    step["targetValueOne"] = json!(one);
    step["targetValueTwo"] = json!(two);
    step
}

fn in_zone(mut step: Value, (id, key): (i64, &str), zone: i64) -> Value {
    step["targetType"] =
        json!({"workoutTargetTypeId": id, "workoutTargetTypeKey": key, "displayOrder": id});
    step["zoneNumber"] = json!(zone);
    step
}

fn times(count: i64, steps: &[Value]) -> Value {
    json!({
        "type": "RepeatGroupDTO",
        "stepType": {"stepTypeId": 6, "stepTypeKey": "repeat", "displayOrder": 6},
        "childStepId": 1,
        "numberOfIterations": count, "smartRepeat": false, "skipLastRestStep": false,
        "endCondition": {"conditionTypeId": 7, "conditionTypeKey": "iterations",
            "displayOrder": 7, "displayable": false},
        "endConditionValue": count,
        "workoutSteps": steps,
    })
}

const WARMUP: (i64, &str) = (1, "warmup");
const COOLDOWN: (i64, &str) = (2, "cooldown");
const INTERVAL: (i64, &str) = (3, "interval");
const RECOVERY: (i64, &str) = (4, "recovery");
const REST: (i64, &str) = (5, "rest");
const MAIN: (i64, &str) = (8, "main");
const HEART: (i64, &str) = (4, "heart.rate.zone");
const PACE: (i64, &str) = (6, "pace.zone");
const POWER: (i64, &str) = (2, "power.zone");

pub(super) fn intervals(threshold_mps: f64) -> Value {
    let (slow, fast) = (threshold_mps * 1.03, threshold_mps * 1.08);
    let mps = |value: f64| (value * 10_000.0).round() / 10_000.0;
    of(
        "6 x 800 m",
        &sport(1, "running"),
        3_000,
        &[
            in_zone(minutes(WARMUP, 15.0), HEART, 2),
            times(
                6,
                &[
                    steered(
                        step(INTERVAL, (3, "distance"), Some(800.0)),
                        PACE,
                        mps(slow),
                        mps(fast),
                    ),
                    minutes(RECOVERY, 2.0),
                ],
            ),
            step(COOLDOWN, (1, "lap.button"), None),
        ],
    )
}

fn strength() -> Value {
    let set = |category: &str, name: &str, reps: f64, grams: f64| {
        let mut step = step(INTERVAL, (10, "reps"), Some(reps));
        step["category"] = json!(category);
        step["exerciseName"] = json!(name);
        step["weightValue"] = json!(grams);
        step["weightUnit"] = json!({"unitId": 8, "unitKey": "kilogram", "factor": 1000.0});
        times(3, &[step, minutes(REST, 1.5)])
    };
    of(
        "Strength A",
        &sport(5, "strength_training"),
        2_400,
        &[
            minutes(WARMUP, 5.0),
            set("SQUAT", "BARBELL_BACK_SQUAT", 8.0, 60_000.0),
            set("DEADLIFT", "ROMANIAN_DEADLIFT", 10.0, 50_000.0),
        ],
    )
}

fn swim() -> Value {
    let mut easy = step(WARMUP, (3, "distance"), Some(200.0));
    easy["strokeType"] = json!({"strokeTypeId": 6, "strokeTypeKey": "free", "displayOrder": 6});
    let mut hard = step(INTERVAL, (3, "distance"), Some(100.0));
    hard["strokeType"] = easy["strokeType"].clone();
    hard["secondaryTargetType"] =
        json!({"workoutTargetTypeId": 6, "workoutTargetTypeKey": "pace.zone", "displayOrder": 6});
    hard["secondaryTargetValueOne"] = json!(0.9524);
    hard["secondaryTargetValueTwo"] = json!(0.0);
    let rest = step(REST, (8, "fixed.rest"), Some(20.0));
    let mut swim =
        of("Swim 10 x 100", &sport(4, "swimming"), 1_600, &[easy, times(10, &[hard, rest])]);
    let metre = json!({"unitId": 1, "unitKey": "meter", "factor": 100.0});
    for place in ["", "/workoutSegments/0"] {
        if let Some(fields) = swim.pointer_mut(place) {
            fields["poolLength"] = json!(25.0);
            fields["poolLengthUnit"] = metre.clone();
        }
    }
    swim
}

pub(super) fn fill(library: &mut Library, athlete: &Athlete, today: Date) {
    let person = &athlete.person;
    let ftp = person.bike_ftp_w;
    let run = sport(1, "running");
    let ride = sport(2, "cycling");
    let watts = |share: f64| (ftp * share).round();
    let mut keep = |workout: &Value| {
        library
            .add(workout, shift(today, -200))
            .ok()
            .and_then(|stored| stored["workoutId"].as_i64())
    };
    for number in 1..=VARIATIONS {
        let long = 20 + number % 40;
        #[expect(clippy::cast_precision_loss, reason = "an hour at most")]
        let step = in_zone(minutes(MAIN, long as f64), HEART, 2);
        keep(&of(&format!("Easy {long} min, {number:03}"), &run, long * 60, &[step]));
    }
    keep(&swim());
    keep(&of(
        "Sweet spot 3 x 12",
        &ride,
        4_200,
        &[
            in_zone(minutes(WARMUP, 15.0), POWER, 2),
            times(
                3,
                &[
                    steered(minutes(INTERVAL, 12.0), POWER, watts(0.88), watts(0.93)),
                    minutes(RECOVERY, 4.0),
                ],
            ),
            minutes(COOLDOWN, 10.0),
        ],
    ));
    let strength = keep(&strength());
    let intervals = keep(&intervals(person.threshold_speed_mps));
    let tempo = keep(&of(
        "Tempo 20 min",
        &run,
        3_000,
        &[
            in_zone(minutes(WARMUP, 15.0), HEART, 2),
            in_zone(minutes(MAIN, 20.0), HEART, 4),
            minutes(COOLDOWN, 15.0),
        ],
    ));
    let long = keep(&of("Long run", &run, 6_600, &[in_zone(minutes(MAIN, 110.0), HEART, 2)]));
    for offset in -DAYS_BACK..=DAYS_AHEAD {
        let date = shift(today, offset);
        let workout = match date.weekday() {
            Weekday::Monday => strength,
            Weekday::Tuesday => intervals,
            Weekday::Thursday => tempo,
            Weekday::Sunday => long,
            Weekday::Wednesday | Weekday::Friday | Weekday::Saturday => None,
        };
        if let Some(workout) = workout {
            library.schedule(workout, date, shift(today, -DAYS_BACK));
        }
    }
    library.add_note(Note {
        name: "New shoes".to_owned(),
        content: "Broken in on easy runs first".to_owned(),
        date: shift(today, -3),
    });
    library.add_note(Note {
        name: "Travel".to_owned(),
        content: "Train at noon".to_owned(),
        date: shift(today, 4),
    });
}
