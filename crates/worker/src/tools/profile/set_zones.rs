//! Where heart rate zones are to begin.

use garmin::api::Target;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::args::{Many, Whole};
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::numbers::word;
use crate::writes::{Check, Plan, Step, WriteTool};

/// `set_heart_rate_zones`
pub(super) struct SetZones;

type Beats = Whole<30, 250>;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetZonesArgs {
    /// A sport of `get_heart_rate_zones`, such as `default`.
    sport: String,
    /// Where zones 1 to 5 begin, in beats per minute.
    zones: Many<Beats>,
    max_hr: Option<Beats>,
    resting_hr: Option<Beats>,
    lthr: Option<Beats>,
    method: Option<Method>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Method {
    HrMax,
    HrReserve,
    LactateThreshold,
}

impl Method {
    fn wire(self) -> &'static str {
        match self {
            Self::HrMax => "HR_MAX",
            Self::HrReserve => "HR_RESERVE",
            Self::LactateThreshold => "LACTATE_THRESHOLD",
        }
    }
}

const FLOORS: [&str; 5] = ["zone1Floor", "zone2Floor", "zone3Floor", "zone4Floor", "zone5Floor"];

fn place() -> Target {
    Target::new("/biometric-service/heartRateZones")
}

/// The floors, checked: five of them, each above the one before, the last below the maximum.
fn floors(args: &SetZonesArgs) -> Result<[u32; 5], ToolError> {
    let given: Vec<u32> = args.zones.0.iter().map(|floor| floor.0).collect();
    let floors: [u32; 5] = given.try_into().map_err(|given: Vec<u32>| {
        let problem = format!("{} values; allowed are five, where zones 1 to 5 begin", given.len());
        ToolError::argument("zones", problem)
    })?;
    if !floors.is_sorted_by(|a, b| a < b) {
        return Err(ToolError::argument("zones", "each zone begins above the one before it"));
    }
    if let Some(max) = args.max_hr
        && max.0 <= floors[4]
    {
        let problem = format!("zone 5 begins at {}; allowed is a higher maximum", floors[4]);
        return Err(ToolError::argument("max_hr", problem));
    }
    if let (Some(resting), Some(max)) = (args.resting_hr, args.max_hr)
        && resting.0 >= max.0
    {
        return Err(ToolError::argument("resting_hr", "allowed is less than `max_hr`"));
    }
    Ok(floors)
}

/// The sport's zones as they are to be: what is not told stays.
fn changed(before: &Value, args: &SetZonesArgs, floors: [u32; 5]) -> Value {
    let mut zones = before.clone();
    for (key, floor) in FLOORS.into_iter().zip(floors) {
        zones[key] = floor.into();
    }
    let told = [
        ("maxHeartRateUsed", args.max_hr),
        ("restingHeartRateUsed", args.resting_hr),
        ("lactateThresholdHeartRateUsed", args.lthr),
    ];
    for (key, value) in told {
        if let Some(value) = value {
            zones[key] = value.0.into();
        }
    }
    if let Some(method) = args.method {
        zones["trainingMethod"] = method.wire().into();
    }
    zones["changeState"] = "CHANGED".into();
    zones
}

impl WriteTool for SetZones {
    const NAME: &'static str = "set_heart_rate_zones";
    const TITLE: &'static str = "Set heart rate zones";
    const DESCRIPTION: &'static str = "Replaces the heart rate zones of one sport.";
    const CLASS: Class = Class::Destroy;
    type Args = SetZonesArgs;

    async fn plan(account: &Account, args: SetZonesArgs) -> Result<Plan, ToolError> {
        let floors = floors(&args)?;
        let wanted = word(args.sport.trim());
        let found = account.garmin()?.look(&place().finish()).await?.unwrap_or_default();
        let sports: Vec<&Value> = found.as_array().into_iter().flatten().collect();
        let named =
            |zones: &Value| zones["sport"].as_str().is_some_and(|sport| word(sport) == wanted);
        let Some(at) = sports.iter().position(|zones| named(zones)) else {
            let names = sports.iter().filter_map(|zones| zones["sport"].as_str()).map(word);
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            let problem = format!("no zones of their own; allowed are {}", names.join(", "));
            return Err(ToolError::argument("sport", problem));
        };
        let before = sports[at].clone();
        let after = changed(&before, &args, floors);
        let mut check = Check::at(place());
        for (zone, (key, floor)) in FLOORS.into_iter().zip(floors).enumerate() {
            check =
                check.field(&format!("zone_{}_from_bpm", zone + 1), &format!("/{at}/{key}"), floor);
        }
        let mut back = before;
        back["changeState"] = "CHANGED".into();
        let write = |zones: Value| {
            Write::put(Target::new("/biometric-service/heartRateZones/")).json(json!([zones]))
        };
        Ok(Plan::new(format!("heart rate zones of {wanted}"))
            .previous(check.seen_in(&found))
            .step(Step::new("replace the zones", write(after)).undone_by(vec![write(back)]))
            .check(check)
            .key("sport", wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(text: Value) -> SetZonesArgs {
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn zones_rise_and_end_below_the_maximum() {
        let good =
            args(json!({"sport": "default", "zones": [95, 114, 133, 152, "171"], "max_hr": 190}));
        assert_eq!(floors(&good).unwrap(), [95, 114, 133, 152, 171]);
        for (bad, field) in [
            (json!({"sport": "x", "zones": [95, 114]}), "`zones`"),
            (json!({"sport": "x", "zones": [95, 95, 133, 152, 171]}), "`zones`"),
            (json!({"sport": "x", "zones": [95, 114, 133, 152, 171], "max_hr": 171}), "`max_hr`"),
        ] {
            let refused = floors(&args(bad)).unwrap_err().to_string();
            assert!(refused.starts_with(field), "{refused}");
        }
    }

    #[test]
    fn what_is_not_told_stays_as_it_was() {
        let before = json!({"sport": "DEFAULT", "zone1Floor": 90, "maxHeartRateUsed": 188,
            "restingHrAutoUpdateUsed": false, "changeState": "UNCHANGED"});
        let args = args(
            json!({"sport": "default", "zones": [95, 114, 133, 152, 171], "method": "hr_reserve"}),
        );
        let after = changed(&before, &args, floors(&args).unwrap());
        assert_eq!((&after["zone1Floor"], &after["maxHeartRateUsed"]), (&json!(95), &json!(188)));
        assert_eq!(
            (&after["trainingMethod"], &after["changeState"]),
            (&json!("HR_RESERVE"), &json!("CHANGED"))
        );
        assert_eq!(after["restingHrAutoUpdateUsed"], false);
    }
}
