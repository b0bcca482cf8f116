//! `analyze_training_load`: fitness, fatigue and form from everything that was done.

use garmin::Garmin;
use garmin::days::{Day, DayRange};
use garmin::model::ActivitySummary;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use training::load::{Model, WARM_UP_DAYS, follow, form_band, ramp_band, ratio_band, risk};
use training::{heart, power};

use super::source::{Family, activities, day, shown, type_key};
use super::zones::{dates, threshold_speed};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{Many, NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::table::Table;

/// `analyze_training_load`
pub(super) struct TrainingLoad;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoadArgs {
    /// Default 90; half a year before is read as well
    days: Option<Whole<1, 366>>,
    end_date: Option<NamedDay>,
    /// Only these types, such as `running`.
    sports: Option<Many<String>>,
    /// Continues so many days without training.
    project_days: Option<Whole<0, 120>>,
}

#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct LoadAnswer {
    status: Option<Status>,
    reason: Option<&'static str>,
    date_range: Option<Value>,
    current: Option<Value>,
    /// Load, fitness (ctl), fatigue (atl), form (tsb) and week against month (acwr), day by day.
    series: Option<Table>,
    projection: Option<Table>,
    /// How many activities were scored by what.
    basis: Option<Value>,
    thresholds: Option<Value>,
    warm_start: Option<Value>,
    warnings: Vec<String>,
}

/// What the load of an activity was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    Power,
    Pace,
    HeartRate,
    Rpe,
    Device,
    None,
}

/// The athlete's thresholds as Garmin knows them now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Anchors {
    pub(super) ftp_w: Option<f64>,
    pub(super) lthr_bpm: Option<f64>,
    pub(super) speed_mps: Option<f64>,
}

impl Anchors {
    /// What is not known is left out; only the need to sign in ends the call.
    pub(super) async fn read(garmin: &Garmin) -> Result<Self, ToolError> {
        let (ftp, settings, speed) =
            tokio::join!(garmin.cycling_ftp(), garmin.user_settings(), threshold_speed(garmin));
        let ftp = ftp.or_else(optional)?;
        let settings = settings.or_else(optional)?;
        #[expect(clippy::cast_precision_loss, reason = "beats per minute")]
        let lthr = settings
            .and_then(|settings| settings.data?.lactate_threshold_heart_rate)
            .map(|bpm| bpm as f64);
        Ok(Self {
            ftp_w: ftp.and_then(|ftp| ftp.power_w).filter(|watts| (30.0..1_000.0).contains(watts)),
            lthr_bpm: lthr.filter(|bpm| (80.0..230.0).contains(bpm)),
            speed_mps: speed.unwrap_or(None),
        })
    }

    /// The load of one activity, and what it hangs on. Only one scale is used: 100 is an hour
    /// at threshold; Garmin's own load counts only where nothing else can be said.
    pub(super) fn score(&self, activity: &ActivitySummary) -> (f64, Basis) {
        let Some(duration) = activity.duration_s.filter(|it| *it > 0.0) else {
            return (0.0, Basis::None);
        };
        let family = Family::of_summary(activity);
        if family == Family::Cycling
            && let (Some(watts), Some(ftp)) = (activity.normalized_power_w, self.ftp_w)
            && let Some(load) = power::stress(duration, watts, ftp)
        {
            return (load, Basis::Power);
        }
        if family == Family::Running
            && let (Some(speed), Some(threshold)) =
                (activity.grade_adjusted_speed_mps.filter(|it| *it > 0.0), self.speed_mps)
        {
            return (duration / 36.0 * (speed / threshold).powi(2), Basis::Pace);
        }
        if let (Some(bpm), Some(threshold)) = (activity.average_heart_rate, self.lthr_bpm)
            && let Some(load) = heart::stress(duration, bpm, threshold)
        {
            return (load, Basis::HeartRate);
        }
        if let Some(rpe) = activity.perceived_exertion_tenfold.filter(|it| *it > 0.0) {
            return (heart::felt(duration / 60.0, rpe / 10.0), Basis::Rpe);
        }
        match activity.training_load.filter(|load| *load > 0.0) {
            Some(load) => (load, Basis::Device),
            None => (0.0, Basis::None),
        }
    }
}

/// What is not there is not known; only the need to sign in matters.
fn optional<T>(error: garmin::GarminError) -> Result<Option<T>, ToolError> {
    match error {
        garmin::GarminError::SignInNeeded => Err(ToolError::AuthExpired),
        _ => Ok(None),
    }
}

