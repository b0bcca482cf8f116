//! Answering for a habit on a day, and taking the answer back.

use std::collections::BTreeMap;

use garmin::days::Day;
use garmin::write::Write;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Named, base};
use crate::account::Account;
use crate::args::{NamedDay, Whole};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

/// What Garmin's own app sends back of an entry.
const COPIED: [&str; 5] = ["behaviourId", "measurementType", "calendarDate", "category", "name"];

/// The entry of a habit in the log of a day, as Garmin has it.
struct Entry {
    id: i64,
    day: Day,
    name: String,
    /// Its place in the log.
    at: usize,
    item: Value,
}

fn log_of(day: Day) -> garmin::api::Target {
    base().then("/dailyLog").segment(day)
}

impl Entry {
    async fn find(account: &Account, day: Day, named: &Named) -> Result<Self, ToolError> {
        let garmin = account.garmin()?;
        let found = garmin.look(&log_of(day).finish()).await?.unwrap_or_default();
        let items = found["dailyLogsReport"].as_array().cloned().unwrap_or_default();
        let entry = named.find(
            "behaviour",
            &items,
            |item| item["behaviourId"].as_i64(),
            |item| item["name"].as_str(),
        )?;
        let Some((at, item)) = entry else {
            let all = garmin.behaviours(day).await?.unwrap_or_default();
            let known = named.find("behaviour", &all, |it| it.id, |it| it.name.as_deref())?;
            return Err(match known {
                None => named.unknown("behaviour"),
                Some((_, known)) => {
                    let name = known.name.as_deref().unwrap_or("it");
                    let problem = format!(
                        "{name} is not tracked on {day}, so it cannot be logged; call \
                         `track_lifestyle_behaviours` first"
                    );
                    ToolError::argument("behaviour", problem)
                }
            });
        };
        let id = item["behaviourId"].as_i64();
        let id = id.ok_or(ToolError::UpstreamChanged { what: "lifestyle log" })?;
        let name = item["name"].as_str().map_or_else(|| id.to_string(), str::to_owned);
        Ok(Self { id, day, name, at, item: item.clone() })
    }

    fn place(&self) -> garmin::api::Target {
        base().then("/dailyLog").segment(self.id).segment(self.day)
    }

    fn status(&self) -> Option<&str> {
        self.item["logStatus"].as_str()
    }

    fn details(&self) -> Vec<Value> {
        self.item["details"].as_array().cloned().unwrap_or_default()
    }

    /// What is there now, as a result shows it.
    fn shown(&self) -> Value {
        let amounts: Map<String, Value> = self
            .details()
            .iter()
            .filter(|detail| !detail["amount"].is_null())
            .filter_map(|detail| {
                Some((detail["subTypeName"].as_str()?.to_owned(), detail["amount"].clone()))
            })
            .collect();
        let amounts = if amounts.is_empty() { Value::Null } else { Value::Object(amounts) };
        json!({ "log_status": self.status(), "amounts": amounts })
    }

    fn put(&self, status: &str, details: &[Value], stamp: &str) -> Write {
        let mut body = Map::new();
        for key in COPIED {
            if let Some(value) = self.item.get(key).filter(|value| !value.is_null()) {
                body.insert(key.to_owned(), value.clone());
            }
        }
        body.insert("logStatus".into(), status.into());
        body.insert("updateTimestamp".into(), stamp.into());
        if status == "YES" && !details.is_empty() {
            body.insert("details".into(), details.into());
        }
        Write::put(self.place()).json(Value::Object(body))
    }

    /// The request that makes it what it is now.
    fn back(&self, stamp: &str) -> Write {
        match self.status() {
            None => Write::delete(self.place()),
            Some(status) => self.put(status, &self.details(), stamp),
        }
    }

    /// Whether the log says `status` afterwards, or nothing.
    fn check(&self, status: Option<&str>) -> Check {
        let pointer = format!("/dailyLogsReport/{}/logStatus", self.at);
        let check = Check::at(log_of(self.day));
        match status {
            Some(status) => check.field("log_status", &pointer, status),
            None => check.field_or_nothing("log_status", &pointer, Value::Null),
        }
    }
}

