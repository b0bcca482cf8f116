//! Calls that need an answer of their client first: the server says what it wants to know and
//! forgets the call; the client comes again with the answers, and with the state it was given.

use rmcp::ErrorData;
use rmcp::model::{
    ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses,
    RequestStateCodec, SealOptions,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A call in rounds of questions.
pub(crate) struct Interview {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    rounds: &'static [&'static [(&'static str, Question)]],
    memory: Memory,
    undeclared: Undeclared,
}

enum Question {
    /// A form with one field, of a JSON type.
    Elicit {
        message: &'static str,
        field: &'static str,
        kind: &'static str,
    },
    Sample {
        prompt: &'static str,
        most_tokens: u32,
    },
    Roots,
}

/// Whether the client carries the server's state from round to round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Memory {
    None,
    Sealed,
}

/// What becomes of a question the client has not declared to understand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undeclared {
    Refuse,
    LeaveOut,
}

const NAME: Question =
    Question::Elicit { message: "What is your name?", field: "name", kind: "string" };
const CONFIRM: Question =
    Question::Elicit { message: "Please confirm", field: "ok", kind: "boolean" };

pub(crate) static PROMPT: Interview = Interview {
    name: "test_input_required_result_prompt",
    description: "Asks for its context first.",
    rounds: &[&[(
        "user_context",
        Question::Elicit {
            message: "What context should the prompt use?",
            field: "context",
            kind: "string",
        },
    )]],
    memory: Memory::None,
    undeclared: Undeclared::Refuse,
};

pub(crate) static TOOLS: [Interview; 10] = [
    tool("test_input_required_result_elicitation", &[&[("user_name", NAME)]], Memory::None),
    tool(
        "test_input_required_result_sampling",
        &[&[(
            "capital_question",
            Question::Sample { prompt: "What is the capital of France?", most_tokens: 100 },
        )]],
        Memory::None,
    ),
    tool(
        "test_input_required_result_list_roots",
        &[&[("client_roots", Question::Roots)]],
        Memory::None,
    ),
    tool("test_input_required_result_request_state", &[&[("confirm", CONFIRM)]], Memory::Sealed),
    tool(
        "test_input_required_result_multiple_inputs",
        &[&[
            ("user_name", NAME),
            ("greeting", Question::Sample { prompt: "Generate a greeting", most_tokens: 50 }),
            ("client_roots", Question::Roots),
        ]],
        Memory::Sealed,
    ),
    tool(
        "test_input_required_result_multi_round",
        &[
            &[(
                "step1",
                Question::Elicit {
                    message: "Step 1: What is your name?",
                    field: "name",
                    kind: "string",
                },
            )],
            &[(
                "step2",
                Question::Elicit {
                    message: "Step 2: What is your favorite color?",
                    field: "color",
                    kind: "string",
                },
            )],
        ],
        Memory::Sealed,
    ),
    tool("test_input_required_result_tampered_state", &[&[("confirm", CONFIRM)]], Memory::Sealed),
    Interview {
        name: "test_input_required_result_capabilities",
        description: "Asks only what its client can answer.",
        rounds: &[&[
            ("user_name", NAME),
            ("greeting", Question::Sample { prompt: "Generate a greeting", most_tokens: 50 }),
        ]],
        memory: Memory::None,
        undeclared: Undeclared::LeaveOut,
    },
    tool("test_streaming_elicitation", &[&[("user_name", NAME)]], Memory::None),
    tool(
        "test_missing_capability",
        &[&[("greeting", Question::Sample { prompt: "Generate a greeting", most_tokens: 50 })]],
        Memory::None,
    ),
];

const fn tool(
    name: &'static str,
    rounds: &'static [&'static [(&'static str, Question)]],
    memory: Memory,
) -> Interview {
    let description = "Asks its client before it answers.";
    Interview { name, description, rounds, memory, undeclared: Undeclared::Refuse }
}

/// What a client brings along.
pub(crate) struct Visit<'a> {
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) responses: Option<&'a InputResponses>,
    pub(crate) state: Option<&'a str>,
}

pub(crate) enum Step {
    Ask(InputRequiredResult),
    /// Everything was answered; one line per answer.
    Done(Vec<String>),
}

/// What the client keeps for the server.
#[derive(Default, Serialize, Deserialize)]
struct Notes {
    round: usize,
    answers: Vec<String>,
}

impl Interview {
    pub(crate) fn next(
        &self,
        codec: &RequestStateCodec,
        visit: &Visit<'_>,
    ) -> Result<Step, ErrorData> {
        let Notes { round, mut answers } = self.notes(codec, visit.state)?;
        let questions = self.questions(round, &visit.capabilities)?;
        let given =
            visit.responses.filter(|_| self.memory == Memory::None || visit.state.is_some());
        let read: Option<Vec<String>> =
            questions.iter().map(|(key, question)| question.read(given?.get(*key)?)).collect();
        let round = match read {
            Some(read) => {
                answers.extend(read);
                round + 1
            }
            None => round,
        };
        if round == self.rounds.len() {
            return Ok(Step::Done(answers));
        }
        let questions = self.questions(round, &visit.capabilities)?;
        let requests: Result<InputRequests, ErrorData> = questions
            .iter()
            .map(|(key, question)| Ok(((*key).to_owned(), question.request()?)))
            .collect();
        let state = match self.memory {
            Memory::None => None,
            Memory::Sealed => Some(self.seal(codec, &Notes { round, answers })?),
        };
        Ok(Step::Ask(InputRequiredResult::new(Some(requests?), state)))
    }

    fn questions(
        &self,
        round: usize,
        declared: &ClientCapabilities,
    ) -> Result<Vec<&'static (&'static str, Question)>, ErrorData> {
        let asked = self.rounds.get(round).copied().unwrap_or_default();
        let declared = json!(declared);
        let mut questions = Vec::new();
        for question in asked {
            let needed = question.1.needs();
            match (declared.get(needed).is_some(), self.undeclared) {
                (true, _) => questions.push(question),
                (false, Undeclared::LeaveOut) => {}
                (false, Undeclared::Refuse) => {
                    return Err(ErrorData::missing_required_client_capability(made(
                        json!({ needed: {} }),
                    )?));
                }
            }
        }
        Ok(questions)
    }

    fn notes(&self, codec: &RequestStateCodec, state: Option<&str>) -> Result<Notes, ErrorData> {
        match (self.memory, state) {
            (Memory::None, _) | (Memory::Sealed, None) => Ok(Notes::default()),
            (Memory::Sealed, Some(state)) => {
                codec.open_json_with(state, self.name.as_bytes()).map_err(|_| {
                    ErrorData::invalid_params("requestState is not what this server gave", None)
                })
            }
        }
    }

    fn seal(&self, codec: &RequestStateCodec, notes: &Notes) -> Result<String, ErrorData> {
        let options = SealOptions::new().associated_data(self.name.as_bytes());
        codec
            .seal_json_with(notes, &options)
            .map_err(|_| ErrorData::internal_error("the state cannot be sealed", None))
    }
}

