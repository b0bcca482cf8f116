//! Activities out of files that a device or another service has recorded.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use garmin::api::Target;
use garmin::files::{LARGEST_FILE, Told, UploadFormat, told};
use garmin::write::Write;
use garmin::{Garmin, IMPORTED};
use jiff::ToSpan as _;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::edit::{LONGEST_NAME, TYPES, place, row, text};
use crate::account::Account;
use crate::error::ToolError;
use crate::local_file;
use crate::text::hex;
use crate::tool::Class;
use crate::tools::numbers::{moment, whole};
use crate::writes::{Check, Plan, Step, WriteTool};

/// As much as fits into a call together with everything else, in base64.
const LARGEST_CONTENT: usize = 3_000_000;
const INSTEAD: &str = "`content_base64`, the file itself";

/// `upload_activity`
pub(super) struct Upload;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadArgs {
    /// The file; at most 3 MB
    content_base64: Option<String>,
    file_name: Option<String>,
    /// Desktop only, in directories the user allows
    file_path: Option<String>,
    activity_name: Option<String>,
    /// A key of `get_activity_types`
    activity_type: Option<String>,
}

/// A file and where it came from.
struct Given {
    field: &'static str,
    name: String,
    content: Vec<u8>,
}

impl Given {
    async fn of(account: &Account, args: &UploadArgs) -> Result<Self, ToolError> {
        let (field, content) = match (&args.content_base64, &args.file_path) {
            (Some(_), Some(_)) => {
                return Err(ToolError::argument("file_path", "not together with `content_base64`"));
            }
            (Some(text), None) => ("content_base64", decoded(text)?),
            (None, Some(path)) => {
                let read = local_file::read(account, "file_path", path, LARGEST_FILE, INSTEAD);
                ("file_path", read.await?)
            }
            (None, None) => {
                return Err(ToolError::argument("content_base64", "required, and was left out"));
            }
        };
        let named = args.file_name.as_deref().or(args.file_path.as_deref()).unwrap_or_default();
        let last = named.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = last.rsplit_once('.').map_or(last, |(stem, _)| stem).trim();
        let name = if stem.is_empty() { "activity" } else { stem };
        Ok(Self { field, name: name.chars().take(100).collect(), content })
    }
}

/// Base64 as people and programs write it: with or without padding, in lines or in one.
fn decoded(text: &str) -> Result<Vec<u8>, ToolError> {
    const FIELD: &str = "content_base64";
    let lenient =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let plain: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if plain.len() / 4 * 3 > LARGEST_CONTENT {
        let problem =
            format!("larger than {LARGEST_CONTENT} bytes; upload it at connect.garmin.com");
        return Err(ToolError::argument(FIELD, problem));
    }
    let read = GeneralPurpose::new(&alphabet::STANDARD, lenient).decode(plain);
    read.map_err(|_| ToolError::argument(FIELD, "not base64"))
}

fn format(format: UploadFormat) -> &'static str {
    match format {
        UploadFormat::Fit => "FIT",
        UploadFormat::Gpx => "GPX",
        UploadFormat::Tcx => "TCX",
    }
}

/// The file in a few words: "FIT, running, 2026-05-01T18:00:00+02:00, 45 min".
fn described(told: &Told, zone: &TimeZone) -> String {
    let mut words = vec![format(told.format).to_owned()];
    words.extend(told.sport.clone());
    words.push(moment(told.start, zone));
    words.extend(told.elapsed_s.map(|seconds| format!("{} min", whole(seconds / 60.0))));
    words.join(", ")
}

/// Where an activity that begins at this moment is listed.
fn listed(told: &Told) -> Check {
    let start = told.start.to_zoned(TimeZone::UTC);
    // The list filters by the day where the activity was.
    let day = |days: i64| start.date().saturating_add(days.days()).to_string();
    let list = Target::new("/activitylist-service/activities/search/activities")
        .query("startDate", day(-1))
        .query("endDate", day(1))
        .query("start", 0)
        .query("limit", 100);
    let at = start.strftime("%Y-%m-%d %H:%M:%S").to_string();
    Check::listed(list, "", "/startTimeGMT", at)
}

/// What the answer to the upload says, in our words.
fn keys(answer: &Value) -> Map<String, Value> {
    let (status, id) = (&answer[IMPORTED], &answer["activity_id"]);
    let mut keys = Map::new();
    keys.insert(IMPORTED.into(), status.clone());
    let (name, message) = match status.as_str() {
        Some("duplicate") => {
            ("duplicate_of", Some("Garmin had this activity already; nothing was added."))
        }
        Some("processing") => (
            "activity_id",
            Some("Garmin is still working on the file; get_activities shows it in a minute."),
        ),
        Some(_) | None => ("activity_id", None),
    };
    if !id.is_null() {
        keys.insert(name.into(), id.clone());
    }
    keys.extend(message.map(|message| ("message".to_owned(), message.into())));
    keys
}

/// The activity that came of the upload; none where it was there before.
fn made(answer: &Value) -> Option<i64> {
    answer["activity_id"].as_i64().filter(|_| answer[IMPORTED] == "done")
}

