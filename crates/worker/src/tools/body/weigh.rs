//! Entering a weight.

use std::time::Duration;

use garmin::Garmin;
use garmin::api::Target;
use garmin::write::{Outcome, Write};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::when::{Clock, Now, Stamp, When};
use crate::account::Account;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Unit {
    #[default]
    #[serde(alias = "KG", alias = "kilogram", alias = "kilograms")]
    Kg,
    #[serde(alias = "lb", alias = "LBS", alias = "pound", alias = "pounds")]
    Lbs,
}

/// A bare number of somebody who thinks in pounds is one of pounds.
const POUNDS: &[(&str, &str)] = &[("unit_key", "lbs")];
const LOOK_WITHIN: Duration = Duration::from_secs(5);
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);
const KG_PER_LB: f64 = 0.453_592_37;
/// Kilograms of a person.
const LEAST: f64 = 10.0;
const MOST: f64 = 500.0;

impl Unit {
    fn key(self) -> &'static str {
        match self {
            Self::Kg => "kg",
            Self::Lbs => "lbs",
        }
    }

    fn kilograms(self, weight: f64) -> f64 {
        match self {
            Self::Kg => weight,
            Self::Lbs => weight * KG_PER_LB,
        }
    }
}

/// The weight in kilograms, when a person can have it.
pub(super) fn checked(weight: f64, unit: Unit) -> Result<f64, ToolError> {
    let kilograms = unit.kilograms(weight);
    if (LEAST..=MOST).contains(&kilograms) {
        return Ok(kilograms);
    }
    let (least, most) = match unit {
        Unit::Kg => (LEAST, MOST),
        Unit::Lbs => ((LEAST / KG_PER_LB).ceil(), (MOST / KG_PER_LB).floor()),
    };
    let problem = format!("allowed is {least} to {most} {}", unit.key());
    Err(ToolError::argument("weight", problem))
}

/// Where the weighings of a day are shown.
pub(super) fn shown_at(date: impl std::fmt::Display) -> Target {
    Target::new("/weight-service/weight/dayview").segment(date).query("includeAll", "true")
}

pub(super) fn delete(date: impl std::fmt::Display, version: i64) -> Write {
    let one = Target::new("/weight-service/weight").segment(date);
    Write::delete(one.then("/byversion").segment(version))
}

/// The number Garmin has given a weighing of this moment, when there is exactly one: two of the
/// same second cannot be told apart.
async fn version_of(garmin: &Garmin, date: Date, at: i64) -> Option<i64> {
    let place = shown_at(date).finish();
    let found = tokio::time::timeout(LOOK_WITHIN, garmin.look(&place)).await.ok()?.ok()??;
    let rows = found["dateWeightList"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut fitting = rows.iter().filter(|row| row["timestampGMT"].as_i64() == Some(at));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => only["samplePk"].as_i64().or_else(|| only["version"].as_i64()),
        (_, _) => None,
    }
}

/// Fills in the number of the new weighing, which Garmin's answer seldom has: without it nobody
/// could take it back. Looks again a few times where Garmin takes its time.
pub(super) async fn numbered(
    garmin: Garmin,
    sent: Outcome,
    (date, at): (Date, i64),
    looks: u32,
) -> Outcome {
    let Outcome::Done { status, body, follow } = sent else { return sent };
    let mut version = ["samplePk", "version"].iter().find_map(|key| body[*key].as_i64());
    for look in 0..looks {
        if version.is_some() {
            break;
        }
        if look > 0 {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            garmin.forget_reads();
        }
        version = version_of(&garmin, date, at).await;
    }
    let body = version.map_or(body, |version| json!({ "version": version }));
    Outcome::Done { status, body, follow }
}

/// The requests that take a numbered weighing back.
pub(super) fn back(date: Date) -> impl Fn(&Value) -> Vec<Write> + Send + Sync {
    move |answer| {
        answer["version"].as_i64().map(|version| delete(date, version)).into_iter().collect()
    }
}

/// What the result says of a numbered weighing.
pub(super) fn keys(answer: &Value) -> Map<String, Value> {
    let version = answer["version"].as_i64();
    version.map(|version| ("version".to_owned(), version.into())).into_iter().collect()
}

