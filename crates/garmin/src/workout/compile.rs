//! Form to Garmin's JSON.

use serde_json::{Map, Value, json};

use super::estimate::estimate;
use super::form::{
    Crossing, End, Form, Leg, Limit, Node, Pool, PoolUnit, Range, Repeat, Smoothing, Step, Target,
    YARD_M,
};
use super::ids::{Condition, Dictionary as _, StepKind, TargetType};

/// The workout as Garmin wants it sent: without ids, which Garmin gives.
#[must_use]
pub fn compile(form: &Form) -> Value {
    let estimate = estimate(form);
    let mut workout = Map::new();
    workout.insert("workoutName".into(), json!(form.title));
    if let Some(description) = &form.description {
        workout.insert("description".into(), json!(description));
    }
    workout.insert("sportType".into(), form.sport.json());
    #[expect(clippy::cast_possible_truncation, reason = "days at most")]
    workout.insert("estimatedDurationInSecs".into(), json!(estimate.seconds.round() as i64));
    if let Some(metres) = estimate.metres {
        workout.insert("estimatedDistanceInMeters".into(), json!(metres.round()));
    }
    // Of a single swim the pool stands on the workout, too.
    if let [leg] = form.legs.as_slice()
        && let Some(in_pool) = leg.pool
    {
        pool(&mut workout, in_pool);
    }
    let mut numbers = Numbers { order: 0, group: 0 };
    let segments: Vec<Value> =
        form.legs.iter().zip(1..).map(|(leg, order)| segment(leg, order, &mut numbers)).collect();
    workout.insert("workoutSegments".into(), Value::from(segments));
    Value::Object(workout)
}

/// Steps are counted through the whole workout, depth first; groups among themselves.
struct Numbers {
    order: u32,
    group: u32,
}

fn segment(leg: &Leg, order: u32, numbers: &mut Numbers) -> Value {
    let mut segment = Map::new();
    segment.insert("segmentOrder".into(), json!(order));
    segment.insert("sportType".into(), leg.sport.json());
    if let Some(in_pool) = leg.pool {
        pool(&mut segment, in_pool);
    }
    segment.insert("workoutSteps".into(), nodes(&leg.steps, None, numbers));
    Value::Object(segment)
}

fn pool(fields: &mut Map<String, Value>, pool: Pool) {
    let unit = match pool.unit {
        PoolUnit::Metre => json!({ "unitId": 1, "unitKey": "meter", "factor": 100.0 }),
        PoolUnit::Yard => json!({ "unitId": 230, "unitKey": "yard", "factor": YARD_M * 100.0 }),
    };
    fields.insert("poolLength".into(), json!(pool.length));
    fields.insert("poolLengthUnit".into(), unit);
}

fn nodes(nodes: &[Node], group: Option<u32>, numbers: &mut Numbers) -> Value {
    nodes
        .iter()
        .map(|node| {
            numbers.order += 1;
            match node {
                Node::Step(one) => step(one, numbers.order, group),
                Node::Repeat(one) => repeat(one, numbers),
            }
        })
        .collect()
}

fn repeat(repeat: &Repeat, numbers: &mut Numbers) -> Value {
    numbers.group += 1;
    let (order, group) = (numbers.order, numbers.group);
    let mut condition = Condition::Iterations.json();
    condition["displayable"] = json!(false);
    // Without the condition Garmin stores a damaged group and says nothing.
    json!({
        "type": "RepeatGroupDTO",
        "stepOrder": order,
        "stepType": StepKind::Repeat.json(),
        "childStepId": group,
        "numberOfIterations": repeat.times,
        "smartRepeat": false,
        "skipLastRestStep": repeat.skip_last_recovery,
        "endCondition": condition,
        "endConditionValue": f64::from(repeat.times),
        "workoutSteps": nodes(&repeat.steps, Some(group), numbers),
    })
}

