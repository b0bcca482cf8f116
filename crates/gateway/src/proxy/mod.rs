//! `/mcp`: who asks, may they, what do they ask, and the way to the account's worker and back.
//!
//! Hot path: one cache look-up, a body that is copied only to join its pieces, an answer that is
//! not copied at all, no lock across an await, and no task but the connection's own. Everything
//! the gateway answers itself is in [`rpc`] or is a bearer challenge.

mod agreement;
mod answer;
mod bodies;
mod calls;
mod devices;
mod events;
mod forward;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod headers;
pub(crate) mod host;
mod line;
mod listen;
mod message;
#[cfg(test)]
mod message_properties;
mod outcome;
mod plan;
mod record;
mod rpc;
mod slices;
mod streams;

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use domain::realm::Realm;
use http::header::{ALLOW, AUTHORIZATION, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use serde_json::value::RawValue;
use store::{AccountState, LiveDevice};
use tokio::time::Instant;

use crate::config::Config;
use crate::error::{Refusal, challenge, json_error};
use crate::extract::client_ip::ClientIp;
use crate::failures::{Code, Recorded};
use crate::limits::{ByAddress, TooMany};
use crate::metrics::BearerRefusal;
use crate::oauth::succession::Under;
use crate::request_id::RequestId;
use crate::state::AppState;
use agreement::{Era, SUPPORTED};
use bodies::Room;
use forward::Asked;
use headers::Reads;
use host::Caller;
use message::{Kind, Message};
use rpc::Failure;

pub use bodies::Bodies;
pub use calls::Calls;
pub use devices::{DeviceCache, Unanswered};
pub use streams::{Stream, Streams};

/// The longest call, from its first byte to the last of its answer.
const CALL: Duration = Duration::from_mins(4);

/// One authenticated request.
struct Visit {
    app: AppState,
    realm: Realm,
    device: Arc<LiveDevice>,
    headers: HeaderMap,
    request_id: RequestId,
    began: Instant,
}

/// The MCP endpoint, all methods.
pub(crate) async fn mcp(
    State(app): State<AppState>,
    Extension(id): Extension<RequestId>,
    Under(realm): Under,
    ip: ClientIp,
    request: Request,
) -> Response {
    let Config { public_url, allowed_origins, .. } = &*app.config;
    let caller = Caller::of(request.headers(), public_url, allowed_origins);
    if caller == Caller::Foreign {
        return json_error(
            StatusCode::FORBIDDEN,
            "origin_forbidden",
            "Scripts of that web site may not call this server.",
        );
    }
    let mut response = if request.method() == Method::OPTIONS {
        host::preflight(request.headers())
    } else {
        answer(app, realm, ip, request, id).await
    };
    caller.open(response.headers_mut());
    response
}

async fn answer(
    app: AppState,
    realm: Realm,
    ip: ClientIp,
    request: Request,
    request_id: RequestId,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    tracing::debug!(
        event = "mcp-request",
        method = parts.method.as_str(),
        has_session = parts.headers.contains_key("mcp-session-id"),
        request = request_id.as_str(),
        ""
    );
    let device = match authenticate(&app, realm, ip, &parts.headers, parts.uri.query()).await {
        Ok(device) => device,
        Err(mut response) => {
            let code = response.extensions().get::<Code>().map(|Code(word)| *word);
            response.extensions_mut().insert(Recorded);
            tracing::info!(
                event = "mcp-auth-rejected",
                method = parts.method.as_str(),
                status = response.status().as_u16(),
                code,
                request = request_id.as_str(),
                ""
            );
            return response;
        }
    };
    if parts.method != Method::POST {
        return method_not_allowed();
    }
    if !headers::is_json(&parts.headers) {
        return json_error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "Send application/json.",
        );
    }
    let Some(reads) = Reads::of(&parts.headers) else {
        return not_acceptable("Accept application/json, text/event-stream or both.");
    };
    let (body, room) = match app.bodies.read(&device.account, &parts.headers, body).await {
        Ok(read) => read,
        Err(response) => return response,
    };
    let visit = Visit { app, realm, device, headers: parts.headers, request_id, began };
    visit.handle(body, room, reads).await
}

/// The device behind the request's token, or the challenge.
async fn authenticate(
    app: &AppState,
    realm: Realm,
    ip: ClientIp,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Arc<LiveDevice>, Response> {
    let refuse = |refusal| {
        let cause = match refusal {
            Refusal::NoToken => BearerRefusal::NoToken,
            Refusal::TokenRejected => BearerRefusal::Rejected,
            Refusal::SignInNeeded => BearerRefusal::SignInNeeded,
            Refusal::Malformed | Refusal::ScopeMissing { .. } => BearerRefusal::Malformed,
        };
        app.metrics.bearer_refusals.of(cause).increment(1);
        challenge(&app.config.public_url, realm, refusal)
    };
    let limited = |full: TooMany| {
        app.metrics.bearer_refusals.of(BearerRefusal::Limited).increment(1);
        Failure::RateLimited { retry_after: full.retry_after }.answer(None)
    };
    let in_query = query.is_some_and(|query| {
        url::form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "access_token")
    });
    match headers::doubled(headers) {
        Some("Authorization") => return Err(refuse(Refusal::Malformed)),
        Some(_) => {
            return Err(json_error(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                "A header that may appear once appears twice.",
            ));
        }
        None => {}
    }
    if in_query {
        return Err(refuse(Refusal::Malformed));
    }
    let now = app.clock.now();
    let Some(token) = bearer(headers) else { return Err(refuse(Refusal::NoToken)) };
    // Whoever guesses costs the store a look at every guess, so guesses are counted before it
    // is asked. Tokens it has confirmed lately are none.
    let may_ask = || app.limits.check_address(ByAddress::UnknownToken, ip.0);
    let device = match app.devices.find(token, now, may_ask).await {
        Ok(Some(device)) => device,
        Ok(None) => return Err(refuse(Refusal::TokenRejected)),
        Err(Unanswered::TooMany(full)) => return Err(limited(full)),
        Err(Unanswered::Store(error)) => {
            tracing::error!(event = "store-failed", error = error.label(), "");
            app.metrics.bearer_refusals.of(BearerRefusal::StoreFailed).increment(1);
            return Err(Failure::StoreDown.answer(None));
        }
    };
    if let Err(full) = app.limits.check_call(&device.device) {
        return Err(limited(full));
    }
    app.store.touch_device(&device.device, now);
    match device.account_state {
        AccountState::Live => Ok(device),
        AccountState::SignInNeeded => Err(refuse(Refusal::SignInNeeded)),
    }
}

