//! Time in zones: of one activity, or of all in a range, and what its spread says.

use std::collections::BTreeMap;

use garmin::Garmin;
use garmin::days::{Day, DayRange};
use garmin::model::{ActivitySummary, TimeInZone};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use training::distribution::Shares;
use training::zones::{Channel as Zoned, pace_floors, seconds_in};

use super::source::{Channel, activities, activity_id, chart, day, kind, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, NamedDay, RangeStart, Whole, Window, range};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::find::part;

/// `get_time_in_zones`
pub(super) struct TimeInZones;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Metric {
    #[default]
    HeartRate,
    Power,
    Pace,
}

impl Metric {
    fn unit(self) -> &'static str {
        match self {
            Self::HeartRate => "bpm",
            Self::Power => "w",
            Self::Pace => "mps",
        }
    }

    fn digits(self) -> u32 {
        if self == Self::Pace { 2 } else { 0 }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ZonesArgs {
    /// One activity; otherwise all of the range are added up.
    activity_id: Option<ActivityNumber>,
    start_date: Option<RangeStart>,
    end_date: Option<NamedDay>,
    metric: Option<Metric>,
    /// Own boundaries, rising: bpm, W or m/s. With `activity_id` only.
    zones: Option<Many<f64>>,
    activity_type: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct ZonesAnswer {
    status: Option<Status>,
    metric: Option<&'static str>,
    activity_id: Option<i64>,
    date_range: Option<Value>,
    activities: Option<usize>,
    /// Whose boundaries: `garmin`, `custom` or `threshold_pace`.
    source: Option<&'static str>,
    zones: Vec<Value>,
    total_seconds: Option<Value>,
    reason: Option<&'static str>,
    warnings: Vec<String>,
}

/// Zones as they are told.
fn told(metric: Metric, floors: &[Option<f64>], seconds: &[f64]) -> Vec<Value> {
    let total: f64 = seconds.iter().sum();
    let unit = metric.unit();
    let digits = metric.digits();
    seconds
        .iter()
        .enumerate()
        .map(|(index, seconds)| {
            let mut zone = Map::new();
            zone.insert("zone".into(), (index + 1).into());
            zone.insert(format!("low_{unit}"), shown(floors.get(index).copied().flatten(), digits));
            let high = floors.get(index + 1).copied().flatten();
            zone.insert(format!("high_{unit}"), shown(high, digits));
            zone.insert("seconds".into(), shown(Some(*seconds), 0));
            let pct = (total > 0.0).then(|| 100.0 * seconds / total);
            zone.insert("pct".into(), shown(pct, 1));
            Value::Object(zone)
        })
        .collect()
}

impl Tool for TimeInZones {
    const NAME: &'static str = "get_time_in_zones";
    const TITLE: &'static str = "Time in zones";
    const DESCRIPTION: &'static str = "Time in heart-rate, power or pace zones, of one activity or \
        of all in a range; your own boundaries for one activity.";
    type Args = ZonesArgs;
    type Answer = ZonesAnswer;

    async fn call(account: &Account, args: ZonesArgs) -> Result<Self::Answer, ToolError> {
        let metric = args.metric.unwrap_or_default();
        let custom = args.zones.as_ref().map(|zones| boundaries(&zones.0)).transpose()?;
        let mut answer = match args.activity_id {
            Some(number) => one(account, number, metric, custom).await?,
            None if custom.is_some() => {
                let problem = "only together with `activity_id`: over a range only Garmin's own \
                               zones are known";
                return Err(ToolError::argument("zones", problem));
            }
            None => many(account, &args, metric).await?,
        };
        answer.metric = Some(match metric {
            Metric::HeartRate => "heart_rate",
            Metric::Power => "power",
            Metric::Pace => "pace",
        });
        let total: f64 = answer.zones.iter().filter_map(|zone| zone["seconds"].as_f64()).sum();
        if total > 0.0 {
            answer.status = Some(Status::Ok);
            answer.total_seconds = Some(shown(Some(total), 0));
        } else {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            answer.zones.clear();
        }
        Ok(answer)
    }
}

fn boundaries(given: &[f64]) -> Result<Vec<f64>, ToolError> {
    let rising = given.windows(2).all(|pair| pair[0] < pair[1]);
    let sound = given.iter().all(|it| it.is_finite() && (0.0..100_000.0).contains(it));
    if !(1..=20).contains(&given.len()) || !rising || !sound {
        let problem = "allowed are 1 to 20 rising numbers, the lower boundaries of the zones";
        return Err(ToolError::argument("zones", problem));
    }
    let below = given.first().filter(|first| **first > 0.0).map(|_| 0.0);
    Ok(below.into_iter().chain(given.iter().copied()).collect())
}

async fn one(
    account: &Account,
    given: ActivityNumber,
    metric: Metric,
    custom: Option<Vec<f64>>,
) -> Result<ZonesAnswer, ToolError> {
    let id = activity_id(given)?;
    let garmin = account.garmin()?;
    let mut answer = ZonesAnswer { activity_id: Some(id.number()), ..ZonesAnswer::default() };
    if custom.is_none() && metric != Metric::Pace {
        let found = match metric {
            Metric::Power => garmin.activity_power_zones(id).await,
            Metric::HeartRate | Metric::Pace => garmin.activity_heart_rate_zones(id).await,
        };
        let Some(zones) = part(account, given, found).await? else {
            return Ok(answer);
        };
        let mut zones: Vec<TimeInZone> = zones;
        zones.sort_by_key(|zone| zone.zone);
        let floors: Vec<Option<f64>> = zones.iter().map(|zone| zone.low).collect();
        let seconds: Vec<f64> =
            zones.iter().map(|zone| zone.seconds.unwrap_or(0.0).max(0.0)).collect();
        answer.zones = told(metric, &floors, &seconds);
        answer.source = Some("garmin");
        return Ok(answer);
    }
    let floors = match custom {
        Some(floors) => {
            answer.source = Some("custom");
            floors
        }
        None => {
            let Some(speed) = threshold_speed(&garmin).await? else {
                let problem = "Garmin knows no threshold pace of this athlete; allowed are own \
                               boundaries in m/s";
                return Err(ToolError::argument("zones", problem));
            };
            answer.source = Some("threshold_pace");
            pace_floors(speed)
        }
    };
    let (channel, zoned) = match metric {
        Metric::HeartRate => (Channel::HeartRate, Zoned::HeartRate),
        Metric::Power => (Channel::Power, Zoned::Power),
        Metric::Pace => (Channel::Speed, Zoned::Speed),
    };
    let Some(values) = chart(&garmin, id).await?.and_then(|seconds| seconds.channel(channel))
    else {
        return Ok(answer);
    };
    let counted = values.into_iter().flatten().filter_map(|value| zoned.counted(value));
    let seconds = seconds_in(counted, &floors);
    let floors: Vec<Option<f64>> = floors.into_iter().map(Some).collect();
    answer.zones = told(metric, &floors, &seconds);
    Ok(answer)
}

/// Metres per second, as Garmin has detected it.
pub(super) async fn threshold_speed(garmin: &Garmin) -> Result<Option<f64>, ToolError> {
    let data = garmin.user_settings().await?.and_then(|settings| settings.data);
    let tenths = data.and_then(|data| data.lactate_threshold_speed_tenths);
    Ok(tenths.map(|tenths| tenths * 10.0).filter(|speed| (1.0..10.0).contains(speed)))
}

/// Seconds an activity spent in each zone, as its list item says.
pub(super) fn heart_seconds(it: &ActivitySummary) -> [Option<f64>; 5] {
    [it.heart_zone_1_s, it.heart_zone_2_s, it.heart_zone_3_s, it.heart_zone_4_s, it.heart_zone_5_s]
}

fn power_seconds(it: &ActivitySummary) -> [Option<f64>; 7] {
    [
        it.power_zone_1_s,
        it.power_zone_2_s,
        it.power_zone_3_s,
        it.power_zone_4_s,
        it.power_zone_5_s,
        it.power_zone_6_s,
        it.power_zone_7_s,
    ]
}

async fn many(
    account: &Account,
    args: &ZonesArgs,
    metric: Metric,
) -> Result<ZonesAnswer, ToolError> {
    if metric == Metric::Pace {
        let problem = "`pace` only with `activity_id`; allowed over a range are `heart_rate` and \
                       `power`";
        return Err(ToolError::argument("metric", problem));
    }
    let kind = kind("activity_type", args.activity_type.as_deref())?;
    let today = account.today().await?;
    let days = range(args.start_date, args.end_date, today, Window::past(7, 366))?;
    let (all, complete) = activities(account, days, kind).await?;
    let mut answer = ZonesAnswer {
        date_range: Some(dates(days)),
        source: Some("garmin"),
        ..ZonesAnswer::default()
    };
    if !complete {
        answer.warnings.push("only the newest 1,600 activities were counted".to_owned());
    }
    let count = if metric == Metric::Power { 7 } else { 5 };
    let mut seconds = vec![0.0; count];
    let mut with_zones = 0;
    for activity in &all {
        let zones: Vec<Option<f64>> = match metric {
            Metric::Power => power_seconds(activity).to_vec(),
            Metric::HeartRate | Metric::Pace => heart_seconds(activity).to_vec(),
        };
        if zones.iter().any(Option::is_some) {
            with_zones += 1;
            for (sum, zone) in seconds.iter_mut().zip(zones) {
                *sum += zone.unwrap_or(0.0).max(0.0);
            }
        }
    }
    answer.activities = Some(with_zones);
    let floors = match metric {
        Metric::HeartRate if with_zones > 0 => heart_floors(&account.garmin()?).await,
        Metric::HeartRate | Metric::Power | Metric::Pace => None,
    };
    let floors: Vec<Option<f64>> = floors.unwrap_or_default().into_iter().map(Some).collect();
    answer.zones = told(metric, &floors, &seconds);
    Ok(answer)
}

/// Where the athlete's heart rate zones begin now.
async fn heart_floors(garmin: &Garmin) -> Option<Vec<f64>> {
    let all = garmin.heart_rate_zones().await.ok()??;
    let of = |sport: &str| all.iter().find(|zones| zones.sport.as_deref() == Some(sport));
    let zones = of("DEFAULT").or_else(|| all.first())?;
    let floors = [
        zones.zone_1_floor?,
        zones.zone_2_floor?,
        zones.zone_3_floor?,
        zones.zone_4_floor?,
        zones.zone_5_floor?,
    ];
    #[expect(clippy::cast_precision_loss, reason = "beats per minute")]
    Some(floors.map(|floor| floor as f64).to_vec())
}

pub(super) fn dates(range: DayRange) -> Value {
    json!({"start": range.first().to_string(), "end": range.last().to_string()})
}

/// `audit_intensity_distribution`
pub(super) struct Distribution;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Model {
    #[default]
    Auto,
    Polarized,
    Pyramidal,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DistributionArgs {
    /// Default 28
    days: Option<Whole<7, 366>>,
    end_date: Option<NamedDay>,
    /// What the training is meant to be.
    model: Option<Model>,
    activity_type: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct DistributionAnswer {
    status: Option<Status>,
    reason: Option<&'static str>,
    date_range: Option<Value>,
    /// Of the time with heart rate: zones 1–2, 3–4 and 5.
    low_pct: Option<Value>,
    mid_pct: Option<Value>,
    high_pct: Option<Value>,
    /// Above 2 is polarized; absent where it is not defined.
    polarization_index: Option<Value>,
    label: Option<&'static str>,
    verdict: Option<String>,
    weeks: Vec<Value>,
    coverage: Option<Value>,
    warnings: Vec<String>,
}

impl Tool for Distribution {
    const NAME: &'static str = "audit_intensity_distribution";
    const TITLE: &'static str = "Intensity distribution";
    const DESCRIPTION: &'static str = "How training time is spread below, between and above the \
        thresholds, per week, with the polarisation index.";
    type Args = DistributionArgs;
    type Answer = DistributionAnswer;

    async fn call(account: &Account, args: DistributionArgs) -> Result<Self::Answer, ToolError> {
        let kind = kind("activity_type", args.activity_type.as_deref())?;
        let today = account.today().await?;
        let end = args.end_date.unwrap_or_default().resolve("end_date", today)?;
        let count = args.days.map_or(28, |days| days.0);
        let days =
            DayRange::new(end.back(count - 1), end, count).unwrap_or_else(|_| DayRange::one(end));
        let (all, complete) = activities(account, days, kind).await?;
        let mut answer =
            DistributionAnswer { date_range: Some(dates(days)), ..DistributionAnswer::default() };
        if !complete {
            answer.warnings.push("only the newest 1,600 activities were counted".to_owned());
        }
        let mut total = [0.0; 5];
        let mut weeks: BTreeMap<Day, [f64; 5]> = BTreeMap::new();
        let (mut with_heart, mut seconds_all) = (0_usize, 0.0);
        for activity in &all {
            seconds_all += activity.duration_s.unwrap_or(0.0).max(0.0);
            let zones = heart_seconds(activity);
            if zones.iter().all(Option::is_none) {
                continue;
            }
            with_heart += 1;
            let week = day(activity).map(|date| monday(Day::of(date)));
            let mut slot = week.map(|week| weeks.entry(week).or_insert([0.0; 5]));
            for (index, zone) in zones.into_iter().enumerate() {
                let zone = zone.unwrap_or(0.0).max(0.0);
                total[index] += zone;
                if let Some(slot) = &mut slot {
                    slot[index] += zone;
                }
            }
        }
        let seconds_in_zones: f64 = total.iter().sum();
        answer.coverage = Some(json!({
            "activities": all.len(),
            "activities_with_heart_rate": with_heart,
            "time_in_zones_pct":
                shown((seconds_all > 0.0).then(|| 100.0 * seconds_in_zones / seconds_all), 1),
        }));
        let Some(shares) = Shares::of_zones(&total) else {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        };
        let pct = |share: f64| shown(Some(100.0 * share), 1);
        answer.weeks = weeks
            .iter()
            .filter_map(|(week, seconds)| {
                let shares = Shares::of_zones(seconds)?;
                Some(json!({
                    "week_start": week.to_string(),
                    "hours": shown(Some(seconds.iter().sum::<f64>() / 3_600.0), 1),
                    "low_pct": pct(shares.low), "mid_pct": pct(shares.mid),
                    "high_pct": pct(shares.high), "label": shares.label(),
                }))
            })
            .collect();
        answer.status = Some(Status::Ok);
        answer.low_pct = Some(pct(shares.low));
        answer.mid_pct = Some(pct(shares.mid));
        answer.high_pct = Some(pct(shares.high));
        answer.polarization_index = shares.polarization_index().map(|it| shown(Some(it), 2));
        answer.label = Some(shares.label());
        answer.verdict = Some(verdict(&shares, args.model.unwrap_or_default()));
        Ok(answer)
    }
}

pub(super) fn monday(day: Day) -> Day {
    let back = u32::try_from(day.date().weekday().to_monday_zero_offset()).unwrap_or(0);
    day.back(back)
}

fn verdict(shares: &Shares, model: Model) -> String {
    let label = shares.label();
    let meant = match model {
        Model::Auto => {
            return format!(
                "{label}: {:.0} % easy, {:.0} % in between, {:.0} % hard",
                100.0 * shares.low,
                100.0 * shares.mid,
                100.0 * shares.high
            );
        }
        Model::Polarized => "polarized",
        Model::Pyramidal => "pyramidal",
    };
    if label == meant {
        return format!("as meant: {label}");
    }
    let advice = if shares.low < 0.7 {
        "more easy time would bring it closer"
    } else if model == Model::Polarized && shares.mid > shares.high {
        "less time in between and more hard time would bring it closer"
    } else {
        "the hard part differs"
    };
    format!("{label}, not {meant}: {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_rise_and_begin_at_nothing() {
        assert_eq!(boundaries(&[120.0, 150.0]).unwrap(), [0.0, 120.0, 150.0]);
        assert_eq!(boundaries(&[0.0, 150.0]).unwrap(), [0.0, 150.0]);
        for bad in [&[][..], &[150.0, 120.0], &[-1.0], &[f64::NAN]] {
            assert!(boundaries(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn zones_say_their_share_and_the_unit_is_in_the_key() {
        let zones = told(Metric::Power, &[Some(0.0), Some(150.0)], &[90.0, 0.0]);
        let expected = json!({"zone": 1, "low_w": 0, "high_w": 150, "seconds": 90, "pct": 100.0});
        assert_eq!(zones[0], expected);
        assert_eq!(zones[1]["seconds"], 0);
    }
}
