//! A course as a file, by its address.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::one::find;
use crate::account::Account;
use crate::answer::Status;
use crate::args::Number;
use crate::error::ToolError;
use crate::tool::Tool;

/// `download_course_gpx`
pub(super) struct CourseFile;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileArgs {
    course_id: Number,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FileAnswer {
    status: Status,
    course_id: i64,
    name: Option<String>,
    format: &'static str,
    mime_type: &'static str,
    /// Read this resource for the file.
    resource_uri: String,
}

impl Tool for CourseFile {
    const NAME: &'static str = "download_course_gpx";
    const TITLE: &'static str = "Course as GPX";
    const DESCRIPTION: &'static str = "The GPX file of a course, as a resource to read.";
    type Args = FileArgs;
    type Answer = FileAnswer;

    async fn call(account: &Account, args: FileArgs) -> Result<Self::Answer, ToolError> {
        let (id, course) = find(account, args.course_id).await?;
        Ok(FileAnswer {
            status: Status::Ok,
            course_id: id.number(),
            name: course.name,
            format: "gpx",
            mime_type: "application/gpx+xml",
            resource_uri: format!("garmin://course/{id}.gpx"),
        })
    }
}
