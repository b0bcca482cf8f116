//! Every endpoint against an athlete who has a year of data.

use garmin::api::{ActivityId, ActivityKind, ActivityQuery, GearId};
use garmin::days::{Day, DayRange};
use garmin::{Garmin, GarminError, GarminOptions};
use simulator::{Effect, Fault, Matcher, SeasonFacts};

use crate::harness::{EMAIL, Rig, account, quick};

const PROFILE: &str = "/userprofile-service/socialProfile";

const PERSONAL: &str = "/userprofile-service/userprofile/personal-information";
const SETTINGS: &str = "/userprofile-service/userprofile/settings";

fn refusal(status: u16) -> Effect {
    Effect::Status { status, retry_after_secs: None }
}

async fn rig() -> (Rig, Garmin, SeasonFacts) {
    let rig = Rig::with(account()).await;
    let (garmin, _) = rig.reader().await;
    let facts = rig.control().season(EMAIL).unwrap();
    (rig, garmin, facts)
}

/// A day in the middle of an ordinary week.
fn worn() -> Day {
    "2026-05-06".parse().unwrap()
}

fn unsettled() -> Day {
    "2026-05-10".parse().unwrap()
}

fn unworn(facts: &SeasonFacts) -> Day {
    facts.unworn_days[0].parse().unwrap()
}

#[tokio::test]
async fn the_athlete_is_known_by_name_zone_and_settings() {
    let (rig, garmin, facts) = rig().await;
    let profile = garmin.social_profile().await.unwrap();
    assert_eq!(profile.full_name.as_deref(), Some(facts.full_name.as_str()));
    assert_eq!(profile.profile_id, Some(facts.profile_id));
    assert_eq!(garmin.zone().await.unwrap().iana_name(), Some("Europe/Paris"));
    assert_eq!(garmin.today().await.unwrap().to_string(), facts.today);
    let settings = garmin.user_settings().await.unwrap().unwrap();
    let data = settings.data.unwrap();
    assert_eq!(data.measurement_system.as_deref(), Some("metric"));
    assert!(data.birth_date.is_some() && data.weight_g.unwrap() > 30_000.0);
    let zones = garmin.heart_rate_zones().await.unwrap().unwrap();
    assert!(zones.iter().any(|zones| zones.zone_1_floor < zones.zone_5_floor));
    let settings = garmin.profile_settings().await.unwrap().unwrap();
    assert_eq!(settings.time_zone.as_deref(), Some("Europe/Paris"));
    assert_eq!(rig.asked(PROFILE), 1);
}

#[tokio::test]
async fn hints_save_questions_until_they_turn_out_wrong() {
    let (rig, _, facts) = rig().await;
    let hinted = |name: &str| GarminOptions {
        display_name: Some(name.to_owned()),
        time_zone: Some("Asia/Tokyo".into()),
        ..quick()
    };
    let (right, _) = rig.reader_with(hinted(&facts.display_name)).await;
    assert!(right.daily_summary(worn()).await.unwrap().is_some());
    assert_eq!(right.zone().await.unwrap().iana_name(), Some("Asia/Tokyo"));
    assert_eq!(rig.asked("/"), 1);
    let (outdated, _) = rig.reader_with(hinted("former-name")).await;
    assert!(outdated.daily_summary(worn()).await.unwrap().is_some());
    assert!(outdated.heart_rates(worn()).await.unwrap().is_some());
    assert_eq!(rig.asked(PROFILE), 1);
    let (nameless, _) = rig.reader_with(hinted("null")).await;
    assert!(nameless.daily_summary(worn()).await.unwrap().is_some());
    assert!(rig.control().requests().iter().all(|request| !request.path.contains("null")));
}

#[tokio::test]
async fn a_lasting_refusal_of_the_personal_information_leaves_the_settings_to_name_the_zone() {
    let (rig, _, facts) = rig().await;
    for effect in [refusal(400), refusal(403), refusal(404), Effect::HtmlPage] {
        let (garmin, _) = rig.reader().await;
        rig.control().add_fault(Fault::always(Matcher::default().path(PERSONAL), effect));
        assert_eq!(garmin.zone().await.unwrap().iana_name(), Some("Europe/Paris"));
        assert_eq!(garmin.today().await.unwrap().to_string(), facts.today);
        rig.control().clear_faults();
    }
}

