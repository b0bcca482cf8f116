//! One line for each call. The field list is the privacy policy: arguments and results are
//! health data, and neither has a field here.

use std::time::Duration;

use domain::id::{AccountId, DeviceId};
use http::StatusCode;

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamEnd {
    Complete,
    ClientLeft,
    WorkerLeft,
    /// The device lost its access, or the call its time.
    CutOff,
}

impl StreamEnd {
    fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::ClientLeft => "client_left",
            Self::WorkerLeft => "worker_left",
            Self::CutOff => "cut_off",
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
    pub(super) status: StatusCode,
    pub(super) end: StreamEnd,
    /// The stable word of what went wrong.
    pub(super) code: Option<&'static str>,
    pub(super) first_byte: Duration,
    pub(super) total: Duration,
    pub(super) bytes: u64,
}

impl CallRecord<'_> {
    pub(super) fn emit(&self) {
        let (first_byte, total) = (self.first_byte.as_millis(), self.total.as_millis());
        let status = self.status.as_u16();
        if self.end == StreamEnd::WorkerLeft {
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
            bytes = self.bytes,
            "{} answered {status} in {total} ms",
            self.tool
        );
    }
}
