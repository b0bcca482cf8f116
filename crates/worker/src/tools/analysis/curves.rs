//! The best of many activities: `get_power_duration_curve` and `get_best_efforts`.

use futures_util::StreamExt;
use garmin::Garmin;
use garmin::api::{ActivityId, ActivityQuery};
use garmin::model::ActivitySummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use training::curve::{DISTANCES, fastest, mean_max};

use super::sections::LABELS;
use super::source::{
    self, Channel, Family, Filed, Seconds, activities, activity_id, day, kind, recording, shown,
};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment_there;

/// Files under way at once.
const AT_ONCE: usize = 4;

/// The series of one activity.
pub(super) struct Read {
    pub(super) summary: ActivitySummary,
    pub(super) seconds: Option<Seconds>,
}

/// Reads the files of activities, some at once; what has none counts as without. A refusal
/// that concerns the whole account ends it.
pub(super) async fn read_each<T>(
    garmin: &Garmin,
    chosen: Vec<ActivitySummary>,
    mut each: impl FnMut(&Read) -> Option<T>,
) -> Result<(Vec<T>, usize, usize), ToolError> {
    let files = chosen.into_iter().filter_map(|summary| {
        let id = ActivityId::new(summary.id?).ok()?;
        Some(async move { (summary, recording(garmin, id).await) })
    });
    let mut files = futures_util::stream::iter(files).buffered(AT_ONCE);
    let (mut found, mut read, mut skipped) = (Vec::new(), 0, 0);
    while let Some((summary, file)) = files.next().await {
        let seconds = match file {
            Ok(Filed::Found { recording, bytes }) => {
                drop(bytes);
                Seconds::of_recording(recording)
            }
            Err(
                error @ (ToolError::AuthExpired
                | ToolError::SavedAuthExpired
                | ToolError::AuthRequired
                | ToolError::RateLimited { .. }),
            ) => {
                return Err(error);
            }
            Ok(Filed::Nothing(_)) | Err(_) => None,
        };
        if seconds.is_some() {
            read += 1;
        } else {
            skipped += 1;
        }
        found.extend(each(&Read { summary, seconds }));
    }
    Ok((found, read, skipped))
}

/// `get_power_duration_curve`
pub(super) struct PowerCurve;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PowerCurveArgs {
    /// How many of the newest of this type; default 20
    num_activities: Option<Whole<1, 50>>,
    /// Default `cycling`
    activity_type: Option<String>,
    /// Only of the last so many days.
    days: Option<Whole<1, 1_100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PowerCurveAnswer {
    status: Status,
    activity_type: String,
    activities_analyzed: usize,
    /// Without a file, or without power in it.
    activities_skipped: usize,
    ftp_estimate_w: Option<Value>,
    ftp_note: Option<&'static str>,
    season_bests: Map<String, Value>,
    rider_weight_kg: Option<f64>,
}

impl Tool for PowerCurve {
    const NAME: &'static str = "get_power_duration_curve";
    const TITLE: &'static str = "Power duration curve";
    const DESCRIPTION: &'static str = "Best power held for 5 s to 60 min over the newest \
        activities of one type, with an FTP estimate. Reads their files, so it takes a while.";
    type Args = PowerCurveArgs;
    type Answer = PowerCurveAnswer;

