//! `trainingplan-service`: one adaptive plan towards the next race, and one finished before it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{ApiError, Caller, Reply, found};
use crate::athlete::SessionKind;
use crate::state::Inner;
use crate::times::{days_between, monday, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    let base = "/trainingplan-service/trainingplan";
    Router::new()
        .route(&format!("{base}/plans"), get(list))
        .route(&format!("{base}/fbt-adaptive/{{id}}"), get(adaptive))
        .route(&format!("{base}/phased/{{id}}"), get(phased))
}

const ADAPTIVE: i64 = 40_000_001;
const PHASED: i64 = 40_000_002;
const PHASED_WEEKS: i64 = 12;

/// From the week after the last race to the day of the next.
fn span(caller: &Caller) -> (Date, Date) {
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let race = caller.season.calendar.race_on_or_before(today);
    (shift(race, 8), shift(race, 140))
}

fn plan(caller: &Caller, id: i64) -> Value {
    let (first, last) = span(caller);
    let adaptive = id == ADAPTIVE;
    let (first, last) = if adaptive {
        (first, last)
    } else {
        (shift(first, -7 * PHASED_WEEKS - 14), shift(first, -15))
    };
    json!({
        "trainingPlanId": id,
        "trainingPlanCategory": if adaptive { "FBT_ADAPTIVE" } else { "PHASED" },
        "trainingType": {"typeId": 2, "typeKey": "Running"},
        "trainingSubType": {"subTypeId": 27, "subTypeKey": "GarminRunningCoachOpenLoop"},
        "trainingLevel": {"levelId": 3, "levelKey": "Intermediate"},
        "trainingVersion": {"versionId": 3, "versionName": "Pace"},
        "formatLocale": {"id": 1, "key": "en", "isSupported": true},
        "ownerId": caller.athlete.person.profile_id,
        "ownerDisplayName": null,
        "trainingStatus": if adaptive {
            json!({"statusId": 1, "statusKey": "Scheduled"})
        } else {
            json!({"statusId": 3, "statusKey": "Completed"})
        },
        "privacyRule": {"typeId": 2, "typeKey": "private"},
        "name": if adaptive { "Half marathon plan" } else { "Base plan" },
        "description": "Coach plan",
        "durationInWeeks": (days_between(first, last) + 1) / 7,
        "avgWeeklyWorkouts": 5,
        "parentPlanId": id - 1_000_000,
        "createDate": format!("{}T00:00:00.0", shift(first, -1)),
        "publishDate": null,
        "expireDate": null,
        "startDate": format!("{first}T00:00:00.0"),
        "pausedDate": null,
        "resumedDate": null,
        "endDate": format!("{last}T00:00:00.0"),
        "taskList": null,
        "adaptivePlanPhases": null,
        "planPhases": null,
        "nameI18nKey": null,
        "descriptionI18nKey": null,
        "planKey": "run_x",
        "seriesIndex": null,
        "daysInLastWeek": null,
        "supplementalSports": [],
    })
}

async fn list(caller: Caller) -> Reply {
    found(json!({
        "trainingPlanList": [plan(&caller, ADAPTIVE), plan(&caller, PHASED)],
        "searchFilter": {"ownerId": caller.athlete.person.profile_id, "ownerDisplayName": null,
                         "trainingLevels": null, "trainingStatusList": [], "start": 1,
                         "limit": 20, "planKey": false},
    }))
}

fn kind_of(id: &str, wanted: i64, other: &str) -> Result<(), ApiError> {
    match id.parse() {
        Ok(id) if id == wanted => Ok(()),
        Ok(ADAPTIVE | PHASED) => Err(ApiError::BadRequest(other.to_owned())),
        Ok(_) | Err(_) => Err(ApiError::NotFound),
    }
}

const fn title(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Recovery => "Recovery",
        SessionKind::Easy => "Base",
        SessionKind::Long => "Long Run",
        SessionKind::Intervals => "VO2 Max",
        SessionKind::Tempo => "Threshold",
        SessionKind::Race => "Race Day",
        SessionKind::Strength => "Strength",
        SessionKind::Ride => "Ride",
    }
}

/// The plan is the life the athlete is going to lead.
async fn adaptive(Path(id): Path<String>, caller: Caller) -> Reply {
    kind_of(&id, ADAPTIVE, "Not an adaptive plan")?;
    let mut whole = plan(&caller, ADAPTIVE);
    let today = caller.season.today(&caller.athlete.zone, caller.now_ms());
    let (first, last) = span(&caller);
    let edges = [(0, 48, "BASE"), (49, 97, "BUILD"), (98, 118, "PEAK"), (119, 132, "TAPER")];
    whole["adaptivePlanPhases"] = edges
        .into_iter()
        .map(|(from, to, phase)| {
            let (start, end) = (shift(first, from), shift(first, to).min(last));
            json!({"startDate": start.to_string(), "endDate": end.to_string(),
                   "trainingPhase": phase, "currentPhase": (start..=end).contains(&today)})
        })
        .collect();
    let week_of = |date: Date| days_between(monday(first), date) / 7 + 1;
    let tasks: Vec<Value> = (0..14)
        .map(|ahead| shift(today, ahead))
        .filter(|date| (first..=last).contains(date))
        .filter_map(|date| caller.season.day(date))
        .map(|day| {
            let session = day.plan.sessions.iter().find(|it| {
                !matches!(it.kind, SessionKind::Strength | SessionKind::Ride)
            });
            let minutes = session.map(|session| session.minutes * 60.0);
            json!({
                "trainingPlanId": ADAPTIVE,
                "weekId": week_of(day.date),
                "dayOfWeekId": day.date.weekday().to_monday_one_offset(),
                "workoutOrder": 1,
                "calendarDate": day.date.to_string(),
                "taskNote": null,
                "taskWorkout": {
                    "sportType": session.map(|_| json!({"sportTypeId": 1,
                                                        "sportTypeKey": "running"})),
                    "workoutId": null,
                    "workoutUuid": session.map(|_| caller.athlete.person.seed.child("task")
                        .at(days_between(Date::constant(2020, 1, 1), day.date)).uuid()),
                    "workoutName": session.map(|session| title(session.kind)),
                    "workoutDescription": null,
                    "scheduledDate": format!("{}T05:00:00.0", day.date),
                    "estimatedDurationInSecs": minutes,
                    "estimatedDistanceInMeters": null,
                    "trainingEffectLabel": if session.is_some() { "AEROBIC_BASE" } else { "INVALID" },
                    "restDay": session.is_none(),
                    "adaptiveCoachingWorkoutStatus": "NOT_COMPLETE",
                },
            })
        })
        .collect();
    whole["taskList"] = Value::from(tasks);
    found(whole)
}

async fn phased(Path(id): Path<String>, caller: Caller) -> Reply {
    kind_of(&id, PHASED, "Not a phased plan")?;
    found(plan(&caller, PHASED))
}
