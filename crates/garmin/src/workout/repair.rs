//! Garmin's own JSON as others write it: what can only mean one thing is put right and said,
//! the rest is refused with all its problems at once.

use serde_json::{Map, Value, json};

use super::decompile::{decompile, named, number, text, whole};
use super::estimate::estimate;
use super::exercises;
use super::form::Athlete;
use super::ids::{Condition, Dictionary, Drill, Equipment, Sport, StepKind, Stroke, words};
use super::reader::{Problem, Reader, at, kind, shown};
use super::repair_targets::{PRIMARY, SECONDARY};

/// A workout that can be sent, and what was changed in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Repaired {
    pub workout: Value,
    pub repairs: Vec<String>,
}

/// What Garmin gives and does not want to be told.
const GARMINS_OWN: [&str; 11] = [
    "workoutId",
    "ownerId",
    "createdDate",
    "updatedDate",
    "updateDate",
    "author",
    "uploadTimestamp",
    "shared",
    "sharedWithUsers",
    "stepId",
    "workoutUuid",
];
const MOST_STEPS: usize = 250;
const DEEPEST: usize = 4;
/// No weight in kilograms is heavier, and none in grams lighter.
const HEAVIEST_KG: f64 = 400.0;
/// Reads Garmin's JSON as others write it.
pub fn repair(workout: &Value) -> Result<Repaired, Vec<Problem>> {
    let nobody = Athlete::default();
    let mut repairing =
        Repairing { reader: Reader::new(&nobody), repairs: Vec::new(), order: 0, disorder: false };
    let mut workout = workout.clone();
    match workout.as_object_mut() {
        Some(fields) => repairing.workout(fields),
        None => repairing.reader.problem("", format!("must be an object, not {}", kind(&workout))),
    }
    if !repairing.reader.problems.is_empty() {
        return Err(repairing.reader.problems);
    }
    if number(workout.get("estimatedDurationInSecs")).is_none()
        && let Some(read) = decompile(&workout)
    {
        let seconds = estimate(&read.form).seconds.round();
        workout["estimatedDurationInSecs"] = json!(seconds);
    }
    Ok(Repaired { workout, repairs: repairing.repairs })
}

pub(super) struct Repairing<'a> {
    reader: Reader<'a>,
    repairs: Vec<String>,
    order: u32,
    disorder: bool,
}

