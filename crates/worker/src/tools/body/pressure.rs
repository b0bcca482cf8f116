//! Blood pressure, entered and taken back.

use garmin::api::Target;
use garmin::days::{Day, DayRange};
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::when::{Now, Stamp};
use crate::account::Account;
use crate::args::{NamedDay, Number, Whole};
use crate::error::ToolError;
use crate::tool::Class;
use crate::tools::numbers::word;
use crate::writes::{Check, Plan, Step, WriteTool};

fn place() -> Target {
    Target::new("/bloodpressure-service/bloodpressure")
}

fn shown_at(day: impl std::fmt::Display) -> Target {
    let day = day.to_string();
    place().then("/range").segment(&day).segment(&day).query("includeAll", "true")
}

fn delete(day: impl std::fmt::Display, version: i64) -> Write {
    Write::delete(place().segment(day).segment(version))
}

const READINGS: &str = "/measurementSummaries/0/measurements";

/// `set_blood_pressure`
pub(super) struct Add;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddArgs {
    systolic: Whole<70, 260>,
    diastolic: Whole<40, 150>,
    pulse: Option<Whole<20, 250>>,
    notes: Option<String>,
    /// YYYY-MM-DDTHH:MM:SS
    timestamp: Option<Stamp>,
}

impl WriteTool for Add {
    const NAME: &'static str = "set_blood_pressure";
    const TITLE: &'static str = "Enter blood pressure";
    const DESCRIPTION: &'static str = "Adds one blood pressure reading in mmHg, with the pulse \
        and a note, now or at another time.";
    const CLASS: Class = Class::Add;
    type Args = AddArgs;

    async fn plan(account: &Account, args: AddArgs) -> Result<Plan, ToolError> {
        let (high, low) = (args.systolic.0, args.diastolic.0);
        if low >= high {
            let problem = format!("{low} is not below `systolic` {high}");
            return Err(ToolError::argument("diastolic", problem));
        }
        let when = Now::of(account).await?.stamped("timestamp", args.timestamp)?;
        let date = when.date();
        let mut body = json!({
            "measurementTimestampLocal": when.local(),
            "measurementTimestampGMT": when.gmt(),
            "systolic": high,
            "diastolic": low,
            "sourceType": "MANUAL",
            "notes": args.notes.as_deref().unwrap_or_default().trim(),
        });
        if let Some(pulse) = args.pulse {
            body["pulse"] = json!(pulse.0);
        }
        let keys = |answer: &Value| {
            let category = answer["categoryName"].as_str().map(word);
            let found = [("version", answer["version"].clone()), ("category", json!(category))];
            let found = found.into_iter().filter(|(_, value)| !value.is_null());
            found.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()
        };
        let undo = move |answer: &Value| {
            answer["version"].as_i64().map(|version| delete(date, version)).into_iter().collect()
        };
        let what = format!("blood pressure {high}/{low} at {}", when.shown());
        let step = Step::new("enter the reading", Write::post(place()).json(body));
        Ok(Plan::new(what)
            .step(step.keys_from(keys).undone_from(undo))
            .check_from(move |answers| {
                let version = answers.first().and_then(|answer| answer["version"].as_i64());
                let listed = |version| Check::listed(shown_at(date), READINGS, "/version", version);
                version.map(listed).into_iter().collect()
            })
            .key("systolic", high)
            .key("diastolic", low)
            .key("time", when.shown()))
    }
}

/// `delete_blood_pressure`
pub(super) struct Remove;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveArgs {
    /// From `get_blood_pressure`.
    version: Number,
    date: NamedDay,
}

impl WriteTool for Remove {
    const NAME: &'static str = "delete_blood_pressure";
    const TITLE: &'static str = "Delete a blood pressure reading";
    const DESCRIPTION: &'static str = "Deletes the blood pressure reading of this day that has \
        this `version`.";
    const CLASS: Class = Class::Destroy;
    type Args = RemoveArgs;

    async fn plan(account: &Account, args: RemoveArgs) -> Result<Plan, ToolError> {
        let day: Day = args.date.resolve("date", account.today().await?)?;
        let version = args.version.0;
        let found = account.garmin()?.blood_pressure(DayRange::one(day)).await?;
        let days = found.and_then(|found| found.days).unwrap_or_default();
        let mut readings = days.into_iter().flat_map(|day| day.readings.unwrap_or_default());
        let Some(reading) = readings.find(|reading| reading.version == Some(version)) else {
            return Err(ToolError::NotFound {
                field: "version",
                what: "blood pressure reading of that day",
                hint: "Allowed is the `version` of a reading in `get_blood_pressure`, with its \
                       date.",
            });
        };
        let previous = json!({
            "systolic": reading.systolic,
            "diastolic": reading.diastolic,
            "pulse": reading.pulse,
            "time": reading.at_local.map(|at| at.to_string()),
            "notes": reading.notes,
        });
        let show = |value: Option<i64>| value.map_or_else(|| "?".into(), |it| it.to_string());
        let what = format!(
            "blood pressure {}/{} of {day}",
            show(reading.systolic),
            show(reading.diastolic)
        );
        Ok(Plan::new(what)
            .previous(previous)
            .step(Step::new("delete the reading", delete(day, version)))
            .check(Check::unlisted(shown_at(day), READINGS, "/version", version))
            .key("version", version)
            .key("date", day.to_string()))
    }
}
