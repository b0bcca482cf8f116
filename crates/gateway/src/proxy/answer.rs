//! A worker's answer on its way to the client: counted, bounded in time, never copied.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use domain::id::{AccountId, DeviceId};
use http::StatusCode;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use serde_json::value::RawValue;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::record::{CallRecord, StreamEnd};
use super::rpc::Failure;
use super::streams::Stream;
use crate::workers::{Call, Pass, Repeatable};

/// Everything that ends with the answer: the worker is free again when this is dropped.
pub(super) struct InFlight {
    #[expect(dead_code, reason = "held: the worker is in use as long as this lives")]
    pub(super) call: Call,
    #[expect(dead_code, reason = "held: the account's turn lasts as long as this lives")]
    pub(super) pass: Pass,
    pub(super) entry: Entry,
    pub(super) deadline: Instant,
}

/// What the record of the call will say.
pub(super) struct Entry {
    pub(super) account: AccountId,
    pub(super) device: DeviceId,
    pub(super) request_id: Box<str>,
    pub(super) tool: Box<str>,
    pub(super) began: Instant,
    pub(super) first_byte: Duration,
    pub(super) status: StatusCode,
}

/// Only event streams are listed, so that revoking ends them, and get a last event when their
/// worker dies.
pub(super) struct EventStream {
    pub(super) listed: Stream,
    pub(super) id: Option<Box<RawValue>>,
    /// What its last event says when the worker dies.
    pub(super) repeatable: Repeatable,
}

pub(super) struct AnswerBody {
    /// `None` once there is nothing more to say.
    worker: Option<Incoming>,
    in_flight: InFlight,
    stream: Option<EventStream>,
    revoked: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Built when the answer first makes us wait; most never do.
    deadline: Option<Pin<Box<Sleep>>>,
    bytes: u64,
    end: StreamEnd,
}

/// The worker is gone in the middle of its answer. The connection to the client is cut, which
/// is the only honest end of a body with a length.
#[derive(Debug, thiserror::Error)]
#[error("the answer broke off")]
pub(super) struct BrokenOff;

impl AnswerBody {
    #[must_use]
    pub(super) fn new(worker: Incoming, in_flight: InFlight, stream: Option<EventStream>) -> Self {
        let revoked = stream.as_ref().map(|stream| Box::pin(stream.listed.end().cancelled_owned()));
        let end = if worker.is_end_stream() { StreamEnd::Complete } else { StreamEnd::ClientLeft };
        Self { worker: Some(worker), in_flight, stream, revoked, deadline: None, bytes: 0, end }
    }

    /// Why the answer may go on no longer.
    fn must_stop(&mut self, cx: &mut Context<'_>) -> Option<Failure> {
        if let Some(revoked) = &mut self.revoked
            && revoked.as_mut().poll(cx).is_ready()
        {
            return Some(Failure::AccessEnded);
        }
        let at = self.in_flight.deadline;
        let sleep = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        sleep.as_mut().poll(cx).is_ready().then_some(Failure::WorkerSlow)
    }

    /// Ends an event stream with an event, and anything else with a broken connection.
    fn stop(
        &mut self,
        end: StreamEnd,
        failure: Failure,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.worker = None;
        self.end = end;
        match &self.stream {
            Some(stream) => {
                let mut event = b"event: message\ndata: ".to_vec();
                event.extend_from_slice(&failure.json(stream.id.as_deref()));
                event.extend_from_slice(b"\n\n");
                Poll::Ready(Some(Ok(Frame::data(event.into()))))
            }
            None => Poll::Ready(Some(Err(BrokenOff))),
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        let this = &mut *self;
        let Some(worker) = &mut this.worker else { return Poll::Ready(None) };
        let polled = Pin::new(worker).poll_frame(cx);
        if polled.is_pending()
            && let Some(failure) = this.must_stop(cx)
        {
            return this.stop(StreamEnd::CutOff, failure);
        }
        match ready!(polled) {
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    this.bytes += data.len() as u64;
                }
                if this.worker.as_ref().is_some_and(Incoming::is_end_stream) {
                    this.end = StreamEnd::Complete;
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(_)) => {
                let repeatable = this.stream.as_ref().map(|stream| stream.repeatable);
                let failure = Failure::WorkerCrashed(repeatable.unwrap_or(Repeatable::No));
                this.stop(StreamEnd::WorkerLeft, failure)
            }
            None => {
                this.end = StreamEnd::Complete;
                this.worker = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.worker.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.worker {
            // The length of a stream may change by its last event.
            Some(worker) if self.stream.is_none() => worker.size_hint(),
            Some(_) => SizeHint::default(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl Drop for AnswerBody {
    fn drop(&mut self) {
        let entry = &self.in_flight.entry;
        CallRecord {
            account: &entry.account,
            device: &entry.device,
            request_id: &entry.request_id,
            tool: &entry.tool,
            status: entry.status,
            end: self.end,
            first_byte: entry.first_byte,
            total: entry.began.elapsed(),
            bytes: self.bytes,
        }
        .emit();
    }
}
