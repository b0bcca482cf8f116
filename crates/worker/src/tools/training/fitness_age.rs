//! How old the body is, by what it can do.

use std::collections::BTreeMap;

use garmin::model::{ByKey, FitnessAge as Age, FitnessAgePart};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth, whole};

/// `get_fitnessage_data`
pub(super) struct FitnessAge;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AgeArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// What it is made of, with targets.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    details: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AgeAnswer {
    fitness_age_years: Option<f64>,
    chronological_age_years: Option<i64>,
    /// Positive when the body is younger.
    age_difference_years: Option<f64>,
    achievable_fitness_age_years: Option<f64>,
    previous_fitness_age_years: Option<f64>,
    last_updated: Option<String>,
    components: Option<BTreeMap<String, Part>>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Part {
    value: Option<f64>,
    target: Option<f64>,
    improvement_needed: Option<f64>,
    potential_age_if_improved: Option<f64>,
    priority: Option<i64>,
    stale: Option<bool>,
    last_measurement: Option<String>,
}

fn part(part: &FitnessAgePart) -> Part {
    Part {
        value: part.value.map(hundredth),
        target: part.target.map(hundredth),
        improvement_needed: part.improvement.map(hundredth),
        potential_age_if_improved: part.potential_years.map(tenth),
        priority: part.priority,
        stale: part.stale,
        last_measurement: part.measured_on.map(|date| date.to_string()),
    }
}

fn age(found: &Age, details: bool) -> Option<AgeAnswer> {
    let (real, fit) = (found.chronological_years, found.fitness_years);
    real.or(fit)?;
    let parts = found.components.iter().flat_map(ByKey::iter);
    let parts: BTreeMap<String, Part> =
        parts.map(|(name, found)| (name.to_owned(), part(found))).collect();
    Some(AgeAnswer {
        fitness_age_years: fit.map(tenth),
        chronological_age_years: real.map(whole),
        age_difference_years: real.zip(fit).map(|(real, fit)| tenth(real - fit)),
        achievable_fitness_age_years: found.achievable_years.map(tenth),
        previous_fitness_age_years: found.previous_years.map(tenth),
        // Garmin works it out once a day and writes midnight.
        last_updated: found.updated_at.map(|at| at.date().to_string()),
        components: (details && !parts.is_empty()).then_some(parts),
    })
}

impl Tool for FitnessAge {
    const NAME: &'static str = "get_fitnessage_data";
    const TITLE: &'static str = "Fitness age";
    const DESCRIPTION: &'static str = "How old the body is by its fitness, how old it could be, \
        and what would make it younger.";
    type Args = AgeArgs;
    type Answer = Reading<AgeAnswer>;

    async fn call(account: &Account, args: AgeArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let found = account.garmin()?.fitness_age(day).await?;
        let answer = found.as_ref().and_then(|found| age(found, args.details));
        Ok(account.reading(day, today, answer).await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_come_when_asked_for_whatever_the_account_has() {
        let found: Age = serde_json::from_str(
            r#"{"chronologicalAge":36,"fitnessAge":31.24,"achievableFitnessAge":null,
                "components":{"bodyFat":{"value":0,"targetValue":18.0,"stale":true},"rhr":null},
                "lastUpdated":"2026-05-01T00:00:00.0"}"#,
        )
        .unwrap();
        let short = age(&found, false).unwrap();
        assert_eq!((short.fitness_age_years, short.age_difference_years), (Some(31.2), Some(4.8)));
        assert_eq!(short.last_updated.as_deref(), Some("2026-05-01"));
        assert!(short.components.is_none());
        let parts = age(&found, true).unwrap().components.unwrap();
        assert_eq!(parts.len(), 1);
        assert_eq!((parts["bodyFat"].value, parts["bodyFat"].target), (Some(0.0), Some(18.0)));
        assert!(age(&Age::default(), true).is_none());
    }
}
