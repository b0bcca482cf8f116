//! Foods of one's own: made, corrected, thrown away.

use garmin::api::{Target, custom_foods_at};
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::foods::{code, find, units};
use super::place::Place;
use super::{Amount, FoodKey};
use crate::account::Account;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

const FOOD: &str = "/nutrition-service/customFood";

/// What is in a serving, beside its energy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Contents {
    carbs: Option<Amount>,
    protein: Option<Amount>,
    fat: Option<Amount>,
    fiber: Option<Amount>,
    sugar: Option<Amount>,
    saturated_fat: Option<Amount>,
    sodium: Option<Amount>,
    cholesterol: Option<Amount>,
    potassium: Option<Amount>,
    trans_fat: Option<Amount>,
    calcium: Option<Amount>,
    iron: Option<Amount>,
    vitamin_d: Option<Amount>,
}

impl Contents {
    pub(super) fn macros(
        carbs: Option<Amount>,
        protein: Option<Amount>,
        fat: Option<Amount>,
    ) -> Self {
        Self { carbs, protein, fat, ..Self::default() }
    }

    fn each(&self) -> [(&'static str, Option<Amount>); 13] {
        [
            ("carbs", self.carbs),
            ("protein", self.protein),
            ("fat", self.fat),
            ("fiber", self.fiber),
            ("sugar", self.sugar),
            ("saturatedFat", self.saturated_fat),
            ("sodium", self.sodium),
            ("cholesterol", self.cholesterol),
            ("potassium", self.potassium),
            ("transFat", self.trans_fat),
            ("calcium", self.calcium),
            ("iron", self.iron),
            ("vitaminD", self.vitamin_d),
        ]
    }
}

/// A food as it is sent: numbers are texts.
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) brand: Option<String>,
    pub(super) unit: String,
    pub(super) units: Amount,
    pub(super) calories: Amount,
    pub(super) contents: Contents,
    pub(super) place: Place,
}

impl Draft {
    pub(super) fn body(&self) -> Value {
        let mut serving = Map::new();
        serving.insert("servingUnit".into(), self.unit.as_str().into());
        serving.insert("numberOfUnits".into(), self.units.text().into());
        serving.insert("calories".into(), self.calories.text().into());
        for (key, amount) in self.contents.each() {
            if let Some(amount) = amount {
                serving.insert(key.into(), amount.text().into());
            }
        }
        let mut food = json!({
            "foodName": self.name, "foodType": "GENERIC", "source": "GARMIN",
            "regionCode": self.place.region, "languageCode": self.place.language,
        });
        if let Some(brand) = &self.brand {
            food["brandName"] = brand.as_str().into();
        }
        json!({ "foodMetaData": food, "nutritionContents": [serving] })
    }

    pub(super) fn write(&self) -> Write {
        Write::put(Target::new(FOOD)).json(self.body())
    }
}

pub(super) fn name(text: &str) -> Result<String, ToolError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 100 {
        return Err(ToolError::argument("food_name", "allowed are 1 to 100 characters"));
    }
    Ok(text.to_owned())
}

/// The unit as Garmin spells it, unless Garmin has no list of them.
pub(super) async fn unit(account: &Account, unit: Option<String>) -> Result<String, ToolError> {
    let unit = unit.unwrap_or_else(|| "G".to_owned()).trim().to_ascii_uppercase();
    let known = units(account).await?;
    if known.is_empty() || known.iter().any(|known| known.eq_ignore_ascii_case(&unit)) {
        return Ok(unit);
    }
    let problem = format!("Garmin knows no such unit; allowed are {}", known.join(", "));
    Err(ToolError::argument("serving_unit", problem))
}

/// The ids in Garmin's answer about a food.
pub(super) fn ids(food: &Value) -> Map<String, Value> {
    let mut keys = Map::new();
    for (key, pointer) in
        [("food_id", "/foodMetaData/foodId"), ("serving_id", "/nutritionContents/0/servingId")]
    {
        if let Some(id) = food.pointer(pointer).filter(|id| !id.is_null()) {
            keys.insert(key.into(), id.clone());
        }
    }
    keys
}

