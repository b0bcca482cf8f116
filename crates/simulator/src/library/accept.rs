//! What Garmin makes of a workout that is sent: kept, with what was left out filled in with
//! nulls, or refused. Where the real service takes nonsense in silence, this one refuses it, so
//! that no test passes with a workout that would be wrong on a watch.

use serde_json::{Map, Value, json};

/// Garmin's own words for a refusal, and its status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl Refused {
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self { status: 400, message: message.into() }
    }

    /// What is not checked before it reaches the database.
    fn database() -> Self {
        Self { status: 500, message: "DataIntegrityViolationException".to_owned() }
    }
}

const SPORTS: &[(i64, &str)] = &[
    (1, "running"),
    (2, "cycling"),
    (3, "other"),
    (4, "swimming"),
    (5, "strength_training"),
    (6, "cardio_training"),
    (7, "yoga"),
    (8, "pilates"),
    (9, "hiit"),
    (10, "multi_sport"),
    (11, "mobility"),
    (12, "walking"),
    (13, "rucking"),
];
const STEPS: &[(i64, &str)] = &[
    (1, "warmup"),
    (2, "cooldown"),
    (3, "interval"),
    (4, "recovery"),
    (5, "rest"),
    (6, "repeat"),
    (7, "other"),
    (8, "main"),
];
const CONDITIONS: &[(i64, &str)] = &[
    (1, "lap.button"),
    (2, "time"),
    (3, "distance"),
    (4, "calories"),
    (5, "power"),
    (6, "heart.rate"),
    (7, "iterations"),
    (8, "fixed.rest"),
    (9, "fixed.repetition"),
    (10, "reps"),
    (11, "training.peaks.tss"),
];
const TARGETS: &[(i64, &str)] = &[
    (1, "no.target"),
    (2, "power.zone"),
    (3, "cadence"),
    (4, "heart.rate.zone"),
    (5, "speed.zone"),
    (6, "pace.zone"),
    (7, "grade"),
    (8, "heart.rate.lap"),
    (9, "power.lap"),
    (10, "power.3s"),
    (11, "power.10s"),
    (12, "power.30s"),
    (15, "resistance"),
    (17, "swim.css.offset"),
    (18, "swim.instruction"),
];
const STROKES: &[(i64, &str)] = &[
    (1, "any_stroke"),
    (2, "backstroke"),
    (3, "breaststroke"),
    (4, "drill"),
    (5, "fly"),
    (6, "free"),
    (7, "individual_medley"),
    (8, "mixed"),
    (9, "individual_medley_by_round"),
];
const EQUIPMENT: &[(i64, &str)] =
    &[(1, "fins"), (2, "kickboard"), (3, "paddles"), (4, "pull_buoy"), (5, "snorkel")];
const DRILLS: &[(i64, &str)] = &[(1, "kick"), (2, "pull"), (3, "drill")];

/// Metres per second that nobody reaches.
const FASTEST: f64 = 30.0;

/// The workout as it is kept, without the numbers Garmin gives.
pub(super) fn stored(sent: &Value) -> Result<Value, Refused> {
    let Some(fields) = sent.as_object() else { return Err(Refused::bad("not a workout")) };
    let name = fields.get("workoutName").and_then(Value::as_str).map(str::trim);
    if name.is_none_or(str::is_empty) {
        return Err(Refused::bad("workoutName is required"));
    }
    let sport = named(sent, "sportType", ("sportTypeId", "sportTypeKey"), SPORTS)?;
    let segments = sent.get("workoutSegments").and_then(Value::as_array);
    let Some(segments) = segments.filter(|segments| !segments.is_empty()) else {
        return Err(Refused::bad("workoutSegments is required"));
    };
    if segments.len() > 1 && sport != "multi_sport" {
        return Err(Refused::bad("several segments need the sport multi_sport"));
    }
    let mut kept = defaults(&[
        "description",
        "subSportType",
        "trainingPlanId",
        "sharedWithUsers",
        "estimatedDistanceInMeters",
        "poolLength",
        "poolLengthUnit",
        "locale",
        "workoutProvider",
        "workoutSourceId",
        "uploadTimestamp",
        "atpPlanId",
        "estimateType",
        "isSessionTransitionEnabled",
    ]);
    kept.extend(fields.clone());
    kept.entry("estimatedDurationInSecs").or_insert(json!(0));
    kept.insert("shared".into(), json!(false));
    let segments: Result<Vec<Value>, Refused> = segments.iter().map(segment).collect();
    kept.insert("workoutSegments".into(), Value::from(segments?));
    Ok(Value::Object(kept))
}

