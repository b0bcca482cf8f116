//! One life, told by many endpoints: they must agree.
#![expect(
    clippy::float_cmp,
    clippy::cast_precision_loss,
    reason = "whole numbers in JSON, compared as they came"
)]

use jiff::civil::Date;
use serde_json::Value;
use simulator::{AccountSpec, SeasonFacts};

use crate::support::{Garmin, PASSWORD};

const EMAIL: &str = "jo@example.org";

struct Life {
    garmin: Garmin,
    token: String,
    facts: SeasonFacts,
}

impl Life {
    async fn of(seed: u64, zone: &str) -> Self {
        Self::with(AccountSpec::new(EMAIL, PASSWORD).athlete(seed).zone(zone)).await
    }

    async fn with(account: AccountSpec) -> Self {
        let garmin = Garmin::with(account).await;
        let facts = garmin.simulator.control().season(EMAIL).unwrap();
        let token = garmin.token_of(EMAIL);
        Self { garmin, token, facts }
    }

    async fn get(&self, path: &str) -> Value {
        let path = path.replace("{dn}", &self.facts.display_name);
        let (status, body) = self.garmin.get(&path, &self.token).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn status(&self, path: &str) -> u16 {
        let path = path.replace("{dn}", &self.facts.display_name);
        self.garmin.get(&path, &self.token).await.0
    }

    fn back(&self, days: i64) -> Date {
        day(&self.facts.today, -days)
    }

    async fn summary(&self, date: impl std::fmt::Display) -> Value {
        self.get(&format!("/usersummary-service/usersummary/daily/{{dn}}?calendarDate={date}"))
            .await
    }

    async fn activities(
        &self,
        from: impl std::fmt::Display,
        to: impl std::fmt::Display,
    ) -> Vec<Value> {
        let path = format!(
            "/activitylist-service/activities/search/activities\
             ?startDate={from}&endDate={to}&start=0&limit=500"
        );
        self.get(&path).await.as_array().unwrap().clone()
    }
}

fn day(date: &str, shift: i64) -> Date {
    date.parse::<Date>().unwrap().checked_add(jiff::Span::new().days(shift)).unwrap()
}

fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("not a number: {value}"))
}

fn sum(rows: &[Value], key: &str) -> f64 {
    rows.iter().map(|row| row[key].as_f64().unwrap_or(0.0)).sum()
}

#[tokio::test]
async fn the_day_adds_up_to_its_activities_and_its_charts() {
    for (seed, zone) in [(1, "Europe/Paris"), (7, "America/Los_Angeles"), (23, "Pacific/Auckland")]
    {
        let life = Life::of(seed, zone).await;
        for back in 1..15 {
            let date = life.back(back);
            let summary = life.summary(date).await;
            let activities = life.activities(date, date).await;
            assert_eq!(
                float(&summary["moderateIntensityMinutes"])
                    + float(&summary["vigorousIntensityMinutes"]),
                sum(&activities, "moderateIntensityMinutes")
                    + sum(&activities, "vigorousIntensityMinutes"),
                "{date}"
            );
            assert!(float(&summary["totalSteps"]) >= sum(&activities, "steps"), "{date}");
            assert!(float(&summary["totalDistanceMeters"]) >= sum(&activities, "distance").floor());
            let burnt = sum(&activities, "calories") - sum(&activities, "bmrCalories");
            assert!(float(&summary["activeKilocalories"]) >= burnt.floor(), "{date}");
            assert_eq!(summary["includesActivityData"], !activities.is_empty());

            let path = format!("/wellness-service/wellness/dailySummaryChart/{{dn}}?date={date}");
            let chart = life.get(&path).await;
            assert_eq!(float(&summary["totalSteps"]), sum(chart.as_array().unwrap(), "steps"));

            let path = format!("/wellness-service/wellness/dailyHeartRate/{{dn}}?date={date}");
            let heart = life.get(&path).await;
            for key in ["restingHeartRate", "minHeartRate", "maxHeartRate"] {
                assert_eq!(heart[key], summary[key], "{date} {key}");
            }
            let peak = activities.iter().map(|a| float(&a["maxHR"])).fold(0.0, f64::max);
            assert!(float(&heart["maxHeartRate"]) >= peak, "{date}");

            let stress = life.get(&format!("/wellness-service/wellness/dailyStress/{date}")).await;
            assert_eq!(stress["avgStressLevel"], summary["averageStressLevel"]);
            let report = life
                .get(&format!(
                    "/wellness-service/wellness/bodyBattery/reports/daily?startDate={date}&endDate={date}"
                ))
                .await;
            assert_eq!(report[0]["charged"], summary["bodyBatteryChargedValue"]);
            let range =
                life.get(&format!("/usersummary-service/stats/steps/daily/{date}/{date}")).await;
            assert_eq!(range[0]["totalSteps"], summary["totalSteps"]);
        }
    }
}

