//! `nutrition-service`: foods of one's own, what was eaten when, and the goals for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::routing::{delete, get, put};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::params::{self, Query};
use super::{ApiError, Caller, Reply, found, nothing};
use crate::state::Inner;

/// What one person has made, eaten and planned.
#[derive(Debug, Default)]
pub(crate) struct Pantry {
    foods: BTreeMap<String, Value>,
    log: BTreeMap<String, Vec<Value>>,
    /// From that day on.
    goals: BTreeMap<String, Value>,
    made: u64,
}

/// Names, beginnings and ends of the meals.
const MEALS: [(i64, &str, &str, &str); 4] = [
    (101, "BREAKFAST", "05:00:00", "10:59:59"),
    (102, "LUNCH", "11:00:00", "15:59:59"),
    (103, "DINNER", "16:00:00", "21:59:59"),
    (104, "SNACKS", "00:00:00", "23:59:59"),
];
const UNITS: [&str; 8] = ["G", "ML", "OZ", "FL_OZ", "CUP", "TBSP", "TSP", "PIECE"];
const NUMBERS: [&str; 15] = [
    "numberOfUnits",
    "calories",
    "carbs",
    "protein",
    "fat",
    "fiber",
    "sugar",
    "saturatedFat",
    "sodium",
    "cholesterol",
    "potassium",
    "transFat",
    "calcium",
    "iron",
    "vitaminD",
];
/// Foods that everybody finds: name, brand, kcal, carbs, protein, fat of 100 g.
type Shelved = (&'static str, Option<&'static str>, i64, i64, i64, i64);
const SHELF: [Shelved; 6] = [
    ("Banana", None, 89, 23, 1, 0),
    ("Oat bar", Some("Acme"), 422, 62, 11, 13),
    ("Oats", None, 389, 66, 17, 7),
    ("Orange juice", None, 45, 10, 1, 0),
    ("Pasta, cooked", None, 158, 31, 6, 1),
    ("Yoghurt", Some("Dairy"), 61, 5, 3, 3),
];

pub(super) fn router() -> Router<Arc<Inner>> {
    let service = "/nutrition-service";
    Router::new()
        .route(&format!("{service}/food/logs/{{date}}"), get(day).delete(delete_logs))
        .route(&format!("{service}/food/logs"), put(log))
        .route(&format!("{service}/food/logs/quickAdd"), put(quick_add))
        .route(&format!("{service}/meals/{{date}}"), get(meals))
        .route(&format!("{service}/settings/{{date}}"), get(settings).put(set_settings))
        .route(&format!("{service}/calorie/summary/daily"), get(summary))
        .route(&format!("{service}/food/search"), get(search))
        .route(&format!("{service}/customFood"), get(custom).put(make_food))
        .route(&format!("{service}/customFood/{{id}}"), delete(delete_food))
        .route(&format!("{service}/metadata/customFoodServingUnits"), get(units))
}

impl Inner {
    fn pantry<T>(&self, caller: &Caller, with: impl FnOnce(&mut Pantry) -> T) -> T {
        with(&mut self.lock().account_mut(caller.index).pantry)
    }
}

impl Pantry {
    fn id(&mut self) -> String {
        self.made += 1;
        format!("{:032x}", 0xf00d_0000_u64 + self.made)
    }

    fn goals_on(&self, date: Date) -> Value {
        let goals = self.goals.range(..=date.to_string()).next_back();
        goals.map_or_else(
            || {
                json!({"activeDailyCalories": 2_200.0, "activeDailyCarbohydrateGrams": 275.0,
                       "activeDailyFatGrams": 73.0, "activeDailyProteinGrams": 110.0,
                       "macroGoalType": "GRAMS"})
            },
            |(_, goals)| goals.clone(),
        )
    }
}

fn refused<T>(problem: &str) -> Result<T, ApiError> {
    Err(ApiError::BadRequest(problem.to_owned()))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) | Err(_) => refused("Unable to parse the request"),
    }
}

/// Numbers of this service are texts.
fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64()).unwrap_or(0.0)
}

