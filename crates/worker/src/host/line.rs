//! The control channel: one conversation with the gateway, from launch to end of file.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use domain::contract::{
    CredentialsAnswer, FromWorker, JournalAnswer, JournalEntry, JournalPage, JournalQuery, Launch,
    LinkAnswer, MAX_FRAME, QuestionId, ToWorker, ToolsAnswer,
};
use domain::id::{DeviceId, Generation};
use domain::tools::ToolChoice;
use futures_util::StreamExt;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::codec::{Encoder, FramedRead, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;

/// Longer than the gateway's own deadline for a refresh at Garmin.
const CREDENTIALS_WITHIN: Duration = Duration::from_mins(1);
const ADDRESSES_WITHIN: Duration = Duration::from_secs(10);
const JOURNAL_WITHIN: Duration = Duration::from_secs(10);
const TOOLS_WITHIN: Duration = Duration::from_secs(10);
const LINK_WITHIN: Duration = Duration::from_secs(10);
/// Questions waiting for an answer at once. More would mean that calls pile up, and the next
/// one had better wait here than in the gateway.
const QUESTIONS_AT_ONCE: usize = 32;

/// Asks the gateway. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Line(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    outgoing: mpsc::UnboundedSender<FromWorker>,
    waiting: Mutex<HashMap<QuestionId, Waiting>>,
    last: AtomicU64,
    slots: Semaphore,
}

/// Who waits for an answer, by its kind.
#[derive(Debug)]
enum Waiting {
    Credentials(oneshot::Sender<CredentialsAnswer>),
    Addresses(oneshot::Sender<Vec<IpAddr>>),
    Journal(oneshot::Sender<JournalAnswer>),
    Tools(oneshot::Sender<ToolsAnswer>),
    JournalPage(oneshot::Sender<JournalPage>),
    Link(oneshot::Sender<LinkAnswer>),
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    #[error("the gateway did not answer in time")]
    TimedOut,
    #[error("the gateway is gone")]
    Closed,
}

impl Line {
    /// Asks for an access token; `refused` is the generation that no longer works.
    pub async fn credentials(
        &self,
        refused: Option<Generation>,
    ) -> Result<CredentialsAnswer, LineError> {
        let say = |id| FromWorker::CredentialsWanted { id, refused };
        self.ask(CREDENTIALS_WITHIN, say, Waiting::Credentials).await
    }

    /// Asks for the addresses of a host.
    pub async fn resolve(&self, host: &str) -> Result<Vec<IpAddr>, LineError> {
        let say = |id| FromWorker::Resolve { id, host: host.to_owned() };
        self.ask(ADDRESSES_WITHIN, say, Waiting::Addresses).await
    }

    /// Has a write recorded.
    pub async fn journal(&self, entry: JournalEntry) -> Result<JournalAnswer, LineError> {
        let say = |id| FromWorker::Journal { id, entry };
        self.ask(JOURNAL_WITHIN, say, Waiting::Journal).await
    }

    /// Has a device's choice of tools written down.
    pub async fn choose_tools(
        &self,
        device: &DeviceId,
        choice: &ToolChoice,
    ) -> Result<ToolsAnswer, LineError> {
        let (device, choice) = (device.clone(), choice.clone());
        let say = |id| FromWorker::ToolsChosen { id, device, choice };
        self.ask(TOOLS_WITHIN, say, Waiting::Tools).await
    }

    /// Asks what the account has written.
    pub async fn read_journal(&self, query: JournalQuery) -> Result<JournalPage, LineError> {
        let say = |id| FromWorker::JournalRead { id, query };
        self.ask(JOURNAL_WITHIN, say, Waiting::JournalPage).await
    }

    /// Asks for a link to the account's page.
    pub async fn page_link(&self, device: &DeviceId) -> Result<LinkAnswer, LineError> {
        let device = device.clone();
        let say = |id| FromWorker::LinkWanted { id, device };
        self.ask(LINK_WITHIN, say, Waiting::Link).await
    }

    async fn ask<A>(
        &self,
        within: Duration,
        say: impl FnOnce(QuestionId) -> FromWorker,
        wait: impl FnOnce(oneshot::Sender<A>) -> Waiting,
    ) -> Result<A, LineError> {
        let asked = async {
            let _slot = self.0.slots.acquire().await.map_err(|_| LineError::Closed)?;
            let id = QuestionId(self.0.last.fetch_add(1, Ordering::Relaxed) + 1);
            let (answer, answered) = oneshot::channel();
            self.0.waiting().insert(id, wait(answer));
            let _forget = Forget { inner: &self.0, id };
            self.0.outgoing.send(say(id)).map_err(|_| LineError::Closed)?;
            answered.await.map_err(|_| LineError::Closed)
        };
        tokio::time::timeout(within, asked).await.map_err(|_| LineError::TimedOut)?
    }

    /// Says something that has no answer. Unheard when the gateway is gone.
    pub(super) fn tell(&self, message: FromWorker) {
        let _ = self.0.outgoing.send(message);
    }
}

impl Inner {
    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<QuestionId, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Nobody waits any more: by answer, timeout or a dropped call.
struct Forget<'a> {
    inner: &'a Inner,
    id: QuestionId,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.inner.waiting().remove(&self.id);
    }
}