#[tokio::test]
async fn the_night_is_the_same_night_everywhere() {
    let life = Life::of(3, "Europe/Paris").await;
    for back in 0..12 {
        let date = life.back(back);
        let sleep = life
            .get(&format!(
                "/wellness-service/wellness/dailySleepData/{{dn}}?date={date}&nonSleepBufferMinutes=60"
            ))
            .await;
        let night = &sleep["dailySleepDTO"];
        let summary = life.summary(date).await;
        assert_eq!(summary["sleepingSeconds"], night["sleepTimeSeconds"], "{date}");
        assert_eq!(summary["bodyBatteryDuringSleep"], sleep["bodyBatteryChange"]);
        assert_eq!(summary["restingHeartRate"], sleep["restingHeartRate"]);
        assert_eq!(summary["averageSpo2"], night["averageSpO2Value"]);
        let stages: f64 = ["deepSleepSeconds", "lightSleepSeconds", "remSleepSeconds"]
            .iter()
            .map(|stage| float(&night[*stage]))
            .sum();
        assert_eq!(stages, float(&night["sleepTimeSeconds"]));
        let length =
            float(&night["sleepEndTimestampGMT"]) - float(&night["sleepStartTimestampGMT"]);
        assert_eq!(stages + float(&night["awakeSleepSeconds"]), length / 1_000.0);

        let hrv = life.get(&format!("/hrv-service/hrv/{date}")).await;
        assert_eq!(hrv["hrvSummary"]["lastNightAvg"], float(&sleep["avgOvernightHrv"]));
        assert_eq!(hrv["hrvSummary"]["status"], sleep["hrvStatus"]);
        let readings = hrv["hrvReadings"].as_array().unwrap();
        let mean = sum(readings, "hrvValue") / readings.len() as f64;
        assert!((mean - float(&sleep["avgOvernightHrv"])).abs() < 1.0, "{mean}");

        let ready = life.get(&format!("/metrics-service/metrics/trainingreadiness/{date}")).await;
        let waking = ready.as_array().unwrap().last().unwrap();
        assert_eq!(waking["inputContext"], "AFTER_WAKEUP_RESET");
        assert_eq!(waking["sleepScore"], night["sleepScores"]["overall"]["value"]);
        assert_eq!(waking["hrvWeeklyAverage"], hrv["hrvSummary"]["weeklyAvg"]);
        let stats = life.get(&format!("/sleep-service/stats/sleep/daily/{date}/{date}")).await;
        let row = &stats["individualStats"][0]["values"];
        assert_eq!(row["totalSleepTimeInSeconds"], night["sleepTimeSeconds"]);
        assert_eq!(row["sleepScore"], waking["sleepScore"]);
        assert_eq!(row["avgHeartRate"], night["avgHeartRate"]);
    }
}