#[tokio::test]
async fn a_zone_is_guessed_only_where_asking_again_would_not_help() {
    let (rig, _, _) = rig().await;
    let both = |personal: Effect, settings: Effect| {
        rig.control().clear_faults();
        rig.control().add_fault(Fault::always(Matcher::default().path(PERSONAL), personal));
        rig.control().add_fault(Fault::always(Matcher::default().path(SETTINGS), settings));
    };
    let (garmin, _) = rig.reader().await;
    both(refusal(500), Effect::NoContent);
    let down = GarminError::Upstream5xx { status: 500, retry_after: None };
    assert_eq!(garmin.zone().await.map(|_| ()), Err(down));
    both(refusal(403), refusal(500));
    assert_eq!(garmin.zone().await.map(|_| ()), Err(down));
    both(Effect::HtmlPage, Effect::NoContent);
    assert_eq!(garmin.zone().await.map(|_| ()), Err(GarminError::NotJson));
    both(refusal(403), refusal(403));
    assert_eq!(garmin.zone().await.unwrap().iana_name(), Some("UTC"));
}

#[tokio::test]
async fn a_profile_without_a_name_is_asked_three_times_and_the_sign_in_name_serves() {
    let (rig, garmin, _) = rig().await;
    rig.control().hide_display_name(EMAIL, 2);
    assert!(garmin.daily_summary(worn()).await.unwrap().is_some());
    assert_eq!(rig.asked(PROFILE), 3);
    let (garmin, _) = rig.reader().await;
    rig.control().hide_display_name(EMAIL, 1_000);
    assert!(garmin.heart_rates(worn()).await.unwrap().is_some());
    let path = rig.control().requests().pop().unwrap().path;
    assert!(path.ends_with("/jo%40example.org") || path.ends_with("/jo@example.org"), "{path}");
    let asked = rig.asked(PROFILE);
    assert!(garmin.heart_rates(unsettled()).await.is_ok());
    assert_eq!(rig.asked(PROFILE), asked + 1);
}

#[tokio::test]
async fn a_worn_day_has_totals_and_an_unworn_one_says_so() {
    let (_rig, garmin, facts) = rig().await;
    let day = garmin.daily_summary(worn()).await.unwrap().unwrap();
    assert!(day.has_data());
    assert_eq!(day.date.map(Day::of), Some(worn()));
    assert!(day.steps.unwrap() > 0 && day.resting_heart_rate.unwrap() > 25);
    assert!(day.total_kilocalories > day.active_kilocalories);
    let none = garmin.daily_summary(unworn(&facts)).await.unwrap();
    assert!(none.is_none_or(|day| !day.has_data()));
}

#[tokio::test]
async fn the_days_series_agree_with_the_days_totals() {
    let (_rig, garmin, facts) = rig().await;
    let day = garmin.daily_summary(worn()).await.unwrap().unwrap();
    let rates = garmin.heart_rates(worn()).await.unwrap().unwrap();
    assert_eq!(rates.resting, day.resting_heart_rate);
    let samples = rates.samples();
    assert!(samples.len() > 600, "{}", samples.len());
    assert!(samples.windows(2).all(|pair| pair[0].at < pair[1].at));
    let stress = garmin.stress(worn()).await.unwrap().unwrap();
    assert!(stress.samples().iter().any(|sample| sample.value.is_some()));
    let curve = stress.body_battery();
    let highest = curve.iter().map(|point| point.level).max();
    assert!(highest <= day.body_battery_highest.map(|level| level + 2), "{highest:?}");
    let steps = garmin.steps(worn()).await.unwrap().unwrap();
    let total: i64 = steps.iter().filter_map(|bucket| bucket.steps).sum();
    assert!((total - day.steps.unwrap()).abs() <= day.steps.unwrap() / 20, "{total}");
    let spo2 = garmin.spo2(worn()).await.unwrap();
    assert!(spo2.is_none_or(|spo2| spo2.average.is_none_or(|it| (70.0..=100.0).contains(&it))));
    let none = garmin.heart_rates(unworn(&facts)).await.unwrap();
    assert!(none.is_none_or(|rates| rates.samples().iter().all(|it| it.value.is_none())));
}

