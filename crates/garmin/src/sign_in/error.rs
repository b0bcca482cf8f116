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
    /// 427 or 429: too many, by address, client id or account; Garmin does not say which.
    #[error("Garmin limits sign-ins")]
    RateLimited { retry_after: Option<Duration> },
    /// 403 or a challenge page: this network is not welcome.
    #[error("Garmin blocks sign-ins from this network")]
    Blocked { retry_after: Option<Duration> },
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
    /// `kind` is Garmin's own type word; empty when what stood there was none.
    #[error("unexpected answer (status {status}, type {kind:?})")]
    Unexpected { status: u16, kind: String },
}

/// That Garmin turned a sign-in away unheard: nothing is said about the password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub kind: BlockKind,
    /// How long Garmin asked to be left alone.
    pub retry_after: Option<Duration>,
}

/// Whom a block is about, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Scored as a bot; often for what the account has been through lately.
    Captcha,
    Limited,
    /// Cloudflare's word on an address.
    Forbidden,
}

impl SignInError {
    /// Whether this is a block rather than an answer or an outage.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        let block = |kind, retry_after| Some(Block { kind, retry_after });
        match self {
            Self::CaptchaRequired => block(BlockKind::Captcha, None),
            Self::RateLimited { retry_after } => block(BlockKind::Limited, *retry_after),
            Self::Blocked { retry_after } => block(BlockKind::Forbidden, *retry_after),
            Self::BadCredentials
            | Self::AccountLocked
            | Self::WebLoginNotAllowed
            | Self::Unreachable
            | Self::TicketRefused
            | Self::TokenRefused
            | Self::Unexpected { .. } => None,
        }
    }

    /// A closed word for logs and metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::BadCredentials => "bad_credentials",
            Self::AccountLocked => "account_locked",
            Self::CaptchaRequired => "captcha_required",
            Self::RateLimited { .. } => "rate_limited",
            Self::Blocked { .. } => "blocked",
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
            | Self::Blocked { .. }
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
            Self::Blocked { .. } => 4,
            Self::RateLimited { .. } => 3,
            Self::Unexpected { .. } => 2,
            Self::Unreachable => 1,
        }
    }

    /// Garmin's type word, if it looks like one. Whatever else stands in its place may repeat
    /// what the person typed.
    pub(super) fn unexpected(status: u16, kind: &str) -> Self {
        let word = |part: &str| {
            (2..=20).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        let known = kind.len() <= 60 && kind.split('_').all(word);
        Self::Unexpected { status, kind: if known { kind } else { "" }.to_owned() }
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

    /// The most telling reason; for a block, with the longest wait any of them asked for.
    pub(super) fn conclusion(self) -> SignInError {
        let waits = self.0.iter().filter_map(|error| error.block()?.retry_after);
        let longest = waits.max();
        match self.0.into_iter().max_by_key(SignInError::weight) {
            Some(SignInError::RateLimited { .. }) => {
                SignInError::RateLimited { retry_after: longest }
            }
            Some(SignInError::Blocked { .. }) => SignInError::Blocked { retry_after: longest },
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

    const BLOCKED: SignInError = SignInError::Blocked { retry_after: None };

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
        assert_eq!(conclude(&[limited.clone(), BLOCKED]), BLOCKED);
        assert_eq!(conclude(&[SignInError::Unreachable, limited.clone()]), limited);
        assert_eq!(
            conclude(&[SignInError::CaptchaRequired, BLOCKED, odd.clone()]),
            SignInError::CaptchaRequired
        );
        assert_eq!(conclude(&[odd.clone(), SignInError::Unreachable]), odd);
    }

    #[test]
    fn a_block_asks_for_the_longest_wait_of_all_strategies() {
        let wait = Some(Duration::from_mins(15));
        let limited = SignInError::RateLimited { retry_after: wait };
        let concluded = conclude(&[limited, BLOCKED, BLOCKED]);
        let block = Block { kind: BlockKind::Forbidden, retry_after: wait };
        assert_eq!(concluded.block(), Some(block));
        assert_eq!(conclude(&[SignInError::Unreachable]).block(), None);
        assert_eq!(SignInError::BadCredentials.block(), None);
    }

    #[test]
    fn sec103_what_garmin_repeats_of_the_form_is_not_kept() {
        let kind_of = |text: &str| match SignInError::unexpected(200, text) {
            SignInError::Unexpected { kind, .. } => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind_of("PASSWORD_RESET_REQUIRED"), "PASSWORD_RESET_REQUIRED");
        for echo in ["JO@EXAMPLE.ORG", "NEW_TYPE JO@EXAMPLE.ORG", "HUNTER2", "hunter", "A_", "__"] {
            assert_eq!(kind_of(echo), "", "{echo}");
        }
        assert_eq!(kind_of(&"LONG_".repeat(20)), "");
    }
}
