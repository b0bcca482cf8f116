//! `get_activity_fit_messages`: the file as it stands.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use garmin::files::{self, Field, FitMessage, FitValue};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::source::{Filed, activity_id, recording};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{ActivityNumber, Many, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::moment;

/// `get_activity_fit_messages`
pub(super) struct FitMessages;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FitMessagesArgs {
    activity_id: ActivityNumber,
    /// Only these, as named in `inventory`.
    message_types: Option<Many<String>>,
    /// Counts records in; otherwise they are only counted.
    include_records: Option<bool>,
    message_offset: Option<Whole<0, 1_000_000>>,
    /// Default 200
    message_limit: Option<Whole<1, 5_000>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FitMessagesAnswer {
    status: Status,
    activity_id: i64,
    reason: Option<&'static str>,
    /// How many there are of each kind.
    inventory: BTreeMap<String, usize>,
    messages: Vec<Value>,
    pagination: Option<Value>,
    warnings: Vec<String>,
}

impl Tool for FitMessages {
    const NAME: &'static str = "get_activity_fit_messages";
    const TITLE: &'static str = "Messages of an activity's file";
    const DESCRIPTION: &'static str = "Every decoded message of the recorded FIT file, unknown \
        and developer fields included, page by page. Start with `inventory`; for analysis use \
        get_activity_fit_data.";
    type Args = FitMessagesArgs;
    type Answer = FitMessagesAnswer;

    async fn call(account: &Account, args: FitMessagesArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let garmin = account.garmin()?;
        let mut answer = FitMessagesAnswer {
            status: Status::NoData,
            activity_id: id.number(),
            reason: None,
            inventory: BTreeMap::new(),
            messages: Vec::new(),
            pagination: None,
            warnings: Vec::new(),
        };
        let bytes = match recording(&garmin, id).await? {
            Filed::Found { bytes, .. } => bytes,
            Filed::Nothing(reason) => {
                answer.reason = Some(reason);
                return Ok(answer);
            }
        };
        let zone = garmin.zone().await?;
        answer.status = Status::Ok;
        let offset = args.message_offset.map_or(0, |it| it.0);
        let limit = args.message_limit.map_or(200, |it| it.0);
        let only: Vec<String> = args
            .message_types
            .map(|types| types.0.iter().map(|it| it.trim().to_ascii_lowercase()).collect())
            .unwrap_or_default();
        let asked_for_records = only.iter().any(|name| name == "record");
        let with_records = args.include_records.unwrap_or(asked_for_records) || asked_for_records;
        let mut matching: u32 = 0;
        let damage = files::messages(&bytes, |message| {
            let index = {
                let count = answer.inventory.entry(message.name.clone()).or_default();
                *count += 1;
                *count - 1
            };
            let wanted = (only.is_empty() || only.contains(&message.name))
                && (with_records || message.name != "record");
            if wanted {
                if (offset..offset.saturating_add(limit)).contains(&matching) {
                    answer.messages.push(shown(message, index, &zone));
                }
                matching = matching.saturating_add(1);
            }
            ControlFlow::Continue(())
        });
        match damage {
            Ok(damage) => answer.warnings.extend(damage.map(|damage| damage.word().to_owned())),
            Err(bad) => answer.warnings.push(bad.to_string()),
        }
        let unknown: Vec<&String> =
            only.iter().filter(|name| !answer.inventory.contains_key(*name)).collect();
        for name in unknown {
            let warning = format!("`message_types`: the file has no `{name}`; see `inventory`");
            answer.warnings.push(warning);
        }
        let next = offset.saturating_add(limit);
        answer.pagination = Some(json!({
            "message_offset": offset,
            "message_limit": limit,
            "returned": answer.messages.len(),
            "total_matching": matching,
            "next_offset": (next < matching).then_some(next),
        }));
        Ok(answer)
    }
}

fn shown(message: &FitMessage, index: usize, zone: &TimeZone) -> Value {
    let field = |field: &Field| {
        let value = match &field.value {
            FitValue::Number(number) => json!(training::rounded(*number, 7)),
            FitValue::Whole(whole) => json!(whole),
            FitValue::Text(text) => json!(text),
            FitValue::Time(time) => json!(moment(*time, zone)),
            FitValue::List(values) => json!(values),
        };
        json!({
            "name": field.name,
            "value": field.meaning.as_ref().map_or(value.clone(), |meaning| json!(meaning)),
            "raw": field.raw.map(whole_if_whole).or_else(|| {
                field.meaning.as_ref().map(|_| value)
            }),
            "units": field.units,
            "number": field.number,
            "developer_data_index": field.developer,
        })
    };
    json!({
        "type": message.name,
        "number": message.number,
        "index": index,
        "fields": message.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn whole_if_whole(value: f64) -> Value {
    if value.fract() == 0.0 { crate::tools::whole(value).into() } else { value.into() }
}
