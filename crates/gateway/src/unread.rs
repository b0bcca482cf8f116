//! Request bodies that nobody read.
//!
//! An answer may be ready before the body was looked at: a 401, a 404, a wrong type. With the
//! rest of the body still in the socket the connection has to end, and a client that has
//! already reused it loses its next request. So a short rest is read and thrown away, and
//! after a long one the answer says `Connection: close`.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::{Buf, Bytes};
use http::Request;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::oneshot;

/// What is worth reading to keep a connection: more costs more than a new one.
const MOST: usize = 64 * 1024;
const WITHIN: Duration = Duration::from_secs(1);

/// A body on loan: what is left of it comes back when the borrower drops it.
struct Lent {
    body: Option<Incoming>,
    back: Option<oneshot::Sender<Incoming>>,
}

/// Where an unread rest arrives.
pub(crate) struct Rest {
    back: Option<oneshot::Receiver<Incoming>>,
    /// Whoever waits for `100 Continue` has sent nothing yet, and reading would invite it.
    uninvited: bool,
}

/// Hands a request on with its body on loan. A request without a body passes as it is.
pub(crate) fn lend(request: Request<Incoming>) -> (Request<Body>, Rest) {
    if request.body().is_end_stream() {
        return (request.map(Body::new), Rest { back: None, uninvited: false });
    }
    let uninvited = request.headers().contains_key(EXPECT);
    let (back, rest) = oneshot::channel();
    let lent = |body| Body::new(Lent { body: Some(body), back: Some(back) });
    (request.map(lent), Rest { back: Some(rest), uninvited })
}

impl Rest {
    /// Reads what is left, within reason, and tells whether the connection is good for another
    /// request. A body that is still being read is its reader's business.
    pub(crate) async fn read_away(self) -> bool {
        let Some(Ok(rest)) = self.back.map(|mut back| back.try_recv()) else { return true };
        if self.uninvited {
            return false;
        }
        tokio::time::timeout(WITHIN, discard(rest)).await.unwrap_or(false)
    }
}

async fn discard(mut rest: Incoming) -> bool {
    let mut seen = 0;
    while let Some(frame) = rest.frame().await {
        let Ok(frame) = frame else { return false };
        seen += frame.data_ref().map_or(0, Buf::remaining);
        if seen > MOST {
            return false;
        }
    }
    true
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(SizeHint::default, http_body::Body::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if let Some(back) = self.back.take() {
            // Without a listener the answer is on its way already.
            let _ = back.send(body);
        }
    }
}
