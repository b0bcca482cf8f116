//! Form to the JSON a person edits: reading it again gives the same form.

use serde_json::{Map, Value, json};

use super::form::{
    Crossing, End, Form, Leg, Limit, Node, PoolUnit, Range, Repeat, Smoothing, Step, Target,
    is_on_foot, speed,
};
use super::ids::{Sport, StepKind};

#[must_use]
pub fn write(form: &Form) -> Value {
    let mut fields = Map::new();
    fields.insert("title".into(), json!(form.title));
    fields.insert("sport".into(), json!(form.sport.word()));
    if let Some(description) = &form.description {
        fields.insert("description".into(), json!(description));
    }
    match (form.sport, form.legs.as_slice()) {
        (Sport::Multisport, legs) => {
            let segments: Vec<Value> = legs
                .iter()
                .map(|one| {
                    let mut fields = Map::new();
                    fields.insert("sport".into(), json!(one.sport.word()));
                    leg(&mut fields, one);
                    Value::Object(fields)
                })
                .collect();
            fields.insert("segments".into(), Value::from(segments));
        }
        (_, legs) => legs.iter().take(1).for_each(|one| leg(&mut fields, one)),
    }
    Value::Object(fields)
}

fn leg(fields: &mut Map<String, Value>, leg: &Leg) {
    if let Some(pool) = leg.pool {
        let unit = match pool.unit {
            PoolUnit::Metre => "m",
            PoolUnit::Yard => "yd",
        };
        fields.insert("pool".into(), json!({ "length": number(pool.length), "unit": unit }));
    }
    fields.insert("steps".into(), nodes(&leg.steps, leg.sport));
}

fn nodes(nodes_of: &[Node], sport: Sport) -> Value {
    nodes_of
        .iter()
        .map(|node| match node {
            Node::Step(one) => Value::Object(step(one, sport)),
            Node::Repeat(one) => sets(one, sport).unwrap_or_else(|| {
                let mut fields = Map::new();
                fields.insert("repeat".into(), json!(one.times));
                if one.skip_last_recovery {
                    fields.insert("skip_last_recovery".into(), json!(true));
                }
                fields.insert("steps".into(), nodes(&one.steps, sport));
                Value::Object(fields)
            }),
        })
        .collect()
}

/// Sets of one exercise, with a rest or without, in their short form.
fn sets(repeat: &Repeat, sport: Sport) -> Option<Value> {
    if repeat.skip_last_recovery || repeat.times < 2 {
        return None;
    }
    let (work, rest) = match repeat.steps.as_slice() {
        [Node::Step(work)] => (work, None),
        [Node::Step(work), Node::Step(rest)] => (work, Some(rest)),
        _ => return None,
    };
    work.exercise.as_ref()?;
    let mut fields = step(work, sport);
    fields.insert("sets".into(), json!(repeat.times));
    if let Some(rest) = rest {
        let End::TimeS(seconds) = rest.end else { return None };
        if **rest != Step::new(StepKind::Rest, rest.end) || seconds > 3_600.0 {
            return None;
        }
        fields.insert("rest_s".into(), number(seconds));
    }
    Some(Value::Object(fields))
}

fn step(step: &Step, sport: Sport) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("kind".into(), json!(step.kind.key()));
    if let Some(exercise) = &step.exercise {
        if let Some(name) = &exercise.name {
            fields.insert("exercise".into(), json!(name));
        }
        fields.insert("category".into(), json!(exercise.category));
    }
    fields.insert("end".into(), end(step.end));
    if let Some(weight) = step.weight_kg {
        fields.insert("weight_kg".into(), number(weight));
    }
    if let Some(one) = step.target {
        fields.insert("target".into(), target(one, sport));
    }
    if let Some(one) = step.secondary {
        fields.insert("secondary".into(), target(one, sport));
    }
    if let Some(stroke) = step.stroke {
        fields.insert("stroke".into(), json!(stroke.key()));
    }
    if let Some(drill) = step.drill {
        fields.insert("drill".into(), json!(drill.key()));
    }
    if let Some(equipment) = step.equipment {
        fields.insert("equipment".into(), json!([equipment.key()]));
    }
    if let Some(note) = &step.note {
        fields.insert("note".into(), json!(note));
    }
    fields
}

