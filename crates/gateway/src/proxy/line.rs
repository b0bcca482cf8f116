//! The client's end of a call: a head, once, and perhaps events after it.
//!
//! The call itself is work that is done whether or not anybody waits for it ([`Owned`]), so that
//! a client that hangs up, or stops reading, decides nothing but what happens to its own answer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::id::{AccountId, DeviceId};
use futures_util::stream;
use http::StatusCode;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use super::events::{self, COMMENT, KEEP_ALIVE};
use super::headers::Reads;
use super::rpc;
use super::slices::{Pieces, Slices};
use super::streams::{Stream, Streams};
use crate::workers::Pass;

/// Clients that are told nothing give up; those that read events get a sign of life instead.
const PATIENCE: Duration = Duration::from_secs(5);
/// A client that takes nothing for this long does not read any more.
const STALLED: Duration = Duration::from_secs(30);
/// Events that wait for their client.
const AHEAD: usize = 8;

/// What the call sees of its client.
pub(super) struct Line {
    reads: Reads,
    owner: Owner,
    /// `None` once the head is out.
    head: Option<oneshot::Sender<Head>>,
    /// Where events go, once there are any.
    events: Option<mpsc::Sender<Bytes>>,
    gone: CancellationToken,
    revoked: CancellationToken,
    listed: Option<Stream>,
    heard: Instant,
    pub(super) told: Told,
}

/// Whose stream it would be.
pub(super) struct Owner {
    pub(super) streams: Streams,
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
}

/// What the client was told, for the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told {
    /// Of the head, once it is out.
    pub(super) status: Option<StatusCode>,
    pub(super) first_at: Option<Instant>,
    pub(super) bytes: u64,
}

enum Head {
    Whole(Response),
    Events(mpsc::Receiver<Bytes>),
}

/// What the client sees of its call. Dropping it tells the call that nobody waits any more.
pub(super) struct Client {
    head: oneshot::Receiver<Head>,
    here: DropGuard,
}

impl Line {
    #[must_use]
    pub(super) fn new(reads: Reads, owner: Owner) -> (Self, Client) {
        let (head, answer) = oneshot::channel();
        let gone = CancellationToken::new();
        let client = Client { head: answer, here: gone.clone().drop_guard() };
        let line = Self {
            reads,
            owner,
            head: Some(head),
            events: None,
            gone,
            revoked: CancellationToken::new(),
            listed: None,
            heard: Instant::now(),
            told: Told { status: None, first_at: None, bytes: 0 },
        };
        (line, client)
    }

    /// Cancelled when the client has left.
    #[must_use]
    pub(super) fn gone(&self) -> CancellationToken {
        self.gone.clone()
    }

    /// Cancelled when the client lost its access while events were on the way.
    #[must_use]
    pub(super) fn revoked(&self) -> CancellationToken {
        self.revoked.clone()
    }

