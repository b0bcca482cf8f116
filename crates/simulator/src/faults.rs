//! What can be made to go wrong, for whom and how often.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::{Sleep, sleep};

use crate::accounts::AccountIndex;
use crate::chance::Seed;
use crate::routes::Host;
use crate::sso;

/// Which requests a fault is for. Everything left out matches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Matcher {
    pub host: Option<Host>,
    pub method: Option<String>,
    pub path_prefix: Option<String>,
    /// E-mail of an account.
    pub account: Option<String>,
}

impl Matcher {
    /// Requests to one host.
    #[must_use]
    pub fn host(host: Host) -> Self {
        Self { host: Some(host), ..Self::default() }
    }

    #[must_use]
    pub fn path(mut self, prefix: impl Into<String>) -> Self {
        self.path_prefix = Some(prefix.into());
        self
    }

    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    #[must_use]
    pub fn account(mut self, email: impl Into<String>) -> Self {
        self.account = Some(email.into());
        self
    }
}

/// How often a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Firing {
    Times(u32),
    Always,
    /// With this chance out of 1,000, decided by the seed and the number of the matching request.
    Chance {
        per_mille: u16,
        seed: u64,
    },
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Waits, then goes on (to the next fault that matches, or the real answer).
    Delay { millis: u64 },
    /// Answers this status instead: 427, 429, 5xx, 401, …
    Status {
        status: u16,
        #[serde(default)]
        retry_after_secs: Option<u64>,
    },
    /// 403 with a browser challenge page.
    Challenge,
    /// 204, "no data".
    NoContent,
    /// 200 and an object that says that the token may not read this person's health data.
    PrivacyProtected,
    /// 200 and HTML where JSON is expected.
    HtmlPage,
    /// The real answer, in pieces of `bytes` every `millis`.
    Trickle { bytes: usize, millis: u64 },
    /// The real answer, cut after so many bytes by closing the connection.
    Torn { after_bytes: usize },
    /// The real status and headers with half of the JSON.
    Malformed,
    /// Closes the connection without an answer and without doing anything.
    Reset,
    /// Does everything, then closes the connection without an answer: Garmin committed, we did
    /// not hear.
    DropAnswer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    #[serde(default)]
    pub when: Matcher,
    pub effect: Effect,
    pub firing: Firing,
}

impl Fault {
    #[must_use]
    pub const fn once(when: Matcher, effect: Effect) -> Self {
        Self { when, effect, firing: Firing::Times(1) }
    }

    #[must_use]
    pub const fn times(count: u32, when: Matcher, effect: Effect) -> Self {
        Self { when, effect, firing: Firing::Times(count) }
    }

    #[must_use]
    pub const fn always(when: Matcher, effect: Effect) -> Self {
        Self { when, effect, firing: Firing::Always }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FaultId(pub u64);

/// A fault waiting for its requests.
#[derive(Debug)]
pub(crate) struct ArmedFault {
    pub(crate) id: FaultId,
    pub(crate) fault: Fault,
    pub(crate) account: Option<AccountIndex>,
    pub(crate) seen: i64,
}

/// What a fault is matched against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sighting<'a> {
    pub(crate) host: Host,
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) account: Option<AccountIndex>,
}

impl ArmedFault {
    fn matches(&self, sighting: Sighting<'_>) -> bool {
        let when = &self.fault.when;
        when.host.is_none_or(|host| host == sighting.host)
            && when
                .method
                .as_ref()
                .is_none_or(|method| method.eq_ignore_ascii_case(sighting.method))
            && when.path_prefix.as_ref().is_none_or(|prefix| sighting.path.starts_with(prefix))
            && (when.account.is_none()
                || (self.account.is_some() && self.account == sighting.account))
    }

    /// Whether the fault strikes this request; counts it.
    fn strikes(&mut self, sighting: Sighting<'_>) -> bool {
        if !self.matches(sighting) {
            return false;
        }
        self.seen += 1;
        match &mut self.fault.firing {
            Firing::Always => true,
            Firing::Times(left) => {
                let strikes = *left > 0;
                *left = left.saturating_sub(1);
                strikes
            }
            Firing::Chance { per_mille, seed } => {
                Seed::new(*seed).at(self.seen).happens(f64::from(*per_mille) / 1_000.0)
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.fault.firing == Firing::Times(0)
    }
}

/// The effects that strike a request, in order: delays, then at most one other.
pub(crate) fn strike(faults: &mut Vec<ArmedFault>, sighting: Sighting<'_>) -> Vec<Effect> {
    let mut effects = Vec::new();
    for armed in faults.iter_mut() {
        if armed.strikes(sighting) {
            let effect = armed.fault.effect.clone();
            let goes_on = matches!(effect, Effect::Delay { .. });
            effects.push(effect);
            if !goes_on {
                break;
            }
        }
    }
    faults.retain(|armed| !armed.is_spent());
    effects
}

/// Marks a response whose connection is to be cut before a byte of it is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

pub(crate) fn cut() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    response.extensions_mut().insert(Cut);
    response
}

/// The answer given in the place of the real one, for effects that prevent it.
pub(crate) fn instead(effect: &Effect) -> Option<Response> {
    match effect {
        Effect::Status { status, retry_after_secs } => {
            let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response =
                (status, [(header::CONTENT_TYPE, "text/html")], "<html>error</html>")
                    .into_response();
            if let Some(secs) = retry_after_secs {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*secs));
            }
            Some(response)
        }
        Effect::Challenge => Some(sso::challenge()),
        Effect::NoContent => Some(StatusCode::NO_CONTENT.into_response()),
        Effect::PrivacyProtected => {
            Some(Json(json!({"privacyProtected": true, "totalSteps": null})).into_response())
        }
        Effect::HtmlPage => Some(
            (
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                "<!DOCTYPE html><html><head><title>Garmin Connect</title></head></html>",
            )
                .into_response(),
        ),
        Effect::Reset => Some(cut()),
        Effect::Delay { .. }
        | Effect::Trickle { .. }
        | Effect::Torn { .. }
        | Effect::Malformed
        | Effect::DropAnswer => None,
    }
}