pub(super) fn delete(food: &Value) -> Vec<Write> {
    let id = food.pointer("/foodMetaData/foodId").and_then(Value::as_str);
    id.map(|id| Write::delete(Target::new(FOOD).segment(id))).into_iter().collect()
}

/// Arguments about a food: a tool's own, and what both of them say of a serving.
macro_rules! food_args {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $($(#[$meta])* $field: $kind,)*
            serving_unit: Option<String>,
            number_of_units: Option<Amount>,
            brand_name: Option<String>,
            region: Option<String>,
            language: Option<String>,
            carbs: Option<Amount>,
            protein: Option<Amount>,
            fat: Option<Amount>,
            fiber: Option<Amount>,
            sugar: Option<Amount>,
            saturated_fat: Option<Amount>,
            sodium: Option<Amount>,
            cholesterol: Option<Amount>,
            potassium: Option<Amount>,
            trans_fat: Option<Amount>,
            calcium: Option<Amount>,
            iron: Option<Amount>,
            vitamin_d: Option<Amount>,
        }

        impl $name {
            fn contents(&self) -> Contents {
                Contents {
                    carbs: self.carbs,
                    protein: self.protein,
                    fat: self.fat,
                    fiber: self.fiber,
                    sugar: self.sugar,
                    saturated_fat: self.saturated_fat,
                    sodium: self.sodium,
                    cholesterol: self.cholesterol,
                    potassium: self.potassium,
                    trans_fat: self.trans_fat,
                    calcium: self.calcium,
                    iron: self.iron,
                    vitamin_d: self.vitamin_d,
                }
            }
        }
    };
}

/// `create_custom_food`
pub(super) struct Create;

food_args! {
    CreateArgs {
        food_name: String,
        calories: Amount,
    }
}

impl WriteTool for Create {
    const NAME: &'static str = "create_custom_food";
    const TITLE: &'static str = "Create a food";
    const DESCRIPTION: &'static str = "Adds a food of the athlete's own, with what one serving \
        (100 G by default) holds: kcal, grams; sodium and cholesterol in mg.";
    const CLASS: Class = Class::Add;
    type Args = CreateArgs;

    async fn plan(account: &Account, args: CreateArgs) -> Result<Plan, ToolError> {
        let contents = args.contents();
        let draft = Draft {
            name: name(&args.food_name)?,
            brand: args.brand_name.filter(|brand| !brand.trim().is_empty()),
            unit: unit(account, args.serving_unit).await?,
            units: positive("number_of_units", args.number_of_units.unwrap_or(Amount(100.0)))?,
            calories: args.calories,
            contents,
            place: Place::of(account, args.region, args.language).await?,
        };
        let words = draft.name.clone();
        let step = Step::new("create the food", draft.write()).keys_from(ids).undone_from(delete);
        Ok(Plan::new(format!("new food \"{}\"", draft.name))
            .step(step)
            .check_from(move |answers| {
                let id = answers.first().and_then(|food| food.pointer("/foodMetaData/foodId"));
                let place = custom_foods_at(&words, 0, 100);
                id.map(|id| Check::listed(place, "/*", "/foodMetaData/foodId", id.clone()))
                    .into_iter()
                    .collect()
            })
            .key("food_name", draft.name))
    }
}

pub(super) fn positive(field: &'static str, amount: Amount) -> Result<Amount, ToolError> {
    if amount.0 > 0.0 { Ok(amount) } else { Err(ToolError::argument(field, "must be more than 0")) }
}

fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "food_id",
        what: "custom food",
        hint: "Allowed is a `food_id` of `get_custom_foods`.",
    }
}

fn is(id: &FoodKey) -> impl Fn(&Value) -> bool {
    let id = id.0.clone();
    move |food: &Value| food.pointer("/foodMetaData/foodId").and_then(Value::as_str) == Some(&*id)
}

/// `update_custom_food`
pub(super) struct Update;

food_args! {
    UpdateArgs {
        food_id: FoodKey,
        serving_id: Option<FoodKey>,
        food_name: Option<String>,
        calories: Option<Amount>,
    }
}

