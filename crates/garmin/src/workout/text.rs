//! A workout as a person reads it.

use std::fmt::Write as _;

use super::form::{
    Crossing, End, Form, Leg, Limit, Node, PoolUnit, Range, Smoothing, Step, Target, is_on_foot,
};
use super::ids::{Drill, Effort, Equipment, Sport, StepKind, Stroke};

/// One line per step, repeats with their steps indented.
#[must_use]
pub fn describe(form: &Form) -> String {
    let mut text = String::new();
    for leg in &form.legs {
        if form.legs.len() > 1 || form.sport == Sport::Multisport {
            line(&mut text, 0, &format!("{}:", leg.sport.word()));
        }
        if let Some(pool) = leg.pool {
            let unit = match pool.unit {
                PoolUnit::Metre => "m",
                PoolUnit::Yard => "yd",
            };
            line(&mut text, 0, &format!("pool {} {unit}", number(pool.length)));
        }
        nodes(&mut text, leg, &leg.steps, 0);
    }
    text.truncate(text.trim_end().len());
    text
}

fn line(text: &mut String, depth: usize, words: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:indent$}{words}", "", indent = depth * 2);
}

fn nodes(text: &mut String, leg: &Leg, nodes_of: &[Node], depth: usize) {
    for node in nodes_of {
        match node {
            Node::Step(one) => line(text, depth, &format!("- {}", step(one, leg.sport))),
            Node::Repeat(repeat) => {
                let skipped =
                    if repeat.skip_last_recovery { " (without the last recovery)" } else { "" };
                line(text, depth, &format!("{}x{skipped}", repeat.times));
                nodes(text, leg, &repeat.steps, depth + 1);
            }
        }
    }
}

/// One step in a line.
#[must_use]
pub fn describe_step(one: &Step, sport: Sport) -> String {
    step(one, sport)
}

fn step(step: &Step, sport: Sport) -> String {
    let mut text = match &step.exercise {
        Some(exercise) => exercise
            .name
            .as_deref()
            .unwrap_or(&exercise.category)
            .trim_start_matches('_')
            .replace('_', " ")
            .to_lowercase(),
        None => label(step.kind).to_owned(),
    };
    text.push(' ');
    text.push_str(&end(step.end));
    if let Some(weight) = step.weight_kg {
        let _ = write!(text, ", {} kg", number(weight));
    }
    let swim = [
        step.stroke.map(Stroke::key),
        step.drill.map(Drill::key),
        step.equipment.map(Equipment::key),
    ];
    for word in swim.into_iter().flatten() {
        let _ = write!(text, ", {}", word.replace('_', " "));
    }
    let targets: Vec<String> =
        [step.target, step.secondary].iter().flatten().map(|one| target(*one, sport)).collect();
    if !targets.is_empty() {
        let _ = write!(text, " @ {}", targets.join(", "));
    }
    if let Some(note) = &step.note {
        let _ = write!(text, " ({note})");
    }
    text
}

fn label(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Warmup => "Warm-up",
        StepKind::Cooldown => "Cool-down",
        StepKind::Interval => "Work",
        StepKind::Main => "Main",
        StepKind::Recovery => "Recovery",
        StepKind::Rest => "Rest",
        StepKind::Repeat | StepKind::Other => "Step",
    }
}

fn end(end: End) -> String {
    let crossing = |crossing: Crossing| match crossing {
        Crossing::Above => "above",
        Crossing::Below => "below",
    };
    let limit = |limit: Limit, unit: &str| match limit {
        Limit::Value(value) => format!("{} {unit}", number(value)),
        Limit::Zone(zone) => format!("zone {zone}"),
    };
    match end {
        End::LapButton => "until lap press".to_owned(),
        End::TimeS(seconds) => clock(seconds),
        End::DistanceM(metres) if metres >= 1_000.0 => format!("{} km", number(metres / 1_000.0)),
        End::DistanceM(metres) => format!("{} m", number(metres)),
        End::Calories(calories) => format!("{} kcal", number(calories)),
        End::HeartRate(side, at) => {
            format!("until heart rate is {} {}", crossing(side), limit(at, "bpm"))
        }
        End::Power(side, at) => format!("until power is {} {}", crossing(side), limit(at, "W")),
        End::Reps(reps) => format!("{} reps", number(reps)),
        End::TrainingStress(stress) => format!("{} TSS", number(stress)),
        End::FixedRestS(seconds) => format!("rest {}", clock(seconds)),
        End::SendOffS(seconds) => format!("leave every {}", clock(seconds)),
    }
}

fn target(target: Target, sport: Sport) -> String {
    match target {
        Target::HrZone(zone) => format!("HR Z{zone}"),
        Target::HrBpm(range) => span(range, "bpm"),
        Target::PowerZone(zone) => format!("power Z{zone}"),
        Target::PowerW(range, smoothing) => {
            let over = match smoothing {
                Smoothing::Usual => "",
                Smoothing::Seconds3 => " (3 s average)",
                Smoothing::Seconds10 => " (10 s average)",
                Smoothing::Seconds30 => " (30 s average)",
                Smoothing::Lap => " (lap average)",
            };
            format!("{}{over}", span(range, "W"))
        }
        Target::Pace(range) => format!("{} /km", pace(range, 1_000.0)),
        Target::Speed(range) => {
            span(Range { low: range.low * 3.6, high: range.high * 3.6 }, "km/h")
        }
        Target::Cadence(range) => span(range, if is_on_foot(sport) { "spm" } else { "rpm" }),
        Target::GradePct(range) => span(range, "% grade"),
        Target::Resistance(range) => format!("resistance {}", span(range, "").trim_end()),
        Target::SwimPace(range) => format!("{} /100 m", pace(range, 100.0)),
        Target::CssOffsetS(seconds) if seconds >= 0.0 => format!("CSS +{} s", number(seconds)),
        Target::CssOffsetS(seconds) => format!("CSS {} s", number(seconds)),
        Target::Effort(effort) => Effort::key(effort).replace('_', " "),
    }
}

fn pace(range: Range, metres: f64) -> String {
    let (fast, slow) = (clock(metres / range.high), clock(metres / range.low));
    if fast == slow { fast } else { format!("{fast}-{slow}") }
}

fn span(range: Range, unit: &str) -> String {
    let (low, high) = (number(range.low), number(range.high));
    if low == high { format!("{low} {unit}") } else { format!("{low}-{high} {unit}") }
}

/// At most two decimals, none of them a trailing zero.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whole seconds as a clock shows them.
pub(super) fn clock(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float too large becomes the largest integer"
    )]
    let seconds = seconds.round().max(0.0) as u64;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}
