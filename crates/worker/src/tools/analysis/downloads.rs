//! Files for people: `download_activity_file` and `set_fit_download_dir`.

use std::path::PathBuf;

use garmin::api::{ActivityId, FileKind};
use garmin::{Garmin, GarminError, files};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::source::{activity_id, unknown_activity};
use crate::account::{Account, Door};
use crate::args::ActivityNumber;
use crate::desktop::Desktop;
use crate::error::{SignInProblem, ToolError};
use crate::text::hex;
use crate::tool::{Class, Place, Tool};

/// `download_activity_file`
pub(super) struct Download;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(super) enum Format {
    #[default]
    Fit,
    Gpx,
    Tcx,
    Csv,
    Kml,
}

impl Format {
    fn ending(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Gpx => "gpx",
            Self::Tcx => "tcx",
            Self::Csv => "csv",
            Self::Kml => "kml",
        }
    }

    fn kind(self) -> FileKind {
        match self {
            Self::Fit => FileKind::Original,
            Self::Gpx => FileKind::Gpx,
            Self::Tcx => FileKind::Tcx,
            Self::Csv => FileKind::Csv,
            Self::Kml => FileKind::Kml,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DownloadArgs {
    activity_id: ActivityNumber,
    format: Option<Format>,
    /// Where to save, on the person's own machine only.
    output_dir: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum Outcome {
    Ok,
    NoData,
    NeedsSetup,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DownloadAnswer {
    status: Outcome,
    format: &'static str,
    /// Read this resource for the content.
    resource_uri: Option<String>,
    /// Where it was saved.
    file_path: Option<String>,
    size_bytes: Option<usize>,
    sha256: Option<String>,
    suggested_dir: Option<String>,
    reason: Option<&'static str>,
}

/// The file of an activity as people want it: a FIT is taken out of its archive.
async fn fetch(
    garmin: &Garmin,
    id: ActivityId,
    format: Format,
) -> Result<Option<Vec<u8>>, ToolError> {
    match garmin.activity_file(id, format.kind()).await {
        Ok(Some(file)) if format == Format::Fit => Ok(files::unpack(&file).ok()),
        Ok(Some(file)) => Ok(Some(file.to_vec())),
        Ok(None) => match garmin.activity(id).await {
            Ok(_) => Ok(None),
            Err(GarminError::NotFound | GarminError::Forbidden) => {
                Err(unknown_activity("activity_id"))
            }
            Err(error) => Err(error.into()),
        },
        Err(GarminError::Forbidden) => Err(unknown_activity("activity_id")),
        Err(error) => Err(error.into()),
    }
}

impl Tool for Download {
    const NAME: &'static str = "download_activity_file";
    const TITLE: &'static str = "File of an activity";
    const DESCRIPTION: &'static str = "The file of an activity as FIT, GPX, TCX, KML, or its laps \
        as CSV: a resource to read, or a saved file on the person's own machine.";
    type Args = DownloadArgs;
    type Answer = DownloadAnswer;

    async fn call(account: &Account, args: DownloadArgs) -> Result<Self::Answer, ToolError> {
        let id = activity_id(args.activity_id)?;
        let format = args.format.unwrap_or_default();
        let mut answer = DownloadAnswer {
            status: Outcome::Ok,
            format: format.ending(),
            resource_uri: None,
            file_path: None,
            size_bytes: None,
            sha256: None,
            suggested_dir: None,
            reason: None,
        };
        let target = match &account.door {
            Door::Gateway if args.output_dir.is_some() => {
                let problem = "only where the server runs on the person's own machine; leave it \
                               out and read `resource_uri`";
                return Err(ToolError::argument("output_dir", problem));
            }
            Door::Gateway => None,
            Door::Desktop(desktop) => match chosen(desktop, args.output_dir.as_deref())? {
                Some(directory) => Some(directory),
                None => {
                    answer.status = Outcome::NeedsSetup;
                    answer.reason = Some(
                        "no directory is set: call set_fit_download_dir, or pass `output_dir`",
                    );
                    answer.suggested_dir = Some(desktop.suggested_downloads());
                    answer.resource_uri = Some(uri(id, format));
                    return Ok(answer);
                }
            },
        };
        let Some(file) = fetch(&account.garmin()?, id, format).await? else {
            answer.status = Outcome::NoData;
            answer.reason = Some("Garmin keeps no such file of this activity");
            return Ok(answer);
        };
        answer.size_bytes = Some(file.len());
        answer.sha256 = Some(hex(&Sha256::digest(&file)));
        answer.resource_uri = Some(uri(id, format));
        if let Some(directory) = target {
            let path = directory.join(format!("{id}.{}", format.ending()));
            std::fs::write(&path, &file).map_err(|error| {
                let problem = format!("cannot be written to: {}", error.kind());
                ToolError::argument("output_dir", problem)
            })?;
            answer.file_path = Some(path.display().to_string());
        }
        Ok(answer)
    }
}

fn uri(id: ActivityId, format: Format) -> String {
    format!("garmin://activity/{id}.{}", format.ending())
}

/// The directory of this call, else the configured one.
fn chosen(desktop: &Desktop, given: Option<&str>) -> Result<Option<PathBuf>, ToolError> {
    match given.map(str::trim).filter(|given| !given.is_empty()) {
        Some(given) => directory("output_dir", given).map(Some),
        None => Ok(desktop.downloads()),
    }
}

/// A directory that exists, or can be made.
fn directory(field: &'static str, given: &str) -> Result<PathBuf, ToolError> {
    let path = PathBuf::from(given);
    if !path.is_absolute() {
        return Err(ToolError::argument(field, "not absolute; allowed is a whole path"));
    }
    std::fs::create_dir_all(&path)
        .map_err(|error| ToolError::argument(field, format!("cannot be used: {}", error.kind())))?;
    Ok(path)
}

/// `set_fit_download_dir`
pub(super) struct SetDirectory;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetDirectoryArgs {
    path: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SetDirectoryAnswer {
    download_dir: String,
    config_path: String,
}

impl Tool for SetDirectory {
    const NAME: &'static str = "set_fit_download_dir";
    const TITLE: &'static str = "Directory for downloads";
    const DESCRIPTION: &'static str = "Where download_activity_file saves files on this machine.";
    const CLASS: Class = Class::SetLocal;
    const PLACE: Place = Place::Desktop;
    type Args = SetDirectoryArgs;
    type Answer = SetDirectoryAnswer;

    async fn call(account: &Account, args: SetDirectoryArgs) -> Result<Self::Answer, ToolError> {
        let Door::Desktop(desktop) = &account.door else {
            return Err(ToolError::NoPermission);
        };
        let path = directory("path", args.path.trim())?;
        let config = desktop.choose_downloads(&path).await;
        let config = config.map_err(|_| ToolError::SignIn(SignInProblem::NotSaved))?;
        Ok(SetDirectoryAnswer {
            download_dir: path.display().to_string(),
            config_path: config.display().to_string(),
        })
    }
}
