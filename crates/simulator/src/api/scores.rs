//! Scores and thresholds over ranges, acclimation, and what the legs are used to.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::fitness::{endurance_of, hill_of, prediction};
use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found, nothing};
use crate::athlete::{Activity, Day, Discipline, number, rounded, whole};
use crate::state::Inner;
use crate::times::{dotted, monday, plain, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    let metrics = "/metrics-service/metrics";
    let biometric = "/biometric-service";
    Router::new()
        .route(&format!("{metrics}/endurancescore/stats"), get(endurance_stats))
        .route(&format!("{metrics}/hillscore/stats"), get(hill_stats))
        .route(&format!("{metrics}/runningtolerance/stats"), get(tolerance))
        .route(&format!("{metrics}/racepredictions/monthly/{{dn}}"), get(monthly_predictions))
        .route(&format!("{metrics}/heataltitudeacclimation/latest/{{date}}"), get(acclimation))
        .route("/jetlag-service/jetlag/trip/all", get(trips))
        .route(
            &format!("{biometric}/biometric/powerToWeight/latest/{{date}}"),
            get(power_to_weight),
        )
        .route(&format!("{biometric}/stats/{{what}}/range/{{start}}/{{end}}"), get(history))
}

const YEAR_CAP: i64 = 366;

fn dates(query: &Query) -> Result<(Date, Date), ApiError> {
    params::range(
        params::required(query, "startDate")?,
        params::required(query, "endDate")?,
        YEAR_CAP,
    )
}

/// Which of its words a parameter is.
fn one_of<'a>(query: &'a Query, name: &str, words: &[&str]) -> Result<&'a str, ApiError> {
    let word = params::required(query, name)?;
    let known = words.contains(&word);
    known.then_some(word).ok_or_else(|| ApiError::BadRequest(format!("Invalid {name}: {word}")))
}

