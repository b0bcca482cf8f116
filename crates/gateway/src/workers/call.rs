//! One call to one worker: in flight from when it is counted until it is dropped.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tokio::sync::{Notify, watch};

use super::connections::{AnswerBody, Unanswered};
use super::keeper::is_shortage;
use super::lifecycle::Outcome;
use super::process::{Address, Worker};
use super::supervisor::Supervisor;

/// What comes back from a worker.
pub type Answer = Response<AnswerBody>;

/// Whether a call may be sent again after its worker died without answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeatable {
    Yes,
    No,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The process ended before the first byte of an answer. `served` tells whether it had
    /// said `ready`: a worker that had not cannot have acted on anything.
    #[error("the worker ended before it answered: {outcome:?}")]
    Ended { outcome: Outcome, served: bool },
    /// The connection broke, and the process still runs.
    #[error("the worker closed the connection without an answer")]
    Broken,
    /// What it says is no HTTP, or interim answers, which nobody asked for and which have no end.
    #[error("the worker does not speak HTTP")]
    Garbled,
    /// There is no connection to it, for want of descriptors or ports as a rule. Nothing has
    /// been sent, so nothing has been done.
    #[error("the worker could not be connected to")]
    Unreached,
}

/// How long a broken connection may wait to learn that its process has died.
const POST_MORTEM: Duration = Duration::from_secs(2);

/// A call in flight. It belongs to one process, keeps it from being stopped, and ends when it
/// is dropped: whoever streams the answer holds it.
pub struct Call {
    pub(super) worker: Arc<Worker>,
    pub(super) supervisor: Supervisor,
}

impl Call {
    /// Comes back when the worker has said `ready`, or has ended.
    pub async fn ready(&self) {
        if self.worker.tools.get().is_some() {
            return;
        }
        let mut ended = self.worker.ended();
        tokio::select! {
            _ = self.worker.tools.wait() => {}
            _ = wait_for_end(&mut ended) => {}
        }
    }

    /// Sends the request and waits for the head of the answer, or for the worker's end.
    pub async fn send(&self, mut request: Request<Full<Bytes>>) -> Result<Answer, SendError> {
        self.worker.count_call();
        let mut ended = self.worker.ended();
        let interim = Arc::new(Notify::new());
        let heard = interim.clone();
        hyper::ext::on_informational(&mut request, move |_| heard.notify_one());
        let mut request = std::pin::pin!(self.address()?.connections.send(request));
        let answer = tokio::select! {
            biased;
            () = interim.notified() => return Err(SendError::Garbled),
            answer = &mut request => answer,
            outcome = wait_for_end(&mut ended) => {
                // What it answered before it left may still lie in the socket; and whoever was
                // never accepted is refused as soon as its keeper closes the address.
                let last = tokio::time::timeout(POST_MORTEM, request).await;
                last.map_err(|_| self.ended_with(outcome))?
            }
        };
        match answer {
            Ok(answer) => {
                if self.worker.first_answer() {
                    self.supervisor.answered(&self.worker);
                }
                Ok(answer)
            }
            Err(error) if is_no_http(&error) => Err(SendError::Garbled),
            Err(Unanswered::Connect(error)) if is_shortage(&error) => Err(SendError::Unreached),
            Err(Unanswered::Connect(_)) => Err(match self.post_mortem().await {
                SendError::Broken => SendError::Unreached,
                other => other,
            }),
            Err(Unanswered::Http(_)) => Err(self.post_mortem().await),
        }
    }

    /// Why the connection broke. A process closes its sockets a moment before it can be reaped,
    /// and whoever is sent to it in that moment is lost with it: so its end is waited for.
    pub async fn post_mortem(&self) -> SendError {
        let mut ended = self.worker.ended();
        let outcome = tokio::time::timeout(POST_MORTEM, wait_for_end(&mut ended)).await;
        outcome.map_or(SendError::Broken, |outcome| self.ended_with(outcome))
    }

    fn ended_with(&self, outcome: Outcome) -> SendError {
        SendError::Ended { outcome, served: self.worker.tools.get().is_some() }
    }

    /// Where the request goes, once the call is [ready](Self::ready).
    pub fn address(&self) -> Result<&Address, SendError> {
        // A worker without one has never run.
        let outcome = (*self.worker.ended().borrow()).unwrap_or(Outcome::SpawnFailed);
        self.worker.address().ok_or(SendError::Ended { outcome, served: false })
    }

    /// Whether the worker has announced a tool of this name.
    #[must_use]
    pub fn knows(&self, tool: &str) -> bool {
        self.worker.tools.get().is_some_and(|tools| tools.contains_key(tool))
    }

    /// Whether the worker has announced this tool as safe to repeat.
    #[must_use]
    pub fn repeatable(&self, tool: &str) -> Repeatable {
        let tools = self.worker.tools.get();
        tools.and_then(|tools| tools.get(tool)).copied().unwrap_or(Repeatable::No)
    }
}

/// Whether bytes came that are no answer, rather than none.
fn is_no_http(error: &Unanswered) -> bool {
    match error {
        Unanswered::Connect(_) => false,
        Unanswered::Http(error) => error.is_parse() && !error.is_incomplete_message(),
    }
}

async fn wait_for_end(ended: &mut watch::Receiver<Option<Outcome>>) -> Outcome {
    match ended.wait_for(Option::is_some).await.map(|outcome| *outcome) {
        Ok(Some(outcome)) => outcome,
        // The worker itself holds the sender, and the call holds the worker.
        Ok(None) | Err(_) => Outcome::Crashed,
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.supervisor.call_ended(&self.worker);
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Call({:?})", self.worker)
    }
}
