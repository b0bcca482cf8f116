//! What a call counts as, by who has to act.

use std::time::Duration;

use http::StatusCode;

use super::record::StreamEnd;
use super::rpc::Failure;
use crate::metrics::{CallKind, CallOutcome, Metrics};

/// How a call ended, for the metrics.
pub(super) struct Ended {
    pub(super) kind: CallKind,
    pub(super) end: StreamEnd,
    pub(super) failure: Option<Failure>,
    /// `None`: the client left before there was one.
    pub(super) status: Option<StatusCode>,
    pub(super) total: Duration,
    /// What of it was spent waiting for the worker, where that was measured.
    pub(super) waited: Option<Duration>,
}

impl Ended {
    pub(super) fn count(&self, metrics: &Metrics) {
        metrics.call(self.kind, self.outcome(), self.total, self.waited);
    }

    fn outcome(&self) -> CallOutcome {
        match (self.failure, self.end) {
            (Some(failure), _) => failure.into(),
            (None, StreamEnd::ClientClosed | StreamEnd::Cancelled) => CallOutcome::ClientLeft,
            (None, StreamEnd::WorkerReset | StreamEnd::WorkerUnusable) => CallOutcome::WorkerFailed,
            (None, StreamEnd::CallTimeout) => CallOutcome::TimedOut,
            (None, StreamEnd::AccessEnded) => CallOutcome::Forbidden,
            (None, StreamEnd::GatewayDrain) => CallOutcome::AtCapacity,
            (None, StreamEnd::Complete)
                if self.status.is_none_or(|status| status.as_u16() < 400) =>
            {
                CallOutcome::Answered
            }
            (None, StreamEnd::Complete) => CallOutcome::BadRequest,
        }
    }
}

impl From<Failure> for CallOutcome {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Malformed(_)
            | Failure::Disagreement(_)
            | Failure::MethodNotFound
            | Failure::BadParams(..)
            | Failure::NotUnderstood(_)
            | Failure::NoMeta
            | Failure::UnsupportedVersion
            | Failure::ClientResponse => Self::BadRequest,
            Failure::SignInNeeded => Self::SignInNeeded,
            Failure::ScopeMissing | Failure::AccountReadOnly | Failure::AccessEnded => {
                Self::Forbidden
            }
            Failure::TooManyCalls | Failure::TooManyStreams | Failure::RateLimited { .. } => {
                Self::Limited
            }
            Failure::AtCapacity { .. } | Failure::TooManyBodies | Failure::GatewayStopping => {
                Self::AtCapacity
            }
            Failure::WorkerCrashed(_)
            | Failure::CrashLoop { .. }
            | Failure::StartsPaused { .. }
            | Failure::WorkerNotStarted
            | Failure::WorkerNonsense => Self::WorkerFailed,
            Failure::WorkerStartSlow | Failure::WorkerSlow => Self::TimedOut,
            Failure::StoreDown => Self::StoreFailed,
            Failure::AnswerTooLarge => Self::TooLarge,
            Failure::Cancelled => Self::ClientLeft,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routine_is_told_from_what_somebody_has_to_mend() {
        let outcome = |end, failure| {
            let (kind, status, total) = (CallKind::Tool, Some(StatusCode::OK), Duration::ZERO);
            Ended { kind, end, failure, status, total, waited: None }.outcome()
        };
        assert_eq!(outcome(StreamEnd::Complete, None), CallOutcome::Answered);
        assert_eq!(outcome(StreamEnd::ClientClosed, None), CallOutcome::ClientLeft);
        let needed = Some(Failure::SignInNeeded);
        assert_eq!(outcome(StreamEnd::Complete, needed), CallOutcome::SignInNeeded);
        let slow = Some(Failure::WorkerSlow);
        assert_eq!(outcome(StreamEnd::CallTimeout, slow), CallOutcome::TimedOut);
    }
}
