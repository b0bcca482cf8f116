//! What was eaten, written down.

use std::collections::BTreeSet;

use garmin::api::{Target, food_log_at};
use garmin::days::Day;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::foods::find;
use super::make::{Contents, Draft, delete, ids, name, positive, unit};
use super::meals::{self, Chosen, MealName};
use super::place::Place;
use super::{Amount, FoodKey};
use crate::account::Account;
use crate::args::{NamedDay, Reach, clock};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

const LOGS: &str = "/nutrition-service/food/logs";

/// Where and when something is logged.
struct Sitting {
    day: Day,
    meal: Chosen,
    /// The moment of logging, as Garmin writes it.
    stamp: String,
    /// What was in the log before: an id that is not in here is new.
    known: BTreeSet<String>,
}

fn log_ids(log: &Value) -> BTreeSet<String> {
    let details = log["mealDetails"].as_array().into_iter().flatten();
    let foods = details.flat_map(|detail| detail["loggedFoods"].as_array().into_iter().flatten());
    foods.filter_map(|food| food["logId"].as_str().map(str::to_owned)).collect()
}

impl Sitting {
    async fn at(
        account: &Account,
        date: NamedDay,
        meal: Option<MealName>,
        time: Option<&str>,
    ) -> Result<Self, ToolError> {
        let today = account.today().await?;
        let day = date.within("meal_date", today, Reach::AnyDay)?;
        let time = time.map(|text| clock("meal_time", text)).transpose()?;
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let now = jiff::Timestamp::from_second(account.clock.now().0).unwrap_or_default();
        let here = now.to_zoned(zone).time();
        let meals = meals::of_day(&garmin, day).await?;
        let meal = meals::choose(&meals, meal, time, here)?;
        let log = garmin.look(&food_log_at(day).finish()).await?.unwrap_or_default();
        let stamp = now.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string();
        Ok(Self { day, meal, stamp, known: log_ids(&log) })
    }

    fn clock(&self) -> String {
        self.meal.time.strftime("%H:%M:%S").to_string()
    }

    /// One food with its ids.
    fn log(
        &self,
        food: &Value,
        serving: &Value,
        source: &str,
        quantity: f64,
        place: &Place,
    ) -> Write {
        let item = json!({
            "logTimestamp": self.stamp, "logSource": "GCW", "logCategory": "REGULAR_LOG",
            "mealTime": self.clock(), "action": "ADD", "mealId": self.meal.id,
            "foodId": food, "servingId": serving, "source": source,
            "regionCode": place.region, "languageCode": place.language, "servingQty": quantity,
        });
        let body = json!({ "mealDate": self.day.to_string(), "foodLogItems": [item] });
        Write::put(Target::new(LOGS)).json(body)
    }

    /// The step with what is found in its answer, and the way back.
    fn step(&self, step: Step) -> Step {
        let (known, day) = (self.known.clone(), self.day);
        let also = self.known.clone();
        step.keys_from(move |answer| found(answer, &known)).undone_from(move |answer| {
            let new: Vec<String> = log_ids(answer).difference(&also).cloned().collect();
            if new.is_empty() { Vec::new() } else { vec![forget(day, &new)] }
        })
    }

    fn plan(&self, what: &str) -> Plan {
        let plan =
            Plan::new(format!("{what} at {} on {}", self.meal.name.to_lowercase(), self.day))
                .key("meal_date", self.day.to_string())
                .key("meal", self.meal.name.to_lowercase())
                .key("meal_time", self.clock());
        match &self.meal.warning {
            Some(warning) => plan.warning(warning.clone()),
            None => plan,
        }
    }

    /// The new entry is in the log of the day.
    fn check(&self) -> impl FnOnce(&[Value]) -> Vec<Check> + Send + Sync + 'static {
        let (known, day) = (self.known.clone(), self.day);
        move |answers| {
            let new = answers.last().map(log_ids).unwrap_or_default();
            let new = new.difference(&known).next().cloned();
            new.map(|id| {
                Check::listed(food_log_at(day), "/mealDetails/*/loggedFoods/*", "/logId", id)
            })
            .into_iter()
            .collect()
        }
    }
}

/// Ids that are new, and what the day comes to.
fn found(answer: &Value, known: &BTreeSet<String>) -> Map<String, Value> {
    let mut keys = Map::new();
    if let Some(id) = log_ids(answer).difference(known).next() {
        keys.insert("log_id".into(), id.as_str().into());
    }
    let totals = &answer["dailyNutritionContent"];
    if totals.is_object() {
        keys.insert(
            "day_totals".into(),
            json!({ "kcal": totals["calories"], "carbs_g": totals["carbs"],
                    "protein_g": totals["protein"], "fat_g": totals["fat"] }),
        );
    }
    keys
}

fn forget(day: Day, ids: &[String]) -> Write {
    Write::delete(Target::new(LOGS).segment(day)).json(json!({ "logIds": ids }))
}

