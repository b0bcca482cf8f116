//! Entering what a scale measures besides the weight. Garmin takes that as a file only.

use bytes::Bytes;
use garmin::api::Target;
use garmin::files::{BodyComposition, weight_file};
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;

use super::weigh::{Unit, back, checked, keys, numbered, shown_at};
use super::when::{Now, Stamp};
use crate::account::Account;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// Garmin works through a file after it has answered.
const LOOKS: u32 = 3;

/// `add_body_composition`
pub(super) struct Add;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    /// A day, or YYYY-MM-DDTHH:MM:SS
    date: Option<Measured>,
    /// Kilograms, as all masses here.
    weight: f64,
    percent_fat: Option<f64>,
    percent_hydration: Option<f64>,
    visceral_fat_mass: Option<f64>,
    bone_mass: Option<f64>,
    muscle_mass: Option<f64>,
    /// Kilocalories a day.
    basal_met: Option<f64>,
    active_met: Option<f64>,
    /// 1 to 9.
    physique_rating: Option<f64>,
    metabolic_age: Option<f64>,
    visceral_fat_rating: Option<f64>,
    bmi: Option<f64>,
}

/// A day, or a moment of it.
#[derive(Debug, Clone, Copy)]
enum Measured {
    Day(NamedDay),
    At(Stamp),
}

impl<'de> Deserialize<'de> for Measured {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = serde_json::Value::deserialize(deserializer)?;
        match serde_json::from_value(text.clone()) {
            Ok(day) => Ok(Self::Day(day)),
            Err(problem) => match serde_json::from_value(text) {
                Ok(stamp) => Ok(Self::At(stamp)),
                Err(_) => Err(serde::de::Error::custom(problem)),
            },
        }
    }
}

impl JsonSchema for Measured {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Measured".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

fn within(
    field: &'static str,
    value: Option<f64>,
    least: f64,
    most: f64,
) -> Result<Option<f64>, ToolError> {
    match value {
        Some(value) if !(least..=most).contains(&value) => {
            Err(ToolError::argument(field, format!("allowed is {least} to {most}")))
        }
        value => Ok(value),
    }
}

impl AddArgs {
    /// Everything in bounds that the file can hold, or what is not.
    fn composition(&self) -> Result<BodyComposition, ToolError> {
        let weight_kg = checked(self.weight, Unit::Kg)?;
        let mass = |field, value| within(field, value, 0.0, weight_kg);
        Ok(BodyComposition {
            weight_kg,
            fat_pct: within("percent_fat", self.percent_fat, 0.0, 100.0)?,
            water_pct: within("percent_hydration", self.percent_hydration, 0.0, 100.0)?,
            visceral_fat_kg: mass("visceral_fat_mass", self.visceral_fat_mass)?,
            bone_kg: mass("bone_mass", self.bone_mass)?,
            muscle_kg: mass("muscle_mass", self.muscle_mass)?,
            basal_kcal: within("basal_met", self.basal_met, 0.0, 16_000.0)?,
            active_kcal: within("active_met", self.active_met, 0.0, 16_000.0)?,
            physique_rating: within("physique_rating", self.physique_rating, 1.0, 9.0)?,
            metabolic_age: within("metabolic_age", self.metabolic_age, 1.0, 150.0)?,
            visceral_fat_rating: within(
                "visceral_fat_rating",
                self.visceral_fat_rating,
                1.0,
                60.0,
            )?,
            bmi: within("bmi", self.bmi, 5.0, 100.0)?,
        })
    }
}

impl WriteTool for Add {
    const NAME: &'static str = "add_body_composition";
    const TITLE: &'static str = "Enter body composition";
    const DESCRIPTION: &'static str = "Adds a weighing with fat, water, bone, muscle and more, \
        as a smart scale would. add_weigh_in is for the weight alone.";
    const CLASS: Class = Class::Add;
    type Args = AddArgs;

    async fn plan(account: &Account, args: AddArgs) -> Result<Plan, ToolError> {
        let found = args.composition()?;
        let now = Now::of(account).await?;
        let when = match args.date {
            None => now.now(),
            Some(Measured::Day(day)) => now.on(Some(day), None)?,
            Some(Measured::At(stamp)) => now.stamped("date", Some(stamp))?,
        };
        let file = Bytes::from(weight_file(&found, when.at.as_second()));
        let upload = Write::post(Target::new("/upload-service/upload"));
        let grams = (found.weight_kg * 1_000.0 / 10.0).round() * 10.0;
        let what = format!("body composition at {}, {} kg", when.shown(), found.weight_kg);
        let moment = (when.date(), when.at.as_second() * 1_000);
        let upload = upload.file("body_composition.fit", file);
        let step = Step::new("upload it as the file of a scale", upload)
            .finished_by(move |garmin, sent| Box::pin(numbered(garmin, sent, moment, LOOKS)))
            .keys_from(keys)
            .undone_from(back(when.date()));
        Ok(Plan::new(what)
            .step(step)
            .check(Check::listed(shown_at(when.date()), "/dateWeightList", "/weight", grams))
            .warning("Garmin shows an uploaded weighing only after some seconds.")
            .key("date", when.date().to_string())
            .key("weight_kg", found.weight_kg))
    }
}