/// Days read before the first one shown, so that fitness has forgotten where it began.
const BEFORE: u32 = 180;

impl Tool for TrainingLoad {
    const NAME: &'static str = "analyze_training_load";
    const TITLE: &'static str = "Training load";
    const DESCRIPTION: &'static str = "Fitness (CTL), fatigue (ATL), form (TSB) and load ratio day \
        by day, from power, pace or heart rate. Garmin's own load: get_training_load_trend.";
    type Args = LoadArgs;
    type Answer = LoadAnswer;

    #[expect(clippy::too_many_lines, reason = "one part of the answer after the other")]
    async fn call(account: &Account, args: LoadArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let end = args.end_date.unwrap_or_default().resolve("end_date", today)?;
        let days = args.days.map_or(90, |it| it.0);
        let first = end.back(days - 1);
        let range = DayRange::new(end.back(days + BEFORE - 1), end, days + BEFORE)
            .unwrap_or_else(|_| DayRange::one(end));
        let shown_range = DayRange::new(first, end, days).unwrap_or_else(|_| DayRange::one(end));
        let mut answer =
            LoadAnswer { date_range: Some(dates(shown_range)), ..LoadAnswer::default() };
        let garmin = account.garmin()?;
        let anchors = Anchors::read(&garmin).await?;
        let (all, complete) = activities(account, range, None).await?;
        if !complete {
            answer.warnings.push("only the newest 1,600 activities were counted".to_owned());
        }
        let wanted = sports(args.sports.as_ref());
        let chosen: Vec<&ActivitySummary> = all
            .iter()
            .filter(|it| wanted.is_empty() || wanted.iter().any(|sport| is_of(it, sport)))
            .collect();
        let mut loads = vec![0.0; usize::try_from(range.length()).unwrap_or(0)];
        let mut counts = [0_usize; 6];
        let mut earliest: Option<Day> = None;
        for activity in &chosen {
            let Some(date) = day(activity).map(Day::of) else { continue };
            let (load, basis) = anchors.score(activity);
            if let Some(index) = index_of(range.first(), date)
                && let Some(slot) = loads.get_mut(index)
            {
                *slot += load;
                counts[basis as usize] += 1;
                earliest = Some(earliest.map_or(date, |it| it.min(date)));
            }
        }
        let Some(earliest) = earliest else {
            answer.status = Some(Status::NoData);
            answer.reason = Some("not_recorded");
            return Ok(answer);
        };
        let model = Model::default();
        let followed = follow(&loads, &model);
        let skip = loads.len().saturating_sub(usize::try_from(days).unwrap_or(0));
        let rows = followed.iter().enumerate().skip(skip).map(|(index, it)| {
            let date = range.first().forward(u32::try_from(index).unwrap_or(0));
            let ratio = risk(&loads[..=index]).ratio;
            vec![
                date.to_string().into(),
                shown(Some(it.load), 0),
                shown(Some(it.fitness), 1),
                shown(Some(it.fatigue), 1),
                shown(Some(it.form), 1),
                shown(ratio, 2),
            ]
        });
        answer.series =
            Some(Table::of(&["date", "load", "ctl", "atl", "tsb", "acwr"], rows.collect()));
        if let Some(last) = followed.last() {
            let now = risk(&loads);
            answer.current = Some(json!({
                "date": end.to_string(),
                "ctl": shown(Some(last.fitness), 1),
                "atl": shown(Some(last.fatigue), 1),
                "tsb": shown(Some(last.form), 1),
                "ramp_per_week": shown(last.ramp, 1),
                "week_load": shown(now.week_load, 0),
                "monotony": shown(now.monotony, 2),
                "strain": shown(now.strain, 0),
                "acwr": shown(now.ratio, 2),
                "acwr_uncoupled": shown(now.ratio_uncoupled, 2),
                "verdict": {
                    "form": form_band(last.form),
                    "fitness": last.ramp.map(ramp_band),
                    "acwr": now.ratio.map(ratio_band),
                },
            }));
            let ahead = args.project_days.map_or(0, |it| it.0);
            if ahead > 0 {
                answer.projection = Some(projection(end, ahead, last.fitness, last.fatigue));
            }
        }
        let known = index_of(earliest, first).map_or(0, |days| days);
        let cold = known < usize::try_from(WARM_UP_DAYS).unwrap_or(usize::MAX);
        answer.warm_start = Some(json!({"warmup_days": known, "cold_start": cold}));
        if cold {
            answer.warnings.push(format!(
                "fitness is understated: {known} days of training are known before the first day, \
                 {WARM_UP_DAYS} are needed"
            ));
        }
        if counts[Basis::Device as usize] > 0 {
            answer.warnings.push(
                "some activities count with Garmin's own load, which is on another scale"
                    .to_owned(),
            );
        }
        answer.basis = Some(json!({
            "power": counts[0], "pace": counts[1], "heart_rate": counts[2], "rpe": counts[3],
            "device": counts[4], "none": counts[5],
        }));
        answer.thresholds = Some(json!({
            "ftp_w": shown(anchors.ftp_w, 0),
            "lthr_bpm": shown(anchors.lthr_bpm, 0),
            "threshold_pace_s_per_km": shown(anchors.speed_mps.map(|speed| 1_000.0 / speed), 0),
        }));
        answer.status = Some(Status::Ok);
        Ok(answer)
    }
}

