//! Foods to log: everybody's, and the athlete's own.

use garmin::api::custom_foods_at;
use garmin::model::{Food, Nutrients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::place::Place;
use super::read::Macros;
use crate::account::Account;
use crate::args::{NoArgs, Whole};
use crate::error::ToolError;
use crate::tool::Tool;

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Serving {
    #[serde(rename = "serving_id")]
    id: Option<String>,
    unit: Option<String>,
    count: Option<f64>,
    #[serde(flatten)]
    macros: Macros,
}

impl Serving {
    fn of(serving: Nutrients) -> Self {
        Self {
            macros: Macros::of(&serving),
            id: serving.serving_id,
            unit: serving.serving_unit,
            count: serving.units,
        }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Shown {
    food_id: Option<String>,
    source: Option<String>,
    name: Option<String>,
    brand: Option<String>,
    food_type: Option<String>,
    region: Option<String>,
    language: Option<String>,
    servings: Vec<Serving>,
}

impl Shown {
    fn of(food: Food) -> Self {
        let named = food.food.unwrap_or_default();
        Self {
            food_id: named.id,
            source: named.source,
            name: named.name,
            brand: named.brand,
            food_type: named.kind,
            region: named.region,
            language: named.language,
            servings: food.servings.unwrap_or_default().into_iter().map(Serving::of).collect(),
        }
    }
}

/// `search_foods`
pub(super) struct Search;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchArgs {
    query: String,
    start: Option<Whole<0, 10_000>>,
    limit: Option<Whole<1, 50>>,
    /// Country code, such as DE
    region: Option<String>,
    language: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SearchAnswer {
    count: usize,
    has_more: bool,
    results: Vec<Shown>,
}

/// A code of two or three letters.
pub(super) fn code(field: &'static str, text: Option<String>) -> Result<Option<String>, ToolError> {
    let Some(text) = text else { return Ok(None) };
    let text = text.trim().to_owned();
    let fits = (2..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    if fits {
        Ok(Some(text))
    } else {
        Err(ToolError::argument(field, "allowed is a code of two letters, such as DE or en"))
    }
}

impl Tool for Search {
    const NAME: &'static str = "search_foods";
    const TITLE: &'static str = "Search foods";
    const DESCRIPTION: &'static str = "Finds foods that `log_custom_food` can log, with their \
        servings. `get_custom_foods` lists the athlete's own.";
    type Args = SearchArgs;
    type Answer = SearchAnswer;

    async fn call(account: &Account, args: SearchArgs) -> Result<Self::Answer, ToolError> {
        let words = args.query.trim();
        if words.is_empty() || words.chars().count() > 100 {
            return Err(ToolError::argument("query", "allowed are 1 to 100 characters"));
        }
        let place = Place::of(account, args.region, args.language).await?;
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let place = (Some(&*place.region), Some(&*place.language));
        let found = account.garmin()?.search_foods(words, start, limit, place).await?;
        let found = found.unwrap_or_default();
        let results: Vec<Shown> =
            found.foods.unwrap_or_default().into_iter().map(Shown::of).collect();
        Ok(SearchAnswer { count: results.len(), has_more: found.more.unwrap_or(false), results })
    }
}

/// `get_custom_foods`
pub(super) struct CustomFoods;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomArgs {
    #[serde(default)]
    search: String,
    start: Option<Whole<0, 10_000>>,
    limit: Option<Whole<1, 100>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CustomAnswer {
    count: usize,
    has_more: bool,
    foods: Vec<Shown>,
}

impl Tool for CustomFoods {
    const NAME: &'static str = "get_custom_foods";
    const TITLE: &'static str = "Custom foods";
    const DESCRIPTION: &'static str = "Foods the athlete has made, with their servings and ids.";
    type Args = CustomArgs;
    type Answer = CustomAnswer;

    async fn call(account: &Account, args: CustomArgs) -> Result<Self::Answer, ToolError> {
        let start = args.start.map_or(0, |start| start.0);
        let limit = args.limit.map_or(20, |limit| limit.0);
        let found = account.garmin()?.custom_foods(args.search.trim(), start, limit).await?;
        let found = found.unwrap_or_default();
        let foods: Vec<Shown> =
            found.foods.unwrap_or_default().into_iter().map(Shown::of).collect();
        Ok(CustomAnswer { count: foods.len(), has_more: found.more.unwrap_or(false), foods })
    }
}

/// `get_custom_food_serving_units`
pub(super) struct Units;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct UnitsAnswer {
    units: Vec<String>,
}

const UNITS: &str = "/nutrition-service/metadata/customFoodServingUnits";

/// Keys out of whatever Garmin lists them in.
fn keys(found: &Value) -> Vec<String> {
    let rows = found.as_array().or_else(|| found.as_object()?.values().find_map(Value::as_array));
    let key = |row: &Value| {
        let named =
            ["unitKey", "servingUnit", "key", "name"].iter().find_map(|key| row[*key].as_str());
        row.as_str().or(named).map(str::to_owned)
    };
    rows.into_iter().flatten().filter_map(key).collect()
}

/// The units a custom food may be measured in.
pub(super) async fn units(account: &Account) -> Result<Vec<String>, ToolError> {
    Ok(account.garmin()?.look(UNITS).await?.map(|found| keys(&found)).unwrap_or_default())
}

impl Tool for Units {
    const NAME: &'static str = "get_custom_food_serving_units";
    const TITLE: &'static str = "Units of custom foods";
    const DESCRIPTION: &'static str = "The units in which a serving of a custom food may be given.";
    type Args = NoArgs;
    type Answer = UnitsAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        Ok(UnitsAnswer { units: units(account).await? })
    }
}

/// Foods of one question, and questions to find one.
const PAGE: u32 = 100;
const PAGES: u32 = 8;

/// A custom food as Garmin has it, found by what `is` says of it.
pub(super) async fn find(
    account: &Account,
    words: &str,
    is: impl Fn(&Value) -> bool,
) -> Result<Option<Value>, ToolError> {
    let garmin = account.garmin()?;
    for page in 0..PAGES {
        let target = custom_foods_at(words, page * PAGE, PAGE).finish();
        let Some(found) = garmin.look(&target).await? else { return Ok(None) };
        let rows =
            found.as_array().or_else(|| found.as_object()?.values().find_map(Value::as_array));
        let rows = rows.map(Vec::as_slice).unwrap_or_default();
        if let Some(food) = rows.iter().find(|row| is(row)) {
            return Ok(Some(food.clone()));
        }
        if rows.len() < usize::try_from(PAGE).unwrap_or(0) {
            return Ok(None);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn units_are_found_whatever_they_are_wrapped_in() {
        for found in [
            json!(["G", "ML"]),
            json!({ "units": ["G", "ML"] }),
            json!([{ "unitKey": "G" }, { "servingUnit": "ML" }, 7, null]),
        ] {
            assert_eq!(keys(&found), ["G", "ML"], "{found}");
        }
        assert!(keys(&json!({})).is_empty() && keys(&json!(null)).is_empty());
    }
}