#[tokio::test]
async fn ranges_beyond_garmins_cap_are_split_and_come_back_in_order() {
    let (rig, garmin, _) = rig().await;
    let range = DayRange::new("2026-03-01".parse().unwrap(), worn(), 100).unwrap();
    let days = garmin.body_battery(range).await.unwrap().unwrap();
    assert_eq!(rig.asked("/wellness-service/wellness/bodyBattery/reports/daily"), 3);
    assert!(days.len() > 50, "{}", days.len());
    assert!(days.windows(2).all(|pair| pair[0].date < pair[1].date));
    assert!(days.iter().any(|day| day.charged.is_some() && !day.points().is_empty()));
}

#[tokio::test]
async fn a_night_its_variability_and_the_readiness_agree() {
    let (_rig, garmin, facts) = rig().await;
    let night = garmin.sleep(worn()).await.unwrap().unwrap();
    assert!(night.is_recorded());
    let sleep = night.sleep.as_ref().unwrap();
    let stages = sleep.deep_s.unwrap() + sleep.light_s.unwrap() + sleep.rem_s.unwrap();
    assert!((stages - sleep.asleep_s.unwrap()).abs() <= 120, "{stages}");
    assert!(sleep.start < sleep.end);
    assert!(!night.levels.as_ref().unwrap().is_empty());
    let hrv = garmin.hrv(worn()).await.unwrap().unwrap().summary.unwrap();
    assert_eq!(hrv.last_night_average_ms.map(to_float), night.overnight_hrv_ms.map(f64::round));
    let readiness = garmin.training_readiness(worn()).await.unwrap().unwrap();
    assert!(readiness.windows(2).all(|pair| pair[0].at >= pair[1].at));
    let morning = readiness.iter().find(|entry| entry.is_morning()).unwrap();
    let score = sleep.scores.as_ref().unwrap().overall.as_ref().unwrap().value;
    assert_eq!(morning.sleep_score, score);
    assert!(morning.recovery_min().is_some());
    let unslept: Day = facts.unworn_nights[0].parse().unwrap();
    assert!(garmin.sleep(unslept).await.unwrap().is_none_or(|night| !night.is_recorded()));
    assert_eq!(garmin.hrv(unslept).await.unwrap(), None);
}

