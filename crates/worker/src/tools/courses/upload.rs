//! From Garmin's reading of a file to the course that is saved.

use garmin::model::Course;
use serde_json::{Value, json};

use super::profile::marks;
use crate::error::ToolError;

/// What the person wants of the new course.
pub(super) struct Wishes {
    pub(super) name: Option<String>,
    pub(super) kind_id: i64,
    pub(super) description: Option<String>,
    pub(super) is_private: bool,
}

/// Garmin reads the points of a file and leaves distances, bounds and the line to whoever saves
/// the course.
pub(super) fn course(draft: &Value, wishes: &Wishes) -> Result<Value, ToolError> {
    let read: Course = serde_json::from_value(draft.clone()).unwrap_or_default();
    let marks = marks(&read.line());
    let (Some(first), Some(last)) = (marks.first(), marks.last()) else {
        return Err(ToolError::argument("gpx_content", "Garmin found no points in the file"));
    };
    if marks.len() < 2 {
        return Err(ToolError::argument("gpx_content", "a course has at least two points"));
    }
    let points: Vec<Value> = marks
        .iter()
        .map(|mark| {
            json!({"latitude": mark.latitude, "longitude": mark.longitude,
                   "elevation": mark.height.unwrap_or(0.0), "distance": mark.metres,
                   "timestamp": null})
        })
        .collect();
    let bound = |read: fn(&super::profile::Mark) -> f64, pick: fn(f64, f64) -> f64| {
        marks.iter().map(read).reduce(pick)
    };
    let south = bound(|mark| mark.latitude, f64::min);
    let north = bound(|mark| mark.latitude, f64::max);
    let west = bound(|mark| mark.longitude, f64::min);
    let east = bound(|mark| mark.longitude, f64::max);
    let (gain, loss) = climbed(&marks);
    let name = wishes.name.clone().or(read.name).unwrap_or_else(|| "Course".to_owned());
    let rule = if wishes.is_private { 2 } else { 1 };
    Ok(json!({
        "courseName": name,
        "description": wishes.description,
        "rulePK": rule,
        // Of a file.
        "sourceTypeId": 3,
        "activityTypePk": wishes.kind_id,
        "distanceMeter": last.metres,
        "elevationGainMeter": gain,
        "elevationLossMeter": loss,
        "startPoint": {"latitude": first.latitude, "longitude": first.longitude,
                       "elevation": first.height.unwrap_or(0.0), "distance": null,
                       "timestamp": null},
        "boundingBox": {
            "lowerLeft": {"latitude": south, "longitude": west},
            "upperRight": {"latitude": north, "longitude": east},
            "lowerLeftLatIsSet": true,
            "lowerLeftLongIsSet": true,
            "upperRightLatIsSet": true,
            "upperRightLongIsSet": true,
        },
        "coursePoints": draft["coursePoints"].as_array().cloned().unwrap_or_default(),
        "courseLines": [{
            "courseId": null, "sortOrder": 1, "numberOfPoints": points.len(),
            "distanceInMeters": last.metres, "bearing": 0, "points": points,
            "coordinateSystem": "WGS84", "originalCoordinateSystem": "WGS84",
        }],
        "coordinateSystem": "WGS84",
        "targetCoordinateSystem": "WGS84",
        "originalCoordinateSystem": "WGS84",
        "openStreetMap": false,
        "matchedToSegments": false,
        "includeLaps": false,
        "hasPaceBand": false,
        "hasPowerGuide": false,
        "hasShareableEvent": false,
        "hasTurnDetectionDisabled": false,
        "favorite": false,
        "elapsedSeconds": null,
        "speedMeterPerSecond": null,
        "virtualPartnerId": null,
        "geoPoints": points,
    }))
}

/// Metres up and down along the line.
fn climbed(marks: &[super::profile::Mark]) -> (f64, f64) {
    let heights: Vec<f64> = marks.iter().filter_map(|mark| mark.height).collect();
    heights.windows(2).fold((0.0, 0.0), |(up, down), pair| {
        let step = pair[1] - pair[0];
        (up + step.max(0.0), down + (-step).max(0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(name: Option<&str>) -> Wishes {
        Wishes { name: name.map(str::to_owned), kind_id: 6, description: None, is_private: true }
    }

    #[test]
    fn distances_and_bounds_are_counted_from_the_points() {
        let draft = json!({"courseName": "From file", "geoPoints": [
            {"latitude": 45.0, "longitude": 4.0, "elevation": 100.0},
            {"latitude": 45.01, "longitude": 4.0, "elevation": null},
            {"latitude": 45.02, "longitude": 4.01, "elevation": 120.0}]});
        let body = course(&draft, &wishes(None)).unwrap();
        assert_eq!((&body["courseName"], &body["rulePK"]), (&json!("From file"), &json!(2)));
        let metres = body["distanceMeter"].as_f64().unwrap();
        assert!((2_400.0..2_600.0).contains(&metres), "{metres}");
        assert_eq!(
            body["boundingBox"]["upperRight"],
            json!({"latitude": 45.02, "longitude": 4.01})
        );
        assert_eq!(
            (&body["elevationGainMeter"], &body["activityTypePk"]),
            (&json!(20.0), &json!(6))
        );
        assert_eq!(course(&draft, &wishes(Some("Mine"))).unwrap()["courseName"], "Mine");
    }

    #[test]
    fn a_file_without_points_is_refused() {
        for draft in [
            json!(null),
            json!({"geoPoints": []}),
            json!({"geoPoints": [{"latitude": 1, "longitude": 1}]}),
        ] {
            assert!(course(&draft, &wishes(None)).is_err(), "{draft}");
        }
    }
}
