//! `lifestylelogging-service`: habits, which of them are tracked, and what was answered.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{delete, get, post, put};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::body::json_of;
use super::params;
use super::{ApiError, Caller, Reply, found, nothing};
use crate::diary::{Answer, Diary, OwnBehaviour};
use crate::state::Inner;
use crate::times::{days_between, plain};

type Shared = State<Arc<Inner>>;

pub(super) fn router() -> Router<Arc<Inner>> {
    let base = "/lifestylelogging-service";
    Router::new()
        .route(&format!("{base}/dailyLog/{{date}}"), get(log))
        .route(&format!("{base}/dailyLog/{{id}}/{{date}}"), put(answer).delete(take_back))
        .route(&format!("{base}/behaviours"), post(create))
        .route(&format!("{base}/behaviours/batch"), post(create_many))
        .route(&format!("{base}/behaviours/{{key}}"), get(behaviours).merge(delete(remove)))
        .route(&format!("{base}/trackedBehaviours"), put(track))
}

/// A habit everybody can track.
struct Known {
    id: i64,
    name: &'static str,
    category: &'static str,
    sleep_related: bool,
    /// Empty for those that are answered with yes or no.
    kinds: &'static [(i64, &'static str)],
}

const fn habit(id: i64, name: &'static str, category: &'static str, sleep_related: bool) -> Known {
    Known { id, name, category, sleep_related, kinds: &[] }
}

const DRINKS: &[(i64, &str)] = &[(1, "BEER"), (2, "WINE"), (3, "SPIRITS")];
const CAFFEINE: &[(i64, &str)] = &[(4, "COFFEE"), (5, "TEA"), (6, "COLA"), (7, "ENERGY_DRINK")];

const KNOWN: [Known; 10] = [
    Known { kinds: DRINKS, ..habit(1, "Alcohol", "LIFESTYLE", false) },
    Known { kinds: CAFFEINE, ..habit(2, "Morning Caffeine", "LIFESTYLE", false) },
    habit(3, "Heavy Meals", "LIFESTYLE", false),
    habit(4, "Light Exercise", "LIFESTYLE", false),
    habit(5, "Meditation", "SELF_CARE", false),
    habit(6, "Illness", "LIFE_STATUS", false),
    habit(7, "Late Caffeine", "LIFESTYLE", true),
    habit(8, "Sauna", "SELF_CARE", false),
    habit(9, "Reading in Bed", "SLEEP_RELATED", true),
    habit(10, "Vacation", "LIFE_STATUS", false),
];
const TRACKED: [i64; 5] = [1, 2, 5, 7, 9];

/// A habit, everybody's or the athlete's own.
struct Habit {
    id: i64,
    name: String,
    category: &'static str,
    sleep_related: bool,
    kinds: &'static [(i64, &'static str)],
}

impl Habit {
    const fn measured(&self) -> &'static str {
        if self.kinds.is_empty() { "YES_NO" } else { "QUANTITY" }
    }
}

fn habits(diary: &Diary) -> Vec<Habit> {
    let known = KNOWN.iter().map(|it| Habit {
        id: it.id,
        name: it.name.to_owned(),
        category: it.category,
        sleep_related: it.sleep_related,
        kinds: it.kinds,
    });
    let own = diary.own.iter().map(|it| Habit {
        id: it.id,
        name: it.name.clone(),
        category: if it.sleep_related { "CUSTOM_SLEEP_RELATED" } else { "CUSTOM" },
        sleep_related: it.sleep_related,
        kinds: &[],
    });
    known.chain(own).collect()
}

fn tracked(diary: &Diary) -> BTreeSet<i64> {
    diary.tracked.clone().unwrap_or_else(|| TRACKED.into_iter().collect())
}

