//! What was logged, and what can be.

use std::collections::BTreeMap;

use garmin::model::{Behaviour, BehaviourAmount, LifestyleDay, LoggedBehaviour};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Reading;
use crate::args::NamedDay;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::tenth;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayArgs {
    #[serde(default)]
    #[schemars(with = "Option<NamedDay>")]
    date: NamedDay,
}

/// `get_lifestyle_logging_data`
pub(super) struct Logged;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LoggedAnswer {
    tracked: usize,
    answered: usize,
    behaviours: Vec<Row>,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Row {
    id: Option<i64>,
    name: Option<String>,
    status: Answered,
    amounts: Option<BTreeMap<String, f64>>,
    category: Option<String>,
    measurement_type: Option<String>,
    sleep_related: Option<bool>,
}

/// Whether the person answered, and what. Nothing answered is not a no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
enum Answered {
    #[serde(rename = "YES")]
    Yes,
    #[serde(rename = "NO")]
    No,
    #[serde(rename = "not_recorded")]
    NotRecorded,
}

fn answered(status: Option<&str>) -> Answered {
    match status {
        Some(status) if status.eq_ignore_ascii_case("YES") => Answered::Yes,
        Some(status) if status.eq_ignore_ascii_case("NO") => Answered::No,
        Some(_) | None => Answered::NotRecorded,
    }
}

/// By kind; kinds of which nothing was logged are left out.
fn amounts(found: Option<&Vec<BehaviourAmount>>) -> Option<BTreeMap<String, f64>> {
    let amounts: BTreeMap<String, f64> = found
        .into_iter()
        .flatten()
        .filter_map(|it| {
            let name = it.name.clone().or_else(|| it.id.map(|id| id.to_string()))?;
            Some((name, tenth(it.amount?)))
        })
        .collect();
    (!amounts.is_empty()).then_some(amounts)
}

fn row(found: &LoggedBehaviour) -> Row {
    Row {
        id: found.id,
        name: found.name.clone(),
        status: answered(found.status.as_deref()),
        amounts: amounts(found.amounts.as_ref()),
        category: found.category.clone(),
        measurement_type: found.measured.clone(),
        sleep_related: found.sleep_related,
    }
}

fn logged(found: &LifestyleDay) -> Option<LoggedAnswer> {
    let rows: Vec<Row> = found.log.iter().flatten().map(row).collect();
    (!rows.is_empty()).then(|| LoggedAnswer {
        tracked: rows.len(),
        answered: rows.iter().filter(|row| row.status != Answered::NotRecorded).count(),
        behaviours: rows,
    })
}

impl Tool for Logged {
    const NAME: &'static str = "get_lifestyle_logging_data";
    const TITLE: &'static str = "Habits of a day";
    const DESCRIPTION: &'static str = "What was logged on one day about the habits the athlete \
        tracks, such as alcohol or caffeine: yes, no or nothing yet, with amounts.";
    type Args = DayArgs;
    type Answer = Reading<LoggedAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let found = account.garmin()?.lifestyle_log(day).await?;
        Ok(match found.as_ref().and_then(logged) {
            Some(answer) => Reading::found(day, answer),
            None => Reading::absent(day, None),
        })
    }
}

/// `get_lifestyle_behaviours`
pub(super) struct Behaviours;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BehavioursAnswer {
    count: usize,
    tracked_count: usize,
    behaviours: Vec<Item>,
}

#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    behaviour_id: Option<i64>,
    name: Option<String>,
    category: Option<String>,
    /// `QUANTITY` takes amounts.
    measurement_type: Option<String>,
    tracked: bool,
    sleep_related: Option<bool>,
    custom: Option<bool>,
    /// Kinds that amounts are given for, by id.
    subtypes: Option<BTreeMap<i64, String>>,
}

fn item(found: &Behaviour) -> Item {
    let kinds = found.sub_types.iter().flatten();
    let kinds: BTreeMap<i64, String> =
        kinds.filter_map(|it| Some((it.id?, it.name.clone()?))).collect();
    Item {
        behaviour_id: found.id,
        name: found.name.clone(),
        category: found.category.clone(),
        measurement_type: found.measured.clone(),
        tracked: found.tracked == Some(true),
        sleep_related: found.sleep_related,
        custom: found.is_custom().then_some(true),
        subtypes: (!kinds.is_empty()).then_some(kinds),
    }
}

impl Tool for Behaviours {
    const NAME: &'static str = "get_lifestyle_behaviours";
    const TITLE: &'static str = "Habits that can be logged";
    const DESCRIPTION: &'static str = "Every habit there is to log with its id, its kinds and \
        whether the athlete tracks it. Only tracked ones can be logged.";
    type Args = DayArgs;
    type Answer = Reading<BehavioursAnswer>;

    async fn call(account: &Account, args: DayArgs) -> Result<Self::Answer, ToolError> {
        let today = account.today().await?;
        let day = args.date.resolve("date", today)?;
        let found = account.garmin()?.behaviours(day).await?.unwrap_or_default();
        let items: Vec<Item> = found.iter().map(item).collect();
        Ok(if items.is_empty() {
            Reading::absent(day, None)
        } else {
            let tracked_count = items.iter().filter(|item| item.tracked).count();
            Reading::found(
                day,
                BehavioursAnswer { count: items.len(), tracked_count, behaviours: items },
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_no_and_nothing_answered_are_three_things() {
        let found: LifestyleDay = serde_json::from_str(
            r#"{"calendarDate":"2026-05-01","dailyLogsReport":[
                {"behaviourId":1,"measurementType":"QUANTITY","name":"Alcohol","logStatus":"YES",
                 "details":[{"subTypeId":1,"subTypeName":"BEER","amount":2},
                 {"subTypeId":2,"subTypeName":"WINE"}]},
                {"behaviourId":5,"name":"Meditation","logStatus":"NO","details":[]},
                {"behaviourId":"7","name":"Late Caffeine","logStatus":null}]}"#,
        )
        .unwrap();
        let answer = logged(&found).unwrap();
        assert_eq!((answer.tracked, answer.answered), (3, 2));
        let states: Vec<Answered> = answer.behaviours.iter().map(|row| row.status).collect();
        assert_eq!(states, [Answered::Yes, Answered::No, Answered::NotRecorded]);
        let beer = BTreeMap::from([("BEER".to_owned(), 2.0)]);
        assert_eq!(answer.behaviours[0].amounts.as_ref(), Some(&beer));
        assert_eq!(
            (answer.behaviours[1].amounts.as_ref(), answer.behaviours[2].id),
            (None, Some(7))
        );
        assert!(logged(&LifestyleDay::default()).is_none());
    }
}