    /// Whether a head is out, so that everything else has to be an event.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.head.is_none()
    }

    /// Comes back when the client should hear something, whatever it is.
    async fn silent_for_too_long(&self) {
        if self.gone.is_cancelled() {
            // Nothing is heard by whoever has left, however long the call goes on.
            return std::future::pending().await;
        }
        let patience = match (self.is_open(), self.reads) {
            (true, _) => KEEP_ALIVE,
            (false, Reads::Both | Reads::Events) => PATIENCE,
            (false, Reads::Either | Reads::Json) => return std::future::pending().await,
        };
        tokio::time::sleep_until(self.heard + patience).await;
    }

    /// Waits for what a status and its headers may still have to tell: nothing is said before,
    /// unless events are on the way already.
    pub(super) async fn undecided<T>(&mut self, what: impl Future<Output = T>) -> T {
        if self.is_open() { self.waiting(what).await } else { what.await }
    }

    /// Waits for a worker that is at it; a client that reads events hears so now and then.
    pub(super) async fn waiting<T>(&mut self, what: impl Future<Output = T>) -> T {
        if !self.is_open() {
            self.heard = Instant::now();
        }
        let mut what = std::pin::pin!(what);
        loop {
            tokio::select! {
                biased;
                done = &mut what => return done,
                () = self.silent_for_too_long() => self.say(COMMENT).await,
            }
        }
    }

    /// A message before the answer, for clients that read such.
    pub(super) async fn notify(&mut self, json: &str) {
        match self.reads {
            Reads::Both | Reads::Events | Reads::Either => self.say(events::event(json)).await,
            Reads::Json => {}
        }
    }

    /// The answer as the last event, if there are events or the client reads nothing else.
    /// Otherwise as a body, and the account's turn lasts until its last slice is taken.
    pub(super) async fn finish(&mut self, status: StatusCode, body: Pieces, pass: Option<Pass>) {
        let only_events = self.reads == Reads::Events && status == StatusCode::OK;
        if self.is_open() || only_events {
            self.say(events::event(&String::from_utf8_lossy(&body.joined()))).await;
            return;
        }
        self.told.bytes = body.len() as u64;
        self.answer(rpc::whole(status, Body::new(Slices::new(body, pass))));
    }

    /// A whole answer instead of everything else. Nothing happens when the head is out.
    pub(super) fn answer(&mut self, response: Response) {
        self.told.status = Some(response.status());
        self.told.first_at = Some(Instant::now());
        if let Some(head) = self.head.take()
            && head.send(Head::Whole(response)).is_err()
        {
            self.gone.cancel();
        }
    }

    /// The last event, unless the client is too slow for it: it will see the end at least.
    pub(super) fn last(&mut self, json: &[u8]) {
        if let (Ok(json), Some(events)) = (std::str::from_utf8(json), &self.events) {
            let _ = events.try_send(events::event(json));
        }
    }

    async fn say(&mut self, event: Bytes) {
        if let Some(head) = self.head.take() {
            let (events, unread) = mpsc::channel(AHEAD);
            self.events = Some(events);
            let Owner { streams, account, device } = &self.owner;
            self.listed = Some(streams.answer(account, device, self.revoked.clone()));
            self.told.status = Some(StatusCode::OK);
            self.told.first_at = Some(Instant::now());
            // Whoever has left has dropped the guard as well.
            let _ = head.send(Head::Events(unread));
        }
        let Some(events) = self.events.as_ref().filter(|_| !self.gone.is_cancelled()) else {
            return;
        };
        let length = event.len() as u64;
        match timeout(STALLED, events.send(event)).await {
            Ok(Ok(())) => {
                self.heard = Instant::now();
                self.told.bytes += length;
            }
            Ok(Err(_)) | Err(_) => self.gone.cancel(),
        }
    }
}

/// Work that is done whether or not anybody waits for it: where it is awaited as long as somebody
/// does, which costs nothing, and from then on in a task of its own.
pub(super) struct Owned {
    work: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    tasks: TaskTracker,
    span: Span,
}

impl Owned {
    #[must_use]
    pub(super) fn new(tasks: TaskTracker, work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), tasks, span: Span::current() }
    }
}

impl Future for Owned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Out of reach while it is polled: work that panics is not taken up again.
        let Some(mut work) = self.work.take() else { return Poll::Ready(()) };
        let polled = work.as_mut().poll(context);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // Without a runtime there is nobody left to do anything.
        if let (Some(work), Ok(runtime)) = (self.work.take(), Handle::try_current()) {
            self.tasks.spawn_on(work.instrument(self.span.clone()), &runtime);
        }
    }
}

