//! Goals, badges and challenges, counted from the athlete's own year.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::HeaderMap;
use axum::routing::get;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::params::{Query, whole};
use super::{ApiError, Caller, Reply, found};
use crate::athlete::rounded;
use crate::state::Inner;
use crate::times::{days_between, shift};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/goal-service/goal/goals", get(goals))
        .route("/badge-service/badge/earned", get(earned))
        .route("/badge-service/badge/available", get(available))
        .route("/adhocchallenge-service/adHocChallenge/historical", get(adhoc))
        .route("/badgechallenge-service/badgeChallenge/{list}", get(badge_challenges))
        .route("/badgechallenge-service/virtualChallenge/inProgress", get(virtual_challenges))
}

/// A page of `rows`, counted from `first`.
fn page(query: &Query, rows: Vec<Value>, first: i64) -> Reply {
    let start = whole(query, "start", first)?;
    if start < first {
        return Err(ApiError::BadRequest(format!("start should > {}.", first - 1)));
    }
    let limit = usize::try_from(whole(query, "limit", 30)?).unwrap_or(0);
    let skip = usize::try_from(start - first).unwrap_or(0);
    found(rows.into_iter().skip(skip).take(limit).collect())
}

fn metres_run(caller: &Caller, from: Date, to: Date) -> (f64, f64, i64) {
    let activities = caller.season.activities(caller.now_ms()).filter(|activity| {
        (from..=to).contains(&activity.date) && activity.discipline.is_kind_of("running")
    });
    activities.fold((0.0, 0.0, 0), |(metres, secs, count), one| {
        (metres + one.distance, secs + one.duration, count + 1)
    })
}

async fn goals(query: Query, headers: HeaderMap, caller: Caller) -> Reply {
    let today = caller.today();
    let status = query.get("status").map(String::as_str);
    let months: Vec<Date> = match status {
        Some("active") => vec![today.first_of_month()],
        Some("future") => vec![shift(today.last_of_month(), 1)],
        Some("past") => {
            let mut first = today.first_of_month();
            (0..8)
                .map(|_| {
                    first = shift(first, -1).first_of_month();
                    first
                })
                .collect()
        }
        _ => return Err(ApiError::BadRequest("Invalid status".to_owned())),
    };
    // To anybody but Garmin's own site newer goals do not exist.
    let own_site =
        headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"same-origin");
    let rows = months
        .into_iter()
        .filter(|_| own_site || status == Some("past"))
        .zip(700_001..)
        .map(|(first, id)| goal(&caller, first, id, today))
        .collect();
    page(&query, rows, 1)
}

fn goal(caller: &Caller, first: Date, id: i64, today: Date) -> Value {
    const GOAL_M: f64 = 150_000.0;
    let last = first.last_of_month();
    let (metres, secs, count) = metres_run(caller, first, last);
    let percent = rounded(metres / GOAL_M * 100.0, 1);
    json!({
        "id": id,
        "name": format!("{} distance", first.strftime("%B")),
        "type": "distance_accumulation",
        "distanceInMeters": GOAL_M,
        "startDate": first.to_string(),
        "endDate": last.to_string(),
        "activityType": "running",
        "period": "one_month",
        "progress": {"percent": percent, "distanceInMeters": rounded(metres, 1),
            "durationInSeconds": rounded(secs, 1), "caloriesInKiloCalories": 0.0,
            "numberOfActivities": count},
        "remaining": {"percent": rounded((100.0 - percent).max(0.0), 1),
            "days": days_between(today, last).max(0)},
        "overage": {"percent": rounded((percent - 100.0).max(0.0), 1)},
        "active": (first..=last).contains(&today),
        "completed": percent >= 100.0,
    })
}

