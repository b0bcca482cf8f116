//! HTTP/1 on the inherited listener, for whoever knows the secret.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use domain::contract::SecretText;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{Either, Empty};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::caller::{self, Caller};

/// A little longer than the longest call the gateway waits for.
const DRAIN_WITHIN: Duration = Duration::from_secs(250);
/// How long to leave the listener alone when the system has no descriptor to spare.
const BREATH: Duration = Duration::from_millis(20);

/// A program's service behind the check of the secret.
pub(super) struct Gate<S> {
    service: S,
    secret: Arc<SecretText>,
}

impl<S> Gate<S> {
    pub(super) fn new(service: S, secret: SecretText) -> Self {
        Self { service, secret: Arc::new(secret) }
    }
}

impl<S: Clone> Clone for Gate<S> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), secret: Arc::clone(&self.secret) }
    }
}

type Answer<B> = Response<Either<B, Empty<Bytes>>>;

impl<S, B> hyper::service::Service<Request<Incoming>> for Gate<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
{
    type Response = Answer<B>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Answer<B>, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        if !caller::knows_secret(request.headers(), &self.secret) {
            tracing::warn!(event = "worker.stranger", "a request came without the secret");
            return Box::pin(std::future::ready(Ok(stranger())));
        }
        let caller = Caller::read(request.headers());
        caller::strip(request.headers_mut());
        request.extensions_mut().insert(caller);
        let mut service = self.service.clone();
        Box::pin(async move {
            let Ok(()) = std::future::poll_fn(|context| service.poll_ready(context)).await;
            let Ok(answer) = service.call(request).await;
            Ok(answer.map(Either::Left))
        })
    }
}

/// Nothing is here for a stranger, and its body is not read.
fn stranger<B>() -> Answer<B> {
    let mut answer = Response::new(Either::Right(Empty::new()));
    *answer.status_mut() = StatusCode::NOT_FOUND;
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Serves until `stop`, then lets what is running finish, but not for ever.
pub(super) async fn serve<S, B>(listener: TcpListener, gate: Gate<S>, stop: &CancellationToken)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let connections = TaskTracker::new();
    let graceful = GracefulShutdown::new();
    while let Some(stream) = next(&listener, stop).await {
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), gate.clone());
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // Either side may hang up at any time: that is the other side's business.
            let _ = connection.await;
        });
    }
    if tokio::time::timeout(DRAIN_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(event = "worker.drain_timeout", "calls were still running at the end");
    }
}

/// The next connection; none after `stop`.
async fn next(listener: &TcpListener, stop: &CancellationToken) -> Option<TcpStream> {
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => return None,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Small answers must not wait for an acknowledgement; without it they are
                // slower, not wrong.
                let _ = stream.set_nodelay(true);
                return Some(stream);
            }
            Err(_) => tokio::time::sleep(BREATH).await,
        }
    }
}