impl Caller {
    /// What the athlete answered on a day before anybody watched: most evenings, not all.
    fn lived(&self, habit: &Habit, date: Date) -> Option<Answer> {
        let day =
            self.told(date).filter(|day| self.athlete.zone.midnight(day.date) < self.now_ms())?;
        let over = self.athlete.zone.midnight(crate::times::shift(date, 1)) <= self.now_ms();
        let seed = self.athlete.person.seed.child("habit").at(habit.id);
        let seed = seed.at(days_between(Date::constant(2020, 1, 1), date));
        if !over || habit.category.starts_with("CUSTOM") || !seed.child("answers").happens(0.85) {
            return None;
        }
        let yes = seed.child("yes").happens(if habit.id == 2 { 0.9 } else { 0.3 });
        let details = if yes && !habit.kinds.is_empty() {
            let (id, name) = seed.child("kind").pick(habit.kinds);
            let amount = seed.child("amount").whole(1, 2);
            vec![json!({"subTypeId": id, "subTypeName": name, "amount": amount})]
        } else {
            Vec::new()
        };
        let stamp = format!("{}.000", plain(self.athlete.zone.wall(day.slept.end)));
        Some(Answer { yes, stamp, details })
    }

    fn answer_to(&self, diary: &Diary, habit: &Habit, date: Date) -> Option<Answer> {
        match diary.answers.get(&(date, habit.id)) {
            Some(answered) => answered.clone(),
            None => self.lived(habit, date),
        }
    }
}

async fn log(Path(date): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    let garmin = inner.lock();
    let diary = &garmin.account(caller.index).diary;
    let tracked = tracked(diary);
    let mut completed = 0;
    let rows: Vec<Value> = habits(diary)
        .iter()
        .filter(|habit| tracked.contains(&habit.id))
        .map(|habit| {
            let mut row = json!({
                "behaviourId": habit.id,
                "measurementType": habit.measured(),
                "calendarDate": date.to_string(),
                "name": habit.name,
                "category": habit.category,
                "sleepRelated": habit.sleep_related,
            });
            if let Some(answer) = caller.answer_to(diary, habit, date) {
                completed += 1;
                row["logStatus"] = json!(if answer.yes { "YES" } else { "NO" });
                row["updateTimestamp"] = json!(answer.stamp);
                if !answer.details.is_empty() {
                    row["details"] = Value::from(answer.details);
                }
            }
            row
        })
        .collect();
    found(json!({
        "calendarDate": date.to_string(),
        "completionStats": [{"calendarDate": date.to_string(), "totalTracking": rows.len(),
                             "completedTracking": completed}],
        "dailyLogsReport": rows,
    }))
}

fn behaviour(caller: &Caller, habit: &Habit, tracked: &BTreeSet<i64>) -> Value {
    let kinds: Vec<Value> =
        habit.kinds.iter().map(|(id, name)| json!({"subTypeId": id, "name": name})).collect();
    json!({
        "behaviourId": habit.id,
        "userProfilePk": caller.athlete.person.profile_id,
        "name": habit.name,
        "category": habit.category,
        "measurementType": habit.measured(),
        "tracked": tracked.contains(&habit.id),
        "sleepRelated": habit.sleep_related,
        "subTypes": kinds,
    })
}

async fn behaviours(Path(date): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    params::date(&date)?;
    let garmin = inner.lock();
    let diary = &garmin.account(caller.index).diary;
    let tracked = tracked(diary);
    let rows: Vec<Value> =
        habits(diary).iter().map(|habit| behaviour(&caller, habit, &tracked)).collect();
    found(Value::from(rows))
}

fn refused(problem: &str) -> ApiError {
    ApiError::BadRequest(problem.to_owned())
}

