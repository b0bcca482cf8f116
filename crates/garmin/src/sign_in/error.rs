//! How a sign-in fails, in the words a person can be told.

use std::time::Duration;

use super::pending::PendingMfa;
use crate::transport::SendError;

/// Why there is no session. Carries neither Garmin's text nor the e-mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    #[error("wrong e-mail or password")]
    BadCredentials,
    #[error("Garmin has locked the account")]
    AccountLocked,
    #[error("Garmin asks for a CAPTCHA")]
    CaptchaRequired,
    #[error("Garmin limits sign-ins")]
    RateLimited { retry_after: Option<Duration> },
    /// 403 or a challenge page: this network is not welcome.
    #[error("Garmin blocks sign-ins from this network")]
    Blocked,
    /// Child and family accounts.
    #[error("Garmin does not let this account sign in on the web")]
    WebLoginNotAllowed,
    #[error("Garmin cannot be reached")]
    Unreachable,
    /// The password was right, but no client id could redeem the ticket.
    #[error("Garmin's token endpoint refused the ticket")]
    TicketRefused,
    /// The password was right, but the token it led to is of no use: the API refuses it, or
    /// it names no account.
    #[error("Garmin's API refused the new token")]
    TokenRefused,
    /// `kind` is Garmin's own type word, reduced to letters, digits and underscores.
    #[error("unexpected answer (status {status}, type {kind:?})")]
    Unexpected { status: u16, kind: String },
}

impl SignInError {
    /// A closed word for logs and metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::BadCredentials => "bad_credentials",
            Self::AccountLocked => "account_locked",
            Self::CaptchaRequired => "captcha_required",
            Self::RateLimited { .. } => "rate_limited",
            Self::Blocked => "blocked",
            Self::WebLoginNotAllowed => "web_login_not_allowed",
            Self::Unreachable => "unreachable",
            Self::TicketRefused => "ticket_refused",
            Self::TokenRefused => "token_refused",
            Self::Unexpected { .. } => "unexpected",
        }
    }

    /// Whether another strategy could only do harm.
    pub(super) fn ends_the_chain(&self) -> bool {
        match self {
            Self::BadCredentials | Self::AccountLocked => true,
            Self::CaptchaRequired
            | Self::RateLimited { .. }
            | Self::Blocked
            | Self::WebLoginNotAllowed
            | Self::Unreachable
            | Self::TicketRefused
            | Self::TokenRefused
            | Self::Unexpected { .. } => false,
        }
    }

    /// How much the reason tells, when several strategies failed differently.
    fn weight(&self) -> u8 {
        match self {
            Self::BadCredentials => 10,
            Self::AccountLocked => 9,
            Self::WebLoginNotAllowed => 8,
            Self::TokenRefused => 7,
            Self::TicketRefused => 6,
            Self::CaptchaRequired => 5,
            Self::Blocked => 4,
            Self::RateLimited { .. } => 3,
            Self::Unexpected { .. } => 2,
            Self::Unreachable => 1,
        }
    }

    /// Garmin's type word with everything removed that could name a person.
    pub(super) fn unexpected(status: u16, kind: &str) -> Self {
        let kind = kind
            .chars()
            .filter(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
            .take(40)
            .collect();
        Self::Unexpected { status, kind }
    }
}

impl From<SendError> for SignInError {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Unreachable | SendError::TimedOut | SendError::Torn => Self::Unreachable,
            SendError::TooLarge => Self::unexpected(0, "TOO_LARGE"),
        }
    }
}

/// What the strategies ran into, and what to say when none is left.
#[derive(Debug, Default)]
pub(super) struct Setbacks(Vec<SignInError>);

impl Setbacks {
    pub(super) fn add(&mut self, error: SignInError) {
        self.0.push(error);
    }

    /// Only limits: the longest wait asked for. Otherwise the most telling reason.
    pub(super) fn conclusion(self) -> SignInError {
        let waits = self.0.iter().filter_map(|error| match error {
            SignInError::RateLimited { retry_after } => *retry_after,
            SignInError::BadCredentials
            | SignInError::AccountLocked
            | SignInError::CaptchaRequired
            | SignInError::Blocked
            | SignInError::WebLoginNotAllowed
            | SignInError::Unreachable
            | SignInError::TicketRefused
            | SignInError::TokenRefused
            | SignInError::Unexpected { .. } => None,
        });
        let longest = waits.max();
        match self.0.into_iter().max_by_key(SignInError::weight) {
            Some(SignInError::RateLimited { .. }) => {
                SignInError::RateLimited { retry_after: longest }
            }
            Some(error) => error,
            None => SignInError::Unreachable,
        }
    }
}

/// Why a code did not finish a sign-in.
#[derive(Debug, thiserror::Error)]
pub enum MfaError {
    /// The login is still pending; ask for the code again.
    #[error("wrong code")]
    WrongCode { pending: Box<PendingMfa> },
    /// The code or the login it belongs to is too old: start again.
    #[error("the code has expired")]
    Expired,
    /// The code was right and is spent, but what follows it failed: start again.
    #[error("after the code: {0}")]
    AfterCode(#[source] SignInError),
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl MfaError {
    /// A closed word for logs and metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::WrongCode { .. } => "wrong_code",
            Self::Expired => "code_expired",
            Self::AfterCode(error) | Self::SignIn(error) => error.label(),
        }
    }
}

impl From<SendError> for MfaError {
    fn from(error: SendError) -> Self {
        Self::SignIn(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conclude(errors: &[SignInError]) -> SignInError {
        let mut setbacks = Setbacks::default();
        errors.iter().cloned().for_each(|error| setbacks.add(error));
        setbacks.conclusion()
    }

    #[test]
    fn limits_everywhere_name_the_longest_wait() {
        let limited = |secs: Option<u64>| SignInError::RateLimited {
            retry_after: secs.map(Duration::from_secs),
        };
        assert_eq!(
            conclude(&[limited(None), limited(Some(9)), limited(Some(3))]),
            limited(Some(9))
        );
        assert_eq!(conclude(&[limited(None), limited(None)]), limited(None));
    }

    #[test]
    fn the_most_telling_reason_wins() {
        let limited = SignInError::RateLimited { retry_after: None };
        let odd = SignInError::unexpected(500, "X");
        assert_eq!(conclude(&[limited.clone(), SignInError::Blocked]), SignInError::Blocked);
        assert_eq!(conclude(&[SignInError::Unreachable, limited.clone()]), limited);
        assert_eq!(
            conclude(&[SignInError::CaptchaRequired, SignInError::Blocked, odd.clone()]),
            SignInError::CaptchaRequired
        );
        assert_eq!(conclude(&[odd.clone(), SignInError::Unreachable]), odd);
    }

    #[test]
    fn a_type_word_loses_everything_that_could_name_a_person() {
        let SignInError::Unexpected { kind, .. } =
            SignInError::unexpected(200, "NEW_TYPE jo@example.org 1")
        else {
            panic!("another error")
        };
        assert_eq!(kind, "NEW_TYPE1");
    }
}