impl Repairing<'_> {
    pub(super) fn problem(&mut self, path: &str, problem: impl Into<String>) {
        self.reader.problem(path, problem);
    }

    pub(super) fn said(&mut self, path: &str, what: impl AsRef<str>) {
        self.repairs.push(format!("{path}: {}", what.as_ref()));
    }

    fn workout(&mut self, fields: &mut Map<String, Value>) {
        fields.retain(|key, _| !GARMINS_OWN.contains(&key.as_str()));
        if text(fields.get("workoutName")).is_none() {
            self.problem("workoutName", "required: a text that is not empty");
        }
        let sport: Option<Sport> = self.name(fields, "sportType", "", Sport::by_word);
        if !fields.contains_key("workoutSegments")
            && let Some(steps) = fields.remove("workoutSteps")
        {
            self.said("workoutSteps", "put into a segment");
            fields.insert("workoutSegments".into(), json!([{ "workoutSteps": steps }]));
        }
        let Some(Value::Array(segments)) = fields.get_mut("workoutSegments") else {
            self.problem("workoutSegments", "required: a list of segments with `workoutSteps`");
            return;
        };
        if segments.is_empty() {
            self.problem("workoutSegments", "must have at least one segment");
        }
        for (index, segment) in segments.iter_mut().enumerate() {
            let path = format!("workoutSegments[{index}]");
            let Value::Object(segment) = segment else {
                self.problem(&path, format!("must be an object, not {}", kind(segment)));
                continue;
            };
            self.segment(segment, &path, index, sport);
        }
        if self.disorder {
            self.said("stepOrder", "numbered anew through the whole workout");
        }
    }

    fn segment(
        &mut self,
        fields: &mut Map<String, Value>,
        path: &str,
        index: usize,
        of_workout: Option<Sport>,
    ) {
        fields.insert("segmentOrder".into(), json!(index + 1));
        if fields.get("sportType").is_none_or(Value::is_null)
            && let Some(sport) = of_workout
        {
            fields.insert("sportType".into(), sport.json());
        }
        let sport = self.name(fields, "sportType", path, Sport::by_word).or(of_workout);
        self.steps(fields, path, sport.unwrap_or(Sport::Other), 0);
    }

    fn steps(&mut self, fields: &mut Map<String, Value>, path: &str, sport: Sport, depth: usize) {
        let path = at(path, "workoutSteps");
        let Some(Value::Array(steps)) = fields.get_mut("workoutSteps") else {
            self.problem(&path, "required: a list of steps");
            return;
        };
        if steps.is_empty() {
            self.problem(&path, "must have at least one step");
        }
        for (index, step) in steps.iter_mut().enumerate() {
            let path = format!("{path}[{index}]");
            self.reader.steps += 1;
            if self.reader.steps > MOST_STEPS {
                self.problem(&path, format!("a workout has at most {MOST_STEPS} steps"));
                return;
            }
            let Value::Object(step) = step else {
                self.problem(&path, format!("must be an object, not {}", kind(step)));
                continue;
            };
            step.remove("stepId");
            self.order += 1;
            let order = whole(step.get("stepOrder"));
            // Counting anew inside a group is accepted; a number twice in one list is not.
            self.disorder |=
                order.is_some_and(|order| order != i64::from(self.order) && depth == 0);
            step.insert("stepOrder".into(), json!(self.order));
            if step.get("workoutSteps").is_some_and(Value::is_array) {
                self.group(step, &path, sport, depth);
            } else {
                self.step(step, &path, sport);
            }
        }
    }

    fn kind_of(&mut self, fields: &mut Map<String, Value>, path: &str, right: &str) {
        match fields.get("type").and_then(Value::as_str) {
            Some(word) if word == right => {}
            None => {
                fields.insert("type".into(), json!(right));
            }
            Some(word) => {
                let word = shown(word);
                self.said(&at(path, "type"), format!("`{word}` became `{right}`"));
                fields.insert("type".into(), json!(right));
            }
        }
    }

    fn group(&mut self, fields: &mut Map<String, Value>, path: &str, sport: Sport, depth: usize) {
        self.kind_of(fields, path, "RepeatGroupDTO");
        fields.insert("stepType".into(), StepKind::Repeat.json());
        if depth == DEEPEST {
            self.problem(path, "groups are nested too deep");
            return;
        }
        let times = whole(fields.get("numberOfIterations"))
            .or_else(|| whole(fields.get("endConditionValue")))
            .filter(|times| (1..=99).contains(times));
        let Some(times) = times else {
            self.problem(&at(path, "numberOfIterations"), "required: a whole number from 1 to 99");
            self.steps(fields, path, sport, depth + 1);
            return;
        };
        let condition: Option<Condition> = named(fields.get("endCondition"));
        if condition != Some(Condition::Iterations) {
            self.said(&at(path, "endCondition"), "set to `iterations`, which groups need");
        }
        let mut condition = Condition::Iterations.json();
        condition["displayable"] = json!(false);
        fields.insert("endCondition".into(), condition);
        #[expect(clippy::cast_precision_loss, reason = "99 at most")]
        fields.insert("endConditionValue".into(), json!(times as f64));
        fields.insert("numberOfIterations".into(), json!(times));
        fields.entry("smartRepeat").or_insert(json!(false));
        self.steps(fields, path, sport, depth + 1);
    }

    fn step(&mut self, fields: &mut Map<String, Value>, path: &str, sport: Sport) {
        self.kind_of(fields, path, "ExecutableStepDTO");
        let step_kind: Option<StepKind> =
            self.name(fields, "stepType", path, |word| match word.to_ascii_lowercase().as_str() {
                "active" | "work" => Some(StepKind::Interval),
                "recover" => Some(StepKind::Recovery),
                _ => None,
            });
        self.lift(fields, path);
        self.end(fields, path, step_kind);
        self.target(fields, path, PRIMARY, sport);
        if fields.get(SECONDARY[0]).is_some_and(|it| !it.is_null()) {
            self.target(fields, path, SECONDARY, sport);
        }
        for key in ["strokeType", "equipmentType", "drillType"] {
            let (id, _) = match key {
                "strokeType" => Stroke::KEYS,
                "equipmentType" => Equipment::KEYS,
                _ => Drill::KEYS,
            };
            let none = fields
                .get(key)
                .is_none_or(|value| value.is_null() || whole(value.get(id)) == Some(0));
            if none {
                continue;
            }
            match key {
                "strokeType" => {
                    self.name(fields, key, path, Stroke::by_word);
                }
                "equipmentType" => {
                    self.name(fields, key, path, Equipment::by_word);
                }
                _ => {
                    self.name::<Drill>(fields, key, path, |_| None);
                }
            }
        }
        self.exercise(fields, path, sport);
        self.weight(fields, path);
    }

    /// Makes number and word of a small object agree. The word is what was meant: numbers are
    /// what people get wrong.
    pub(super) fn name<T: Dictionary>(
        &mut self,
        fields: &mut Map<String, Value>,
        key: &str,
        path: &str,
        other_words: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let path = at(path, key);
        let (id_key, word_key) = T::KEYS;
        let every = || words(T::EVERY, T::word);
        let Some(Value::Object(object)) = fields.get_mut(key) else {
            self.problem(&path, format!("required: an object with `{id_key}` and `{word_key}`"));
            return None;
        };
        let id = whole(object.get(id_key));
        let by_id = T::EVERY.iter().copied().find(|one| Some(one.number()) == id);
        let word = text(object.get(word_key));
        let by_word = word.as_deref().and_then(|word| {
            let same = T::EVERY.iter().copied().find(|one| one.word() == word);
            same.or_else(|| other_words(word))
        });
        let (found, repair) = match (by_id, by_word) {
            (Some(one), Some(other)) if one == other => (Some(one), None),
            (Some(one), Some(other)) => (
                Some(other),
                Some(format!(
                    "number {} means `{}`; set to {}, which is `{}`",
                    one.number(),
                    one.word(),
                    other.number(),
                    other.word()
                )),
            ),
            (None, Some(other)) => {
                let wrong = id.map(|id| {
                    format!(
                        "number {id} means nothing; set to {}, which is `{}`",
                        other.number(),
                        other.word()
                    )
                });
                (Some(other), wrong)
            }
            (Some(one), None) if word.is_none() => (Some(one), None),
            (Some(_) | None, None) => (None, None),
        };
        let Some(found) = found else {
            self.problem(&path, format!("means nothing to Garmin; allowed are {}", every()));
            return None;
        };
        if word.as_deref().is_some_and(|word| word != found.word()) && repair.is_none() {
            let word = shown(word.as_deref().unwrap_or_default());
            self.repairs.push(format!("{path}: `{word}` became `{}`", found.word()));
        }
        self.repairs.extend(repair.map(|repair| format!("{path}: {repair}")));
        object.insert(id_key.into(), json!(found.number()));
        object.insert(word_key.into(), json!(found.word()));
        Some(found)
    }

    fn exercise(&mut self, fields: &mut Map<String, Value>, path: &str, sport: Sport) {
        let category = text(fields.get("category"));
        let name = text(fields.get("exerciseName"));
        if category.is_some() {
            return;
        }
        let strength = sport == Sport::Strength;
        let by_reps = named(fields.get("endCondition")) == Some(Condition::Reps);
        let rests =
            matches!(named(fields.get("stepType")), Some(StepKind::Rest | StepKind::Recovery));
        if name.is_none() && !(strength && by_reps && !rests) {
            return;
        }
        let path = at(path, "category");
        let given = name.or_else(|| text(fields.get("description")));
        let Some(given) = given else {
            self.problem(&path, "required with `exerciseName`: else the watch asks for it");
            return;
        };
        match exercises::find(Some(&given), None) {
            Ok((exercise, how)) => {
                let found = exercise.name.as_deref().unwrap_or("any of the category");
                self.said(
                    &path,
                    format!("`{}` found as {}/{found} ({how})", shown(&given), exercise.category),
                );
                fields.insert("category".into(), json!(exercise.category));
                match exercise.name {
                    Some(name) => fields.insert("exerciseName".into(), json!(name)),
                    None => fields.remove("exerciseName"),
                };
            }
            Err(problem) => self.problem(&path, problem),
        }
    }

    /// Garmin keeps grams under a unit called kilogram.
    fn weight(&mut self, fields: &mut Map<String, Value>, path: &str) {
        let Some(weight) = number(fields.get("weightValue")).filter(|weight| *weight > 0.0) else {
            return;
        };
        let unit = fields.get("weightUnit").and_then(|unit| unit.get("unitKey"));
        let pounds = unit.and_then(Value::as_str) == Some("pound");
        if weight <= HEAVIEST_KG && !pounds {
            self.said(
                &at(path, "weightValue"),
                format!(
                    "{weight} kg written as Garmin keeps it, \
                {} g",
                    weight * 1_000.0
                ),
            );
            fields.insert("weightValue".into(), json!(weight * 1_000.0));
        }
        if fields.get("weightUnit").is_none_or(Value::is_null) {
            let unit = json!({ "unitId": 8, "unitKey": "kilogram", "factor": 1_000.0 });
            fields.insert("weightUnit".into(), unit);
        }
    }
}
