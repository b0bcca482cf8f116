//! `hrv-service`: heart-rate variability of a night, and of many. 204 where there was none.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use serde_json::{Value, json};

use super::params;
use super::{Caller, Reply, found, nothing};
use crate::athlete::{Day, HrvStatus, Night, hrv_readings, number, rounded, whole};
use crate::state::Inner;
use crate::times::{dotted, plain};

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/hrv-service/hrv/{date}", get(hrv))
        .route("/hrv-service/hrv/daily/{start}/{end}", get(hrv_range))
}

fn hrv_summary(caller: &Caller, day: &Day, night: &Night) -> Value {
    let form = &day.form;
    let highest = hrv_readings(&caller.athlete.person, day, night).iter().map(|(_, ms)| *ms).max();
    let baseline = form.hrv_baseline.map(|band| {
        let width = number((band.balanced_upper - band.balanced_low).max(1));
        let marker = 0.25 + 0.5 * number(form.hrv_7d - band.balanced_low) / width;
        json!({
            "lowUpper": band.low_upper,
            "balancedLow": band.balanced_low,
            "balancedUpper": band.balanced_upper,
            "markerValue": rounded(marker.clamp(0.0, 1.0), 2),
        })
    });
    let weekly = (form.hrv_status != HrvStatus::None).then_some(form.hrv_7d);
    json!({
        "calendarDate": day.date.to_string(),
        "weeklyAvg": weekly,
        "lastNightAvg": whole(form.hrv_ms.round()),
        "lastNight5MinHigh": highest,
        "baseline": baseline,
        "status": form.hrv_status.wire(),
        "feedbackPhrase": form.hrv_status.phrase(),
        "createTimeStamp": format!("{}.123", plain(night.end)),
    })
}

async fn hrv(Path(date): Path<String>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let Some((day, night)) = caller.season.night(date, caller.now_ms()) else { return nothing() };
    let zone = &caller.athlete.zone;
    let readings: Vec<Value> = hrv_readings(&caller.athlete.person, day, night)
        .into_iter()
        .map(|(at, ms)| {
            json!({"hrvValue": ms, "readingTimeGMT": dotted(at),
                   "readingTimeLocal": dotted(zone.wall(at))})
        })
        .collect();
    let (start, end) = (dotted(night.start), dotted(night.end));
    let (local_start, local_end) = (dotted(zone.wall(night.start)), dotted(zone.wall(night.end)));
    found(json!({
        "userProfilePk": caller.athlete.person.profile_id,
        "hrvSummary": hrv_summary(&caller, day, night),
        "hrvReadings": readings,
        "startTimestampGMT": start,
        "endTimestampGMT": end,
        "startTimestampLocal": local_start,
        "endTimestampLocal": local_end,
        "sleepStartTimestampGMT": start,
        "sleepEndTimestampGMT": end,
        "sleepStartTimestampLocal": local_start,
        "sleepEndTimestampLocal": local_end,
    }))
}

async fn hrv_range(Path((start, end)): Path<(String, String)>, caller: Caller) -> Reply {
    let (start, end) = params::range(&start, &end, 367)?;
    let rows: Vec<Value> = caller
        .season
        .worn(start, end)
        .filter_map(|day| Some((day, day.night().filter(|n| n.end <= caller.now_ms())?)))
        .map(|(day, night)| hrv_summary(&caller, day, night))
        .collect();
    if rows.is_empty() {
        return nothing();
    }
    found(json!({"hrvSummaries": rows, "userProfilePk": caller.athlete.person.profile_id}))
}
