//! Files: what a watch recorded, a workout for a watch, a course.

use bytes::Bytes;

use super::{ActivityId, CourseId, Target};
use crate::client::Garmin;
use crate::error::GarminError;

/// In what form an activity is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// What was uploaded, in a ZIP: FIT, unless the activity came from elsewhere.
    Original,
    Gpx,
    Tcx,
    Kml,
    /// Its laps as a table.
    Csv,
}

impl Garmin {
    /// The file of an activity; nothing where Garmin has none, as for what was entered by hand.
    pub async fn activity_file(
        &self,
        id: ActivityId,
        kind: FileKind,
    ) -> Result<Option<Bytes>, GarminError> {
        let base = match kind {
            FileKind::Original => "/download-service/files/activity",
            FileKind::Gpx => "/download-service/export/gpx/activity",
            FileKind::Tcx => "/download-service/export/tcx/activity",
            FileKind::Kml => "/download-service/export/kml/activity",
            FileKind::Csv => "/download-service/export/csv/activity",
        };
        self.download(Target::new(base).segment(id)).await
    }

    /// A workout as watches take it: FIT.
    pub async fn workout_file(&self, workout: i64) -> Result<Option<Bytes>, GarminError> {
        self.download(Target::new("/workout-service/workout/FIT").segment(workout)).await
    }

    /// A course as GPX.
    pub async fn course_file(&self, course: CourseId) -> Result<Option<Bytes>, GarminError> {
        self.download(Target::new("/course-service/course/gpx").segment(course)).await
    }

    /// A file, retried as any read. Whatever has no file answers 404 or nothing at all.
    pub(crate) async fn download(&self, target: Target) -> Result<Option<Bytes>, GarminError> {
        match self.fetch_file(&target.finish()).await {
            Ok(file) if file.is_empty() => Ok(None),
            Ok(file) if is_notice(&file) => Err(GarminError::NotJson),
            Ok(file) => Ok(Some(file)),
            Err(GarminError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A page for people in place of a file. Tracks are markup as well, of another kind.
fn is_notice(file: &[u8]) -> bool {
    let head = file.trim_ascii_start();
    let head = head.get(..head.len().min(15)).unwrap_or_default().to_ascii_lowercase();
    head.starts_with(b"<html") || head.starts_with(b"<!doctype html")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_no_file_and_a_track_is() {
        assert!(is_notice(b"\n<!DOCTYPE html><html>"));
        assert!(is_notice(b"<HTML>"));
        assert!(!is_notice(b"<?xml version=\"1.0\"?><gpx>"));
        assert!(!is_notice(b""));
    }
}
