//! `detect_intervals`: the hard stretches of a session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::intervals::{Intervals, Stretch, detect};

use super::planned::planned;
use super::source::{Channel, Filed, Seconds, activity_id, chart, number, recording, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Number};
use crate::error::ToolError;
use crate::tool::Tool;

/// `detect_intervals`
pub(super) struct DetectIntervals;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Basis {
    #[default]
    Auto,
    Power,
    Speed,
    HeartRate,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IntervalsArgs {
    activity_id: ActivityNumber,
    basis: Option<Basis>,
    /// The workout this was meant to be; default the one Garmin knows of
    workout_id: Option<Number>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct IntervalsAnswer {
    status: Option<Status>,
    activity_id: i64,
    reason: Option<&'static str>,
    basis: Option<&'static str>,
    /// `high`, `medium` or `low`: how clearly work and rest differ.
    confidence: Option<&'static str>,
    reps: Option<Vec<Value>>,
    recoveries: Option<Vec<Value>>,
    set_summary: Option<Value>,
    /// The laps of the planned workout against its targets.
    planned: Option<Value>,
    warnings: Vec<String>,
}

impl Basis {
    /// What is looked at, and how much harder than rest work must be in it.
    fn channels(self) -> &'static [(Channel, f64, &'static str)] {
        const POWER: (Channel, f64, &str) = (Channel::Power, 1.2, "power");
        const SPEED: (Channel, f64, &str) = (Channel::Speed, 1.12, "speed");
        const HEART: (Channel, f64, &str) = (Channel::HeartRate, 1.07, "heart_rate");
        match self {
            Self::Auto => &[POWER, SPEED, HEART],
            Self::Power => &[POWER],
            Self::Speed => &[SPEED],
            Self::HeartRate => &[HEART],
        }
    }
}

impl Tool for DetectIntervals {
    const NAME: &'static str = "detect_intervals";
    const TITLE: &'static str = "Intervals in an activity";
    const DESCRIPTION: &'static str = "Finds the repetitions of a session and their recoveries \
        from power, speed or heart rate, even without laps, and compares planned ones with their \
        targets.";
    type Args = IntervalsArgs;
    type Answer = IntervalsAnswer;

    async fn call(account: &Account, args: IntervalsArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let garmin = account.garmin()?;
        let mut answer = IntervalsAnswer { activity_id: id.number(), ..IntervalsAnswer::default() };
        // The file has every second; the chart has to do where there is none.
        let seconds = match recording(&garmin, id).await? {
            Filed::Found { recording, bytes } => {
                drop(bytes);
                Seconds::of_recording(recording)
            }
            Filed::Nothing(why) => {
                answer.warnings.push(format!("{why}: Garmin's curve was used instead"));
                chart(&garmin, id).await?
            }
        };
        let nothing = |mut answer: IntervalsAnswer, reason| {
            answer.status = Some(Status::NoData);
            answer.reason = Some(reason);
            Ok(answer)
        };
        let Some(seconds) = seconds else { return nothing(answer, "not_recorded") };
        let mut recorded = false;
        let mut found: Option<(Intervals, &'static str)> = None;
        for (channel, contrast, name) in args.basis.unwrap_or_default().channels() {
            let Some(values) = seconds.channel(*channel) else { continue };
            recorded = true;
            if let Some(intervals) = detect(&values, *contrast) {
                found = Some((intervals, name));
                break;
            }
        }
        let Some((intervals, name)) = found else {
            let reason =
                if recorded { "no intervals: the effort was steady" } else { "not_recorded" };
            return nothing(answer, reason);
        };
        let measured = Measured::of(&seconds);
        let reps: Vec<Value> = intervals
            .work
            .iter()
            .zip(1..)
            .map(|(stretch, number)| measured.stretch(*stretch, i64::from(number), "work"))
            .collect();
        answer.recoveries = Some(
            intervals
                .rest
                .iter()
                .zip(1..)
                .map(|(stretch, number)| measured.stretch(*stretch, i64::from(number), "recovery"))
                .collect(),
        );
        answer.set_summary = Some(summary(&intervals, name));
        answer.planned =
            planned(account, args.activity_id, args.workout_id, &mut answer.warnings).await?;
        answer.status = Some(Status::Ok);
        answer.basis = Some(name);
        answer.confidence = Some(intervals.confidence());
        answer.reps = Some(reps);
        Ok(answer)
    }
}

/// What is told of each stretch.
struct Measured {
    power: Option<Vec<Option<f64>>>,
    heart: Option<Vec<Option<f64>>>,
    speed: Option<Vec<Option<f64>>>,
    distance: Option<Vec<Option<f64>>>,
}

impl Measured {
    fn of(seconds: &Seconds) -> Self {
        Self {
            power: seconds.channel(Channel::Power),
            heart: seconds.channel(Channel::HeartRate),
            speed: seconds.channel(Channel::Speed),
            distance: seconds.channel(Channel::Distance),
        }
    }

    fn stretch(&self, stretch: Stretch, position: i64, kind: &str) -> Value {
        let part = |channel: &Option<Vec<Option<f64>>>| -> Vec<Option<f64>> {
            let values = channel.as_ref().and_then(|it| it.get(stretch.start..stretch.end()));
            values.unwrap_or_default().to_vec()
        };
        let mean = |channel: &Option<Vec<Option<f64>>>| training::series::mean(&part(channel));
        let distance = part(&self.distance);
        let ends = distance.iter().flatten().next().zip(distance.iter().flatten().last());
        let heart = training::downsample::extent(&part(&self.heart));
        let speed = mean(&self.speed).filter(|speed| *speed > 0.1);
        json!({
            "n": position,
            "kind": kind,
            "start_s": stretch.start,
            "duration_s": stretch.seconds,
            "distance_m": shown(ends.map(|(first, last)| last - first), 0),
            "avg_power_w": shown(mean(&self.power), 0),
            "avg_hr_bpm": shown(heart.map(|it| it.mean), 0),
            "max_hr_bpm": shown(heart.map(|it| it.max), 0),
            "avg_speed_mps": shown(speed, 2),
            "pace_s_per_km": shown(speed.map(|speed| 1_000.0 / speed), 0),
        })
    }
}

fn summary(intervals: &Intervals, basis: &str) -> Value {
    let seconds = |stretches: &[Stretch]| {
        let total: usize = stretches.iter().map(|it| it.seconds).sum();
        (!stretches.is_empty()).then(|| number(total) / number(stretches.len()))
    };
    let (key, digits) = match basis {
        "power" => ("power_w", 0),
        "speed" => ("speed_mps", 2),
        _ => ("hr_bpm", 0),
    };
    json!({
        "reps": intervals.work.len(),
        "avg_work_s": shown(seconds(&intervals.work), 0),
        "avg_recovery_s": shown(seconds(&intervals.rest), 0),
        (format!("work_avg_{key}")): shown(Some(intervals.work_mean), digits),
        (format!("recovery_avg_{key}")): shown(Some(intervals.rest_mean), digits),
        "separation": shown(Some(intervals.separation), 2),
        "duration_variation_pct": shown(Some(100.0 * intervals.unevenness), 1),
    })
}
