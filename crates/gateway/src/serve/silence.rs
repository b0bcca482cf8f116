//! How long a connection may say nothing, and how it is closed.
//!
//! Two silences have to be told apart, and hyper has one timer for both: between requests a
//! proxy keeps its connection for a minute or more and loses a call when we hang up first;
//! within the head of a request nobody honest pauses for long. While a request is served there
//! is no limit here: calls have their own.
//!
//! Each connection has one timer, which is set when reading has to wait.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::framing::{Fault, Framing};

/// Between requests. Longer than the minute that nginx keeps a connection by default: whoever
/// sends must be the one who hangs up.
pub(super) const IDLE: Duration = Duration::from_secs(75);
/// From the first byte of a request to the end of its head.
pub(super) const HEAD: Duration = Duration::from_secs(10);
/// How long a client may take nothing of an answer. TCP alone gives it as long as it likes: it
/// acknowledges that its window is closed.
pub(super) const UNREAD: Duration = Duration::from_mins(1);
/// How long a client may go on sending what nobody will read. Closing on it would destroy the
/// answer that is on its way.
pub(super) const LINGER: Duration = Duration::from_secs(5);

/// What a connection's stream and its service tell each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Grows when a request begins and when its answer ends: odd while one is served.
    turns: AtomicUsize,
    lingers: AtomicBool,
    fault: OnceLock<Fault>,
}

/// A request is being served until this is dropped.
#[derive(Debug)]
pub(super) struct Serving(Progress);

impl Progress {
    #[must_use]
    pub(super) fn begin(&self) -> Serving {
        self.0.turns.fetch_add(1, Ordering::AcqRel);
        Serving(self.clone())
    }

    /// The client is still sending: closing has to wait for it.
    pub(super) fn linger(&self) {
        self.0.lingers.store(true, Ordering::Release);
    }

    /// What is wrong with the bytes that have arrived so far.
    pub(super) fn fault(&self) -> Option<Fault> {
        self.0.fault.get().copied()
    }

    /// Which pause between two requests this is; `None` while one is served.
    fn pause(&self) -> Option<usize> {
        let turns = self.0.turns.load(Ordering::Acquire);
        turns.is_multiple_of(2).then_some(turns)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.0.turns.fetch_add(1, Ordering::AcqRel);
    }
}

/// The body of an answer, with whose end the request has been served.
#[derive(Debug)]
pub(super) struct Served<B> {
    pub(super) body: B,
    #[expect(dead_code, reason = "held: the request is served as long as this lives")]
    pub(super) serving: Serving,
}

impl<B: Body + Unpin> Body for Served<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Idle,
    /// A request has begun and its head is not whole.
    Head,
}

#[derive(Debug, Clone, Copy)]
struct Silence {
    pause: usize,
    kind: Kind,
    until: Instant,
    /// Whether the timer is set to `until`.
    timed: bool,
}

/// A stream that ends when its client is silent for too long.
pub(super) struct Patient<S> {
    stream: S,
    framing: Framing,
    progress: Progress,
    silence: Option<Silence>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Set while an answer waits for its reader.
    unread: Option<Pin<Box<Sleep>>>,
    /// The answer is out and our side is closed.
    closed: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Patient<S> {
    pub(super) fn new(stream: S, progress: Progress) -> Self {
        let framing = Framing::new();
        Self { stream, framing, progress, silence: None, timer: None, unread: None, closed: false }
    }

    /// The first bytes after a pause begin a request. What arrives while one is served is its
    /// body, or one that waits its turn.
    fn heard(&mut self) {
        let Some(pause) = self.progress.pause() else { return };
        let known = self.silence.filter(|silence| silence.pause == pause);
        if known.is_none_or(|silence| silence.kind == Kind::Idle) {
            let until = Instant::now() + HEAD;
            self.silence = Some(Silence { pause, kind: Kind::Head, until, timed: false });
        }
    }

    /// Nothing to read: an end, or an error in the middle of a head, once that has lasted.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(pause) = self.progress.pause() else { return Poll::Pending };
        let silence = match self.silence.filter(|silence| silence.pause == pause) {
            Some(silence) => silence,
            None => Silence { pause, kind: Kind::Idle, until: Instant::now() + IDLE, timed: false },
        };
        self.silence = Some(Silence { timed: true, ..silence });
        if !silence.timed {
            self.set(silence.until);
        }
        if let Some(timer) = &mut self.timer {
            ready!(timer.as_mut().poll(cx));
        }
        Poll::Ready(match silence.kind {
            Kind::Idle => Ok(()),
            Kind::Head => Err(io::ErrorKind::TimedOut.into()),
        })
    }

    fn set(&mut self, until: Instant) {
        match &mut self.timer {
            Some(timer) => timer.as_mut().reset(until),
            None => self.timer = Some(Box::pin(tokio::time::sleep_until(until))),
        }
    }

    /// The idle time begins when the last of an answer has left.
    fn spoke(&mut self) {
        if self.silence.is_some_and(|silence| silence.kind == Kind::Idle) {
            self.silence = None;
        }
    }

    /// What came of a write: nothing, for too long, is the end of the connection.
    fn poll_unread(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.unread = None;
            self.spoke();
            return written;
        }
        let timer = self.unread.get_or_insert_with(|| Box::pin(tokio::time::sleep(UNREAD)));
        timer.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and forgets, until the client is done or its time is over.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        match &mut self.timer {
            Some(timer) => timer.as_mut().poll(cx),
            None => Poll::Ready(()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(result) => {
                let news = &buffer.filled()[before..];
                if !news.is_empty() {
                    if let Err(fault) = this.framing.follow(news) {
                        // The first one stays.
                        let _ = this.progress.0.fault.set(fault);
                    }
                    this.heard();
                }
                Poll::Ready(result)
            }
            Poll::Pending => this.poll_silence(cx),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.poll_unread(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.poll_unread(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        // The last read may have waited while a request was served, without a limit, and none
        // has to follow: the pause that begins now needs its timer. Its end is read's to tell.
        let _ = this.poll_silence(cx);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.closed {
            ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            this.closed = true;
            this.set(Instant::now() + LINGER);
        }
        if this.progress.0.lingers.load(Ordering::Acquire) {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