/// Spoils a real answer.
pub(crate) async fn spoil(effect: &Effect, response: Response) -> Response {
    match effect {
        Effect::DropAnswer => cut(),
        Effect::Malformed => {
            let (parts, bytes) = take_apart(response).await;
            rebuild(parts, Body::from(bytes.slice(..bytes.len() / 2)), None)
        }
        Effect::Torn { after_bytes } => {
            let (parts, bytes) = take_apart(response).await;
            // The promised length is the whole one, so the cut is seen as a cut.
            let kept =
                bytes.slice(..bytes.len().min(*after_bytes).min(bytes.len().saturating_sub(1)));
            let body = Pieces::new(vec![kept], Duration::ZERO, Ending::Torn);
            rebuild(parts, Body::new(body), Some(bytes.len()))
        }
        Effect::Trickle { bytes: size, millis } => {
            let (parts, bytes) = take_apart(response).await;
            let length = bytes.len();
            let pieces = bytes.chunks((*size).max(1)).map(Bytes::copy_from_slice).collect();
            let body = Pieces::new(pieces, Duration::from_millis(*millis), Ending::Clean);
            rebuild(parts, Body::new(body), Some(length))
        }
        Effect::Delay { .. }
        | Effect::Status { .. }
        | Effect::Challenge
        | Effect::NoContent
        | Effect::PrivacyProtected
        | Effect::HtmlPage
        | Effect::Reset => response,
    }
}

async fn take_apart(response: Response) -> (axum::http::response::Parts, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    (parts, bytes)
}

fn rebuild(
    mut parts: axum::http::response::Parts,
    body: Body,
    promised: Option<usize>,
) -> Response {
    parts.headers.remove(header::CONTENT_LENGTH);
    if let Some(length) = promised {
        parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Response::from_parts(parts, body)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Clean,
    Torn,
}

/// A body in pieces, each after a pause, that may break off.
struct Pieces {
    left: VecDeque<Bytes>,
    pause: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

impl Pieces {
    fn new(pieces: Vec<Bytes>, pause: Duration, ending: Ending) -> Self {
        Self { left: pieces.into(), pause, waiting: None, ending }
    }
}

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.left.is_empty() {
            return Poll::Ready(match self.ending {
                Ending::Clean => None,
                Ending::Torn => Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))),
            });
        }
        let pause = self.pause;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
        if waiting.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        self.waiting = None;
        Poll::Ready(self.left.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn armed(fault: Fault, account: Option<AccountIndex>) -> ArmedFault {
        ArmedFault { id: FaultId(1), fault, account, seen: 0 }
    }

    const SIGHTING: Sighting<'_> = Sighting {
        host: Host::Api,
        method: "GET",
        path: "/hrv-service/hrv/2026-05-01",
        account: Some(AccountIndex(0)),
    };

    #[test]
    fn a_counted_fault_strikes_so_often_and_is_then_forgotten() {
        let fault = Fault::times(2, Matcher::host(Host::Api), Effect::NoContent);
        let mut faults = vec![armed(fault, None)];
        assert_eq!(strike(&mut faults, SIGHTING), [Effect::NoContent]);
        assert_eq!(strike(&mut faults, SIGHTING), [Effect::NoContent]);
        assert_eq!(strike(&mut faults, SIGHTING), []);
        assert!(faults.is_empty());
    }

    #[test]
    fn a_fault_strikes_only_what_it_names() {
        let wrong = [
            Matcher::host(Host::Sso),
            Matcher::default().path("/sleep-service"),
            Matcher::default().method("POST"),
            Matcher::default().account("somebody@example.org"),
        ];
        for when in wrong {
            let account = when.account.is_some().then_some(AccountIndex(1));
            let mut faults = vec![armed(Fault::always(when.clone(), Effect::Reset), account)];
            assert_eq!(strike(&mut faults, SIGHTING), [], "{when:?}");
        }
    }

    #[test]
    fn a_delay_lets_the_next_fault_strike_too() {
        let slow = Fault::always(Matcher::default(), Effect::Delay { millis: 5 });
        let broken = Fault::always(Matcher::default(), Effect::Malformed);
        let mut faults = vec![armed(slow, None), armed(broken, None)];
        let effects = strike(&mut faults, SIGHTING);
        assert_eq!(effects, [Effect::Delay { millis: 5 }, Effect::Malformed]);
    }

    #[test]
    fn chance_is_decided_by_the_seed() {
        let firing = Firing::Chance { per_mille: 300, seed: 11 };
        let run = || {
            let fault = Fault { when: Matcher::default(), effect: Effect::Reset, firing };
            let mut faults = vec![armed(fault, None)];
            (0..200).map(|_| strike(&mut faults, SIGHTING).len()).collect::<Vec<_>>()
        };
        let struck: usize = run().iter().sum();
        assert_eq!(run(), run());
        assert!((30..=90).contains(&struck), "{struck}");
    }

    #[test]
    fn a_fault_reads_from_json() {
        let fault: Fault = serde_json::from_str(
            r#"{"when":{"host":"diauth"},"effect":{"status":{"status":429,"retry_after_secs":7}},
                "firing":{"times":3}}"#,
        )
        .unwrap();
        let effect = Effect::Status { status: 429, retry_after_secs: Some(7) };
        assert_eq!(fault, Fault::times(3, Matcher::host(Host::Diauth), effect));
    }
}