#[tokio::test]
async fn abroad_the_answers_carry_the_clock_on_the_wrist() {
    let rig = Rig::with(account().abroad("America/New_York")).await;
    let (garmin, _) = rig.reader().await;
    let facts = rig.control().season(EMAIL).unwrap();
    let (first, last) = facts.week_abroad.unwrap();
    let week = DayRange::new(first.parse().unwrap(), last.parse().unwrap(), 7).unwrap();
    assert_eq!(garmin.zone().await.unwrap().iana_name(), Some("Europe/Paris"));
    let four_behind = |at: Option<jiff::Timestamp>, local: Option<jiff::civil::DateTime>| {
        let there = jiff::tz::Offset::constant(-4).to_datetime(at.unwrap());
        assert_eq!(local, Some(there));
    };
    let mut nights = 0;
    for day in week.days().filter(|day| !facts.unworn_nights.contains(&day.to_string())) {
        let night = garmin.sleep(day).await.unwrap().unwrap().sleep.unwrap();
        four_behind(night.start, night.start_local);
        four_behind(night.end, night.end_local);
        let hrv = garmin.hrv(day).await.unwrap().unwrap();
        four_behind(hrv.sleep_start, hrv.sleep_start_local);
        four_behind(hrv.sleep_end, hrv.sleep_end_local);
        nights += 1;
    }
    assert!(nights >= 5, "{nights}");
    let days = garmin.body_battery(week).await.unwrap().unwrap();
    let events: Vec<_> = days.into_iter().flat_map(|day| day.events.unwrap()).collect();
    assert!(events.iter().all(|event| event.offset_ms == Some(-4 * 3_600_000)));
    assert!(events.len() >= 5, "{}", events.len());
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a heartbeat")]
fn to_float(value: i64) -> f64 {
    value as f64
}

#[tokio::test]
async fn activities_are_listed_by_page_range_and_kind() {
    let (_rig, garmin, _) = rig().await;
    let page = |start| ActivityQuery { start, limit: 5, ..ActivityQuery::default() };
    let first = garmin.activities(&page(0)).await.unwrap();
    let second = garmin.activities(&page(5)).await.unwrap();
    assert_eq!((first.len(), second.len()), (5, 5));
    assert!(first.iter().all(|a| second.iter().all(|b| a.start > b.start && a.id != b.id)));
    let range = DayRange::new("2026-04-01".parse().unwrap(), worn(), 60).unwrap();
    let running = ActivityQuery {
        limit: 100,
        range: Some(range),
        kind: Some(ActivityKind::parse("running").unwrap()),
        ..ActivityQuery::default()
    };
    let runs = garmin.activities(&running).await.unwrap();
    assert!(!runs.is_empty());
    for run in &runs {
        let day = Day::of(run.start_local.unwrap().date());
        assert!(range.first() <= day && day <= range.last());
    }
    assert_eq!(garmin.activities(&page(1_000_000)).await.unwrap(), []);
    let unknown = ActivityQuery {
        limit: 5,
        kind: Some(ActivityKind::parse("levitating").unwrap()),
        ..ActivityQuery::default()
    };
    assert_eq!(garmin.activities(&unknown).await, Err(GarminError::BadRequest));
}

#[tokio::test]
async fn one_activity_is_read_with_laps_zones_and_curve() {
    let (_rig, garmin, _) = rig().await;
    let running = ActivityQuery {
        limit: 1,
        kind: Some(ActivityKind::parse("running").unwrap()),
        ..ActivityQuery::default()
    };
    let item = garmin.activities(&running).await.unwrap().remove(0);
    let id = ActivityId::new(item.id.unwrap()).unwrap();
    let activity = garmin.activity(id).await.unwrap();
    let totals = activity.totals.unwrap();
    assert_eq!(activity.name, item.name);
    assert_eq!(totals.distance_m, item.distance_m);
    assert_eq!(totals.start, item.start);
    let laps = garmin.activity_splits(id).await.unwrap().unwrap().laps.unwrap();
    let lapped: f64 = laps.iter().filter_map(|lap| lap.distance_m).sum();
    assert!((lapped - totals.distance_m.unwrap()).abs() < 50.0, "{lapped}");
    let zones = garmin.activity_heart_rate_zones(id).await.unwrap().unwrap();
    assert_eq!(zones.len(), 5);
    let curve = garmin.activity_details(id, 100).await.unwrap().unwrap();
    let rates = curve.channel("directHeartRate").unwrap();
    assert!((2..=200).contains(&rates.len()), "{}", rates.len());
    assert!(garmin.activity_power_zones(id).await.is_ok());
    let unknown = ActivityId::new(1).unwrap();
    assert_eq!(garmin.activity(unknown).await, Err(GarminError::NotFound));
}

#[tokio::test]
async fn hardware_and_gear_are_listed_with_mileage() {
    let (_rig, garmin, _) = rig().await;
    let devices = garmin.devices().await.unwrap().unwrap();
    let primary = devices.iter().find(|watch| watch.primary == Some(true)).unwrap();
    assert!(primary.model.is_some() && primary.firmware.is_some());
    let last = garmin.last_used_device().await.unwrap().unwrap();
    assert!(devices.iter().any(|watch| watch.id == last.id));
    assert!(last.uploaded_at.is_some());
    let gear = garmin.gear().await.unwrap().unwrap();
    let item = GearId::parse(gear[0].uuid.as_deref().unwrap()).unwrap();
    let stats = garmin.gear_stats(&item).await.unwrap().unwrap();
    assert!(stats.distance_m.unwrap() > 0.0 && stats.activities.unwrap() > 0);
    let mileage = garmin.gear_use().await.unwrap().unwrap();
    let all_at_once = mileage.iter().find(|it| it.uuid == gear[0].uuid).unwrap();
    assert_eq!(all_at_once.activities, stats.activities);
    let apart = (all_at_once.distance_m.unwrap() - stats.distance_m.unwrap()).abs();
    assert!(apart < 1.0, "{apart}");
    let defaults = garmin.gear_defaults().await.unwrap().unwrap_or_default();
    assert!(defaults.iter().all(|it| gear.iter().any(|gear| gear.uuid == it.uuid)));
    let removed = GearId::parse("0000000000000000000000000000beef").unwrap();
    assert_eq!(garmin.gear_stats(&removed).await, Ok(None));
}