fn end(end: End) -> Value {
    let limit = |limit: Limit| match limit {
        Limit::Value(value) => number(value),
        Limit::Zone(zone) => json!(format!("Z{zone}")),
    };
    match end {
        End::LapButton => json!("lap_button"),
        End::TimeS(seconds) => json!({ "time_s": number(seconds) }),
        End::DistanceM(metres) => json!({ "distance_m": number(metres) }),
        End::Calories(calories) => json!({ "calories": number(calories) }),
        End::HeartRate(Crossing::Above, at) => json!({ "hr_above": limit(at) }),
        End::HeartRate(Crossing::Below, at) => json!({ "hr_below": limit(at) }),
        End::Power(Crossing::Above, at) => json!({ "power_above": limit(at) }),
        End::Power(Crossing::Below, at) => json!({ "power_below": limit(at) }),
        End::Reps(reps) => json!({ "reps": number(reps) }),
        End::TrainingStress(stress) => json!({ "tss": number(stress) }),
        End::FixedRestS(seconds) => json!({ "fixed_rest_s": number(seconds) }),
        End::SendOffS(seconds) => json!({ "send_off_s": number(seconds) }),
    }
}

fn target(target: Target, sport: Sport) -> Value {
    let pair = |range: Range| json!([number(range.low), number(range.high)]);
    match target {
        Target::HrZone(zone) => json!({ "hr_zone": zone }),
        Target::HrBpm(range) => json!({ "hr_bpm": pair(range) }),
        Target::PowerZone(zone) => json!({ "power_zone": zone }),
        Target::PowerW(range, smoothing) => {
            let over = match smoothing {
                Smoothing::Usual => return json!({ "power_w": pair(range) }),
                Smoothing::Seconds3 => "3s",
                Smoothing::Seconds10 => "10s",
                Smoothing::Seconds30 => "30s",
                Smoothing::Lap => "lap",
            };
            json!({ "power_w": pair(range), "power_smoothing": over })
        }
        Target::Pace(range) => {
            json!({ "pace_per_km": [pace(1_000.0, range.high), pace(1_000.0, range.low)] })
        }
        Target::Speed(range) => json!({ "speed_kmh": [kmh(range.low), kmh(range.high)] }),
        Target::Cadence(range) if is_on_foot(sport) => json!({ "cadence_spm": pair(range) }),
        Target::Cadence(range) => json!({ "cadence_rpm": pair(range) }),
        Target::GradePct(range) => json!({ "grade_pct": pair(range) }),
        Target::Resistance(range) => json!({ "resistance": pair(range) }),
        Target::SwimPace(range) if range.low < range.high => {
            json!({ "pace_per_100m": [pace(100.0, range.high), pace(100.0, range.low)] })
        }
        Target::SwimPace(range) => json!({ "pace_per_100m": pace(100.0, range.low) }),
        Target::CssOffsetS(seconds) => json!({ "css_offset_s": number(seconds) }),
        Target::Effort(effort) => json!({ "effort": effort.key() }),
    }
}

/// A whole number without a decimal point.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) }
}

/// `M:SS` over so many metres, with as many decimals as give the same speed again.
fn pace(metres: f64, mps: f64) -> Value {
    let exact = metres / mps;
    let rounded = [1.0, 10.0, 100.0, 1_000.0]
        .into_iter()
        .map(|steps| (exact * steps).round() / steps)
        .find(|seconds| speed(metres / seconds).total_cmp(&mps).is_eq());
    let seconds = rounded.unwrap_or(exact);
    let minutes = (seconds / 60.0).floor();
    let rest = format!("{:.3}", seconds - minutes * 60.0);
    let rest = rest.trim_end_matches('0').trim_end_matches('.');
    let pad = if rest.split('.').next().is_some_and(|whole| whole.len() < 2) { "0" } else { "" };
    json!(format!("{minutes}:{pad}{rest}"))
}

fn kmh(mps: f64) -> Value {
    let exact = mps * 3.6;
    let rounded = [1.0, 10.0, 100.0, 1_000.0, 10_000.0]
        .into_iter()
        .map(|steps| (exact * steps).round() / steps)
        .find(|kmh| speed(kmh / 3.6).total_cmp(&mps).is_eq());
    number(rounded.unwrap_or(exact))
}
