//! To the worker and back, with the few repetitions that are allowed.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::contract;
use domain::scope::Scopes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout_at};

use super::answer::{AnswerBody, Entry, EventStream, InFlight};
use super::headers::{self, Stamp};
use super::message::Message;
use super::record::{CallRecord, StreamEnd};
use super::rpc::Failure;
use super::{CALL, Visit};
use crate::error::{Refusal, challenge};
use crate::workers::{Answer, Call, NoWorker, Outcome, Pass, Repeatable, SendError};

/// How often a call that may be repeated is sent again. One may meet a worker that died unseen
/// since the call before, and the next one may be killed under it: neither is the caller's
/// business. A call that ends every worker it meets must end as well.
const REPLAYS: u8 = 2;

/// What is left of the repetitions of one call.
struct Replays {
    /// After a worker that served.
    served: u8,
    /// After one that never did, and so cannot have done anything.
    unserved: u8,
}

/// What is known of a message once its body is only bytes again.
pub(super) struct Plan {
    method: Box<str>,
    /// The tool of a `tools/call`.
    tool: Option<Box<str>>,
}

/// Methods that change nothing, so that asking twice is asking once.
const REPEATABLE: [&str; 10] = [
    "initialize",
    "server/discover",
    "tools/list",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "completion/complete",
    "notifications/initialized",
];

/// Other methods of the protocol, as far as a record may name them.
const KNOWN: [&str; 4] =
    ["tools/call", "logging/setLevel", "notifications/cancelled", "notifications/progress"];

/// Statuses an MCP server answers with.
const MCP_STATUSES: [u16; 9] = [200, 202, 400, 404, 405, 406, 409, 413, 415];

/// Why a visit ends without a worker's answer.
#[derive(Clone, Copy)]
enum Stop {
    Challenge(Refusal),
    Failed(Failure),
}

impl Replays {
    fn new() -> Self {
        Self { served: REPLAYS, unserved: REPLAYS }
    }

    /// Takes one, if one is left for this end of a worker.
    fn take(&mut self, error: SendError) -> bool {
        let left = match error {
            SendError::Ended { served: false, .. } => &mut self.unserved,
            SendError::Ended { served: true, .. } | SendError::Broken => &mut self.served,
        };
        let any = *left > 0;
        *left = left.saturating_sub(1);
        any
    }
}

impl Plan {
    pub(super) fn of(message: &Message<'_>) -> Self {
        let tool = message.target.as_deref().filter(|_| message.method == "tools/call");
        Self { method: message.method.as_ref().into(), tool: tool.map(Into::into) }
    }

    /// Whether asking twice is asking once.
    fn repeatable(&self, call: &Call) -> Repeatable {
        match &self.tool {
            Some(tool) => call.announced(tool),
            None if REPEATABLE.contains(&&*self.method) => Repeatable::Yes,
            None => Repeatable::No,
        }
    }

    /// Whether the call may be sent to another worker after `error`.
    fn repeatable_after(&self, error: SendError, call: &Call) -> Repeatable {
        match error {
            // It never said `ready`, so it has not served, so nothing has happened.
            SendError::Ended { outcome: Outcome::Crashed | Outcome::Stopped, served: false } => {
                Repeatable::Yes
            }
            SendError::Ended { outcome: Outcome::Crashed | Outcome::Stopped, served: true }
            | SendError::Broken => self.repeatable(call),
            SendError::Ended {
                outcome: Outcome::CredentialsRefused | Outcome::StartTimeout | Outcome::SpawnFailed,
                served: _,
            } => Repeatable::No,
        }
    }

    /// What the record calls it: only names that are not the client's own words.
    fn label<'a>(&'a self, call: Option<&Call>) -> &'a str {
        if let Some(tool) = &self.tool {
            let announced = call.is_some_and(|call| call.announced(tool) == Repeatable::Yes);
            return if announced { tool } else { "tools/call" };
        }
        let known = REPEATABLE.iter().chain(&KNOWN).find(|known| **known == &*self.method);
        known.copied().unwrap_or("other")
    }
}

impl Visit {
    pub(super) async fn forward(
        self,
        body: Bytes,
        plan: Plan,
        id: Option<Box<RawValue>>,
    ) -> Response {
        let deadline = self.began + CALL;
        let reached = timeout_at(deadline, self.reach(body, &plan)).await;
        let (answer, call, pass) = match reached {
            Ok(Ok(reached)) => reached,
            Ok(Err(stop)) => return self.stopped(stop, &plan, None, id.as_deref()),
            Err(_) => {
                let stop = Stop::Failed(Failure::WorkerSlow);
                return self.stopped(stop, &plan, None, id.as_deref());
            }
        };
        match verdict(answer.status(), answer.headers()) {
            Ok(()) => self.relay(answer, call, pass, &plan, id),
            Err(stop) => {
                if let Stop::Challenge(Refusal::SignInNeeded) = stop {
                    self.app.devices.forget_account(&self.device.account);
                }
                self.stopped(stop, &plan, Some(&call), id.as_deref())
            }
        }
    }

