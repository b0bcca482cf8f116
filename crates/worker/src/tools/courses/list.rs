//! The list of courses.

use garmin::model::CourseHeader;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::answer::Status;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::activities::kinds;
use crate::tools::numbers::{moment, whole};

/// `get_courses`
pub(super) struct Courses;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CoursesArgs {
    /// Part of a name.
    search: Option<String>,
    start: Option<Whole<0, 100_000>>,
    /// Default 50
    limit: Option<Whole<1, 200>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CoursesAnswer {
    status: Status,
    /// Courses in this answer.
    count: usize,
    /// Courses there are.
    total: usize,
    has_more: bool,
    next_start: Option<usize>,
    /// Newest first.
    courses: Vec<CourseRow>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct CourseRow {
    course_id: i64,
    name: Option<String>,
    distance_m: Option<i64>,
    elevation_gain_m: Option<i64>,
    elevation_loss_m: Option<i64>,
    activity: Option<String>,
    has_pace_band: Option<bool>,
    favorite: Option<bool>,
    created: Option<String>,
}

fn row(course: CourseHeader, zone: &TimeZone) -> Option<CourseRow> {
    let kind = course.kind.and_then(|kind| kind.key);
    let by_number = || course.kind_id.and_then(kinds::key).map(str::to_owned);
    Some(CourseRow {
        course_id: course.id?,
        name: course.name,
        distance_m: course.distance_m.map(whole),
        elevation_gain_m: course.elevation_gain_m.map(whole),
        elevation_loss_m: course.elevation_loss_m.map(whole),
        activity: kind.or_else(by_number),
        has_pace_band: course.has_pace_band,
        favorite: course.favorite.filter(|favorite| *favorite),
        created: course.created.or(course.created_text).map(|at| moment(at, zone)),
    })
}

impl Tool for Courses {
    const NAME: &'static str = "get_courses";
    const TITLE: &'static str = "Courses";
    const DESCRIPTION: &'static str =
        "The athlete's saved courses with distance and climb, newest first.";
    type Args = CoursesArgs;
    type Answer = CoursesAnswer;

    async fn call(account: &Account, args: CoursesArgs) -> Result<Self::Answer, ToolError> {
        let garmin = account.garmin()?;
        let zone = garmin.zone().await?;
        let wanted = args.search.map(|search| search.trim().to_lowercase()).unwrap_or_default();
        let named = |course: &CourseHeader| {
            wanted.is_empty()
                || course.name.as_deref().is_some_and(|name| name.to_lowercase().contains(&wanted))
        };
        let mut found: Vec<CourseHeader> =
            garmin.courses().await?.into_iter().filter(named).collect();
        found.sort_by_key(|course| {
            std::cmp::Reverse((course.created.or(course.created_text), course.id))
        });
        let rows: Vec<CourseRow> = found.into_iter().filter_map(|it| row(it, &zone)).collect();
        let total = rows.len();
        let start = usize::try_from(args.start.map_or(0, |start| start.0)).unwrap_or(0);
        let limit = usize::try_from(args.limit.map_or(50, |limit| limit.0)).unwrap_or(50);
        let courses: Vec<CourseRow> = rows.into_iter().skip(start).take(limit).collect();
        let next = start + courses.len();
        let has_more = !courses.is_empty() && next < total;
        Ok(CoursesAnswer {
            status: if courses.is_empty() { Status::NoData } else { Status::Ok },
            count: courses.len(),
            total,
            has_more,
            next_start: has_more.then_some(next),
            courses,
        })
    }
}
