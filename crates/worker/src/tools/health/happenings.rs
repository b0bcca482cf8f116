//! What happened on one day: what charged and drained, what the watch noticed, what it was asked
//! to measure.

use domain::region::Region;
use garmin::model::{BodyBatteryHappening, DayEvent, HealthSnapshot, SnapshotSummary};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Serialize;

use super::day::DayArgs;
use crate::account::Account;
use crate::answer::Reading;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{clock_there, moment, offset, tenth, whole, word, zone_there};

/// `get_body_battery_events`
pub(super) struct BodyBatteryEvents;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BatteryAnswer {
    events: Vec<BatteryEvent>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct BatteryEvent {
    /// `sleep`, `nap`, `activity`, `recovery`, `stress`, …
    r#type: String,
    start: Option<String>,
    minutes: Option<i64>,
    /// Positive where it charged, negative where it drained.
    impact: Option<i64>,
    avg_stress: Option<i64>,
    feedback: Option<String>,
    activity_id: Option<i64>,
    activity_name: Option<String>,
    activity_type: Option<String>,
}

fn battery_event(it: &BodyBatteryHappening, zone: &TimeZone) -> Option<BatteryEvent> {
    let event = it.event.as_ref()?;
    let name = it.activity_name.as_ref().or(event.activity_name.as_ref());
    let kind = it.activity_type.as_ref().or(event.activity_type.as_ref());
    Some(BatteryEvent {
        r#type: word(event.kind.as_deref()?),
        start: event.start.map(|at| {
            let there = event.offset_ms.and_then(|millis| offset(millis / 1000));
            moment(at, &zone_there(at, there, zone))
        }),
        minutes: event.duration_ms.map(|millis| millis.saturating_add(30_000).div_euclid(60_000)),
        impact: event.impact,
        avg_stress: it.average_stress.filter(|level| *level >= 0.0).map(whole),
        feedback: event.short_feedback.as_deref().map(word),
        activity_id: it.activity_id.or(event.activity_id),
        activity_name: name.cloned(),
        activity_type: kind.cloned(),
    })
}

impl Tool for BodyBatteryEvents {
    const NAME: &'static str = "get_body_battery_events";
    const TITLE: &'static str = "What charged and drained";
    const DESCRIPTION: &'static str = "Sleep, activities and other events of one day with what \
        each did to Body Battery. get_body_battery has the levels.";
    type Args = DayArgs;
    type Answer = Reading<BatteryAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let found = garmin.body_battery_events(day).await?.unwrap_or_default();
        let events: Vec<BatteryEvent> =
            found.iter().filter_map(|it| battery_event(it, &zone)).collect();
        let data = (!events.is_empty()).then_some(BatteryAnswer { events });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_all_day_events`
pub(super) struct AllDayEvents;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EventsAnswer {
    events: Vec<Noticed>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Noticed {
    r#type: String,
    sub_type: Option<String>,
    start: Option<String>,
    minutes: Option<i64>,
    moderate_intensity_minutes: Option<i64>,
    vigorous_intensity_minutes: Option<i64>,
}

fn noticed(it: &DayEvent, region: Region, zone: &TimeZone) -> Option<Noticed> {
    Some(Noticed {
        r#type: word(it.kind.as_deref()?),
        sub_type: it.sub_kind.as_deref().map(word),
        start: it.start.map(|at| moment(at, &clock_there(at, it.start_local, region, zone))),
        minutes: it.duration_min.map(whole),
        moderate_intensity_minutes: it.moderate_min,
        vigorous_intensity_minutes: it.vigorous_min,
    })
}

impl Tool for AllDayEvents {
    const NAME: &'static str = "get_all_day_events";
    const TITLE: &'static str = "What the watch noticed";
    const DESCRIPTION: &'static str = "Walks, runs and the like that the watch noticed by \
        itself on one day. Recorded activities: get_activities_fordate.";
    type Args = DayArgs;
    type Answer = Reading<EventsAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let region = account.upstream.region;
        let found = garmin.day_events(day).await?.unwrap_or_default();
        let events: Vec<Noticed> =
            found.iter().filter_map(|it| noticed(it, region, &zone)).collect();
        let data = (!events.is_empty()).then_some(EventsAnswer { events });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_health_snapshot`
pub(super) struct Snapshot;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SnapshotAnswer {
    /// Newest first.
    snapshots: Vec<Measured>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Measured {
    start: Option<String>,
    name: Option<String>,
    notes: Option<String>,
    heart_rate_bpm: Option<Figure>,
    respiration_brpm: Option<Figure>,
    stress: Option<Figure>,
    spo2_pct: Option<Figure>,
    rmssd_hrv_ms: Option<f64>,
    sdrr_hrv_ms: Option<f64>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Figure {
    min: Option<f64>,
    avg: Option<f64>,
    max: Option<f64>,
}

/// −1 and the like say that nothing was measured.
fn figure(it: &SnapshotSummary) -> Option<Figure> {
    let known = |value: Option<f64>| value.filter(|value| *value >= 0.0).map(tenth);
    let figure = Figure { min: known(it.lowest), avg: known(it.average), max: known(it.highest) };
    let Figure { min, avg, max } = figure;
    (min.is_some() || avg.is_some() || max.is_some()).then_some(figure)
}

fn measured(it: &HealthSnapshot, region: Region, zone: &TimeZone) -> Option<Measured> {
    let summary = |kind: &str| {
        let mut all = it.summaries.iter().flatten();
        all.find(|it| it.kind.as_deref() == Some(kind)).and_then(figure)
    };
    let average = |kind: &str| summary(kind).and_then(|figure| figure.avg);
    it.summaries.as_ref()?;
    Some(Measured {
        start: it.start.map(|at| moment(at, &clock_there(at, it.start_local, region, zone))),
        name: it.name.clone(),
        notes: it.notes.clone(),
        heart_rate_bpm: summary("HEART_RATE"),
        respiration_brpm: summary("RESPIRATION"),
        stress: summary("STRESS"),
        spo2_pct: summary("SPO2"),
        rmssd_hrv_ms: average("RMSSD_HRV"),
        sdrr_hrv_ms: average("SDRR_HRV"),
    })
}

impl Tool for Snapshot {
    const NAME: &'static str = "get_health_snapshot";
    const TITLE: &'static str = "Health snapshots of one day";
    const DESCRIPTION: &'static str = "Two-minute health snapshots taken on one day: heart rate, \
        variability, blood oxygen, breathing, stress. Most days have none.";
    type Args = DayArgs;
    type Answer = Reading<SnapshotAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let region = account.upstream.region;
        let mut found = garmin.health_snapshots(day).await?.unwrap_or_default();
        found.sort_by_key(|it| std::cmp::Reverse(it.start));
        let snapshots: Vec<Measured> =
            found.iter().filter_map(|it| measured(it, region, &zone)).collect();
        let data = (!snapshots.is_empty()).then_some(SnapshotAnswer { snapshots });
        Ok(account.reading(day, today, data).await)
    }
}

#[cfg(test)]
mod tests {
    use garmin::model::BodyBatteryEvent;

