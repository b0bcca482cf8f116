//! What a write is going to do, as data.

use garmin::write::{Outcome, Write};
use garmin::{BoxFuture, Garmin};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Check;
use crate::error::ToolError;

/// Items of one bulk call.
pub(super) const MOST_ITEMS: usize = 50;

// What a bulk tool does after an item that Garmin refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum OnError {
    #[default]
    Stop,
    Continue,
}

type FromAnswer<T> = Box<dyn FnOnce(&Value) -> T + Send + Sync>;
type FromAnswers<T> = Box<dyn FnOnce(&[Value]) -> T + Send + Sync>;
pub(super) type Finish =
    Box<dyn FnOnce(Garmin, Outcome) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// One request.
pub(crate) struct Step {
    /// In human words: "delete the lap of 2026-05-01".
    pub(super) what: String,
    pub(super) request: Request,
    pub(super) finish: Option<Finish>,
    pub(super) keys: Map<String, Value>,
    pub(super) keys_from: Option<FromAnswer<Map<String, Value>>>,
    pub(super) undo: Vec<Write>,
    pub(super) undo_from: Option<FromAnswer<Vec<Write>>>,
}

pub(super) enum Request {
    Ready(Write),
    /// Made of the answers to the steps before.
    After(FromAnswers<Result<Write, ToolError>>),
}

impl Step {
    pub(crate) fn new(what: impl Into<String>, write: Write) -> Self {
        Self::of(what.into(), Request::Ready(write))
    }

    /// A step whose request needs what Garmin answered to the ones before it.
    pub(crate) fn after(
        what: impl Into<String>,
        make: impl FnOnce(&[Value]) -> Result<Write, ToolError> + Send + Sync + 'static,
    ) -> Self {
        Self::of(what.into(), Request::After(Box::new(make)))
    }

    fn of(what: String, request: Request) -> Self {
        let (keys, undo) = (Map::new(), Vec::new());
        Self { what, request, finish: None, keys, keys_from: None, undo, undo_from: None }
    }

    /// Looks what Garmin has made of it before anything else is done with the answer: reads
    /// only, within bounds of its own. What it gives stands for Garmin's answer.
    pub(crate) fn finished_by(
        self,
        finish: impl FnOnce(Garmin, Outcome) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    ) -> Self {
        Self { finish: Some(Box::new(finish)), ..self }
    }

    /// Given in the result once this step is done.
    pub(crate) fn key(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(name.to_owned(), value.into());
        self
    }

    /// The same, made of Garmin's answer: ids of what is new.
    pub(crate) fn keys_from(
        self,
        find: impl FnOnce(&Value) -> Map<String, Value> + Send + Sync + 'static,
    ) -> Self {
        Self { keys_from: Some(Box::new(find)), ..self }
    }

    /// The requests that take this step back, in their order.
    pub(crate) fn undone_by(self, undo: Vec<Write>) -> Self {
        Self { undo, ..self }
    }

    /// The same, made of Garmin's answer.
    pub(crate) fn undone_from(
        self,
        undo: impl FnOnce(&Value) -> Vec<Write> + Send + Sync + 'static,
    ) -> Self {
        Self { undo_from: Some(Box::new(undo)), ..self }
    }
}

/// What a call comes to.
pub(crate) struct Plan {
    pub(super) target: String,
    pub(super) previous: Value,
    pub(super) steps: Vec<Step>,
    pub(super) bulk: Option<Bulk>,
    pub(super) keys: Map<String, Value>,
    pub(super) checks: Vec<Check>,
    pub(super) checks_from: Option<FromAnswers<Vec<Check>>>,
    pub(super) warnings: Vec<String>,
    pub(super) undoes: Option<domain::contract::JournalRow>,
    /// What makes two calls the same write, where that is not the whole of their arguments.
    pub(super) business_key: Option<String>,
    /// All is as it is meant to be; there are no steps.
    pub(super) settled: bool,
}

pub(super) struct Bulk {
    /// The key of the list of results.
    pub(super) name: &'static str,
    pub(super) on_error: OnError,
}

impl Plan {
    /// `target` says in human words what is written to: "name of activity 7 (Morning run,
    /// 2026-05-01)".
    pub(crate) fn new(target: impl Into<String>) -> Self {
        Self {
            target: target.into(),
            previous: Value::Null,
            steps: Vec::new(),
            bulk: None,
            keys: Map::new(),
            checks: Vec::new(),
            checks_from: None,
            warnings: Vec::new(),
            undoes: None,
            business_key: None,
            settled: false,
        }
    }

    /// What is there now, read a moment ago.
    pub(crate) fn previous(self, previous: impl Into<Value>) -> Self {
        Self { previous: previous.into(), ..self }
    }

    /// The next thing to send.
    pub(crate) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// One step per item, none of which needs another. Their results are listed under `name`.
    pub(crate) fn items(
        self,
        name: &'static str,
        on_error: OnError,
        steps: Vec<Step>,
    ) -> Result<Self, ToolError> {
        if steps.len() > MOST_ITEMS {
            let problem =
                format!("{} items; allowed are at most {MOST_ITEMS} in one call", steps.len());
            return Err(ToolError::argument(name, problem));
        }
        Ok(Self { steps, bulk: Some(Bulk { name, on_error }), ..self })
    }

    /// Given in the result, whatever Garmin answers: the arguments that `garmin_mcp` repeated.
    pub(crate) fn key(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.keys.insert(name.to_owned(), value.into());
        self
    }

    /// Read back afterwards and compared.
    pub(crate) fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// The same, made of Garmin's answers: where the new thing is to be found.
    pub(crate) fn check_from(
        self,
        make: impl FnOnce(&[Value]) -> Vec<Check> + Send + Sync + 'static,
    ) -> Self {
        Self { checks_from: Some(Box::new(make)), ..self }
    }

    /// A look has shown that all is as it is meant to be: nothing is sent.
    pub(crate) fn nothing_to_do(self) -> Self {
        Self { settled: true, ..self }
    }

    /// Something the person should know, whatever comes of it.
    pub(crate) fn warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// Calls with this key are the same write, whatever else they say: while nobody knows what
    /// became of one, no other is sent.
    pub(crate) fn business_key(self, key: impl Into<String>) -> Self {
        Self { business_key: Some(key.into()), ..self }
    }

    /// This takes back what that entry of the journal did.
    pub(crate) fn undoes(self, entry: domain::contract::JournalRow) -> Self {
        Self { undoes: Some(entry), ..self }
    }
}