async fn stamp(account: &Account) -> Result<String, ToolError> {
    let now = Timestamp::from_second(account.clock.now().0).unwrap_or_default();
    let zone = account.garmin()?.zone().await?;
    Ok(now.to_zoned(zone).strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

/// `log_lifestyle_behaviour`
pub(super) struct Log;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogArgs {
    /// Default today
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
    /// Id or whole name.
    behaviour: Named,
    /// Default `YES`
    #[serde(default)]
    #[schemars(with = "Option<Said>")]
    status: Said,
    /// By kind, such as {"BEER": 2}.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, Whole<0, 1000>>>")]
    amounts: BTreeMap<String, Whole<0, 1000>>,
    /// Default `set`
    #[serde(default)]
    #[schemars(with = "Option<Mode>")]
    mode: Mode,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(inline)]
enum Said {
    #[default]
    #[serde(rename = "YES", alias = "yes", alias = "Yes")]
    Yes,
    #[serde(rename = "NO", alias = "no", alias = "No")]
    No,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Mode {
    #[default]
    Set,
    Add,
}

/// The amounts of a day with those of the call: by kind, and a kind that ends at nothing goes.
fn merged(
    known: &[Value],
    kinds: &[(i64, String)],
    amounts: &BTreeMap<String, Whole<0, 1000>>,
    mode: Mode,
) -> Result<Vec<Value>, ToolError> {
    let mut by_kind: BTreeMap<i64, Value> = known
        .iter()
        .filter_map(|detail| Some((detail["subTypeId"].as_i64()?, detail.clone())))
        .filter(|(_, detail)| !detail["amount"].is_null())
        .collect();
    for (named, Whole(amount)) in amounts {
        let number: Option<i64> = named.trim().parse().ok();
        let kind = kinds
            .iter()
            .find(|(id, name)| number == Some(*id) || name.eq_ignore_ascii_case(named.trim()));
        let Some((id, name)) = kind else {
            let names: Vec<&str> = kinds.iter().map(|(_, name)| name.as_str()).collect();
            let problem = format!("no kind `{named}`; allowed are {}", names.join(", "));
            return Err(ToolError::argument("amounts", problem));
        };
        let logged = by_kind.get(id).and_then(|detail| detail["amount"].as_f64());
        let logged = logged.map_or(0, crate::tools::whole);
        let amount = match mode {
            Mode::Set => i64::from(*amount),
            Mode::Add => logged.saturating_add(i64::from(*amount)),
        };
        if amount > 0 {
            let detail = json!({ "subTypeId": id, "subTypeName": name, "amount": amount });
            by_kind.insert(*id, detail);
        } else {
            by_kind.remove(id);
        }
    }
    Ok(by_kind.into_values().collect())
}

/// The kinds of a habit that takes amounts.
async fn kinds(account: &Account, entry: &Entry) -> Result<Vec<(i64, String)>, ToolError> {
    let all = account.garmin()?.behaviours(entry.day).await?.unwrap_or_default();
    let known = all.into_iter().find(|it| it.id == Some(entry.id));
    let kinds: Vec<(i64, String)> = known
        .and_then(|it| it.sub_types)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|kind| kind.id.zip(kind.name))
        .collect();
    if kinds.is_empty() {
        let problem = format!("{} is answered with yes or no and takes no amounts", entry.name);
        return Err(ToolError::argument("amounts", problem));
    }
    Ok(kinds)
}

impl WriteTool for Log {
    const NAME: &'static str = "log_lifestyle_behaviour";
    const TITLE: &'static str = "Log a habit";
    const DESCRIPTION: &'static str = "Answers yes or no for a tracked habit on a day, with \
        amounts where it has kinds. Repeating it with `set` corrects an answer.";
    const CLASS: Class = Class::Add;
    type Args = LogArgs;

    async fn plan(account: &Account, args: LogArgs) -> Result<Plan, ToolError> {
        if args.status == Said::No && !args.amounts.is_empty() {
            return Err(ToolError::argument("amounts", "not together with `status` NO"));
        }
        let day = args.date.resolve("date", account.today().await?)?;
        let entry = Entry::find(account, day, &args.behaviour).await?;
        let mut details = entry.details();
        let mut status = match args.status {
            Said::Yes => "YES",
            Said::No => "NO",
        };
        let mut emptied = false;
        if !args.amounts.is_empty() {
            let kinds = kinds(account, &entry).await?;
            details = merged(&details, &kinds, &args.amounts, args.mode)?;
            if details.is_empty() {
                (status, emptied) = ("NO", true);
            }
        }
        let stamp = stamp(account).await?;
        let what = format!("{} on {day}: {status}", entry.name);
        let step = Step::new("answer", entry.put(status, &details, &stamp));
        let plan = Plan::new(what)
            .previous(entry.shown())
            .step(step.undone_by(vec![entry.back(&stamp)]))
            .check(entry.check(Some(status)))
            .key("date", day.to_string())
            .key("behaviour", entry.name.clone())
            .key("behaviour_id", entry.id);
        Ok(if emptied {
            plan.warning("No amount is left, so it is logged as NO, as Garmin's app does.")
        } else {
            plan
        })
    }
}

/// `clear_lifestyle_behaviour_log`
pub(super) struct Clear;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearArgs {
    date: NamedDay,
    /// Id or whole name.
    behaviour: Named,
}

impl WriteTool for Clear {
    const NAME: &'static str = "clear_lifestyle_behaviour_log";
    const TITLE: &'static str = "Take back what was logged";
    const DESCRIPTION: &'static str = "Makes a habit unanswered again on one day, neither yes \
        nor no. It stays tracked.";
    const CLASS: Class = Class::Destroy;
    type Args = ClearArgs;

    async fn plan(account: &Account, args: ClearArgs) -> Result<Plan, ToolError> {
        let day = args.date.resolve("date", account.today().await?)?;
        let entry = Entry::find(account, day, &args.behaviour).await?;
        if entry.status().is_none() {
            let problem = format!("nothing is logged for {} on {day}", entry.name);
            return Err(ToolError::argument("behaviour", problem));
        }
        let stamp = stamp(account).await?;
        let step = Step::new("take the answer back", Write::delete(entry.place()));
        Ok(Plan::new(format!("what is logged for {} on {day}", entry.name))
            .previous(entry.shown())
            .step(step.undone_by(vec![entry.back(&stamp)]))
            .check(entry.check(None))
            .key("date", day.to_string())
            .key("behaviour", entry.name.clone())
            .key("behaviour_id", entry.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amounts(text: &str) -> BTreeMap<String, Whole<0, 1000>> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn amounts_are_set_or_added_by_kind_and_nothing_left_is_left_out() {
        let kinds = [(1, "BEER".to_owned()), (2, "WINE".to_owned())];
        let known = [json!({"subTypeId": 1, "subTypeName": "BEER", "amount": 2})];
        let merge = |text: &str, mode| merged(&known, &kinds, &amounts(text), mode);
        let beer = |amount: i64| json!({"subTypeId": 1, "subTypeName": "BEER", "amount": amount});
        let wine = json!({"subTypeId": 2, "subTypeName": "WINE", "amount": 1});
        assert_eq!(merge(r#"{"wine": 1}"#, Mode::Set), Ok(vec![beer(2), wine.clone()]));
        assert_eq!(merge(r#"{"1": 1}"#, Mode::Add), Ok(vec![beer(3)]));
        assert_eq!(merge(r#"{"BEER": 0, "WINE": "1"}"#, Mode::Set), Ok(vec![wine]));
        assert_eq!(merge(r#"{"beer": 0}"#, Mode::Set), Ok(Vec::new()));
        let refused = merge(r#"{"GIN": 1}"#, Mode::Set).unwrap_err().to_string();
        assert!(refused.contains("BEER, WINE"), "{refused}");
    }
}