#[tokio::test]
async fn the_streams_of_an_activity_integrate_to_its_summary() {
    let life = Life::of(5, "Europe/Berlin").await;
    let list = life.activities(life.back(30), life.back(0)).await;
    assert!(list.len() > 15, "{}", list.len());
    for item in &list {
        let id = &item["activityId"];
        let one = life.get(&format!("/activity-service/activity/{id}")).await;
        let summary = &one["summaryDTO"];
        assert_eq!(summary["distance"], item["distance"]);
        assert_eq!(summary["duration"], item["duration"]);
        assert_eq!(summary["activityTrainingLoad"], item["activityTrainingLoad"]);
        let details = life
            .get(&format!(
                "/activity-service/activity/{id}/details?maxChartSize=100000&maxPolylineSize=10"
            ))
            .await;
        let channel = |key: &str| -> Option<usize> {
            details["metricDescriptors"]
                .as_array()
                .unwrap()
                .iter()
                .position(|descriptor| descriptor["key"] == key)
        };
        let column = |key: &str| -> Vec<f64> {
            let index = channel(key).unwrap();
            details["activityDetailMetrics"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| float(&row["metrics"][index]))
                .collect()
        };
        let secs = column("sumDuration");
        assert!((secs.last().unwrap() - float(&summary["duration"])).abs() < 0.01);
        let hr = column("directHeartRate");
        let peak = hr.iter().copied().fold(0.0, f64::max);
        assert_eq!(peak, float(&item["maxHR"]));
        let zones = life.get(&format!("/activity-service/activity/{id}/hrTimeInZones")).await;
        let in_zones = sum(zones.as_array().unwrap(), "secsInZone");
        assert!(in_zones <= float(&summary["duration"]) + 0.01);
        let laps = life.get(&format!("/activity-service/activity/{id}/splits")).await;
        let laps = laps["lapDTOs"].as_array().unwrap();
        assert_eq!(item["lapCount"], laps.len());
        assert!((sum(laps, "duration") - float(&summary["duration"])).abs() < 0.1);
        let Some(distance) = channel("sumDistance") else {
            assert_eq!(item["activityType"]["typeKey"], "strength_training");
            assert_eq!(float(&item["distance"]), 0.0);
            continue;
        };
        let rows = details["activityDetailMetrics"].as_array().unwrap();
        let covered = float(&rows.last().unwrap()["metrics"][distance]);
        assert!((covered - float(&summary["distance"])).abs() < 0.02);
        let integrated: f64 = column("directSpeed")[1..]
            .iter()
            .zip(secs.windows(2))
            .map(|(speed, pair)| speed * (pair[1] - pair[0]))
            .sum();
        assert!((integrated - covered).abs() < covered * 0.001 + 1.0, "{integrated} {covered}");
        assert!((sum(laps, "distance") - covered).abs() < 1.0);
    }
}

#[tokio::test]
async fn an_illness_raises_the_pulse_lowers_hrv_and_stops_training() {
    for seed in [1, 2, 8] {
        let life = Life::of(seed, "Europe/Paris").await;
        let (first, last) = (&life.facts.illness_first_day, &life.facts.illness_last_day);
        assert!(life.activities(first, last).await.is_empty());
        let ill = life.summary(day(first, 2)).await;
        let well = life.summary(day(first, -9)).await;
        assert!(float(&ill["restingHeartRate"]) >= float(&well["restingHeartRate"]) + 4.0);
        assert!(float(&ill["averageStressLevel"]) > float(&well["averageStressLevel"]) + 8.0);
        let hrv = async |date: Date| {
            let path = format!("/hrv-service/hrv/daily/{date}/{}", day(&date.to_string(), 3));
            let range = life.get(&path).await;
            let rows = range["hrvSummaries"].as_array().unwrap().clone();
            sum(&rows, "lastNightAvg") / rows.len() as f64
        };
        assert!(hrv(day(first, 1)).await < hrv(day(first, -10)).await * 0.88);
        let ready = |date: Date| format!("/metrics-service/metrics/trainingreadiness/{date}");
        let worst = life.get(&ready(day(first, 3))).await;
        if let Some(entry) = worst.as_array().unwrap().last() {
            assert!(float(&entry["score"]) < 45.0, "{}", entry["score"]);
        }
    }
}

#[tokio::test]
async fn a_race_is_in_the_list_fast_and_followed_by_rest() {
    let life = Life::of(4, "Europe/Paris").await;
    let race = &life.facts.race_day;
    let run = life.activities(race, race).await;
    assert_eq!(run.len(), 1);
    assert_eq!(run[0]["eventType"]["typeKey"], "race");
    assert!((float(&run[0]["distance"]) - 21_150.0).abs() < 100.0, "{}", run[0]["distance"]);
    let rest =
        life.activities(&life.facts.rest_week_first_day, &life.facts.rest_week_last_day).await;
    assert!(rest.is_empty());
    let load = async |date: Date| {
        let status =
            life.get(&format!("/metrics-service/metrics/trainingstatus/aggregated/{date}")).await;
        let by_device = &status["mostRecentTrainingStatus"]["latestTrainingStatusData"];
        let row = by_device.as_object().unwrap().values().next().unwrap().clone();
        float(&row["acuteTrainingLoadDTO"]["dailyTrainingLoadAcute"])
    };
    let before_taper = load(day(race, -14)).await;
    let raced = load(day(race, 1)).await;
    let rested = load(day(race, 7)).await;
    assert!(rested < raced * 0.6 && rested < before_taper, "{before_taper} {raced} {rested}");
    let records = life.get("/personalrecord-service/personalrecord/prs/{dn}").await;
    let kinds: Vec<i64> =
        records.as_array().unwrap().iter().map(|row| row["typeId"].as_i64().unwrap()).collect();
    assert!(kinds.contains(&3) && kinds.contains(&7), "{kinds:?}");
}

