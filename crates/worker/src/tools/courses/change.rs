//! Courses from GPX files, and courses that go.

use garmin::api::Target;
use garmin::write::Write;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::one::find;
use super::upload::{Wishes, course};
use crate::account::Account;
use crate::args::Number;
use crate::error::ToolError;
use crate::local_file;
use crate::tool::Class;
use crate::tools::activities::kinds;
use crate::writes::{Check, Plan, Step, WriteTool};

/// A course has some thousand points; nothing anybody follows comes near this.
const LARGEST: usize = 3 * 1024 * 1024;
/// The journal keeps what an undo sends; a longer course cannot be had back.
const LARGEST_UNDO: usize = 400 * 1024;
const LONGEST_NAME: usize = 255;

fn place(id: impl std::fmt::Display) -> Target {
    Target::new("/course-service/course").segment(id)
}

/// `upload_course`
pub(super) struct Upload;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UploadArgs {
    /// The text of the file.
    gpx_content: Option<String>,
    /// Desktop only, in directories the user allows
    gpx_path: Option<String>,
    course_name: Option<String>,
    /// Default `running`
    activity_type: Option<String>,
    description: Option<String>,
    /// Default true
    private: Option<bool>,
}

async fn content(account: &Account, args: &UploadArgs) -> Result<String, ToolError> {
    let text = match (&args.gpx_content, &args.gpx_path) {
        (Some(_), Some(_)) => {
            return Err(ToolError::argument("gpx_path", "not together with `gpx_content`"));
        }
        (Some(text), None) => text.clone(),
        (None, Some(path)) => read(account, path).await?,
        (None, None) => {
            return Err(ToolError::argument("gpx_content", "required: the text of a GPX file"));
        }
    };
    let field = if args.gpx_path.is_some() { "gpx_path" } else { "gpx_content" };
    if text.len() > LARGEST {
        let problem = format!("{} bytes; allowed are at most {LARGEST}", text.len());
        return Err(ToolError::argument(field, problem));
    }
    let points = text.matches("<trkpt").count() + text.matches("<rtept").count();
    if !text.contains("<gpx") || points < 2 {
        let problem = "not a GPX file with a track or route of at least two points";
        return Err(ToolError::argument(field, problem));
    }
    Ok(text)
}

async fn read(account: &Account, path: &str) -> Result<String, ToolError> {
    const INSTEAD: &str = "`gpx_content`, the file's text";
    let content = local_file::read(account, "gpx_path", path, LARGEST, INSTEAD).await?;
    String::from_utf8(content).map_err(|_| ToolError::argument("gpx_path", "not a text"))
}

/// What the old keys say of the course that was made.
fn keys(made: &Value) -> Map<String, Value> {
    let names = [
        ("course_id", "courseId"),
        ("name", "courseName"),
        ("distance_m", "distanceMeter"),
        ("elevation_gain_m", "elevationGainMeter"),
        ("elevation_loss_m", "elevationLossMeter"),
        ("activity_type_id", "activityTypePk"),
    ];
    let told = names.into_iter().filter(|(_, from)| !made[from].is_null());
    let mut keys: Map<String, Value> =
        told.map(|(to, from)| (to.to_owned(), made[from].clone())).collect();
    if let Some(id) = made["courseId"].as_i64() {
        let url = format!("https://connect.garmin.com/modern/course/{id}");
        keys.insert("url".into(), url.into());
    }
    keys
}

impl WriteTool for Upload {
    const NAME: &'static str = "upload_course";
    const TITLE: &'static str = "Save a course";
    const DESCRIPTION: &'static str = "Saves a GPX track as a course to follow on the watch.";
    const CLASS: Class = Class::Add;
    type Args = UploadArgs;

