//! What is known of a message once its body is only bytes again: its name for the records, and
//! whether it may be sent twice.

use super::message::Message;
use crate::workers::{Call, Outcome, Repeatable, SendError};

/// How often a call that may be repeated is sent again. One may meet a worker that died unseen
/// since the call before, and the next one may be killed under it: neither is the caller's
/// business. A call that ends every worker it meets must end as well.
const REPLAYS: u8 = 2;

/// Methods that change nothing, so that asking twice is asking once.
const REPEATABLE: [&str; 9] = [
    "initialize",
    "server/discover",
    "tools/list",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "completion/complete",
];

/// Other methods of the protocol, as far as a record may name them.
const KNOWN: [&str; 2] = ["tools/call", "logging/setLevel"];

/// What is left of the repetitions of one call.
pub(super) struct Replays {
    /// After a worker that served.
    served: u8,
    /// After one that never did, and so cannot have done anything.
    unserved: u8,
}

impl Replays {
    pub(super) fn new() -> Self {
        Self { served: REPLAYS, unserved: REPLAYS }
    }

    /// Takes one, if one is left for this end of a worker.
    pub(super) fn take(&mut self, error: SendError) -> bool {
        let left = match error {
            SendError::Ended { served: false, .. } => &mut self.unserved,
            SendError::Ended { served: true, .. }
            | SendError::Broken
            | SendError::Garbled
            | SendError::Unreached => &mut self.served,
        };
        let any = *left > 0;
        *left = left.saturating_sub(1);
        any
    }
}

pub(super) struct Plan {
    method: Box<str>,
    /// The tool of a `tools/call`.
    tool: Option<Box<str>>,
}

impl Plan {
    pub(super) fn of(message: &Message<'_>) -> Self {
        let tool = message.target.as_deref().filter(|_| message.method == "tools/call");
        Self { method: message.method.as_ref().into(), tool: tool.map(Into::into) }
    }

    pub(super) fn is_tool(&self) -> bool {
        self.tool.is_some()
    }

    /// Whether asking twice is asking once.
    pub(super) fn repeatable(&self, call: &Call) -> Repeatable {
        match &self.tool {
            Some(tool) => call.repeatable(tool),
            None if REPEATABLE.contains(&&*self.method) => Repeatable::Yes,
            None => Repeatable::No,
        }
    }

    /// Whether the call may be sent to another worker after `error`.
    pub(super) fn repeatable_after(&self, error: SendError, call: &Call) -> Repeatable {
        match error {
            // It never said `ready`, so it has not served, so nothing has happened.
            SendError::Ended {
                outcome: Outcome::Crashed | Outcome::Stopped | Outcome::AtCapacity,
                served: false,
            } => Repeatable::Yes,
            SendError::Ended {
                outcome: Outcome::Crashed | Outcome::Stopped | Outcome::AtCapacity,
                served: true,
            }
            | SendError::Broken => self.repeatable(call),
            SendError::Ended {
                outcome:
                    Outcome::CredentialsRefused
                    | Outcome::StartTimeout
                    | Outcome::SpawnFailed
                    | Outcome::StoreFailed,
                served: _,
            }
            // It is alive, and would say it again.
            | SendError::Garbled
            // What others hold is not given back in a moment: the client is told to come again.
            | SendError::Unreached => Repeatable::No,
        }
    }

    /// The tool, where the worker has announced one of that name.
    pub(super) fn announced_tool(&self, call: &Call) -> Option<&str> {
        self.tool.as_deref().filter(|tool| call.knows(tool))
    }

    /// What the record calls it: only names that are not the client's own words.
    pub(super) fn label(&self, call: Option<&Call>) -> &str {
        if self.tool.is_some() {
            return call.and_then(|call| self.announced_tool(call)).unwrap_or("tools/call");
        }
        let known = REPEATABLE.iter().chain(&KNOWN).find(|known| **known == &*self.method);
        known.copied().unwrap_or("other")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_never_repeats_what_the_client_made_up() {
        let plan = |body: &str| Plan::of(&Message::read(body.as_bytes()).unwrap());
        let call = plan(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"my heart rate"}}"#,
        );
        assert_eq!(call.label(None), "tools/call");
        let odd = plan(r#"{"jsonrpc":"2.0","id":1,"method":"runner@example.org"}"#);
        assert_eq!(odd.label(None), "other");
        let list = plan(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#);
        assert_eq!(list.label(None), "tools/list");
    }
}