/// Name and type as Garmin takes them, for an activity that is known afterwards only.
async fn wishes(account: &Account, args: &UploadArgs) -> Result<Option<Value>, ToolError> {
    let mut fields = Map::new();
    if let Some(name) = &args.activity_name {
        let name = text("activity_name", name, LONGEST_NAME)?;
        if name.is_empty() {
            return Err(ToolError::argument("activity_name", "empty; leave it out"));
        }
        fields.insert("activityName".into(), name.into());
    }
    if let Some(key) = &args.activity_type {
        let kind = row(account, TYPES, "activity_type", key).await?;
        let kind = json!({ "typeId": kind["typeId"], "typeKey": kind["typeKey"],
                           "parentTypeId": kind["parentTypeId"] });
        fields.insert("activityTypeDTO".into(), kind);
    }
    Ok((!fields.is_empty()).then(|| fields.into()))
}

/// Name and type are set once there is an activity; another's are left alone.
fn set(mut wishes: Value) -> Step {
    Step::after("set its name or type", move |answers| {
        let answer = answers.first().unwrap_or(&Value::Null);
        let Some(id) = made(answer) else {
            let problem = match answer[IMPORTED].as_str() {
                Some("duplicate") => "not set: this activity was there before",
                Some(_) | None => {
                    "not set: Garmin is still working on the file. Use set_activity_name or \
                     set_activity_type once the activity is listed"
                }
            };
            return Err(ToolError::argument("activity_name", problem));
        };
        wishes["activityId"] = id.into();
        Ok(Write::put(place(id)).json(wishes))
    })
}

impl WriteTool for Upload {
    const NAME: &'static str = "upload_activity";
    const TITLE: &'static str = "Upload an activity";
    const DESCRIPTION: &'static str = "Adds an activity from a FIT, GPX or TCX file. A preview \
        tells what the file is. Needs `confirm`.";
    const CLASS: Class = Class::Add;
    const CONFIRM: bool = true;
    type Args = UploadArgs;

    async fn plan(account: &Account, args: UploadArgs) -> Result<Plan, ToolError> {
        let Given { field, name, content } = Given::of(account, &args).await?;
        let told = told(&content).map_err(|why| {
            let problem = format!("{why}; allowed are recorded activities as FIT, GPX or TCX");
            ToolError::argument(field, problem)
        })?;
        let zone = account.garmin()?.zone().await?;
        let wishes = wishes(account, &args).await?;
        let name = format!("{name}.{}", told.format.ending());
        let digest = hex(&Sha256::digest(&content));
        let size = content.len();
        let upload = Write::post(Target::new("/upload-service/upload"));
        let upload = upload.file(&name, Bytes::from(content));
        let step = Step::new(format!("upload {name}, {size} bytes"), upload)
            .finished_by(|garmin: Garmin, uploaded| {
                Box::pin(async move { garmin.imported(uploaded).await })
            })
            .keys_from(keys)
            .undone_from(|answer| {
                made(answer).map(|id| Write::delete(place(id))).into_iter().collect()
            });
        let described = described(&told, &zone);
        let mut plan = Plan::new(format!("new activity from {name} ({described})"))
            .business_key(format!("upload:{digest}"))
            .step(step)
            .check(listed(&told))
            .key("file_name", name)
            .key("format", told.format.ending())
            .key("size_bytes", size)
            .key("sha256", digest)
            .key("sport", told.sport.clone())
            .key("start_time", moment(told.start, &zone))
            .key("duration_seconds", told.elapsed_s.map(whole))
            .key("distance_meters", told.distance_m.map(whole))
            .key("point_count", told.points);
        if let Some(damage) = told.damage {
            plan = plan.warning(format!("Garmin may refuse this: {}.", damage.word()));
        }
        if told.start.as_second() > account.clock.now().0 {
            plan = plan.warning("The file says that it was recorded in the future.");
        }
        if let Some(wishes) = wishes {
            plan = plan.step(set(wishes));
        }
        Ok(plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_however_it_is_written() {
        for text in ["Rk lU\nIQ==", "RklUIQ", "RklUIQ=="] {
            assert_eq!(decoded(text).unwrap(), b"FIT!", "{text}");
        }
        for (text, part) in [("Rk*U", "not base64"), (&"A".repeat(4_000_004), "3000000 bytes")] {
            let refused = decoded(text).unwrap_err().to_string();
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn an_activity_that_was_there_before_is_named_and_not_taken_back() {
        let duplicate = json!({ IMPORTED: "duplicate", "activity_id": 7 });
        let said = keys(&duplicate);
        assert_eq!((said.get("duplicate_of"), said.get("activity_id")), (Some(&json!(7)), None));
        assert_eq!(made(&duplicate), None);
        let done = json!({ IMPORTED: "done", "activity_id": 8 });
        assert_eq!((keys(&done)["activity_id"].as_i64(), made(&done)), (Some(8), Some(8)));
        let slow = keys(&json!({ IMPORTED: "processing", "activity_id": null }));
        assert!(slow.get("activity_id").is_none() && slow["message"].is_string());
    }
}
