//! Statistics over ranges of days. Days without data are left out; past its cap a range is 400.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found};
use crate::athlete::{DayView, Digest, FLOORS_GOAL, WEEKLY_INTENSITY_GOAL, number, rounded};
use crate::state::Inner;
use crate::times::{days_between, shift};

const DAILY_CAP: i64 = 28;
const RESPIRATION_CAP: i64 = 31;
const YEAR_CAP: i64 = 366;
const WEEKS_CAP: i64 = 52;

type Range = Path<(String, String)>;

pub(super) fn router() -> Router<Arc<Inner>> {
    let daily = "/usersummary-service/stats";
    Router::new()
        .route(&format!("{daily}/steps/daily/{{start}}/{{end}}"), get(steps))
        .route(&format!("{daily}/floors/daily/{{start}}/{{end}}"), get(floors))
        .route(&format!("{daily}/im/daily/{{start}}/{{end}}"), get(intensity))
        .route(&format!("{daily}/stress/daily/{{start}}/{{end}}"), get(stress))
        .route(&format!("{daily}/bodybattery/daily/{{start}}/{{end}}"), get(battery))
        .route(&format!("{daily}/heartRate/daily/{{start}}/{{end}}"), get(heart_rate))
        .route(&format!("{daily}/respiration/daily/{{start}}/{{end}}"), get(respiration))
        .route(&format!("{daily}/steps/weekly/{{end}}/{{weeks}}"), get(weekly_steps))
        .route(&format!("{daily}/stress/weekly/{{end}}/{{weeks}}"), get(weekly_stress))
        .route(&format!("{daily}/im/weekly/{{start}}/{{end}}"), get(weekly_intensity))
        .route(&format!("{daily}/daily/{{start}}/{{end}}"), get(totals))
        .route("/userstats-service/wellness/daily/{dn}", get(wellness_daily))
}

/// One row for every day with data.
fn rows(
    caller: &Caller,
    (start, end): (Date, Date),
    row: impl Fn(&str, &DayView<'_>, &Digest) -> Value,
) -> Reply {
    let rows: Vec<Value> = days(caller, start, end)
        .iter()
        .map(|(date, view)| row(&date.to_string(), view, &view.digest()))
        .collect();
    found(Value::from(rows))
}

fn days(caller: &Caller, start: Date, end: Date) -> Vec<(Date, DayView<'_>)> {
    let length = days_between(start, end);
    (0..=length)
        .map(|offset| shift(start, offset))
        .filter_map(|date| Some((date, caller.view(date)?)))
        .collect()
}

async fn steps(Path((start, end)): Range, caller: Caller) -> Reply {
    let goal = caller.athlete.person.step_goal;
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, _, digest| {
        json!({"calendarDate": date, "totalSteps": digest.steps,
               "totalDistance": digest.on_foot_m, "stepGoal": goal})
    })
}

async fn floors(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, _, digest| {
        json!({"calendarDate": date, "values": {
            "wellnessFloorsAscended": digest.floors_up,
            "wellnessFloorsDescended": digest.floors_down,
            "wellnessUserFloorsAscendedGoal": FLOORS_GOAL,
        }})
    })
}

async fn intensity(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, view, _| {
        let (moderate, vigorous) = view.intensity_minutes();
        json!({"calendarDate": date, "weeklyGoal": WEEKLY_INTENSITY_GOAL,
               "moderateValue": moderate, "vigorousValue": vigorous})
    })
}

async fn stress(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, _, digest| {
        json!({"calendarDate": date, "values": {
            "overallStressLevel": digest.avg_stress,
            "restStressDuration": digest.stress.rest,
            "lowStressDuration": digest.stress.low,
            "mediumStressDuration": digest.stress.medium,
            "highStressDuration": digest.stress.high,
        }})
    })
}

async fn battery(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, _, digest| {
        json!({"calendarDate": date, "values": {
            "lowBodyBattery": digest.battery_low, "highBodyBattery": digest.battery_high,
        }})
    })
}

async fn heart_rate(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, DAILY_CAP)?, |date, view, digest| {
        json!({"calendarDate": date, "values": {
            "restingHR": view.day.form.resting_hr,
            "wellnessMaxAvgHR": digest.max_hr,
            "wellnessMinAvgHR": digest.min_hr,
        }})
    })
}

async fn respiration(Path((start, end)): Range, caller: Caller) -> Reply {
    rows(&caller, params::range(&start, &end, RESPIRATION_CAP)?, |date, _, digest| {
        json!({"calendarDate": date, "avgWakingRespiration": digest.respiration.waking,
               "avgSleepRespiration": digest.respiration.asleep})
    })
}

/// Energy or steps, by `statsType`.
async fn totals(Path((start, end)): Range, query: Query, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, DAILY_CAP)?;
    let kind = params::required(&query, "statsType")?;
    let row = |digest: &Digest| match kind {
        "CALORIES" => Ok(json!({
            "totalCalories": digest.bmr_kcal + digest.active_kcal,
            "activeCalories": digest.active_kcal,
            "restingCalories": digest.bmr_kcal,
        })),
        "STEPS" => Ok(json!({"totalSteps": digest.steps})),
        "PUSHES" => Ok(json!({"totalPushes": 0})),
        other => Err(ApiError::BadRequest(format!("Unknown statsType: {other}"))),
    };
    let rows = days(&caller, start, end)
        .iter()
        .map(|(date, view)| {
            Ok(json!({"calendarDate": date.to_string(), "values": row(&view.digest())?}))
        })
        .collect::<Result<Vec<Value>, ApiError>>()?;
    found(json!({"values": rows, "aggregations": {}}))
}

