//! The figures of a day, read off its own charts, so that a total is never more than its parts.

use crate::times::Millis;

use super::activities::{Activity, Discipline};
use super::days::{ActivityLevel, DayView, STEPS_STEP, STRESS_STEP, StressBands};
use super::{number, rounded, whole};

/// Minutes a week, vigorous ones counted twice.
pub(crate) const WEEKLY_INTENSITY_GOAL: i64 = 150;
pub(crate) const FLOORS_GOAL: i64 = 10;
const METRES_PER_FLOOR: f64 = 3.048;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Breathing {
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    pub(crate) waking: Option<f64>,
    pub(crate) asleep: Option<f64>,
    pub(crate) latest: Option<(Millis, f64)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Digest {
    pub(crate) min_hr: Option<i64>,
    pub(crate) max_hr: Option<i64>,
    pub(crate) avg_stress: i64,
    pub(crate) max_stress: i64,
    pub(crate) stress: StressBands,
    pub(crate) charged: i64,
    pub(crate) drained: i64,
    pub(crate) battery_high: Option<i64>,
    pub(crate) battery_low: Option<i64>,
    pub(crate) battery_latest: Option<i64>,
    pub(crate) respiration: Breathing,
    pub(crate) steps: i64,
    pub(crate) on_foot_m: f64,
    pub(crate) distance_m: f64,
    pub(crate) active_kcal: f64,
    pub(crate) bmr_kcal: f64,
    pub(crate) highly_active_secs: i64,
    pub(crate) active_secs: i64,
    pub(crate) sedentary_secs: i64,
    pub(crate) floors_up: i64,
    pub(crate) floors_down: i64,
}

/// What moved the Body Battery.
#[derive(Debug, Clone)]
pub(crate) struct BatteryEvent<'a> {
    pub(crate) start: Millis,
    pub(crate) length: Millis,
    pub(crate) impact: i64,
    pub(crate) activity: Option<&'a Activity>,
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = i64::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(values.iter().sum::<f64>() / number(count))
}

impl<'a> DayView<'a> {
    pub(crate) fn digest(&self) -> Digest {
        let rates: Vec<i64> = self.heart_rates().into_iter().filter_map(|(_, rate)| rate).collect();
        let peak = self.finished().map(|activity| whole(activity.means.max_hr)).max();
        let stresses = self.stresses();
        let measured: Vec<f64> = stresses
            .iter()
            .filter(|(_, level)| *level >= 0)
            .map(|(_, level)| number(*level))
            .collect();
        let curve: Vec<i64> = self.batteries().into_iter().map(|(_, level)| level).collect();
        let woke = self.woke().map(|night| whole(night.battery_end.round()));
        let changes = || curve.windows(2).map(|pair| pair[1] - pair[0]);
        let buckets = self.step_buckets();
        let steps: i64 = buckets.iter().map(|bucket| bucket.steps).sum();
        let ambient = steps - self.activity_steps_so_far();
        let walked = number(ambient) * self.person().height_cm / 100.0 * 0.43;
        let covered = |discipline: Discipline| -> f64 {
            self.shares()
                .filter(|(activity, _)| activity.discipline == discipline)
                .map(|(activity, share)| activity.distance * share)
                .sum()
        };
        let on_foot_m = walked.round() + covered(Discipline::Run);
        let mass = self.day.form.weight_g / 70_000.0;
        let trained: f64 =
            self.shares().map(|(activity, share)| activity.active_calories() * share).sum();
        let passed = number(self.recorded_until() - self.start) / number(86_400_000);
        let secs = |level: ActivityLevel| {
            let count = buckets.iter().filter(|bucket| bucket.level == level).count();
            i64::try_from(count).unwrap_or(0) * STEPS_STEP / 1_000
        };
        let floors = self.floors();
        Digest {
            min_hr: rates.iter().copied().min(),
            max_hr: rates.iter().copied().chain(peak).max(),
            avg_stress: mean(&measured).map_or(-1, |mean| whole(mean.round())),
            max_stress: measured.iter().copied().map(whole).max().unwrap_or(-1),
            stress: bands(&stresses),
            charged: changes().filter(|change| *change > 0).sum(),
            drained: -changes().filter(|change| *change < 0).sum::<i64>(),
            battery_high: curve.iter().copied().chain(woke).max(),
            battery_low: curve.iter().copied().min(),
            battery_latest: curve.last().copied(),
            respiration: self.breathing(),
            steps,
            on_foot_m: rounded(on_foot_m, 0),
            distance_m: rounded(on_foot_m + covered(Discipline::Ride), 0),
            active_kcal: (trained + number(ambient) * 0.036 * mass).round(),
            bmr_kcal: (self.person().bmr_kcal(self.day.form.weight_g, self.day.date) * passed)
                .round(),
            highly_active_secs: secs(ActivityLevel::HighlyActive),
            active_secs: secs(ActivityLevel::Active),
            sedentary_secs: secs(ActivityLevel::Sedentary),
            floors_up: floors.iter().map(|(_, up, _)| up).sum(),
            floors_down: floors.iter().map(|(_, _, down)| down).sum(),
        }
    }

