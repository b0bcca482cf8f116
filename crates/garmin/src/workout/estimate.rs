//! How long a workout takes and how far it goes, as far as its form says.

use super::form::{End, Form, Leg, Node, Step, Target};
use super::ids::{Sport, StepKind};

/// What a workout comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// With guesses for what has no length: a lap button counts a minute.
    pub seconds: f64,
    /// Only where every step says its distance or its speed.
    pub metres: Option<f64>,
}

#[must_use]
pub fn estimate(form: &Form) -> Estimate {
    let mut seconds = 0.0;
    let mut metres = Some(0.0);
    for leg in &form.legs {
        let (leg_seconds, leg_metres) = sum(leg, &leg.steps);
        seconds += leg_seconds;
        metres = metres.zip(leg_metres).map(|(one, other)| one + other);
    }
    Estimate { seconds, metres: metres.filter(|metres| *metres > 0.0) }
}

fn sum(leg: &Leg, nodes: &[Node]) -> (f64, Option<f64>) {
    let mut seconds = 0.0;
    let mut metres = Some(0.0);
    for node in nodes {
        let (more_seconds, more_metres) = match node {
            Node::Step(step) => (seconds_of(step, leg.sport), metres_of(step)),
            Node::Repeat(repeat) => {
                let (round, round_m) = sum(leg, &repeat.steps);
                let times = f64::from(repeat.times);
                let skipped = repeat.steps.last().filter(|_| repeat.skip_last_recovery);
                let (less, less_m) = match skipped {
                    Some(Node::Step(last)) if is_rest(last.kind) => {
                        (seconds_of(last, leg.sport), metres_of(last).unwrap_or(0.0))
                    }
                    Some(Node::Step(_) | Node::Repeat(_)) | None => (0.0, 0.0),
                };
                (round * times - less, round_m.map(|round_m| round_m * times - less_m))
            }
        };
        seconds += more_seconds;
        metres = metres.zip(more_metres).map(|(one, other)| one + other);
    }
    (seconds, metres)
}

fn is_rest(kind: StepKind) -> bool {
    matches!(kind, StepKind::Rest | StepKind::Recovery)
}

fn speed_of(step: &Step) -> Option<f64> {
    [step.target, step.secondary].into_iter().flatten().find_map(|target| match target {
        Target::Pace(range) | Target::Speed(range) | Target::SwimPace(range) => {
            Some(range.middle())
        }
        Target::HrZone(_)
        | Target::HrBpm(_)
        | Target::PowerZone(_)
        | Target::PowerW(..)
        | Target::Cadence(_)
        | Target::GradePct(_)
        | Target::Resistance(_)
        | Target::CssOffsetS(_)
        | Target::Effort(_) => None,
    })
}

fn seconds_of(step: &Step, sport: Sport) -> f64 {
    match step.end {
        End::TimeS(seconds) | End::FixedRestS(seconds) | End::SendOffS(seconds) => seconds,
        End::DistanceM(metres) => {
            let usual = match sport {
                Sport::Cycling => 8.0,
                Sport::Swimming => 1.0,
                Sport::Walking | Sport::Rucking => 1.4,
                Sport::Running
                | Sport::Other
                | Sport::Strength
                | Sport::Cardio
                | Sport::Yoga
                | Sport::Pilates
                | Sport::Hiit
                | Sport::Multisport
                | Sport::Mobility => 3.0,
            };
            (metres / speed_of(step).unwrap_or(usual)).round()
        }
        End::Calories(calories) => calories * 5.0,
        End::Reps(reps) => reps * 3.0,
        // An hour at the threshold is a hundred.
        End::TrainingStress(stress) => stress * 36.0,
        End::LapButton | End::HeartRate(..) | End::Power(..) => 60.0,
    }
}

fn metres_of(step: &Step) -> Option<f64> {
    match step.end {
        End::DistanceM(metres) => Some(metres),
        End::TimeS(seconds) if step.kind == StepKind::Rest => {
            Some(speed_of(step).map_or(0.0, |speed| speed * seconds))
        }
        End::TimeS(seconds) => speed_of(step).map(|speed| speed * seconds),
        End::FixedRestS(_) => Some(0.0),
        End::LapButton
        | End::Calories(_)
        | End::HeartRate(..)
        | End::Power(..)
        | End::Reps(_)
        | End::TrainingStress(_)
        | End::SendOffS(_) => None,
    }
}
