//! Where each figure stands in what Garmin says.

use std::collections::BTreeMap;

use garmin::days::DayRange;
use garmin::model::{MetricDay, TrainingReadiness};
use garmin::{Garmin, GarminError};
use jiff::civil::Date;

use super::metric::{Metric, Source};
use crate::tools::health::day::{credited, level};
use crate::tools::numbers::float;

/// One question to Garmin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) source: Source,
    pub(super) window: DayRange,
}

pub(super) type Point = (Option<Date>, Metric, Option<f64>);

type Points = Result<Vec<Point>, GarminError>;

fn metric_days(days: Vec<MetricDay>, metric: Metric) -> Vec<Point> {
    days.into_iter().map(|day| (day.date, metric, day.value.filter(|it| *it > 0.0))).collect()
}

/// 0 and less are no measurement of a living body.
fn alive(value: Option<i64>) -> Option<f64> {
    value.filter(|value| *value > 0).map(float)
}

fn positive(value: Option<f64>) -> Option<f64> {
    value.filter(|value| *value > 0.0)
}

/// Readiness as the day began; load as the day ended.
fn readiness(entries: &[TrainingReadiness]) -> Vec<Point> {
    let mut first: BTreeMap<Date, &TrainingReadiness> = BTreeMap::new();
    let mut last: BTreeMap<Date, &TrainingReadiness> = BTreeMap::new();
    for entry in entries {
        let Some(date) = entry.date else { continue };
        let begins = |known: &TrainingReadiness| {
            (!entry.is_morning(), entry.at) < (!known.is_morning(), known.at)
        };
        if first.get(&date).is_none_or(|known| begins(known)) {
            first.insert(date, entry);
        }
        if last.get(&date).is_none_or(|known| entry.at > known.at) {
            last.insert(date, entry);
        }
    }
    let scores =
        first.iter().map(|(date, entry)| (Some(*date), Metric::Readiness, entry.score.map(float)));
    let loads = last
        .iter()
        .map(|(date, entry)| (Some(*date), Metric::AcuteLoad, entry.acute_load.map(float)));
    scores.chain(loads).collect()
}

/// What Garmin answers, as figures of days.
pub(super) async fn ask(garmin: &Garmin, question: Question) -> Points {
    let window = question.window;
    match question.source {
        Source::Steps => steps(garmin, window).await,
        Source::Floors => floors(garmin, window).await,
        Source::Intensity => intensity(garmin, window).await,
        Source::Stress => stress(garmin, window).await,
        Source::Battery => battery(garmin, window).await,
        Source::HeartRate => heart_rate(garmin, window).await,
        Source::RestingHeartRate => resting_heart_rate(garmin, window).await,
        Source::ActiveEnergy => active_energy(garmin, window).await,
        Source::RestingEnergy => resting_energy(garmin, window).await,
        Source::Sleep => sleep(garmin, window).await,
        Source::Hrv => hrv(garmin, window).await,
        Source::Respiration => respiration(garmin, window).await,
        Source::Readiness => assessments(garmin, window).await,
        Source::Hydration => hydration(garmin, window).await,
        Source::Weight => weight(garmin, window).await,
        Source::Vo2max => vo2max(garmin, window).await,
        Source::Intake => intake(garmin, window).await,
    }
}

async fn steps(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.steps_days(window).await?.into_iter();
    Ok(days
        .flat_map(|day| {
            let km = day.distance_m.map(|metres| metres / 1000.0);
            [(day.date, Metric::Steps, day.steps.map(float)), (day.date, Metric::Distance, km)]
        })
        .collect())
}

async fn floors(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.floors_days(window).await?.into_iter();
    Ok(days.map(|day| (day.date, Metric::Floors, day.values.and_then(|it| it.ascended))).collect())
}

async fn intensity(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.intensity_days(window).await?.into_iter();
    Ok(days
        .map(|day| {
            let minutes = credited(day.moderate_min, day.vigorous_min).map(float);
            (day.date, Metric::IntensityMinutes, minutes)
        })
        .collect())
}

async fn stress(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.stress_days(window).await?.into_iter();
    Ok(days
        .map(|day| {
            let overall = day.values.and_then(|it| level(it.overall)).map(float);
            (day.date, Metric::Stress, overall)
        })
        .collect())
}

async fn battery(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.battery_days(window).await?.into_iter();
    Ok(days
        .flat_map(|day| {
            let values = day.values.unwrap_or_default();
            [
                (day.date, Metric::BodyBatteryHigh, level(values.high).map(float)),
                (day.date, Metric::BodyBatteryLow, level(values.low).map(float)),
            ]
        })
        .collect())
}

