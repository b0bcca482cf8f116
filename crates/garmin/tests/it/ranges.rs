//! Many days at once, and what a day has beside its totals.

use garmin::Garmin;
use garmin::days::{Day, DayRange};

use crate::harness::{Rig, account};

async fn rig() -> (Rig, Garmin) {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    (rig, garmin)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Sixty days, of which most were lived with the watch on.
fn sixty() -> DayRange {
    DayRange::new(day("2026-03-08"), day("2026-05-06"), 60).unwrap()
}

#[tokio::test]
async fn every_statistic_comes_in_windows_garmin_accepts_and_in_order() {
    let (rig, garmin) = rig().await;
    macro_rules! check {
        ($method:ident, $path:literal, $windows:literal) => {
            let before = rig.asked($path);
            let days = garmin.$method(sixty()).await.unwrap();
            assert_eq!(rig.asked($path) - before, $windows, "{}", $path);
            assert!(days.len() > 45, "{}: {}", $path, days.len());
            let dates: Vec<_> = days.iter().map(|day| day.date.unwrap()).collect();
            assert!(dates.is_sorted(), "{}", $path);
        };
    }
    check!(steps_days, "/usersummary-service/stats/steps/daily", 3);
    check!(floors_days, "/usersummary-service/stats/floors/daily", 3);
    check!(intensity_days, "/usersummary-service/stats/im/daily", 3);
    check!(stress_days, "/usersummary-service/stats/stress/daily", 3);
    check!(battery_days, "/usersummary-service/stats/bodybattery/daily", 3);
    check!(heart_rate_days, "/usersummary-service/stats/heartRate/daily", 3);
    check!(calorie_days, "/usersummary-service/stats/daily", 3);
    check!(step_totals, "/usersummary-service/stats/daily", 3);
    check!(sleep_days, "/sleep-service/stats/sleep/daily", 3);
    check!(resting_heart_rate_days, "/userstats-service/wellness/daily", 1);
    check!(active_kcal_days, "/userstats-service/wellness/daily", 1);
    check!(resting_kcal_days, "/userstats-service/wellness/daily", 1);
}

#[tokio::test]
async fn a_day_is_the_same_day_in_every_statistic() {
    let (_rig, garmin) = rig().await;
    let one = DayRange::one(day("2026-05-06"));
    let summary = garmin.daily_summary(one.first()).await.unwrap().unwrap();
    let steps = garmin.steps_days(one).await.unwrap().remove(0);
    assert_eq!((steps.steps, steps.goal), (summary.steps, summary.step_goal));
    let energy = garmin.calorie_days(one).await.unwrap().remove(0).values.unwrap();
    assert_eq!(energy.total_kcal, summary.total_kilocalories);
    let resting = garmin.resting_kcal_days(one).await.unwrap().remove(0);
    assert_eq!(resting.value, energy.resting_kcal);
    let night = garmin.sleep_days(one).await.unwrap().remove(0).values.unwrap();
    let sleep = garmin.sleep(one.first()).await.unwrap().unwrap().sleep.unwrap();
    assert_eq!((night.asleep_s, night.start), (sleep.asleep_s, sleep.start));
    let all = garmin.readiness_days(one).await.unwrap();
    let same = garmin.training_readiness(one.first()).await.unwrap().unwrap();
    assert_eq!(all.len(), same.len());
}

#[tokio::test]
async fn a_day_beside_its_totals() {
    let (_rig, garmin) = rig().await;
    let today = day("2026-05-06");
    let breathing = garmin.respiration(today).await.unwrap().unwrap();
    assert!(breathing.samples().iter().filter_map(|it| it.value).all(|it| it > 4.0));
    let summary = garmin.daily_summary(today).await.unwrap().unwrap();
    let floors = garmin.floors(today).await.unwrap().unwrap().buckets();
    let climbed: f64 = floors.iter().map(|bucket| bucket.ascended).sum();
    assert!((climbed - summary.floors_ascended.unwrap()).abs() < 1.0, "{climbed}");
    let intensity = garmin.intensity(today).await.unwrap().unwrap();
    assert_eq!(intensity.vigorous_min, summary.vigorous_intensity_min);
    let events = garmin.body_battery_events(today).await.unwrap().unwrap();
    assert!(events.iter().any(|it| it.event.as_ref().unwrap().impact.is_some()));
    let mut snapshots = 0;
    let mut walks = 0;
    for back in 0..21 {
        let day = today.back(back);
        snapshots += garmin.health_snapshots(day).await.unwrap().map_or(0, |it| it.len());
        walks += garmin.day_events(day).await.unwrap().map_or(0, |it| it.len());
    }
    assert!(snapshots > 0 && walks > 0, "{snapshots} {walks}");
}

#[tokio::test]
async fn weeks_end_on_the_day_asked_for() {
    let (_rig, garmin) = rig().await;
    let end = day("2026-05-06");
    let weeks = garmin.steps_weeks(end, 4).await.unwrap().unwrap();
    assert_eq!(weeks.len(), 4);
    assert_eq!(weeks[3].start.map(Day::of), Some(end.back(6)));
    assert!(weeks[3].values.as_ref().unwrap().total.unwrap() > 0.0);
    assert_eq!(garmin.stress_weeks(end, 4).await.unwrap().unwrap().len(), 4);
    let range = DayRange::new(end.back(27), end, 28).unwrap();
    assert!(garmin.intensity_weeks(range).await.unwrap().unwrap().len() >= 4);
}

#[tokio::test]
async fn the_cycle_is_told_to_those_who_track_it() {
    let today = day("2026-05-06");
    let mut told = 0;
    for seed in 1..=16 {
        let rig = Rig::with(account().athlete(seed)).await;
        let (garmin, _) = rig.reader().await;
        let range = DayRange::new(today.back(180), today, 200).unwrap();
        let parts = garmin.cycle_calendar(range).await.unwrap();
        assert_eq!(rig.asked("/periodichealth-service/menstrualcycle/calendar"), 3);
        assert_eq!(garmin.pregnancy().await.unwrap(), None);
        let Some(cycle) = garmin.cycle_day(today, today).await.unwrap() else { continue };
        told += 1;
        let summary = cycle.summary.unwrap();
        let start = summary.cycle_start.unwrap();
        assert!(
            parts
                .iter()
                .flat_map(|it| it.cycles.iter().flatten())
                .any(|it| it.start == Some(start))
        );
    }
    assert!((1..16).contains(&told), "{told}");
}