    /// Activities with how much of each has happened.
    fn shares(&self) -> impl Iterator<Item = (&'a Activity, f64)> + '_ {
        self.started().map(|activity| {
            let passed = number(self.recorded_until() - activity.start);
            (activity, (passed / (activity.elapsed * 1_000.0)).clamp(0.0, 1.0))
        })
    }

    fn activity_steps_so_far(&self) -> i64 {
        self.shares().map(|(activity, share)| whole(number(activity.steps) * share)).sum()
    }

    fn breathing(&self) -> Breathing {
        let all = self.respirations();
        let read: Vec<(Millis, f64)> = all.into_iter().filter(|(_, value)| *value > 0.0).collect();
        let values: Vec<f64> = read.iter().map(|(_, value)| *value).collect();
        let night = self.woke();
        let waking: Vec<f64> =
            read.iter().filter(|(at, _)| !self.is_asleep(*at)).map(|(_, value)| *value).collect();
        let asleep = night.map(|night| {
            let breaths = super::days::night_series(night, super::days::HR_STEP, |at| {
                super::days::night_respiration(self.person(), self.day, at)
            });
            let values: Vec<f64> = breaths.into_iter().map(|(_, value)| value).collect();
            mean(&values).unwrap_or(0.0).round()
        });
        Breathing {
            low: values.iter().copied().reduce(f64::min),
            high: values.iter().copied().reduce(f64::max),
            waking: mean(&waking).map(f64::round),
            asleep,
            latest: read.last().copied(),
        }
    }

    /// Minutes of the finished activities: moderate and vigorous.
    pub(crate) fn intensity_minutes(&self) -> (i64, i64) {
        self.finished().fold((0, 0), |(moderate, vigorous), activity| {
            (moderate + activity.moderate_minutes, vigorous + activity.vigorous_minutes)
        })
    }

    /// Quarters with stairs in them: start, floors up, floors down.
    pub(crate) fn floors(&self) -> Vec<(Millis, i64, i64)> {
        let seed = self.seed().child("floors");
        self.step_buckets()
            .into_iter()
            .zip(0_i64..)
            .filter(|(bucket, _)| {
                bucket.steps > 60
                    && matches!(bucket.level, ActivityLevel::Active | ActivityLevel::Sedentary)
            })
            .filter_map(|(bucket, slot)| {
                let seed = seed.at(slot);
                let up = i64::from(seed.child("up").happens(0.34))
                    + i64::from(seed.child("more").happens(0.08));
                let down = i64::from(seed.child("down").happens(0.34));
                (up + down > 0).then_some((bucket.start, up, down))
            })
            .collect()
    }

    pub(crate) fn battery_events(&self) -> Vec<BatteryEvent<'a>> {
        let night = self.woke().map(|night| BatteryEvent {
            start: night.start,
            length: night.end - night.start,
            impact: night.battery_change(),
            activity: None,
        });
        let activities = self.finished().map(|activity| BatteryEvent {
            start: activity.start,
            length: activity.end() - activity.start,
            impact: -whole(activity.battery_drain.round()),
            activity: Some(activity),
        });
        night.into_iter().chain(activities).collect()
    }
}

impl Digest {
    pub(crate) fn floors_up_m(&self) -> f64 {
        rounded(number(self.floors_up) * METRES_PER_FLOOR, 3)
    }

    pub(crate) fn floors_down_m(&self) -> f64 {
        rounded(number(self.floors_down) * METRES_PER_FLOOR, 3)
    }

    pub(crate) const fn stress_word(&self) -> &'static str {
        match self.avg_stress {
            ..0 => "UNKNOWN",
            0..=25 => "CALM",
            26..=40 => "BALANCED",
            41..=60 => "STRESSFUL",
            _ => "VERY_STRESSFUL",
        }
    }
}

fn bands(stresses: &[(Millis, i64)]) -> StressBands {
    let mut bands = StressBands::default();
    for (_, level) in stresses {
        let band = match level {
            0..=25 => &mut bands.rest,
            26..=50 => &mut bands.low,
            51..=75 => &mut bands.medium,
            76.. => &mut bands.high,
            -2 => &mut bands.activity,
            ..0 => &mut bands.uncategorised,
        };
        *band += STRESS_STEP / 1_000;
    }
    bands
}