    /// The head of an answer: of the account's worker, or of a successor where it died without
    /// one and the call may be repeated. The caller's deadline ends this as well.
    async fn reach(&self, body: Bytes, plan: &Plan) -> Result<(Answer, Call, Pass), Stop> {
        let account = &self.device.account;
        let pass = self.app.gates.enter(account).await;
        let pass = pass.map_err(|_| Stop::Failed(Failure::TooManyCalls))?;
        let mut replays = Replays::new();
        loop {
            let call = self.app.supervisor.call(account).await.map_err(|none| {
                Stop::Failed(match none {
                    NoWorker::AtCapacity { retry_after } => Failure::AtCapacity { retry_after },
                    NoWorker::CrashLoop { retry_after } => Failure::CrashLoop { retry_after },
                })
            })?;
            let error = match call.send(self.request(&call, body.clone())).await {
                Ok(answer) => return Ok((answer, call, pass)),
                Err(error) => error,
            };
            let repeatable = plan.repeatable_after(error, &call);
            let again = repeatable == Repeatable::Yes && replays.take(error);
            tracing::warn!(
                event = if again { "mcp-forward-retry" } else { "mcp-forward-error" },
                account = %account,
                tool = plan.label(Some(&call)),
                request = &*self.request_id,
                error = %error,
                ""
            );
            if !again {
                return Err(match error {
                    SendError::Broken => Stop::Failed(Failure::WorkerCrashed(repeatable)),
                    SendError::Ended { outcome, served: _ } => {
                        if let Some(failure) = Failure::of(outcome, repeatable) {
                            Stop::Failed(failure)
                        } else {
                            self.app.devices.forget_account(account);
                            Stop::Challenge(Refusal::SignInNeeded)
                        }
                    }
                });
            }
        }
    }

    fn request(&self, call: &Call, body: Bytes) -> Request<Full<Bytes>> {
        let stamp = Stamp {
            host: call.host(),
            secret: call.secret(),
            device: self.device.device.as_str(),
            scopes: self.device.scopes.as_str(),
            tools: self.device.tools.as_deref(),
            request_id: &self.request_id,
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = call.uri();
        *request.headers_mut() = headers::to_worker(&self.headers, &stamp);
        request
    }

    fn relay(
        self,
        answer: Answer,
        call: Call,
        pass: Pass,
        plan: &Plan,
        id: Option<Box<RawValue>>,
    ) -> Response {
        let (parts, incoming) = answer.into_parts();
        let label = plan.label(Some(&call));
        if plan.tool.is_some() && label != "tools/call" {
            let now = self.app.clock.now();
            self.app.store.count_call(&self.device.account, label, now);
        }
        let (account, device) = (&self.device.account, &self.device.device);
        let stream = headers::is_stream(&parts.headers).then(|| EventStream {
            listed: self.app.streams.answer(account, device),
            id,
            repeatable: plan.repeatable(&call),
        });
        let in_flight = InFlight {
            call,
            pass,
            entry: Entry {
                account: account.clone(),
                device: device.clone(),
                request_id: self.request_id.clone(),
                tool: label.into(),
                began: self.began,
                first_byte: self.began.elapsed(),
                status: parts.status,
            },
            deadline: self.began + CALL,
        };
        let mut response = Response::new(Body::new(AnswerBody::new(incoming, in_flight, stream)));
        *response.status_mut() = parts.status;
        *response.headers_mut() = headers::to_client(&parts.headers);
        response
    }

    /// The answer to a call that no worker answered, and its record.
    fn stopped(
        &self,
        stop: Stop,
        plan: &Plan,
        call: Option<&Call>,
        id: Option<&RawValue>,
    ) -> Response {
        let response = match stop {
            Stop::Challenge(refusal) => challenge(&self.app.config.public_url, refusal),
            Stop::Failed(failure) => {
                if failure == Failure::WorkerSlow {
                    tracing::warn!(
                        event = "mcp-timeout",
                        account = %self.device.account,
                        tool = plan.label(call),
                        request = &*self.request_id,
                        ""
                    );
                }
                failure.answer(id)
            }
        };
        let total = Instant::now().duration_since(self.began);
        CallRecord {
            account: &self.device.account,
            device: &self.device.device,
            request_id: &self.request_id,
            tool: plan.label(call),
            status: response.status(),
            end: StreamEnd::Complete,
            first_byte: total,
            total,
            bytes: 0,
        }
        .emit();
        response
    }
}

/// Whether a worker's answer goes to the client, and what it means where it does not.
fn verdict(status: StatusCode, headers: &HeaderMap) -> Result<(), Stop> {
    let status = status.as_u16();
    if status == contract::STATUS_SIGN_IN_NEEDED {
        return Err(Stop::Challenge(Refusal::SignInNeeded));
    }
    if status == contract::STATUS_SCOPE_MISSING {
        let needed = headers.get(contract::header::NEEDED_SCOPES);
        let needed = needed.and_then(|value| Scopes::parse(value.to_str().ok()?).ok());
        return Err(match needed {
            Some(needed) => Stop::Challenge(Refusal::ScopeMissing { needed }),
            None => Stop::Failed(Failure::WorkerNonsense),
        });
    }
    if MCP_STATUSES.contains(&status) { Ok(()) } else { Err(Stop::Failed(Failure::WorkerNonsense)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(status: u16, scopes: Option<&'static str>) -> Result<(), Stop> {
        let mut headers = HeaderMap::new();
        if let Some(scopes) = scopes {
            headers.insert(contract::header::NEEDED_SCOPES, HeaderValue::from_static(scopes));
        }
        verdict(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn private_statuses_become_challenges_and_nonsense_never_passes() {
        assert!(matches!(of(498, None), Err(Stop::Challenge(Refusal::SignInNeeded))));
        let needed = Scopes::ReadWrite;
        assert!(matches!(
            of(403, Some("garmin:write")),
            Err(Stop::Challenge(Refusal::ScopeMissing { needed: got })) if got == needed
        ));
        for status in [101, 204, 302, 401, 403, 499, 500, 503] {
            let verdict = of(status, None);
            assert!(matches!(verdict, Err(Stop::Failed(Failure::WorkerNonsense))), "{status}");
        }
        assert!(of(200, None).is_ok() && of(202, None).is_ok() && of(404, None).is_ok());
    }

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
