//! JSON-RPC answers the gateway gives itself.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::agreement::{Era, SUPPORTED};
use super::message::Malformed;
use crate::error::whole_seconds;
use crate::failures::Code;
use crate::workers::{Outcome, Repeatable};

/// Why a call got no answer of a worker. Each has one status, one JSON-RPC code and one stable
/// word under `data.code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    Malformed(Malformed),
    /// The headers contradict the body.
    Disagreement(&'static str),
    MethodNotFound,
    /// `params` has a form that no server could read.
    BadParams(&'static str, Era),
    /// The worker could not read the message, and said so in words of its own.
    NotUnderstood(Era),
    /// `_meta` lacks what every modern request carries.
    NoMeta,
    /// A modern revision that is not ours.
    UnsupportedVersion,
    ClientResponse,
    TooManyCalls,
    TooManyStreams,
    /// The bodies of other requests fill the memory kept for them.
    TooManyBodies,
    RateLimited {
        retry_after: Duration,
    },
    AtCapacity {
        retry_after: Duration,
    },
    /// The store does not answer, so nobody can be recognised.
    StoreDown,
    /// Whether asking again may do something twice is what the caller has to know.
    WorkerCrashed(Repeatable),
    /// The account's workers die one after another; nobody else's do.
    CrashLoop {
        retry_after: Duration,
    },
    /// Everybody's do: none is started for a while.
    StartsPaused {
        retry_after: Duration,
    },
    WorkerNotStarted,
    WorkerStartSlow,
    WorkerSlow,
    /// The gateway stops and waits for nobody any more.
    GatewayStopping,
    /// The device was disconnected while its answer was on the way.
    AccessEnded,
    /// The worker answered with something that is not MCP.
    WorkerNonsense,
    AnswerTooLarge,
    /// By a notification of the client.
    Cancelled,
    /// Garmin wants a new sign-in, and it is too late for a challenge: events are on the way.
    SignInNeeded,
    /// The same for a connection that may only read.
    ScopeMissing,
    /// The athlete lets no app change anything.
    AccountReadOnly,
}

#[derive(Serialize)]
struct Answer<'a, T> {
    jsonrpc: &'static str,
    id: Option<&'a RawValue>,
    #[serde(flatten)]
    outcome: T,
}

#[derive(Serialize)]
struct Success<T> {
    result: T,
}

#[derive(Serialize)]
struct Refused {
    error: ErrorObject,
}

#[derive(Serialize)]
struct ErrorObject {
    code: i32,
    message: &'static str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    code: &'static str,
    /// The revisions there are, for a client that named another.
    #[serde(skip_serializing_if = "Option::is_none")]
    supported: Option<[&'static str; SUPPORTED.len()]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<String>,
}

impl Failure {
    /// What the end of a worker means to whoever waited for its answer. `None`: the account
    /// needs a sign-in, which is a challenge and not an error.
    #[must_use]
    pub(super) fn of(
        outcome: Outcome,
        repeatable: Repeatable,
        retry_after: Duration,
    ) -> Option<Self> {
        match outcome {
            Outcome::CredentialsRefused => None,
            Outcome::Crashed | Outcome::Stopped => Some(Self::WorkerCrashed(repeatable)),
            Outcome::StartTimeout => Some(Self::WorkerStartSlow),
            Outcome::SpawnFailed => Some(Self::WorkerNotStarted),
            Outcome::AtCapacity => Some(Self::AtCapacity { retry_after }),
            Outcome::StoreFailed => Some(Self::StoreDown),
        }
    }

