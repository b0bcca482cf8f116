//! What a handler tells the HTTP layer around it.

use std::sync::{Arc, Mutex, PoisonError};

use domain::scope::Scopes;

/// An answer that the HTTP layer gives instead of the MCP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Garmin accepts the account's credentials no longer.
    SignInNeeded,
    /// The connection lacks a scope of these.
    ScopeMissing(Scopes),
}

/// Where a handler leaves its [`Outcome`]; travels in the request's extensions.
#[derive(Debug, Clone, Default)]
pub(crate) struct OutcomeSlot(Arc<Mutex<Option<Outcome>>>);

impl OutcomeSlot {
    pub(crate) fn set(&self, outcome: Outcome) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
    }

    pub(crate) fn take(&self) -> Option<Outcome> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