fn total(items: &[Value]) -> Value {
    let mut sums = json!({});
    for key in ["calories", "carbs", "protein", "fat", "fiber", "sugar", "sodium"] {
        let sum: f64 = items.iter().map(|item| number(&item["nutritionContent"][key])).sum();
        sums[key] = crate::athlete::rounded(sum, 2).into();
    }
    sums
}

fn meal_json((id, name, start, end): (i64, &str, &str, &str)) -> Value {
    json!({"mealId": id, "mealName": name, "displayOrder": id - 100, "startTime": start,
           "endTime": end})
}

fn told(pantry: &Pantry, date: Date) -> Value {
    let eaten = pantry.log.get(&date.to_string()).map(Vec::as_slice).unwrap_or_default();
    let goals = pantry.goals_on(date);
    let details: Vec<Value> = MEALS
        .iter()
        .map(|meal| {
            let of_meal: Vec<Value> =
                eaten.iter().filter(|item| item["mealId"] == meal.0).cloned().collect();
            json!({"meal": meal_json(*meal), "mealNutritionContent": total(&of_meal),
                   "loggedFoods": of_meal})
        })
        .collect();
    json!({
        "mealDate": date.to_string(),
        "dayStartTime": format!("{date}T00:00:00"),
        "dayEndTime": format!("{date}T23:59:59"),
        "dailyNutritionGoals": {
            "calories": goals["activeDailyCalories"], "carbs": goals["activeDailyCarbohydrateGrams"],
            "protein": goals["activeDailyProteinGrams"], "fat": goals["activeDailyFatGrams"],
        },
        "dailyNutritionContent": total(eaten),
        "mealDetails": details,
        "loggedFoodsWithServingSizes": [],
    })
}

async fn day(Path(date): Path<String>, State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let date = params::date(&date)?;
    found(inner.pantry(&caller, |pantry| told(pantry, date)))
}

async fn meals(Path(date): Path<String>, _caller: Caller) -> Reply {
    params::date(&date)?;
    found(json!({"meals": MEALS.map(meal_json)}))
}

async fn units(_caller: Caller) -> Reply {
    found(Value::from(UNITS.to_vec()))
}

async fn settings(
    Path(date): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
) -> Reply {
    let date = params::date(&date)?;
    found(inner.pantry(&caller, |pantry| pantry.goals_on(date)))
}

async fn set_settings(
    Path(date): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
    body: Bytes,
) -> Reply {
    let date = params::date(&date)?;
    let goals = object(&body)?;
    for key in [
        "activeDailyCalories",
        "activeDailyCarbohydrateGrams",
        "activeDailyFatGrams",
        "activeDailyProteinGrams",
        "macroGoalType",
    ] {
        if !goals.contains_key(key) {
            return refused("The whole settings document is required");
        }
    }
    inner.pantry(&caller, |pantry| pantry.goals.insert(date.to_string(), Value::Object(goals)));
    nothing()
}

async fn summary(query: Query, State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let first = params::query_date(&query, "startDate")?;
    let last = params::query_date(&query, "endDate")?;
    let days = inner.pantry(&caller, |pantry| {
        let eaten = pantry.log.range(first.to_string()..=last.to_string());
        eaten
            .filter(|(_, items)| !items.is_empty())
            .map(|(date, items)| {
                let mut day = total(items);
                day["mealDate"] = date.as_str().into();
                day["itemCount"] = items.len().into();
                day
            })
            .collect::<Vec<Value>>()
    });
    found(json!({"dailyNutritionSummaries": days}))
}

fn page(all: Vec<Value>, query: &Query) -> Result<(Vec<Value>, bool), ApiError> {
    let start = usize::try_from(params::whole(query, "start", 0)?).unwrap_or(0);
    let limit = usize::try_from(params::whole(query, "limit", 20)?).unwrap_or(0);
    let more = all.len() > start.saturating_add(limit);
    Ok((all.into_iter().skip(start).take(limit).collect(), more))
}

