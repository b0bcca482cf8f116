//! Garmin's JSON to form. What the form has no word for is told, never guessed.

use serde_json::Value;

use super::form::{
    Crossing, End, Exercise, Form, Leg, Limit, Node, Pool, PoolUnit, Range, Repeat, Smoothing,
    Step, Target, speed,
};
use super::ids::{Condition, Dictionary, Effort, Sport, StepKind, TargetType};
use super::reader::number_in;

/// A stored workout as a form, and what of it the form cannot say.
#[derive(Debug, Clone, PartialEq)]
pub struct Decompiled {
    pub form: Form,
    pub lost: Vec<String>,
}

/// Deeper groups than any editor makes are not followed.
const DEEPEST: usize = 8;

/// `None` where there are no segments to read.
#[must_use]
pub fn decompile(workout: &Value) -> Option<Decompiled> {
    let mut lost = Vec::new();
    let sport: Option<Sport> = named(workout.get("sportType"));
    let segments = workout.get("workoutSegments")?.as_array()?;
    let legs: Vec<Leg> = segments
        .iter()
        .map(|segment| {
            let leg_sport = named(segment.get("sportType")).or(sport);
            let leg_sport = leg_sport.unwrap_or_else(|| {
                lost.push("the sport".to_owned());
                Sport::Other
            });
            let mut reading = Reading { sport: leg_sport, lost: &mut lost };
            let steps = reading.nodes(segment.get("workoutSteps"), 0);
            let pool = pool(segment).or_else(|| pool(workout));
            Leg { sport: leg_sport, pool: pool.filter(|_| leg_sport == Sport::Swimming), steps }
        })
        .collect();
    let sport = sport.or_else(|| legs.first().map(|leg| leg.sport))?;
    let form = Form {
        title: text(workout.get("workoutName")).unwrap_or_default(),
        description: text(workout.get("description")),
        sport: if legs.len() > 1 { Sport::Multisport } else { sport },
        legs,
    };
    Some(Decompiled { form, lost })
}

/// By number, which is what Garmin acts on, else by word.
pub(super) fn named<T: Dictionary>(value: Option<&Value>) -> Option<T> {
    let (id, word) = T::KEYS;
    let value = value?;
    let mut every = T::EVERY.iter().copied();
    if let Some(id) = whole(value.get(id)) {
        return every.find(|one| one.number() == id);
    }
    let word = value.get(word)?.as_str()?;
    every.find(|one| one.word() == word)
}

pub(super) fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(number_in)
}

pub(super) fn whole(value: Option<&Value>) -> Option<i64> {
    let number = number(value).filter(|number| number.fract() == 0.0 && number.abs() < 1e15)?;
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    Some(number as i64)
}

pub(super) fn text(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn pool(of: &Value) -> Option<Pool> {
    let length = number(of.get("poolLength")).filter(|length| *length > 0.0)?;
    let unit = of.get("poolLengthUnit").and_then(|unit| unit.get("unitKey"));
    let unit = match unit.and_then(Value::as_str) {
        Some("yard") => PoolUnit::Yard,
        Some(_) | None => PoolUnit::Metre,
    };
    Some(Pool { length, unit })
}

struct Reading<'a> {
    sport: Sport,
    lost: &'a mut Vec<String>,
}

