//! One line for each call. The field list is the privacy policy: arguments and results are
//! health data, and neither has a field here.

use std::time::Duration;

use domain::id::{AccountId, DeviceId};
use http::StatusCode;

use super::rpc::Failure;

/// How an answer ended. One of these for each call, and said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamEnd {
    /// The client got an answer, be it a refusal.
    Complete,
    ClientClosed,
    /// By a notification of the client.
    Cancelled,
    /// The worker died, or broke off, after the first byte.
    WorkerReset,
    /// It said something that cannot be passed on: no MCP, or too much of it.
    WorkerUnusable,
    /// The call had used up its time.
    CallTimeout,
    /// The device was disconnected, needs a sign-in, or may not do this.
    AccessEnded,
    /// The gateway stops, and waits for nobody any more.
    GatewayDrain,
}

impl From<Failure> for StreamEnd {
    /// The end of a stream that had begun and could not go on for this reason.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::WorkerCrashed(_) => Self::WorkerReset,
            Failure::Cancelled => Self::Cancelled,
            Failure::WorkerSlow | Failure::WorkerStartSlow => Self::CallTimeout,
            Failure::AccessEnded
            | Failure::SignInNeeded
            | Failure::ScopeMissing
            | Failure::AccountReadOnly => Self::AccessEnded,
            Failure::GatewayStopping => Self::GatewayDrain,
            Failure::WorkerNonsense | Failure::AnswerTooLarge | Failure::NotUnderstood(_) => {
                Self::WorkerUnusable
            }
            // A stream that waits for its worker with signs of life, and gets none.
            Failure::AtCapacity { .. }
            | Failure::CrashLoop { .. }
            | Failure::StartsPaused { .. }
            | Failure::WorkerNotStarted
            | Failure::StoreDown
            | Failure::TooManyCalls
            | Failure::TooManyStreams
            | Failure::TooManyBodies
            | Failure::RateLimited { .. }
            | Failure::Malformed(_)
            | Failure::Disagreement(_)
            | Failure::MethodNotFound
            | Failure::BadParams(..)
            | Failure::NoMeta
            | Failure::UnsupportedVersion
            | Failure::ClientResponse => Self::Complete,
        }
    }
}

impl StreamEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientClosed => "client_closed",
            Self::Cancelled => "cancelled",
            Self::WorkerReset => "worker_reset",
            Self::WorkerUnusable => "worker_unusable",
            Self::CallTimeout => "call_timeout",
            Self::AccessEnded => "access_ended",
            Self::GatewayDrain => "gateway_drain",
        }
    }
}

pub(super) struct CallRecord<'a> {
    pub(super) account: &'a AccountId,
    pub(super) device: &'a DeviceId,
    pub(super) request_id: &'a str,
    /// A name the worker has announced or a method of the protocol, never just any string the
    /// client sent.
    pub(super) tool: &'a str,
    /// `None`: the client left before there was one.
    pub(super) status: Option<StatusCode>,
    pub(super) end: StreamEnd,
    /// The stable word of what went wrong.
    pub(super) code: Option<&'static str>,
    pub(super) first_byte: Duration,
    pub(super) total: Duration,
    /// What of it was not spent waiting for the worker.
    pub(super) own: Duration,
    pub(super) bytes: u64,
}

impl CallRecord<'_> {
    pub(super) fn emit(&self) {
        let (first_byte, total) = (self.first_byte.as_millis(), self.total.as_millis());
        let status = self.status.map(|status| status.as_u16());
        if self.end == StreamEnd::WorkerReset {
            tracing::warn!(
                event = "mcp-stream-interrupted",
                account = %self.account,
                tool = self.tool,
                request = self.request_id,
                bytes = self.bytes,
                ""
            );
        }
        tracing::info!(
            event = "mcp-response",
            account = %self.account,
            device = %self.device,
            request = self.request_id,
            tool = self.tool,
            status,
            end = self.end.as_str(),
            code = self.code,
            ttfb_ms = first_byte,
            total_ms = total,
            gateway_us = self.own.as_micros(),
            bytes = self.bytes,
            ""
        );
    }
}
