//! The exercises Garmin knows, and finding the one a person means.
//!
//! Without category and name in Garmin's words the watch shows a nameless step and asks the
//! athlete to choose; with a wrong pair the step is refused. So a name is matched here, and how
//! is always said.

use std::collections::BTreeSet;

use super::form::Exercise;
use super::ids::plain;
use super::reader::shown;

/// One line per category: its word and the words of its exercises, as in the profile of Garmin's
/// file format, without those of yoga and pilates.
const VOCABULARY: &str = include_str!("exercises.txt");

/// What gyms call them: words, category, exercise.
const COMMON: [(&str, &str, &str); 38] = [
    ("back squat", "SQUAT", "BARBELL_BACK_SQUAT"),
    ("barbell squat", "SQUAT", "BARBELL_BACK_SQUAT"),
    ("bb squat", "SQUAT", "BARBELL_BACK_SQUAT"),
    ("front squat", "SQUAT", "BARBELL_FRONT_SQUAT"),
    ("bodyweight squat", "SQUAT", "AIR_SQUAT"),
    ("bench", "BENCH_PRESS", "BARBELL_BENCH_PRESS"),
    ("bench press", "BENCH_PRESS", "BARBELL_BENCH_PRESS"),
    ("incline bench press", "BENCH_PRESS", "INCLINE_BARBELL_BENCH_PRESS"),
    ("incline bench", "BENCH_PRESS", "INCLINE_BARBELL_BENCH_PRESS"),
    ("dumbbell press", "BENCH_PRESS", "DUMBBELL_BENCH_PRESS"),
    ("deadlift", "DEADLIFT", "BARBELL_DEADLIFT"),
    ("conventional deadlift", "DEADLIFT", "BARBELL_DEADLIFT"),
    ("rdl", "DEADLIFT", "ROMANIAN_DEADLIFT"),
    ("sumo deadlift", "DEADLIFT", "SUMO_DEADLIFT"),
    ("hip thrust", "HIP_RAISE", "BARBELL_HIP_THRUST_WITH_BENCH"),
    ("barbell hip thrust", "HIP_RAISE", "BARBELL_HIP_THRUST_WITH_BENCH"),
    ("glute bridge", "HIP_RAISE", "HIP_RAISE"),
    ("overhead press", "SHOULDER_PRESS", "OVERHEAD_BARBELL_PRESS"),
    ("ohp", "SHOULDER_PRESS", "OVERHEAD_BARBELL_PRESS"),
    ("shoulder press", "SHOULDER_PRESS", "OVERHEAD_DUMBBELL_PRESS"),
    ("dumbbell shoulder press", "SHOULDER_PRESS", "OVERHEAD_DUMBBELL_PRESS"),
    ("barbell row", "ROW", "BENT_OVER_ROW_WITH_BARBELL"),
    ("bent over row", "ROW", "BENT_OVER_ROW_WITH_BARBELL"),
    ("cable row", "ROW", "SEATED_CABLE_ROW"),
    ("seated row", "ROW", "SEATED_CABLE_ROW"),
    ("curl", "CURL", "BARBELL_BICEPS_CURL"),
    ("biceps curl", "CURL", "BARBELL_BICEPS_CURL"),
    ("dumbbell curl", "CURL", "STANDING_DUMBBELL_BICEPS_CURL"),
    ("dip", "TRICEPS_EXTENSION", "BODY_WEIGHT_DIP"),
    ("triceps dip", "TRICEPS_EXTENSION", "BODY_WEIGHT_DIP"),
    ("triceps pushdown", "TRICEPS_EXTENSION", "TRICEPS_PRESSDOWN"),
    ("calf raise", "CALF_RAISE", "STANDING_CALF_RAISE"),
    ("leg press", "SQUAT", "LEG_PRESS"),
    ("lat pulldown", "PULL_UP", "LAT_PULLDOWN"),
    ("bulgarian split squat", "LUNGE", "DUMBBELL_BULGARIAN_SPLIT_SQUAT"),
    ("farmer carry", "CARRY", "FARMERS_CARRY"),
    ("kettlebell swing", "HIP_RAISE", "KETTLEBELL_SWING"),
    ("power clean", "OLYMPIC_LIFT", "BARBELL_POWER_CLEAN"),
];

/// Categories that repeat others' names for one piece of equipment; they yield to the plain one.
const OF_EQUIPMENT: [&str; 6] =
    ["BANDED_EXERCISES", "SUSPENSION", "SANDBAG", "SLED", "WARM_UP", "BATTLE_ROPE"];

/// One exercise of the vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub category: &'static str,
    pub exercise: &'static str,
}

/// The whole vocabulary, in the order of its categories.
pub fn all() -> impl Iterator<Item = Known> {
    VOCABULARY.lines().filter_map(|line| line.split_once(':')).flat_map(|(category, names)| {
        names.split_whitespace().map(move |exercise| Known { category, exercise })
    })
}

