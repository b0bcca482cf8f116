//! Notes on days.

use std::time::Duration;

use garmin::Garmin;
use garmin::api::{Target, month_at};
use garmin::write::{Outcome, Write};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, json};

use crate::account::Account;
use crate::args::{NamedDay, Number, Reach};
use crate::error::ToolError;
use crate::tool::Class;
use crate::writes::{Check, Plan, Step, WriteTool};

const LONGEST_TITLE: usize = 100;
const LONGEST_TEXT: usize = 4_000;
const LOOK_WITHIN: Duration = Duration::from_secs(5);

fn notes() -> Target {
    Target::new("/calendar-service/note")
}

/// `add_calendar_note`
pub(super) struct AddNote;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    date: NamedDay,
    title: String,
    text: String,
}

impl WriteTool for AddNote {
    const NAME: &'static str = "add_calendar_note";
    const TITLE: &'static str = "Add a note to a day";
    const DESCRIPTION: &'static str = "Writes a note on a day of the calendar.";
    const CLASS: Class = Class::Add;
    type Args = AddArgs;

    async fn plan(account: &Account, args: AddArgs) -> Result<Plan, ToolError> {
        let day = args.date.within("date", account.today().await?, Reach::AnyDay)?;
        let (title, text) = (args.title.trim().to_owned(), args.text.trim().to_owned());
        for (field, said, longest, empty) in
            [("title", &title, LONGEST_TITLE, false), ("text", &text, LONGEST_TEXT, true)]
        {
            let length = said.chars().count();
            if length > longest || (length == 0 && !empty) {
                let problem = format!("has {length} characters; allowed are 1 to {longest}");
                return Err(ToolError::argument(field, problem));
            }
        }
        let note = json!({ "noteName": title, "content": text, "date": day.to_string() });
        let (date, name) = (day.date(), title.clone());
        let step = Step::new(format!("note \"{title}\" on {day}"), Write::post(notes()).json(note))
            .finished_by(move |garmin, sent| Box::pin(numbered(garmin, sent, date, name)))
            .keys_from(|answer| {
                let mut keys = Map::new();
                if let Some(id) = answer["id"].as_i64() {
                    keys.insert("note_id".into(), id.into());
                }
                keys
            })
            .undone_from(|answer| {
                let id = answer["id"].as_i64();
                id.map(|id| Write::delete(notes().segment(id))).into_iter().collect()
            });
        Ok(Plan::new(format!("note \"{title}\" on {day}"))
            .step(step)
            .check_from(move |answers| {
                let id = answers.first().and_then(|answer| answer["id"].as_i64());
                let month = || month_at(date.year(), date.month());
                id.map(|id| Check::listed(month(), "/calendarItems", "/id", id))
                    .into_iter()
                    .collect()
            })
            .key("date", day.to_string())
            .key("title", title))
    }
}

/// Fills in the number of the new note where the answer lacks it: without it nobody could take
/// the note back. Two notes of one name on one day cannot be told apart.
async fn numbered(garmin: Garmin, sent: Outcome, date: Date, name: String) -> Outcome {
    let Outcome::Done { status, body, follow } = sent else { return sent };
    if body["id"].is_i64() {
        return Outcome::Done { status, body, follow };
    }
    let month = month_at(date.year(), date.month()).finish();
    let look = tokio::time::timeout(LOOK_WITHIN, garmin.look(&month)).await;
    let found = look.ok().and_then(Result::ok).flatten().unwrap_or_default();
    let day = date.to_string();
    let mut notes = found["calendarItems"].as_array().into_iter().flatten().filter(|item| {
        item["itemType"] == "note" && item["date"] == day.as_str() && item["title"] == name.as_str()
    });
    let body = match (notes.next(), notes.next()) {
        (Some(only), None) => json!({ "id": only["id"] }),
        (_, _) => body,
    };
    Outcome::Done { status, body, follow }
}

/// `delete_calendar_note`
pub(super) struct DeleteNote;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    note_id: Number,
}

/// Months before and after this one in which a note is looked for.
const AROUND: [i64; 4] = [0, 1, -1, 2];

impl WriteTool for DeleteNote {
    const NAME: &'static str = "delete_calendar_note";
    const TITLE: &'static str = "Delete a note";
    const DESCRIPTION: &'static str = "Deletes a note from the calendar; `id` of a note in \
        get_calendar. Its text cannot be had back.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let id = args.note_id.0;
        let garmin = account.garmin()?;
        let today = account.today().await?.date();
        let write = Write::delete(notes().segment(id));
        for months in AROUND {
            let span = jiff::Span::new().months(months);
            let month = today.first_of_month().saturating_add(span);
            let page = garmin.calendar_month(month.year(), month.month()).await?;
            let items = page.and_then(|page| page.items).unwrap_or_default();
            let note = items
                .into_iter()
                .find(|item| item.id == Some(id) && item.kind.as_deref() == Some("note"));
            let Some(note) = note else { continue };
            let date = note.date.unwrap_or(month);
            let title = note.title.unwrap_or_default();
            let listed = month_at(date.year(), date.month());
            return Ok(Plan::new(format!("note \"{title}\" on {date}"))
                .previous(json!({ "title": title, "date": date.to_string() }))
                .step(Step::new("delete the note", write))
                .check(Check::unlisted(listed, "/calendarItems", "/id", id))
                .key("note_id", id));
        }
        Ok(Plan::new(format!("note {id}"))
            .step(Step::new("delete the note", write))
            .warning("The note was not found in the months around this one.")
            .key("note_id", id))
    }
}