/// `log_custom_food`
pub(super) struct LogFood;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogArgs {
    #[serde(default)]
    meal_date: NamedDay,
    /// 08:10
    meal_time: Option<String>,
    meal: Option<MealName>,
    food_id: FoodKey,
    serving_id: FoodKey,
    serving_qty: Option<Amount>,
    /// GARMIN, or FATSECRET as `search_foods` says
    source: Option<String>,
    region: Option<String>,
    language: Option<String>,
}

fn source(text: Option<&str>) -> Result<&'static str, ToolError> {
    match text.map(|text| text.trim().to_ascii_uppercase()).as_deref() {
        None | Some("GARMIN" | "") => Ok("GARMIN"),
        Some("FATSECRET") => Ok("FATSECRET"),
        Some(_) => Err(ToolError::argument("source", "allowed are GARMIN and FATSECRET")),
    }
}

impl WriteTool for LogFood {
    const NAME: &'static str = "log_custom_food";
    const TITLE: &'static str = "Log a food";
    const DESCRIPTION: &'static str = "Logs a food of `get_custom_foods` or `search_foods` as \
        eaten. `log_food` logs plain numbers instead.";
    const CLASS: Class = Class::Add;
    type Args = LogArgs;

    async fn plan(account: &Account, args: LogArgs) -> Result<Plan, ToolError> {
        let source = source(args.source.as_deref())?;
        let quantity = positive("serving_qty", args.serving_qty.unwrap_or(Amount(1.0)))?;
        let place = Place::of(account, args.region, args.language).await?;
        let time = args.meal_time.as_deref();
        let sitting = Sitting::at(account, args.meal_date, args.meal, time).await?;
        let (food, serving) = (json!(args.food_id.0), json!(args.serving_id.0));
        let write = sitting.log(&food, &serving, source, quantity.0, &place);
        let step = sitting.step(Step::new("log the food", write));
        Ok(sitting
            .plan("a food")
            .step(step)
            .check_from(sitting.check())
            .key("food_id", food)
            .key("serving_id", serving)
            .key("serving_qty", quantity.0))
    }
}

/// `log_food`
pub(super) struct QuickAdd;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct QuickArgs {
    #[serde(default)]
    meal_date: NamedDay,
    /// 12:30
    meal_time: Option<String>,
    meal: Option<MealName>,
    name: String,
    /// kcal
    calories: Amount,
    carbs: Option<Amount>,
    protein: Option<Amount>,
    fat: Option<Amount>,
}

impl WriteTool for QuickAdd {
    const NAME: &'static str = "log_food";
    const TITLE: &'static str = "Log energy and macros";
    const DESCRIPTION: &'static str = "Logs something eaten by its numbers alone (kcal, grams), \
        without a food behind it.";
    const CLASS: Class = Class::Add;
    type Args = QuickArgs;

    async fn plan(account: &Account, args: QuickArgs) -> Result<Plan, ToolError> {
        let called = args.name.trim();
        if called.is_empty() || called.chars().count() > 100 {
            return Err(ToolError::argument("name", "allowed are 1 to 100 characters"));
        }
        let time = args.meal_time.as_deref();
        let sitting = Sitting::at(account, args.meal_date, args.meal, time).await?;
        let text = |amount: Option<Amount>| amount.unwrap_or(Amount(0.0)).text();
        let item = json!({
            "name": called, "logId": null, "logTimestamp": sitting.stamp, "logSource": "GCW",
            "logCategory": "QUICK_ADD", "mealTime": sitting.clock(), "mealId": sitting.meal.id,
            "action": "ADD", "calories": args.calories.text(), "carbs": text(args.carbs),
            "protein": text(args.protein), "fat": text(args.fat),
        });
        let body = json!({ "mealDate": sitting.day.to_string(), "quickAddItems": [item] });
        let write = Write::put(Target::new(LOGS).then("/quickAdd")).json(body);
        let step = sitting.step(Step::new("log the numbers", write));
        Ok(sitting
            .plan(&format!("\"{called}\""))
            .step(step)
            .check_from(sitting.check())
            .key("name", called))
    }
}

/// `delete_food_log`
pub(super) struct Forget;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgetArgs {
    log_id: FoodKey,
    #[serde(default)]
    meal_date: NamedDay,
}

impl WriteTool for Forget {
    const NAME: &'static str = "delete_food_log";
    const TITLE: &'static str = "Delete an entry of the food log";
    const DESCRIPTION: &'static str = "Takes an entry out of the food log of a day. Needs \
        `confirm`.";
    const CLASS: Class = Class::Destroy;
    type Args = ForgetArgs;

