//! Body Battery: what charged the athlete, and what drained them.

use garmin::days::{Day, DayRange};
use garmin::model::{BodyBatteryDay, BodyBatteryEvent, Sample, Stress};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::{Absence, Status};
use crate::args::{NamedDay, RangeStart, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::extras::{Extras, Missing};
use crate::tools::numbers::{moment, offset, word, zone_there};
use crate::tools::series::{self, Series};

/// `get_body_battery`
pub(super) struct BodyBattery;

const LONGEST_RANGE: u32 = 31;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BodyBatteryArgs {
    /// One day; today when every date is left out.
    date: Option<NamedDay>,
    /// Instead of `date`: the first of at most 31 days.
    start_date: Option<RangeStart>,
    /// Default `start_date`
    end_date: Option<NamedDay>,
}

impl BodyBatteryArgs {
    fn range(&self, today: Day) -> Result<DayRange, ToolError> {
        match (self.date, self.start_date, self.end_date) {
            (Some(date), None, None) => Ok(DayRange::one(date.resolve("date", today)?)),
            (Some(_), _, _) => Err(ToolError::argument(
                "date",
                "not together with `start_date` or `end_date`; allowed is one of both",
            )),
            (None, None, None) => Ok(DayRange::one(today)),
            (None, Some(RangeStart::Day(start)), None) => {
                Ok(DayRange::one(start.resolve("start_date", today)?))
            }
            (None, None, Some(end)) => Ok(DayRange::one(end.resolve("end_date", today)?)),
            (None, start @ Some(_), end) => {
                range(start, end, today, Window::past(1, LONGEST_RANGE))
            }
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BodyBatteryAnswer {
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Absence>,
    start_date: String,
    end_date: String,
    /// One entry per day with data, in order; days without data are left out.
    days: Vec<BatteryDay>,
    /// What is missing in this answer, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct BatteryDay {
    date: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    charged: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drained: Option<i64>,
    /// 0 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    highest: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lowest: Option<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<Level>,
    /// Garmin's word for the latest level, such as `high` or `low`.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_feedback: Option<String>,
    events: Vec<Event>,
    /// The level at the end of each quarter of an hour; for a single day only.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Series>,
}

#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(inline)]
struct Level {
    level: i64,
    time: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Event {
    /// `sleep`, `nap`, `activity`, `recovery`, `stress`, …
    r#type: String,
    /// With the offset of the place where it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_minutes: Option<i64>,
    /// Positive where it charged, negative where it drained.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_battery_impact: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_name: Option<String>,
}

fn event(event: &BodyBatteryEvent, zone: &TimeZone) -> Option<Event> {
    Some(Event {
        r#type: word(event.kind.as_deref()?),
        start_time: event.start.map(|at| {
            let there = event.offset_ms.and_then(|millis| offset(millis / 1000));
            moment(at, &zone_there(at, there, zone))
        }),
        duration_minutes: event
            .duration_ms
            .map(|millis| millis.saturating_add(30_000).div_euclid(60_000)),
        body_battery_impact: event.impact,
        feedback: event.short_feedback.as_deref().map(word),
        activity_id: event.activity_id,
        activity_name: event.activity_name.clone(),
    })
}

fn battery_day(day: &BodyBatteryDay, zone: &TimeZone) -> Option<BatteryDay> {
    let date = day.date?;
    let points = day.points();
    let level = |point: &garmin::model::BodyBatteryPoint| Level {
        level: point.level,
        time: moment(point.at, zone),
    };
    if day.charged.is_none() && day.drained.is_none() && points.is_empty() {
        return None;
    }
    let feedback = day.end_of_day_feedback.as_ref().or(day.feedback.as_ref());
    Some(BatteryDay {
        date: date.to_string(),
        charged: day.charged,
        drained: day.drained,
        // The first of equal levels: the moment it was reached.
        highest: points.iter().rev().max_by_key(|point| point.level).map(level),
        lowest: points.iter().min_by_key(|point| point.level).map(level),
        latest: points.last().map(level),
        body_battery_level: feedback.and_then(|it| it.level.as_deref()).map(word),
        current_feedback: feedback.and_then(|it| it.short.as_deref()).map(word),
        events: day.events.iter().flatten().filter_map(|happened| event(happened, zone)).collect(),
        series: None,
    })
}

impl Tool for BodyBattery {
    const NAME: &'static str = "get_body_battery";
    const TITLE: &'static str = "Body Battery";
    const DESCRIPTION: &'static str = "Body Battery of a day or up to 31: charged, drained, \
        highest, lowest, latest, and the events behind them; the course of a single day.";
    type Args = BodyBatteryArgs;
    type Answer = BodyBatteryAnswer;

    async fn call(account: &Account, args: BodyBatteryArgs) -> Result<Self::Answer, ToolError> {
        let extras = Extras::begin();
        let today = account.today().await?;
        let range = args.range(today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let mut warnings = Vec::new();
        let mut days: Vec<BatteryDay> = garmin
            .body_battery(range)
            .await?
            .iter()
            .flatten()
            .filter_map(|day| battery_day(day, &zone))
            .collect();
        if let [day] = days.as_mut_slice()
            && range.length() == 1
        {
            let stress = extras.read("series", garmin.stress(range.first())).await;
            if let Some(stress) = Missing::warned(stress, &mut warnings)? {
                refine(day, &curve(stress.as_ref()), &zone);
            }
        }
        let empty = days.is_empty();
        let reason = if empty { account.absence(range.last(), today).await } else { None };
        Ok(BodyBatteryAnswer {
            status: if empty { Status::NoData } else { Status::Ok },
            reason,
            start_date: range.first().to_string(),
            end_date: range.last().to_string(),
            days,
            warnings,
        })
    }
}

/// The full curve of a day: the report shows a few points of it only.
fn curve(stress: Option<&Stress>) -> Vec<Sample> {
    #[expect(clippy::cast_precision_loss, reason = "0 to 100")]
    let sample = |point: garmin::model::BodyBatteryPoint| Sample {
        at: point.at,
        value: Some(point.level as f64),
    };
    stress.iter().flat_map(|stress| stress.body_battery()).map(sample).collect()
}

fn refine(day: &mut BatteryDay, curve: &[Sample], zone: &TimeZone) {
    let level = |sample: &Sample| {
        let level = crate::tools::numbers::whole(sample.value?);
        Some(Level { level, time: moment(sample.at, zone) })
    };
    let by_level = |a: &&Sample, b: &&Sample| {
        a.value.unwrap_or_default().total_cmp(&b.value.unwrap_or_default())
    };
    if let Some(highest) = curve.iter().rev().max_by(by_level).and_then(level) {
        day.highest = Some(highest);
    }
    if let Some(lowest) = curve.iter().min_by(by_level).and_then(level) {
        day.lowest = Some(lowest);
    }
    if let Some(latest) = curve.last().and_then(level) {
        day.latest = Some(latest);
    }
    day.series = series::levels(curve, zone);
}
