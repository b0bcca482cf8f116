//! `calendar-service`: all that stands on the days of a month, and notes.

use std::sync::Arc;

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::params::date;
use super::{ApiError, Caller, Reply, found, nothing};
use crate::library::Note;
use crate::state::Inner;
use crate::times::shift;

/// From one race to the next, in days.
const CYCLE_DAYS: i64 = 140;

pub(super) fn router() -> Router<Arc<Inner>> {
    Router::new()
        .route("/calendar-service/year/{year}/month/{month}", get(month))
        .route("/calendar-service/note", post(create_note))
        .route("/calendar-service/note/{id}", axum::routing::put(replace_note).delete(delete_note))
}

/// An item has every key, most of them null.
fn item(kind: &str, date: Date, title: &str) -> Map<String, Value> {
    const KEYS: [&str; 24] = [
        "groupId",
        "trainingPlanId",
        "activityTypeId",
        "wellnessActivityUuid",
        "duration",
        "distance",
        "calories",
        "weight",
        "courseId",
        "courseName",
        "sportTypeKey",
        "url",
        "isStart",
        "isRace",
        "recurrenceId",
        "parentId",
        "startTimestampLocal",
        "eventTimeLocal",
        "elapsedDuration",
        "workoutId",
        "location",
        "shareableEventUuid",
        "completionTarget",
        "workoutUuid",
    ];
    let mut fields: Map<String, Value> =
        KEYS.iter().map(|key| ((*key).to_owned(), Value::Null)).collect();
    fields.insert("itemType".into(), json!(kind));
    fields.insert("date".into(), json!(date.to_string()));
    fields.insert("title".into(), json!(title));
    fields.insert("primaryEvent".into(), Value::Null);
    fields.insert("shareableEvent".into(), json!(false));
    fields
}

async fn month(Path((year, month)): Path<(String, String)>, caller: Caller) -> Reply {
    let bad = || ApiError::BadRequest("Invalid month".to_owned());
    let year: i16 = year.parse().map_err(|_| bad())?;
    let month: i8 = month.parse().map_err(|_| bad())?;
    // Counted from zero.
    let first = Date::new(year, month + 1, 1).map_err(|_| bad())?;
    let before = first.saturating_sub(1.day());
    let lead = i64::from(first.weekday().to_monday_zero_offset());
    // The page of a month begins and ends with days of its neighbours.
    let (from, to) = (shift(first, -lead), shift(first, i64::from(first.days_in_month()) + 6));
    let within = |date: Date| (from..=to).contains(&date);
    let mut items = Vec::new();
    for activity in caller.season.activities(caller.now_ms()).filter(|one| within(one.date)) {
        let mut fields = item("activity", activity.date, &activity.name);
        fields.insert("id".into(), json!(activity.id));
        fields.insert("duration".into(), json!((activity.duration * 1_000.0).round()));
        fields.insert("distance".into(), json!((activity.distance * 100.0).round()));
        fields.insert("elapsedDuration".into(), json!(activity.elapsed.round()));
        items.push(Value::Object(fields));
    }
    {
        let library = caller.library();
        for (id, entry) in library.entries().filter(|(_, entry)| within(entry.date)) {
            let Some(workout) = library.workout(entry.workout) else { continue };
            let title = workout["workoutName"].as_str().unwrap_or_default();
            let mut fields = item("workout", entry.date, title);
            fields.insert("id".into(), json!(id));
            fields.insert("workoutId".into(), json!(entry.workout));
            fields.insert("sportTypeKey".into(), workout["sportType"]["sportTypeKey"].clone());
            items.push(Value::Object(fields));
        }
        for (id, note) in library.notes().filter(|(_, note)| within(note.date)) {
            let mut fields = item("note", note.date, &note.name);
            fields.insert("id".into(), json!(id));
            items.push(Value::Object(fields));
        }
    }
    for (index, day) in super::graphql::plan(&caller).iter().enumerate() {
        let date: Option<Date> = day["scheduleDate"].as_str().and_then(|text| text.parse().ok());
        let Some(date) = date.filter(|date| within(*date)) else { continue };
        let rest = day["isRestDay"] == true;
        let title = if rest { "Rest day" } else { day["workoutName"].as_str().unwrap_or_default() };
        let mut fields = item("fbtAdaptiveWorkout", date, title);
        fields.insert("id".into(), json!(40_100_000 + index));
        fields.insert("trainingPlanId".into(), day["trainingPlanId"].clone());
        fields.insert("workoutUuid".into(), day["workoutUuid"].clone());
        fields.insert("isRestDay".into(), json!(rest));
        items.push(Value::Object(fields));
    }
    let last_race = caller.season.calendar.race_on_or_before(caller.today());
    for race in [last_race, shift(last_race, CYCLE_DAYS)] {
        if within(race) {
            items.push(race_item(&caller, race, race > last_race));
        }
    }
    found(json!({
        // 1 is Sunday.
        "startDayOfMonth": first.weekday().to_sunday_one_offset(),
        "numOfDaysInMonth": first.days_in_month(),
        "numOfDaysInPrevMonth": before.days_in_month(),
        "month": month,
        "year": year,
        "calendarItems": items,
    }))
}

fn race_item(caller: &Caller, race: Date, primary: bool) -> Value {
    let person = &caller.athlete.person;
    let mut fields = item("event", race, "City half marathon");
    fields.insert("id".into(), json!(60_000_000 + i64::from(race.day_of_year())));
    fields.insert("isRace".into(), json!(true));
    fields.insert("primaryEvent".into(), json!(primary));
    fields.insert("shareableEvent".into(), json!(true));
    fields.insert("shareableEventUuid".into(), json!(person.seed.child("race").uuid()));
    fields.insert("location".into(), json!(person.city));
    fields.insert("url".into(), json!("https://example.org/half"));
    fields.insert(
        "eventTimeLocal".into(),
        json!({"startTimeHhMm": "09:30", "timeZoneId": caller.athlete.zone_name}),
    );
    fields.insert(
        "completionTarget".into(),
        json!({"value": 21.0975, "unit": "kilometer", "unitType": "distance"}),
    );
    Value::Object(fields)
}

fn note(sent: &Value) -> Result<Note, ApiError> {
    let text = |key: &str| sent[key].as_str().unwrap_or_default().to_owned();
    let name = text("noteName");
    if name.trim().is_empty() {
        return Err(ApiError::BadRequest("noteName is required".to_owned()));
    }
    Ok(Note { name, content: text("content"), date: date(&text("date"))? })
}

fn note_json(id: i64, note: &Note) -> Value {
    json!({"id": id, "noteName": note.name, "content": note.content, "date": note.date.to_string()})
}

async fn create_note(caller: Caller, Json(sent): Json<Value>) -> Reply {
    let note = note(&sent)?;
    let id = caller.library().add_note(note.clone());
    found(note_json(id, &note))
}

async fn replace_note(Path(id): Path<i64>, caller: Caller, Json(sent): Json<Value>) -> Reply {
    let note = note(&sent)?;
    if caller.library().replace_note(id, note) { nothing() } else { Err(ApiError::NotFound) }
}

async fn delete_note(Path(id): Path<i64>, caller: Caller) -> Reply {
    if caller.library().remove_note(id) { nothing() } else { Err(ApiError::NotFound) }
}
