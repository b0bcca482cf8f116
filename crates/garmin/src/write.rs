//! Writes: sent once, whatever comes of it.
//!
//! A read that failed is read again; a write that failed may have happened. So nothing here is
//! repeated, with one exception: 401 says that Garmin looked at the token and at nothing else.
//! What became of a write is an [`Outcome`], and "nobody knows" is one of them.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::text::is_harmless;
use domain::upstream::BaseUrl;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::access::Access;
use crate::api::Target;
use crate::client::{Garmin, REPLACEMENTS};
use crate::error::GarminError;
use crate::heard;
use crate::sign_in::api_headers;
use crate::transport::retry_after;

/// An answer to a write says what was made; uploads report on a file.
const LARGEST_ANSWER: usize = 1024 * 1024;
/// As much of Garmin's own words as a person reads.
const LONGEST_MESSAGE: usize = 300;

/// How a write is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    Post,
    Put,
    Delete,
}

/// One request that changes something. It can be written down and sent later, unless it
/// carries a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    verb: Verb,
    target: String,
    #[serde(default)]
    body: Payload,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Payload {
    #[default]
    Nothing,
    Json(Value),
    /// One part named `file`.
    #[serde(skip)]
    File {
        name: String,
        content: Bytes,
    },
}

/// Where to ask what became of something that takes its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// Path and query below the API host, whatever host the answer named.
    pub(crate) target: String,
    /// How long Garmin asks to wait before.
    pub(crate) after: Option<Duration>,
}

impl Follow {
    fn of(headers: &HeaderMap, api: &BaseUrl) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let place = api.as_url().join(text("location")?).ok()?;
        let path = match place.query() {
            Some(query) => format!("{}?{query}", place.path()),
            None => place.path().to_owned(),
        };
        let base = api.as_url().path().trim_end_matches('/');
        let below = path.strip_prefix(base).filter(|rest| rest.starts_with('/'));
        let millis = text("location-in-milliseconds").and_then(|text| text.trim().parse().ok());
        let target = below.map_or(path.clone(), str::to_owned);
        Some(Self { target, after: millis.map(Duration::from_millis) })
    }
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Garmin did it. The body is null where Garmin had nothing to say, or said it badly.
    /// `follow` is where Garmin says more once it has worked through it.
    Done { status: u16, body: Value, follow: Option<Follow> },
    /// Garmin said no, in these words of its own: nothing happened.
    Refused { status: u16, message: Option<String>, body: Value },
    /// It never reached Garmin, or Garmin did not look at it: nothing happened.
    NotSent(GarminError),
    /// It was sent, and nobody knows what came of it.
    Unknown(GarminError),
}

impl Write {
    #[must_use]
    pub fn post(target: Target) -> Self {
        Self::new(Verb::Post, target)
    }

    #[must_use]
    pub fn put(target: Target) -> Self {
        Self::new(Verb::Put, target)
    }

    #[must_use]
    pub fn delete(target: Target) -> Self {
        Self::new(Verb::Delete, target)
    }

    fn new(verb: Verb, target: Target) -> Self {
        Self { verb, target: target.finish(), body: Payload::Nothing }
    }

    #[must_use]
    pub fn json(self, body: Value) -> Self {
        Self { body: Payload::Json(body), ..self }
    }

    /// A file, as a form with one part. `name` is reduced to letters that need no quoting.
    #[must_use]
    pub fn file(self, name: &str, content: Bytes) -> Self {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        let name = name.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
        Self { body: Payload::File { name, content }, ..self }
    }

    #[must_use]
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Path and query below the API host.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What is sent as JSON.
    #[must_use]
    pub fn body(&self) -> Option<&Value> {
        match &self.body {
            Payload::Json(body) => Some(body),
            Payload::Nothing | Payload::File { .. } => None,
        }
    }
}

