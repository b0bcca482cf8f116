//! Files: recorded activities, workouts and courses, as programs and watches read them.

use bytes::Bytes;
use garmin::api::{ActivityId, CourseId, FileKind};
use garmin::{BoxFuture, GarminError};

use super::{Address, Content, Entry, Read};
use crate::error::ToolError;
use crate::visit::Visit;

/// FIT has no registered type.
const FIT: &str = "application/vnd.ant.fit";
const GPX: &str = "application/gpx+xml";

const LOOK: &str = "The list names the right ids.";

pub(super) static ALL: &[Entry] = &[
    Entry {
        uri: "garmin://activity/{id}.fit",
        name: "activity-fit",
        title: "Activity as FIT",
        about: "The recorded file of an activity.",
        kind: FIT,
        tool: Some("download_activity_file"),
        read: Read::By(|visit, address| activity(visit, address, FileKind::Original)),
    },
    Entry {
        uri: "garmin://activity/{id}.gpx",
        name: "activity-gpx",
        title: "Activity as GPX",
        about: "Track of an activity.",
        kind: GPX,
        tool: Some("download_activity_file"),
        read: Read::By(|visit, address| activity(visit, address, FileKind::Gpx)),
    },
    Entry {
        uri: "garmin://activity/{id}.tcx",
        name: "activity-tcx",
        title: "Activity as TCX",
        about: "Track, heart rate and laps of an activity.",
        kind: "application/vnd.garmin.tcx+xml",
        tool: Some("download_activity_file"),
        read: Read::By(|visit, address| activity(visit, address, FileKind::Tcx)),
    },
    Entry {
        uri: "garmin://activity/{id}.csv",
        name: "activity-csv",
        title: "Laps as CSV",
        about: "Laps of an activity as a table.",
        kind: "text/csv",
        tool: Some("download_activity_file"),
        read: Read::By(|visit, address| activity(visit, address, FileKind::Csv)),
    },
    Entry {
        uri: "garmin://activity/{id}.kml",
        name: "activity-kml",
        title: "Activity as KML",
        about: "Track of an activity for maps.",
        kind: "application/vnd.google-earth.kml+xml",
        tool: Some("download_activity_file"),
        read: Read::By(|visit, address| activity(visit, address, FileKind::Kml)),
    },
    Entry {
        uri: "garmin://workout/{id}.fit",
        name: "workout-fit",
        title: "Workout as FIT",
        about: "A workout as watches take it.",
        kind: FIT,
        tool: Some("download_workout"),
        read: Read::By(|visit, address| {
            Box::pin(async move {
                let garmin = visit.account.garmin()?;
                content(garmin.workout_file(number(&address)?).await, "workout")
            })
        }),
    },
    Entry {
        uri: "garmin://course/{id}.gpx",
        name: "course-gpx",
        title: "Course as GPX",
        about: "Line and points of a course.",
        kind: GPX,
        tool: Some("download_course_gpx"),
        read: Read::By(|visit, address| {
            Box::pin(async move {
                let id = CourseId::new(number(&address)?).map_err(|_| no_id())?;
                content(visit.account.garmin()?.course_file(id).await, "course")
            })
        }),
    },
];

fn activity<'a>(
    visit: Visit<'a>,
    address: Address<'a>,
    kind: FileKind,
) -> BoxFuture<'a, Result<Content, ToolError>> {
    Box::pin(async move {
        let id = ActivityId::new(number(&address)?).map_err(|_| no_id())?;
        let file = visit.account.garmin()?.activity_file(id, kind).await;
        match (content(file, "activity")?, kind) {
            (Content::Bytes(packed), FileKind::Original) => {
                let unpacked = garmin::files::unpack(&packed);
                // What was not recorded by a device may be anything.
                unpacked.map(Content::Bytes).map_err(|_| missing("FIT file"))
            }
            (content, _) => Ok(content),
        }
    })
}

fn content(
    file: Result<Option<Bytes>, GarminError>,
    what: &'static str,
) -> Result<Content, ToolError> {
    match file? {
        Some(bytes) => Ok(Content::Bytes(bytes.into())),
        None => Err(missing(what)),
    }
}

fn number(address: &Address<'_>) -> Result<i64, ToolError> {
    address.part(0).parse().map_err(|_| no_id())
}

fn no_id() -> ToolError {
    ToolError::argument("id", "not an id: a positive whole number")
}

fn missing(what: &'static str) -> ToolError {
    ToolError::NotFound { field: "id", what, hint: LOOK }
}
