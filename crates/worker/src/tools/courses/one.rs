//! One course with its line.

use garmin::GarminError;
use garmin::api::CourseId;
use garmin::model::{Course, CoursePoint};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::profile::{Climb, Mark, climbs, marks, polyline, thinned};
use crate::account::Account;
use crate::answer::Status;
use crate::args::{Number, Whole};
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::numbers::{hundredth, moment, tenth, whole, word};

/// `get_course_details`
pub(super) struct CourseDetails;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CourseArgs {
    course_id: Number,
    /// Default 100
    profile_points: Option<Whole<2, 1_000>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CourseAnswer {
    status: Status,
    course_id: i64,
    name: Option<String>,
    description: Option<String>,
    activity: Option<String>,
    visibility: Option<&'static str>,
    distance_m: Option<i64>,
    elevation_gain_m: Option<i64>,
    elevation_loss_m: Option<i64>,
    target_speed_mps: Option<f64>,
    target_duration_s: Option<i64>,
    has_pace_band: Option<bool>,
    created: Option<String>,
    updated: Option<String>,
    /// At least 20 m up at 2 percent, over dips of up to 10 m.
    climbs: Vec<ClimbRow>,
    course_points: Vec<PointRow>,
    elevation_profile: Option<Profile>,
    polyline: Option<Line>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct ClimbRow {
    from_km: f64,
    to_km: f64,
    gain_m: i64,
    grade_pct: f64,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct PointRow {
    name: Option<String>,
    r#type: Option<String>,
    at_km: Option<f64>,
    elevation_m: Option<i64>,
    note: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Profile {
    columns: [&'static str; 2],
    rows: Vec<(f64, Option<i64>)>,
}

/// The line on the map.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Line {
    /// `google5`: differences of 1e-5 degrees.
    encoding: &'static str,
    points: usize,
    text: String,
}

pub(super) fn unknown() -> ToolError {
    ToolError::NotFound {
        field: "course_id",
        what: "course",
        hint: "Allowed is the `course_id` of a course in `get_courses`.",
    }
}

/// The course, or an error that names the argument.
pub(super) async fn find(
    account: &Account,
    number: Number,
) -> Result<(CourseId, Course), ToolError> {
    let Ok(id) = CourseId::new(number.0) else { return Err(unknown()) };
    match account.garmin()?.course(id).await {
        Ok(course) => Ok((id, course)),
        Err(GarminError::NotFound | GarminError::Forbidden) => Err(unknown()),
        Err(error) => Err(error.into()),
    }
}

fn visibility(rule: i64) -> Option<&'static str> {
    match rule {
        1 => Some("public"),
        2 => Some("private"),
        4 => Some("groups"),
        _ => None,
    }
}

fn climb(climb: &Climb) -> ClimbRow {
    ClimbRow {
        from_km: hundredth(climb.from_m / 1_000.0),
        to_km: hundredth(climb.to_m / 1_000.0),
        gain_m: whole(climb.gain_m),
        grade_pct: tenth(100.0 * climb.grade()),
    }
}

fn point(found: CoursePoint) -> PointRow {
    PointRow {
        name: found.name,
        r#type: found.kind.as_deref().map(word),
        at_km: found.distance_m.map(|metres| hundredth(metres / 1_000.0)),
        elevation_m: found.elevation_m.map(whole),
        note: found.note,
    }
}

fn profile(marks: &[Mark]) -> Option<Profile> {
    let rows: Vec<(f64, Option<i64>)> = marks
        .iter()
        .map(|mark| (hundredth(mark.metres / 1_000.0), mark.height.map(whole)))
        .collect();
    let has_heights = rows.iter().any(|(_, height)| height.is_some());
    has_heights.then_some(Profile { columns: ["at_km", "elevation_m"], rows })
}

fn shown(id: CourseId, course: Course, most: usize, zone: &TimeZone) -> CourseAnswer {
    let marks = marks(&course.line());
    let few = thinned(&marks, most);
    let line = (!few.is_empty()).then(|| Line {
        encoding: "google5",
        points: few.len(),
        text: polyline(&few),
    });
    CourseAnswer {
        status: Status::Ok,
        course_id: id.number(),
        name: course.name,
        description: course.description,
        activity: course.kind_id.and_then(kinds::key).map(str::to_owned),
        visibility: course.privacy.and_then(visibility),
        distance_m: course.distance_m.or_else(|| marks.last().map(|last| last.metres)).map(whole),
        elevation_gain_m: course.elevation_gain_m.map(whole),
        elevation_loss_m: course.elevation_loss_m.map(whole),
        target_speed_mps: course.speed_mps.filter(|speed| *speed > 0.0).map(hundredth),
        target_duration_s: course.elapsed_s.map(whole),
        has_pace_band: course.has_pace_band,
        created: course.created.map(|at| moment(at, zone)),
        updated: course.updated.map(|at| moment(at, zone)),
        climbs: climbs(&marks).iter().map(climb).collect(),
        course_points: course.points.into_iter().flatten().map(point).collect(),
        elevation_profile: profile(&few),
        polyline: line,
    }
}

impl Tool for CourseDetails {
    const NAME: &'static str = "get_course_details";
    const TITLE: &'static str = "One course";
    const DESCRIPTION: &'static str = "One course: distance, climbs, elevation profile, course \
        points and its line on the map.";
    type Args = CourseArgs;
    type Answer = CourseAnswer;

    async fn call(account: &Account, args: CourseArgs) -> Result<Self::Answer, ToolError> {
        let (id, course) = find(account, args.course_id).await?;
        let zone = account.garmin()?.zone().await?;
        let most = args.profile_points.map_or(100, |points| points.0);
        Ok(shown(id, course, usize::try_from(most).unwrap_or(100), &zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_without_a_line_is_shown_without_a_profile() {
        let id = CourseId::new(7).unwrap();
        let course: Course = serde_json::from_str(
            r#"{"courseId":7,"distanceMeter":"0","rulePK":2,"activityTypePk":6,"geoPoints":null,
                "coursePoints":[{"name":"Water","coursePointType":"WATER","distance":0}]}"#,
        )
        .unwrap();
        let answer = shown(id, course, 100, &TimeZone::UTC);
        assert_eq!(
            (answer.distance_m, answer.activity.as_deref()),
            (Some(0), Some("trail_running"))
        );
        assert_eq!(answer.visibility, Some("private"));
        assert!(answer.elevation_profile.is_none() && answer.polyline.is_none());
        assert_eq!(answer.course_points[0].at_km, Some(0.0));
    }
}
