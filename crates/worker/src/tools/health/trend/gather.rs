//! Reading many figures over many days: windows as long as Garmin accepts, four questions at a
//! time, and an answer of what came when time runs out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use garmin::GarminError;
use garmin::api::{DAILY_WINDOW, YEAR_WINDOW};
use garmin::days::{Day, DayRange};
use jiff::civil::Date;

use super::ask::{Point, Question, ask};
use super::metric::{Metric, Source};
use crate::account::Account;
use crate::error::ToolError;
use crate::progress;
use crate::tools::extras::{Extras, Missing};

/// The most questions one call may cost. Six figures over a year take at most 84.
pub(super) const MOST_QUESTIONS: usize = 120;
const AT_ONCE: usize = 4;
/// Clients hear about every so many parts of the whole.
const STEPS_TOLD: usize = 20;

/// Figures by day, in order.
pub(in crate::tools) type Days = BTreeMap<Date, f64>;

/// What Garmin had.
#[derive(Debug, Default)]
pub(in crate::tools) struct Gathered {
    pub(in crate::tools) figures: BTreeMap<Metric, Days>,
    pub(in crate::tools) warnings: Vec<String>,
    pub(in crate::tools) questions: usize,
}

impl Gathered {
    /// The figure's days; none where there are none.
    pub(in crate::tools) fn days(&self, metric: Metric) -> &Days {
        static NONE: Days = Days::new();
        self.figures.get(&metric).unwrap_or(&NONE)
    }

    /// Why the figure could not be read, if that is so.
    pub(in crate::tools) fn failure(&self, metric: Metric) -> Option<String> {
        metric.sources().iter().find_map(|source| {
            let about = self.warnings.iter().find_map(|it| it.strip_prefix(source.name()));
            about?.strip_prefix(": ").map(str::to_owned)
        })
    }

    /// The days that are over: a figure that grows with the day says nothing before its end.
    pub(in crate::tools) fn settled(&self, metric: Metric, today: Day) -> Days {
        let over = |date: Date| !metric.is_counted() || date < today.date();
        self.days(metric).iter().filter(|(date, _)| over(**date)).map(|(k, v)| (*k, *v)).collect()
    }
}

impl Source {
    fn longest(self) -> u32 {
        match self {
            Self::Steps
            | Self::Floors
            | Self::Intensity
            | Self::Stress
            | Self::Battery
            | Self::HeartRate
            | Self::Sleep
            | Self::Readiness
            | Self::Hydration
            | Self::Respiration
            | Self::Intake => DAILY_WINDOW,
            Self::RestingHeartRate
            | Self::ActiveEnergy
            | Self::RestingEnergy
            | Self::Hrv
            | Self::Vo2max
            | Self::Weight => YEAR_WINDOW,
        }
    }

    pub(in crate::tools) fn name(self) -> &'static str {
        match self {
            Self::Steps => "steps",
            Self::Floors => "floors",
            Self::Intensity => "intensity_minutes",
            Self::Stress => "stress",
            Self::Battery => "body_battery",
            Self::HeartRate => "heart_rate",
            Self::RestingHeartRate => "resting_hr",
            Self::ActiveEnergy => "calories_active",
            Self::RestingEnergy => "calories_resting",
            Self::Sleep => "sleep",
            Self::Hrv => "hrv",
            Self::Respiration => "respiration",
            Self::Readiness => "readiness",
            Self::Hydration => "hydration",
            Self::Weight => "weight",
            Self::Vo2max => "vo2max",
            Self::Intake => "calories_in",
        }
    }
}

/// What has to be asked, newest windows first: should time run out, the old days are missing.
fn plan(metrics: &[Metric], range: DayRange) -> Vec<Question> {
    let sources: BTreeSet<Source> =
        metrics.iter().flat_map(|metric| metric.sources()).copied().collect();
    let mut questions: Vec<Question> = sources
        .into_iter()
        .flat_map(|source| {
            range.windows(source.longest()).map(move |window| Question { source, window })
        })
        .collect();
    questions.sort_by_key(|question| std::cmp::Reverse(question.window.first()));
    questions
}