    async fn call(account: &Account, args: PowerCurveArgs) -> Result<Self::Answer, ToolError> {
        let type_key = args.activity_type.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let type_key = type_key.unwrap_or("cycling").to_ascii_lowercase();
        let kind = kind("activity_type", Some(&type_key))?;
        let today = account.today().await?;
        let range = args.days.map(|days| {
            garmin::days::DayRange::new(today.back(days.0 - 1), today, days.0)
                .unwrap_or_else(|_| garmin::days::DayRange::one(today))
        });
        let garmin = account.garmin()?;
        let limit = args.num_activities.map_or(20, |it| it.0);
        // Garmin filters, so the number counts activities of this type and no others.
        let query = ActivityQuery { start: 0, limit, range, kind };
        let chosen = garmin.activities(&query).await.map_err(|error| match error {
            garmin::GarminError::BadRequest => source::unknown_kind("activity_type"),
            error => error.into(),
        })?;
        let durations = LABELS.map(|(duration, _)| duration);
        let mut bests: Vec<Option<(f64, Value)>> = vec![None; LABELS.len()];
        let mut without_power = 0;
        let (_, read, skipped) = read_each(&garmin, chosen, |read| {
            let power = read.seconds.as_ref().and_then(|it| it.channel(Channel::Power));
            let Some(power) = power else {
                without_power += usize::from(read.seconds.is_some());
                return None::<()>;
            };
            for best in mean_max(&power, &durations) {
                let place = durations.iter().position(|it| *it == best.duration_s)?;
                if bests[place].as_ref().is_none_or(|(most, _)| best.value > *most) {
                    let date = day(&read.summary).map(|day| day.to_string());
                    let from = json!({"watts": shown(Some(best.value), 0),
                                      "activity_id": read.summary.id, "date": date});
                    bests[place] = Some((best.value, from));
                }
            }
            None
        })
        .await?;
        let weight = garmin.latest_weigh_in(today).await.ok().flatten();
        let weight = weight.and_then(|it| it.weight_g).map(|grams| grams / 1_000.0);
        let weight = weight.filter(|kg| (20.0..500.0).contains(kg));
        let mut season_bests = Map::new();
        let mut twenty = None;
        for ((duration, label), best) in LABELS.iter().zip(bests) {
            let Some((watts, mut shown_best)) = best else { continue };
            if *duration == 1_200 {
                twenty = Some(watts);
            }
            if let (Some(weight), Value::Object(entry)) = (weight, &mut shown_best) {
                entry.insert("w_per_kg".into(), shown(Some(watts / weight), 2));
            }
            season_bests.insert((*label).to_owned(), shown_best);
        }
        let ftp = twenty.map(|watts| shown(Some(0.95 * watts), 0));
        Ok(PowerCurveAnswer {
            status: if season_bests.is_empty() { Status::NoData } else { Status::Ok },
            activity_type: type_key,
            activities_analyzed: read - without_power,
            activities_skipped: skipped + without_power,
            ftp_note: ftp.is_some().then_some("Estimated as 95% of 20-minute best power"),
            ftp_estimate_w: ftp,
            season_bests,
            rider_weight_kg: weight.map(|kg| training::rounded(kg, 2)),
        })
    }
}

/// `get_best_efforts`
pub(super) struct BestEfforts;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum EffortKind {
    Pace,
    Power,
    HeartRate,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BestEffortsArgs {
    /// One activity instead of many.
    activity_id: Option<ActivityNumber>,
    /// Default 90
    days: Option<Whole<1, 366>>,
    end_date: Option<NamedDay>,
    /// Default `running`
    sport: Option<String>,
    /// Default `pace` for runs, `power` for rides
    kind: Option<EffortKind>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BestEffortsAnswer {
    status: Status,
    sport: Option<String>,
    kind: &'static str,
    efforts: Vec<Value>,
    activities_analyzed: usize,
    activities_skipped: usize,
    warnings: Vec<String>,
}

/// Files one call reads: the most promising of a range.
const MOST_FILES: usize = 8;

impl Tool for BestEfforts {
    const NAME: &'static str = "get_best_efforts";
    const TITLE: &'static str = "Best efforts";
    const DESCRIPTION: &'static str = "Fastest distances, or highest power or heart rate for a \
        time, in one activity or the hardest of the last days.";
    type Args = BestEffortsArgs;
    type Answer = BestEffortsAnswer;

    async fn call(account: &Account, args: BestEffortsArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let mut warnings = Vec::new();
        let sport = args.sport.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let (chosen, sport) = match args.activity_id {
            Some(number) => {
                let id = activity_id(number)?;
                let activity = garmin.activity(id).await.map_err(|error| match error {
                    garmin::GarminError::NotFound | garmin::GarminError::Forbidden => {
                        source::unknown_activity("activity_id")
                    }
                    error => error.into(),
                })?;
                let totals = activity.totals.unwrap_or_default();
                let key = activity.kind.as_ref().and_then(|kind| kind.key.clone());
                let summary = ActivitySummary {
                    id: Some(id.number()),
                    kind: activity.kind,
                    start: totals.start,
                    start_local: totals.start_local,
                    ..ActivitySummary::default()
                };
                (vec![summary], key)
            }
            None => {
                let sport = sport.unwrap_or("running").to_ascii_lowercase();
                let kind = kind("sport", Some(&sport))?;
                let today = account.today().await?;
                let end = args.end_date.unwrap_or_default().resolve("end_date", today)?;
                let days = args.days.map_or(90, |it| it.0);
                let range = garmin::days::DayRange::new(end.back(days - 1), end, days)
                    .unwrap_or_else(|_| garmin::days::DayRange::one(end));
                let (mut all, complete) = activities(account, range, kind).await?;
                if !complete {
                    warnings.push("only the newest 1,600 activities were looked at".to_owned());
                }
                let found = all.len();
                all.sort_by(|one, other| promise(other).total_cmp(&promise(one)));
                all.truncate(MOST_FILES);
                if found > all.len() {
                    warnings.push(format!(
                        "of {found} activities the {MOST_FILES} hardest were read; name \
                         `activity_id` for another"
                    ));
                }
                (all, Some(sport))
            }
        };
        let rides = sport.as_deref().is_some_and(|it| Family::of(it) == Family::Cycling);
        let effort_kind =
            args.kind.unwrap_or(if rides { EffortKind::Power } else { EffortKind::Pace });
        let mut bests: Vec<(f64, f64, Value)> = Vec::new();
        let (_, read, skipped) = read_each(&garmin, chosen, |read| {
            let seconds = read.seconds.as_ref()?;
            for (key, value, better, entry) in efforts(effort_kind, seconds, &read.summary) {
                match bests.iter_mut().find(|known| (known.0 - key).abs() < 0.01) {
                    Some(known) if better * value > better * known.1 => {
                        (known.1, known.2) = (value, entry);
                    }
                    Some(_) => {}
                    None => bests.push((key, value, entry)),
                }
            }
            None::<()>
        })
        .await?;
        bests.sort_by(|one, other| one.0.total_cmp(&other.0));
        let efforts: Vec<Value> = bests.into_iter().map(|best| best.2).collect();
        Ok(BestEffortsAnswer {
            status: if efforts.is_empty() { Status::NoData } else { Status::Ok },
            sport,
            kind: match effort_kind {
                EffortKind::Pace => "pace",
                EffortKind::Power => "power",
                EffortKind::HeartRate => "heart_rate",
            },
            efforts,
            activities_analyzed: read,
            activities_skipped: skipped,
            warnings,
        })
    }
}

/// How likely an activity holds a best: what is known of it without its file.
fn promise(activity: &ActivitySummary) -> f64 {
    let power = activity.best_20min_power_w.or(activity.normalized_power_w).unwrap_or(0.0);
    let speed = activity.average_speed_mps.unwrap_or(0.0);
    let heart = activity.max_heart_rate.unwrap_or(0.0);
    match Family::of_summary(activity) {
        Family::Cycling => power * 10.0 + speed,
        Family::Running | Family::Swimming | Family::Other => speed * 100.0 + heart,
    }
}

/// The efforts of one activity: what they are ordered by, their value, whether more is better,
/// and how they are told.
fn efforts(
    kind: EffortKind,
    seconds: &Seconds,
    summary: &ActivitySummary,
) -> Vec<(f64, f64, f64, Value)> {
    let start = moment_there(summary.start, summary.start_local);
    let told = |parts: Value, offset: f64| {
        let mut parts = parts;
        if let Value::Object(entry) = &mut parts {
            entry.insert("activity_id".into(), json!(summary.id));
            entry.insert("start".into(), json!(start));
            entry.insert("offset_s".into(), shown(Some(offset), 0));
        }
        parts
    };
    match kind {
        EffortKind::Pace => {
            let Some(distance) = seconds.channel(Channel::Distance) else { return Vec::new() };
            // Standing covers nothing: a second without a value keeps what was reached.
            let mut reached = 0.0_f64;
            let distance: Vec<f64> = distance
                .iter()
                .map(|value| {
                    reached = value.map_or(reached, |value| value.max(reached));
                    reached
                })
                .collect();
            fastest(&distance, &DISTANCES)
                .iter()
                .map(|best| {
                    let speed = best.distance_m / best.time_s;
                    let parts = json!({
                        "distance_m": shown(Some(best.distance_m), 1),
                        "time_s": shown(Some(best.time_s), 1),
                        "speed_mps": shown(Some(speed), 2),
                        "pace_s_per_km": shown(Some(1_000.0 / speed), 0),
                    });
                    (best.distance_m, best.time_s, -1.0, told(parts, best.start_s))
                })
                .collect()
        }
        EffortKind::Power | EffortKind::HeartRate => {
            let (channel, key) = match kind {
                EffortKind::Power => (Channel::Power, "power_w"),
                EffortKind::Pace | EffortKind::HeartRate => (Channel::HeartRate, "heart_rate_bpm"),
            };
            let Some(values) = seconds.channel(channel) else { return Vec::new() };
            mean_max(&values, &training::curve::DURATIONS)
                .iter()
                .map(|best| {
                    let duration = f64::from(best.duration_s);
                    let parts = json!({"duration_s": best.duration_s,
                                       (key): shown(Some(best.value), 0)});
                    (duration, best.value, 1.0, told(parts, source::number(best.start)))
                })
                .collect()
        }
    }
}
