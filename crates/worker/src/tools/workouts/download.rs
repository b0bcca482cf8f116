//! A workout as the file a watch reads.

use garmin::GarminError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::args::Number;
use crate::error::ToolError;
use crate::tool::Tool;

/// `download_workout`
pub(super) struct Download;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DownloadArgs {
    workout_id: Number,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DownloadAnswer {
    workout_id: i64,
    format: &'static str,
    size_bytes: usize,
    /// Read this resource for the file itself.
    resource_uri: String,
    message: &'static str,
}

impl Tool for Download {
    const NAME: &'static str = "download_workout";
    const TITLE: &'static str = "Workout as a FIT file";
    const DESCRIPTION: &'static str = "The FIT file of a workout, as a resource to read.";
    type Args = DownloadArgs;
    type Answer = DownloadAnswer;

    async fn call(account: &Account, args: DownloadArgs) -> Result<Self::Answer, ToolError> {
        let id = args.workout_id.0;
        let missing = ToolError::NotFound {
            field: "workout_id",
            what: "workout",
            hint: "Use an `id` from `get_workouts`.",
        };
        let file = match account.garmin()?.workout_file(id).await {
            Ok(Some(file)) => file,
            Ok(None) | Err(GarminError::NotFound) => return Err(missing),
            Err(error) => return Err(error.into()),
        };
        Ok(DownloadAnswer {
            workout_id: id,
            format: "FIT",
            size_bytes: file.len(),
            resource_uri: format!("garmin://workout/{id}.fit"),
            message: "The file is at `resource_uri`.",
        })
    }
}