/// How the conversation ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The gateway closed its end, or died.
    Closed,
    Broken(Violation),
}

/// How the contract was broken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Violation {
    #[error("a frame is no message of the contract")]
    Frame,
    #[error("the first message is not the launch, or the launch came twice")]
    OutOfTurn,
    #[error("an answer is of another kind than its question")]
    WrongAnswer,
    #[error("gateway and worker speak different versions of the contract")]
    Version,
    #[error("the upstream's ports are not among the allowed ones")]
    UnreachableUpstream,
}

/// The side of the conversation that must be driven.
pub(super) struct Talk {
    incoming: FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
    writer: OwnedWriteHalf,
    spoken: mpsc::UnboundedReceiver<FromWorker>,
    inner: Arc<Inner>,
}

/// Waits for the launch message, the first thing the gateway says.
pub(super) async fn open(stream: UnixStream) -> Result<(Launch, Line, Talk), Ended> {
    let (reader, writer) = stream.into_split();
    let mut incoming = FramedRead::new(reader, codec());
    let ToWorker::Launch(launch) = hear(&mut incoming).await? else {
        return Err(Ended::Broken(Violation::OutOfTurn));
    };
    // Unbounded in type only: besides `Ready` and `Stopping`, every message holds one of the
    // slots of `ask`.
    let (outgoing, spoken) = mpsc::unbounded_channel();
    let inner = Arc::new(Inner {
        outgoing,
        waiting: Mutex::default(),
        last: AtomicU64::new(0),
        slots: Semaphore::new(QUESTIONS_AT_ONCE),
    });
    let talk = Talk { incoming, writer, spoken, inner: Arc::clone(&inner) };
    Ok((*launch, Line(inner), talk))
}

impl Talk {
    /// Carries messages until the gateway is gone; cancels `stop` when it says `Stop`.
    pub(super) async fn until_closed(self, stop: &CancellationToken) -> Ended {
        let Self { mut incoming, mut writer, mut spoken, inner } = self;
        let listen = async {
            loop {
                let message = match hear(&mut incoming).await {
                    Ok(message) => message,
                    Err(ended) => return ended,
                };
                if let Err(violation) = heed(message, &inner, stop) {
                    return Ended::Broken(violation);
                }
            }
        };
        let speak = async {
            while let Some(message) = spoken.recv().await {
                if say(&mut writer, &message).await.is_err() {
                    break;
                }
            }
            Ended::Closed
        };
        tokio::select! {
            ended = listen => ended,
            ended = speak => ended,
        }
    }
}

fn heed(message: ToWorker, inner: &Inner, stop: &CancellationToken) -> Result<(), Violation> {
    match message {
        ToWorker::Launch(_) => Err(Violation::OutOfTurn),
        ToWorker::Stop => {
            if !stop.is_cancelled() {
                let _ = inner.outgoing.send(FromWorker::Stopping);
                stop.cancel();
            }
            Ok(())
        }
        ToWorker::Credentials { id, answer } => match inner.waiting().remove(&id) {
            Some(Waiting::Credentials(asker)) => {
                let _ = asker.send(answer);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            // Whoever asked has given up; so it is below.
            None => Ok(()),
        },
        ToWorker::Resolved { id, addresses } => match inner.waiting().remove(&id) {
            Some(Waiting::Addresses(asker)) => {
                let _ = asker.send(addresses);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            None => Ok(()),
        },
        ToWorker::Journal { id, answer } => match inner.waiting().remove(&id) {
            Some(Waiting::Journal(asker)) => {
                let _ = asker.send(answer);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            None => Ok(()),
        },
        ToWorker::Tools { id, answer } => match inner.waiting().remove(&id) {
            Some(Waiting::Tools(asker)) => {
                let _ = asker.send(answer);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            None => Ok(()),
        },
        ToWorker::JournalPage { id, answer } => match inner.waiting().remove(&id) {
            Some(Waiting::JournalPage(asker)) => {
                let _ = asker.send(answer);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            None => Ok(()),
        },
        ToWorker::Link { id, answer } => match inner.waiting().remove(&id) {
            Some(Waiting::Link(asker)) => {
                let _ = asker.send(answer);
                Ok(())
            }
            Some(_) => Err(Violation::WrongAnswer),
            None => Ok(()),
        },
    }
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(MAX_FRAME).new_codec()
}

async fn hear(
    incoming: &mut FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
) -> Result<ToWorker, Ended> {
    match incoming.next().await {
        Some(Ok(frame)) => {
            serde_json::from_slice(&frame).map_err(|_| Ended::Broken(Violation::Frame))
        }
        Some(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
            Err(Ended::Broken(Violation::Frame))
        }
        // A connection that broke in the middle of a frame broke because the gateway died.
        Some(Err(_)) | None => Err(Ended::Closed),
    }
}

async fn say(writer: &mut OwnedWriteHalf, message: &FromWorker) -> std::io::Result<()> {
    let text = serde_json::to_vec(message)?;
    let mut frame = BytesMut::new();
    codec().encode(Bytes::from(text), &mut frame)?;
    writer.write_all_buf(&mut frame).await
}

#[cfg(test)]
mod tests;