/// Windows of seven days, the last one ending on `end`; each is dated by its first day.
fn weeks(end: &str, weeks: &str) -> Result<Vec<(Date, Date)>, ApiError> {
    let end = params::date(end)?;
    let count: i64 =
        weeks.parse().ok().filter(|count| (1..=WEEKS_CAP).contains(count)).ok_or_else(|| {
            ApiError::BadRequest(format!("weeks must be between 1 and {WEEKS_CAP}"))
        })?;
    Ok((0..count).rev().map(|back| (shift(end, -7 * back - 6), shift(end, -7 * back))).collect())
}

async fn weekly_steps(Path((end, count)): Range, caller: Caller) -> Reply {
    let rows: Vec<Value> = weeks(&end, &count)?
        .into_iter()
        .filter_map(|(first, last)| {
            let digests: Vec<Digest> =
                days(&caller, first, last).iter().map(|(_, view)| view.digest()).collect();
            let worn = i64::try_from(digests.len()).ok().filter(|worn| *worn > 0)?;
            let steps: i64 = digests.iter().map(|digest| digest.steps).sum();
            let metres: f64 = digests.iter().map(|digest| digest.on_foot_m).sum();
            Some(json!({"calendarDate": first.to_string(), "values": {
                "totalSteps": number(steps),
                "averageSteps": rounded(number(steps) / number(worn), 2),
                "totalDistance": metres,
                "averageDistance": rounded(metres / number(worn), 2),
                "wellnessDataDaysCount": worn,
            }}))
        })
        .collect();
    found(Value::from(rows))
}

async fn weekly_stress(Path((end, count)): Range, caller: Caller) -> Reply {
    let rows: Vec<Value> = weeks(&end, &count)?
        .into_iter()
        .filter_map(|(first, last)| {
            let levels: Vec<i64> = days(&caller, first, last)
                .iter()
                .map(|(_, view)| view.digest().avg_stress)
                .filter(|level| *level >= 0)
                .collect();
            let count = i64::try_from(levels.len()).ok().filter(|count| *count > 0)?;
            let mean = levels.iter().sum::<i64>() / count;
            Some(json!({"calendarDate": first.to_string(), "value": mean}))
        })
        .collect();
    found(Value::from(rows))
}

async fn weekly_intensity(Path((start, end)): Range, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, 7 * WEEKS_CAP)?;
    let monday = shift(start, -i64::from(start.weekday().to_monday_zero_offset()));
    let count = days_between(monday, end) / 7;
    let rows: Vec<Value> = (0..=count)
        .map(|week| shift(monday, 7 * week))
        .filter_map(|first| {
            let minutes: Vec<(i64, i64)> = days(&caller, first, shift(first, 6))
                .iter()
                .map(|(_, view)| view.intensity_minutes())
                .collect();
            (!minutes.is_empty()).then(|| {
                let moderate: i64 = minutes.iter().map(|(moderate, _)| moderate).sum();
                let vigorous: i64 = minutes.iter().map(|(_, vigorous)| vigorous).sum();
                json!({"calendarDate": first.to_string(), "weeklyGoal": WEEKLY_INTENSITY_GOAL,
                       "moderateValue": moderate, "vigorousValue": vigorous})
            })
        })
        .collect();
    found(Value::from(rows))
}

/// Resting heart rate (60), active (22) and resting (23) kilocalories by day.
async fn wellness_daily(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let (start, end) = params::range(
        params::required(&query, "fromDate")?,
        params::required(&query, "untilDate")?,
        YEAR_CAP,
    )?;
    let name = match params::whole(&query, "metricId", 60)? {
        22 => "WELLNESS_ACTIVE_CALORIES",
        23 => "WELLNESS_BMR_CALORIES",
        60 => "WELLNESS_RESTING_HEART_RATE",
        other => return Err(ApiError::BadRequest(format!("Unknown metricId: {other}"))),
    };
    let rows: Vec<Value> = if name == "WELLNESS_RESTING_HEART_RATE" {
        caller
            .season
            .worn(start, end)
            .filter(|day| caller.athlete.zone.midnight(day.date) <= caller.now_ms())
            .map(|day| {
                json!({"value": number(day.form.resting_hr), "calendarDate": day.date.to_string()})
            })
            .collect()
    } else {
        days(&caller, start, end)
            .iter()
            .map(|(date, view)| {
                let digest = view.digest();
                let active = name == "WELLNESS_ACTIVE_CALORIES";
                let value = if active { digest.active_kcal } else { digest.bmr_kcal };
                json!({"value": value, "calendarDate": date.to_string()})
            })
            .collect()
    };
    found(json!({
        "userProfileId": caller.athlete.person.profile_id,
        "statisticsStartDate": start.to_string(),
        "statisticsEndDate": end.to_string(),
        "allMetrics": {"metricsMap": {name: rows}},
        "groupedMetrics": null,
    }))
}