pub fn categories() -> impl Iterator<Item = &'static str> {
    VOCABULARY.lines().filter_map(|line| line.split_once(':')).map(|(category, _)| category)
}

impl Known {
    /// As a person writes it.
    #[must_use]
    pub fn name(&self) -> String {
        in_words(self.exercise)
    }

    /// What it is done with, as far as the name says.
    #[must_use]
    pub fn equipment(&self) -> Vec<&'static str> {
        const NAMED: [(&str, &str); 16] = [
            ("BARBELL", "barbell"),
            ("DUMBBELL", "dumbbell"),
            ("DUMBELL", "dumbbell"),
            ("KETTLEBELL", "kettlebell"),
            ("CABLE", "cable"),
            ("SMITH_MACHINE", "smith machine"),
            ("SWISS_BALL", "swiss ball"),
            ("MEDICINE_BALL", "medicine ball"),
            ("BOSU_BALL", "bosu ball"),
            ("EZ_BAR", "ez bar"),
            ("BAND", "band"),
            ("BENCH", "bench"),
            ("BOX", "box"),
            ("RING", "rings"),
            ("SLIDING", "sliding discs"),
            ("WEIGHTED", "weight"),
        ];
        const OF_CATEGORY: [(&str, &str); 6] = [
            ("BANDED_EXERCISES", "band"),
            ("BATTLE_ROPE", "battle rope"),
            ("SANDBAG", "sandbag"),
            ("SLED", "sled"),
            ("SLEDGE_HAMMER", "sledge hammer"),
            ("SUSPENSION", "suspension trainer"),
        ];
        let padded = format!("_{}_", self.exercise);
        // A bench press is not done with its own name: the word counts where it is equipment.
        let named = NAMED.iter().filter(|(word, _)| {
            padded.contains(&format!("_{word}_"))
                && (*word != "BENCH" || !padded.contains("_BENCH_PRESS_"))
        });
        let of_category = OF_CATEGORY.iter().filter(|(category, _)| *category == self.category);
        let mut equipment: Vec<&str> = named.chain(of_category).map(|(_, name)| *name).collect();
        equipment.dedup();
        equipment
    }

    /// The muscles its category works most.
    #[must_use]
    pub fn muscles(&self) -> &'static [&'static str] {
        muscles(self.category)
    }
}

/// The muscles a category works most.
#[must_use]
pub fn muscles(category: &str) -> &'static [&'static str] {
    match category {
        "BENCH_PRESS" | "PUSH_UP" | "FLYE" => &["chest", "triceps", "shoulders"],
        "CALF_RAISE" => &["calves"],
        "CHOP" => &["obliques", "abs"],
        "CORE" | "CRUNCH" | "SIT_UP" | "PLANK" => &["abs", "obliques"],
        "CURL" => &["biceps", "forearms"],
        "DEADLIFT" => &["hamstrings", "glutes", "lower back"],
        "HIP_RAISE" => &["glutes", "hamstrings"],
        "HIP_STABILITY" => &["glutes", "hips"],
        "HIP_SWING" => &["glutes", "hamstrings", "lower back"],
        "HYPEREXTENSION" => &["lower back", "glutes"],
        "LATERAL_RAISE" | "SHOULDER_PRESS" | "SHOULDER_STABILITY" => &["shoulders"],
        "LEG_CURL" => &["hamstrings"],
        "LEG_RAISE" => &["abs", "hip flexors"],
        "LUNGE" | "SQUAT" => &["quads", "glutes", "hamstrings"],
        "OLYMPIC_LIFT" => &["quads", "glutes", "hamstrings", "shoulders", "traps"],
        "PULL_UP" => &["lats", "biceps"],
        "ROW" => &["lats", "upper back", "biceps"],
        "SHRUG" => &["traps"],
        "TRICEPS_EXTENSION" => &["triceps"],
        "CARRY" => &["forearms", "traps", "abs"],
        "SLEDGE_HAMMER" | "BATTLE_ROPE" => &["shoulders", "abs"],
        "PLYO" | "SLED" | "TIRE" | "STAIR_STEPPER" | "FLOOR_CLIMB" => {
            &["quads", "glutes", "calves"]
        }
        _ => &[],
    }
}

