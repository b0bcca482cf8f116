//! To the worker and back, with the few repetitions that are allowed.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::contract;
use domain::scope::Scopes;
use domain::settings::UnitSystem;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::Full;
use serde_json::value::RawValue;
use store::{LiveDevice, UsedTool};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::agreement::Era;
use super::answer::{Answered, Events, Said, Unusable, Whole};
use super::bodies::Room;
use super::headers::{self, Reads, Stamp};
use super::line::{Line, Owned, Owner};
use super::message::{Id, Message};
use super::outcome::Ended;
use super::plan::{Plan, Replays};
use super::record::{CallRecord, StreamEnd};
use super::rpc::{self, Failure};
use super::{CALL, Visit};
use crate::error::{Refusal, panicked};
use crate::failures::Recorded;
use crate::metrics::CallKind;
use crate::workers::{Address, Call, NoWorker, Pass, Repeatable, SendError};

/// How long a call goes on for a client with a handshake that has hung up. For it that is no
/// cancellation: a network may have changed under it.
const FINISH_WITHIN: Duration = Duration::from_secs(30);

/// Statuses an MCP server answers with.
const MCP_STATUSES: [u16; 9] = [200, 202, 400, 404, 405, 406, 409, 413, 415];

/// What of a message outlives its being read.
pub(super) struct Asked {
    era: Era,
    plan: Plan,
    /// As it was written, for answers of our own.
    raw_id: Box<RawValue>,
    id: Id,
}

/// Why a visit ends without a worker's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Challenge(Refusal),
    Failed(Failure),
    /// Nobody is left to be told.
    Nobody,
}

