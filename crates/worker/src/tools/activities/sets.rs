//! The sets of a strength training.

use garmin::model::{ExerciseSet, ExerciseSets};
use schemars::JsonSchema;
use serde::Serialize;

use super::find::{ActivityArgs, id, part};
use crate::account::Account;
use crate::answer::Status;
use crate::error::ToolError;
use crate::tool::Tool;
use crate::tools::numbers::{hundredth, tenth, word};

/// `get_activity_exercise_sets`
pub(super) struct Sets;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SetsAnswer {
    /// `no_data` when the activity has no sets.
    status: Status,
    activity_id: i64,
    #[serde(flatten)]
    work: Work,
}

/// What was lifted, set by set. Rests stand with the set before them.
#[derive(Debug, Default, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
pub(super) struct Work {
    set_count: usize,
    total_reps: Option<i64>,
    /// Weight times repetitions, over the sets that have both.
    total_volume_kg: Option<f64>,
    total_active_s: Option<f64>,
    total_rest_s: Option<f64>,
    sets: Vec<Set>,
}

impl Work {
    pub(super) fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(inline)]
struct Set {
    index: usize,
    /// `active`, or `rest` for one with nothing before it.
    r#type: String,
    category: Option<String>,
    exercise: Option<String>,
    /// How sure Garmin is of the exercise, where it is not.
    probability_pct: Option<f64>,
    reps: Option<i64>,
    weight_kg: Option<f64>,
    duration_s: Option<f64>,
    rest_s: Option<f64>,
}

fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.flatten().reduce(|sum, value| sum + value).map(tenth)
}

fn is_rest(set: &ExerciseSet) -> bool {
    set.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("REST"))
}

/// Grams, and below zero for "not told".
fn kilograms(grams: f64) -> Option<f64> {
    (grams >= 0.0).then(|| hundredth(grams / 1000.0))
}

pub(super) fn work(found: ExerciseSets) -> Work {
    let mut sets: Vec<Set> = Vec::new();
    for set in found.sets.into_iter().flatten() {
        let duration = set.duration_s.filter(|secs| *secs >= 0.0).map(tenth);
        if is_rest(&set)
            && let Some(last) = sets.last_mut().filter(|last| last.r#type != "rest")
        {
            last.rest_s = sum([last.rest_s, duration].into_iter());
            continue;
        }
        let best = set.likeliest();
        let sure = |odds: &f64| (0.0..100.0).contains(odds);
        sets.push(Set {
            index: sets.len() + 1,
            r#type: set.kind.as_deref().map_or_else(|| "active".to_owned(), word),
            category: best.and_then(|best| best.category.clone()),
            exercise: best.and_then(|best| best.name.clone()),
            probability_pct: best.and_then(|best| best.probability_pct).filter(sure).map(tenth),
            reps: set.repetitions.filter(|reps| *reps >= 0),
            weight_kg: set.weight_g.and_then(kilograms),
            duration_s: duration,
            rest_s: None,
        });
    }
    let active = || sets.iter().filter(|set| set.r#type != "rest");
    let volume = |set: &Set| {
        #[expect(clippy::cast_precision_loss, reason = "nobody repeats 2^53 times")]
        let reps = set.reps? as f64;
        Some(set.weight_kg? * reps)
    };
    Work {
        set_count: active().count(),
        total_reps: active().filter_map(|set| set.reps).reduce(|sum, reps| sum + reps),
        total_volume_kg: sum(active().map(volume)),
        total_active_s: sum(active().map(|set| set.duration_s)),
        total_rest_s: sum(sets.iter().map(|set| match set.r#type.as_str() {
            "rest" => set.duration_s,
            _ => set.rest_s,
        })),
        sets,
    }
}

impl Tool for Sets {
    const NAME: &'static str = "get_activity_exercise_sets";
    const TITLE: &'static str = "Sets of a strength training";
    const DESCRIPTION: &'static str = "Exercises, repetitions, weights and rests of a strength \
        training, set by set, with totals.";
    type Args = ActivityArgs;
    type Answer = SetsAnswer;

    async fn call(account: &Account, args: ActivityArgs) -> Result<Self::Answer, ToolError> {
        let number = id(args.activity_id)?;
        let found = account.garmin()?.activity_exercise_sets(number).await;
        let work = part(account, args.activity_id, found).await?.map(work).unwrap_or_default();
        let status = if work.is_empty() { Status::NoData } else { Status::Ok };
        Ok(SetsAnswer { status, activity_id: number.number(), work })
    }
}

#[cfg(test)]
mod tests {
    use garmin::model::ExerciseCandidate;

    use super::*;

    fn set(kind: &str, secs: f64, reps: Option<i64>, weight_g: Option<f64>) -> ExerciseSet {
        ExerciseSet {
            kind: Some(kind.to_owned()),
            duration_s: Some(secs),
            repetitions: reps,
            weight_g,
            ..ExerciseSet::default()
        }
    }

    #[test]
    fn rests_stand_with_the_set_before_them_and_totals_add_up() {
        let mut first = set("ACTIVE", 42.0, Some(10), Some(60_000.0));
        first.candidates = Some(vec![ExerciseCandidate {
            category: Some("BENCH_PRESS".into()),
            name: Some("BARBELL_BENCH_PRESS".into()),
            probability_pct: Some(100.0),
        }]);
        let sets = vec![
            set("REST", 5.0, None, None),
            first,
            set("REST", 90.0, None, None),
            set("ACTIVE", 40.0, Some(0), Some(0.0)),
            set("ACTIVE", 30.0, Some(12), Some(-1.0)),
            set("REST", 60.0, None, None),
        ];
        let work = work(ExerciseSets { id: None, sets: Some(sets) });
        assert_eq!((work.set_count, work.sets.len()), (3, 4));
        assert_eq!(work.sets[0].r#type, "rest");
        assert_eq!(work.sets[1].exercise.as_deref(), Some("BARBELL_BENCH_PRESS"));
        assert_eq!((work.sets[1].weight_kg, work.sets[1].rest_s), (Some(60.0), Some(90.0)));
        assert_eq!(work.sets[1].probability_pct, None);
        assert_eq!((work.sets[2].reps, work.sets[2].weight_kg), (Some(0), Some(0.0)));
        assert_eq!(work.sets[3].weight_kg, None);
        assert_eq!((work.total_reps, work.total_volume_kg), (Some(22), Some(600.0)));
        assert_eq!((work.total_active_s, work.total_rest_s), (Some(112.0), Some(155.0)));
    }

    #[test]
    fn an_activity_without_sets_has_no_totals() {
        let work = work(ExerciseSets::default());
        assert_eq!(work, Work::default());
        assert!(work.is_empty());
    }
}
