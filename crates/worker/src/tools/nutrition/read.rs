//! What was eaten, meal by meal and day by day.

use garmin::days::{Day, DayRange};
use garmin::model::{FoodLog, LoggedFood, Nutrients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::answer::{Coverage, Reading, Stretch};
use crate::args::{NamedDay, RangeArgs, Window};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::tenth;
use crate::tools::table::Table;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    #[serde(default)]
    date: NamedDay,
}

/// Energy and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Macros {
    kcal: Option<f64>,
    carbs_g: Option<f64>,
    protein_g: Option<f64>,
    fat_g: Option<f64>,
    fiber_g: Option<f64>,
    sugar_g: Option<f64>,
    sodium_mg: Option<f64>,
}

impl Macros {
    pub(super) fn of(content: &Nutrients) -> Self {
        Self {
            kcal: content.calories.map(tenth),
            carbs_g: content.carbs_g.map(tenth),
            protein_g: content.protein_g.map(tenth),
            fat_g: content.fat_g.map(tenth),
            fiber_g: content.fiber_g.map(tenth),
            sugar_g: content.sugar_g.map(tenth),
            sodium_mg: content.sodium_mg.map(tenth),
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Eaten {
    log_id: Option<String>,
    name: Option<String>,
    brand: Option<String>,
    food_id: Option<String>,
    time: Option<String>,
    quantity: Option<f64>,
    #[serde(flatten)]
    macros: Macros,
}

impl Eaten {
    fn of(food: LoggedFood) -> Self {
        // What was added quickly says its numbers itself.
        let own = Nutrients {
            calories: food.calories,
            carbs_g: food.carbs_g,
            protein_g: food.protein_g,
            fat_g: food.fat_g,
            ..Nutrients::default()
        };
        let macros = Macros::of(food.content.as_ref().unwrap_or(&own));
        let named = food.food.unwrap_or_default();
        Self {
            log_id: food.log_id,
            name: named.name.or(food.name),
            brand: named.brand,
            food_id: named.id,
            time: food.meal_time,
            quantity: food.quantity,
            macros,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LogData {
    goals: Option<Macros>,
    totals: Option<Macros>,
    meals: Vec<EatenMeal>,
    item_count: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct EatenMeal {
    meal_id: Option<i64>,
    name: Option<String>,
    totals: Option<Macros>,
    foods: Vec<Eaten>,
}

/// The log as we show it.
pub(super) fn shown(log: FoodLog) -> LogData {
    let goals = log.goals.map(|goals| {
        Macros::of(&Nutrients {
            calories: goals.calories,
            carbs_g: goals.carbs_g,
            protein_g: goals.protein_g,
            fat_g: goals.fat_g,
            ..Nutrients::default()
        })
    });
    let meals: Vec<EatenMeal> = log
        .meals
        .unwrap_or_default()
        .into_iter()
        .map(|detail| {
            let meal = detail.meal.unwrap_or_default();
            let foods: Vec<Eaten> =
                detail.foods.unwrap_or_default().into_iter().map(Eaten::of).collect();
            EatenMeal {
                meal_id: meal.id,
                name: meal.name,
                totals: detail.content.as_ref().map(Macros::of),
                foods,
            }
        })
        .collect();
    let item_count = meals.iter().map(|meal| meal.foods.len()).sum();
    LogData { goals, totals: log.content.as_ref().map(Macros::of), meals, item_count }
}

/// `get_nutrition_daily_food_log`
pub(super) struct DayLog;

impl Tool for DayLog {
    const NAME: &'static str = "get_nutrition_daily_food_log";
    const TITLE: &'static str = "Food log of a day";
    const DESCRIPTION: &'static str = "What was eaten on a day, by meal, with energy and macros \
        against the goals.";
    type Args = DayArgs;
    type Answer = Reading<LogData>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let log = account.garmin()?.food_log(day).await?.map(shown);
        Ok(account.reading(day, today, log).await)
    }
}

/// `get_nutrition_daily_meals`
pub(super) struct DayMeals;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct MealsData {
    meals: Vec<MealWindow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct MealWindow {
    meal_id: Option<i64>,
    name: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

impl Tool for DayMeals {
    const NAME: &'static str = "get_nutrition_daily_meals";
    const TITLE: &'static str = "Meals of a day";
    const DESCRIPTION: &'static str = "When each meal of a day begins and ends, and its id.";
    type Args = DayArgs;
    type Answer = Reading<MealsData>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let meals = account.garmin()?.meals(day).await?.and_then(|meals| meals.meals);
        let data = meals.map(|meals| MealsData {
            meals: meals
                .into_iter()
                .map(|meal| MealWindow {
                    meal_id: meal.id,
                    name: meal.name,
                    start: meal.start,
                    end: meal.end,
                })
                .collect(),
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_nutrition_daily_settings`
pub(super) struct DayGoals;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct GoalsData {
    calorie_goal_kcal: Option<f64>,
    carbs_g: Option<f64>,
    protein_g: Option<f64>,
    fat_g: Option<f64>,
}

impl Tool for DayGoals {
    const NAME: &'static str = "get_nutrition_daily_settings";
    const TITLE: &'static str = "Nutrition goals";
    const DESCRIPTION: &'static str = "The energy and macro goals that hold on a day.";
    type Args = DayArgs;
    type Answer = Reading<GoalsData>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let data = account.garmin()?.nutrition_settings(day).await?.map(|goals| GoalsData {
            calorie_goal_kcal: goals.calories,
            carbs_g: goals.carbs_g,
            protein_g: goals.protein_g,
            fat_g: goals.fat_g,
        });
        Ok(account.reading(day, today, data).await)
    }
}

/// `get_nutrition_summary_between_dates`
pub(super) struct Summary;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SummaryData {
    coverage: Coverage,
    #[serde(flatten)]
    days: Table,
}

/// Days of one question, as the original asked for them.
const CHUNK: u32 = 61;
const COLUMNS: [&str; 7] =
    ["date", "kcal", "carbs_g", "protein_g", "fat_g", "fiber_g", "item_count"];

fn chunks(range: DayRange) -> Vec<DayRange> {
    let days: Vec<Day> = range.days().collect();
    let parts = days.chunks(usize::try_from(CHUNK).unwrap_or(1));
    parts.filter_map(|part| DayRange::new(*part.first()?, *part.last()?, CHUNK).ok()).collect()
}

impl Tool for Summary {
    const NAME: &'static str = "get_nutrition_summary_between_dates";
    const TITLE: &'static str = "Nutrition over days";
    const DESCRIPTION: &'static str = "Energy and macros per day over a range; `item_count` tells \
        how much was logged, so how far a day can be trusted.";
    type Args = RangeArgs;
    type Answer = Stretch<SummaryData>;

    async fn call(account: &Account, args: RangeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let range = args.range(today, Window::past(7, 366))?;
        let garmin = account.garmin()?;
        let mut rows: Vec<Vec<Value>> = Vec::new();
        for part in chunks(range) {
            let found = garmin.calorie_summary(part, today).await?;
            for day in found.and_then(|found| found.days).unwrap_or_default() {
                let inner = day.content.clone().unwrap_or_default();
                let pick = |own: Option<f64>, inner: Option<f64>| own.or(inner).map(tenth);
                let Some(date) = day.date else { continue };
                rows.push(vec![
                    json!(date.to_string()),
                    json!(pick(day.calories, inner.calories)),
                    json!(pick(day.carbs_g, inner.carbs_g)),
                    json!(pick(day.protein_g, inner.protein_g)),
                    json!(pick(day.fat_g, inner.fat_g)),
                    json!(pick(day.fiber_g, inner.fiber_g)),
                    json!(day.items),
                ]);
            }
        }
        let with_data = rows.len();
        let data = (with_data > 0).then(|| SummaryData {
            coverage: Coverage { days_requested: range.length(), days_with_data: with_data },
            days: Table::of(&COLUMNS, rows),
        });
        Ok(account.stretch(range, today, data).await)
    }
}
