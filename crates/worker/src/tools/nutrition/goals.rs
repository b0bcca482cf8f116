//! Setting the goals.

use garmin::api::nutrition_settings_at;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::Amount;
use crate::account::Account;
use crate::args::{NamedDay, Reach};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// `set_nutrition_daily_settings`
pub(super) struct SetGoals;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoalArgs {
    #[serde(default)]
    date: NamedDay,
    /// kcal
    calorie_goal: Option<Amount>,
    carbs_grams: Option<Amount>,
    fat_grams: Option<Amount>,
    protein_grams: Option<Amount>,
}

/// Our argument, Garmin's key, and the energy of a gram.
const GOALS: [(&str, &str, f64); 4] = [
    ("calorie_goal", "activeDailyCalories", 0.0),
    ("carbs_grams", "activeDailyCarbohydrateGrams", 4.0),
    ("fat_grams", "activeDailyFatGrams", 9.0),
    ("protein_grams", "activeDailyProteinGrams", 4.0),
];

/// Where the energy of the macros is not that of the goal, by more than rounding.
fn mismatch(goals: &Value) -> Option<String> {
    let kcal = goals["activeDailyCalories"].as_f64()?;
    let mut sum = 0.0;
    for (_, key, energy) in GOALS {
        sum += goals[key].as_f64()? * energy;
    }
    ((kcal - sum).abs() > 0.05 * kcal.max(100.0)).then(|| {
        format!("The macros come to {sum:.0} kcal (4 per gram of carbohydrate and protein, 9 per gram of fat), the goal is {kcal:.0}.")
    })
}

impl WriteTool for SetGoals {
    const NAME: &'static str = "set_nutrition_daily_settings";
    const TITLE: &'static str = "Set nutrition goals";
    const DESCRIPTION: &'static str = "Sets the energy goal and the macro goals from a day on; \
        what is left out stays.";
    const CLASS: Class = Class::Set;
    type Args = GoalArgs;

    async fn plan(account: &Account, args: GoalArgs) -> Result<Plan, ToolError> {
        let today = account.today().await?;
        let day = args.date.within("date", today, Reach::AnyDay)?;
        let given = [args.calorie_goal, args.carbs_grams, args.fat_grams, args.protein_grams];
        if given.iter().all(Option::is_none) {
            return Err(ToolError::argument(
                "calorie_goal",
                "nothing to set; give at least one of calorie_goal, carbs_grams, fat_grams and \
                 protein_grams",
            ));
        }
        let target = nutrition_settings_at(day);
        let garmin = account.garmin()?;
        // Garmin takes the whole document, so one that cannot be read must not be written.
        let Some(before) = garmin.look(&target.clone().finish()).await?.filter(Value::is_object)
        else {
            return Err(ToolError::NotOffered { status: 404 });
        };
        let mut after = before.clone();
        let mut check = Check::at(target.clone());
        for ((name, key, _), amount) in GOALS.into_iter().zip(given) {
            if let Some(Amount(amount)) = amount {
                after[key] = amount.into();
                check = check.field(name, &format!("/{key}"), amount);
            }
        }
        let undo = vec![Write::put(target.clone()).json(before.clone())];
        let mut plan = Plan::new(format!("nutrition goals from {day} on"))
            .previous(check.seen_in(&before))
            .step(
                Step::new("set the goals", Write::put(target).json(after.clone())).undone_by(undo),
            )
            .check(check)
            .key("date", day.to_string());
        if let Some(warning) = mismatch(&after) {
            plan = plan.warning(warning);
        }
        for (name, key, _) in GOALS {
            plan = plan.key(name, after[key].clone());
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn goals_that_do_not_add_up_are_told() {
        let goals = |kcal: f64| {
            json!({ "activeDailyCalories": kcal, "activeDailyCarbohydrateGrams": 275.0,
                    "activeDailyFatGrams": 73, "activeDailyProteinGrams": 110.0 })
        };
        assert_eq!(mismatch(&goals(2_200.0)), None);
        assert!(mismatch(&goals(1_800.0)).unwrap().contains("2197 kcal"));
        assert_eq!(mismatch(&json!({ "activeDailyCalories": 1 })), None);
    }
}
