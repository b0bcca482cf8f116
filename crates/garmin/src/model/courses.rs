//! Courses: routes to follow.

use jiff::Timestamp;

use super::{ActivityType, model};

model! {
    /// A course as the list shows it. The single course spells its keys differently.
    CourseHeader as "courses" {
        "courseId" => id: i64,
        "courseName" => name: String,
        "distanceInMeters" | "distanceMeter" => distance_m: f64,
        "elevationGainInMeters" | "elevationGainMeter" => elevation_gain_m: f64,
        "elevationLossInMeters" | "elevationLossMeter" => elevation_loss_m: f64,
        "activityType" => kind: ActivityType,
        "activityTypePk" => kind_id: i64,
        "hasPaceBand" => has_pace_band: bool,
        "favorite" => favorite: bool,
        "createdDate" | "createDate" => created: Timestamp,
        "createdDateFormatted" => created_text: Timestamp,
    }

    /// The same list as the website gets it.
    CoursePage as "courses" {
        "coursesForUser" => courses: Vec<CourseHeader>,
    }

    /// One course with its line.
    Course as "course" {
        "courseId" => id: i64,
        "courseName" => name: String,
        "description" => description: String,
        /// 1 public, 2 private.
        "rulePK" => privacy: i64,
        "activityTypePk" => kind_id: i64,
        "distanceMeter" => distance_m: f64,
        "elevationGainMeter" => elevation_gain_m: f64,
        "elevationLossMeter" => elevation_loss_m: f64,
        "speedMeterPerSecond" => speed_mps: f64,
        "elapsedSeconds" => elapsed_s: f64,
        "hasPaceBand" => has_pace_band: bool,
        "createDate" | "createdDate" => created: Timestamp,
        "updateDate" | "updatedDate" => updated: Timestamp,
        "coursePoints" => points: Vec<CoursePoint>,
        "courseLines" => lines: Vec<CourseLine>,
        "geoPoints" => geo_points: Vec<GeoPoint>,
    }

    /// A sign along the way: a turn, a summit, water.
    CoursePoint as "course point" {
        "name" => name: String,
        "note" | "notes" => note: String,
        "coursePointType" | "pointType" | "type" => kind: String,
        "distance" | "distanceMeters" => distance_m: f64,
        "lat" | "latitude" => latitude: f64,
        "lon" | "longitude" => longitude: f64,
        "elevation" => elevation_m: f64,
    }

    CourseLine as "course line" {
        "sortOrder" => order: i64,
        "points" => points: Vec<GeoPoint>,
    }

    GeoPoint as "point of a course" {
        "latitude" | "lat" => latitude: f64,
        "longitude" | "lon" => longitude: f64,
        "elevation" => elevation_m: f64,
        /// From the start.
        "distance" => distance_m: f64,
    }
}

impl Course {
    /// The line from start to finish, wherever Garmin put it.
    #[must_use]
    pub fn line(&self) -> Vec<&GeoPoint> {
        let direct = self.geo_points.as_deref().unwrap_or_default();
        if !direct.is_empty() {
            return direct.iter().collect();
        }
        let mut lines: Vec<&CourseLine> = self.lines.iter().flatten().collect();
        lines.sort_by_key(|line| line.order);
        lines.into_iter().flat_map(|line| line.points.iter().flatten()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::decode;

    #[test]
    fn a_line_is_found_in_either_place() {
        let point = r#"{"latitude":45.7,"longitude":4.8,"elevation":0,"distance":0.0}"#;
        for body in [
            format!(r#"{{"courseId":7,"geoPoints":[{point}]}}"#),
            format!(
                r#"{{"courseId":7,"geoPoints":[],"courseLines":[{{"sortOrder":2,"points":null}},
                    {{"sortOrder":1,"points":[{point}]}}]}}"#
            ),
        ] {
            let course: Course = decode(body.as_bytes()).unwrap().unwrap();
            let line = course.line();
            assert_eq!((line.len(), line[0].elevation_m), (1, Some(0.0)), "{body}");
        }
        let bare: Course = decode(br#"{"courseId":7}"#).unwrap().unwrap();
        assert!(bare.line().is_empty());
    }

    #[test]
    fn a_header_has_one_time_in_two_spellings() {
        let body =
            br#"[{"courseId":1,"createdDate":1777654020000,"activityType":{"typeKey":"running"}},
            {"courseId":2,"createdDateFormatted":"2026-05-01 16:47:00.0 GMT"},
            {"courseId":3,"createdDateFormatted":"2026-05-01T16:47:00.0"}]"#;
        let list: Vec<CourseHeader> = decode(body).unwrap().unwrap();
        assert_eq!(list[0].created.unwrap().to_string(), "2026-05-01T16:47:00Z");
        for course in &list[1..] {
            assert_eq!(course.created_text.unwrap().to_string(), "2026-05-01T16:47:00Z");
        }
    }
}
