//! A year and more, day after day: the plan lived through by the body.

use jiff::civil::{Date, Weekday};

use crate::times::{HOUR, Millis, Zone, days_between, shift};

use super::activities::{Activity, Shape};
use super::person::Person;
use super::physiology::{Body, Form};
use super::plan::{Calendar, DayPlan, Wear};
use super::readiness::Readiness;
use super::sleep::Night;
use super::{number, whole};

/// How long before the simulator's start the watch was bought.
const HISTORY_DAYS: i64 = 420;

#[derive(Debug, Clone)]
pub(crate) struct Day {
    pub(crate) date: Date,
    pub(crate) plan: DayPlan,
    pub(crate) form: Form,
    /// The night before, as it was, worn or not.
    pub(crate) slept: Night,
    pub(crate) readiness: Readiness,
    pub(crate) activities: Vec<Activity>,
    /// Body Battery spent on being awake.
    pub(crate) waking_drain: f64,
}

impl Day {
    /// The night before, if the watch saw it.
    pub(crate) fn night(&self) -> Option<&Night> {
        (self.plan.wear == Wear::Full).then_some(&self.slept)
    }

    pub(crate) fn is_worn(&self) -> bool {
        self.plan.wear != Wear::Off
    }
}

#[derive(Debug)]
pub(crate) struct Season {
    pub(crate) calendar: Calendar,
    days: Vec<Day>,
}

impl Season {
    pub(crate) fn generate(person: &Person, zone: &Zone, born: Date, last: Date) -> Self {
        let calendar = Calendar::around(person.seed, born);
        let first = shift(born, -HISTORY_DAYS);
        let count = days_between(first, last) + 1;
        let mut body = Body::new(person);
        let mut days: Vec<Day> = Vec::with_capacity(usize::try_from(count).unwrap_or(0));
        for offset in 0..count {
            let date = shift(first, offset);
            let plan = calendar.day(date, person.weekly_hours);
            let day = live(person, zone, &mut body, &days, date, plan);
            days.push(day);
        }
        Self { calendar, days }
    }

    pub(crate) fn days(&self) -> &[Day] {
        &self.days
    }

    pub(crate) fn first(&self) -> Date {
        self.days.first().map_or(Date::ZERO, |day| day.date)
    }

    pub(crate) fn last(&self) -> Date {
        self.days.last().map_or(Date::ZERO, |day| day.date)
    }

    #[expect(clippy::unused_self, reason = "reads as the season's today")]
    pub(crate) fn today(&self, zone: &Zone, now: Millis) -> Date {
        zone.date(now)
    }

    pub(crate) fn day(&self, date: Date) -> Option<&Day> {
        let index = usize::try_from(days_between(self.first(), date)).ok()?;
        self.days.get(index)
    }

    /// The night that ended on `date`, once it is over.
    pub(crate) fn night(&self, date: Date, now: Millis) -> Option<(&Day, &Night)> {
        let day = self.day(date)?;
        let night = day.night().filter(|night| night.end <= now)?;
        Some((day, night))
    }

    /// Activities that are over, oldest first.
    pub(crate) fn activities(&self, now: Millis) -> impl DoubleEndedIterator<Item = &Activity> {
        self.days
            .iter()
            .flat_map(|day| &day.activities)
            .filter(move |activity| activity.end() <= now)
    }

    pub(crate) fn activity(&self, id: i64, now: Millis) -> Option<&Activity> {
        self.activities(now).find(|activity| activity.id == id)
    }

    /// Days with data in a range, today included.
    pub(crate) fn worn(&self, from: Date, to: Date) -> impl Iterator<Item = &Day> {
        self.days.iter().filter(move |day| (from..=to).contains(&day.date) && day.is_worn())
    }
}

/// When the night before `date` began and ended.
fn bedtimes(
    person: &Person,
    zone: &Zone,
    date: Date,
    illness: f64,
    quality: f64,
) -> (Millis, Millis) {
    let seed = person.seed.child("bed").at(days_between(Date::constant(2020, 1, 1), date));
    let free = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    let late = if free { 25.0 } else { 0.0 };
    let bed = number(person.bed_minutes) - 1_440.0 + late - 45.0 * illness
        + 30.0 * (0.75 - quality)
        + 14.0 * seed.child("to").normal();
    let wake = number(person.wake_minutes) + 1.6 * late + 55.0 * illness - 25.0 * (0.75 - quality)
        + 9.0 * seed.child("from").normal();
    let bed = bed.min(90.0);
    let wake = wake.clamp(bed + 260.0, 500.0);
    (zone.instant(date, whole(bed)), zone.instant(date, whole(wake)))
}

fn live(
    person: &Person,
    zone: &Zone,
    body: &mut Body<'_>,
    before: &[Day],
    date: Date,
    plan: DayPlan,
) -> Day {
    let number_of_day = days_between(Date::constant(2020, 1, 1), date);
    let quality = body.sleep_quality(number_of_day, plan.illness);
    let form = body.wake(number_of_day, plan.illness, quality, plan.wear == Wear::Full);
    let (start, end) = bedtimes(person, zone, date, plan.illness, quality);
    let need = 465 + whole((20.0 * form.strain.max(0.0) + 45.0 * plan.illness) / 5.0) * 5;
    let mut slept =
        Night::new(person.seed.child("night").at(number_of_day), (start, end), quality, need);
    let hours = number(slept.asleep_seconds()) / 3_600.0;
    (slept.battery_start, slept.battery_end) = body.recharge(plan.illness, quality, hours);
    let recent = &before[before.len().saturating_sub(3)..];
    let scores: Vec<i64> = recent.iter().filter_map(Day::night).map(|night| night.score).collect();
    let stress: Vec<f64> = recent.iter().map(|day| day.form.stress_base).collect();
    let readiness = Readiness::on_waking(&form, &slept, &scores, &stress);
    let shape = Shape {
        threshold_speed: person.threshold_speed_mps * form.vo2max_run / person.vo2max,
        bike_ftp: person.bike_ftp_w * form.vo2max_bike / (person.vo2max * 0.96),
        mass_kg: form.weight_g / 1_000.0,
        resting_hr: number(form.resting_hr),
        strain_bpm: 3.0 * form.strain.max(0.0),
        vo2max: form.vo2max_run,
    };
    let mut activities: Vec<Activity> = plan
        .sessions
        .iter()
        .enumerate()
        .map(|(index, session)| {
            let start = zone.instant(date, session.start);
            Activity::done(person, session, shape, (date, index), start)
        })
        .collect();
    let load: f64 = activities.iter().map(|activity| activity.load).sum();
    let recovery: f64 = activities.iter().map(Activity::recovery_hours).sum();
    let drain: f64 = activities.iter().map(|activity| activity.battery_drain).sum();
    let awake_hours = number(zone.midnight(shift(date, 1)) - end) / number(HOUR) - 1.0;
    let (waking_drain, afforded) = body.spend(&form, drain, awake_hours);
    for activity in &mut activities {
        activity.battery_drain *= afforded;
    }
    body.end_day(load, recovery);
    Day { date, plan, form, slept, readiness, activities, waking_drain }
}
