//! Which day it is, and how long it is: midnight far from Greenwich, clocks that change, nights
//! abroad. Everybody lives by a clock the test sets.

use std::sync::Arc;

use domain::clock::{Clock, ManualClock, Timestamp};
use domain::contract::Athlete;
use domain::id::Generation;
use garmin::{Access, AccessError, AccessSource, BoxFuture};
use serde_json::{Value, json};
use simulator::{AccountSpec, Simulator, SimulatorOptions};
use tokio::net::TcpListener;

use crate::account::{Account, Door};
use crate::tool::Tool;

const EMAIL: &str = "jo@example.org";
const PASSWORD: &str = "correct horse";

/// Hands out the one token there is.
struct Token(Access);

impl AccessSource for Token {
    fn access(&self, _: Option<Generation>) -> BoxFuture<'_, Result<Access, AccessError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// An athlete and their server at a moment.
struct At {
    simulator: Simulator,
    account: Account,
}

impl At {
    async fn moment(moment: &str, person: AccountSpec) -> Self {
        let now: jiff::Timestamp = moment.parse().unwrap();
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp(now.as_second())));
        let zone = person.zone.clone();
        let options = SimulatorOptions::new(Arc::clone(&clock), vec![person]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let simulator = Simulator::start(listener, options).await.unwrap();
        let tokens = simulator.control().sign_in(EMAIL).unwrap();
        let access = Access {
            token: tokens.access_token.into(),
            generation: Generation(1),
            expires_at: tokens.access_expires,
        };
        let upstream = simulator.urls().clone();
        let account = Account::new(Arc::new(Token(access)), clock, upstream, Door::Gateway)
            .with_athlete(Athlete { time_zone: Some(zone), ..Athlete::default() });
        Self { simulator, account }
    }

    async fn ask<T: Tool>(&self, arguments: Value) -> Value {
        let args = serde_json::from_value(arguments).unwrap();
        let answer = T::call(&self.account, args).await.unwrap();
        serde_json::to_value(answer).unwrap()
    }
}

fn person(zone: &str) -> AccountSpec {
    AccountSpec::new(EMAIL, PASSWORD).zone(zone)
}

#[tokio::test]
async fn half_past_midnight_is_the_new_day_wherever_the_athlete_lives() {
    for (moment, zone, today, yesterday) in [
        ("2026-05-10T12:30:00Z", "Pacific/Auckland", "2026-05-11", "2026-05-10"),
        ("2026-05-10T10:30:00Z", "Pacific/Honolulu", "2026-05-10", "2026-05-09"),
        ("2026-05-10T10:30:00Z", "Pacific/Kiritimati", "2026-05-11", "2026-05-10"),
    ] {
        let at = At::moment(moment, person(zone)).await;
        assert_eq!(at.simulator.control().season(EMAIL).unwrap().today, today, "{zone}");
        let stats = at.ask::<super::day::Stats>(json!({})).await;
        assert_eq!(stats["date"], today, "{zone}");
        let before = at.ask::<super::day::Stats>(json!({ "date": "yesterday" })).await;
        assert_eq!(before["date"], yesterday, "{zone}");
        // The night that is still going on has not ended today.
        let sleep = at.ask::<super::night::SleepSummary>(json!({})).await;
        assert_eq!(
            (&sleep["status"], &sleep["reason"]),
            (&json!("no_data"), &json!("not_synced_yet"))
        );
        let week = at.ask::<super::range::DailySteps>(json!({ "start_date": "7d" })).await;
        assert_eq!(
            (&week["end_date"], &week["coverage"]["days_requested"]),
            (&json!(today), &json!(7))
        );
        let days = at.ask::<super::range::StatsRange>(json!({ "start_date": "yesterday" })).await;
        let partial: Vec<_> =
            days["days"].as_array().unwrap().iter().map(|day| &day["is_partial"]).collect();
        assert_eq!(partial, [&json!(false), &json!(true)], "{zone}");
        // Half an hour of steps is not a day of steps.
        let arguments = json!({ "metrics": ["steps"], "start_date": "14d" });
        let trend = at.ask::<super::trend::HealthTrend>(arguments).await;
        let lowest =
            trend["stats"]["rows"].as_array().unwrap().iter().find(|row| row[0] == "min_date");
        assert_ne!(lowest.unwrap()[1], today, "{zone}");
    }
}

#[tokio::test]
async fn a_day_on_which_clocks_change_is_as_long_as_it_is() {
    let at = At::moment("2026-05-10T10:00:00Z", person("Europe/Paris")).await;
    let facts = at.simulator.control().season(EMAIL).unwrap();
    for (date, hours) in [("2026-03-29", 23), ("2025-10-26", 25), ("2026-04-01", 24)] {
        assert!(!facts.unworn_days.contains(&date.to_owned()), "{date} says nothing");
        let day = json!({ "date": date });
        let steps = at.ask::<super::steps::Steps>(day.clone()).await;
        let buckets = steps["buckets"]["values"].as_array().unwrap();
        assert_eq!(buckets.len(), hours, "{date}");
        let sum: i64 = buckets.iter().filter_map(Value::as_i64).sum();
        assert_eq!(steps["total"], sum, "{date}");
        assert!(
            steps["buckets"]["start"].as_str().unwrap().starts_with(&format!("{date}T00:00:00+"))
        );
        let rates = at.ask::<super::pulse::HeartRatesTool>(day).await;
        let quarters = rates["series"]["values"].as_array().unwrap().len();
        assert!(quarters <= hours * 4 && quarters >= hours * 4 - 8, "{date}: {quarters}");
    }
    // The night in which they go forward: as long as the sleeper slept, on both clocks.
    let night = at.ask::<super::night::SleepSummary>(json!({ "date": "2026-03-29" })).await;
    if night["status"] == "ok" {
        let moment = |key: &str| night[key].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let bed = moment("sleep_end").duration_since(moment("sleep_start")).as_secs();
        let parts =
            night["sleep_seconds"].as_i64().unwrap() + night["awake_seconds"].as_i64().unwrap();
        assert!((bed - parts).abs() <= 120, "{bed} in bed, {parts} accounted for");
        assert!(night["sleep_start"].as_str().unwrap().ends_with("+01:00"));
        assert!(night["sleep_end"].as_str().unwrap().ends_with("+02:00"));
    }
}

#[tokio::test]
async fn nights_abroad_are_told_by_the_clock_there() {
    let at =
        At::moment("2026-05-10T10:00:00Z", person("Europe/Paris").abroad("America/New_York")).await;
    let facts = at.simulator.control().season(EMAIL).unwrap();
    let (first, last) = facts.week_abroad.unwrap();
    let range = json!({ "start_date": first, "end_date": last });
    let nights = at.ask::<super::nights::SleepSummaryRange>(range).await;
    let rows = nights["nights"]["rows"].as_array().unwrap();
    assert!(rows.len() >= 4, "{nights}");
    for row in rows {
        let (bed, wake) = (row[1].as_str().unwrap(), row[2].as_str().unwrap());
        assert!(bed >= "20:00" || bed <= "02:00", "went to bed at {bed}");
        assert!(("04:00".."11:00").contains(&wake), "woke at {wake}");
        let night = at.ask::<super::night::SleepSummary>(json!({ "date": row[0] })).await;
        assert!(night["sleep_end"].as_str().unwrap().ends_with("-04:00"), "{night}");
        assert_eq!(&night["sleep_end"].as_str().unwrap()[11..16], wake);
    }
}