    async fn plan(account: &Account, args: ForgetArgs) -> Result<Plan, ToolError> {
        let today = account.today().await?;
        let day = args.meal_date.within("meal_date", today, Reach::AnyDay)?;
        let id = args.log_id.0;
        let log = account.garmin()?.look(&food_log_at(day).finish()).await?.unwrap_or_default();
        let details = log["mealDetails"].as_array().into_iter().flatten();
        let mut foods = details.flat_map(|it| it["loggedFoods"].as_array().into_iter().flatten());
        let Some(entry) = foods.find(|food| food["logId"].as_str() == Some(&*id)) else {
            return Err(ToolError::NotFound {
                field: "log_id",
                what: "entry in the food log of that day",
                hint: "Allowed is a `log_id` of `get_nutrition_daily_food_log`, with its date.",
            });
        };
        let called = entry.pointer("/foodMetaData/foodName").or(entry.get("name"));
        let called = called.and_then(Value::as_str).unwrap_or("a food").to_owned();
        let gone = Check::unlisted(
            food_log_at(day),
            "/mealDetails/*/loggedFoods/*",
            "/logId",
            id.as_str(),
        );
        Ok(Plan::new(format!("\"{called}\" in the food log of {day}"))
            .previous(entry.clone())
            .step(Step::new("delete the entry", forget(day, std::slice::from_ref(&id))))
            .check(gone)
            .key("log_id", id)
            .key("meal_date", day.to_string()))
    }
}

/// `upsert_and_log`
pub(super) struct MakeAndLog;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MakeAndLogArgs {
    #[serde(default)]
    meal_date: NamedDay,
    /// 08:10
    meal_time: Option<String>,
    meal: Option<MealName>,
    food_name: String,
    /// kcal of a serving
    calories: Amount,
    carbs: Option<Amount>,
    protein: Option<Amount>,
    fat: Option<Amount>,
    /// Default G
    serving_unit: Option<String>,
    /// Default 100
    number_of_units: Option<Amount>,
    serving_qty: Option<Amount>,
}

impl WriteTool for MakeAndLog {
    const NAME: &'static str = "upsert_and_log";
    const TITLE: &'static str = "Log a food, and create it if need be";
    const DESCRIPTION: &'static str = "Finds the athlete's own food of this name, creates it when \
        there is none, and logs it. An existing food keeps its values.";
    const CLASS: Class = Class::Add;
    type Args = MakeAndLogArgs;

    async fn plan(account: &Account, args: MakeAndLogArgs) -> Result<Plan, ToolError> {
        let called = name(&args.food_name)?;
        let quantity = positive("serving_qty", args.serving_qty.unwrap_or(Amount(1.0)))?;
        let units = positive("number_of_units", args.number_of_units.unwrap_or(Amount(100.0)))?;
        let time = args.meal_time.as_deref();
        let sitting = Sitting::at(account, args.meal_date, args.meal, time).await?;
        let same = |food: &Value| {
            let name = food.pointer("/foodMetaData/foodName").and_then(Value::as_str);
            name.is_some_and(|name| name.trim().to_lowercase() == called.to_lowercase())
                && ids(food).len() == 2
        };
        let known = find(account, &called, same).await?;
        let usual = Place::of(account, None, None).await?;
        let plan = sitting.plan(&format!("\"{called}\"")).key("food_name", called.as_str());
        let Some(food) = known else {
            let draft = Draft {
                name: called,
                brand: None,
                unit: unit(account, args.serving_unit).await?,
                units,
                calories: args.calories,
                contents: Contents::macros(args.carbs, args.protein, args.fat),
                place: usual.clone(),
            };
            let create =
                Step::new("create the food", draft.write()).keys_from(ids).undone_from(delete);
            let at = Sitting {
                known: sitting.known.clone(),
                meal: sitting.meal.clone(),
                stamp: sitting.stamp.clone(),
                ..sitting
            };
            let log = Step::after("log it", move |answers| {
                let ids = answers.first().map(ids).unwrap_or_default();
                match (ids.get("food_id"), ids.get("serving_id")) {
                    (Some(food), Some(serving)) => {
                        Ok(at.log(food, serving, "GARMIN", quantity.0, &usual))
                    }
                    _ => Err(ToolError::UpstreamChanged { what: "custom food" }),
                }
            });
            return Ok(plan
                .step(create)
                .step(sitting.step(log))
                .check_from(sitting.check())
                .key("created", true));
        };
        let ids = ids(&food);
        let text = |pointer: &str, usual: &str| {
            food.pointer(pointer).and_then(Value::as_str).unwrap_or(usual).to_owned()
        };
        let place = Place {
            region: text("/foodMetaData/regionCode", &usual.region),
            language: text("/foodMetaData/languageCode", &usual.language),
        };
        let write = sitting.log(&ids["food_id"], &ids["serving_id"], "GARMIN", quantity.0, &place);
        let step = sitting.step(Step::new("log it", write));
        let mut plan = plan.step(step).check_from(sitting.check()).key("created", false);
        for (key, id) in ids {
            plan = plan.key(&key, id);
        }
        Ok(plan)
    }
}
