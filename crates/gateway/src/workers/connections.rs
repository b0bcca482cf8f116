//! Connections to one worker, kept from call to call.
//!
//! A connection has no task of its own: it is driven by the call that uses it, which has to wait
//! for it anyway. That spares every call four hand-overs between tasks, most of them to another
//! thread. One that nobody uses is not read from; what happened to it meanwhile is noticed before
//! it is used again.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// As many as an account has calls at once.
const MOST_IDLE: usize = 8;
/// An answer's buffer stays with its connection: a thousand of them are not worth keeping.
const IDLE: Duration = Duration::from_secs(10);
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The head of an answer has to fit, and whoever floods a connection with heads keeps its task
/// no longer from looking up than it takes to read so much.
const READ_AHEAD: usize = 64 * 1024;

type Talk = Connection<TokioIo<TcpStream>, Full<Bytes>>;

/// Belong to one process and die with it: the next process on the same port can never receive
/// what was meant for this one.
pub(super) struct Connections {
    address: SocketAddr,
    idle: Mutex<Vec<(Open, Instant)>>,
    opened: AtomicU64,
}

struct Open {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once the connection has ended.
    talk: Option<Talk>,
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    #[error(transparent)]
    Connect(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
}

/// The body of an answer, and the connection it comes on.
pub struct AnswerBody {
    body: Incoming,
    /// `None` once it is back among the idle ones.
    open: Option<Open>,
    home: Arc<Connections>,
}

impl Connections {
    #[must_use]
    pub(super) fn to(port: u16) -> Arc<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Arc::new(Self { address, idle: Mutex::default(), opened: AtomicU64::new(0) })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Response<AnswerBody>, Unanswered> {
        loop {
            let (mut open, kept) = match self.reuse() {
                Some(open) => (open, true),
                None => (self.open().await?, false),
            };
            let mut sent = pin!(open.sender.try_send_request(request));
            let answer = poll_fn(|context| {
                // Carries the request out and the answer in.
                open.drive(context);
                sent.as_mut().poll(context)
            });
            match answer.await {
                Ok(answer) => {
                    let home = self.clone();
                    return Ok(answer.map(|body| AnswerBody { body, open: Some(open), home }));
                }
                // Nothing of it has been written: the connection had ended unnoticed. Of those
                // that were kept there are few; one that was opened for this call and ended at
                // once would be followed by others like it.
                Err(mut error) => match error.take_message().filter(|_| kept) {
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error().into()),
                },
            }
        }
    }

    /// The one that was used last, of those that are still good.
    fn reuse(&self) -> Option<Open> {
        let mut idle = self.idle();
        loop {
            let (mut open, _) = idle.pop()?;
            if open.is_usable() {
                return Some(open);
            }
        }
    }

    async fn open(&self) -> Result<Open, Unanswered> {
        let stream = timeout(CONNECT_WITHIN, TcpStream::connect(self.address))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        // Without it calls are slower, not wrong.
        let _ = stream.set_nodelay(true);
        self.opened.fetch_add(1, Ordering::Relaxed);
        let (sender, talk) =
            Builder::new().max_buf_size(READ_AHEAD).handshake(TokioIo::new(stream)).await?;
        Ok(Open { sender, talk: Some(talk) })
    }

    /// Closes what nobody has used for a while; the clockwork calls it.
    pub(super) fn tidy(&self) {
        let now = Instant::now();
        let mut idle = self.idle();
        idle.retain(|(_, since)| now.duration_since(*since) < IDLE);
        if idle.is_empty() {
            // Room for four of them is what an idle worker would cost most.
            *idle = Vec::new();
        }
    }