impl Question {
    fn needs(&self) -> &'static str {
        match self {
            Self::Elicit { .. } => "elicitation",
            Self::Sample { .. } => "sampling",
            Self::Roots => "roots",
        }
    }

    fn request(&self) -> Result<InputRequest, ErrorData> {
        made(match self {
            Self::Elicit { message, field, kind } => json!({
                "method": "elicitation/create",
                "params": {
                    "message": message,
                    "requestedSchema": {
                        "type": "object",
                        "properties": { *field: { "type": kind } },
                        "required": [field],
                    },
                },
            }),
            Self::Sample { prompt, most_tokens } => json!({
                "method": "sampling/createMessage",
                "params": {
                    "messages": [
                        { "role": "user", "content": { "type": "text", "text": prompt } },
                    ],
                    "maxTokens": most_tokens,
                },
            }),
            Self::Roots => json!({ "method": "roots/list", "params": {} }),
        })
    }

    /// The answer as text; none when it does not fit the question.
    fn read(&self, answer: &Value) -> Option<String> {
        match self {
            Self::Elicit { field, kind, .. } => match answer.get("action")?.as_str()? {
                "accept" => {
                    let value = answer.get("content")?.get(field)?;
                    let fits = match *kind {
                        "boolean" => value.is_boolean(),
                        _ => value.is_string(),
                    };
                    fits.then(|| format!("{field} = {value}"))
                }
                "decline" | "cancel" => Some(format!("{field} was not told")),
                _ => None,
            },
            Self::Sample { .. } => {
                let text = answer.get("content")?.get("text")?.as_str()?;
                Some(format!("the model says: {text}"))
            }
            Self::Roots => {
                let roots = answer.get("roots")?.as_array()?;
                let uris: Option<Vec<_>> = roots.iter().map(|root| root["uri"].as_str()).collect();
                Some(format!("roots: {}", uris?.join(" ")))
            }
        }
    }
}

/// A protocol type, written the way the protocol writes it.
fn made<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value)
        .map_err(|_| ErrorData::internal_error("the question cannot be put", None))
}