async fn search(query: Query, _caller: Caller) -> Reply {
    let words = params::required(&query, "searchExpression")?.to_lowercase();
    if words.is_empty() {
        return refused("searchExpression must not be empty");
    }
    let foods = SHELF
        .iter()
        .zip(1..)
        .filter(|((name, ..), _)| name.to_lowercase().contains(&words))
        .map(|((name, brand, calories, carbs, protein, fat), number)| {
            json!({
                "foodMetaData": {"foodId": format!("{number:032x}"), "foodName": name,
                    "brandName": brand, "foodType": if brand.is_some() { "BRAND" } else { "GENERIC" },
                    "source": "FATSECRET", "regionCode": "US", "languageCode": "en"},
                "nutritionContents": [{"servingId": format!("{:032x}", number + 0x1000),
                    "servingUnit": "G", "numberOfUnits": 100.0, "calories": calories,
                    "carbs": carbs, "protein": protein, "fat": fat}],
            })
        })
        .collect();
    let (foods, more) = page(foods, &query)?;
    found(json!({"results": foods, "moreDataAvailable": more}))
}

async fn custom(query: Query, State(inner): State<Arc<Inner>>, caller: Caller) -> Reply {
    let words = query.get("searchExpression").map(|text| text.to_lowercase()).unwrap_or_default();
    let foods = inner.pantry(&caller, |pantry| pantry.foods.values().cloned().collect::<Vec<_>>());
    let fits = |food: &Value| {
        let name = food["foodMetaData"]["foodName"].as_str().unwrap_or_default();
        name.to_lowercase().contains(&words)
    };
    let (foods, more) = page(foods.into_iter().filter(fits).collect(), &query)?;
    found(json!({"customFoods": foods, "moreDataAvailable": more}))
}

async fn make_food(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let body = object(&body)?;
    let name = &body.get("foodMetaData").unwrap_or(&Value::Null)["foodName"];
    if name.as_str().is_none_or(str::is_empty) {
        return refused("foodName is required");
    }
    let servings = body.get("nutritionContents").and_then(Value::as_array);
    let Some(servings) = servings.filter(|servings| !servings.is_empty()) else {
        return refused("nutritionContents is required");
    };
    for serving in servings {
        if !UNITS.contains(&serving["servingUnit"].as_str().unwrap_or_default()) {
            return refused("Invalid serving unit");
        }
        for key in NUMBERS {
            let text = serving[key].as_str();
            let is_number = text.is_some_and(|text| text.parse::<f64>().is_ok_and(|n| n >= 0.0));
            if !serving[key].is_null() && !is_number {
                return refused("Numbers are texts here");
            }
        }
        if serving["calories"].is_null() || serving["numberOfUnits"].is_null() {
            return refused("calories and numberOfUnits are required");
        }
    }
    let known = body["foodMetaData"]["foodId"].as_str().map(str::to_owned);
    inner.pantry(&caller, |pantry| {
        let id = match known {
            Some(id) if pantry.foods.contains_key(&id) => id,
            Some(_) => return Err(ApiError::NotFound),
            None => pantry.id(),
        };
        let mut food = Value::Object(body.clone());
        food["foodMetaData"]["foodId"] = id.as_str().into();
        if let Some(servings) = food["nutritionContents"].as_array_mut() {
            for serving in servings {
                if serving["servingId"].is_null() {
                    serving["servingId"] = pantry.id().into();
                }
            }
        }
        pantry.foods.insert(id, food.clone());
        found(food)
    })
}

async fn delete_food(
    Path(id): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
) -> Reply {
    inner.pantry(&caller, |pantry| {
        let eaten = |item: &Value| item["foodMetaData"]["foodId"] == id.as_str();
        if pantry.log.values().flatten().any(eaten) {
            return refused("The food is in use");
        }
        pantry.foods.remove(&id).map_or(Err(ApiError::NotFound), |_| nothing())
    })
}