    fn keep(&self, mut open: Open) {
        if open.is_usable() {
            let mut idle = self.idle();
            if idle.len() < MOST_IDLE {
                idle.push((open, Instant::now()));
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(Open, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(talk) = &mut self.talk
            && Pin::new(talk).poll(context).is_ready()
        {
            // Dropping it tells whoever waits for an answer why there is none.
            self.talk = None;
        }
    }

    /// Whether another request can be sent. Nobody is woken by what happens until then.
    fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.talk.is_some() && self.sender.is_ready()
    }
}

impl AnswerBody {
    fn frame(&mut self, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        if let Some(open) = &mut self.open {
            open.drive(context);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }
}

#[cfg(test)]
impl From<Incoming> for AnswerBody {
    /// On a connection that somebody else drives.
    fn from(body: Incoming) -> Self {
        Self { body, open: None, home: Connections::to(0) }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let frame = self.frame(context);
        if let Poll::Ready(None) = frame
            && let Some(open) = self.open.take()
        {
            self.home.keep(open);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connections({} idle)", self.idle().len())
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AnswerBody")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    fn request(body: &'static str) -> Request<Full<Bytes>> {
        Request::post("/mcp").header("host", "x").body(Full::from(body)).unwrap()
    }

    /// Answers as many requests as there are words on the next connection, then closes it.
    async fn serve(listener: &TcpListener, words: &[&str]) {
        let (mut stream, _) = listener.accept().await.unwrap();
        for word in words {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\nhello") {
                let Ok(byte) = stream.read_u8().await else { return };
                head.push(byte);
            }
            assert!(head.starts_with(b"POST /mcp HTTP/1.1\r\n"));
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{word}", word.len());
            for byte in answer.as_bytes().chunks(7) {
                stream.write_all(byte).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    }

    async fn ask(connections: &Arc<Connections>) -> String {
        let answer = connections.send(request("hello")).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn load03_calls_one_after_another_use_one_connection_until_it_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::to(listener.local_addr().unwrap().port());
        let worker = async {
            serve(&listener, &["one", "two", "", "four"]).await;
            // Closed unseen: the next call finds that out by itself.
            serve(&listener, &["five"]).await;
        };
        let calls = async {
            for expected in ["one", "two", "", "four", "five"] {
                assert_eq!(ask(&connections).await, expected);
            }
        };
        tokio::join!(worker, calls);
        assert_eq!(connections.opened.load(Ordering::Relaxed), 2);
        assert!(connections.idle().len() <= 1);
    }

    #[tokio::test]
    async fn load03_calls_at_once_have_a_connection_each_and_few_are_kept() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::to(listener.local_addr().unwrap().port());
        let worker = async {
            let rounds = (0..10).map(|_| serve(&listener, &["a", "b"]));
            futures_util::future::join_all(rounds).await;
        };
        let calls = async {
            futures_util::future::join_all((0..10).map(|_| ask(&connections))).await;
            assert_eq!(connections.opened.load(Ordering::Relaxed), 10);
            assert_eq!(connections.idle().len(), MOST_IDLE);
            futures_util::future::join_all((0..8).map(|_| ask(&connections))).await;
            assert_eq!(connections.opened.load(Ordering::Relaxed), 10);
        };
        tokio::join!(worker, calls);
    }

    #[tokio::test]
    async fn a_worker_that_hangs_up_on_everybody_is_not_asked_again_and_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::to(listener.local_addr().unwrap().port());
        let hang_up = async {
            loop {
                drop(listener.accept().await.unwrap());
            }
        };
        tokio::select! {
            () = hang_up => {}
            answer = connections.send(request("hello")) => assert!(answer.is_err()),
        }
        assert_eq!(connections.opened.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_call_that_is_given_up_takes_its_connection_along() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::to(listener.local_addr().unwrap().port());
        {
            let mut call = pin!(connections.send(request("hello")));
            let mut stream = tokio::select! {
                _ = &mut call => panic!("nobody has answered"),
                accepted = listener.accept() => accepted.unwrap().0,
            };
            assert!(futures_util::poll!(&mut call).is_pending());
            drop(stream.set_nodelay(true));
            let mut read = [0; 16];
            tokio::select! {
                _ = &mut call => panic!("nobody has answered"),
                read = stream.read(&mut read) => assert!(read.unwrap() > 0),
            }
        }
        assert!(connections.idle().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_nobody_uses_is_closed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connections = Connections::to(listener.local_addr().unwrap().port());
        tokio::join!(serve(&listener, &["one"]), ask(&connections));
        let open = connections.open().await.unwrap();
        connections.idle().push((open, Instant::now()));
        connections.tidy();
        let kept = connections.idle().len();
        tokio::time::advance(IDLE).await;
        connections.tidy();
        assert!(kept > 0 && connections.idle().is_empty());
    }
}