/// `BARBELL_BACK_SQUAT` as a person writes it.
fn in_words(key: &str) -> String {
    let text = key.trim_start_matches('_').replace('_', " ").to_lowercase();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The exercise a person means, and how it was understood.
///
/// `name` may be Garmin's word or a gym's; `category` narrows the search.
pub fn find(
    name: Option<&str>,
    category: Option<&str>,
) -> Result<(Exercise, &'static str), String> {
    let category = category.map(known_category).transpose()?;
    let Some(name) = name else {
        return match category {
            Some(category) => Ok((category_only(category), "category")),
            None => Err("names no exercise".to_owned()),
        };
    };
    let within: Vec<Known> =
        all().filter(|known| category.is_none_or(|category| known.category == category)).collect();
    if let Some(known) = exact(name, &within) {
        return Ok((exercise(known), "exact"));
    }
    let wanted = tokens(name);
    if wanted.is_empty() {
        return Err("names no exercise".to_owned());
    }
    let common = COMMON
        .iter()
        .filter(|(_, in_category, _)| category.is_none_or(|category| category == *in_category))
        .find(|(words, _, _)| tokens(words) == wanted);
    if let Some((_, category, exercise)) = common {
        let exercise =
            Exercise { category: (*category).to_owned(), name: Some((*exercise).to_owned()) };
        return Ok((exercise, "common name"));
    }
    let same: Vec<Known> =
        within.iter().copied().filter(|known| tokens(known.exercise) == wanted).collect();
    if let Some(known) = preferred(&same, &wanted) {
        return Ok((exercise(known), "same words"));
    }
    // Every word said, and one more that was not.
    let near: Vec<Known> = within
        .iter()
        .copied()
        .filter(|known| {
            let words = tokens(known.exercise);
            words.len() == wanted.len() + 1 && words.is_superset(&wanted)
        })
        .collect();
    if let [only] = near.as_slice() {
        return Ok((exercise(*only), "closest name"));
    }
    let of_words = categories()
        .filter(|one| category.is_none_or(|category| category == *one))
        .filter(|one| wanted.is_superset(&tokens(one)))
        .max_by_key(|one| tokens(one).len());
    match of_words.or(category) {
        Some(category) => Ok((category_only(category), "category")),
        None => Err(format!(
            "`{}` is no exercise Garmin knows; {}",
            shown(name),
            suggestions(&wanted, &within)
        )),
    }
}

fn exact(name: &str, within: &[Known]) -> Option<Known> {
    let key = plain(name).to_uppercase();
    let same: Vec<Known> = within
        .iter()
        .copied()
        .filter(|known| known.exercise.trim_start_matches('_') == key)
        .collect();
    preferred(&same, &tokens(name))
}

/// Of exercises with one name the one whose category the name says, else one that is not of some
/// equipment; none when that leaves several.
fn preferred(same: &[Known], wanted: &BTreeSet<String>) -> Option<Known> {
    if let [only] = same {
        return Some(*only);
    }
    let said: Vec<&Known> =
        same.iter().filter(|known| wanted.is_superset(&tokens(known.category))).collect();
    if let [only] = said.as_slice() {
        return Some(**only);
    }
    let plain: Vec<&Known> =
        same.iter().filter(|known| !OF_EQUIPMENT.contains(&known.category)).collect();
    plain.first().map(|known| **known)
}

fn exercise(known: Known) -> Exercise {
    Exercise { category: known.category.to_owned(), name: Some(known.exercise.to_owned()) }
}

fn category_only(category: &str) -> Exercise {
    Exercise { category: category.to_owned(), name: None }
}

/// A category by its word.
pub fn known_category(text: &str) -> Result<&'static str, String> {
    let key = plain(text).to_uppercase();
    let found = categories().find(|category| {
        *category == key || key.strip_suffix('S').is_some_and(|key| key == *category)
    });
    found.ok_or_else(|| {
        let all: Vec<&str> = categories().collect();
        format!("`{}` is no category of exercises; allowed are {}", shown(text), all.join(", "))
    })
}

/// The words of a name without their order, number and the usual abbreviations.
fn tokens(name: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for word in plain(name).split('_') {
        let expanded: &[&str] = match word {
            "" | "with" | "the" | "on" | "and" | "a" | "of" => &[],
            "db" | "dbs" | "dumbell" | "dumbbells" | "dumbells" => &["dumbbell"],
            "bb" => &["barbell"],
            "kb" | "kettlebells" => &["kettlebell"],
            "pullup" | "pullups" => &["pull", "up"],
            "pushup" | "pushups" | "pressup" | "pressups" => &["push", "up"],
            "chinup" | "chinups" => &["chin", "up"],
            "situp" | "situps" => &["sit", "up"],
            "pulldown" | "pulldowns" => &["pulldown"],
            "deadlifts" => &["deadlift"],
            "rdl" | "rdls" => &["rdl"],
            "tricep" | "triceps" => &["triceps"],
            "bicep" | "biceps" => &["biceps"],
            "bodyweight" => &["body", "weight"],
            "farmers" | "farmer" => &["farmer"],
            "1" => &["single"],
            other => {
                words.insert(singular(other).to_owned());
                &[]
            }
        };
        words.extend(expanded.iter().map(|word| (*word).to_owned()));
    }
    words
}

