//! Courses the athlete saved: the ways of some first outings, kept to be done again.

use crate::times::{HOUR, Millis};

use super::activities::{Activity, Discipline};
use super::plan::SessionKind;
use super::season::Season;
use super::trace::Sample;

#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) discipline: Discipline,
    pub(crate) created: Millis,
    pub(crate) distance: f64,
    pub(crate) gain: f64,
    pub(crate) loss: f64,
    pub(crate) samples: Vec<Sample>,
}

/// Ids begin here.
const FIRST_ID: i64 = 300_000_000;
/// How long after an outing it was saved.
const SAVED_AFTER: Millis = 20 * HOUR;

/// The courses saved by now, oldest first.
pub(crate) fn courses(season: &Season, now: Millis) -> Vec<Course> {
    let wanted = [
        (SessionKind::Long, "Long loop"),
        (SessionKind::Ride, "Saturday ride"),
        (SessionKind::Race, "Half marathon"),
        (SessionKind::Recovery, "Easy round"),
    ];
    let mut found: Vec<Course> = wanted
        .into_iter()
        .filter_map(|(kind, name)| {
            let outing = season.activities(now).find(|activity| activity.kind == kind)?;
            Some(course(outing, name))
        })
        .filter(|course| course.created <= now)
        .collect();
    found.sort_by_key(|course| course.created);
    found
}

fn course(outing: &Activity, name: &str) -> Course {
    Course {
        id: FIRST_ID + outing.id % 100_000_000,
        name: name.to_owned(),
        discipline: outing.discipline,
        created: outing.end() + SAVED_AFTER,
        distance: outing.distance,
        gain: outing.means.gain,
        loss: outing.means.loss,
        samples: outing.effort.trace(),
    }
}
