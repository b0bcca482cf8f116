//! What was drunk.

use garmin::api::Target;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::when::{Now, Stamp, When};
use crate::account::Account;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::whole;
use crate::writes::{Check, Plan, Step, WriteTool};

/// `add_hydration_data`
pub(super) struct Add;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    /// Negative takes away.
    #[schemars(with = "i64")]
    value_in_ml: Millilitres,
    /// Default today
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    cdate: NamedDay,
    /// YYYY-MM-DDTHH:MM:SS
    timestamp: Option<Stamp>,
}

/// As much as Garmin's own client lets anybody drink at once.
const MOST: i64 = 10_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Millilitres(i64);

impl<'de> Deserialize<'de> for Millilitres {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.filter(|number| number.abs() <= 1e6).map(whole);
        number
            .filter(|ml| *ml != 0 && ml.abs() <= MOST)
            .map(Self)
            .ok_or_else(|| D::Error::custom(format!("allowed is -{MOST} to {MOST} ml, and not 0")))
    }
}

fn log(day: &str, when: When, ml: i64) -> Write {
    let log = Target::new("/usersummary-service/usersummary/hydration/log");
    Write::put(log).json(json!({
        "calendarDate": day,
        "timestampLocal": when.local(),
        "valueInML": ml,
    }))
}

impl WriteTool for Add {
    const NAME: &'static str = "add_hydration_data";
    const TITLE: &'static str = "Enter a drink";
    const DESCRIPTION: &'static str = "Adds millilitres to what was drunk on a day, or takes \
        some away. It does not set the total.";
    const CLASS: Class = Class::Add;
    type Args = AddArgs;

    async fn plan(account: &Account, args: AddArgs) -> Result<Plan, ToolError> {
        let now = Now::of(account).await?;
        let day = now.day("cdate", args.cdate)?;
        let when = match args.timestamp {
            Some(stamp) => now.stamped("timestamp", Some(stamp))?,
            None => now.moved_to(day)?,
        };
        let ml = args.value_in_ml.0;
        let found = account.garmin()?.hydration(day).await?.unwrap_or_default();
        let before = found.drunk_ml.unwrap_or_default();
        #[expect(clippy::cast_precision_loss, reason = "litres")]
        let after = (before + ml as f64).max(0.0);
        let date = day.to_string();
        let shown = Target::new("/usersummary-service/usersummary/hydration/daily").segment(day);
        let what = format!("{ml} ml drunk on {day}");
        Ok(Plan::new(what)
            .previous(json!({ "intake_ml": before, "goal_ml": found.goal_ml }))
            .step(
                Step::new("enter the drink", log(&date, when, ml))
                    .undone_by(vec![log(&date, when, -ml)]),
            )
            .check(Check::at(shown).field("intake_ml", "/valueInML", after))
            .key("value_in_ml", ml)
            .key("date", date))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drink_is_some_millilitres_however_they_are_written() {
        let read = |text: &str| serde_json::from_str::<Millilitres>(text).ok();
        assert_eq!(read("250"), Some(Millilitres(250)));
        assert_eq!(
            (read("-250.0"), read("\"330\"")),
            (Some(Millilitres(-250)), Some(Millilitres(330)))
        );
        for bad in ["0", "10001", "-10001", "1e300", "\"a glass\"", "true", "null", "0.3"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
