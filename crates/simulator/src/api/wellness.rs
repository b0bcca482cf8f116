//! `usersummary-service` and `wellness-service`: a day, whole and as charts.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{self, Query};
use super::summary::{battery_event, battery_feedback, summary};
use super::{Caller, Reply, found};
use crate::athlete::{DayView, STEPS_STEP, number, rounded, spo2_readings};
use crate::state::Inner;
use crate::times::{HOUR, Millis, dotted, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/usersummary-service/usersummary/daily/{dn}", get(daily_of))
        .route("/usersummary-service/usersummary/daily/", get(daily))
        .route("/wellness-service/wellness/dailySummaryChart/{dn}", get(steps))
        .route("/wellness-service/wellness/dailyHeartRate/{dn}", get(heart_rate_of))
        .route("/wellness-service/wellness/dailyHeartRate/", get(heart_rate))
        .route("/wellness-service/wellness/dailyStress/{date}", get(stress))
        .route("/wellness-service/wellness/bodyBattery/reports/daily", get(battery_reports))
        .route("/wellness-service/wellness/bodyBattery/events/{date}", get(battery_events))
        .route("/wellness-service/wellness/daily/spo2/{date}", get(spo2))
        .route("/wellness-service/wellness/daily/respiration/{date}", get(respiration))
        .route("/wellness-service/wellness/floorsChartData/daily/{date}", get(floors))
        .route("/wellness-service/wellness/daily/im/{date}", get(intensity))
}

impl Caller {
    /// The watch's view of a day; none before its first, after today, or when it was not worn.
    pub(super) fn view(&self, date: Date) -> Option<DayView<'_>> {
        let athlete = &self.athlete;
        DayView::of(&athlete.person, &athlete.zone, &self.season, date, self.now_ms())
    }

    /// The bounds every daily chart repeats.
    pub(super) fn bounds(&self, date: Date) -> Value {
        let zone = &self.athlete.zone;
        let (start, end) = (zone.midnight(date), zone.midnight(shift(date, 1)));
        json!({
            "userProfilePK": self.athlete.person.profile_id,
            "calendarDate": date.to_string(),
            "startTimestampGMT": dotted(start),
            "endTimestampGMT": dotted(end),
            "startTimestampLocal": dotted(zone.wall(start)),
            "endTimestampLocal": dotted(zone.wall(end)),
        })
    }

    /// The night of a day and, if it has already begun and ended, the next one.
    fn sleep_bounds(&self, date: Date) -> Value {
        let zone = &self.athlete.zone;
        let times = |date: Date| {
            let night = self.season.night(date, self.now_ms()).map(|(_, night)| night);
            let stamp = |at: Option<Millis>| at.map(dotted);
            let start = night.map(|night| night.start);
            let end = night.map(|night| night.end);
            (
                stamp(start),
                stamp(end),
                stamp(start.map(|at| zone.wall(at))),
                stamp(end.map(|at| zone.wall(at))),
            )
        };
        let (start, end, local_start, local_end) = times(date);
        let (next, next_end, local_next, local_next_end) = times(shift(date, 1));
        json!({
            "sleepStartTimestampGMT": start,
            "sleepEndTimestampGMT": end,
            "sleepStartTimestampLocal": local_start,
            "sleepEndTimestampLocal": local_end,
            "tomorrowSleepStartTimestampGMT": next,
            "tomorrowSleepEndTimestampGMT": next_end,
            "tomorrowSleepStartTimestampLocal": local_next,
            "tomorrowSleepEndTimestampLocal": local_next_end,
        })
    }
}

