//! `estimate_thresholds`: what recent efforts say about threshold power, heart rate and pace.

use garmin::days::DayRange;
use garmin::model::ActivitySummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::thresholds::{Activity, Estimate, WIDE_WINDOW_DAYS, estimate, evidence};

use super::curves::read_each;
use super::load::Anchors;
use super::source::{Channel, Family, activities, day, kind, shown};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;

/// `estimate_thresholds`
pub(super) struct EstimateThresholds;

/// Files one call reads.
const MOST_FILES: usize = 8;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EstimateArgs {
    /// Default 42, or 90 where too little was done
    window_days: Option<Whole<7, 180>>,
    end_date: Option<NamedDay>,
    /// Default `cycling`
    sport: Option<String>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct EstimateAnswer {
    status: Option<Status>,
    reason: Option<&'static str>,
    sport: String,
    ftp_w: Option<Value>,
    lthr_bpm: Option<Value>,
    threshold_pace_s_per_km: Option<Value>,
    /// How each was come by, and how far to trust it.
    methods: Option<Value>,
    evidence: Option<Value>,
    /// What Garmin has stored, for comparison; nothing is changed.
    stored: Option<Value>,
    window_days: i64,
    widened: bool,
    activities_analyzed: usize,
    warnings: Vec<String>,
    advice: Option<&'static str>,
}

impl Tool for EstimateThresholds {
    const NAME: &'static str = "estimate_thresholds";
    const TITLE: &'static str = "Estimated thresholds";
    const DESCRIPTION: &'static str = "FTP, threshold heart rate and threshold pace estimated from \
        the best efforts of the last weeks, with method, confidence and evidence. Changes \
        nothing.";
    type Args = EstimateArgs;
    type Answer = EstimateAnswer;

    #[expect(clippy::too_many_lines, reason = "one part of the answer after the other")]
    async fn call(account: &Account, args: EstimateArgs) -> Result<Self::Answer, ToolError> {
        let sport = args.sport.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let sport = sport.unwrap_or("cycling").to_ascii_lowercase();
        let kind = kind("sport", Some(&sport))?;
        let today = account.today().await?;
        let end = args.end_date.unwrap_or_default().resolve("end_date", today)?;
        let window = args.window_days.map_or(42, |it| it.0);
        let widest = u32::try_from(WIDE_WINDOW_DAYS).unwrap_or(90).max(window) + 1;
        let range =
            DayRange::new(end.back(widest - 1), end, widest).unwrap_or_else(|_| DayRange::one(end));
        let garmin = account.garmin()?;
        let (all, complete) = activities(account, range, kind).await?;
        let mut answer = EstimateAnswer { sport, ..EstimateAnswer::default() };
        if !complete {
            answer.warnings.push("only the newest 1,600 activities were looked at".to_owned());
        }
        let age = |it: &ActivitySummary| {
            let date = day(it)?;
            end.date().since(date).ok().map(|span| span.get_days())
        };
        let within = all.iter().filter(|it| {
            age(it).is_some_and(|days| u32::try_from(days).is_ok_and(|days| days <= window))
        });
        // Those of the window first; older ones fill up where the window is thin.
        let mut chosen: Vec<ActivitySummary> = within.cloned().collect();
        chosen.sort_by(|one, other| promise(other).total_cmp(&promise(one)));
        if chosen.len() < 3 {
            let mut older: Vec<ActivitySummary> = all
                .iter()
                .filter(|it| !chosen.iter().any(|kept| kept.id == it.id))
                .cloned()
                .collect();
            older.sort_by(|one, other| promise(other).total_cmp(&promise(one)));
            chosen.extend(older);
        }
        let found = chosen.len();
        chosen.truncate(MOST_FILES);
        if found > MOST_FILES {
            answer.warnings.push(format!(
                "of {found} activities the {MOST_FILES} that looked hardest were read"
            ));
        }
        let rides = chosen.iter().any(|it| Family::of_summary(it) == Family::Cycling);
        let origin = end.date();
        let (efforts, read, _) = read_each(&garmin, chosen, |read| {
            let seconds = read.seconds.as_ref()?;
            let date = day(&read.summary)?;
            let channel = |channel| {
                seconds.channel(channel).map(|values| evidence(&values)).unwrap_or_default()
            };
            // The speed of a ride says nothing about a threshold.
            let speed = if rides { Vec::new() } else { channel(Channel::Speed) };
            let days = date.since(origin).ok()?.get_days();
            Some(Activity {
                day: days.into(),
                power: channel(Channel::Power),
                heart: channel(Channel::HeartRate),
                speed,
            })
        })
        .await?;
        let found = estimate(&efforts, window.into(), Some(0));
        answer.activities_analyzed = read;
        answer.window_days = found.window_days;
        answer.widened = found.widened;
        let nothing =
            found.ftp_w.is_none() && found.lthr_bpm.is_none() && found.speed_mps.is_none();
        if nothing {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        }
        let whole = |estimate: Option<Estimate>| estimate.map(|it| shown(Some(it.value), 0));
        answer.ftp_w = whole(found.ftp_w);
        answer.lthr_bpm = whole(found.lthr_bpm);
        answer.threshold_pace_s_per_km =
            found.speed_mps.map(|it| shown(Some(1_000.0 / it.value), 0));
        let method = |estimate: Option<Estimate>| {
            estimate.map(|it| json!({"method": it.method, "confidence": it.confidence.word()}))
        };
        answer.methods = Some(json!({
            "ftp": method(found.ftp_w),
            "lthr": method(found.lthr_bpm),
            "threshold_pace": method(found.speed_mps),
        }));
        answer.evidence = Some(json!({
            "best_5min_w": shown(found.best_5min_w, 0),
            "best_20min_w": shown(found.best_20min_w, 0),
            "best_60min_w": shown(found.best_60min_w, 0),
            "cp_model_w": shown(found.critical_power_w, 0),
            "best_20min_hr_bpm": shown(found.best_20min_bpm, 0),
            "best_30min_hr_bpm": shown(found.best_30min_bpm, 0),
            "max_hr_seen_bpm": shown(found.peak_bpm, 0),
            "activities_with_power": found.with_power,
            "activities_with_heart_rate": found.with_heart,
            "activities_with_speed": found.with_speed,
        }));
        let stored = Anchors::read(&garmin).await?;
        answer.stored = Some(json!({
            "ftp_w": shown(stored.ftp_w, 0),
            "lthr_bpm": shown(stored.lthr_bpm, 0),
            "threshold_pace_s_per_km": shown(stored.speed_mps.map(|speed| 1_000.0 / speed), 0),
        }));
        let low = [found.ftp_w, found.lthr_bpm, found.speed_mps]
            .into_iter()
            .flatten()
            .any(|it| it.confidence == training::thresholds::Confidence::Low);
        if low {
            answer.warnings.push(
                "low confidence: probably an underestimate, no clear maximal effort seen"
                    .to_owned(),
            );
        }
        answer.advice = Some("Confirm with a formal test before changing zones.");
        answer.status = Some(Status::Ok);
        Ok(answer)
    }
}

/// How likely an activity holds a maximal effort.
fn promise(activity: &ActivitySummary) -> f64 {
    let power = activity.best_20min_power_w.or(activity.normalized_power_w).unwrap_or(0.0);
    let heart = activity.max_heart_rate.or(activity.average_heart_rate).unwrap_or(0.0);
    let speed = activity.average_speed_mps.unwrap_or(0.0);
    match Family::of_summary(activity) {
        Family::Cycling => power + heart,
        Family::Running | Family::Swimming | Family::Other => 40.0 * speed + heart,
    }
}