impl Client {
    /// What the work that has the other end answers; `None` when it panicked.
    pub(super) async fn response(self, work: Owned) -> Option<Response> {
        let Self { mut head, here } = self;
        let head = tokio::select! {
            biased;
            // It sends the head, if it ends at all.
            () = work => head.try_recv().ok(),
            head = &mut head => head.ok(),
        };
        match head? {
            Head::Whole(response) => {
                here.disarm();
                Some(response)
            }
            Head::Events(unread) => {
                let events = stream::unfold((unread, here), |(mut unread, here)| async {
                    let event = unread.recv().await?;
                    Some((Ok::<_, std::convert::Infallible>(event), (unread, here)))
                });
                Some(events::response(Body::from_stream(events)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::console::Revoked;
    use domain::entropy::CountingEntropy;
    use http_body_util::BodyExt;

    fn line(reads: Reads) -> (Line, Client, Streams) {
        let (streams, entropy) = (Streams::default(), CountingEntropy::default());
        let account = AccountId::generate(&entropy);
        let device = DeviceId::generate(&entropy);
        let (line, client) = Line::new(reads, Owner { streams: streams.clone(), account, device });
        (line, client, streams)
    }

    /// Work that somebody else does.
    fn elsewhere() -> Owned {
        Owned::new(TaskTracker::new(), std::future::pending())
    }

    async fn next(body: &mut Body) -> Option<Bytes> {
        Some(body.frame().await?.unwrap().into_data().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn rel28_whoever_reads_events_hears_something_while_nothing_happens() {
        let (mut line, client, _) = line(Reads::Both);
        let began = Instant::now();
        line.silent_for_too_long().await;
        assert_eq!(began.elapsed(), PATIENCE);
        line.say(COMMENT).await;
        let mut body = client.response(elsewhere()).await.unwrap().into_body();
        assert_eq!(next(&mut body).await.unwrap(), COMMENT);
        line.silent_for_too_long().await;
        assert_eq!(began.elapsed(), PATIENCE + KEEP_ALIVE);
        line.notify("{}").await;
        line.silent_for_too_long().await;
        assert_eq!(began.elapsed(), PATIENCE + KEEP_ALIVE * 2);
        // The answer is an event now, and the last one.
        line.finish(StatusCode::OK, Bytes::from_static(b"{\"a\":1}").into(), None).await;
        drop(line);
        assert_eq!(next(&mut body).await.unwrap(), events::event("{}"));
        assert_eq!(next(&mut body).await.unwrap(), events::event("{\"a\":1}"));
        assert_eq!(next(&mut body).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_said_while_a_status_may_still_say_it() {
        let (mut line, client, _) = line(Reads::Both);
        line.undecided(tokio::time::sleep(PATIENCE * 3)).await;
        assert!(!line.is_open());
        let nearly = PATIENCE.saturating_sub(Duration::from_secs(1));
        line.waiting(tokio::time::sleep(nearly)).await;
        assert!(!line.is_open());
        line.waiting(tokio::time::sleep(PATIENCE * 2)).await;
        assert!(line.is_open());
        let mut body = client.response(elsewhere()).await.unwrap().into_body();
        assert_eq!(next(&mut body).await.unwrap(), COMMENT);
        // Events go on, whatever happens to the worker.
        line.undecided(tokio::time::sleep(KEEP_ALIVE * 2)).await;
        assert_eq!(next(&mut body).await.unwrap(), COMMENT);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_names_no_events_waits_for_the_answer() {
        for reads in [Reads::Either, Reads::Json] {
            let (line, _client, _) = line(reads);
            let hour = Duration::from_hours(1);
            assert!(timeout(hour, line.silent_for_too_long()).await.is_err());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_left_is_told_nothing_any_more() {
        let (mut line, client, _) = line(Reads::Both);
        line.notify("{}").await;
        drop(client);
        line.notify("{}").await;
        let hour = Duration::from_hours(1);
        assert!(timeout(hour, line.silent_for_too_long()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn t121_what_waits_for_a_reader_is_bounded_and_so_is_the_wait() {
        let (mut line, client, _) = line(Reads::Both);
        line.notify("{}").await;
        let _unread = client.response(elsewhere()).await.unwrap();
        let began = Instant::now();
        for _ in 0..1000 {
            line.notify("{}").await;
        }
        assert!(line.gone().is_cancelled());
        assert_eq!(began.elapsed(), STALLED);
        assert_eq!(line.told.bytes, AHEAD as u64 * events::event("{}").len() as u64);
    }

    #[tokio::test]
    async fn a_client_that_left_is_noticed_before_and_after_the_head() {
        let (line_before, client, _) = line(Reads::Both);
        drop(client);
        assert!(line_before.gone().is_cancelled());
        let (mut line_after, client, streams) = line(Reads::Both);
        line_after.notify("{}").await;
        let response = client.response(elsewhere()).await.unwrap();
        assert!(!line_after.gone().is_cancelled());
        streams.end(&Revoked::Everything);
        assert!(line_after.revoked().is_cancelled());
        drop(response);
        assert!(line_after.gone().is_cancelled());
    }

    #[tokio::test]
    async fn work_goes_on_without_whoever_waited_for_it() {
        let tasks = TaskTracker::new();
        let (go, gone) = oneshot::channel::<()>();
        let (done, is_done) = oneshot::channel();
        let mut work = Owned::new(tasks.clone(), async move {
            gone.await.unwrap();
            done.send(()).unwrap();
        });
        assert!(futures_util::poll!(&mut work).is_pending());
        assert!(tasks.is_empty(), "nobody has left yet");
        drop(work);
        assert_eq!(tasks.len(), 1);
        go.send(()).unwrap();
        is_done.await.unwrap();
        tasks.close();
        tasks.wait().await;
        drop(Owned::new(tasks.clone(), async {}));
        tasks.wait().await;
    }
}