/// Puts the members of `more` into `body`.
pub(super) fn with(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

async fn daily_of(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    found(summary(&caller, params::query_date(&query, "calendarDate")?))
}

async fn daily(query: Query, caller: Caller) -> Reply {
    found(summary(&caller, params::query_date(&query, "calendarDate")?))
}

async fn steps(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    let date = params::query_date(&query, "date")?;
    let rows: Vec<Value> = caller
        .view(date)
        .map(|view| view.step_buckets())
        .unwrap_or_default()
        .into_iter()
        .map(|bucket| {
            json!({
                "startGMT": dotted(bucket.start),
                "endGMT": dotted(bucket.start + STEPS_STEP),
                "steps": bucket.steps,
                "pushes": 0,
                "primaryActivityLevel": bucket.level.wire(),
                "activityLevelConstant": bucket.steps == 0,
            })
        })
        .collect();
    found(Value::from(rows))
}

async fn heart_rate_of(Path(dn): Path<String>, query: Query, caller: Caller) -> Reply {
    caller.owns(&dn)?;
    heart_rates(&caller, params::query_date(&query, "date")?)
}

async fn heart_rate(query: Query, caller: Caller) -> Reply {
    heart_rates(&caller, params::query_date(&query, "date")?)
}

fn heart_rates(caller: &Caller, date: Date) -> Reply {
    let view = caller.view(date);
    let digest = view.as_ref().map(DayView::digest);
    let values = view.as_ref().map(DayView::heart_rates);
    let form = view.as_ref().map(|view| &view.day.form);
    let descriptors = view
        .as_ref()
        .map(|_| json!([{"index": 0, "key": "timestamp"}, {"index": 1, "key": "heartrate"}]));
    found(with(
        caller.bounds(date),
        json!({
            "maxHeartRate": digest.as_ref().and_then(|digest| digest.max_hr),
            "minHeartRate": digest.as_ref().and_then(|digest| digest.min_hr),
            "restingHeartRate": form.map(|form| form.resting_hr),
            "lastSevenDaysAvgRestingHeartRate": form.map(|form| form.resting_hr_7d),
            "heartRateValueDescriptors": descriptors,
            "heartRateValues": values,
        }),
    ))
}

async fn stress(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let view = caller.view(date);
    let digest = view.as_ref().map(DayView::digest);
    let values = match &view {
        Some(view) => view.stresses(),
        // A day off the wrist is a chart of "not measurable", as far as it has gone.
        None => caller.unmeasured(date),
    };
    let batteries: Vec<Value> = view
        .as_ref()
        .map(DayView::batteries)
        .unwrap_or_default()
        .into_iter()
        .map(|(at, level)| json!([at, "MEASURED", level, 3.0]))
        .collect();
    found(with(
        caller.bounds(date),
        json!({
            "maxStressLevel": digest.as_ref().map_or(-1, |digest| digest.max_stress),
            "avgStressLevel": digest.as_ref().map_or(-1, |digest| digest.avg_stress),
            "stressChartValueOffset": 1,
            "stressChartYAxisOrigin": -1,
            "stressValueDescriptorsDTOList": [
                {"index": 0, "key": "timestamp"}, {"index": 1, "key": "stressLevel"}
            ],
            "stressValuesArray": values,
            "bodyBatteryValueDescriptorsDTOList": [
                {"bodyBatteryValueDescriptorIndex": 0, "bodyBatteryValueDescriptorKey": "timestamp"},
                {"bodyBatteryValueDescriptorIndex": 1,
                 "bodyBatteryValueDescriptorKey": "bodyBatteryStatus"},
                {"bodyBatteryValueDescriptorIndex": 2,
                 "bodyBatteryValueDescriptorKey": "bodyBatteryLevel"},
                {"bodyBatteryValueDescriptorIndex": 3,
                 "bodyBatteryValueDescriptorKey": "bodyBatteryVersion"},
            ],
            "bodyBatteryValuesArray": batteries,
        }),
    ))
}

impl Caller {
    fn unmeasured(&self, date: Date) -> Vec<(Millis, i64)> {
        let zone = &self.athlete.zone;
        let until = zone.midnight(shift(date, 1)).min(self.now_ms());
        let known = date >= self.season.first();
        (0..500)
            .map(|slot| zone.midnight(date) + slot * HOUR / 20)
            .take_while(|at| known && *at < until)
            .map(|at| (at, -1))
            .collect()
    }
}

async fn battery_reports(query: Query, caller: Caller) -> Reply {
    let (start, end) = params::range(
        params::required(&query, "startDate")?,
        params::required(&query, "endDate")?,
        31,
    )?;
    let mut rows = Vec::new();
    let mut date = start;
    while date <= end {
        if let Some(view) = caller.view(date) {
            rows.push(battery_report(&caller, &view, date));
        }
        date = shift(date, 1);
    }
    found(Value::from(rows))
}

fn battery_report(caller: &Caller, view: &DayView<'_>, date: Date) -> Value {
    let digest = view.digest();
    let curve = view.batteries();
    // The report keeps only the turning points: about six a day.
    let every = (curve.len() / 5).max(1);
    let mut points: Vec<(Millis, i64)> = curve.iter().copied().step_by(every).collect();
    if points.last() != curve.last() {
        points.extend(curve.last());
    }
    let mut bounds = caller.bounds(date);
    if let Some(bounds) = bounds.as_object_mut() {
        bounds.remove("userProfilePK");
        bounds.remove("calendarDate");
    }
    with(
        json!({"date": date.to_string(), "charged": digest.charged, "drained": digest.drained}),
        with(
            bounds,
            json!({
                "bodyBatteryValuesArray": points,
                "bodyBatteryValueDescriptorDTOList": [
                    {"bodyBatteryValueDescriptorIndex": 0,
                     "bodyBatteryValueDescriptorKey": "timestamp"},
                    {"bodyBatteryValueDescriptorIndex": 1,
                     "bodyBatteryValueDescriptorKey": "bodyBatteryLevel"},
                ],
                "bodyBatteryDynamicFeedbackEvent": battery_feedback(view, &digest),
                "bodyBatteryActivityEvent": view
                    .battery_events()
                    .iter()
                    .map(|event| battery_event(caller, event))
                    .collect::<Vec<_>>(),
                "endOfDayBodyBatteryDynamicFeedbackEvent": null,
            }),
        ),
    )
}

async fn battery_events(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let rows: Vec<Value> = caller
        .view(date)
        .map(|view| {
            view.battery_events()
                .iter()
                .map(|event| {
                    let activity = event.activity;
                    json!({
                        "event": battery_event(&caller, event),
                        "activityName": activity.map(|activity| &activity.name),
                        "activityType": activity.map(|a| a.discipline.activity_type().1),
                        "activityId": activity.map(|activity| activity.id),
                        "averageStress": null,
                        "stressValueDescriptorsDTOList": [
                            {"index": 0, "key": "timestamp"}, {"index": 1, "key": "stressLevel"}
                        ],
                        "stressValuesArray": [],
                        "bodyBatteryValueDescriptorsDTOList": [],
                        "bodyBatteryValuesArray": [],
                    })
                })
                .collect()
        })
        .unwrap_or_default();
    found(Value::from(rows))
}

async fn spo2(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let person = &caller.athlete.person;
    let night = caller.season.night(date, caller.now_ms());
    let readings = night.map(|(day, night)| spo2_readings(person, day, night));
    let stats = readings.as_deref().and_then(spo2_stats);
    let week = caller.spo2_week(date);
    let latest = readings.as_ref().and_then(|readings| readings.last().copied());
    let hourly = readings.as_deref().map(|readings| {
        readings
            .chunk_by(|a, b| a.0 / HOUR == b.0 / HOUR)
            .filter_map(|hour| Some((hour.first()?.0 / HOUR * HOUR, spo2_stats(hour)?.0.round())))
            .collect::<Vec<_>>()
    });
    let body = with(
        with(caller.bounds(date), caller.sleep_bounds(date)),
        json!({
            "averageSpO2": stats.map(|(mean, _, _)| mean.round()),
            "lowestSpO2": stats.map(|(_, low, _)| low),
            // A number on some days and a string on others; both are seen in the wild.
            "lastSevenDaysAvgSpO2": week,
            "latestSpO2": latest.map(|(_, value)| value),
            "latestSpO2TimestampGMT": latest.map(|(at, _)| dotted(at)),
            "latestSpO2TimestampLocal": latest.map(|(at, _)| dotted(caller.athlete.zone.wall(at))),
            "avgSleepSpO2": stats.map(|(mean, _, _)| mean.round()),
            "avgTomorrowSleepSpO2": null,
            "spO2ValueDescriptorsDTOList": [
                {"spo2ValueDescriptorIndex": 0, "spo2ValueDescriptorKey": "timestamp"},
                {"spo2ValueDescriptorIndex": 1, "spo2ValueDescriptorKey": "spo2Reading"},
                {"spo2ValueDescriptorIndex": 2, "spo2ValueDescriptorKey": "singleReadingPlottable"},
            ],
            "spO2SingleValues": null,
            "continuousReadingDTOList": null,
            "spO2HourlyAverages": hourly,
        }),
    );
    found(body)
}

impl Caller {
    fn spo2_week(&self, date: Date) -> Value {
        let person = &self.athlete.person;
        let means: Vec<f64> = (0..7)
            .filter_map(|back| {
                let (day, night) = self.season.night(shift(date, -back), self.now_ms())?;
                Some(spo2_stats(&spo2_readings(person, day, night))?.0.round())
            })
            .collect();
        if means.is_empty() {
            return Value::Null;
        }
        let count = number(i64::try_from(means.len()).unwrap_or(1));
        let mean = rounded(means.iter().sum::<f64>() / count, 1);
        if date.day() % 2 == 0 { json!(mean) } else { json!(mean.to_string()) }
    }
}

/// Mean, lowest and highest.
pub(super) fn spo2_stats(readings: &[(Millis, i64)]) -> Option<(f64, i64, i64)> {
    let low = readings.iter().map(|(_, value)| *value).min()?;
    let high = readings.iter().map(|(_, value)| *value).max()?;
    let count = number(i64::try_from(readings.len()).unwrap_or(1));
    let sum: i64 = readings.iter().map(|(_, value)| value).sum();
    Some((number(sum) / count, low, high))
}

async fn respiration(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let view = caller.view(date);
    let digest = view.as_ref().map(DayView::digest);
    let values = view.as_ref().map(DayView::respirations).unwrap_or_default();
    let hourly: Vec<Value> = values
        .chunk_by(|a, b| a.0 / HOUR == b.0 / HOUR)
        .filter_map(|hour| {
            let read: Vec<f64> =
                hour.iter().map(|(_, value)| *value).filter(|value| *value > 0.0).collect();
            let count = number(i64::try_from(read.len()).ok()?);
            let high = read.iter().copied().reduce(f64::max)?;
            let low = read.iter().copied().reduce(f64::min)?;
            let mean = rounded(read.iter().sum::<f64>() / count, 2);
            Some(json!([(hour.first()?.0 / HOUR + 1) * HOUR, mean, high, low]))
        })
        .collect();
    let body = with(
        with(caller.bounds(date), caller.sleep_bounds(date)),
        json!({
            "lowestRespirationValue": digest.as_ref().and_then(|digest| digest.respiration.low),
            "highestRespirationValue": digest.as_ref().and_then(|digest| digest.respiration.high),
            "avgWakingRespirationValue": digest.as_ref().and_then(|digest| digest.respiration.waking),
            "avgSleepRespirationValue": digest.as_ref().and_then(|digest| digest.respiration.asleep),
            "avgTomorrowSleepRespirationValue": null,
            "respirationValueDescriptorsDTOList": [
                {"index": 0, "key": "timestamp"}, {"index": 1, "key": "respiration"}
            ],
            "respirationValuesArray": values,
            "respirationAveragesValueDescriptorDTOList": [
                {"respirationAveragesValueDescriptorIndex": 0,
                 "respirationAveragesValueDescriptionKey": "timestamp"},
                {"respirationAveragesValueDescriptorIndex": 1,
                 "respirationAveragesValueDescriptionKey": "averageRespirationValue"},
                {"respirationAveragesValueDescriptorIndex": 2,
                 "respirationAveragesValueDescriptionKey": "highRespirationValue"},
                {"respirationAveragesValueDescriptorIndex": 3,
                 "respirationAveragesValueDescriptionKey": "lowRespirationValue"},
            ],
            "respirationAveragesValuesArray": hourly,
            "respirationVersion": 200,
        }),
    );
    found(body)
}

async fn floors(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let rows: Vec<Value> = caller
        .view(date)
        .map(|view| view.floors())
        .unwrap_or_default()
        .into_iter()
        .map(|(start, up, down)| json!([dotted(start), dotted(start + STEPS_STEP), up, down]))
        .collect();
    let mut bounds = caller.bounds(date);
    if let Some(bounds) = bounds.as_object_mut() {
        bounds.remove("userProfilePK");
        bounds.remove("calendarDate");
    }
    found(with(
        bounds,
        json!({
            "floorsValueDescriptorDTOList": [
                {"index": 0, "key": "startTimeGMT"}, {"index": 1, "key": "endTimeGMT"},
                {"index": 2, "key": "floorsAscended"}, {"index": 3, "key": "floorsDescended"},
            ],
            "floorValuesArray": rows,
        }),
    ))
}

async fn intensity(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let week = caller.intensity_week(date);
    let view = caller.view(date);
    let values: Option<Vec<(Millis, i64)>> = view.as_ref().map(|view| {
        view.finished()
            .map(|activity| {
                (activity.end(), activity.moderate_minutes + 2 * activity.vigorous_minutes)
            })
            .filter(|(_, minutes)| *minutes > 0)
            .collect()
    });
    found(with(
        caller.bounds(date),
        json!({
            "weeklyModerate": week.moderate,
            "weeklyVigorous": week.vigorous,
            "weeklyTotal": week.end_of_day,
            "weekGoal": crate::athlete::WEEKLY_INTENSITY_GOAL,
            "dayOfGoalMet": week.goal_met,
            "startDayMinutes": week.start_of_day,
            "endDayMinutes": week.end_of_day,
            "moderateMinutes": week.today.0,
            "vigorousMinutes": week.today.1,
            "imValueDescriptorsDTOList": [
                {"index": 0, "key": "timestamp"}, {"index": 1, "key": "value"}
            ],
            "imValuesArray": values.filter(|values| !values.is_empty()),
        }),
    ))
}

/// Intensity minutes from Monday to the day asked about.
struct IntensityWeek {
    moderate: i64,
    vigorous: i64,
    start_of_day: i64,
    end_of_day: i64,
    today: (i64, i64),
    goal_met: Option<String>,
}

impl Caller {
    fn intensity_week(&self, date: Date) -> IntensityWeek {
        let monday = shift(date, -i64::from(date.weekday().to_monday_zero_offset()));
        let mut week = IntensityWeek {
            moderate: 0,
            vigorous: 0,
            start_of_day: 0,
            end_of_day: 0,
            today: (0, 0),
            goal_met: None,
        };
        let mut day = monday;
        while day <= date {
            week.start_of_day = week.end_of_day;
            week.today = self.view(day).map_or((0, 0), |view| view.intensity_minutes());
            week.moderate += week.today.0;
            week.vigorous += week.today.1;
            week.end_of_day = week.moderate + 2 * week.vigorous;
            if week.goal_met.is_none() && week.end_of_day >= crate::athlete::WEEKLY_INTENSITY_GOAL {
                week.goal_met = Some(day.strftime("%a").to_string());
            }
            day = shift(day, 1);
        }
        week
    }
}