async fn heart_rate(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.heart_rate_days(window).await?.into_iter();
    Ok(days
        .flat_map(|day| {
            let values = day.values.unwrap_or_default();
            [
                (day.date, Metric::HrMin, alive(values.min)),
                (day.date, Metric::HrMax, alive(values.max)),
            ]
        })
        .collect())
}

async fn resting_heart_rate(garmin: &Garmin, window: DayRange) -> Points {
    Ok(metric_days(garmin.resting_heart_rate_days(window).await?, Metric::RestingHr))
}

async fn active_energy(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.active_kcal_days(window).await?.into_iter();
    Ok(days.map(|day| (day.date, Metric::CaloriesActive, day.value)).collect())
}

async fn resting_energy(garmin: &Garmin, window: DayRange) -> Points {
    Ok(metric_days(garmin.resting_kcal_days(window).await?, Metric::CaloriesResting))
}

async fn sleep(garmin: &Garmin, window: DayRange) -> Points {
    let nights = garmin.sleep_days(window).await?.into_iter();
    Ok(nights
        .flat_map(|night| {
            let it = night.values.unwrap_or_default();
            let minutes = |seconds: Option<i64>| seconds.map(|s| float(s) / 60.0);
            [
                (night.date, Metric::SleepHours, minutes(it.asleep_s).map(|m| m / 60.0)),
                (night.date, Metric::SleepScore, it.score.map(float)),
                (night.date, Metric::Deep, minutes(it.deep_s)),
                (night.date, Metric::Rem, minutes(it.rem_s)),
                (night.date, Metric::Spo2, positive(it.spo2)),
                (night.date, Metric::NightHrv, positive(it.hrv_ms)),
            ]
        })
        .collect())
}

async fn hrv(garmin: &Garmin, window: DayRange) -> Points {
    let nights = garmin.hrv_range(window).await?.into_iter();
    Ok(nights.map(|night| (night.date, Metric::Hrv, alive(night.last_night_average_ms))).collect())
}

async fn respiration(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.respiration_days(window).await?.into_iter();
    Ok(days.map(|day| (day.date, Metric::RespirationSleep, positive(day.asleep))).collect())
}

async fn assessments(garmin: &Garmin, window: DayRange) -> Points {
    Ok(readiness(&garmin.readiness_days(window).await?))
}

async fn hydration(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.hydration_days(window).await?.into_iter();
    Ok(days
        .map(|day| (day.date, Metric::Hydration, day.values.and_then(|it| it.intake_ml)))
        .collect())
}

async fn weight(garmin: &Garmin, window: DayRange) -> Points {
    let found = garmin.weigh_ins(window).await?.unwrap_or_default();
    // Newest first, and the first of a day is kept.
    let all = found.weigh_ins().into_iter();
    Ok(all
        .flat_map(|it| {
            let kilograms = positive(it.weight_g).map(|grams| grams / 1000.0);
            [
                (it.day(), Metric::Weight, kilograms),
                (it.day(), Metric::BodyFat, positive(it.fat_pct)),
            ]
        })
        .collect())
}

async fn vo2max(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.max_metrics(window).await?.unwrap_or_default().into_iter();
    Ok(days
        .filter_map(|day| day.running.or(day.cycling))
        .map(|it| (it.date, Metric::Vo2max, positive(it.precise.or(it.value))))
        .collect())
}

async fn intake(garmin: &Garmin, window: DayRange) -> Points {
    let days = garmin.intake_days(window).await?.into_iter();
    Ok(days.map(|day| (day.date, Metric::CaloriesIn, day.kcal())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_days_readiness_is_the_mornings_and_its_load_the_evenings() {
        let entry = |at: &str, context: Option<&str>, score, load| TrainingReadiness {
            date: Some("2026-05-01".parse().unwrap()),
            at: Some(at.parse().unwrap()),
            context: context.map(str::to_owned),
            score: Some(score),
            acute_load: Some(load),
            ..TrainingReadiness::default()
        };
        let points = readiness(&[
            entry("2026-05-01T16:00:00Z", Some("AFTER_POST_EXERCISE_RESET"), 20, 500),
            entry("2026-05-01T05:00:00Z", Some("AFTER_WAKEUP_RESET"), 71, 420),
            entry("2026-05-01T00:10:00Z", None, 90, 410),
        ]);
        let values: Vec<_> = points.iter().map(|(_, metric, value)| (*metric, *value)).collect();
        let expected = [(Metric::Readiness, Some(71.0)), (Metric::AcuteLoad, Some(500.0))];
        assert_eq!(values, expected);
    }
}
