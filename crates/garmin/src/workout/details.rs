//! What a step has beside its end and target: a second target, a stroke, an exercise, sets.

use serde_json::{Map, Value};

use super::exercises;
use super::form::{End, Exercise, Node, Repeat, Step};
use super::ids::{Drill, Equipment, Sport, StepKind, Stroke, plain, words};
use super::parse::{DEEPEST, LONGEST_NOTE};
use super::reader::{Matched, Reader, at, given, shown};
use super::targets::Steer;

impl Reader<'_> {
    pub(super) fn secondary(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        sport: Sport,
        step: &mut Step,
    ) {
        let Some(value) = given(object, "secondary") else { return };
        let path = at(path, "secondary");
        if sport == Sport::Swimming {
            self.problem(&path, "swim steps have one target");
            return;
        }
        let Some(steer) = self.steer(value, &path, sport) else { return };
        let Steer::By(secondary) = steer else {
            if let Steer::Rpe(_) = steer {
                self.problem(&path, "`rpe` belongs to the step itself");
            }
            return;
        };
        match step.target {
            None => self.problem(&path, "not without a `target`; make it the `target`"),
            Some(target) if target.about() == secondary.about() => {
                self.problem(&path, format!("is about {} as `target` is", secondary.about()));
            }
            Some(_) => step.secondary = Some(secondary),
        }
    }

    pub(super) fn swim(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        sport: Sport,
        step: &mut Step,
    ) {
        let of_swims = ["stroke", "drill", "equipment"];
        if sport != Sport::Swimming {
            for key in of_swims.iter().filter(|key| given(object, key).is_some()) {
                self.problem(&at(path, key), "only for the sport `swimming`");
            }
            return;
        }
        if let Some(value) = given(object, "stroke") {
            step.stroke = value.as_str().and_then(Stroke::by_word);
            if step.stroke.is_none() {
                let allowed = words(Stroke::ALL, Stroke::key);
                self.problem(&at(path, "stroke"), format!("allowed are {allowed}"));
            }
        }
        if let Some(value) = given(object, "drill") {
            step.drill = value.as_str().and_then(|word| Drill::by_key(&plain(word)));
            if step.drill.is_none() {
                let allowed = words(Drill::ALL, Drill::key);
                self.problem(&at(path, "drill"), format!("allowed are {allowed}"));
            }
        }
        if let Some(value) = given(object, "equipment") {
            let path = at(path, "equipment");
            let items = match value {
                Value::Array(items) => items.as_slice(),
                one => std::slice::from_ref(one),
            };
            if items.len() > 1 {
                self.problem(&path, "Garmin keeps one piece of equipment for a step");
            }
            for item in items {
                step.equipment = item.as_str().and_then(Equipment::by_word);
                if step.equipment.is_none() {
                    let allowed = words(Equipment::ALL, Equipment::key);
                    self.problem(&path, format!("allowed are {allowed}"));
                }
            }
        }
    }

    pub(super) fn exercise(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        sport: Sport,
        step: &mut Step,
    ) {
        if let Some(weight) = given(object, "weight_kg") {
            step.weight_kg = self.number(weight, &at(path, "weight_kg"), 0.0, 1_000.0, "kg");
        }
        let named = given(object, "exercise")
            .map(|value| ("exercise", value))
            .or_else(|| given(object, "name").map(|value| ("name", value)));
        let category =
            given(object, "category").and_then(|value| self.text(value, &at(path, "category"), 60));
        if !has_exercises(sport) {
            self.without_exercise(object, path, step);
            return;
        }
        let (key, name) = match named {
            Some((key, value)) => (key, self.text(value, &at(path, key), 120)),
            None => ("category", None),
        };
        let path = at(path, key);
        if name.is_none() && category.is_none() {
            let must = matches!(step.end, End::Reps(_))
                || (sport == Sport::Strength
                    && matches!(step.kind, StepKind::Interval | StepKind::Main));
            if step.weight_kg.is_some() {
                self.problem(
                    path.trim_end_matches("category").trim_end_matches('.'),
                    "has a `weight_kg` but no exercise",
                );
            }
            if must && named.is_none() {
                self.problem(
                    &at(path.trim_end_matches("category").trim_end_matches('.'), "exercise"),
                    "required here: without it the watch asks to choose an exercise",
                );
            }
            return;
        }
        let given_name = name.as_deref().or(category.as_deref()).unwrap_or_default();
        let found = match (&category, &name) {
            // Poses and moves have a vocabulary of their own; what is in Garmin's form is taken.
            (Some(category), name) if has_own_vocabulary(sport) && is_key(category) => Ok((
                Exercise {
                    category: category.clone(),
                    name: name.clone().filter(|name| is_key(name)),
                },
                "as given",
            )),
            _ => exercises::find(name.as_deref(), category.as_deref()),
        };
        match found {
            Ok((exercise, how)) => {
                if exercise.name.is_none() && name.is_some() && step.note.is_none() {
                    step.note.clone_from(&name);
                }
                self.matched.push(Matched {
                    path,
                    given: shown(given_name),
                    category: exercise.category.clone(),
                    exercise: exercise.name.clone(),
                    how,
                });
                step.exercise = Some(exercise);
            }
            Err(problem) => self.problem(&path, problem),
        }
    }

    /// A step of a run has a name at most, which is a note.
    fn without_exercise(&mut self, object: &Map<String, Value>, path: &str, step: &mut Step) {
        for key in ["exercise", "category", "weight_kg", "reps"] {
            if given(object, key).is_some() {
                self.problem(&at(path, key), "not for this sport; it has no exercises");
            }
        }
        let name =
            given(object, "name").and_then(|name| self.text(name, &at(path, "name"), LONGEST_NOTE));
        if step.note.is_none() {
            step.note = name;
        }
    }

    /// `sets` and `rest_s` are short for a repeat of the step and a rest.
    pub(super) fn sets(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        depth: usize,
        step: Step,
    ) -> Option<Vec<Node>> {
        let sets = match given(object, "sets") {
            Some(sets) => self.whole(sets, &at(path, "sets"), 1, 99)?,
            None => 1,
        };
        let rest = match given(object, "rest_s") {
            Some(rest) => self.number(rest, &at(path, "rest_s"), 0.0, 3_600.0, "seconds")?,
            None => 0.0,
        };
        if sets > 1 && depth == DEEPEST {
            self.problem(&at(path, "sets"), "is a repeat, which may not be nested this deep");
            return None;
        }
        let mut nodes = vec![Node::Step(Box::new(step))];
        if rest > 0.0 {
            nodes.push(Node::Step(Box::new(Step::new(StepKind::Rest, End::TimeS(rest)))));
        }
        if sets > 1 {
            let repeat = Repeat { times: sets, skip_last_recovery: false, steps: nodes };
            return Some(vec![Node::Repeat(repeat)]);
        }
        Some(nodes)
    }
}

/// Whether steps of a sport can be exercises.
fn has_exercises(sport: Sport) -> bool {
    match sport {
        Sport::Running | Sport::Cycling | Sport::Swimming | Sport::Walking | Sport::Rucking => {
            false
        }
        Sport::Other
        | Sport::Strength
        | Sport::Cardio
        | Sport::Yoga
        | Sport::Pilates
        | Sport::Hiit
        | Sport::Multisport
        | Sport::Mobility => true,
    }
}

fn has_own_vocabulary(sport: Sport) -> bool {
    matches!(sport, Sport::Yoga | Sport::Pilates | Sport::Mobility)
}

fn is_key(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
