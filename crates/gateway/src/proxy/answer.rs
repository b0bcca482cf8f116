//! What a worker answers, read to its end and checked: one message that answers ours, or
//! events until there is one. A worker that is confused confuses nobody else.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sse_stream::SseStream;
use tokio::time::timeout;

use super::headers;
use super::message::Id;
use crate::workers::Answer;

/// The longest answer, all its events together. Clients cut results off far below.
const LARGEST: usize = 8 * 1024 * 1024;

/// Between two pieces of one message.
const PAUSE: Duration = Duration::from_secs(30);

/// How many messages that are none for us a call may bring before it is not believed any more.
const MOST_DROPPED: usize = 100;

/// An answer that clients may see.
#[derive(Debug)]
pub(super) enum Answered {
    Whole(Whole),
    Events(Box<Events>),
}

/// One message; empty where there is nothing to say.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

/// Messages up to the one that answers.
pub(super) struct Events {
    stream: SseStream<Reading>,
    id: Option<Id>,
    /// Messages that were left out.
    dropped: usize,
}

/// A message of a stream.
#[derive(Debug)]
pub(super) enum Said {
    Notification(String),
    /// The last one.
    Answer(String),
}

/// Why an answer cannot be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("the answer broke off")]
    Broken,
    #[error("the answer is too large")]
    TooLarge,
    #[error("the answer is no answer to the question")]
    Nonsense,
    /// It began and then stood still.
    #[error("the answer stopped in the middle")]
    Stalled,
    /// The worker says in words of its own that it cannot read the message.
    #[error("the worker did not understand the message")]
    NotUnderstood,
}

/// A worker's bytes, as many as are allowed.
struct Reading(Limited<Incoming>);

impl Body for Reading {
    type Data = Bytes;
    type Error = Unusable;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Unusable>>> {
        Pin::new(&mut self.0).poll_frame(context).map_err(|error| {
            if error.is::<LengthLimitError>() {
                Unusable::TooLarge
            } else if is_garbled(&*error) {
                Unusable::Nonsense
            } else {
                Unusable::Broken
            }
        })
    }
}

/// All of an answer that is one message. Who has begun to send it has it whole: it is allowed
/// no pause for thought, only a slow line.
async fn collect(mut body: Reading) -> Result<Bytes, Unusable> {
    let mut pieces = BytesMut::new();
    let mut whole = Bytes::new();
    while let Some(frame) = timeout(PAUSE, body.frame()).await.map_err(|_| Unusable::Stalled)? {
        let Ok(data) = frame?.into_data() else { continue };
        if whole.is_empty() && pieces.is_empty() {
            whole = data;
        } else {
            pieces.extend_from_slice(&std::mem::take(&mut whole));
            pieces.extend_from_slice(&data);
        }
    }
    Ok(if pieces.is_empty() { whole } else { pieces.freeze() })
}

/// Whether a body is framed as no body can be, rather than cut off.
fn is_garbled(error: &(dyn Error + 'static)) -> bool {
    let cause = error.downcast_ref::<hyper::Error>().and_then(Error::source);
    let cause = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|cause| {
        matches!(cause.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData)
    })
}

impl Answered {
    /// The answer to the message with this id; `None` for a message that has none.
    pub(super) async fn read(answer: Answer, id: Option<&Id>) -> Result<Self, Unusable> {
        let (head, body) = answer.into_parts();
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(Unusable::TooLarge);
        }
        let body = Reading(Limited::new(body, LARGEST));
        if headers::is_stream(&head.headers) {
            let events = Events { stream: SseStream::new(body), id: id.cloned(), dropped: 0 };
            return Ok(Self::Events(Box::new(events)));
        }
        let body = collect(body).await?;
        let is_json = head.headers.get(CONTENT_TYPE).is_some_and(headers::says_json);
        if !is_json && head.status.is_client_error() {
            return Err(Unusable::NotUnderstood);
        }
        let nothing = body.is_empty() && head.status == StatusCode::ACCEPTED;
        let usable = nothing
            || std::str::from_utf8(&body).is_ok_and(|text| kind_of(text, id) == Kind::Answer);
        if usable {
            Ok(Self::Whole(Whole { status: head.status, body }))
        } else {
            Err(Unusable::Nonsense)
        }
    }
}