/// The credentials of a `Bearer` header; the scheme's case does not matter (RFC 9110 §11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?;
    // Bytes that are no text are no token of ours, but they are an attempt at one.
    let text = value.to_str().unwrap_or("Bearer -");
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn method_not_allowed() -> Response {
    let mut response = json_error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This server keeps no sessions and offers no stream to GET: use POST.",
    );
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
    response
}

fn not_acceptable(sentence: &'static str) -> Response {
    json_error(StatusCode::NOT_ACCEPTABLE, "not_acceptable", sentence)
}

impl Visit {
    /// The refusal of this bearer, with the way to a sign-in under the name the client knows.
    fn challenge(&self, refusal: Refusal) -> Response {
        challenge(&self.app.config.public_url, self.realm, refusal)
    }

    async fn handle(self, body: Bytes, room: Room, reads: Reads) -> Response {
        let message = match Message::read(&body) {
            Ok(message) => message,
            Err(malformed) => return Failure::Malformed(malformed).answer(None),
        };
        let era = Era::of(&message, &self.headers);
        let answered = match era {
            Era::Legacy => self.answered_legacy(&message),
            Era::Modern => self.answered_modern(&message, reads),
        };
        if let Some(response) = answered {
            return response;
        }
        let Some(asked) = Asked::of(&message, era) else { return rpc::accepted() };
        drop(message);
        self.forward(body, room, asked, reads).await
    }

    /// What the gateway answers itself; `None` is the worker's.
    fn answered_legacy(&self, message: &Message<'_>) -> Option<Response> {
        if agreement::repeated(&self.headers) {
            return Some(Failure::Disagreement("a header appears twice").answer(message.id));
        }
        if let Some(named) = agreement::unknown_revision(&self.headers) {
            return Some(rpc::unsupported(message.id, &named));
        }
        match message.kind {
            // Without a session there is nothing a notification could change, except what is
            // under way at the moment.
            Kind::Notification => {
                if let Some(id) = message.cancels.clone() {
                    self.app.calls.cancel(&self.device.device, id);
                }
                return Some(rpc::accepted());
            }
            Kind::Response => return Some(rpc::accepted()),
            Kind::Request => {}
        }
        let flaw = message.flaw.or_else(|| {
            (message.method == "initialize" && !message.handshake)
                .then_some("initialize needs protocolVersion, capabilities and clientInfo")
        });
        if let Some(flaw) = flaw {
            return Some(Failure::BadParams(flaw, Era::Legacy).answer(message.id));
        }
        let id = message.id.filter(|_| message.method == "ping")?;
        Some(rpc::result(Some(id), serde_json::Map::new()))
    }

    /// The same for a message that is complete in itself, in the order the protocol asks for:
    /// headers, `_meta`, revision, method.
    fn answered_modern(&self, message: &Message<'_>, reads: Reads) -> Option<Response> {
        match message.kind {
            // No notification is defined that a server could act on.
            Kind::Notification => return Some(rpc::accepted()),
            Kind::Response => return Some(Failure::ClientResponse.answer(message.id)),
            Kind::Request => {}
        }
        if let Err(disagreement) = agreement::check(message, &self.headers) {
            return Some(Failure::Disagreement(disagreement.0).answer(message.id));
        }
        let version = match message.meta_version.as_deref() {
            Some(version) if message.meta_capabilities => version,
            Some(_) | None => return Some(Failure::NoMeta.answer(message.id)),
        };
        if !SUPPORTED.contains(&version) {
            return Some(rpc::unsupported(message.id, version));
        }
        if let Some(flaw) = message.flaw {
            return Some(Failure::BadParams(flaw, Era::Modern).answer(message.id));
        }
        match (&*message.method, message.id) {
            ("ping", id) => Some(Failure::MethodNotFound.answer(id)),
            ("subscriptions/listen", Some(_)) if reads == Reads::Json => {
                Some(not_acceptable("This is answered as events: accept text/event-stream."))
            }
            ("subscriptions/listen", Some(id)) => Some(self.listen(id)),
            _ => None,
        }
    }

    fn listen(&self, id: &RawValue) -> Response {
        let (account, device) = (&self.device.account, &self.device.device);
        let Some(listed) = self.app.streams.listen(account, device, listen::MOST) else {
            return Failure::TooManyStreams.answer(Some(id));
        };
        listen::open(id, listed, self.app.drain.closed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_header_carries_a_token() {
        let token = |text: &'static str| {
            let map = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(text))]);
            bearer(&map).map(str::to_owned)
        };
        assert_eq!(token("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("bearer abc").as_deref(), Some("abc"));
        assert_eq!(token("Bearer  abc").as_deref(), Some(" abc"));
        assert_eq!(token("Bearer").as_deref(), Some(""));
        assert_eq!(token("Basic abc"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