    use super::*;

    #[test]
    fn an_event_without_a_kind_or_an_end_is_no_trouble() {
        let happening = |kind: Option<&str>| BodyBatteryHappening {
            event: Some(BodyBatteryEvent {
                kind: kind.map(str::to_owned),
                impact: Some(0),
                duration_ms: Some(i64::MAX),
                ..BodyBatteryEvent::default()
            }),
            average_stress: Some(-1.0),
            ..BodyBatteryHappening::default()
        };
        assert_eq!(battery_event(&happening(None), &TimeZone::UTC), None);
        let event = battery_event(&happening(Some("NAP")), &TimeZone::UTC).unwrap();
        assert_eq!((event.r#type.as_str(), event.impact, event.avg_stress), ("nap", Some(0), None));
        assert_eq!(battery_event(&BodyBatteryHappening::default(), &TimeZone::UTC), None);
    }

    #[test]
    fn a_snapshot_has_the_figures_that_were_measured() {
        let summary = |kind: &str, average| SnapshotSummary {
            kind: Some(kind.into()),
            average: Some(average),
            ..SnapshotSummary::default()
        };
        let snapshot = HealthSnapshot {
            summaries: Some(vec![summary("STRESS", -1.0), summary("RMSSD_HRV", 48.04)]),
            ..HealthSnapshot::default()
        };
        let shown = measured(&snapshot, Region::Global, &TimeZone::UTC).unwrap();
        assert_eq!((shown.stress, shown.rmssd_hrv_ms), (None, Some(48.0)));
    }
}
