//! Meals, foods and goals.

use super::{Target, or_absent};
use crate::client::{Freshness, Garmin};
use crate::days::{Day, DayRange};
use crate::error::GarminError;
use crate::model::{FoodLog, FoodPage, Meals, NutritionSettings, NutritionSummary};

impl Garmin {
    /// What was eaten on one day, by meal.
    pub async fn food_log(&self, day: Day) -> Result<Option<FoodLog>, GarminError> {
        let target = food_log_at(day);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// When each meal of a day begins and ends.
    pub async fn meals(&self, day: Day) -> Result<Option<Meals>, GarminError> {
        let target = Target::new("/nutrition-service/meals").segment(day);
        or_absent(self.read(target, Freshness::Now).await)
    }

    pub async fn nutrition_settings(
        &self,
        day: Day,
    ) -> Result<Option<NutritionSettings>, GarminError> {
        or_absent(self.read(nutrition_settings_at(day), Freshness::Now).await)
    }

    /// Totals of several days.
    pub async fn calorie_summary(
        &self,
        range: DayRange,
        today: Day,
    ) -> Result<Option<NutritionSummary>, GarminError> {
        let target = Target::new("/nutrition-service/calorie/summary/daily")
            .query("startDate", range.first())
            .query("endDate", range.last())
            .query("currentDate", today)
            .query("isDataForReport", true);
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Foods that anybody may log.
    pub async fn search_foods(
        &self,
        words: &str,
        start: u32,
        limit: u32,
        place: (Option<&str>, Option<&str>),
    ) -> Result<Option<FoodPage>, GarminError> {
        let mut target = Target::new("/nutrition-service/food/search")
            .query("searchExpression", words)
            .query("start", start)
            .query("limit", limit);
        if let Some(region) = place.0 {
            target = target.query("regionCode", region);
        }
        if let Some(language) = place.1 {
            target = target.query("languageCode", language);
        }
        or_absent(self.read(target, Freshness::Now).await)
    }

    /// Foods the athlete has made.
    pub async fn custom_foods(
        &self,
        words: &str,
        start: u32,
        limit: u32,
    ) -> Result<Option<FoodPage>, GarminError> {
        or_absent(self.read(custom_foods_at(words, start, limit), Freshness::Now).await)
    }
}

#[must_use]
pub fn food_log_at(day: Day) -> Target {
    Target::new("/nutrition-service/food/logs")
        .segment(day)
        .query("includeGoals", true)
        .query("includeNutrition", true)
}

#[must_use]
pub fn nutrition_settings_at(day: Day) -> Target {
    Target::new("/nutrition-service/settings").segment(day)
}

#[must_use]
pub fn custom_foods_at(words: &str, start: u32, limit: u32) -> Target {
    Target::new("/nutrition-service/customFood")
        .query("searchExpression", words)
        .query("start", start)
        .query("limit", limit)
        .query("includeContent", true)
}