impl Verb {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }

    fn method(self) -> Method {
        match self {
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}

/// What one try came to.
enum Tried {
    Unauthorized,
    Over(Outcome),
}

impl Garmin {
    /// Sends a write, once. Whatever was remembered of earlier reads is forgotten, also when
    /// nobody knows whether anything happened.
    pub async fn send(&self, write: &Write) -> Outcome {
        // One after the other: what a person says in order happens in order.
        let Ok(_turn) = self.writing().acquire().await else {
            return Outcome::NotSent(GarminError::Unreachable);
        };
        let Ok(_permit) = self.permits().acquire().await else {
            return Outcome::NotSent(GarminError::Unreachable);
        };
        let sent = self.send_in_turn(write).await;
        self.forget_reads();
        sent
    }

    async fn send_in_turn(&self, write: &Write) -> Outcome {
        if let Err(limited) = self.check_limit() {
            return Outcome::NotSent(limited);
        }
        let mut access = match self.tokens().access(None).await {
            Ok(access) => access,
            Err(error) => return Outcome::NotSent(error),
        };
        for _ in 0..REPLACEMENTS {
            match self.send_once(write, &access).await {
                Tried::Over(outcome) => return outcome,
                Tried::Unauthorized => {}
            }
            let refused = access.generation;
            access = match self.tokens().access(Some(refused)).await {
                Ok(access) if access.generation != refused => access,
                Ok(_) => return Outcome::NotSent(GarminError::TokenRefused),
                Err(error) => return Outcome::NotSent(error),
            };
        }
        match self.send_once(write, &access).await {
            Tried::Over(outcome) => outcome,
            Tried::Unauthorized => {
                self.tokens().refused_at_once(access.generation);
                Outcome::NotSent(GarminError::TokenRefused)
            }
        }
    }

    async fn send_once(&self, write: &Write, access: &Access) -> Tried {
        let transport = self.transport();
        let url = transport.upstream().api.join(&write.target);
        let mut headers = api_headers(access.token.expose_secret());
        // An answer that comes late is worth waiting for: without it nobody knows.
        let patience = transport.call_timeout();
        let (kind, body, patience) = match &write.body {
            Payload::Nothing => (None, Bytes::new(), patience * 2),
            Payload::Json(body) => {
                (Some("application/json".to_owned()), body.to_string().into(), patience * 2)
            }
            Payload::File { name, content } => {
                let (kind, body) = form(name, content, &self.boundary());
                (Some(kind), body, patience * 3)
            }
        };
        if let Some(kind) = kind.and_then(|kind| HeaderValue::try_from(kind).ok()) {
            headers.insert(CONTENT_TYPE, kind);
        }
        let request = transport.client().request(write.verb.method(), url);
        let request = request.headers(headers).body(body).timeout(patience);
        let mut answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Tried::Over(Outcome::NotSent(GarminError::Unreachable));
            }
            Err(error) if error.is_timeout() => {
                return Tried::Over(Outcome::Unknown(GarminError::TimedOut));
            }
            Err(_) => return Tried::Over(Outcome::Unknown(GarminError::Unreachable)),
        };
        let status = answer.status().as_u16();
        let now = self.clock().now();
        let wait = retry_after(answer.headers(), now);
        let follow = Follow::of(answer.headers(), &transport.upstream().api);
        let mut body = BytesMut::new();
        // Whatever is wrong with the rest, the status has said what happened.
        while let Ok(Some(chunk)) = answer.chunk().await {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                body.clear();
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Tried::Over(match status {
            200..=299 => {
                self.limit().answered(now);
                Outcome::Done { status, body, follow }
            }
            401 => return Tried::Unauthorized,
            427 | 429 => {
                let retry_after = Some(self.limit().hit(wait, now));
                Outcome::NotSent(GarminError::RateLimited { retry_after })
            }
            400..=499 => Outcome::Refused { status, message: message(&body), body },
            // A gateway in front of the service says this too, whatever the service did.
            500..=599 => Outcome::Unknown(GarminError::Upstream5xx { status, retry_after: wait }),
            status => Outcome::Unknown(GarminError::UnexpectedStatus { status }),
        })
    }

    /// What Garmin has at `target` now, as it says it; `None` where there is nothing. For what
    /// is compared before and after a write.
    pub async fn look(&self, target: &str) -> Result<Option<Value>, GarminError> {
        let found = self.fetch(target).await;
        if let Ok(body) = &found {
            heard::note(target, body);
        }
        match found {
            Ok(body) if body.trim_ascii().is_empty() => Ok(None),
            Ok(body) => serde_json::from_slice(&body).map(Some).map_err(|_| GarminError::NotJson),
            Err(GarminError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// A form with one file, and what it calls itself. Written here because it is five lines.
fn form(name: &str, content: &[u8], boundary: &str) -> (String, Bytes) {
    let mut head = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        head,
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    let mut body = BytesMut::with_capacity(head.len() + content.len() + boundary.len() + 8);
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body.freeze())
}

/// Garmin's own words about a refusal, without anything that could disguise them.
pub(crate) fn message(body: &Value) -> Option<String> {
    let failure = body.pointer("/detailedImportResult/failures/0/messages/0");
    let said = [body.get("message"), body.get("content"), failure.and_then(|it| it.get("content"))]
        .into_iter()
        .chain([failure, body.get("error")])
        .flatten()
        .find_map(Value::as_str)?;
    let blank = |letter: char| if letter.is_whitespace() { ' ' } else { letter };
    let said: String = said
        .chars()
        .map(blank)
        .filter(|letter| is_harmless(*letter))
        .take(LONGEST_MESSAGE)
        .collect();
    let said = said.trim();
    (!said.is_empty()).then(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_write_is_the_same_after_it_was_written_down() {
        let write = Write::put(Target::new("/activity-service/activity").segment(7))
            .json(json!({ "activityId": 7, "activityName": "Run" }));
        let text = serde_json::to_string(&write).unwrap();
        assert_eq!(serde_json::from_str::<Write>(&text).unwrap(), write);
        let bare = Write::delete(Target::new("/a").segment("../b"));
        let text = serde_json::to_string(&bare).unwrap();
        assert_eq!(serde_json::from_str::<Write>(&text).unwrap(), bare);
        assert_eq!((bare.verb().as_str(), bare.target()), ("DELETE", "/a/..%2Fb"));
        let file = Write::post(Target::new("/upload")).file("a\"b\r\n.fit", Bytes::from("x"));
        assert!(serde_json::to_string(&file).is_err(), "a file is not written down");
    }

    #[test]
    fn a_form_holds_the_file_and_nothing_of_its_name_that_could_break_out() {
        let write = Write::post(Target::new("/upload")).file("../é\"\r\n.fit", Bytes::from("FIT"));
        let Payload::File { name, content } = &write.body else { panic!("a file") };
        let (kind, body) = form(name, content, "xyz");
        assert_eq!(kind, "multipart/form-data; boundary=xyz");
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("filename=\".._____.fit\"\r\n"), "{body}");
        assert!(body.starts_with("--xyz\r\n") && body.ends_with("\r\n\r\nFIT\r\n--xyz--\r\n"));
    }

    #[test]
    fn more_is_asked_for_below_our_own_address_whatever_host_is_named() {
        let api = BaseUrl::parse("http://127.0.0.1:4000/api").unwrap();
        let follow = |place: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("location", place.parse().unwrap());
            headers.insert("location-in-milliseconds", "250".parse().unwrap());
            Follow::of(&headers, &api).unwrap()
        };
        for (place, target) in [
            ("http://127.0.0.1:4000/api/activity-service/x?y=1", "/activity-service/x?y=1"),
            ("/api/activity-service/x", "/activity-service/x"),
            ("https://connectapi.garmin.com/activity-service/x", "/activity-service/x"),
            ("https://elsewhere.example/apiary/x", "/apiary/x"),
        ] {
            let follow = follow(place);
            assert_eq!(follow.target, target, "{place}");
            assert_eq!(follow.after, Some(Duration::from_millis(250)));
        }
        assert_eq!(Follow::of(&HeaderMap::new(), &api), None);
    }

    #[test]
    fn garmins_words_are_found_wherever_it_puts_them() {
        let upload = json!({ "detailedImportResult": { "failures": [
            { "messages": [{ "code": 202, "content": "Duplicate Activity." }] } ] } });
        for (body, expected) in [
            (
                json!({ "message": "start\n should > 0.\u{1b}[2J", "error": "x" }),
                Some("start  should > 0.[2J"),
            ),
            (json!({ "content": "no" }), Some("no")),
            (upload, Some("Duplicate Activity.")),
            (json!({ "error": "BadRequestException" }), Some("BadRequestException")),
            (json!({ "message": "" }), None),
            (json!([1]), None),
            (Value::Null, None),
        ] {
            assert_eq!(message(&body).as_deref(), expected, "{body}");
        }
        let long = message(&json!({ "message": "x".repeat(5_000) })).unwrap();
        assert_eq!(long.len(), LONGEST_MESSAGE);
    }
}