/// Only what is tracked can be answered, and only with kinds the habit has.
async fn answer(
    Path((id, date)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
    body: Bytes,
) -> Reply {
    let date = params::date(&date)?;
    let body = json_of(&body)?;
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let known = habits(diary);
    let habit = known.iter().find(|it| it.id == id).ok_or(ApiError::NotFound)?;
    if !tracked(diary).contains(&id) {
        return Err(refused("Behaviour is not tracked"));
    }
    if body["behaviourId"].as_i64() != Some(id) {
        return Err(refused("behaviourId does not match"));
    }
    let yes = match body["logStatus"].as_str() {
        Some("YES") => true,
        Some("NO") => false,
        other => return Err(refused(&format!("Invalid logStatus: {other:?}"))),
    };
    let stamp = body["updateTimestamp"]
        .as_str()
        .ok_or_else(|| refused("updateTimestamp must not be null"))?
        .to_owned();
    let details = body["details"].as_array().cloned().unwrap_or_default();
    let fits = |detail: &Value| {
        let kind = habit.kinds.iter().any(|(id, _)| detail["subTypeId"].as_i64() == Some(*id));
        kind && detail["amount"].as_i64().is_some_and(|amount| amount > 0)
    };
    if !details.iter().all(fits) || (!yes && !details.is_empty()) {
        return Err(refused("Invalid details"));
    }
    diary.answers.insert((date, id), Some(Answer { yes, stamp, details }));
    nothing()
}

async fn take_back(
    Path((id, date)): Path<(String, String)>,
    State(inner): Shared,
    caller: Caller,
) -> Reply {
    let date = params::date(&date)?;
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let known = habits(diary);
    let habit = known.iter().find(|it| it.id == id).ok_or(ApiError::NotFound)?;
    if caller.answer_to(diary, habit, date).is_none() {
        return Err(ApiError::NotFound);
    }
    diary.answers.insert((date, id), None);
    nothing()
}

/// The whole list, every time.
async fn track(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let known: BTreeSet<i64> = habits(diary).iter().map(|habit| habit.id).collect();
    let wanted: Option<BTreeSet<i64>> = body["trackedBehaviours"]
        .as_array()
        .map(|ids| ids.iter().filter_map(Value::as_i64).collect());
    let wanted = wanted.ok_or_else(|| refused("trackedBehaviours must not be null"))?;
    if !wanted.is_subset(&known) {
        return Err(refused("Unknown behaviour"));
    }
    diary.tracked = Some(wanted);
    nothing()
}

fn made(caller: &Caller, diary: &mut Diary, body: &Value) -> Result<Value, ApiError> {
    let name = body["name"].as_str().map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| refused("name must not be null"))?;
    let sleep_related = match body["category"].as_str() {
        Some("CUSTOM") => false,
        Some("CUSTOM_SLEEP_RELATED") => true,
        other => return Err(refused(&format!("Invalid category: {other:?}"))),
    };
    let id = diary.next_id(80_000);
    diary.own.push(OwnBehaviour { id, name: name.to_owned(), sleep_related });
    let mut tracked = tracked(diary);
    if body["tracked"] == true {
        tracked.insert(id);
        diary.tracked = Some(tracked.clone());
    }
    let habit = habits(diary).pop().ok_or(ApiError::NotFound)?;
    Ok(behaviour(caller, &habit, &tracked))
}

async fn create(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let mut garmin = inner.lock();
    found(made(&caller, &mut garmin.account_mut(caller.index).diary, &body)?)
}

async fn create_many(State(inner): Shared, caller: Caller, body: Bytes) -> Reply {
    let body = json_of(&body)?;
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    let rows = body.as_array().into_iter().flatten().map(|one| made(&caller, diary, one));
    let rows: Result<Vec<Value>, ApiError> = rows.collect();
    found(Value::from(rows?))
}

/// Nobody can delete what everybody has.
async fn remove(Path(id): Path<String>, State(inner): Shared, caller: Caller) -> Reply {
    let id: i64 = id.parse().map_err(|_| ApiError::NotFound)?;
    let mut garmin = inner.lock();
    let diary = &mut garmin.account_mut(caller.index).diary;
    if KNOWN.iter().any(|known| known.id == id) {
        return Err(refused("Only custom behaviours can be deleted"));
    }
    let at = diary.own.iter().position(|own| own.id == id).ok_or(ApiError::NotFound)?;
    diary.own.remove(at);
    if let Some(tracked) = &mut diary.tracked {
        tracked.remove(&id);
    }
    nothing()
}