fn singular(word: &str) -> &str {
    match word.strip_suffix('s') {
        Some(stem) if stem.len() > 1 && !stem.ends_with(['s', 'u', 'i']) => stem,
        Some(_) | None => word,
    }
}

fn suggestions(wanted: &BTreeSet<String>, within: &[Known]) -> String {
    let mut scored: Vec<(usize, usize, Known)> = within
        .iter()
        .map(|known| {
            let words = tokens(known.exercise);
            (words.intersection(wanted).count(), words.len(), *known)
        })
        .filter(|(shared, _, _)| *shared > 0)
        .collect();
    scored.sort_by_key(|(shared, length, _)| (std::cmp::Reverse(*shared), *length));
    let names: Vec<String> = scored
        .iter()
        .take(3)
        .map(|(_, _, known)| format!("{}/{}", known.category, known.exercise))
        .collect();
    if names.is_empty() {
        "`get_exercise_types` lists them all".to_owned()
    } else {
        format!("close are {}; `get_exercise_types` lists them all", names.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str) -> (String, &'static str) {
        let (exercise, how) = find(Some(name), None).unwrap_or_else(|error| panic!("{error}"));
        let name = exercise.name.as_deref().unwrap_or("-").to_owned();
        (format!("{}/{name}", exercise.category), how)
    }

    #[test]
    fn the_vocabulary_is_whole_and_in_garmins_words() {
        assert_eq!(categories().count(), 47);
        assert!(all().count() > 1_500);
        for known in all() {
            let plain = |text: &str| {
                text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            };
            assert!(plain(known.category) && plain(known.exercise), "{known:?}");
            assert!(!known.exercise.starts_with(|letter: char| letter.is_ascii_digit()));
        }
        for (words, category, exercise) in COMMON {
            assert!(
                all().any(|known| known.category == category && known.exercise == exercise),
                "{words}: {category}/{exercise}"
            );
        }
    }

    #[test]
    fn issue_273_names_people_use_become_garmins() {
        for (name, expected, how) in [
            ("BARBELL_BENCH_PRESS", "BENCH_PRESS/BARBELL_BENCH_PRESS", "exact"),
            ("barbell bench press", "BENCH_PRESS/BARBELL_BENCH_PRESS", "exact"),
            ("Bench Press", "BENCH_PRESS/BARBELL_BENCH_PRESS", "common name"),
            ("Goblet squats", "SQUAT/GOBLET_SQUAT", "same words"),
            ("squat", "SQUAT/SQUAT", "exact"),
            ("Pull-ups", "PULL_UP/PULL_UP", "same words"),
            ("pullup", "PULL_UP/PULL_UP", "same words"),
            ("Plank", "PLANK/PLANK", "exact"),
            ("Push-up", "PUSH_UP/PUSH_UP", "exact"),
            ("RDL", "DEADLIFT/ROMANIAN_DEADLIFT", "common name"),
            ("Romanian deadlift", "DEADLIFT/ROMANIAN_DEADLIFT", "exact"),
            ("DB bench press", "BENCH_PRESS/DUMBBELL_BENCH_PRESS", "same words"),
            ("45 degree plank", "PLANK/_45_DEGREE_PLANK", "exact"),
            ("Zercher pause squat", "SQUAT/-", "category"),
            ("lat pulldown", "PULL_UP/LAT_PULLDOWN", "exact"),
        ] {
            assert_eq!(found(name), (expected.to_owned(), how), "{name}");
        }
    }

    #[test]
    fn a_category_narrows_and_stands_alone() {
        let (exercise, how) = find(None, Some("bench press")).unwrap();
        assert_eq!(
            (exercise.category.as_str(), exercise.name, how),
            ("BENCH_PRESS", None, "category")
        );
        let (exercise, _) = find(Some("row"), Some("SUSPENSION")).unwrap();
        assert_eq!(exercise.category, "SUSPENSION");
        assert!(find(None, Some("dancing")).unwrap_err().contains("BENCH_PRESS"));
    }

    #[test]
    fn an_unknown_name_is_refused_with_what_is_close() {
        let problem = find(Some("Turkish delight"), None).unwrap_err();
        assert!(problem.contains("no exercise") && problem.contains("get_exercise_types"));
        assert!(find(Some("!!!"), None).is_err());
    }

    #[test]
    fn equipment_and_muscles_are_told() {
        let known = |exercise: &str| all().find(|known| known.exercise == exercise).unwrap();
        assert_eq!(known("BARBELL_BENCH_PRESS").equipment(), ["barbell"]);
        assert_eq!(known("BARBELL_HIP_THRUST_WITH_BENCH").equipment(), ["barbell", "bench"]);
        assert_eq!(known("BARBELL_BACK_SQUAT").muscles()[0], "quads");
        assert_eq!(known("_45_DEGREE_PLANK").name(), "45 degree plank");
    }
}
