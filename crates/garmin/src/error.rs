//! What can go wrong when reading from Garmin, in words a caller can act on.

use std::time::Duration;

use crate::transport::SendError;

/// A data call that gave no data. No variant carries text of Garmin's: bodies name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GarminError {
    #[error("a new sign-in at Garmin is needed")]
    SignInNeeded,
    /// The source of access tokens has none for now.
    #[error("no access token at the moment")]
    Unavailable { retry_after: Option<Duration> },
    /// Refused with a token that was replaced just now: not a matter of signing in again
    /// until the source of tokens says so.
    #[error("Garmin refused a fresh access token")]
    TokenRefused,
    #[error("Garmin limits requests")]
    RateLimited { retry_after: Option<Duration> },
    #[error("Garmin does not allow this for the account")]
    Forbidden,
    /// Said inside an answer with status 200. Asking again with another token of the same
    /// sign-in does not help: what a token may read is decided when the person signs in.
    #[error("Garmin withholds this person's health data from the sign-in")]
    PrivacyProtected,
    #[error("Garmin has nothing under this address")]
    NotFound,
    #[error("Garmin did not accept the parameters")]
    BadRequest,
    #[error("Garmin cannot be reached")]
    Unreachable,
    #[error("Garmin did not answer in time")]
    TimedOut,
    #[error("Garmin failed with status {status}")]
    Upstream5xx { status: u16, retry_after: Option<Duration> },
    /// Neither success nor a failure this protocol knows.
    #[error("Garmin answered with the unexpected status {status}")]
    UnexpectedStatus { status: u16 },
    #[error("Garmin's answer broke off")]
    Torn,
    /// A challenge, a maintenance notice, a login form.
    #[error("Garmin answered with a page instead of data")]
    NotJson,
    #[error("Garmin's answer has changed its form: {what}")]
    Malformed { what: &'static str },
    #[error("Garmin's answer is larger than anything expected")]
    TooLarge,
}

impl GarminError {
    /// A closed word for logs, metrics and tool errors.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::SignInNeeded => "sign_in_needed",
            Self::Unavailable { .. } => "credentials_unavailable",
            Self::TokenRefused => "token_refused",
            Self::RateLimited { .. } => "rate_limited",
            Self::Forbidden => "forbidden",
            Self::PrivacyProtected => "privacy_protected",
            Self::NotFound => "not_found",
            Self::BadRequest => "bad_request",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::Upstream5xx { .. } => "upstream_failed",
            Self::UnexpectedStatus { .. } => "unexpected_status",
            Self::Torn => "torn",
            Self::NotJson => "not_json",
            Self::Malformed { .. } => "malformed",
            Self::TooLarge => "too_large",
        }
    }

    /// How long Garmin or the source of tokens asked to wait, or how long we rest by ourselves
    /// where Garmin limits without a word about time.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after }
            | Self::RateLimited { retry_after }
            | Self::Upstream5xx { retry_after, .. } => *retry_after,
            Self::SignInNeeded
            | Self::TokenRefused
            | Self::Forbidden
            | Self::PrivacyProtected
            | Self::NotFound
            | Self::BadRequest
            | Self::Unreachable
            | Self::TimedOut
            | Self::UnexpectedStatus { .. }
            | Self::Torn
            | Self::NotJson
            | Self::Malformed { .. }
            | Self::TooLarge => None,
        }
    }
}

impl From<SendError> for GarminError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unreachable => Self::Unreachable,
            SendError::TimedOut => Self::TimedOut,
            SendError::Torn => Self::Torn,
            SendError::TooLarge => Self::TooLarge,
        }
    }
}