impl Reading<'_> {
    fn nodes(&mut self, value: Option<&Value>, depth: usize) -> Vec<Node> {
        let Some(list) = value.and_then(Value::as_array) else { return Vec::new() };
        let mut nodes = Vec::with_capacity(list.len());
        for item in list {
            let order = whole(item.get("stepOrder")).unwrap_or_default();
            if item.get("workoutSteps").is_some_and(Value::is_array) {
                if depth == DEEPEST {
                    self.lost.push(format!("step {order}: groups nested this deep"));
                    continue;
                }
                nodes.push(Node::Repeat(self.repeat(item, order, depth)));
            } else {
                nodes.push(Node::Step(Box::new(self.step(item, order))));
            }
        }
        nodes
    }

    fn repeat(&mut self, item: &Value, order: i64, depth: usize) -> Repeat {
        let times = whole(item.get("numberOfIterations"))
            .or_else(|| whole(item.get("endConditionValue")))
            .and_then(|times| u32::try_from(times).ok())
            .filter(|times| *times > 0);
        if times.is_none() {
            self.lost.push(format!("step {order}: how often the group repeats"));
        }
        Repeat {
            times: times.unwrap_or(1),
            skip_last_recovery: item.get("skipLastRestStep") == Some(&Value::Bool(true)),
            steps: self.nodes(item.get("workoutSteps"), depth + 1),
        }
    }

    fn step(&mut self, item: &Value, order: i64) -> Step {
        let kind = named(item.get("stepType")).unwrap_or_else(|| {
            self.lost.push(format!("step {order}: its kind"));
            StepKind::Other
        });
        let mut step = Step::new(kind, self.end(item, order));
        step.note = text(item.get("description"));
        let primary = self.target(
            item,
            order,
            ["targetType", "targetValueOne", "targetValueTwo", "zoneNumber"],
        );
        let secondary = self.target(
            item,
            order,
            [
                "secondaryTargetType",
                "secondaryTargetValueOne",
                "secondaryTargetValueTwo",
                "secondaryZoneNumber",
            ],
        );
        (step.target, step.secondary) = match (primary, secondary) {
            (None, Some(second)) if self.sport == Sport::Swimming || !second.is_of_swims() => {
                (Some(second), None)
            }
            both => both,
        };
        step.stroke = named(item.get("strokeType"));
        step.drill = named(item.get("drillType"));
        step.equipment = named(item.get("equipmentType"));
        step.exercise = text(item.get("category"))
            .map(|category| Exercise { category, name: text(item.get("exerciseName")) });
        step.weight_kg = number(item.get("weightValue"))
            .filter(|grams| *grams >= 0.0 && step.exercise.is_some())
            .map(|grams| grams / 1_000.0);
        step
    }

    fn end(&mut self, item: &Value, order: i64) -> End {
        let value = number(item.get("endConditionValue")).filter(|value| *value > 0.0);
        let crossing = match item.get("endConditionCompare").and_then(Value::as_str) {
            Some("lt") => Crossing::Below,
            Some(_) | None => Crossing::Above,
        };
        let zone = whole(item.get("endConditionZone")).and_then(|zone| u8::try_from(zone).ok());
        let limit = zone.map(Limit::Zone).or_else(|| value.map(Limit::Value));
        let kind = named(item.get("endCondition"));
        let end = match kind {
            Some(Condition::LapButton) => Some(End::LapButton),
            Some(Condition::Time) => value.map(End::TimeS),
            Some(Condition::Distance) => value.map(End::DistanceM),
            Some(Condition::Calories) => value.map(End::Calories),
            Some(Condition::Power) => limit.map(|limit| End::Power(crossing, limit)),
            Some(Condition::HeartRate) => limit.map(|limit| End::HeartRate(crossing, limit)),
            Some(Condition::FixedRest) => value.map(End::FixedRestS),
            Some(Condition::FixedRepetition) => value.map(End::SendOffS),
            Some(Condition::Reps) => value.map(End::Reps),
            Some(Condition::TrainingStress) => value.map(End::TrainingStress),
            Some(_) | None => None,
        };
        end.unwrap_or_else(|| {
            let word = kind.map_or("unknown", Condition::key);
            self.lost.push(format!("step {order}: its end by `{word}`"));
            End::LapButton
        })
    }

    fn target(&mut self, item: &Value, order: i64, keys: [&str; 4]) -> Option<Target> {
        let [type_key, one_key, two_key, zone_key] = keys;
        let object = item.get(type_key).filter(|object| !object.is_null())?;
        let kind = named(Some(object));
        if kind == Some(TargetType::None) {
            return None;
        }
        let (one, two) = (number(item.get(one_key)), number(item.get(two_key)));
        let zone = whole(item.get(zone_key)).and_then(|zone| u8::try_from(zone).ok());
        let zone = zone.filter(|zone| *zone > 0);
        // Both orders occur in the wild.
        let range = one.zip(two).map(|(one, two)| Range { low: one.min(two), high: one.max(two) });
        let range = range.filter(|range| range.high > 0.0 || kind == Some(TargetType::Grade));
        let mps = range
            .filter(|range| range.low > 0.0)
            .map(|range| Range { low: speed(range.low), high: speed(range.high) });
        let watts = |smoothing| range.map(|range| Target::PowerW(range, smoothing));
        let in_pool = self.sport == Sport::Swimming;
        let target = match kind {
            Some(TargetType::Power) => {
                zone.map(Target::PowerZone).or_else(|| watts(Smoothing::Usual))
            }
            Some(TargetType::Power3s) => watts(Smoothing::Seconds3),
            Some(TargetType::Power10s) => watts(Smoothing::Seconds10),
            Some(TargetType::Power30s) => watts(Smoothing::Seconds30),
            Some(TargetType::PowerLap) => watts(Smoothing::Lap),
            Some(TargetType::HeartRate) => {
                zone.map(Target::HrZone).or_else(|| range.map(Target::HrBpm))
            }
            Some(TargetType::Cadence) => range.map(Target::Cadence),
            Some(TargetType::Speed) => mps.map(Target::Speed),
            // One pace stands beside a zero.
            Some(TargetType::Pace) if in_pool => mps
                .or_else(|| {
                    let mut values = one.into_iter().chain(two);
                    let mps = speed(values.find(|value| *value > 0.0)?);
                    Some(Range { low: mps, high: mps })
                })
                .map(Target::SwimPace),
            Some(TargetType::Pace) => mps.map(Target::Pace),
            Some(TargetType::Grade) => range.map(Target::GradePct),
            Some(TargetType::Resistance) => range.map(Target::Resistance),
            Some(TargetType::SwimCssOffset) => one.map(Target::CssOffsetS),
            Some(TargetType::SwimInstruction) => {
                whole(item.get(one_key)).and_then(Effort::by_id).map(Target::Effort)
            }
            Some(_) | None => None,
        };
        if target.is_none() {
            let word = kind
                .map(TargetType::key)
                .or_else(|| object.get("workoutTargetTypeKey").and_then(Value::as_str));
            self.lost.push(format!("step {order}: its target `{}`", word.unwrap_or("unknown")));
        }
        target
    }
}
