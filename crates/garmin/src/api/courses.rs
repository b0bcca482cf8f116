//! Courses: routes to follow.

use std::fmt;

use super::{BadId, Target};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{Course, CourseHeader, CoursePage};

/// Garmin's number for a course.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CourseId(i64);

impl CourseId {
    pub fn new(number: i64) -> Result<Self, BadId> {
        if number > 0 { Ok(Self(number)) } else { Err(BadId) }
    }

    #[must_use]
    pub fn number(self) -> i64 {
        self.0
    }
}

impl fmt::Display for CourseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Garmin {
    /// All courses of the account. Two services know them, and not every account both.
    pub async fn courses(&self) -> Result<Vec<CourseHeader>, GarminError> {
        let list: Result<Option<Vec<CourseHeader>>, GarminError> =
            self.read(Target::new("/course-service/course"), Freshness::Now).await;
        match list {
            Ok(list) => Ok(list.unwrap_or_default()),
            Err(
                GarminError::NotFound
                | GarminError::Forbidden
                | GarminError::BadRequest
                | GarminError::Malformed { .. }
                | GarminError::UnexpectedStatus { .. },
            ) => {
                let page: Option<CoursePage> =
                    self.read(Target::new("/web-gateway/course/owner"), Freshness::Now).await?;
                Ok(page.and_then(|page| page.courses).unwrap_or_default())
            }
            Err(error) => Err(error),
        }
    }

    /// One course with its line. One that does not exist is [`GarminError::NotFound`].
    pub async fn course(&self, id: CourseId) -> Result<Course, GarminError> {
        let target = Target::new("/course-service/course").segment(id);
        self.read(target, Freshness::Now).await?.ok_or(GarminError::NotFound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_has_a_positive_number() {
        assert_eq!(CourseId::new(7).unwrap().number(), 7);
        assert_eq!((CourseId::new(0), CourseId::new(-7)), (Err(BadId), Err(BadId)));
    }
}