impl Caller {
    fn told_days(&self, (start, end): (Date, Date)) -> Vec<&Day> {
        self.season.worn(start, end).filter(|day| self.told(day.date).is_some()).collect()
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    let count = i64::try_from(values.len()).ok().filter(|count| *count > 0)?;
    Some(values.iter().sum::<f64>() / number(count))
}

async fn endurance_stats(query: Query, caller: Caller) -> Reply {
    let range = dates(&query)?;
    one_of(&query, "aggregation", &["weekly", "daily"])?;
    let days = caller.told_days(range);
    let scored: Vec<(Date, Value)> =
        days.iter().map(|day| (day.date, endurance_of(&caller, day))).collect();
    let Some((_, latest)) = scored.last() else { return nothing() };
    let points = |row: &Value| row["overallScore"].as_f64().unwrap_or_default();
    let all: Vec<f64> = scored.iter().map(|(_, row)| points(row)).collect();
    let weeks: Map<String, Value> = scored
        .chunk_by(|a, b| monday(a.0) == monday(b.0))
        .map(|week| {
            let week_scores: Vec<f64> = week.iter().map(|(_, row)| points(row)).collect();
            let group = json!({
                "groupAverage": mean(&week_scores).map(f64::round),
                "groupMax": week_scores.iter().copied().reduce(f64::max),
                "enduranceContributorDTOList": week[0].1["contributors"],
            });
            (monday(week[0].0).to_string(), group)
        })
        .collect();
    found(json!({
        "userProfilePK": caller.athlete.person.profile_id,
        "startDate": range.0.to_string(),
        "endDate": range.1.to_string(),
        "avg": mean(&all).map(f64::round),
        "max": all.iter().copied().reduce(f64::max),
        "groupMap": weeks,
        "enduranceScoreDTO": latest,
    }))
}

async fn hill_stats(query: Query, caller: Caller) -> Reply {
    let range = dates(&query)?;
    one_of(&query, "aggregation", &["weekly", "daily"])?;
    let days = caller.told_days(range);
    let rows: Vec<Value> = days.iter().rev().map(|day| hill_of(&caller, day)).collect();
    if rows.is_empty() {
        return nothing();
    }
    let scores: Vec<f64> = rows.iter().filter_map(|row| row["overallScore"].as_f64()).collect();
    found(json!({
        "userProfilePK": caller.athlete.person.profile_id,
        "startDate": range.0.to_string(),
        "endDate": range.1.to_string(),
        "periodAvgScore": {range.0.to_string(): mean(&scores).map(f64::round)},
        "maxScore": scores.iter().copied().reduce(f64::max),
        "hillScoreDTOList": rows,
    }))
}

/// Runs, and what they cost the legs: hard metres count for more.
fn impact(activity: &Activity) -> f64 {
    activity.distance * (1.0 + 0.06 * (activity.aerobic_effect - 2.0).max(0.0))
}

fn runs(caller: &Caller, from: Date, to: Date) -> impl Iterator<Item = &Activity> {
    caller.season.activities(caller.now_ms()).filter(move |activity| {
        activity.discipline == Discipline::Run && (from..=to).contains(&activity.date)
    })
}

/// What four weeks of running have made the legs used to in one.
fn used_to(caller: &Caller, date: Date) -> i64 {
    let month: f64 = runs(caller, shift(date, -27), date).map(impact).sum();
    whole((month / 4.0 * 1.3).round()).max(5_000)
}

async fn tolerance(query: Query, caller: Caller) -> Reply {
    let (start, end) = dates(&query)?;
    let profile = caller.athlete.person.profile_id;
    let sums = |from: Date, to: Date| {
        let metres: f64 = runs(&caller, from, to).map(|run| run.distance).sum();
        let load: f64 = runs(&caller, from, to).map(impact).sum();
        (rounded(metres, 1), whole(load.round()))
    };
    let days = caller.told_days((start, end));
    let rows: Vec<Value> = if one_of(&query, "aggregation", &["weekly", "daily"])? == "weekly" {
        days.chunk_by(|a, b| monday(a.date) == monday(b.date))
            .map(|week| {
                let first = monday(week[0].date);
                let last = shift(first, 6);
                let (metres, load) = sums(first, last);
                json!({"userProfilePK": profile, "calendarDate": first.to_string(),
                       "startOfWeek": first.to_string(), "endOfWeek": last.to_string(),
                       "totalDistance": metres, "totalImpactLoad": load,
                       "tolerance": used_to(&caller, last)})
            })
            .rev()
            .collect()
    } else {
        days.iter()
            .map(|day| {
                let (metres, load) = sums(shift(day.date, -6), day.date);
                let most = used_to(&caller, day.date);
                let phrase = if load > most { "HIGH_LOAD" } else { "PRODUCTIVE" };
                json!({"userProfilePK": profile, "calendarDate": day.date.to_string(),
                       "acuteDistance": metres, "acuteImpactLoad": load, "acuteTolerance": most,
                       "runningToleranceFeedBackPhrase": phrase})
            })
            .collect()
    };
    found(Value::from(rows))
}

/// The last day of each month that has one.
async fn monthly_predictions(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let range = params::range(
        params::required(&query, "fromCalendarDate")?,
        params::required(&query, "toCalendarDate")?,
        YEAR_CAP,
    )?;
    let days = caller.told_days(range);
    let rows: Vec<Value> = days
        .chunk_by(|a, b| a.date.first_of_month() == b.date.first_of_month())
        .filter_map(|month| month.last())
        .map(|day| prediction(&caller, day))
        .collect();
    found(Value::from(rows))
}

/// Warm months make used to heat; the athlete's home is not high.
pub(super) fn acclimation_of(caller: &Caller, day: &Day) -> Value {
    let summer = i64::from((day.date.month() - 7).abs());
    let north = caller.athlete.person.latitude >= 0.0;
    let from_summer = if north { summer.min(12 - summer) } else { 6 - summer.min(12 - summer) };
    let heat = (100 - 30 * from_summer).max(0) * whole(day.form.chronic.min(60.0)) / 60;
    let date = day.date.to_string();
    let trend = if heat > 0 { Value::from("ACCLIMATIZED") } else { Value::Null };
    json!({
        "calendarDate": date,
        "altitudeAcclimationDate": date,
        "previousAltitudeAcclimationDate": date,
        "heatAcclimationDate": date,
        "previousHeatAcclimationDate": shift(day.date, -1).to_string(),
        "altitudeAcclimation": 0,
        "previousAltitudeAcclimation": 0,
        "heatAcclimationPercentage": heat,
        "previousHeatAcclimationPercentage": heat,
        "heatTrend": trend,
        "altitudeTrend": null,
        "currentAltitude": 180,
        "previousAltitude": 180,
        "acclimationPercentage": 0,
        "previousAcclimationPercentage": 0,
        "altitudeAcclimationLocalTimestamp":
            dotted(caller.athlete.zone.wall(caller.athlete.zone.instant(day.date, 5))),
    })
}

async fn acclimation(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    match (0..14).find_map(|back| caller.told(shift(date, -back))) {
        Some(day) => found(acclimation_of(&caller, day)),
        None => nothing(),
    }
}

/// The journey, when there was one, told to Garmin before it began.
async fn trips(caller: Caller) -> Reply {
    let zone = &caller.athlete.zone;
    let Some((first, last)) = zone.journey() else { return found(json!([])) };
    let offset = |date: Date| {
        let minutes = zone.offset(zone.instant(date, 12 * 60)) / 60_000;
        let sign = if minutes < 0 { '-' } else { '+' };
        format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
    };
    let before = shift(first, -1);
    found(json!([{
        "tripId": 7_000_001,
        "startDate": first.to_string(),
        "endDate": last.to_string(),
        "flights": [{
            "flightId": 7_100_001,
            "originLocation": caller.athlete.person.city,
            "originTimezone": offset(before),
            "originTimestamp": format!("{before}T08:00:00.00"),
            "destinationLocation": "Abroad",
            "destinationTimezone": offset(first),
            "destinationTimestamp": format!("{before}T16:00:00.00"),
        }],
    }]))
}

// Thresholds.

/// Tested anew every six weeks, counted back from the newest.
const TESTS_EVERY: i64 = 42;

/// The days on which the watch found a threshold, newest first.
fn tests(caller: &Caller, newest: i64) -> Vec<Date> {
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    (0..9)
        .map(|test| shift(today, -newest - test * TESTS_EVERY))
        .filter(|date| *date >= caller.season.first())
        .collect()
}

/// As many days before today as the newest of each kind.
pub(super) const THRESHOLD_DAYS_AGO: i64 = 9;
pub(super) const FTP_DAYS_AGO: i64 = 16;

/// Where between the season's first test and now the athlete stood: the newest test is the value
/// that everything else shows.
fn grown(caller: &Caller, date: Date, newest: i64, value: f64) -> f64 {
    let now = tests(caller, newest).first().and_then(|date| caller.season.day(*date));
    match (now, caller.season.day(date)) {
        (Some(now), Some(then)) => value * then.form.vo2max_run / now.form.vo2max_run,
        (_, _) => value,
    }
}

async fn history(
    Path((what, start, end)): Path<(String, String, String)>,
    query: Query,
    caller: Caller,
) -> Reply {
    let (start, end) = params::range(&start, &end, YEAR_CAP)?;
    let sport = one_of(&query, "sport", &["RUNNING", "CYCLING"])?;
    one_of(&query, "aggregation", &["daily", "weekly", "monthly", "yearly"])?;
    one_of(&query, "aggregationStrategy", &["LATEST"])?;
    let person = &caller.athlete.person;
    let (newest, value, decimals) = match (what.as_str(), sport) {
        ("lactateThresholdSpeed", "RUNNING") => {
            (THRESHOLD_DAYS_AGO, person.threshold_speed_mps / 10.0, 4)
        }
        ("lactateThresholdHeartRate", "RUNNING") => {
            (THRESHOLD_DAYS_AGO, number(person.threshold_hr), 0)
        }
        ("functionalThresholdPower", "RUNNING") => (THRESHOLD_DAYS_AGO, person.run_power_w, 0),
        ("functionalThresholdPower", "CYCLING") => (FTP_DAYS_AGO, person.bike_ftp_w, 0),
        ("lactateThresholdSpeed" | "lactateThresholdHeartRate", _) => return found(json!([])),
        (_, _) => return Err(ApiError::NotFound),
    };
    let steady = what == "lactateThresholdHeartRate";
    let rows: Vec<Value> = tests(&caller, newest)
        .into_iter()
        .rev()
        .filter(|date| (start..=end).contains(date))
        .map(|date| {
            let then = if steady { value } else { grown(&caller, date, newest, value) };
            json!({"from": date.to_string(), "until": date.to_string(),
                   "series": sport.to_ascii_lowercase(), "value": rounded(then, decimals),
                   "updatedDate": date.to_string()})
        })
        .collect();
    found(Value::from(rows))
}

async fn power_to_weight(Path(date): Path<String>, query: Query, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let person = &caller.athlete.person;
    let Some(day) = (0..60).find_map(|back| caller.told(shift(date, -back))) else {
        return found(json!([]));
    };
    let asked = query.get("sport").map(|sport| sport.to_ascii_uppercase());
    let kilograms = day.form.weight_g / 1_000.0;
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let weighed = dotted(caller.athlete.zone.wall(day.slept.end));
    let rows: Vec<Value> = [
        ("RUNNING", person.run_power_w, THRESHOLD_DAYS_AGO),
        ("CYCLING", person.bike_ftp_w, FTP_DAYS_AGO),
    ]
    .into_iter()
    .filter(|(sport, ..)| asked.as_deref().is_none_or(|asked| asked == *sport))
    .map(|(sport, watts, ago)| {
        let tested = caller.athlete.zone.instant(shift(today, -ago), 18 * 60);
        json!({
            "userProfilePk": person.profile_id,
            "calendarDate": weighed,
            "origin": "weight",
            "sport": sport,
            "functionalThresholdPower": watts,
            "weight": rounded(kilograms, 2),
            "powerToWeight": rounded(watts / kilograms, 2),
            "ftpCreateTime": format!("{}.0", plain(tested)),
            "weightCreateTime": weighed,
            "isStale": false,
        })
    })
    .collect();
    found(Value::from(rows))
}