/// How many days `later` is after `first`; nothing before it.
fn index_of(first: Day, later: Day) -> Option<usize> {
    let days = first.date().until(later.date()).ok()?.get_days();
    usize::try_from(days).ok()
}

fn sports(given: Option<&Many<String>>) -> Vec<String> {
    let all = given.map(|given| given.0.as_slice()).unwrap_or_default();
    let all = all.iter().map(|sport| sport.trim().to_ascii_lowercase());
    all.filter(|sport| !sport.is_empty() && sport != "all").collect()
}

/// Whether an activity is of a type, or of its family.
fn is_of(activity: &ActivitySummary, sport: &str) -> bool {
    let own = type_key(activity);
    let family = Family::of(sport);
    own == Some(sport) || (family != Family::Other && family == Family::of_summary(activity))
}

fn projection(end: Day, days: u32, fitness: f64, fatigue: f64) -> Table {
    let seed = training::load::Seed::At { fitness, fatigue };
    let model = Model { seed, ..Model::default() };
    let rest = vec![0.0; usize::try_from(days).unwrap_or(0)];
    let rows = follow(&rest, &model).into_iter().zip(1..).map(|(it, ahead)| {
        vec![
            end.forward(ahead).to_string().into(),
            shown(Some(it.fitness), 1),
            shown(Some(it.fatigue), 1),
            shown(Some(it.form), 1),
        ]
    });
    Table::of(&["date", "ctl", "atl", "tsb"], rows.collect())
}

#[cfg(test)]
mod tests {
    use garmin::model::ActivityType;

    use super::*;

    fn activity(key: &str) -> ActivitySummary {
        ActivitySummary {
            kind: Some(ActivityType { key: Some(key.into()), ..ActivityType::default() }),
            duration_s: Some(3_600.0),
            normalized_power_w: Some(250.0),
            average_heart_rate: Some(160.0),
            training_load: Some(77.0),
            ..ActivitySummary::default()
        }
    }

    #[test]
    fn an_hour_at_threshold_is_a_hundred_whatever_it_is_read_from() {
        let anchors = Anchors { ftp_w: Some(250.0), lthr_bpm: Some(160.0), speed_mps: Some(4.0) };
        assert_eq!(anchors.score(&activity("road_biking")), (100.0, Basis::Power));
        // Running power is on another scale than the bicycle's threshold.
        assert_eq!(anchors.score(&activity("running")), (100.0, Basis::HeartRate));
        let paced =
            ActivitySummary { grade_adjusted_speed_mps: Some(4.0), ..activity("trail_running") };
        assert_eq!(anchors.score(&paced), (100.0, Basis::Pace));
        let felt = ActivitySummary {
            average_heart_rate: None,
            perceived_exertion_tenfold: Some(70.0),
            ..activity("strength_training")
        };
        assert_eq!(anchors.score(&felt), (100.0, Basis::Rpe));
        assert_eq!(Anchors::default().score(&activity("running")), (77.0, Basis::Device));
        let empty = ActivitySummary::default();
        assert_eq!(anchors.score(&empty), (0.0, Basis::None));
    }

    #[test]
    fn a_sport_is_meant_with_its_kinds() {
        assert!(is_of(&activity("trail_running"), "running"));
        assert!(is_of(&activity("gravel_cycling"), "cycling"));
        assert!(!is_of(&activity("running"), "cycling"));
        assert!(is_of(&activity("yoga"), "yoga"));
    }
}
