//! `get_activity_streams`: an activity second by second, thinned out honestly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::downsample::{extent, gaps};

use super::sections::rows;
use super::source::{Channel, activity_id, chart, number, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment;
use crate::tools::table::Table;

/// `get_activity_streams`
pub(super) struct Streams;

/// Seconds without data from which on it is a gap: what is shorter is drawn through.
const GAP_S: usize = 10;
/// About as many cells as a result may hold.
const CELLS: usize = 2_200;
/// The most that is taken from an activity in one call.
const MOST_VALUES: usize = 10_000;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub(super) enum Resolution {
    #[default]
    #[serde(rename = "auto")]
    Auto,
    #[serde(rename = "1s", alias = "raw")]
    Second,
    #[serde(rename = "5s")]
    Five,
    #[serde(rename = "10s")]
    Ten,
    #[serde(rename = "30s")]
    Thirty,
    #[serde(rename = "60s", alias = "1min")]
    Minute,
}

impl Resolution {
    fn seconds(self) -> Option<usize> {
        match self {
            Self::Auto => None,
            Self::Second => Some(1),
            Self::Five => Some(5),
            Self::Ten => Some(10),
            Self::Thirty => Some(30),
            Self::Minute => Some(60),
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamsArgs {
    #[serde(alias = "ride_id")]
    activity_id: ActivityNumber,
    /// Default `heart_rate`, `speed`, `altitude`; also `power`, `cadence`, `distance`,
    /// `temperature`, `latitude`, `longitude`, …
    #[serde(alias = "stream_types")]
    channels: Option<Many<String>>,
    /// `auto` fits the result.
    resolution: Option<Resolution>,
    start_offset_s: Option<Whole<0, 500_000>>,
    end_offset_s: Option<Whole<1, 500_000>>,
    /// Default 500
    max_points: Option<Whole<10, 10_000>>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct StreamsAnswer {
    status: Option<Status>,
    activity_id: i64,
    reason: Option<&'static str>,
    /// With the athlete's offset; `t_s` counts from here.
    start: Option<String>,
    /// Seconds one row stands for: means, but the last value of distance.
    step_s: Option<usize>,
    resolution: Option<String>,
    streams: Option<Table>,
    /// Of every second in the window, not of the rows.
    stats: Option<Value>,
    /// Stretches in which nothing was recorded, as [start, seconds].
    gaps: Option<Vec<(usize, usize)>>,
    /// Of those, how long the watch was stopped.
    pauses: Option<Value>,
    available_channels: Option<Vec<&'static str>>,
    warnings: Vec<String>,
}

impl Tool for Streams {
    const NAME: &'static str = "get_activity_streams";
    const TITLE: &'static str = "Curves of an activity";
    const DESCRIPTION: &'static str = "Heart rate, speed, power and other channels over one \
        activity, thinned out, with gaps and extremes; a narrower window shows more.";
    type Args = StreamsArgs;
    type Answer = StreamsAnswer;

    async fn call(account: &Account, args: StreamsArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let wanted = wanted(args.channels.as_ref())?;
        let garmin = account.garmin()?;
        let mut answer = StreamsAnswer { activity_id: id.number(), ..StreamsAnswer::default() };
        let Some(seconds) = chart(&garmin, id).await? else {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        };
        let zone = garmin.zone().await?;
        let from = args.start_offset_s.map_or(0, |it| it.0);
        let until = args.end_offset_s.map(|it| it.0);
        if until.is_some_and(|until| until <= from) {
            let problem = "lies before `start_offset_s`; allowed is a later second";
            return Err(ToolError::argument("end_offset_s", problem));
        }
        let first = usize::try_from(from).unwrap_or(usize::MAX).min(seconds.length);
        let last = until.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
        let last = last.clamp(first, seconds.length);
        let mut missing = Vec::new();
        let mut chosen = Vec::new();
        for channel in &wanted {
            // What is cadence depends on who moves.
            let other = match channel {
                Channel::Cadence => Some(Channel::RunCadence),
                Channel::RunCadence => Some(Channel::Cadence),
                _ => None,
            };
            let found = std::iter::once(*channel).chain(other);
            match found.into_iter().find(|it| seconds.channel(*it).is_some()) {
                Some(found) if !chosen.contains(&found) => chosen.push(found),
                Some(_) => {}
                None => missing.push(channel.name()),
            }
        }
        for name in missing {
            answer.warnings.push(format!("`{name}` was not recorded in this activity"));
        }
        let available = Channel::ALL.into_iter().filter(|it| seconds.channel(*it).is_some());
        answer.available_channels = Some(available.map(Channel::name).collect());
        if chosen.is_empty() {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        }
        let length = last - first;
        let most = args.max_points.map_or(500, |it| it.0);
        let most = usize::try_from(most).unwrap_or(500);
        let resolution = args.resolution.unwrap_or_default();
        let points = match resolution.seconds() {
            // As many as asked for, and as fit.
            None => most.min(CELLS / (chosen.len() + 1)),
            Some(step) => {
                let points = length.div_ceil(step);
                let values = points * chosen.len();
                if values > MOST_VALUES {
                    return Err(too_many(length, chosen.len()));
                }
                points
            }
        };
        let points = points.max(1);
        let window = (from, u32::try_from(last).ok());
        let (table, step) = rows(&seconds, &chosen, window, points);
        let mut stats = serde_json::Map::new();
        for channel in &chosen {
            let values = seconds.channel(*channel).unwrap_or_default();
            if let Some(extent) = extent(values.get(first..last).unwrap_or_default()) {
                let digits = channel.digits();
                stats.insert(
                    channel.column().to_owned(),
                    json!({
                        "min": shown(Some(extent.min), digits),
                        "avg": shown(Some(extent.mean), digits.max(1)),
                        "max": shown(Some(extent.max), digits),
                    }),
                );
            }
        }
        let present = seconds.present();
        let present = present.get(first..last).unwrap_or_default().iter().copied();
        let found: Vec<(usize, usize)> =
            gaps(present, GAP_S).into_iter().map(|(at, length)| (first + at, length)).collect();
        answer.pauses = Some(json!({
            "count": found.len(),
            "total_s": found.iter().map(|gap| gap.1).sum::<usize>(),
        }));
        answer.status = Some(Status::Ok);
        answer.start = seconds.start.map(|at| moment(at, &zone));
        answer.step_s = Some(step);
        answer.resolution = Some(format!("{step}s"));
        answer.streams = Some(table);
        answer.stats = Some(Value::Object(stats));
        answer.gaps = Some(found);
        Ok(answer)
    }
}

fn wanted(given: Option<&Many<String>>) -> Result<Vec<Channel>, ToolError> {
    let Some(given) = given.filter(|given| !given.0.is_empty()) else {
        return Ok(vec![Channel::HeartRate, Channel::Speed, Channel::Altitude]);
    };
    let named = given.0.iter().map(|name| {
        Channel::named(name).ok_or_else(|| {
            let all = Channel::ALL.map(Channel::name).join(", ");
            ToolError::argument("channels", format!("`{name}` is no channel; allowed are {all}"))
        })
    });
    named.collect()
}

/// Names the resolution that fits.
fn too_many(length: usize, channels: usize) -> ToolError {
    let fits = [1, 5, 10, 30, 60]
        .into_iter()
        .find(|step| length.div_ceil(*step) * channels <= MOST_VALUES);
    let fits = fits.map_or("a shorter window".to_owned(), |step| format!("`{step}s`"));
    let minutes = number(length) / 60.0;
    ToolError::argument(
        "resolution",
        format!(
            "{minutes:.0} minutes of {channels} channels are too many values; allowed is {fits}, \
             or `start_offset_s` and `end_offset_s`"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_known_by_many_names_and_a_wrong_one_is_told_the_right_ones() {
        let given = Many(vec!["hr".to_owned(), "Watts".to_owned(), "velocity_smooth".to_owned()]);
        let found = wanted(Some(&given)).unwrap();
        assert_eq!(found, [Channel::HeartRate, Channel::Power, Channel::Speed]);
        assert_eq!(wanted(None).unwrap().len(), 3);
        let refused = wanted(Some(&Many(vec!["mood".to_owned()]))).unwrap_err().to_string();
        assert!(refused.contains("`channels`") && refused.contains("heart_rate"), "{refused}");
        assert!(too_many(21_600, 3).to_string().contains("`10s`"));
    }
}
