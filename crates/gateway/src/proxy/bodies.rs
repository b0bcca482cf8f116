//! Bodies of requests, and the memory for them: taken as their bytes arrive, so that whoever
//! announces much and sends little takes little, and bounded for each account and for all
//! together, so that no account can take everybody's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use domain::id::AccountId;
use http::StatusCode;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::rpc::{self, Failure};
use crate::error::json_error;

const BODY_LIMIT: usize = 4 * 1024 * 1024;
const BODY_DEADLINE: Duration = Duration::from_secs(15);
/// What all bodies that are being read, or wait for their worker, may take together.
const IN_ALL: usize = 256 * 1024 * 1024;
/// What those of one account may take of it.
const SHARE: usize = 16 * 1024 * 1024;

/// The memory that is in use.
#[derive(Clone, Default)]
pub struct Bodies(Arc<Mutex<InUse>>);

#[derive(Default)]
struct InUse {
    in_all: usize,
    accounts: HashMap<AccountId, usize>,
}

/// What one body takes; given back when dropped.
pub(super) struct Room {
    bodies: Bodies,
    account: AccountId,
    length: usize,
}

impl Bodies {
    /// The whole body, once. A single frame is not copied.
    pub(super) async fn read(
        &self,
        account: &AccountId,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<(Bytes, Room), Response> {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|n| n > BODY_LIMIT) {
            return Err(rpc::too_large());
        }
        let reading = self.collect(account, Limited::new(body, BODY_LIMIT));
        if let Ok(read) = tokio::time::timeout(BODY_DEADLINE, reading).await {
            return read;
        }
        let mut response = json_error(
            StatusCode::REQUEST_TIMEOUT,
            "request_timeout",
            "The body took too long to arrive.",
        );
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        Err(response)
    }

    async fn collect(
        &self,
        account: &AccountId,
        mut body: Limited<Body>,
    ) -> Result<(Bytes, Room), Response> {
        let mut room = Room { bodies: self.clone(), account: account.clone(), length: 0 };
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                if error.is::<LengthLimitError>() { rpc::too_large() } else { unreadable() }
            })?;
            let Ok(data) = frame.into_data() else { continue };
            room.grow(data.len()).map_err(|full| full.answer(None))?;
            if whole.is_empty() && pieces.is_empty() {
                whole = data;
            } else {
                pieces.extend_from_slice(&std::mem::take(&mut whole));
                pieces.extend_from_slice(&data);
            }
        }
        Ok((if pieces.is_empty() { whole } else { pieces.freeze() }, room))
    }

    /// What all of them take at the moment.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.in_use().in_all
    }

    fn in_use(&self) -> MutexGuard<'_, InUse> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn grow(&mut self, by: usize) -> Result<(), Failure> {
        let mut in_use = self.bodies.in_use();
        let own = in_use.accounts.get(&self.account).copied().unwrap_or(0);
        if own + by > SHARE {
            return Err(Failure::TooManyCalls);
        }
        if in_use.in_all + by > IN_ALL {
            return Err(Failure::TooManyBodies);
        }
        in_use.in_all += by;
        in_use.accounts.insert(self.account.clone(), own + by);
        self.length += by;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut in_use = self.bodies.in_use();
        in_use.in_all -= self.length;
        if let Some(own) = in_use.accounts.get_mut(&self.account) {
            *own -= self.length;
            if *own == 0 {
                in_use.accounts.remove(&self.account);
            }
        }
    }
}

fn unreadable() -> Response {
    json_error(StatusCode::BAD_REQUEST, "invalid_request", "The body could not be read to its end.")
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bodies({} bytes)", self.in_use().in_all)
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Room({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;
    use futures_util::{FutureExt, StreamExt, stream};
    use std::convert::Infallible;

    fn announced(length: usize) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_LENGTH, HeaderValue::from(length))])
    }

    /// So much, and then nothing more.
    fn stuck_after(length: usize) -> Body {
        let sent = stream::iter([Ok::<_, Infallible>(Bytes::from(vec![b' '; length]))]);
        Body::from_stream(sent.chain(stream::pending()))
    }

    fn code(response: &Response) -> u16 {
        response.status().as_u16()
    }

    #[tokio::test]
    async fn t120_t123_whoever_announces_much_and_sends_little_takes_little() {
        let bodies = Bodies::default();
        let entropy = CountingEntropy::default();
        let (greedy, other) = (AccountId::generate(&entropy), AccountId::generate(&entropy));
        let headers = announced(BODY_LIMIT);
        let mut slow: Vec<_> =
            (0..1000).map(|_| Box::pin(bodies.read(&greedy, &headers, stuck_after(1)))).collect();
        for reading in &mut slow {
            assert!(reading.now_or_never().is_none());
        }
        assert_eq!(bodies.in_use().in_all, 1000);
        let (body, room) = bodies.read(&other, &announced(2), Body::from("{}")).await.unwrap();
        assert_eq!((&*body, room.length), (&b"{}"[..], 2));
        drop((slow, room));
        let in_use = bodies.in_use();
        assert_eq!((in_use.in_all, in_use.accounts.len()), (0, 0));
    }

    #[tokio::test]
    async fn t120_t123_an_account_has_a_share_and_everybody_a_whole() {
        let bodies = Bodies::default();
        let entropy = CountingEntropy::default();
        let most = || Body::from(vec![b' '; BODY_LIMIT]);
        let headers = announced(BODY_LIMIT);
        let mut held = Vec::new();
        for _ in 0..IN_ALL / SHARE {
            let account = AccountId::generate(&entropy);
            for _ in 0..SHARE / BODY_LIMIT {
                held.push(bodies.read(&account, &headers, most()).await.unwrap().1);
            }
            let full = bodies.read(&account, &announced(1), Body::from("x")).await.unwrap_err();
            assert_eq!(code(&full), 429);
            assert_eq!(full.headers()["retry-after"], "2");
        }
        let other = AccountId::generate(&entropy);
        let full = bodies.read(&other, &announced(1), Body::from("x")).await.unwrap_err();
        assert_eq!(code(&full), 503);
        held.pop();
        assert!(bodies.read(&other, &announced(1), Body::from("x")).await.is_ok());
    }

    #[tokio::test]
    async fn a_body_in_pieces_is_read_as_one() {
        let pieces = stream::iter(["{\"a\"", ":", "", "1}"].map(Ok::<_, Infallible>));
        let account = AccountId::generate(&CountingEntropy::default());
        let read = Bodies::default();
        let read = read.read(&account, &HeaderMap::new(), Body::from_stream(pieces)).await;
        assert_eq!(read.unwrap().0, "{\"a\":1}");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_not_read_to_its_end() {
        let (bodies, account) =
            (Bodies::default(), AccountId::generate(&CountingEntropy::default()));
        let read = bodies.read(&account, &announced(5_000_000), Body::empty()).await;
        assert_eq!(read.unwrap_err().status(), StatusCode::PAYLOAD_TOO_LARGE);
        let endless = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b' '; 65_536])));
        let read = bodies.read(&account, &HeaderMap::new(), Body::from_stream(endless)).await;
        let response = read.unwrap_err();
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(response.headers()["connection"], "close");
        assert_eq!(bodies.in_use().in_all, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_given_up() {
        let (bodies, account) =
            (Bodies::default(), AccountId::generate(&CountingEntropy::default()));
        let read = bodies.read(&account, &HeaderMap::new(), stuck_after(1)).await;
        assert_eq!(read.unwrap_err().status(), StatusCode::REQUEST_TIMEOUT);
    }
}
