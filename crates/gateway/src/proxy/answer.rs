//! What a worker answers, read to its end and checked: one message that answers ours, or
//! events until there is one. A worker that is confused confuses nobody else.
//!
//! One message is held, as the pieces it arrived in, until it is whole, and only then goes on.
//! So a worker that dies in the middle of it has answered nothing: the call can be repeated, or
//! the client gets an error that says so, and never half a message. The price is at most
//! [`LARGEST`] for a call, and the time a worker on the same machine takes to write it.
//!
//! What a message is, its beginning tells: the id and `result` or `error`, before the first byte
//! of what is in them. A message that begins in another order is parsed to its end.
//! What follows such a beginning is not read: members that come twice or text that is no JSON
//! reach the client as they were written, and only clients of the account whose worker wrote it.

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sse_stream::SseStream;
use tokio::time::timeout;

use super::headers;
use super::message::Id;
use super::slices::Pieces;
use crate::workers::{Answer, AnswerBody};

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

/// One message.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) body: Pieces,
}

/// Messages up to the one that answers.
pub(super) struct Events {
    stream: SseStream<Reading>,
    id: Id,
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
struct Reading(Limited<AnswerBody>);

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
async fn collect(mut body: Reading) -> Result<Pieces, Unusable> {
    let mut pieces = Pieces::default();
    while let Some(frame) = timeout(PAUSE, body.frame()).await.map_err(|_| Unusable::Stalled)? {
        if let Ok(piece) = frame?.into_data() {
            pieces.push(piece);
        }
    }
    Ok(pieces)
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
    /// The answer to the message with this id.
    pub(super) async fn read(answer: Answer, id: &Id) -> Result<Self, Unusable> {
        let (head, body) = answer.into_parts();
        if body.size_hint().lower() > LARGEST as u64 {
            return Err(Unusable::TooLarge);
        }
        let body = Reading(Limited::new(body, LARGEST));
        if headers::is_stream(&head.headers) {
            let events = Events { stream: SseStream::new(body), id: id.clone(), dropped: 0 };
            return Ok(Self::Events(Box::new(events)));
        }
        let pieces = collect(body).await?;
        let is_json = head.headers.get(CONTENT_TYPE).is_some_and(headers::says_json);
        if !is_json && head.status.is_client_error() {
            return Err(Unusable::NotUnderstood);
        }
        if answers(&pieces, id) {
            Ok(Self::Whole(Whole { status: head.status, body: pieces }))
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
            match kind_of(&data, &self.id) {
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

/// Whether this is the answer to the message with our id.
pub(super) fn answers(message: &Pieces, ours: &Id) -> bool {
    let ends = message.last().trim_ascii_end().ends_with(b"}");
    let tells = || Beginning(message.first()).tells(ours);
    ends && tells().unwrap_or_else(|| {
        let whole = message.joined();
        std::str::from_utf8(&whole).is_ok_and(|text| kind_of(text, ours) == Kind::Answer)
    })
}

/// The first bytes of a message.
struct Beginning<'a>(&'a [u8]);

impl<'a> Beginning<'a> {
    /// Whether it is the answer to ours; `None` when that cannot be told from here.
    fn tells(mut self, ours: &Id) -> Option<bool> {
        self.byte(b'{')?;
        let mut named = None;
        loop {
            let key = self.text()?;
            self.byte(b':')?;
            match key {
                b"\"jsonrpc\"" => drop(self.text()?),
                b"\"id\"" if named.is_none() => named = Some(self.id()?),
                b"\"result\"" | b"\"error\"" => return Some(named? == *ours),
                _ => return None,
            }
            self.byte(b',')?;
        }
    }

    fn byte(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.0.trim_ascii_start().split_first()?;
        self.0 = rest;
        (*first == expected).then_some(())
    }

    /// A string with its quotes, if it is one without escapes.
    fn text(&mut self) -> Option<&'a [u8]> {
        let text = self.0.trim_ascii_start();
        let inner = text.strip_prefix(b"\"")?;
        let end = inner.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        let (text, rest) = text.split_at(end + 2);
        self.0 = rest;
        text.ends_with(b"\"").then_some(text)
    }

    fn id(&mut self) -> Option<Id> {
        let text = self.0.trim_ascii_start();
        let id = if text.starts_with(b"\"") {
            self.text()?
        } else {
            let end = text.iter().position(|byte| matches!(byte, b',' | b'}'))?;
            let (id, rest) = text.split_at(end);
            self.0 = rest;
            id.trim_ascii_end()
        };
        Id::parse(std::str::from_utf8(id).ok()?)
    }
}

pub(super) fn kind_of(text: &str, ours: &Id) -> Kind {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(text) else { return Kind::Other };
    let Envelope { id, method, result, error } = envelope;
    match (method, id, result, error) {
        (Some(_), None, None, None) => Kind::Notification,
        (None, Some(id), Some(_), None) | (None, Some(id), None, Some(_))
            if Id::of(id).as_ref() == Some(ours) =>
        {
            Kind::Answer
        }
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

    const OURS: Id = Id::Number(7);

    /// What the beginning tells, and what the whole message is.
    fn both(text: &str, ours: &Id) -> (Option<bool>, Kind) {
        (Beginning(text.as_bytes()).tells(ours), kind_of(text, ours))
    }

    fn passes(text: &str, ours: &Id) -> bool {
        answers(&Pieces::from(Bytes::from(text.to_owned())), ours)
    }

    #[test]
    fn t127_only_the_answer_to_our_message_is_an_answer() {
        let text = Id::Text("a".into());
        for (message, ours, beginning) in [
            (r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, &OURS, Some(true)),
            (r#"{"id":7,"error":{"code":1}}"#, &OURS, Some(true)),
            (" { \"id\" : 7 , \"jsonrpc\" : \"2.0\" , \"result\" : 1 } \n", &OURS, Some(true)),
            (r#"{"jsonrpc":"2.0","result":{},"id":7}"#, &OURS, None),
            (r#"{"jsonrpc":"2.0","id":"a","result":{}}"#, &text, Some(true)),
            (r#"{"jsonrpc":"2.0","id":"\u0061","result":{}}"#, &text, None),
        ] {
            assert_eq!(both(message, ours), (beginning, Kind::Answer), "{message}");
            assert!(passes(message, ours), "{message}");
        }
        let progress = r#"{"method":"notifications/progress","params":{}}"#;
        assert_eq!(both(progress, &OURS), (None, Kind::Notification));
        for other in [
            progress,
            r#"{"id":8,"result":{}}"#,
            r#"{"id":"7","result":{}}"#,
            r#"{"result":{}}"#,
            r#"{"id":null,"error":{"code":1}}"#,
            r#"{"error":{"code":1}}"#,
            r#"{"id":7,"method":"sampling/createMessage"}"#,
            r#"{"method":"sampling/createMessage","id":7}"#,
            r#"{"id":7,"id":7,"result":{}}"#,
            r#"{"id":7,"id":8,"result":{}}"#,
            r#"[{"id":7,"result":{}}]"#,
            r#"{"id":7,"result":{"#,
            r#"{"id":7 8,"result":{}}"#,
            r#"{"id":7"#,
            "nonsense",
            "",
        ] {
            assert!(!passes(other, &OURS), "{other}");
        }
    }

    #[test]
    fn an_answer_is_known_wherever_the_pieces_it_came_in_end() {
        let text = r#"{"jsonrpc":"2.0","id":7,"result":{"a":"}"}}"#;
        for at in 0..=text.len() {
            let mut pieces = Pieces::default();
            pieces.push(Bytes::from(text[..at].to_owned()));
            pieces.push(Bytes::from(text[at..].to_owned()));
            assert!(answers(&pieces, &OURS), "{at}");
        }
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
        sender.send_request(request).await.unwrap().map(AnswerBody::from)
    }

    #[tokio::test(start_paused = true)]
    async fn rel14_a_message_that_stops_in_the_middle_is_given_up() {
        let began = Instant::now();
        let answer = dripping(100, 50, Duration::from_secs(1)).await;
        let read = Answered::read(answer, &OURS).await;
        assert_eq!(read.unwrap_err(), Unusable::Stalled);
        assert_eq!(began.elapsed().as_secs(), 50 + PAUSE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn rel14_a_byte_a_second_is_borne_as_long_as_a_call_may_take() {
        let answer = dripping(100_000, 100_000, Duration::from_secs(1)).await;
        let reading = timeout(super::super::CALL, Answered::read(answer, &OURS));
        assert!(reading.await.is_err(), "the call's own limit ends it");
    }
}
