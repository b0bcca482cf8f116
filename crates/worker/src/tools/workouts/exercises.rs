//! The exercises Garmin knows.

use garmin::workout::exercises::{Known, all, categories, known_category, muscles};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::args::Whole;
use crate::error::ToolError;
use crate::tool::{Class, Tool};

/// `get_exercise_types`
pub(super) struct ExerciseTypes;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExerciseArgs {
    search: Option<String>,
    category: Option<String>,
    muscle: Option<String>,
    start: Option<Whole<0, 10_000>>,
    /// Default 20
    limit: Option<Whole<1, 200>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ExerciseAnswer {
    total: usize,
    count: usize,
    start: usize,
    has_more: bool,
    next_start: Option<usize>,
    exercises: Vec<Item>,
    /// Given when no filter was.
    categories: Option<Vec<&'static str>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Item {
    category: &'static str,
    exercise: &'static str,
    name: String,
    /// Those its category works most.
    muscles: &'static [&'static str],
    equipment: Vec<&'static str>,
}

fn item(known: Known) -> Item {
    Item {
        category: known.category,
        exercise: known.exercise,
        name: known.name(),
        muscles: known.muscles(),
        equipment: known.equipment(),
    }
}

fn muscle(text: &str) -> Result<String, ToolError> {
    let wanted = text.trim().to_lowercase();
    let mut every: Vec<&str> =
        categories().flat_map(|category| muscles(category).iter().copied()).collect();
    every.sort_unstable();
    every.dedup();
    if every.contains(&wanted.as_str()) {
        return Ok(wanted);
    }
    Err(ToolError::argument("muscle", format!("unknown; allowed are {}", every.join(", "))))
}

impl Tool for ExerciseTypes {
    const NAME: &'static str = "get_exercise_types";
    const TITLE: &'static str = "Exercises for strength workouts";
    const DESCRIPTION: &'static str = "Garmin's names of exercises, for create_workout and \
        create_strength_workout.";
    const CLASS: Class = Class::ReadLocal;
    type Args = ExerciseArgs;
    type Answer = ExerciseAnswer;

    async fn call(_: &Account, args: ExerciseArgs) -> Result<Self::Answer, ToolError> {
        let category = args.category.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let category = category
            .map(known_category)
            .transpose()
            .map_err(|problem| ToolError::argument("category", problem))?;
        let wanted = args.muscle.as_deref().map(muscle).transpose()?;
        let search = args.search.unwrap_or_default().to_lowercase();
        let words: Vec<&str> =
            search.split(|it: char| !it.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
        let found: Vec<Known> = all()
            .filter(|known| category.is_none_or(|category| known.category == category))
            .filter(|known| {
                wanted.as_deref().is_none_or(|muscle| known.muscles().contains(&muscle))
            })
            .filter(|known| {
                let name = format!("{} {}", known.category, known.exercise).to_lowercase();
                words.iter().all(|word| name.contains(word))
            })
            .collect();
        let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let start = at(args.start.map_or(0, |start| start.0));
        let limit = at(args.limit.map_or(20, |limit| limit.0));
        let total = found.len();
        let exercises: Vec<Item> = found.into_iter().skip(start).take(limit).map(item).collect();
        let has_more = start + exercises.len() < total;
        let unfiltered = category.is_none() && wanted.is_none() && words.is_empty();
        Ok(ExerciseAnswer {
            total,
            count: exercises.len(),
            start,
            has_more,
            next_start: has_more.then_some(start + limit),
            exercises,
            categories: unfiltered.then(|| categories().collect()),
        })
    }
}
