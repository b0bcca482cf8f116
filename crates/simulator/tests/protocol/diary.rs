//! What a person writes is there afterwards, everywhere, and what Garmin refuses is refused.

use serde_json::{Value, json};
use simulator::AccountSpec;

use crate::support::{Garmin, PASSWORD};

const EMAIL: &str = "jo@example.org";

struct Diary {
    garmin: Garmin,
    token: String,
    today: String,
}

impl Diary {
    async fn open() -> Self {
        let garmin = Garmin::with(AccountSpec::new(EMAIL, PASSWORD)).await;
        let today = garmin.simulator.control().season(EMAIL).unwrap().today;
        let token = garmin.token_of(EMAIL);
        Self { garmin, token, today }
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.garmin.get(path, &self.token).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn write(&self, method: &str, path: &str, body: Value) -> u16 {
        self.garmin.write(method, path, &self.token, &body).await.0
    }
}

#[tokio::test]
async fn a_weighing_is_there_until_it_is_taken_back() {
    let diary = Diary::open().await;
    let today = &diary.today;
    let day = format!("/weight-service/weight/dayview/{today}");
    let before = diary.get(&day).await["dateWeightList"].as_array().unwrap().len();
    let weighing = |value: f64, unit: &str| {
        json!({"date": today, "dateTimestamp": format!("{today}T06:05:00.000"),
               "gmtTimestamp": format!("{today}T04:05:00.000"), "unitKey": unit,
               "sourceType": "MANUAL", "value": value})
    };
    let path = "/weight-service/user-weight";
    assert_eq!(diary.write("POST", path, weighing(150.0, "lbs")).await, 204);
    for (value, unit) in [(61.0, "lb"), (61.0, ""), (0.0, "kg"), (61_000.0, "kg")] {
        assert_eq!(diary.write("POST", path, weighing(value, unit)).await, 400, "{value} {unit}");
    }
    let mut shapeless = weighing(61.0, "kg");
    shapeless["dateTimestamp"] = json!(format!("{today}T06:05:00"));
    assert_eq!(diary.write("POST", path, shapeless).await, 400);

    let list = diary.get(&day).await;
    let entries = list["dateWeightList"].as_array().unwrap();
    assert_eq!(entries.len(), before + 1);
    let mine = entries.iter().find(|entry| entry["sourceType"] == "MANUAL").unwrap();
    assert_eq!(mine["weight"], 68_038.86);
    let range = diary.get(&format!("/weight-service/weight/range/{today}/{today}")).await;
    assert_eq!(range["dailyWeightSummaries"][0]["numOfWeightEntries"], before + 1);

    let gone = format!("/weight-service/weight/{today}/byversion/{}", mine["samplePk"]);
    assert_eq!(diary.write("DELETE", &gone, Value::Null).await, 204);
    assert_eq!(diary.write("DELETE", &gone, Value::Null).await, 404);
    assert_eq!(diary.get(&day).await["dateWeightList"].as_array().unwrap().len(), before);
}

#[tokio::test]
async fn the_scale_agrees_with_the_profile_and_with_itself() {
    let diary = Diary::open().await;
    let today = &diary.today;
    let latest =
        diary.get(&format!("/weight-service/weight/latest?date={today}&ignorePriority=true")).await;
    let range = diary.get(&format!("/weight-service/weight/range/2026-01-01/{today}")).await;
    let newest = &range["dailyWeightSummaries"][0]["latestWeight"];
    assert_eq!(latest["version"], newest["samplePk"]);
    assert_eq!(latest["weight"], newest["weight"]);
    assert_eq!(latest["weightDelta"], newest["weightDelta"]);
    let per_kilogram = diary
        .get(&format!("/biometric-service/biometric/powerToWeight/latest/{today}?sport=Running"))
        .await;
    let kilograms = per_kilogram[0]["weight"].as_f64().unwrap();
    assert!((kilograms * 1_000.0 - latest["weight"].as_f64().unwrap()).abs() < 1_500.0);
}

#[tokio::test]
async fn blood_pressure_and_drink_are_counted_on_their_day() {
    let diary = Diary::open().await;
    let today = &diary.today;
    let path = "/bloodpressure-service/bloodpressure";
    let measured = |systolic: i64| {
        json!({"measurementTimestampLocal": format!("{today}T08:00:00.000"),
               "measurementTimestampGMT": format!("{today}T06:00:00.000"), "systolic": systolic,
               "diastolic": 80, "sourceType": "MANUAL", "notes": "left"})
    };
    let (status, stored) = diary.garmin.write("POST", path, &diary.token, &measured(135)).await;
    assert_eq!((status, &stored["categoryName"]), (200, &json!("STAGE_1_HIGH")));
    assert_eq!(diary.write("POST", path, measured(300)).await, 400);
    let day = diary.get(&format!("{path}/dayview/{today}")).await;
    let readings = day["bloodPressureMeasurements"].as_array().unwrap();
    assert!(readings.iter().any(|reading| reading["version"] == stored["version"]));
    let gone = format!("{path}/{today}/{}", stored["version"]);
    assert_eq!(diary.write("DELETE", &gone, Value::Null).await, 204);

    let day = format!("/usersummary-service/usersummary/hydration/daily/{today}");
    let before = diary.get(&day).await["valueInML"].as_f64().unwrap();
    let glass = json!({"calendarDate": today, "valueInML": 330.0,
                       "timestampLocal": format!("{today}T10:00:00.000")});
    let log = "/usersummary-service/usersummary/hydration/log";
    assert_eq!(diary.write("PUT", log, glass).await, 200);
    let after = diary.get(&day).await["valueInML"].as_f64().unwrap();
    assert!((after - before - 330.0).abs() < 0.01);
}

#[tokio::test]
async fn a_habit_is_answered_only_while_it_is_tracked() {
    let diary = Diary::open().await;
    let today = &diary.today;
    let base = "/lifestylelogging-service";
    let log = format!("{base}/dailyLog/{today}");
    let row = |log: &Value, id: i64| {
        let rows = log["dailyLogsReport"].as_array().unwrap();
        rows.iter().find(|row| row["behaviourId"] == id).cloned()
    };
    assert!(row(&diary.get(&log).await, 1).unwrap().get("logStatus").is_none());
    let answer = |id: i64, details: Value| {
        json!({"behaviourId": id, "logStatus": "YES", "calendarDate": today,
               "updateTimestamp": format!("{today}T10:00:00.000"), "details": details})
    };
    let two_beers = json!([{"subTypeId": 1, "subTypeName": "BEER", "amount": 2}]);
    let path = |id: i64| format!("{base}/dailyLog/{id}/{today}");
    assert_eq!(diary.write("PUT", &path(1), answer(1, two_beers.clone())).await, 204);
    assert_eq!(diary.write("PUT", &path(8), answer(8, json!([]))).await, 400);
    assert_eq!(diary.write("PUT", &path(5), answer(5, two_beers.clone())).await, 400);
    let logged = diary.get(&log).await;
    assert_eq!(row(&logged, 1).unwrap()["details"], two_beers);
    assert_eq!(logged["completionStats"][0]["completedTracking"], 1);
    assert_eq!(diary.write("DELETE", &path(1), Value::Null).await, 204);
    assert!(row(&diary.get(&log).await, 1).unwrap().get("logStatus").is_none());

    let custom = json!({"name": "Magnesium", "category": "CUSTOM", "tracked": true});
    assert_eq!(diary.write("POST", &format!("{base}/behaviours"), custom).await, 200);
    let all = diary.get(&format!("{base}/behaviours/{today}")).await;
    let own = all.as_array().unwrap().iter().find(|it| it["name"] == "Magnesium").unwrap();
    assert_eq!(own["tracked"], true);
    let tracked = json!({"calendarDate": today, "trackedBehaviours": [1, own["behaviourId"]]});
    assert_eq!(diary.write("PUT", &format!("{base}/trackedBehaviours"), tracked).await, 204);
    assert_eq!(diary.get(&log).await["dailyLogsReport"].as_array().unwrap().len(), 2);
    let gone = format!("{base}/behaviours/{}", own["behaviourId"]);
    assert_eq!(diary.write("DELETE", &gone, Value::Null).await, 204);
    assert_eq!(diary.write("DELETE", &format!("{base}/behaviours/1"), Value::Null).await, 400);
}

#[tokio::test]
async fn ranges_tell_the_days_as_the_days_tell_themselves() {
    let diary = Diary::open().await;
    let control = diary.garmin.simulator.control();
    let facts = control.season(EMAIL).unwrap();
    let (dn, today) = (&facts.display_name, &facts.today);
    let start: jiff::civil::Date = today.parse().unwrap();
    let start = start.saturating_sub(jiff::Span::new().days(20));
    let metrics = "/metrics-service/metrics";
    let report = diary
        .get(&format!(
            "{metrics}/trainingstatus/weekly/{dn}?fromCalendarDate={start}&toCalendarDate={today}"
        ))
        .await;
    let rows = report["reportData"].as_object().unwrap().values().next().unwrap();
    let row = &rows.as_array().unwrap()[3];
    let date = row["calendarDate"].as_str().unwrap();
    let one = diary.get(&format!("{metrics}/trainingstatus/daily/{date}")).await;
    let told = one["latestTrainingStatusData"].as_object().unwrap().values().next().unwrap();
    assert_eq!(told, row);

    let range = format!("startDate={start}&endDate={today}");
    let hills = diary.get(&format!("{metrics}/hillscore/stats?{range}&aggregation=daily")).await;
    let newest = &hills["hillScoreDTOList"][0];
    let date = newest["calendarDate"].as_str().unwrap();
    let one = diary.get(&format!("{metrics}/hillscore?calendarDate={date}")).await;
    assert_eq!(&one, newest);

    let sums = diary
        .get(&format!(
            "/fitnessstats-service/activity?{range}&aggregation=lifetime&metric=distance\
             &groupByParentActivityType=true"
        ))
        .await;
    let list = diary
        .get(&format!(
            "/activitylist-service/activities/search/activities?{range}&start=0&limit=500"
        ))
        .await;
    let runs =
        list.as_array().unwrap().iter().filter(|it| it["activityType"]["typeKey"] == "running");
    let metres: f64 = runs.map(|run| run["distance"].as_f64().unwrap()).sum();
    let centimetres = sums[0]["stats"]["running"]["distance"]["sum"].as_f64().unwrap();
    assert!((centimetres - metres * 100.0).abs() < 1.0, "{centimetres} {metres}");
    assert_eq!(sums[0]["countOfActivities"], list.as_array().unwrap().len());
}