impl Events {
    /// The next message for the client. What is none is left out.
    pub(super) async fn next(&mut self) -> Result<Said, Unusable> {
        loop {
            let event = match self.stream.next().await {
                None => return Err(Unusable::Broken),
                Some(Ok(event)) => event,
                Some(Err(sse_stream::Error::Body(error))) => {
                    return Err(error.downcast_ref().copied().unwrap_or(Unusable::Broken));
                }
                Some(Err(
                    sse_stream::Error::InvalidLine
                    | sse_stream::Error::DuplicatedEventLine
                    | sse_stream::Error::DuplicatedIdLine
                    | sse_stream::Error::DuplicatedRetry
                    | sse_stream::Error::Utf8Parse(_)
                    | sse_stream::Error::IntParse(_),
                )) => return Err(Unusable::Nonsense),
            };
            let Some(data) = event.data else { continue };
            match kind_of(&data, self.id.as_ref()) {
                Kind::Notification => return Ok(Said::Notification(data)),
                Kind::Answer => return Ok(Said::Answer(data)),
                Kind::Other if self.dropped < MOST_DROPPED => {
                    // Said once: a worker does not choose how long our log gets.
                    if self.dropped == 0 {
                        tracing::warn!(event = "worker-message-dropped", bytes = data.len(), "");
                    }
                    self.dropped += 1;
                }
                Kind::Other => return Err(Unusable::Nonsense),
            }
        }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Events(…)")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Notification,
    Answer,
    /// A request, which nobody would answer, the answer to another message, or no message.
    Other,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    method: Option<IgnoredAny>,
    result: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
}

pub(super) fn kind_of(text: &str, ours: Option<&Id>) -> Kind {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) else { return Kind::Other };
    let Envelope { id, method, result, error } = envelope;
    match (method, id, result, error) {
        (Some(_), None, None, None) => Kind::Notification,
        (None, Some(id), Some(_), None) | (None, Some(id), None, Some(_))
            if ours.is_some() && Id::of(id).as_ref() == ours =>
        {
            Kind::Answer
        }
        // Whoever cannot read a message cannot say which one.
        (None, None, None, Some(_)) => Kind::Answer,
        (Some(_) | None, Some(_) | None, Some(_) | None, Some(_) | None) => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper_util::rt::TokioIo;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::Instant;
    use tokio_util::task::TaskTracker;

    #[test]
    fn t127_only_the_answer_to_our_message_is_an_answer() {
        let kind = |text: &str| kind_of(text, Some(&Id::Number(7)));
        assert_eq!(kind(r#"{"jsonrpc":"2.0","id":7,"result":{}}"#), Kind::Answer);
        assert_eq!(kind(r#"{"id":7,"error":{"code":1}}"#), Kind::Answer);
        assert_eq!(kind(r#"{"id":null,"error":{"code":1}}"#), Kind::Answer);
        assert_eq!(kind(r#"{"method":"notifications/progress","params":{}}"#), Kind::Notification);
        for other in [
            r#"{"id":8,"result":{}}"#,
            r#"{"id":"7","result":{}}"#,
            r#"{"result":{}}"#,
            r#"{"id":7,"method":"sampling/createMessage"}"#,
            r#"{"id":7,"result":{},"error":{}}"#,
            r#"{"id":7,"id":7,"result":{}}"#,
            r#"[{"id":7,"result":{}}]"#,
            "nonsense",
            "",
        ] {
            assert_eq!(kind(other), Kind::Other, "{other}");
        }
        assert_eq!(kind_of(r#"{"id":7,"result":{}}"#, None), Kind::Other);
        assert_eq!(
            kind_of(r#"{"id":"\u0061","result":{}}"#, Some(&Id::Text("a".into()))),
            Kind::Answer
        );
    }
    /// A worker's answer of `length` bytes, of which one arrives each `pause` and only `sent`.
    async fn dripping(length: usize, sent: usize, pause: Duration) -> Answer {
        let (near, mut far) = tokio::io::duplex(1024);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(near)).await.unwrap();
        let tasks = TaskTracker::new();
        tasks.spawn(connection);
        tasks.spawn(async move {
            let mut head = [0; 1024];
            let _ = far.read(&mut head).await.unwrap();
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json";
            let head = format!("{head}\r\nContent-Length: {length}\r\n\r\n");
            far.write_all(head.as_bytes()).await.unwrap();
            for _ in 0..sent {
                tokio::time::sleep(pause).await;
                if far.write_all(b" ").await.is_err() {
                    return;
                }
            }
            std::future::pending::<()>().await;
        });
        let request = http::Request::new(http_body_util::Empty::<Bytes>::new());
        sender.send_request(request).await.unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn rel14_a_message_that_stops_in_the_middle_is_given_up() {
        let began = Instant::now();
        let answer = dripping(100, 50, Duration::from_secs(1)).await;
        let read = Answered::read(answer, Some(&Id::Number(7))).await;
        assert_eq!(read.unwrap_err(), Unusable::Stalled);
        assert_eq!(began.elapsed().as_secs(), 50 + PAUSE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn rel14_a_byte_a_second_is_borne_as_long_as_a_call_may_take() {
        let answer = dripping(100_000, 100_000, Duration::from_secs(1)).await;
        let id = Id::Number(7);
        let reading = timeout(super::super::CALL, Answered::read(answer, Some(&id)));
        assert!(reading.await.is_err(), "the call's own limit ends it");
    }
}