/// Every number of a food as the text it is sent as.
fn texts(food: &mut Value) {
    for serving in food["nutritionContents"].as_array_mut().into_iter().flatten() {
        for (_, value) in serving.as_object_mut().into_iter().flatten() {
            if let Value::Number(number) = value {
                *value = number.to_string().into();
            }
        }
    }
}

impl WriteTool for Update {
    const NAME: &'static str = "update_custom_food";
    const TITLE: &'static str = "Correct a food";
    const DESCRIPTION: &'static str = "Changes a food of the athlete's own; what is left out stays \
        as it is.";
    const CLASS: Class = Class::Set;
    type Args = UpdateArgs;

    async fn plan(account: &Account, args: UpdateArgs) -> Result<Plan, ToolError> {
        let contents = args.contents();
        // Without what is there, everything that was left out would be wiped.
        let Some(before) = find(account, "", is(&args.food_id)).await? else {
            return Err(unknown());
        };
        let wanted = args.serving_id.as_ref().map(|id| id.0.as_str());
        let servings =
            before["nutritionContents"].as_array().map(Vec::as_slice).unwrap_or_default();
        let at = servings
            .iter()
            .position(|one| wanted.is_none_or(|id| one["servingId"].as_str() == Some(id)))
            .ok_or(ToolError::NotFound {
                field: "serving_id",
                what: "serving of this food",
                hint: "Allowed is a `serving_id` of this food in `get_custom_foods`.",
            })?;
        let mut after = before.clone();
        let food = &mut after["foodMetaData"];
        if let Some(text) = &args.food_name {
            food["foodName"] = name(text)?.into();
        }
        if let Some(brand) = &args.brand_name {
            food["brandName"] = brand.trim().into();
        }
        for (field, key, text) in
            [("region", "regionCode", args.region), ("language", "languageCode", args.language)]
        {
            if let Some(text) = code(field, text)? {
                food[key] = text.into();
            }
        }
        let serving = &mut after["nutritionContents"][at];
        if args.serving_unit.is_some() {
            serving["servingUnit"] = unit(account, args.serving_unit).await?.into();
        }
        if let Some(units) = args.number_of_units {
            serving["numberOfUnits"] = positive("number_of_units", units)?.text().into();
        }
        if let Some(calories) = args.calories {
            serving["calories"] = calories.text().into();
        }
        for (key, amount) in contents.each() {
            if let Some(amount) = amount {
                serving[key] = amount.text().into();
            }
        }
        let serving_id = serving["servingId"].clone();
        let mut back = before.clone();
        texts(&mut after);
        texts(&mut back);
        let called = before["foodMetaData"]["foodName"].as_str().unwrap_or("food").to_owned();
        let put = |body: Value| Write::put(Target::new(FOOD)).json(body);
        let words = after["foodMetaData"]["foodName"].as_str().unwrap_or_default().to_owned();
        let step = Step::new("send the whole food", put(after.clone())).undone_by(vec![put(back)]);
        let kept = after["foodMetaData"]["foodName"].clone();
        let place = custom_foods_at(&words, 0, 100);
        Ok(Plan::new(format!("food \"{called}\""))
            .previous(before)
            .step(step)
            .check(Check::listed(place, "/*", "", after))
            .key("food_id", args.food_id.0)
            .key("serving_id", serving_id)
            .key("food_name", kept))
    }
}

/// `delete_custom_food`
pub(super) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    food_id: FoodKey,
}

impl WriteTool for Delete {
    const NAME: &'static str = "delete_custom_food";
    const TITLE: &'static str = "Delete a food";
    const DESCRIPTION: &'static str = "Deletes a food of the athlete's own. Garmin refuses while \
        it is in the log. Needs `confirm`.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let Some(food) = find(account, "", is(&args.food_id)).await? else {
            return Err(unknown());
        };
        let called = food["foodMetaData"]["foodName"].as_str().unwrap_or_default().to_owned();
        let id = args.food_id.0;
        let place = custom_foods_at(&called, 0, 100);
        Ok(Plan::new(format!("food \"{called}\""))
            .previous(food)
            .step(Step::new("delete the food", Write::delete(Target::new(FOOD).segment(&id))))
            .check(Check::unlisted(place, "/*", "/foodMetaData/foodId", id.as_str()))
            .key("food_id", id))
    }
}