fn defaults(keys: &[&str]) -> Map<String, Value> {
    keys.iter().map(|key| ((*key).to_owned(), Value::Null)).collect()
}

/// The word of a small object whose number and word must agree.
fn named(
    of: &Value,
    key: &str,
    (id_key, word_key): (&str, &str),
    table: &[(i64, &'static str)],
) -> Result<&'static str, Refused> {
    let object = &of[key];
    let id = object[id_key].as_i64();
    let Some((_, word)) = table.iter().find(|(known, _)| Some(*known) == id) else {
        return Err(Refused::bad(format!("Invalid {id_key}: {id:?}")));
    };
    match object[word_key].as_str() {
        Some(said) if said == *word => Ok(word),
        said => Err(Refused::bad(format!("{id_key} {id:?} is {word}, not {said:?}"))),
    }
}

fn segment(sent: &Value) -> Result<Value, Refused> {
    let sport = named(sent, "sportType", ("sportTypeId", "sportTypeKey"), SPORTS)?;
    let mut kept = defaults(&["poolLength", "poolLengthUnit", "avgTrainingSpeed", "description"]);
    kept.extend(sent.as_object().cloned().unwrap_or_default());
    kept.insert("workoutSteps".into(), steps(sent, sport, 0)?);
    Ok(Value::Object(kept))
}

fn steps(of: &Value, sport: &str, depth: usize) -> Result<Value, Refused> {
    let list = of["workoutSteps"].as_array().filter(|list| !list.is_empty());
    let Some(list) = list else { return Err(Refused::bad("workoutSteps is required")) };
    if depth > 2 {
        return Err(Refused::bad("groups are nested too deep"));
    }
    let mut before = None;
    let mut kept = Vec::with_capacity(list.len());
    for item in list {
        let order = item["stepOrder"].as_i64();
        if order.is_none() || order <= before {
            return Err(Refused::bad(format!("Invalid stepOrder: {order:?}")));
        }
        before = order;
        let kind = named(item, "stepType", ("stepTypeId", "stepTypeKey"), STEPS)?;
        kept.push(match item["type"].as_str() {
            Some("ExecutableStepDTO") if kind != "repeat" => step(item, kind, sport)?,
            Some("RepeatGroupDTO") if kind == "repeat" => group(item, sport, depth)?,
            other => return Err(Refused::bad(format!("Invalid type {other:?} of a {kind}"))),
        });
    }
    Ok(Value::from(kept))
}

fn group(sent: &Value, sport: &str, depth: usize) -> Result<Value, Refused> {
    let condition =
        named(sent, "endCondition", ("conditionTypeId", "conditionTypeKey"), CONDITIONS)?;
    let times = sent["numberOfIterations"].as_i64();
    if condition != "iterations"
        || times.is_none_or(|times| times < 1)
        || sent["endConditionValue"].as_f64() != sent["numberOfIterations"].as_f64()
    {
        return Err(Refused::bad("a group needs its iterations"));
    }
    let mut kept = defaults(&["childStepId", "skipLastRestStep"]);
    kept.extend(sent.as_object().cloned().unwrap_or_default());
    kept.insert("workoutSteps".into(), steps(sent, sport, depth + 1)?);
    Ok(Value::Object(kept))
}

fn step(sent: &Value, kind: &str, sport: &str) -> Result<Value, Refused> {
    let condition =
        named(sent, "endCondition", ("conditionTypeId", "conditionTypeKey"), CONDITIONS)?;
    let value = sent["endConditionValue"].as_f64();
    match condition {
        "lap.button" => {}
        "iterations" => return Err(Refused::bad("a step has no iterations")),
        "heart.rate" | "power" => {
            if !matches!(sent["endConditionCompare"].as_str(), Some("gt" | "lt")) {
                return Err(Refused::database());
            }
            if value.is_none() && sent["endConditionZone"].is_null() {
                return Err(Refused::bad("endConditionValue is required"));
            }
        }
        _ if value.is_none_or(|value| value <= 0.0) => {
            return Err(Refused::bad("endConditionValue is required"));
        }
        _ => {}
    }
    let exercise = sent["category"].as_str();
    if condition == "reps" && exercise.is_none() {
        return Err(Refused::bad("An exercise is required"));
    }
    if exercise.is_some_and(|category| category == "UNASSIGNED" || category == "OTHER") {
        return Err(Refused::bad("Invalid category"));
    }
    if exercise.is_none() && !sent["exerciseName"].is_null() {
        return Err(Refused::bad("Invalid category"));
    }
    // A kilogram is a thousand, and nobody lifts a tenth of one.
    if sent["weightValue"].as_f64().is_some_and(|grams| grams > 0.0 && grams < 100.0) {
        return Err(Refused::bad("weightValue is in grams"));
    }
    target(sent, ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"], sport)?;
    let second = [
        "secondaryTargetType",
        "secondaryTargetValueOne",
        "secondaryTargetValueTwo",
        "secondaryZoneNumber",
    ];
    if !sent[second[0]].is_null() {
        target(sent, second, sport)?;
    }
    for (key, keys, table) in [
        ("strokeType", ("strokeTypeId", "strokeTypeKey"), STROKES),
        ("equipmentType", ("equipmentTypeId", "equipmentTypeKey"), EQUIPMENT),
        ("drillType", ("drillTypeId", "drillTypeKey"), DRILLS),
    ] {
        if !sent[key].is_null() && sent[key][keys.0].as_i64() != Some(0) {
            named(sent, key, keys, table)?;
        }
    }
    let _ = kind;
    let mut kept = defaults(&[
        "childStepId",
        "description",
        "endConditionValue",
        "preferredEndConditionUnit",
        "endConditionCompare",
        "targetValueOne",
        "targetValueTwo",
        "targetValueUnit",
        "zoneNumber",
        "secondaryTargetType",
        "secondaryTargetValueOne",
        "secondaryTargetValueTwo",
        "secondaryTargetValueUnit",
        "secondaryZoneNumber",
        "endConditionZone",
        "category",
        "exerciseName",
        "workoutProvider",
        "providerExerciseSourceId",
        "weightValue",
        "weightUnit",
    ]);
    kept.insert(
        "strokeType".into(),
        json!({"strokeTypeId": 0, "strokeTypeKey": null, "displayOrder": 0}),
    );
    kept.insert(
        "equipmentType".into(),
        json!({"equipmentTypeId": 0, "equipmentTypeKey": null, "displayOrder": 0}),
    );
    kept.extend(sent.as_object().cloned().unwrap_or_default());
    Ok(Value::Object(kept))
}

fn target(
    step: &Value,
    [type_key, one_key, two_key, zone_key]: [&str; 4],
    sport: &str,
) -> Result<(), Refused> {
    let keys = ("workoutTargetTypeId", "workoutTargetTypeKey");
    let kind = named(step, type_key, keys, TARGETS)?;
    let number = |key: &str| step[key].as_f64();
    let (one, two, zone) = (number(one_key), number(two_key), step[zone_key].as_i64());
    if step[type_key][one_key].is_number() || step[type_key][zone_key].is_number() {
        return Err(Refused::bad("values do not belong into the type of the target"));
    }
    if zone.is_some() && (one.is_some() || two.is_some()) {
        return Err(Refused::bad("a target has a zone or a range, not both"));
    }
    if let Some(zone) = zone {
        let most = if kind == "power.zone" { 7 } else { 5 };
        return if (1..=most).contains(&zone) {
            Ok(())
        } else {
            Err(Refused::bad(format!("Invalid {zone_key}: {zone}")))
        };
    }
    let whole_range = one.is_some() && two.is_some();
    match kind {
        "no.target" if one.is_some() || two.is_some() => {
            Err(Refused::bad("values without a target"))
        }
        "no.target" => Ok(()),
        "swim.css.offset" | "swim.instruction" if one.is_some() => Ok(()),
        "pace.zone" | "speed.zone" => {
            let values = [one, two].into_iter().flatten();
            if values.clone().any(|mps| mps > FASTEST) {
                return Err(Refused::bad("speeds are in metres per second"));
            }
            if whole_range || (sport == "swimming" && one.is_some()) {
                Ok(())
            } else {
                Err(Refused::bad("a pace needs two values"))
            }
        }
        _ if !whole_range => Err(Refused::bad(format!("{kind} needs a zone or two values"))),
        "heart.rate.zone" if one < Some(30.0) => Err(Refused::bad("heart rates are in bpm")),
        _ => Ok(()),
    }
}

/// Gives every step a number of its own.
pub(super) fn number_steps(of: &mut Value, next: &mut i64) {
    for key in ["workoutSegments", "workoutSteps"] {
        let Some(list) = of.get_mut(key).and_then(Value::as_array_mut) else { continue };
        for item in list {
            if key == "workoutSteps" {
                *next += 1;
                item["stepId"] = json!(*next);
            }
            number_steps(item, next);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(step: &Value) -> Value {
        let sport = json!({"sportTypeId": 1, "sportTypeKey": "running"});
        json!({"workoutName": "W", "sportType": sport,
            "workoutSegments": [{"segmentOrder": 1, "sportType": sport, "workoutSteps": [step]}]})
    }

    fn good() -> Value {
        json!({
            "type": "ExecutableStepDTO", "stepOrder": 1,
            "stepType": {"stepTypeId": 3, "stepTypeKey": "interval"},
            "endCondition": {"conditionTypeId": 2, "conditionTypeKey": "time"},
            "endConditionValue": 60.0,
            "targetType": {"workoutTargetTypeId": 4, "workoutTargetTypeKey": "heart.rate.zone"},
            "zoneNumber": 2,
        })
    }

    #[test]
    fn what_would_be_wrong_on_a_watch_is_refused() {
        assert!(stored(&run(&good())).is_ok());
        let cases: [(&str, Value); 9] = [
            ("/targetType/workoutTargetTypeId", json!(6)),
            ("/targetType/workoutTargetTypeKey", json!("power.zone")),
            ("/zoneNumber", json!(6)),
            ("/targetValueOne", json!(120)),
            ("/endCondition/conditionTypeId", json!(4)),
            ("/endConditionValue", json!(null)),
            ("/stepOrder", json!(null)),
            ("/type", json!("RepeatGroupDTO")),
            ("/exerciseName", json!("SQUAT")),
        ];
        for (pointer, value) in cases {
            let mut step = good();
            match step.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => step[&pointer[1..]] = value,
            }
            assert!(stored(&run(&step)).is_err(), "{pointer}");
        }
        let mut unknown = run(&good());
        unknown["sportType"] = json!({"sportTypeId": 17, "sportTypeKey": "walking"});
        assert!(stored(&unknown).is_err());
        let mut reps = good();
        reps["endCondition"] = json!({"conditionTypeId": 10, "conditionTypeKey": "reps"});
        assert_eq!(stored(&run(&reps)).unwrap_err().message, "An exercise is required");
        let mut beats = good();
        beats["endCondition"] = json!({"conditionTypeId": 6, "conditionTypeKey": "heart.rate"});
        assert_eq!(stored(&run(&beats)).unwrap_err().status, 500);
    }
}
