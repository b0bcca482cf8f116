//! The accept loop, and one task for each connection.

mod door;
mod framing;
mod silence;

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::entropy::Entropy;
use http::header::{CONNECTION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::error::json_error;
use crate::extract::client_ip::Peer;
use crate::request_id::RequestId;
use crate::unread;
use framing::{Fault, HEAD_LIMIT};
use silence::{Patient, Progress, Served};

const MOST_FIELDS: usize = 100;
/// Path and query.
const TARGET_LIMIT: usize = 8 * 1024;
/// A client that acknowledges nothing for this long is gone, even in mid-answer.
const UNACKNOWLEDGED_MS: u32 = 60_000;
/// How long a connection without a request stays when the gateway ends: one that was sent may
/// not have been read yet, and nobody may send it again.
const ON_THE_WAY: Duration = Duration::from_secs(1);
/// How long to leave the listener alone when there is no descriptor to spare.
const BREATH: Duration = Duration::from_millis(20);
/// How often the log hears of it.
const SAY_AGAIN: Duration = Duration::from_secs(10);

/// Binds the address people and proxies connect to.
pub async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Whether the gateway is on its way out: answers say so, and new work goes elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    begun: CancellationToken,
    closed: CancellationToken,
    cut: CancellationToken,
}

impl Drain {
    pub fn begin(&self) {
        self.begun.cancel();
    }

    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Nobody new arrives any more.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// Nobody is waited for any more: calls end where they are, and say so.
    pub fn cut(&self) {
        self.begin();
        self.cut.cancel();
    }

    /// Cancelled when nobody is waited for any more.
    #[must_use]
    pub fn cut_off(&self) -> &CancellationToken {
        &self.cut
    }

    /// Cancelled when nobody new arrives any more. What is held open ends then and not before:
    /// whoever comes back at once must not land here again.
    #[must_use]
    pub fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }
}

/// Connections of one listener.
pub(crate) struct Server {
    router: Router,
    drain: Drain,
    entropy: Arc<dyn Entropy>,
    places: Arc<Semaphore>,
    connections: TaskTracker,
    closing: CancellationToken,
}

impl Server {
    pub(crate) fn new(
        router: Router,
        drain: Drain,
        entropy: Arc<dyn Entropy>,
        most_connections: usize,
    ) -> Self {
        Self {
            router,
            drain,
            entropy,
            places: Arc::new(Semaphore::new(most_connections.min(Semaphore::MAX_PERMITS))),
            connections: TaskTracker::new(),
            closing: CancellationToken::new(),
        }
    }

    /// Accepts until `stop`, and then whoever has arrived by then. The listener closes when
    /// this returns.
    pub(crate) async fn accept(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        self.accept_until(&listener, stop).await;
        self.accept_until(&listener, door::overlook(&listener)).await;
        match door::rest(listener) {
            Ok(rest) => rest.for_each(|(stream, peer)| self.accept_last(stream, peer)),
            Err(error) => tracing::warn!(event = "accept-failed", error = %error, ""),
        }
    }

    async fn accept_until(&self, listener: &TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut told: Option<Instant> = None;
        loop {
            // At the limit further connections wait in the backlog.
            let place = tokio::select! {
                biased;
                () = &mut stop => return,
                place = self.places.clone().acquire_owned() => place,
            };
            let Ok(place) = place else { return };
            let accepted = tokio::select! {
                biased;
                () = &mut stop => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.serve(stream, peer, place),
                // No descriptor, as a rule: connections wait in the backlog until there is one.
                Err(error) => {
                    if told.is_none_or(|at| at.elapsed() > SAY_AGAIN) {
                        tracing::warn!(event = "accept-failed", error = %error, "");
                        told = Some(Instant::now());
                    }
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    fn accept_last(&self, stream: StdStream, peer: SocketAddr) {
        let Ok(place) = self.places.clone().try_acquire_owned() else { return };
        let ours = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        match ours {
            Ok(stream) => self.serve(stream, peer, place),
            Err(error) => tracing::warn!(event = "accept-failed", error = %error, ""),
        }
    }

    fn serve(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        // Neither is essential: without them answers are a little later, the gone a little
        // longer with us.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED_MS);
        let Self { router, drain, entropy, closing, .. } = self;
        let (router, drain) = (router.clone(), drain.clone());
        let talk = converse(stream, peer, router, drain, entropy.clone(), closing.clone());
        self.connections.spawn(async move {
            talk.await;
            drop(place);
        });
    }

    /// Lets every connection finish what it is in the middle of, and no more.
    pub(crate) async fn finish(&self) {
        self.closing.cancel();
        self.connections.close();
        self.connections.wait().await;
    }
}

/// One connection to its end, which `closing` brings about after the answer under way.
async fn converse<S>(
    stream: S,
    peer: SocketAddr,
    router: Router,
    drain: Drain,
    entropy: Arc<dyn Entropy>,
    closing: CancellationToken,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let progress = Progress::default();
    let stream = Patient::new(stream, progress.clone());
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        let serving = progress.begin();
        request.extensions_mut().insert(Peer(peer));
        let (router, drain, progress) = (router.clone(), drain.clone(), progress.clone());
        let entropy = entropy.clone();
        async move {
            if let Some(refusal) = refuse(&request, progress.fault(), &*entropy) {
                progress.linger();
                return Ok(refusal.map(|body| Served { body, serving }));
            }
            let (request, rest) = unread::lend(request);
            let Ok(mut response) = router.oneshot(request).await;
            let read = rest.read_away().await;
            if !read {
                progress.linger();
            }
            if !read || drain.has_begun() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<Response<_>, Infallible>(response.map(|body| Served { body, serving }))
        }
    });
    // No timer of hyper's: it cannot tell an idle connection from a slow head.
    let connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_buf_size(HEAD_LIMIT)
        .max_headers(MOST_FIELDS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let finished = tokio::select! {
        result = connection.as_mut() => Some(result),
        () = closing.cancelled() => None,
    };
    let result = if let Some(result) = finished {
        result
    } else if let Ok(result) = tokio::time::timeout(ON_THE_WAY, connection.as_mut()).await {
        result
    } else {
        connection.as_mut().graceful_shutdown();
        connection.await
    };
    if let Err(error) = result {
        tracing::debug!(event = "connection-ended", error = %error, "");
    }
}

/// The answer to what no handler should see. The connection ends with it: where this request
/// ends, and whether it does, is not certain.
fn refuse(
    request: &Request<Incoming>,
    fault: Option<Fault>,
    entropy: &dyn Entropy,
) -> Option<Response<Body>> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    let (status, error, description) = match fault {
        Some(Fault::Ambiguous) => (
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The request can be read in more than one way: one length, no folded lines, CR LF.",
        ),
        Some(Fault::TooLarge) => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "request_too_large",
            "The head of the request is longer than 32 KiB.",
        ),
        None if target > TARGET_LIMIT => {
            (StatusCode::URI_TOO_LONG, "request_too_large", "The address is longer than 8 KiB.")
        }
        None => return None,
    };
    let id = RequestId::generate(entropy);
    tracing::info!(event = "request-refused", status = status.as_u16(), code = error, request = %id, "");
    let mut response = json_error(status, error, description);
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    id.show(headers);
    Some(response)
}

#[cfg(test)]
mod tests;