    async fn plan(account: &Account, args: UploadArgs) -> Result<Plan, ToolError> {
        let text = content(account, &args).await?;
        let kind = args.activity_type.as_deref().unwrap_or("running");
        let garmin = account.garmin()?;
        let kind = kinds::wanted(&garmin, Some(kind)).await?.map(|kind| kind.to_string());
        let kind_id = kind.as_deref().and_then(kinds::number);
        let Some(kind_id) = kind_id else {
            return Err(kinds::unknown(args.activity_type.as_deref().unwrap_or_default()));
        };
        let name = args.course_name.map(|name| name.trim().to_owned());
        let name = name.filter(|name| !name.is_empty());
        if name.as_ref().is_some_and(|name| name.chars().count() > LONGEST_NAME) {
            let problem = format!("allowed are at most {LONGEST_NAME} characters");
            return Err(ToolError::argument("course_name", problem));
        }
        let target =
            name.as_deref().map_or("a new course".to_owned(), |name| format!("course \"{name}\""));
        let wishes = Wishes {
            name,
            kind_id,
            description: args.description,
            is_private: args.private.unwrap_or(true),
        };
        let read = Write::post(Target::new("/course-service/course/import"))
            .file("course.gpx", text.into_bytes().into());
        let save = Step::after("save the course", move |answers| {
            let draft = answers.first().unwrap_or(&Value::Null);
            let body = course(draft, &wishes)?;
            Ok(Write::post(Target::new("/course-service/course")).json(body))
        });
        let save = save.keys_from(keys).undone_from(|made| {
            made["courseId"].as_i64().map(|id| Write::delete(place(id))).into_iter().collect()
        });
        Ok(Plan::new(target)
            .step(Step::new("have Garmin read the file", read))
            .step(save)
            .check_from(|answers| {
                let made = answers.last().unwrap_or(&Value::Null);
                let check = |id: i64| {
                    Check::at(place(id)).field("name", "/courseName", made["courseName"].clone())
                };
                made["courseId"].as_i64().map(check).into_iter().collect()
            }))
    }
}

/// `delete_course`
pub(super) struct Delete;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteArgs {
    course_id: Number,
}

/// The same course without what only Garmin gives.
fn anew(mut whole: Value) -> Value {
    if let Some(fields) = whole.as_object_mut() {
        for key in ["courseId", "createDate", "updateDate"] {
            fields.remove(key);
        }
    }
    whole
}

impl WriteTool for Delete {
    const NAME: &'static str = "delete_course";
    const TITLE: &'static str = "Delete a course";
    const DESCRIPTION: &'static str = "Deletes a course. Undo saves it again under a new id.";
    const CLASS: Class = Class::Destroy;
    type Args = DeleteArgs;

    async fn plan(account: &Account, args: DeleteArgs) -> Result<Plan, ToolError> {
        let (id, course) = find(account, args.course_id).await?;
        let name = course.name.unwrap_or_else(|| "without a name".to_owned());
        let whole = account.garmin()?.look(&place(id).finish()).await?.unwrap_or_default();
        let saved = anew(whole);
        let step = Step::new("delete the course", Write::delete(place(id)));
        let plan = Plan::new(format!("course {id} (\"{name}\")"))
            .previous(json!({ "exists": true, "name": name, "distance_m": course.distance_m }))
            .check(Check::gone(place(id)))
            .key("course_id", id.number());
        if saved.to_string().len() > LARGEST_UNDO {
            let plan = plan.warning("too long for the journal: it cannot be had back");
            return Ok(plan.step(step));
        }
        let back = Write::post(Target::new("/course-service/course")).json(saved);
        Ok(plan.step(step.undone_by(vec![back])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_that_is_saved_again_gets_its_id_from_garmin() {
        let whole =
            json!({"courseId": 7, "courseName": "Loop", "createDate": "x", "geoPoints": []});
        assert_eq!(anew(whole), json!({"courseName": "Loop", "geoPoints": []}));
        let keys = keys(&json!({"courseId": 7, "courseName": "Loop", "elevationGainMeter": 0.0}));
        assert_eq!((&keys["course_id"], &keys["elevation_gain_m"]), (&json!(7), &json!(0.0)));
        assert!(keys["url"].as_str().unwrap().ends_with("/course/7"));
        assert!(!keys.contains_key("distance_m"));
    }
}