fn step(step: &Step, order: u32, group: Option<u32>) -> Value {
    let mut fields = Map::new();
    fields.insert("type".into(), json!("ExecutableStepDTO"));
    fields.insert("stepOrder".into(), json!(order));
    fields.insert("stepType".into(), step.kind.json());
    if let Some(group) = group {
        fields.insert("childStepId".into(), json!(group));
    }
    if let Some(note) = &step.note {
        fields.insert("description".into(), json!(note));
    }
    end(&mut fields, step.end);
    let (primary, secondary) = match step.target {
        // Swims are steered from the second place.
        Some(target) if target.is_of_swims() => (None, Some(target)),
        target => (target, step.secondary),
    };
    place(&mut fields, primary, ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"]);
    if secondary.is_some() {
        place(
            &mut fields,
            secondary,
            [
                "secondaryTargetType",
                "secondaryTargetValueOne",
                "secondaryTargetValueTwo",
                "secondaryZoneNumber",
            ],
        );
    }
    if let Some(stroke) = step.stroke {
        fields.insert("strokeType".into(), stroke.json());
    }
    if let Some(drill) = step.drill {
        fields.insert("drillType".into(), drill.json());
    }
    if let Some(equipment) = step.equipment {
        fields.insert("equipmentType".into(), equipment.json());
    }
    if let Some(exercise) = &step.exercise {
        fields.insert("category".into(), json!(exercise.category));
        if let Some(name) = &exercise.name {
            fields.insert("exerciseName".into(), json!(name));
        }
    }
    if let Some(weight) = step.weight_kg {
        // Grams, although the unit says kilogram: so Garmin stores it, and so it reads it.
        fields.insert("weightValue".into(), json!((weight * 1_000.0).round()));
        let unit = json!({ "unitId": 8, "unitKey": "kilogram", "factor": 1_000.0 });
        fields.insert("weightUnit".into(), unit);
    }
    Value::Object(fields)
}

fn end(fields: &mut Map<String, Value>, end: End) {
    let (condition, value) = match end {
        End::LapButton => (Condition::LapButton, None),
        End::TimeS(seconds) => (Condition::Time, Some(seconds)),
        End::DistanceM(metres) => (Condition::Distance, Some(metres)),
        End::Calories(calories) => (Condition::Calories, Some(calories)),
        End::HeartRate(crossing, limit) => (Condition::HeartRate, limited(fields, crossing, limit)),
        End::Power(crossing, limit) => (Condition::Power, limited(fields, crossing, limit)),
        End::Reps(reps) => (Condition::Reps, Some(reps)),
        End::TrainingStress(stress) => (Condition::TrainingStress, Some(stress)),
        End::FixedRestS(seconds) => (Condition::FixedRest, Some(seconds)),
        End::SendOffS(seconds) => (Condition::FixedRepetition, Some(seconds)),
    };
    let mut object = condition.json();
    object["displayable"] = json!(true);
    fields.insert("endCondition".into(), object);
    if let Some(value) = value {
        fields.insert("endConditionValue".into(), json!(value));
    }
}

fn limited(fields: &mut Map<String, Value>, crossing: Crossing, limit: Limit) -> Option<f64> {
    let compare = match crossing {
        Crossing::Above => "gt",
        Crossing::Below => "lt",
    };
    fields.insert("endConditionCompare".into(), json!(compare));
    match limit {
        Limit::Value(value) => Some(value),
        Limit::Zone(zone) => {
            fields.insert("endConditionZone".into(), json!(zone));
            None
        }
    }
}

/// A target in its place: a zone's number or a range, never both.
fn place(fields: &mut Map<String, Value>, target: Option<Target>, keys: [&str; 4]) {
    enum How {
        Open,
        Zone(u8),
        Between(Range),
        /// One value, and zero in the place of the other.
        One(f64),
    }
    let (kind, how) = match target {
        None => (TargetType::None, How::Open),
        Some(Target::HrZone(zone)) => (TargetType::HeartRate, How::Zone(zone)),
        Some(Target::HrBpm(range)) => (TargetType::HeartRate, How::Between(range)),
        Some(Target::PowerZone(zone)) => (TargetType::Power, How::Zone(zone)),
        Some(Target::PowerW(range, smoothing)) => {
            let kind = match smoothing {
                Smoothing::Usual => TargetType::Power,
                Smoothing::Seconds3 => TargetType::Power3s,
                Smoothing::Seconds10 => TargetType::Power10s,
                Smoothing::Seconds30 => TargetType::Power30s,
                Smoothing::Lap => TargetType::PowerLap,
            };
            (kind, How::Between(range))
        }
        Some(Target::Pace(range)) => (TargetType::Pace, How::Between(range)),
        Some(Target::Speed(range)) => (TargetType::Speed, How::Between(range)),
        Some(Target::Cadence(range)) => (TargetType::Cadence, How::Between(range)),
        Some(Target::GradePct(range)) => (TargetType::Grade, How::Between(range)),
        Some(Target::Resistance(range)) => (TargetType::Resistance, How::Between(range)),
        Some(Target::SwimPace(range)) if range.low < range.high => {
            (TargetType::Pace, How::Between(range))
        }
        Some(Target::SwimPace(range)) => (TargetType::Pace, How::One(range.low)),
        Some(Target::CssOffsetS(seconds)) => (TargetType::SwimCssOffset, How::One(seconds)),
        #[expect(clippy::cast_precision_loss, reason = "ten at most")]
        Some(Target::Effort(effort)) => (TargetType::SwimInstruction, How::One(effort.id() as f64)),
    };
    let [type_key, one_key, two_key, zone_key] = keys;
    fields.insert(type_key.into(), kind.json());
    match how {
        How::Open => {}
        How::Zone(zone) => {
            fields.insert(zone_key.into(), json!(zone));
        }
        How::Between(range) => {
            fields.insert(one_key.into(), json!(range.low));
            fields.insert(two_key.into(), json!(range.high));
        }
        How::One(value) => {
            fields.insert(one_key.into(), json!(value));
            fields.insert(two_key.into(), json!(0.0));
        }
    }
}