fn plan(weight: f64, unit: Unit, when: When, dated: bool) -> Result<Plan, ToolError> {
    checked(weight, unit)?;
    let date = when.date();
    let mut body = json!({
        "dateTimestamp": when.local(),
        "gmtTimestamp": when.gmt(),
        "unitKey": unit.key(),
        "sourceType": "MANUAL",
        // In the unit named: Garmin converts.
        "value": weight,
    });
    if dated {
        body["date"] = json!(date.to_string());
    }
    let write = Write::post(Target::new("/weight-service/user-weight")).json(body);
    let what = format!("weight of {weight} {} at {}", unit.key(), when.shown());
    let instant = when.at.as_millisecond();
    let step = Step::new("enter the weight", write)
        .finished_by(move |garmin, sent| Box::pin(numbered(garmin, sent, (date, instant), 1)))
        .keys_from(keys)
        .undone_from(back(date));
    Ok(Plan::new(what)
        .step(step)
        .check(Check::listed(shown_at(date), "/dateWeightList", "/timestampGMT", instant))
        .key("weight", weight)
        .key("unit", unit.key())
        .key("date", date.to_string())
        .key("time", when.shown()))
}

/// `add_weigh_in`
pub(super) struct Add;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    weight: f64,
    #[serde(default)]
    #[schemars(with = "Option<Unit>")]
    unit_key: Unit,
    /// Default today
    date: Option<NamedDay>,
    /// HH:MM on the athlete's clock; now, or noon of another day.
    time: Option<Clock>,
}

impl WriteTool for Add {
    const NAME: &'static str = "add_weigh_in";
    const TITLE: &'static str = "Enter a weight";
    const DESCRIPTION: &'static str = "Adds one weighing, in kilograms or pounds, now or at a \
        time of another day.";
    const CLASS: Class = Class::Add;
    const IMPERIAL: &'static [(&'static str, &'static str)] = POUNDS;
    type Args = AddArgs;

    async fn plan(account: &Account, args: AddArgs) -> Result<Plan, ToolError> {
        let when = Now::of(account).await?.on(args.date, args.time)?;
        plan(args.weight, args.unit_key, when, true)
    }
}

/// `add_weigh_in_with_timestamps`
pub(super) struct AddWithTimestamps;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StampedArgs {
    weight: f64,
    #[serde(default)]
    #[schemars(with = "Option<Unit>")]
    unit_key: Unit,
    /// YYYY-MM-DDTHH:MM:SS on the clock of the place.
    date_timestamp: Option<Stamp>,
    /// The same moment in GMT
    gmt_timestamp: Option<Stamp>,
}

impl WriteTool for AddWithTimestamps {
    const NAME: &'static str = "add_weigh_in_with_timestamps";
    const TITLE: &'static str = "Enter a weight of a given moment";
    const DESCRIPTION: &'static str = "Adds one weighing at an exact moment, as from another \
        scale or another time zone. add_weigh_in is simpler.";
    const CLASS: Class = Class::Add;
    const IMPERIAL: &'static [(&'static str, &'static str)] = POUNDS;
    type Args = StampedArgs;

    async fn plan(account: &Account, args: StampedArgs) -> Result<Plan, ToolError> {
        let now = Now::of(account).await?;
        let when = now.both(args.date_timestamp, args.gmt_timestamp)?;
        let plan = plan(args.weight, args.unit_key, when, false)?;
        Ok(plan.key("timestamp_local", when.local()).key("timestamp_gmt", when.gmt()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_one_a_person_can_have_in_the_unit_it_is_given_in() {
        assert_eq!(checked(61.2, Unit::Kg), Ok(61.2));
        assert!((checked(150.0, Unit::Lbs).unwrap() - 68.038_855_5).abs() < 1e-9);
        for (weight, unit, part) in [
            (0.0, Unit::Kg, "10 to 500 kg"),
            (-61.2, Unit::Kg, "10 to 500 kg"),
            (61_200.0, Unit::Kg, "10 to 500 kg"),
            (f64::NAN, Unit::Kg, "10 to 500 kg"),
            (1_200.0, Unit::Lbs, "23 to 1102 lbs"),
        ] {
            let refused = checked(weight, unit).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }
        for text in ["\"kg\"", "\"lbs\"", "\"lb\"", "\"pounds\""] {
            assert!(serde_json::from_str::<Unit>(text).is_ok(), "{text}");
        }
    }
}