fn clock(item: &Value) -> Result<(), ApiError> {
    let known = MEALS.iter().any(|meal| item["mealId"] == meal.0);
    let time =
        item["mealTime"].as_str().is_some_and(|text| text.parse::<jiff::civil::Time>().is_ok());
    let logged = item["logTimestamp"].as_str().is_some_and(|text| text.ends_with('Z'));
    if known && time && logged && item["action"] == "ADD" {
        Ok(())
    } else {
        refused("mealId, mealTime, logTimestamp and action are required")
    }
}

async fn log(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let body = Value::Object(object(&body)?);
    let date = params::date(body["mealDate"].as_str().unwrap_or_default())?;
    let items = body["foodLogItems"].as_array().cloned().unwrap_or_default();
    inner.pantry(&caller, |pantry| {
        for item in items {
            clock(&item)?;
            let quantity = item["servingQty"].as_f64().filter(|quantity| *quantity > 0.0);
            let Some(quantity) = quantity else { return refused("servingQty is required") };
            let id = item["foodId"].as_str().unwrap_or_default().to_owned();
            let food = match (item["source"].as_str(), pantry.foods.get(&id)) {
                (Some("GARMIN"), Some(food)) => food.clone(),
                (Some("FATSECRET"), _) => json!({"foodMetaData": {"foodId": id, "foodName": "Food",
                    "source": "FATSECRET"}, "nutritionContents": [{"servingId": item["servingId"],
                    "calories": 100}]}),
                _ => return Err(ApiError::NotFound),
            };
            let servings = food["nutritionContents"].as_array().cloned().unwrap_or_default();
            let serving = servings.into_iter().find(|one| one["servingId"] == item["servingId"]);
            let Some(mut content) = serving else { return Err(ApiError::NotFound) };
            for key in NUMBERS.iter().skip(1) {
                if !content[*key].is_null() {
                    content[*key] = (number(&content[*key]) * quantity).into();
                }
            }
            let logged = json!({"logId": pantry.id(), "mealId": item["mealId"],
                "foodMetaData": food["foodMetaData"], "logTimestamp": item["logTimestamp"],
                "mealTime": item["mealTime"], "servingQty": quantity, "nutritionContent": content});
            pantry.log.entry(date.to_string()).or_default().push(logged);
        }
        found(told(pantry, date))
    })
}

async fn quick_add(State(inner): State<Arc<Inner>>, caller: Caller, body: Bytes) -> Reply {
    let body = Value::Object(object(&body)?);
    let date = params::date(body["mealDate"].as_str().unwrap_or_default())?;
    let items = body["quickAddItems"].as_array().cloned().unwrap_or_default();
    inner.pantry(&caller, |pantry| {
        for item in items {
            clock(&item)?;
            for key in ["calories", "carbs", "protein", "fat"] {
                let text = item[key].as_str();
                if text.is_none_or(|text| text.parse::<f64>().is_err()) {
                    return refused("Numbers are texts here");
                }
            }
            let content = json!({"calories": number(&item["calories"]),
                "carbs": number(&item["carbs"]), "protein": number(&item["protein"]),
                "fat": number(&item["fat"])});
            let logged = json!({"logId": pantry.id(), "mealId": item["mealId"], "name": item["name"],
                "logTimestamp": item["logTimestamp"], "mealTime": item["mealTime"],
                "nutritionContent": content});
            pantry.log.entry(date.to_string()).or_default().push(logged);
        }
        found(told(pantry, date))
    })
}

async fn delete_logs(
    Path(date): Path<String>,
    State(inner): State<Arc<Inner>>,
    caller: Caller,
    body: Bytes,
) -> Reply {
    let date = params::date(&date)?;
    let ids = object(&body)?.get("logIds").and_then(Value::as_array).cloned().unwrap_or_default();
    inner.pantry(&caller, |pantry| {
        let Some(eaten) = pantry.log.get_mut(&date.to_string()) else {
            return Err(ApiError::NotFound);
        };
        let before = eaten.len();
        eaten.retain(|item| !ids.contains(&item["logId"]));
        if eaten.len() + ids.len() == before { nothing() } else { Err(ApiError::NotFound) }
    })
}