#[tokio::test]
async fn a_day_in_a_drawer_has_nothing_in_every_spelling_of_nothing() {
    let life = Life::of(1, "Europe/Paris").await;
    assert!(life.facts.unworn_days.len() >= 4, "{:?}", life.facts.unworn_days);
    let date = &life.facts.unworn_days[0];
    let summary = life.summary(date).await;
    assert_eq!(summary["includesWellnessData"], false);
    assert_eq!(summary["totalSteps"], Value::Null);
    assert!(life.activities(date, date).await.is_empty());
    assert_eq!(life.status(&format!("/hrv-service/hrv/{date}")).await, 204);
    let sleep =
        life.get(&format!("/wellness-service/wellness/dailySleepData/{{dn}}?date={date}")).await;
    assert_eq!(sleep["dailySleepDTO"]["id"], Value::Null);
    let heart =
        life.get(&format!("/wellness-service/wellness/dailyHeartRate/{{dn}}?date={date}")).await;
    assert_eq!(heart["heartRateValues"], Value::Null);
    let stress = life.get(&format!("/wellness-service/wellness/dailyStress/{date}")).await;
    let values = stress["stressValuesArray"].as_array().unwrap();
    assert!(values.len() > 400 && values.iter().all(|pair| pair[1] == -1));
    let steps = life.get(&format!("/usersummary-service/stats/steps/daily/{date}/{date}")).await;
    assert_eq!(steps.as_array().unwrap().len(), 0);
    let ready = life.get(&format!("/metrics-service/metrics/trainingreadiness/{date}")).await;
    assert_eq!(ready.as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn today_goes_as_far_as_now_and_tomorrow_is_empty() {
    let life = Life::of(6, "Europe/Paris").await;
    let today = life.back(0);
    let noon = life.summary(today).await;
    assert!(float(&noon["totalSteps"]) > 0.0);
    let path = format!("/wellness-service/wellness/dailyHeartRate/{{dn}}?date={today}");
    let so_far = life.get(&path).await["heartRateValues"].as_array().unwrap().len();
    assert_eq!(so_far, 615, "20 and a half hours of two minutes");
    life.garmin.advance(3 * 3_600);
    let evening = life.summary(today).await;
    assert!(float(&evening["totalSteps"]) >= float(&noon["totalSteps"]));
    let tomorrow = life.summary(life.back(-1)).await;
    assert_eq!(tomorrow["includesWellnessData"], false);
    assert_eq!(life.status(&format!("/hrv-service/hrv/{}", life.back(-1))).await, 204);
}

#[tokio::test]
async fn the_past_stays_as_it_was_told_when_time_passes() {
    let life = Life::of(9, "America/New_York").await;
    let date = life.back(3);
    let told = life.summary(date).await;
    let listed = life.activities(life.back(60), life.back(1)).await;
    life.garmin.clock.advance(std::time::Duration::from_hours(40 * 24));
    let life = Life { token: life.garmin.token_of(EMAIL), ..life };
    assert_eq!(life.summary(date).await, told);
    assert_eq!(life.activities(life.back(60), life.back(1)).await, listed);
    let newest =
        life.get("/activitylist-service/activities/search/activities?start=0&limit=1").await;
    assert!(newest[0]["startTimeLocal"].as_str().unwrap() > "2026-12-20");
}

#[tokio::test]
async fn one_seed_is_one_person_and_another_seed_another() {
    let paths = [
        "/userprofile-service/socialProfile",
        "/device-service/deviceregistration/devices",
        "/activitylist-service/activities/search/activities?start=0&limit=50",
    ];
    let (one, again) = (Life::of(11, "Europe/Paris").await, Life::of(11, "Europe/Paris").await);
    let other = Life::of(12, "Europe/Paris").await;
    for path in paths {
        assert_eq!(one.get(path).await, again.get(path).await);
        assert_ne!(one.get(path).await, other.get(path).await);
    }
    assert_ne!(one.facts.garmin_guid, other.facts.garmin_guid);
    assert_ne!(one.facts.display_name, other.facts.display_name);
}

#[tokio::test]
async fn the_list_is_newest_first_in_pages_and_filters() {
    let life = Life::of(2, "Europe/Paris").await;
    let page = |query: &str| format!("/activitylist-service/activities/search/activities?{query}");
    let all = life.get(&page("start=0&limit=1000")).await;
    let all = all.as_array().unwrap();
    let count = life.get("/activitylist-service/activities/count").await;
    // Legs of several sports count, and are not listed.
    let legs = count["multisportChildCount"].as_u64().unwrap();
    assert_eq!(count["totalCount"], legs + all.len() as u64);
    assert!(all.len() > 200, "{}", all.len());
    let starts: Vec<&str> = all.iter().map(|a| a["startTimeGMT"].as_str().unwrap()).collect();
    assert!(starts.is_sorted_by(|a, b| a >= b));
    let second = life.get(&page("start=20&limit=20")).await;
    assert_eq!(second.as_array().unwrap()[..], all[20..40]);
    let rides = life.get(&page("start=0&limit=1000&activityType=cycling")).await;
    let rides = rides.as_array().unwrap();
    assert!(!rides.is_empty());
    assert!(rides.iter().all(|ride| ride["activityType"]["parentTypeId"] == 2));
    assert_eq!(life.status(&page("activityType=flying_carpet")).await, 400);
    assert_eq!(life.status(&page("startDate=2026-02-30")).await, 400);
    assert_eq!(life.status("/activity-service/activity/1").await, 404);
}

#[tokio::test]
async fn gear_wears_down_by_exactly_what_it_was_used_for() {
    let life = Life::of(2, "Europe/Paris").await;
    let profile = life.facts.profile_id;
    let gear = life.get(&format!("/gear-service/gear/filterGear?userProfilePk={profile}")).await;
    let gear = gear.as_array().unwrap();
    assert!(gear.len() >= 3);
    assert!(gear.iter().any(|item| item["gearStatusName"] == "retired"));
    for item in gear {
        let uuid = item["uuid"].as_str().unwrap();
        let stats = life.get(&format!("/gear-service/gear/stats/{uuid}")).await;
        let used = life
            .get(&format!("/activitylist-service/activities/{uuid}/gear?start=0&limit=1000"))
            .await;
        let used = used.as_array().unwrap();
        assert_eq!(stats["totalActivities"], used.len());
        assert!((float(&stats["totalDistance"]) - sum(used, "distance")).abs() < 0.1);
        if let Some(activity) = used.first() {
            let id = &activity["activityId"];
            let linked = life.get(&format!("/gear-service/gear/filterGear?activityId={id}")).await;
            assert_eq!(linked[0]["uuid"], item["uuid"]);
        }
    }
    assert_eq!(life.status("/gear-service/gear/filterGear?userProfilePk=1").await, 403);
    assert_eq!(life.status("/gear-service/gear/stats/00").await, 404);
}

#[tokio::test]
async fn refusals_are_garmins_own() {
    let life = Life::of(1, "Europe/Paris").await;
    let today = life.back(0);
    let wrong = [
        (403, format!("/usersummary-service/usersummary/daily/None?calendarDate={today}")),
        (400, "/usersummary-service/usersummary/daily/{dn}?calendarDate=2026-13-01".to_owned()),
        (400, "/usersummary-service/usersummary/daily/{dn}".to_owned()),
        (400, format!("/usersummary-service/stats/steps/daily/{}/{today}", life.back(28))),
        (200, format!("/usersummary-service/stats/steps/daily/{}/{today}", life.back(27))),
        (400, format!("/usersummary-service/stats/stress/daily/{today}/{}", life.back(1))),
        (400, format!("/hrv-service/hrv/daily/{}/{today}", life.back(367))),
        (200, format!("/hrv-service/hrv/daily/{}/{today}", life.back(366))),
        (404, "/no-service/at/all".to_owned()),
        (404, format!("/usersummary-service//stats/steps/daily/{today}/{today}")),
    ];
    for (status, path) in wrong {
        assert_eq!(life.status(&path).await, status, "{path}");
    }
}

#[tokio::test]
async fn an_old_account_may_answer_without_a_name_for_a_while() {
    let life = Life::of(1, "Europe/Paris").await;
    life.garmin.simulator.control().hide_display_name(EMAIL, 2);
    let profile = "/userprofile-service/socialProfile";
    assert_eq!(life.get(profile).await["displayName"], Value::Null);
    assert_eq!(life.get(profile).await["displayName"], Value::Null);
    assert_eq!(life.get(profile).await["displayName"], life.facts.display_name.as_str());
    let settings = life.get("/userprofile-service/userprofile/user-settings").await;
    assert_eq!(settings["userData"]["measurementSystem"], "metric");
    let personal = life.get("/userprofile-service/userprofile/personal-information/{dn}").await;
    assert_eq!(personal["timeZone"], "Europe/Paris");
}

const WATCH_LAST: &str = "/device-service/deviceservice/mylastused";

#[tokio::test]
async fn the_device_that_synced_last_is_the_one_the_summary_heard_from() {
    for seed in [1, 2, 5] {
        let life = Life::of(seed, "Europe/Paris").await;
        let devices = life.get("/device-service/deviceregistration/devices").await;
        let watch = &devices[0]["deviceId"];
        for _ in 0..10 {
            let token = life.garmin.token_of(EMAIL);
            let (_, last) = life.garmin.get(WATCH_LAST, &token).await;
            let today = life.garmin.simulator.control().season(EMAIL).unwrap().today;
            let path = format!(
                "/usersummary-service/usersummary/daily/{}?calendarDate={today}",
                life.facts.display_name
            );
            let (_, summary) = life.garmin.get(&path, &token).await;
            if let Some(synced) = summary["lastSyncTimestampGMT"].as_str() {
                let synced: jiff::Timestamp = format!("{synced}Z").parse().unwrap();
                assert_eq!(&last["userDeviceId"], watch);
                let uploaded = last["lastUsedDeviceUploadTime"].as_i64().unwrap();
                assert_eq!(uploaded / 1_000, synced.as_second(), "{today}");
            }
            life.garmin.advance(16 * 3_600);
        }
    }
}

#[tokio::test]
async fn a_week_abroad_is_told_by_the_clock_there_and_counted_in_its_days() {
    let account = AccountSpec::new(EMAIL, PASSWORD).athlete(1).abroad("America/New_York");
    let life = Life::with(account).await;
    let (first, last) = life.facts.week_abroad.clone().unwrap();
    let (first, last) = (day(&first, 0), day(&last, 0));
    let offset = |date: Date, zone: &str| {
        let noon = date.at(12, 0, 0, 0).in_tz(zone).unwrap();
        f64::from(noon.offset().seconds()) * 1_000.0
    };
    let before = day(&first.to_string(), -1);
    let after = day(&last.to_string(), 1);
    let mut nights = 0;
    let mut date = before;
    while date <= after {
        let there = (first..=last).contains(&date);
        let zone = if there { "America/New_York" } else { "Europe/Paris" };
        let path = format!("/wellness-service/wellness/dailySleepData/{{dn}}?date={date}");
        let sleep = life.get(&path).await;
        let night = &sleep["dailySleepDTO"];
        let slept = !life.facts.unworn_nights.contains(&date.to_string());
        // On the way home the night begins by the clock of the plane.
        if slept && date != after {
            for edge in ["Start", "End"] {
                let local = float(&night[format!("sleep{edge}TimestampLocal")]);
                let apart = local - float(&night[format!("sleep{edge}TimestampGMT")]);
                assert_eq!(apart, offset(date, zone), "{date} {edge}");
            }
            nights += i32::from(there);
        }
        let heart = format!("/wellness-service/wellness/dailyHeartRate/{{dn}}?date={date}");
        let heart = life.get(&heart).await;
        assert_eq!(heart["startTimestampLocal"], format!("{date}T00:00:00.0"));
        let samples = heart["heartRateValues"].as_array().unwrap().len();
        let expected = if date == before {
            900
        } else if date == last {
            540
        } else {
            720
        };
        assert_eq!(samples, expected, "{date}");
        let report = "/wellness-service/wellness/bodyBattery/reports/daily";
        let report = life.get(&format!("{report}?startDate={date}&endDate={date}")).await;
        let events = report[0]["bodyBatteryActivityEvent"].as_array().unwrap();
        if date != after {
            for event in events {
                assert_eq!(float(&event["timezoneOffset"]), offset(date, zone), "{date}");
            }
        }
        for activity in life.activities(date, date).await {
            let local = activity["startTimeLocal"].as_str().unwrap();
            assert!(local.starts_with(&date.to_string()), "{local}");
            assert_eq!(
                (&activity["parent"], &activity["isParent"]),
                (&false.into(), &false.into())
            );
        }
        date = day(&date.to_string(), 1);
    }
    assert!(nights >= 5, "{nights}");
    let settings = life.get("/userprofile-service/userprofile/settings").await;
    assert_eq!(settings["timeZone"], "Europe/Paris");
}
