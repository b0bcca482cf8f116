//! A workout of Garmin's in the words of results: segments, and steps within steps.

use serde_json::{Map, Value, json};

use crate::tools::numbers::hundredth;

/// Deeper groups no editor makes.
const DEEPEST: usize = 8;
const GRAMS_OF_A_POUND: f64 = 453.592_37;

pub(super) fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A word or a text; an empty one says nothing.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    }
}

/// Only what is there.
fn object(pairs: Vec<(&str, Option<Value>)>) -> Map<String, Value> {
    pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

pub(super) fn segments(workout: &Value) -> Option<Vec<Value>> {
    let list = workout["workoutSegments"].as_array()?;
    let one = |segment: &Value| {
        let steps = steps(&segment["workoutSteps"], 0);
        let count = steps.as_ref().map(Vec::len);
        Value::Object(object(vec![
            ("order", number(&segment["segmentOrder"]).map(|order| json!(order))),
            ("sport", text(&segment["sportType"]["sportTypeKey"]).map(Value::from)),
            (
                "estimated_duration_seconds",
                number(&segment["estimatedDurationInSecs"]).map(|seconds| json!(seconds)),
            ),
            (
                "estimated_distance_meters",
                number(&segment["estimatedDistanceInMeters"]).map(|metres| json!(metres)),
            ),
            ("steps", steps.map(Value::from)),
            ("step_count", count.map(Value::from)),
        ]))
    };
    Some(list.iter().filter(|segment| segment.is_object()).map(one).collect())
}

fn steps(list: &Value, depth: usize) -> Option<Vec<Value>> {
    let list = list.as_array()?;
    Some(list.iter().filter(|step| step.is_object()).map(|one| step(one, depth)).collect())
}

fn step(step: &Value, depth: usize) -> Value {
    let end = text(&step["endCondition"]["conditionTypeKey"]);
    let by_button = end.as_deref() == Some("lap.button");
    let value = number(&step["endConditionValue"]).filter(|value| !by_button || *value != 0.0);
    let mut fields = object(vec![
        ("order", number(&step["stepOrder"]).map(|order| json!(order))),
        ("type", text(&step["stepType"]["stepTypeKey"]).map(Value::from)),
        ("description", text(&step["description"]).map(Value::from)),
        ("end_condition", end.map(Value::from)),
        ("end_condition_value", value.map(|value| json!(value))),
        ("end_condition_compare", text(&step["endConditionCompare"]).map(Value::from)),
        ("end_condition_zone", number(&step["endConditionZone"]).map(|zone| json!(zone))),
    ]);
    target(&mut fields, step, "", ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"]);
    target(
        &mut fields,
        step,
        "secondary_",
        [
            "secondaryTargetType",
            "secondaryTargetValueOne",
            "secondaryTargetValueTwo",
            "secondaryZoneNumber",
        ],
    );
    let category = text(&step["category"]);
    fields.extend(object(vec![
        ("stroke", text(&step["strokeType"]["strokeTypeKey"]).map(Value::from)),
        ("drill", text(&step["drillType"]["drillTypeKey"]).map(Value::from)),
        ("equipment", text(&step["equipmentType"]["equipmentTypeKey"]).map(Value::from)),
        ("exercise_name", text(&step["exerciseName"]).map(Value::from)),
    ]));
    // Garmin keeps grams whatever unit it names.
    let grams = number(&step["weightValue"]).filter(|grams| *grams >= 0.0 && category.is_some());
    if let Some(grams) = grams {
        let pounds = step["weightUnit"]["unitKey"] == "pound";
        let (unit, grams_of_it) =
            if pounds { ("pound", GRAMS_OF_A_POUND) } else { ("kilogram", 1_000.0) };
        fields.insert("weight_value".into(), json!(hundredth(grams / grams_of_it)));
        fields.insert("weight_unit".into(), json!(unit));
    }
    if let Some(category) = category {
        fields.insert("category".into(), json!(category));
    }
    if step["workoutSteps"].is_array() {
        let times = number(&step["numberOfIterations"]).or(value);
        let inner = if depth < DEEPEST { steps(&step["workoutSteps"], depth + 1) } else { None };
        fields.extend(object(vec![
            ("repeat_count", times.map(|times| json!(times))),
            (
                "skip_last_rest",
                step["skipLastRestStep"].as_bool().filter(|skips| *skips).map(Value::from),
            ),
            ("step_count", inner.as_ref().map(|steps| json!(steps.len()))),
            ("steps", inner.map(Value::from)),
        ]));
    }
    Value::Object(fields)
}

fn target(
    fields: &mut Map<String, Value>,
    step: &Value,
    prefix: &str,
    [type_key, one_key, two_key, zone_key]: [&str; 4],
) {
    let kind = text(&step[type_key]["workoutTargetTypeKey"]);
    let Some(kind) = kind.filter(|kind| kind != "no.target") else { return };
    let (mut low, mut high) = (number(&step[one_key]), number(&step[two_key]));
    // Both orders occur; swims write zero where there is no second value.
    let is_swim = matches!(kind.as_str(), "swim.css.offset" | "swim.instruction");
    match (low, high) {
        (Some(one), Some(two)) if two == 0.0 && (is_swim || one > 0.0) => {
            (low, high) = (Some(one), None);
        }
        (Some(one), Some(two)) if one > two => (low, high) = (Some(two), Some(one)),
        _ => {}
    }
    fields.insert(format!("{prefix}target_type"), json!(kind));
    for (key, value) in [
        ("target_value_low", low),
        ("target_value_high", high),
        ("target_zone", number(&step[zone_key]).filter(|zone| *zone > 0.0)),
    ] {
        if let Some(value) = value {
            fields.insert(format!("{prefix}{key}"), json!(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d10_a_swim_without_a_first_target_shows_its_second() {
        let step = step(
            &json!({
                "stepOrder": 1, "targetType": null,
                "secondaryTargetType": { "workoutTargetTypeKey": "pace.zone" },
                "secondaryTargetValueOne": 0.95, "secondaryTargetValueTwo": 0.0,
                "strokeType": { "strokeTypeId": 6, "strokeTypeKey": "free" },
            }),
            0,
        );
        assert_eq!(step["secondary_target_type"], "pace.zone");
        assert_eq!(step["secondary_target_value_low"], 0.95);
        assert!(step.get("secondary_target_value_high").is_none());
        assert_eq!(step["stroke"], "free");
    }

    #[test]
    fn d11_a_weight_is_shown_in_the_unit_it_names() {
        let shown = |unit: &str, grams: f64| {
            let step = step(
                &json!({ "category": "SQUAT", "weightValue": grams,
                    "weightUnit": { "unitKey": unit } }),
                0,
            );
            (step["weight_value"].clone(), step["weight_unit"].clone())
        };
        assert_eq!(shown("kilogram", 60_000.0), (json!(60.0), json!("kilogram")));
        assert_eq!(shown("pound", 45_359.237), (json!(100.0), json!("pound")));
        assert_eq!(shown("kilogram", 0.0), (json!(0.0), json!("kilogram")));
    }

    #[test]
    fn ranges_come_low_first_whichever_way_they_were_written() {
        let step = step(
            &json!({
                "targetType": { "workoutTargetTypeKey": "pace.zone" },
                "targetValueOne": "4.1", "targetValueTwo": 3.85,
                "endCondition": { "conditionTypeKey": "lap.button" }, "endConditionValue": 0.0,
            }),
            0,
        );
        assert_eq!(
            (&step["target_value_low"], &step["target_value_high"]),
            (&json!(3.85), &json!(4.1))
        );
        assert!(step.get("end_condition_value").is_none());
    }
}
