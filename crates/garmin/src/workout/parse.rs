//! JSON to form: everything that is wrong is said at once.

use serde_json::{Map, Value};

use super::form::{Athlete, End, Form, Leg, Node, Pool, PoolUnit, Repeat, Step};
use super::ids::{Sport, StepKind, plain, words};
use super::reader::{Matched, Problem, Reader, Resolved, at, given};
use super::targets::{ENDS, Steer, said};

/// Garmin's own editor stops long before.
const MOST_STEPS: usize = 250;
/// A repeat inside a repeat is as deep as watches go.
pub(super) const DEEPEST: usize = 2;
const LONGEST_TITLE: usize = 255;
/// Watches cut longer names.
const SHOWN_TITLE: usize = 32;
pub(super) const LONGEST_NOTE: usize = 512;
const LONGEST_DESCRIPTION: usize = 1_024;
const MOST_LEGS: usize = 25;

/// A form that can be sent, and what was noticed while reading it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    pub form: Form,
    pub warnings: Vec<String>,
    pub resolved: Vec<Resolved>,
    pub matched: Vec<Matched>,
}

/// Reads a form; shares of thresholds are counted from the athlete's.
pub fn parse(value: &Value, athlete: &Athlete) -> Result<Parsed, Vec<Problem>> {
    let mut reader = Reader::new(athlete);
    let form = reader.form(value);
    match form {
        Some(form) if reader.problems.is_empty() => Ok(Parsed {
            form,
            warnings: reader.warnings,
            resolved: reader.resolved,
            matched: reader.matched,
        }),
        _ => {
            if reader.problems.is_empty() {
                reader.problem("", "not a workout");
            }
            Err(reader.problems)
        }
    }
}

/// Whether a form counts from the athlete's thresholds, so that they must be known.
#[must_use]
pub fn needs_thresholds(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| {
            matches!(key.as_str(), "hr_pct_max" | "hr_pct_lthr" | "power_pct_ftp")
                || needs_thresholds(value)
        }),
        Value::Array(items) => items.iter().any(needs_thresholds),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

