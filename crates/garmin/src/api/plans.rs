//! Garmin's own training plans.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::error::GarminError;
use crate::model::{TrainingPlan, TrainingPlans};

impl Garmin {
    /// Every plan the athlete has or had.
    pub async fn training_plans(&self) -> Result<Option<TrainingPlans>, GarminError> {
        let target = Target::new("/trainingplan-service/trainingplan/plans").query("limit", 100);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// One plan with its phases and workouts. The two kinds refuse each other's ids.
    pub async fn training_plan(
        &self,
        id: i64,
        adaptive: bool,
    ) -> Result<Option<TrainingPlan>, GarminError> {
        let path = if adaptive {
            "/trainingplan-service/trainingplan/fbt-adaptive"
        } else {
            "/trainingplan-service/trainingplan/phased"
        };
        or_absent(self.read(Target::new(path).segment(id), Freshness::Now).await)
    }
}