    #[must_use]
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Malformed(_)
            | Self::Disagreement(_)
            | Self::NoMeta
            | Self::UnsupportedVersion
            | Self::BadParams(_, Era::Modern)
            | Self::NotUnderstood(Era::Modern)
            | Self::ClientResponse => StatusCode::BAD_REQUEST,
            // Before 2026-07-28 HTTP says only whether the message arrived.
            Self::BadParams(_, Era::Legacy)
            | Self::NotUnderstood(Era::Legacy)
            | Self::AnswerTooLarge
            | Self::AccountReadOnly
            | Self::Cancelled => StatusCode::OK,
            Self::MethodNotFound => StatusCode::NOT_FOUND,
            Self::AccessEnded | Self::SignInNeeded => StatusCode::UNAUTHORIZED,
            Self::ScopeMissing => StatusCode::FORBIDDEN,
            Self::TooManyCalls | Self::TooManyStreams | Self::RateLimited { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::AtCapacity { .. }
            | Self::CrashLoop { .. }
            | Self::StartsPaused { .. }
            | Self::StoreDown
            | Self::GatewayStopping
            | Self::TooManyBodies => StatusCode::SERVICE_UNAVAILABLE,
            Self::WorkerCrashed(_) | Self::WorkerNotStarted | Self::WorkerNonsense => {
                StatusCode::BAD_GATEWAY
            }
            Self::WorkerStartSlow | Self::WorkerSlow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn code(self) -> i32 {
        match self {
            Self::Malformed(Malformed::NotJson) => -32700,
            Self::Malformed(Malformed::NotAMessage(_)) | Self::ClientResponse => -32600,
            Self::Disagreement(_) => -32020,
            Self::MethodNotFound => -32601,
            Self::NoMeta | Self::BadParams(..) | Self::NotUnderstood(_) => -32602,
            Self::UnsupportedVersion => -32022,
            Self::TooManyCalls
            | Self::TooManyStreams
            | Self::TooManyBodies
            | Self::RateLimited { .. }
            | Self::AtCapacity { .. }
            | Self::CrashLoop { .. }
            | Self::StartsPaused { .. }
            | Self::StoreDown
            | Self::WorkerCrashed(_)
            | Self::WorkerNotStarted
            | Self::WorkerStartSlow
            | Self::WorkerSlow
            | Self::GatewayStopping
            | Self::AccessEnded
            | Self::WorkerNonsense
            | Self::AnswerTooLarge
            | Self::Cancelled
            | Self::SignInNeeded
            | Self::ScopeMissing
            | Self::AccountReadOnly => -32603,
        }
    }

    /// The stable word for clients and operators.
    #[must_use]
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Malformed(Malformed::NotJson) => "parse_error",
            Self::Malformed(Malformed::NotAMessage(_)) => "invalid_request",
            Self::Disagreement(_) => "header_mismatch",
            Self::MethodNotFound => "method_not_found",
            Self::NoMeta | Self::BadParams(..) | Self::NotUnderstood(_) => "invalid_params",
            Self::UnsupportedVersion => "unsupported_version",
            Self::ClientResponse => "unexpected_response",
            Self::TooManyCalls => "too_many_calls",
            Self::TooManyStreams => "too_many_streams",
            Self::RateLimited { .. } => "rate_limited",
            Self::AtCapacity { .. } => "worker_capacity",
            Self::TooManyBodies => "request_capacity",
            Self::StoreDown => "store_unavailable",
            Self::WorkerCrashed(_) => "worker_crashed",
            Self::CrashLoop { .. } => "worker_crash_loop",
            Self::StartsPaused { .. } => "worker_starts_paused",
            Self::WorkerNotStarted => "worker_not_started",
            Self::WorkerStartSlow => "worker_start_timeout",
            Self::WorkerSlow => "gateway_timeout",
            Self::GatewayStopping => "gateway_stopping",
            Self::AccessEnded => "access_ended",
            Self::WorkerNonsense => "worker_bad_answer",
            Self::AnswerTooLarge => "answer_too_large",
            Self::Cancelled => "cancelled",
            Self::SignInNeeded => "auth_expired",
            Self::ScopeMissing => "insufficient_scope",
            Self::AccountReadOnly => "account_read_only",
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::Malformed(Malformed::NotJson) => "The body is not valid JSON.",
            Self::Malformed(Malformed::NotAMessage(why))
            | Self::Disagreement(why)
            | Self::BadParams(why, _) => why,
            Self::NotUnderstood(_) => "The parameters cannot be read.",
            Self::MethodNotFound => "There is no such method.",
            Self::NoMeta => {
                "_meta must name io.modelcontextprotocol/protocolVersion and \
                 io.modelcontextprotocol/clientCapabilities."
            }
            Self::UnsupportedVersion => "This protocol revision is not supported.",
            Self::TooManyBodies => "Too many requests are being read. Try again shortly.",
            Self::ClientResponse => "This server asks its clients nothing.",
            Self::TooManyCalls => "Too many calls of this account at once. Try again shortly.",
            Self::TooManyStreams => "This account has enough open streams.",
            Self::RateLimited { .. } => "Too many calls in a minute. Try again shortly.",
            Self::AtCapacity { .. } => "All workers are busy. Try again shortly.",
            Self::StoreDown => "The service cannot answer at the moment. Try again shortly.",
            Self::WorkerCrashed(Repeatable::Yes) => {
                "The call was cut off. It can safely be tried again."
            }
            Self::CrashLoop { .. } => {
                "The account's worker has crashed several times in a row. Nothing was done; try \
                 again later."
            }
            Self::StartsPaused { .. } => {
                "Workers cannot be started at the moment. Nothing was done; try again later."
            }
            Self::WorkerCrashed(Repeatable::No) => {
                "The call was cut off. It may or may not have taken effect; look before you \
                 repeat it."
            }
            Self::WorkerNotStarted => "The account's worker could not be started.",
            Self::WorkerStartSlow => "The account's worker did not start in time.",
            Self::WorkerSlow => "The call took too long and was given up.",
            Self::GatewayStopping => {
                "The gateway stopped before the call was finished. It may or may not have taken \
                 effect; look before you repeat it."
            }
            Self::AccessEnded => "This device was disconnected.",
            Self::WorkerNonsense => "The account's worker gave no usable answer.",
            Self::AnswerTooLarge => "The answer is too large. Ask for less at once.",
            Self::Cancelled => "The call was cancelled.",
            Self::SignInNeeded => {
                "Garmin Connect asks for a new sign-in: connect the Garmin connector again."
            }
            Self::ScopeMissing => "This connection may only read. Connect again and allow changes.",
            Self::AccountReadOnly => {
                "The user has set their account here to read only, so nothing was changed. They \
                 can turn that off on their account page, at /account of this server."
            }
        }
    }