/// Reads `metrics` over `range`. What could not be read becomes a warning, unless it is
/// everything.
pub(in crate::tools) async fn gather(
    account: &Account,
    metrics: &[Metric],
    range: DayRange,
) -> Result<Gathered, ToolError> {
    let extras = Extras::begin();
    let questions = plan(metrics, range);
    let total = questions.len();
    if total > MOST_QUESTIONS {
        return Err(ToolError::argument(
            "metrics",
            format!(
                "so many figures over {} days take {total} questions to Garmin, and {MOST_QUESTIONS} \
                 are allowed; ask for fewer metrics or fewer days",
                range.length()
            ),
        ));
    }
    let garmin = account.garmin()?;
    let refused: Mutex<BTreeSet<Source>> = Mutex::default();
    let mut answers = stream::iter(questions)
        .map(|question| {
            let (garmin, refused) = (&garmin, &refused);
            async move {
                let source = question.source;
                // What Garmin does not show for one window, it does not show for the next.
                if refused.lock().unwrap_or_else(PoisonError::into_inner).contains(&source) {
                    return None;
                }
                let answer = extras.read(source.name(), ask(garmin, question)).await;
                if let Err(Missing { cause, .. }) = &answer
                    && is_refusal(cause)
                {
                    refused.lock().unwrap_or_else(PoisonError::into_inner).insert(source);
                }
                Some(answer)
            }
        })
        .buffer_unordered(AT_ONCE);
    let mut gathered = Gathered::default();
    let (mut done, mut answered, mut first_error) = (0, 0, None);
    while let Some(answer) = answers.next().await {
        done += 1;
        if done * STEPS_TOLD / total != (done - 1) * STEPS_TOLD / total {
            progress::say(done, total).await;
        }
        let Some(answer) = answer else { continue };
        gathered.questions += 1;
        if let Err(Missing { cause, .. }) = &answer {
            first_error.get_or_insert(*cause);
        }
        let mut warnings = Vec::new();
        if let Some(points) = Missing::warned(answer, &mut warnings)? {
            answered += 1;
            gathered.take(points, range);
        }
        for warning in warnings {
            if !gathered.warnings.contains(&warning) {
                gathered.warnings.push(warning);
            }
        }
    }
    if let (0, Some(error)) = (answered, first_error) {
        return Err(error.into());
    }
    gathered.add_up(metrics);
    Ok(gathered)
}

/// Whether asking about other days would be answered the same way.
fn is_refusal(error: &GarminError) -> bool {
    match error {
        GarminError::Forbidden
        | GarminError::PrivacyProtected
        | GarminError::NotFound
        | GarminError::BadRequest
        | GarminError::TokenRefused
        | GarminError::RateLimited { .. } => true,
        GarminError::SignInNeeded
        | GarminError::Unavailable { .. }
        | GarminError::Unreachable
        | GarminError::TimedOut
        | GarminError::Upstream5xx { .. }
        | GarminError::UnexpectedStatus { .. }
        | GarminError::Torn
        | GarminError::NotJson
        | GarminError::Malformed { .. }
        | GarminError::TooLarge => false,
    }
}

impl Gathered {
    fn take(&mut self, points: Vec<Point>, range: DayRange) {
        let asked = range.first().date()..=range.last().date();
        for (date, metric, value) in points {
            let Some((date, value)) = date.zip(value) else { continue };
            if asked.contains(&date) && value.is_finite() {
                self.figures.entry(metric).or_default().entry(date).or_insert(value);
            }
        }
    }

    /// What Garmin does not tell as such, and drops what nobody asked for.
    fn add_up(&mut self, metrics: &[Metric]) {
        if metrics.contains(&Metric::CaloriesTotal) {
            let resting = self.days(Metric::CaloriesResting);
            let active = self.days(Metric::CaloriesActive);
            let both = resting
                .iter()
                .filter_map(|(date, rest)| active.get(date).map(|active| (*date, rest + active)));
            let total: Days = both.collect();
            self.figures.insert(Metric::CaloriesTotal, total);
        }
        self.figures.retain(|metric, _| metrics.contains(metric));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(length: u32) -> DayRange {
        let last: Day = "2026-05-10".parse().unwrap();
        DayRange::new(last.back(length - 1), last, length).unwrap()
    }

    #[test]
    fn six_figures_over_a_year_cost_a_bounded_number_of_questions() {
        let usual = [
            Metric::Steps,
            Metric::RestingHr,
            Metric::Hrv,
            Metric::SleepHours,
            Metric::Stress,
            Metric::BodyBatteryHigh,
        ];
        assert_eq!(plan(&usual, days(365)).len(), 4 * 14 + 2);
        let worst = [
            Metric::Steps,
            Metric::Floors,
            Metric::HrMax,
            Metric::Stress,
            Metric::BodyBatteryHigh,
            Metric::SleepScore,
        ];
        assert_eq!(plan(&worst, days(365)).len(), 84);
        const { assert!(84 <= MOST_QUESTIONS) };
        // Figures of one statistic are asked for once.
        let night = [Metric::SleepHours, Metric::SleepScore, Metric::Deep, Metric::Rem];
        assert_eq!(plan(&night, days(28)).len(), 1);
    }

    #[test]
    fn the_newest_days_are_asked_for_first() {
        let questions = plan(&[Metric::Steps, Metric::RestingHr], days(60));
        assert_eq!(questions.last().unwrap().window.first(), days(60).first());
        assert!(questions[0].window.first() > days(60).first());
    }

    #[test]
    fn total_energy_needs_both_of_its_parts() {
        let mut gathered = Gathered::default();
        let on = |day: &str| Some(day.parse().unwrap());
        gathered.take(
            vec![
                (on("2026-05-01"), Metric::CaloriesActive, Some(0.0)),
                (on("2026-05-01"), Metric::CaloriesResting, Some(1600.0)),
                (on("2026-05-02"), Metric::CaloriesActive, Some(500.0)),
                (on("2025-05-02"), Metric::CaloriesResting, Some(1600.0)),
                (None, Metric::CaloriesResting, Some(1.0)),
            ],
            days(20),
        );
        gathered.add_up(&[Metric::CaloriesTotal]);
        let total: Vec<f64> = gathered.days(Metric::CaloriesTotal).values().copied().collect();
        assert_eq!(total, [1600.0]);
        assert_eq!(gathered.figures.len(), 1);
    }
}
