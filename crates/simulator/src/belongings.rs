//! What the athlete has changed about gear, courses and zones since the simulator started, kept
//! beside a life that is made up once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

#[derive(Debug, Default)]
pub(crate) struct Belongings {
    /// Gear put on or taken off, by activity and name.
    pub(crate) links: BTreeMap<(i64, String), bool>,
    /// Defaults set or ended, by name and type of activity.
    pub(crate) defaults: BTreeMap<(String, i64), bool>,
    /// Courses saved, as they were sent.
    pub(crate) courses: BTreeMap<i64, Value>,
    pub(crate) deleted_courses: BTreeSet<i64>,
    /// Heart rate zones by sport, as they were sent.
    pub(crate) zones: BTreeMap<String, Value>,
}

/// Ids of saved courses begin here; those of a season are below.
const FIRST_COURSE: i64 = 900_000_000;

impl Belongings {
    /// Keeps a course under an id of its own.
    pub(crate) fn save(&mut self, mut course: Value) -> Value {
        let used = self.courses.keys().chain(&self.deleted_courses).copied();
        let last = used.filter(|id| *id >= FIRST_COURSE).max();
        let id = last.map_or(FIRST_COURSE, |last| last + 1);
        course["courseId"] = id.into();
        self.courses.insert(id, course.clone());
        course
    }
}
