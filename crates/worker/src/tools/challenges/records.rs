//! What the athlete has done best, and could do now.

use garmin::model::PersonalRecord;
use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::words::{clock, distance};
use crate::account::Account;
use crate::answer::Status;
use crate::args::NoArgs;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::whole;

/// What a record counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Seconds,
    Metres,
    Climb,
    Steps,
    Days,
    /// Garmin does not say.
    Unsaid,
}

/// What Garmin calls its kinds of records, as far as that is certain.
fn kind(id: i64) -> (String, &'static str, Counts) {
    let (name, sport, counts) = match id {
        1 => ("Fastest 1K", "running", Counts::Seconds),
        2 => ("Fastest Mile", "running", Counts::Seconds),
        3 => ("Fastest 5K", "running", Counts::Seconds),
        4 => ("Fastest 10K", "running", Counts::Seconds),
        5 => ("Fastest Half Marathon", "running", Counts::Seconds),
        6 => ("Fastest Marathon", "running", Counts::Seconds),
        7 => ("Longest Run", "running", Counts::Metres),
        8 => ("Longest Ride", "cycling", Counts::Metres),
        9 => ("Most Elevation Gain Cycling", "cycling", Counts::Climb),
        10 => ("Cycling record 10", "cycling", Counts::Unsaid),
        11 => ("Fastest 40K Cycling", "cycling", Counts::Seconds),
        12 => ("Most Steps Day", "steps", Counts::Steps),
        13 => ("Most Steps Week", "steps", Counts::Steps),
        14 => ("Most Steps Month", "steps", Counts::Steps),
        15 => ("Longest Daily Goal Streak", "steps", Counts::Days),
        16 => ("Current Goal Streak", "steps", Counts::Days),
        17..=26 => return (format!("Pool swim record {id}"), "swimming", Counts::Unsaid),
        28..=32 | 45..=51 => return (format!("Strength record {id}"), "strength", Counts::Unsaid),
        _ => return (format!("Unknown Record (typeId={id})"), "other", Counts::Unsaid),
    };
    (name.to_owned(), sport, counts)
}

/// `get_personal_record`
pub(super) struct PersonalRecords;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordArgs {
    /// `running`, `cycling`, `swimming`, `strength` or `steps`.
    sport: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RecordsAnswer {
    status: Status,
    count: usize,
    records: Vec<Record>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
#[expect(clippy::struct_field_names, reason = "names that others rely on")]
struct Record {
    record_type: String,
    type_id: i64,
    sport: &'static str,
    value: Option<String>,
    /// Seconds, metres, steps or days, as `value` says.
    raw_value: Option<f64>,
    date: Option<String>,
    activity_id: Option<i64>,
    activity_name: Option<String>,
}

fn record(record: PersonalRecord, zone: &jiff::tz::TimeZone) -> Option<Record> {
    let type_id = record.kind?;
    let (record_type, sport, counts) = kind(type_id);
    let words = |value: f64| match counts {
        Counts::Seconds => Some(clock(value)),
        Counts::Metres => Some(distance(value)),
        Counts::Climb => Some(format!("{value:.0} m")),
        Counts::Steps => Some(whole(value).to_string()),
        Counts::Days => Some(format!("{} days", whole(value))),
        Counts::Unsaid => None,
    };
    // The clock on the wall where Garmin tells it, else the athlete's own.
    let at = record.at.or(record.at_text).or(record.activity_at);
    let date = match (record.at_local, at) {
        (Some(local), _) => Some(local.date()),
        (None, Some(at)) => Some(at.to_zoned(zone.clone()).date()),
        (None, None) => record.activity_local.map(DateTime::date),
    };
    Some(Record {
        record_type,
        type_id,
        sport,
        value: record.value.and_then(words),
        raw_value: record.value,
        date: date.map(|date| date.to_string()),
        // Records over weeks belong to no activity.
        activity_id: record.activity_id.filter(|id| *id > 0),
        activity_name: record.activity_name,
    })
}

impl Tool for PersonalRecords {
    const NAME: &'static str = "get_personal_record";
    const TITLE: &'static str = "Personal records";
    const DESCRIPTION: &'static str = "The athlete's best times, longest distances and most \
        steps, with the day and the activity.";
    type Args = RecordArgs;
    type Answer = RecordsAnswer;

    async fn call(account: &Account, args: RecordArgs) -> Result<Self::Answer, ToolError> {
        const SPORTS: [&str; 6] = ["running", "cycling", "swimming", "strength", "steps", "other"];
        let sport = args.sport.as_deref().map(|text| text.trim().to_lowercase());
        let sport = sport.filter(|sport| !sport.is_empty());
        if let Some(sport) = &sport
            && !SPORTS.contains(&sport.as_str())
        {
            let allowed = format!("unknown; allowed are {}", SPORTS.join(", "));
            return Err(ToolError::argument("sport", allowed));
        }
        let garmin = account.garmin()?;
        let (found, zone) = tokio::try_join!(garmin.personal_records(), garmin.zone())?;
        let mut records: Vec<Record> = found
            .unwrap_or_default()
            .into_iter()
            .filter_map(|one| record(one, &zone))
            .filter(|record| sport.as_deref().is_none_or(|sport| record.sport == sport))
            .collect();
        records.sort_by_key(|record| record.type_id);
        Ok(RecordsAnswer {
            status: if records.is_empty() { Status::NoData } else { Status::Ok },
            count: records.len(),
            records,
        })
    }
}

/// `get_race_predictions`
pub(super) struct RacePredictions;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PredictionsAnswer {
    status: Status,
    prediction_date: Option<String>,
    predictions: BTreeMap<&'static str, Prediction>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Prediction {
    time: String,
    time_seconds: i64,
    pace_per_km: String,
}

fn prediction(seconds: f64, kilometres: f64) -> Prediction {
    Prediction {
        time: clock(seconds),
        time_seconds: whole(seconds),
        pace_per_km: clock((seconds / kilometres).round()),
    }
}

impl Tool for RacePredictions {
    const NAME: &'static str = "get_race_predictions";
    const TITLE: &'static str = "Predicted race times";
    const DESCRIPTION: &'static str = "Garmin's present prediction for 5 km, 10 km, half \
        marathon and marathon.";
    type Args = NoArgs;
    type Answer = PredictionsAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let found = account.garmin()?.race_prediction().await?.unwrap_or_default();
        let rows = [
            ("5K", found.five_km_s, 5.0),
            ("10K", found.ten_km_s, 10.0),
            ("half_marathon", found.half_marathon_s, 21.0975),
            ("marathon", found.marathon_s, 42.195),
        ];
        let predictions: BTreeMap<_, _> = rows
            .into_iter()
            .filter_map(|(name, seconds, kilometres)| {
                let seconds = seconds.filter(|seconds| *seconds > 0.0)?;
                Some((name, prediction(seconds, kilometres)))
            })
            .collect();
        Ok(PredictionsAnswer {
            status: if predictions.is_empty() { Status::NoData } else { Status::Ok },
            prediction_date: found.date.map(|date| date.to_string()),
            predictions,
        })
    }
}