    fn retry_after(self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after }
            | Self::AtCapacity { retry_after }
            | Self::CrashLoop { retry_after }
            | Self::StartsPaused { retry_after } => Some(retry_after),
            Self::TooManyCalls | Self::StoreDown | Self::GatewayStopping | Self::TooManyBodies => {
                Some(Duration::from_secs(2))
            }
            Self::TooManyStreams => Some(Duration::from_mins(1)),
            Self::Malformed(_)
            | Self::Disagreement(_)
            | Self::MethodNotFound
            | Self::NoMeta
            | Self::UnsupportedVersion
            | Self::ClientResponse
            | Self::WorkerCrashed(_)
            | Self::WorkerNotStarted
            | Self::WorkerStartSlow
            | Self::WorkerSlow
            | Self::AccessEnded
            | Self::WorkerNonsense
            | Self::BadParams(..)
            | Self::NotUnderstood(_)
            | Self::AnswerTooLarge
            | Self::Cancelled
            | Self::SignInNeeded
            | Self::ScopeMissing
            | Self::AccountReadOnly => None,
        }
    }

    /// The failure as a JSON-RPC error, for a body or for the last event of a stream.
    #[must_use]
    pub(super) fn json(self, id: Option<&RawValue>) -> Vec<u8> {
        let error = ErrorObject {
            code: self.code(),
            message: self.message(),
            data: Data { code: self.word(), supported: None, requested: None },
        };
        encode(id, Refused { error })
    }

    /// The failure as the result of a tool, in the form workers give theirs: a model reads it
    /// and can tell the person what to do, which an error of the protocol does not reach.
    #[must_use]
    pub(super) fn tool_result(self, id: &RawValue, era: Era) -> Vec<u8> {
        let (code, message) = (self.word(), self.message());
        let mut result = json!({
            "content": [{ "type": "text", "text": format!("{code}: {message}") }],
            "isError": true,
            "_meta": { "garmin-gateway/error": { "code": code, "message": message } },
        });
        if era == Era::Modern {
            result["resultType"] = "complete".into();
        }
        encode(Some(id), Success { result })
    }

    #[must_use]
    pub(super) fn answer(self, id: Option<&RawValue>) -> Response {
        let mut response = whole(self.status(), Body::from(self.json(id)));
        response.extensions_mut().insert(Code(self.word()));
        if let Some(wait) = self.retry_after() {
            response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait));
        }
        response
    }
}

