//! Which meal something belongs to.

use garmin::Garmin;
use garmin::days::Day;
use garmin::model::Meal;
use jiff::civil::Time;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::ToolError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(super) enum MealName {
    #[serde(alias = "BREAKFAST")]
    Breakfast,
    #[serde(alias = "LUNCH")]
    Lunch,
    #[serde(alias = "DINNER")]
    Dinner,
    #[serde(alias = "SNACKS", alias = "snack")]
    Snacks,
}

impl MealName {
    fn word(self) -> &'static str {
        match self {
            Self::Breakfast => "BREAKFAST",
            Self::Lunch => "LUNCH",
            Self::Dinner => "DINNER",
            Self::Snacks => "SNACKS",
        }
    }
}

/// The meal chosen, and the time of day it is logged at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) time: Time,
    pub(super) warning: Option<String>,
}

fn window(meal: &Meal) -> Option<(Time, Time)> {
    Some((meal.start.as_deref()?.parse().ok()?, meal.end.as_deref()?.parse().ok()?))
}

fn contains((start, end): (Time, Time), time: Time) -> bool {
    if start <= end { (start..=end).contains(&time) } else { time >= start || time <= end }
}

fn named<'a>(meals: &'a [Meal], word: &str) -> Option<&'a Meal> {
    meals.iter().find(|meal| meal.name.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(word)))
}

/// The meal by its name, or the one in whose window the time lies. The meal of snacks lasts all
/// day, so it takes only what lies in no other.
pub(super) fn choose(
    meals: &[Meal],
    name: Option<MealName>,
    time: Option<Time>,
    now: Time,
) -> Result<Chosen, ToolError> {
    let chosen = |meal: &Meal, time: Time, warning: Option<String>| {
        let id = meal.id.ok_or(ToolError::UpstreamChanged { what: "meals" })?;
        Ok(Chosen { id, name: meal.name.clone().unwrap_or_default(), time, warning })
    };
    if let Some(name) = name {
        let meal = named(meals, name.word()).ok_or_else(|| {
            let known: Vec<&str> = meals.iter().filter_map(|meal| meal.name.as_deref()).collect();
            ToolError::argument(
                "meal",
                format!("there is no such meal; there are {}", known.join(", ")),
            )
        })?;
        // Without a time, the middle of nothing is as good as its beginning.
        let start = window(meal).map(|(start, _)| start);
        let within = |time: &Time| window(meal).is_none_or(|window| contains(window, *time));
        let time = time.or_else(|| Some(now).filter(within)).or(start).unwrap_or(now);
        return chosen(meal, time, None);
    }
    let time = time.unwrap_or(now);
    let is_snacks =
        |meal: &Meal| meal.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("SNACKS"));
    let fits = |meal: &&Meal| window(meal).is_some_and(|window| contains(window, time));
    if let Some(meal) = meals.iter().filter(|meal| !is_snacks(meal)).find(fits) {
        return chosen(meal, time, None);
    }
    let snacks = meals.iter().find(|meal| is_snacks(meal));
    let Some(meal) = snacks.or(meals.first()) else {
        return Err(ToolError::UpstreamChanged { what: "meals" });
    };
    let name = meal.name.as_deref().unwrap_or("a meal");
    let warning = format!(
        "{time} lies in no meal of this day, so it counts as {name}; `meal` names another."
    );
    chosen(meal, time, Some(warning))
}

/// The meals of a day.
pub(super) async fn of_day(garmin: &Garmin, day: Day) -> Result<Vec<Meal>, ToolError> {
    let meals = garmin.meals(day).await?.and_then(|meals| meals.meals).unwrap_or_default();
    if meals.is_empty() { Err(ToolError::NotOffered { status: 404 }) } else { Ok(meals) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::clock;

    fn meals() -> Vec<Meal> {
        let meal = |id, name: &str, start: &str, end: &str| Meal {
            id: Some(id),
            name: Some(name.into()),
            start: Some(start.into()),
            end: Some(end.into()),
            ..Meal::default()
        };
        vec![
            meal(4, "SNACKS", "00:00:00", "23:59:59"),
            meal(1, "BREAKFAST", "05:00:00", "10:59:59"),
            meal(3, "DINNER", "18:00:00", "01:00:00"),
        ]
    }

    #[test]
    fn d25_a_time_is_compared_as_a_time_and_snacks_come_last() {
        let at = |text: &str| clock("meal_time", text).unwrap();
        for (time, id) in
            [("9:05", 1), ("05:00", 1), ("10:59:59", 1), ("8 am", 1), ("7:30 PM", 3), ("00:30", 3)]
        {
            let found = choose(&meals(), None, Some(at(time)), at("12:00")).unwrap();
            assert_eq!((found.id, found.warning), (id, None), "{time}");
        }
        let found = choose(&meals(), None, Some(at("14:00")), at("12:00")).unwrap();
        assert!(found.id == 4 && found.warning.is_some());
        let found = choose(&meals(), Some(MealName::Breakfast), None, at("20:00")).unwrap();
        assert_eq!((found.id, found.time), (1, at("05:00")));
        assert!(choose(&meals(), Some(MealName::Lunch), None, at("20:00")).is_err());
    }
}