impl Reader<'_> {
    fn form(&mut self, value: &Value) -> Option<Form> {
        let object = self.object(value, "")?;
        self.only(
            object,
            &["title", "name", "sport", "description", "pool", "steps", "segments"],
            "",
        );
        let title = self.title(object);
        let description = given(object, "description")
            .and_then(|text| self.text(text, "description", LONGEST_DESCRIPTION));
        let sport = self.sport(object, "");
        let legs = match (sport, given(object, "segments")) {
            (Some(Sport::Multisport), segments) => {
                if given(object, "steps").is_some() {
                    self.problem("steps", "not for `multisport`; allowed are `segments`");
                }
                if given(object, "pool").is_some() {
                    self.problem("pool", "not for `multisport`; allowed in a swimming segment");
                }
                self.legs(segments)
            }
            (sport, Some(_)) => {
                self.problem("segments", "only for the sport `multisport`; else use `steps`");
                // What else is wrong is still said.
                let _ = sport.map(|sport| self.leg(object, sport, ""));
                None
            }
            (sport, None) => {
                // An unknown sport is said once; the steps are read as if it were any.
                let leg = self.leg(object, sport.unwrap_or(Sport::Other), "");
                leg.map(|leg| vec![leg])
            }
        };
        Some(Form { title: title?, description, sport: sport?, legs: legs? })
    }

    fn title(&mut self, object: &Map<String, Value>) -> Option<String> {
        let (key, value) = match (given(object, "title"), given(object, "name")) {
            (Some(title), _) => ("title", title),
            (None, Some(name)) => ("name", name),
            (None, None) => {
                self.problem("title", "required, and was left out");
                return None;
            }
        };
        let before = self.problems.len();
        let title = self.text(value, key, LONGEST_TITLE);
        if title.is_none() && self.problems.len() == before {
            self.problem(key, "must not be empty");
        }
        if let Some(title) = &title
            && title.chars().count() > SHOWN_TITLE
        {
            self.warnings.push(format!(
                "{key}: longer than {SHOWN_TITLE} characters, which some watches cut"
            ));
        }
        title
    }

    fn sport(&mut self, object: &Map<String, Value>, path: &str) -> Option<Sport> {
        let path = at(path, "sport");
        let Some(value) = given(object, "sport") else {
            self.problem(&path, "required, and was left out");
            return None;
        };
        let sport = value.as_str().and_then(Sport::by_word);
        if sport.is_none() {
            self.problem(
                &path,
                format!("{} is none; allowed are {}", said(value), words(Sport::ALL, Sport::word)),
            );
        }
        sport
    }

    fn legs(&mut self, segments: Option<&Value>) -> Option<Vec<Leg>> {
        let Some(segments) = segments else {
            self.problem("segments", "required for `multisport`, and was left out");
            return None;
        };
        let list = self.list(segments, "segments")?;
        if list.is_empty() || list.len() > MOST_LEGS {
            self.problem("segments", format!("allowed are 1 to {MOST_LEGS} segments"));
            return None;
        }
        let legs: Vec<Option<Leg>> = list
            .iter()
            .enumerate()
            .map(|(index, segment)| {
                let path = format!("segments[{index}]");
                let object = self.object(segment, &path)?;
                self.only(object, &["sport", "pool", "steps"], &path);
                let sport = self.sport(object, &path);
                if sport == Some(Sport::Multisport) {
                    self.problem(&at(&path, "sport"), "a segment has a single sport");
                }
                self.leg(object, sport.unwrap_or(Sport::Other), &path)
            })
            .collect();
        legs.into_iter().collect()
    }

    fn leg(&mut self, object: &Map<String, Value>, sport: Sport, path: &str) -> Option<Leg> {
        let pool = given(object, "pool").and_then(|pool| {
            let path = at(path, "pool");
            if sport != Sport::Swimming {
                self.problem(&path, "only for the sport `swimming`");
                return None;
            }
            self.pool(pool, &path)
        });
        let path = at(path, "steps");
        let Some(steps) = given(object, "steps") else {
            self.problem(&path, "required, and was left out");
            return None;
        };
        let steps = self.nodes(steps, &path, sport, 0)?;
        Some(Leg { sport, pool, steps })
    }

    fn pool(&mut self, value: &Value, path: &str) -> Option<Pool> {
        let object = self.object(value, path)?;
        self.only(object, &["length", "unit"], path);
        let length = given(object, "length");
        if length.is_none() {
            self.problem(&at(path, "length"), "required, and was left out");
        }
        let length =
            length.and_then(|length| self.number(length, &at(path, "length"), 5.0, 400.0, ""));
        let unit = match given(object, "unit").map(|unit| unit.as_str().map(plain)) {
            None => Some(PoolUnit::Metre),
            Some(Some(unit)) => match unit.as_str() {
                "m" | "meter" | "metre" | "meters" | "metres" => Some(PoolUnit::Metre),
                "yd" | "yard" | "yards" => Some(PoolUnit::Yard),
                _ => None,
            },
            Some(None) => None,
        };
        if unit.is_none() {
            self.problem(&at(path, "unit"), "allowed are `m` and `yd`");
        }
        Some(Pool { length: length?, unit: unit? })
    }

    fn nodes(
        &mut self,
        value: &Value,
        path: &str,
        sport: Sport,
        depth: usize,
    ) -> Option<Vec<Node>> {
        let list = self.list(value, path)?;
        if list.is_empty() {
            self.problem(path, "must have at least one step");
            return None;
        }
        let mut nodes = Vec::with_capacity(list.len().min(MOST_STEPS));
        let mut whole = true;
        for (index, item) in list.iter().enumerate() {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                self.problem(path, format!("a workout has at most {MOST_STEPS} steps"));
                return None;
            }
            match self.node(item, &format!("{path}[{index}]"), sport, depth) {
                Some(read) => nodes.extend(read),
                None => whole = false,
            }
        }
        whole.then_some(nodes)
    }

    fn node(&mut self, value: &Value, path: &str, sport: Sport, depth: usize) -> Option<Vec<Node>> {
        let object = self.object(value, path)?;
        if object.contains_key("repeat") {
            return self.repeat(object, path, sport, depth).map(|repeat| vec![repeat]);
        }
        self.step(object, path, sport, depth)
    }

    fn repeat(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        sport: Sport,
        depth: usize,
    ) -> Option<Node> {
        self.only(object, &["repeat", "skip_last_recovery", "steps"], path);
        let times = self.whole(&object["repeat"], &at(path, "repeat"), 1, 99);
        let skip = match given(object, "skip_last_recovery") {
            Some(flag) => self.flag(flag, &at(path, "skip_last_recovery")),
            None => Some(false),
        };
        if depth == DEEPEST {
            self.problem(path, format!("repeats may be nested {DEEPEST} deep, not deeper"));
            return None;
        }
        let path = at(path, "steps");
        let Some(steps) = given(object, "steps") else {
            self.problem(&path, "required, and was left out");
            return None;
        };
        let steps = self.nodes(steps, &path, sport, depth + 1)?;
        Some(Node::Repeat(Repeat { times: times?, skip_last_recovery: skip?, steps }))
    }

    fn step(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        sport: Sport,
        depth: usize,
    ) -> Option<Vec<Node>> {
        const KNOWN: [&str; 17] = [
            "kind",
            "end",
            "target",
            "secondary",
            "note",
            "exercise",
            "name",
            "category",
            "sets",
            "weight_kg",
            "rest_s",
            "stroke",
            "drill",
            "equipment",
            "rpe",
            "repeat",
            "steps",
        ];
        let before = self.problems.len();
        let known: Vec<&str> = KNOWN.iter().copied().chain(ENDS).collect();
        self.only(object, &known, path);
        if given(object, "steps").is_some() {
            self.problem(&at(path, "repeat"), "required beside `steps`: how often they are done");
        }
        let kind = self.kind(object, path);
        let end = self.end_of(object, path);
        let mut step = Step::new(kind.unwrap_or(StepKind::Interval), end.unwrap_or(End::LapButton));
        step.note =
            given(object, "note").and_then(|note| self.text(note, &at(path, "note"), LONGEST_NOTE));
        let rpe = given(object, "rpe").and_then(|rpe| self.whole(rpe, &at(path, "rpe"), 1, 10));
        let steer = given(object, "target")
            .and_then(|target| self.steer(target, &at(path, "target"), sport));
        let rpe = match steer {
            Some(Steer::By(target)) => {
                step.target = Some(target);
                rpe
            }
            Some(Steer::Rpe(effort)) => Some(effort),
            Some(Steer::Open) | None => rpe,
        };
        if let Some(rpe) = rpe {
            step.note = Some(match step.note.take() {
                Some(note) => format!("RPE {rpe} · {note}"),
                None => format!("RPE {rpe}"),
            });
        }
        self.secondary(object, path, sport, &mut step);
        self.swim(object, path, sport, &mut step);
        self.exercise(object, path, sport, &mut step);
        let nodes = self.sets(object, path, depth, step);
        if self.problems.len() > before { None } else { nodes }
    }

    fn kind(&mut self, object: &Map<String, Value>, path: &str) -> Option<StepKind> {
        const KINDS: [StepKind; 7] = [
            StepKind::Warmup,
            StepKind::Interval,
            StepKind::Main,
            StepKind::Recovery,
            StepKind::Rest,
            StepKind::Cooldown,
            StepKind::Other,
        ];
        let Some(value) = given(object, "kind") else { return Some(StepKind::Interval) };
        let word = value.as_str().map(plain).unwrap_or_default();
        let kind = KINDS.into_iter().find(|kind| kind.key() == word).or(match word.as_str() {
            "warm_up" => Some(StepKind::Warmup),
            "cool_down" => Some(StepKind::Cooldown),
            "active" | "work" | "run" => Some(StepKind::Interval),
            "recover" => Some(StepKind::Recovery),
            _ => None,
        });
        if kind.is_none() {
            self.problem(
                &at(path, "kind"),
                format!("{} is none; allowed are {}", said(value), words(&KINDS, StepKind::key)),
            );
        }
        kind
    }

    /// `end`, or one of its members written beside it.
    fn end_of(&mut self, object: &Map<String, Value>, path: &str) -> Option<End> {
        let beside: Vec<&str> =
            ENDS.iter().copied().filter(|key| given(object, key).is_some()).collect();
        match (given(object, "end"), beside.as_slice()) {
            (Some(end), []) => self.end(end, &at(path, "end")),
            (None, [key]) => self.one_end(key, &object[*key], &at(path, key)),
            (None, []) => {
                self.problem(&at(path, "end"), "required: what ends this step");
                None
            }
            (Some(_), [key, ..]) => {
                self.problem(&at(path, key), "not together with `end`");
                None
            }
            (None, several) => {
                self.problem(path, format!("has {}; allowed is one", several.join(" and ")));
                None
            }
        }
    }
}
