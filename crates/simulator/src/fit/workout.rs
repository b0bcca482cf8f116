//! A workout as a watch takes it: its steps depth first, each repeat after its children.

use serde_json::Value as Json;

use super::writer::{Value, Writer};

const FILE_ID: u16 = 0;
const WORKOUT: u16 = 26;
const STEP: u16 = 27;
const FILE_OF_A_WORKOUT: u8 = 5;
const REPEAT_STEPS: u8 = 6;
const OPEN_END: u8 = 5;
const OPEN_TARGET: u8 = 2;
/// A name on a watch has fifteen letters.
const LONGEST_NAME: usize = 15;

fn scaled(value: &Json, scale: f64) -> Option<u32> {
    let value = value.as_f64()? * scale;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, and nothing here is below zero"
    )]
    Some(value.round() as u32)
}

pub(crate) fn workout_file(workout: &Json) -> Vec<u8> {
    let mut steps = Vec::new();
    for segment in workout["workoutSegments"].as_array().into_iter().flatten() {
        flatten(segment, &mut steps);
    }
    let name = workout["workoutName"].as_str().unwrap_or_default();
    let name: String = name.chars().filter(char::is_ascii).take(LONGEST_NAME).collect();
    let sport = match workout["sportType"]["sportTypeKey"].as_str() {
        Some("running") => 1,
        Some("cycling") => 2,
        Some("swimming") => 5,
        Some("walking") => 11,
        Some("strength_training") => 10,
        _ => 0,
    };
    let mut file = Writer::default();
    file.message(
        0,
        FILE_ID,
        &[
            (0, Value::Enum(FILE_OF_A_WORKOUT)),
            (1, Value::U16(Some(1))),
            (4, Value::U32(Some(1_100_000_000))),
        ],
    );
    let count = u16::try_from(steps.len()).ok();
    file.message(
        1,
        WORKOUT,
        &[(4, Value::Enum(sport)), (6, Value::U16(count)), (8, Value::Text(name))],
    );
    for (step, index) in steps.into_iter().zip(0_u16..) {
        let [kind, intensity, target] = step.kinds;
        file.message(
            2,
            STEP,
            &[
                (254, Value::U16(Some(index))),
                (1, Value::Enum(kind)),
                (2, Value::U32(step.duration)),
                (3, Value::Enum(target)),
                (4, Value::U32(step.target)),
                (5, Value::U32(step.low)),
                (6, Value::U32(step.high)),
                (7, Value::Enum(intensity)),
            ],
        );
    }
    file.finish()
}

struct Step {
    /// What ends it, how hard it is, what it is steered by.
    kinds: [u8; 3],
    duration: Option<u32>,
    target: Option<u32>,
    low: Option<u32>,
    high: Option<u32>,
}

fn flatten(of: &Json, steps: &mut Vec<Step>) {
    for item in of["workoutSteps"].as_array().into_iter().flatten() {
        if item["workoutSteps"].is_array() {
            let first = u32::try_from(steps.len()).ok();
            flatten(item, steps);
            steps.push(Step {
                kinds: [REPEAT_STEPS, 0, OPEN_TARGET],
                duration: first,
                target: scaled(&item["numberOfIterations"], 1.0),
                low: None,
                high: None,
            });
        } else {
            steps.push(step(item));
        }
    }
}

fn step(item: &Json) -> Step {
    let value = &item["endConditionValue"];
    let (end, duration) = match item["endCondition"]["conditionTypeKey"].as_str() {
        Some("time" | "fixed.rest") => (0, scaled(value, 1_000.0)),
        Some("distance") => (1, scaled(value, 100.0)),
        Some("calories") => (4, scaled(value, 1.0)),
        Some("reps") => (29, scaled(value, 1.0)),
        _ => (OPEN_END, None),
    };
    let (target, scale, offset) = match item["targetType"]["workoutTargetTypeKey"].as_str() {
        Some("pace.zone" | "speed.zone") => (0, 1_000.0, 0),
        Some("heart.rate.zone") => (1, 1.0, 100),
        Some("cadence") => (3, 1.0, 0),
        Some("power.zone" | "power.lap" | "power.3s") => (4, 1.0, 1_000),
        _ => (OPEN_TARGET, 1.0, 0),
    };
    let custom = |key: &str| scaled(&item[key], scale).map(|value| value + offset);
    let intensity = match item["stepType"]["stepTypeKey"].as_str() {
        Some("rest") => 1,
        Some("warmup") => 2,
        Some("cooldown") => 3,
        Some("recovery") => 4,
        Some("interval") => 5,
        Some("other") => 6,
        _ => 0,
    };
    Step {
        kinds: [end, intensity, target],
        duration,
        target: scaled(&item["zoneNumber"], 1.0).or(Some(0)),
        low: custom("targetValueOne"),
        high: custom("targetValueTwo"),
    }
}