fn badge(
    caller: &Caller,
    number: i64,
    earned: Option<Date>,
    progress: (f64, Option<f64>),
) -> Value {
    const NAMES: [&str; 6] =
        ["First Run", "5K Club", "Week of Runs", "Early Bird", "Ride On", "Step It Up"];
    let index = usize::try_from(number).unwrap_or(0);
    let name = NAMES[index % NAMES.len()];
    json!({
        "badgeId": 44 + number,
        "badgeKey": format!("{}_{number}", name.to_lowercase().replace(' ', "_")),
        "badgeName": if index < NAMES.len() { name.to_owned() } else { format!("{name} {number}") },
        "badgeUuid": null,
        "badgeCategoryId": 1 + number % 5,
        "badgeDifficultyId": 1 + number % 3,
        "badgePoints": 1 + number % 4,
        "badgeTypeIds": [1],
        "badgeSeriesId": null,
        "badgeStartDate": "2013-01-01T00:00:00.0",
        "badgeEndDate": null,
        "userProfileId": caller.athlete.person.profile_id,
        "fullName": caller.athlete.person.full_name,
        "displayName": caller.athlete.person.display_name,
        "badgeEarnedDate": earned.map(|date| format!("{date}T18:45:00.0")),
        "badgeEarnedNumber": i64::from(earned.is_some()),
        "badgeLimitCount": null,
        "badgeProgressValue": progress.0,
        "badgeTargetValue": progress.1,
        "badgeUnitId": progress.1.map(|_| 1),
        "badgeAssocType": null,
        "badgeAssocDataId": null,
        "earnedByMe": earned.is_some(),
    })
}

async fn earned(caller: Caller) -> Reply {
    let today = caller.today();
    found((0..40).map(|n| badge(&caller, n, Some(shift(today, -3 - n * 8)), (1.0, None))).collect())
}

async fn available(caller: Caller) -> Reply {
    let today = caller.today();
    let (metres, _, _) = metres_run(&caller, today.first_of_month(), today);
    let rows = (40..70)
        .map(|number| {
            let begun = number % 3 == 0;
            let progress = if begun { rounded(metres.min(90_000.0), 1) } else { 0.0 };
            badge(&caller, number, None, (progress, Some(100_000.0)))
        })
        .collect();
    found(rows)
}

async fn adhoc(query: Query, caller: Caller) -> Reply {
    let today = caller.today();
    let rows = (0..25)
        .map(|number| {
            let start = shift(today, -7 * (number + 1));
            json!({
                "adHocChallengeName": format!("Weekly steps {}", 25 - number),
                "adHocChallengeDesc": null,
                "uuid": caller.athlete.person.seed.child("adhoc").at(number).uuid(),
                "startDate": format!("{start}T00:00:00.0"),
                "endDate": format!("{}T23:59:59.0", shift(start, 6)),
                "socialChallengeStatusId": 3,
                "socialChallengeActivityTypeId": 4,
                "socialChallengeType": 2,
                "ownerUserProfileId": caller.athlete.person.profile_id,
                "userRanking": 1 + number % 4,
                "playerCount": 5,
                "players": [],
            })
        })
        .collect();
    page(&query, rows, 0)
}

fn challenge(caller: &Caller, number: i64, status: i64, joined: bool) -> Value {
    let first = caller.today().first_of_month();
    let (metres, _, _) = metres_run(caller, first, caller.today());
    json!({
        "uuid": caller.athlete.person.seed.child("challenge").at(number).uuid(),
        "badgeChallengeName": format!("{} Rundown {number}", first.strftime("%B")),
        "challengeCategoryId": 1,
        "badgeChallengeStatusId": status,
        "startDate": format!("{first}T00:00:00.0"),
        "endDate": format!("{}T23:59:59.0", first.last_of_month()),
        "badgePoints": 2,
        "badgeUnitId": 1,
        "badgeProgressValue": if joined { Some(rounded(metres, 1)) } else { None },
        "badgeTargetValue": 50_000.0,
        "badgeEarnedDate": (status == 3).then(|| format!("{}T08:00:00.0", shift(first, 12))),
        "userJoined": joined,
        "joinable": !joined,
    })
}

async fn badge_challenges(Path(list): Path<String>, query: Query, caller: Caller) -> Reply {
    let rows = match list.as_str() {
        "available" => (0..4).map(|n| challenge(&caller, n, 1, false)).collect(),
        "completed" => (10..32).map(|n| challenge(&caller, n, 3, true)).collect(),
        "non-completed" => (40..43).map(|n| challenge(&caller, n, 2, true)).collect(),
        _ => return Err(ApiError::NotFound),
    };
    page(&query, rows, 1)
}

async fn virtual_challenges(query: Query, caller: Caller) -> Reply {
    let today = caller.today();
    let (metres, _, _) = metres_run(&caller, shift(today, -60), today);
    let rows = vec![json!({
        "uuid": caller.athlete.person.seed.child("expedition").uuid(),
        "name": "Appalachian Trail",
        "startDate": format!("{}T00:00:00.0", shift(today, -60)),
        "endDate": null,
        "progressValue": rounded(metres, 1),
        "targetValue": 3_500_000.0,
    })];
    page(&query, rows, 1)
}