impl Stop {
    fn failure(self) -> Option<Failure> {
        match self {
            Self::Nobody => None,
            Self::Challenge(Refusal::ScopeMissing { .. }) => Some(Failure::ScopeMissing),
            Self::Challenge(
                Refusal::NoToken
                | Refusal::TokenRejected
                | Refusal::SignInNeeded
                | Refusal::Malformed,
            ) => Some(Failure::SignInNeeded),
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// One message on its way.
struct Errand {
    visit: Visit,
    asked: Asked,
    label: Box<str>,
    /// The tool that was called, once a worker has taken the call.
    used: Option<Box<str>>,
    /// How long its worker took for the head of its answer, or the whole of it.
    waited: Duration,
}

/// A worker's answer, and what must live as long as it is read.
type Reached = (Answered, Call, Pass);

impl Asked {
    /// `None` for what is no request: nobody waits for an answer to that.
    pub(super) fn of(message: &Message<'_>, era: Era) -> Option<Self> {
        let raw_id = message.id?.to_owned();
        let id = Id::of(&raw_id)?;
        Some(Self { era, plan: Plan::of(message), raw_id, id })
    }
}

impl Visit {
    pub(super) async fn forward(
        self,
        body: Bytes,
        room: Room,
        asked: Asked,
        reads: Reads,
    ) -> Response {
        let owner = Owner {
            streams: self.app.streams.clone(),
            account: self.device.account.clone(),
            device: self.device.device.clone(),
        };
        let (line, client) = Line::new(reads, owner);
        let tasks = self.app.tasks.clone();
        let label = asked.plan.label(None).into();
        let errand = Errand { visit: self, asked, label, used: None, waited: Duration::ZERO };
        let work = Owned::new(tasks, errand.run(line, body, room));
        let response = client.response(work).await;
        let mut response = response.unwrap_or_else(|| panicked(Box::new(())));
        // By its errand, when that is done.
        response.extensions_mut().insert(Recorded);
        response
    }
}

impl Errand {
    async fn run(mut self, mut line: Line, body: Bytes, room: Room) {
        let deadline = self.visit.began + CALL;
        let (gone, revoked) = (line.gone(), line.revoked());
        let listed = match self.asked.era {
            Era::Legacy => {
                let Visit { app, device, .. } = &self.visit;
                Some(app.calls.enter(&device.device, self.asked.id.clone()))
            }
            Era::Modern => None,
        };
        let cancelled = listed.as_ref().map(super::calls::Listed::cancelled).unwrap_or_default();
        let left = leaving(gone, self.asked.era);
        let app = self.visit.app.clone();
        let reason = async {
            tokio::select! {
                () = left => Stop::Nobody,
                () = cancelled.cancelled() => Stop::Failed(Failure::Cancelled),
                () = revoked.cancelled() => Stop::Failed(Failure::AccessEnded),
                () = app.drain.cut_off().cancelled() => Stop::Failed(Failure::GatewayStopping),
                () = sleep_until(deadline) => Stop::Failed(Failure::WorkerSlow),
            }
        };
        // Boxed: what drives a connection to the worker is large.
        let end = unless(reason, Box::pin(self.work(&mut line, body, room))).await;
        let failure = end.as_ref().err().and_then(|stop| stop.failure());
        let end = match end {
            Ok(()) if line.gone().is_cancelled() && line.is_open() => StreamEnd::ClientClosed,
            Ok(()) => StreamEnd::Complete,
            Err(stop) => self.stop(&mut line, stop),
        };
        self.record(&line, end, failure);
    }

    /// Everything up to the last word to the client, unless there is a reason to stop.
    async fn work(&mut self, line: &mut Line, body: Bytes, room: Room) -> Result<(), Stop> {
        let reached = self.reach(line, body).await;
        // Until now the body might have had to be sent again.
        drop(room);
        let (answered, call, pass) = reached?;
        self.label = self.asked.plan.label(Some(&call)).into();
        if let Some(tool) = self.asked.plan.announced_tool(&call) {
            let Visit { app, device, .. } = &self.visit;
            app.store.count_call(&used(device, tool), app.clock.now());
            self.used = Some(tool.into());
        }
        match answered {
            Answered::Whole(Whole { status, body }) => {
                drop(call);
                line.finish(status, body, Some(pass)).await;
                Ok(())
            }
            Answered::Events(events) => self.relay(line, *events, &call, pass).await,
        }
    }

    async fn relay(
        &self,
        line: &mut Line,
        mut events: Events,
        call: &Call,
        pass: Pass,
    ) -> Result<(), Stop> {
        loop {
            match line.waiting(events.next()).await {
                Ok(Said::Notification(json)) => line.notify(&json).await,
                Ok(Said::Answer(json)) => {
                    line.finish(StatusCode::OK, Bytes::from(json).into(), Some(pass)).await;
                    return Ok(());
                }
                Err(unusable) => {
                    if unusable == Unusable::Broken {
                        // Whoever asks again at once shall not meet the same process.
                        call.post_mortem().await;
                    }
                    let repeatable = self.asked.plan.repeatable(call);
                    return Err(Stop::Failed(self.failure_of(unusable, repeatable)));
                }
            }
        }
    }

    /// A usable answer: of the account's worker, or of a successor where it died without one
    /// and the call may be repeated.
    async fn reach(&mut self, line: &mut Line, body: Bytes) -> Result<Reached, Stop> {
        let device = self.visit.device.clone();
        let pass = line.undecided(self.visit.app.gates.enter(&device.account)).await;
        let pass = pass.map_err(|_| Stop::Failed(Failure::TooManyCalls))?;
        let mut replays = Replays::new();
        loop {
            let call = line.undecided(self.ready_worker()).await?;
            let began = Instant::now();
            let sent = line.waiting(self.send(&call, body.clone())).await;
            self.waited += began.elapsed();
            let error = match sent? {
                Ok(answered) => return Ok((answered, call, pass)),
                Err(error) => error,
            };
            let repeatable = self.asked.plan.repeatable_after(error, &call);
            let again = repeatable == Repeatable::Yes && replays.take(error);
            tracing::warn!(
                event = if again { "mcp-forward-retry" } else { "mcp-forward-error" },
                account = %device.account,
                tool = self.asked.plan.label(Some(&call)),
                request = self.visit.request_id.as_str(),
                error = %error,
                ""
            );
            if !again {
                return Err(self.noted(match error {
                    SendError::Broken => Stop::Failed(Failure::WorkerCrashed(repeatable)),
                    SendError::Garbled => Stop::Failed(Failure::WorkerNonsense),
                    SendError::Unreached => {
                        let retry_after = self.visit.app.supervisor.retry_after();
                        Stop::Failed(Failure::AtCapacity { retry_after })
                    }
                    SendError::Ended { outcome, served: _ } => {
                        let retry_after = self.visit.app.supervisor.retry_after();
                        Failure::of(outcome, repeatable, retry_after)
                            .map_or(Stop::Challenge(Refusal::SignInNeeded), Stop::Failed)
                    }
                }));
            }
        }
    }

    async fn ready_worker(&self) -> Result<Call, Stop> {
        let Visit { app, device, .. } = &self.visit;
        let call = app.supervisor.call(&device.account).await.map_err(|none| {
            Stop::Failed(match none {
                NoWorker::AtCapacity { retry_after } => Failure::AtCapacity { retry_after },
                NoWorker::CrashLoop { retry_after } => Failure::CrashLoop { retry_after },
                NoWorker::StartsPaused { retry_after } => Failure::StartsPaused { retry_after },
            })
        })?;
        call.ready().await;
        Ok(call)
    }

    /// What one worker makes of it; the inner error may be another one's turn.
    async fn send(&self, call: &Call, body: Bytes) -> Result<Result<Answered, SendError>, Stop> {
        let address = match call.address() {
            Ok(address) => address,
            Err(error) => return Ok(Err(error)),
        };
        let answer = match call.send(self.request(address, body)).await {
            Ok(answer) => answer,
            Err(error) => return Ok(Err(error)),
        };
        verdict(answer.status(), answer.headers()).map_err(|stop| self.meant(stop))?;
        match Answered::read(answer, &self.asked.id).await {
            Ok(answered) => Ok(Ok(answered)),
            Err(Unusable::Broken) => Ok(Err(call.post_mortem().await)),
            Err(unusable) => Err(Stop::Failed(self.failure_of(unusable, Repeatable::No))),
        }
    }

    /// A scope that the athlete has switched off for all devices is no scope to ask for: the
    /// client would be granted it, and be refused again.
    fn meant(&self, stop: Stop) -> Stop {
        match stop {
            Stop::Challenge(Refusal::ScopeMissing { needed })
                if self.visit.device.rules.read_only && self.visit.device.scopes.cover(needed) =>
            {
                Stop::Failed(Failure::AccountReadOnly)
            }
            Stop::Challenge(_) | Stop::Failed(_) | Stop::Nobody => self.noted(stop),
        }
    }

    /// Lets no cache outlive the news that the account needs a sign-in.
    fn noted(&self, stop: Stop) -> Stop {
        if stop == Stop::Challenge(Refusal::SignInNeeded) {
            self.visit.app.devices.forget_account(&self.visit.device.account);
        }
        stop
    }

    fn failure_of(&self, unusable: Unusable, repeatable: Repeatable) -> Failure {
        tracing::warn!(
            event = "mcp-answer-unusable",
            account = %self.visit.device.account,
            request = self.visit.request_id.as_str(),
            reason = %unusable,
            ""
        );
        match unusable {
            Unusable::Broken => Failure::WorkerCrashed(repeatable),
            Unusable::TooLarge => Failure::AnswerTooLarge,
            Unusable::Stalled => Failure::WorkerSlow,
            Unusable::Nonsense => Failure::WorkerNonsense,
            Unusable::NotUnderstood => Failure::NotUnderstood(self.asked.era),
        }
    }

    fn request(&self, address: &Address, body: Bytes) -> Request<Full<Bytes>> {
        let Visit { device, headers, request_id, .. } = &self.visit;
        let stamp = Stamp {
            host: address.host.clone(),
            secret: address.secret.clone(),
            device: device.device.as_str(),
            scopes: device.allowed().as_str(),
            tools: device.tools.as_deref(),
            time_zone: device.rules.settings.time_zone.as_deref(),
            units: device.rules.settings.units.map(UnitSystem::as_str),
            request_id: request_id.as_str(),
        };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = address.uri.clone();
        *request.headers_mut() = headers::to_worker(headers, &stamp);
        request
    }

    /// The last word to the client: an answer, or an event where events are on the way.
    fn stop(&self, line: &mut Line, stop: Stop) -> StreamEnd {
        let id = &*self.asked.raw_id;
        let Some(failure) = stop.failure() else { return StreamEnd::ClientClosed };
        if failure == Failure::WorkerSlow {
            tracing::warn!(
                event = "mcp-timeout",
                account = %self.visit.device.account,
                tool = &*self.label,
                request = self.visit.request_id.as_str(),
                ""
            );
            // It may be slow or it may be stuck: the account's next call gets another one.
            self.visit.app.supervisor.drain_account(&self.visit.device.account);
        }
        if !line.is_open() {
            line.answer(match stop {
                Stop::Challenge(refusal) => self.visit.challenge(refusal),
                // A model reads a result and tells the person; an error of the protocol goes
                // nowhere.
                Stop::Failed(Failure::AccountReadOnly) if self.asked.plan.is_tool() => {
                    let result = failure.tool_result(id, self.asked.era);
                    rpc::whole(StatusCode::OK, Body::from(result))
                }
                Stop::Failed(_) | Stop::Nobody => failure.answer(Some(id)),
            });
            return StreamEnd::Complete;
        }
        match failure {
            // Whoever cancels a call expects to hear no more of it.
            Failure::Cancelled => {}
            // Too late for a challenge: what a model reads tells the person what to do.
            Failure::SignInNeeded | Failure::ScopeMissing | Failure::AccountReadOnly
                if self.asked.plan.is_tool() =>
            {
                line.last(&failure.tool_result(id, self.asked.era));
            }
            other => line.last(&other.json(Some(id))),
        }
        failure.into()
    }

    fn record(&self, line: &Line, end: StreamEnd, failure: Option<Failure>) {
        let Visit { device, request_id, began, .. } = &self.visit;
        let first = line.told.first_at.unwrap_or_else(Instant::now);
        let kind = if self.asked.plan.is_tool() { CallKind::Tool } else { CallKind::Protocol };
        let (status, total) = (line.told.status, began.elapsed());
        let waited = Some(self.waited);
        Ended { kind, end, failure, status, total, waited }.count(&self.visit.app.metrics);
        if let (Some(tool), Some(_)) = (&self.used, failure) {
            let app = &self.visit.app;
            app.store.count_failure(&used(device, tool), app.clock.now());
        }
        CallRecord {
            account: &device.account,
            device: &device.device,
            request_id: request_id.as_str(),
            tool: &self.label,
            status: line.told.status,
            end,
            code: failure.map(Failure::word),
            first_byte: first.duration_since(*began),
            total,
            own: total.saturating_sub(self.waited),
            bytes: line.told.bytes,
        }
        .emit();
    }
}

fn used<'a>(device: &'a LiveDevice, tool: &'a str) -> UsedTool<'a> {
    UsedTool { account: &device.account, client: &device.client, tool }
}

/// The work, unless there is a reason to stop it. The reason is asked first: work that never
/// rests would use up what the runtime grants a task before its limits had their turn.
async fn unless<T>(
    reason: impl Future<Output = Stop>,
    work: impl Future<Output = Result<T, Stop>>,
) -> Result<T, Stop> {
    tokio::select! {
        biased;
        stop = reason => Err(stop),
        end = work => end,
    }
}

/// Comes back when a call of a client that has left should end.
async fn leaving(gone: CancellationToken, era: Era) {
    gone.cancelled().await;
    match era {
        Era::Modern => {}
        Era::Legacy => sleep(FINISH_WITHIN).await,
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
    use crate::proxy::streams::Streams;
    use domain::entropy::CountingEntropy;
    use domain::id::{AccountId, DeviceId};
    use http::HeaderValue;
    use tokio_util::task::TaskTracker;

    #[tokio::test]
    async fn rel13_work_that_never_rests_meets_its_limits() {
        let limit = async {
            sleep_until(Instant::now()).await;
            Stop::Failed(Failure::WorkerSlow)
        };
        let restless = async {
            loop {
                tokio::task::consume_budget().await;
            }
        };
        let end = tokio::time::timeout(Duration::from_secs(10), unless::<()>(limit, restless));
        assert_eq!(end.await.unwrap(), Err(Stop::Failed(Failure::WorkerSlow)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_left_alone_ends_when_its_time_is_up() {
        let entropy = CountingEntropy::default();
        let owner = Owner {
            streams: Streams::default(),
            account: AccountId::generate(&entropy),
            device: DeviceId::generate(&entropy),
        };
        let (mut line, client) = Line::new(Reads::Both, owner);
        line.notify("{}").await;
        let elsewhere = Owned::new(TaskTracker::new(), std::future::pending());
        drop(client.response(elsewhere).await);
        let began = Instant::now();
        let gone = line.gone();
        let reason = async {
            leaving(gone, Era::Legacy).await;
            Stop::Nobody
        };
        let held = line.waiting(std::future::pending::<Result<(), Stop>>());
        assert_eq!(unless(reason, held).await, Err(Stop::Nobody));
        assert_eq!(began.elapsed(), FINISH_WITHIN);
    }

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
}