/// A revision that is not ours, with those that are.
#[must_use]
pub(super) fn unsupported(id: Option<&RawValue>, requested: &str) -> Response {
    let failure = Failure::UnsupportedVersion;
    // A revision is ten characters; more of what was sent helps nobody.
    let requested = requested.chars().take(32).collect();
    let (supported, requested) = (Some(SUPPORTED), Some(requested));
    let data = Data { code: failure.word(), supported, requested };
    let error = ErrorObject { code: failure.code(), message: failure.message(), data };
    let mut response = whole(failure.status(), Body::from(encode(id, Refused { error })));
    response.extensions_mut().insert(Code(failure.word()));
    response
}

/// A result, for what the gateway answers itself.
#[must_use]
pub(super) fn result(id: Option<&RawValue>, result: impl Serialize) -> Response {
    whole(StatusCode::OK, Body::from(encode(id, Success { result })))
}

/// Nothing to say: the answer to a notification.
#[must_use]
pub(super) fn accepted() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::ACCEPTED;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A body over the limit: the rest of it is not read.
#[must_use]
pub(super) fn too_large() -> Response {
    let mut response = crate::error::json_error(
        StatusCode::PAYLOAD_TOO_LARGE,
        "request_too_large",
        "A request holds at most 4 MiB.",
    );
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn encode(id: Option<&RawValue>, outcome: impl Serialize) -> Vec<u8> {
    // Strings, integers and JSON that was parsed before: nothing here can fail to serialise.
    serde_json::to_vec(&Answer { jsonrpc: "2.0", id, outcome }).unwrap_or_default()
}

/// One JSON message as an answer.
#[must_use]
pub(super) fn whole(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_carries_the_id_as_it_was_written() {
        let id = RawValue::from_string("12345678901234567890".to_owned()).unwrap();
        let body =
            String::from_utf8(Failure::WorkerCrashed(Repeatable::No).json(Some(&id))).unwrap();
        assert!(
            body.starts_with(r#"{"jsonrpc":"2.0","id":12345678901234567890,"error""#),
            "{body}"
        );
        assert!(body.contains(r#""data":{"code":"worker_crashed"}"#), "{body}");
        let body = String::from_utf8(Failure::MethodNotFound.json(None)).unwrap();
        assert!(body.contains(r#""id":null"#) && body.contains("-32601"), "{body}");
    }

    #[test]
    fn a_call_that_was_cut_off_says_whether_to_repeat_it() {
        let text =
            |repeatable| String::from_utf8(Failure::WorkerCrashed(repeatable).json(None)).unwrap();
        assert!(text(Repeatable::Yes).contains("can safely be tried again"));
        assert!(text(Repeatable::No).contains("look before you repeat"));
    }

    #[test]
    fn every_outcome_of_a_worker_has_its_own_answer() {
        let status = |outcome| {
            let failure = Failure::of(outcome, Repeatable::No, Duration::from_secs(3));
            failure.map(|failure| failure.status().as_u16())
        };
        assert_eq!(status(Outcome::CredentialsRefused), None);
        assert_eq!(status(Outcome::Crashed), Some(502));
        assert_eq!(status(Outcome::SpawnFailed), Some(502));
        assert_eq!(status(Outcome::StartTimeout), Some(504));
        assert_eq!(status(Outcome::AtCapacity), Some(503));
        assert_eq!(status(Outcome::StoreFailed), Some(503));
        assert!(Failure::StoreDown.answer(None).headers().contains_key(RETRY_AFTER));
        let full = Failure::AtCapacity { retry_after: Duration::from_secs(5) };
        let response = full.answer(None);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()[RETRY_AFTER], "5");
    }

    #[test]
    fn too_late_for_a_challenge_a_model_is_told_what_to_do() {
        let id = RawValue::from_string("7".to_owned()).unwrap();
        for (failure, code) in
            [(Failure::SignInNeeded, "auth_expired"), (Failure::ScopeMissing, "insufficient_scope")]
        {
            for era in [Era::Legacy, Era::Modern] {
                let body = failure.tool_result(&id, era);
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                let result = &body["result"];
                assert_eq!((&body["id"], &result["isError"]), (&json!(7), &json!(true)));
                assert_eq!(result["_meta"]["garmin-gateway/error"]["code"], code);
                assert!(result["content"][0]["text"].as_str().unwrap().starts_with(code));
                assert_eq!(result.get("resultType").is_some(), era == Era::Modern);
            }
        }
    }
}
