//! What a person is told when a sign-in did not work: one sentence of its own for everything
//! that can be told apart, and what to do next.

use std::time::Duration;

use domain::clock::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::metrics::SignInOutcome;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    EmailMalformed,
    PasswordMissing,
    CodeMissing,
    CodeMalformed,
    WrongPassword,
    /// The same where only some are invited: which it was is nobody's business.
    NotAccepted,
    Locked,
    Captcha {
        retry_at: Timestamp,
    },
    RateLimited {
        retry_at: Timestamp,
    },
    Blocked {
        retry_at: Timestamp,
    },
    WebLoginNotAllowed,
    GarminDown,
    /// The password was right, but Garmin then refused the session.
    GarminRefused,
    GarminUnexpected,
    TimedOut,
    WrongCode {
        left: u8,
    },
    CodeExpired,
    CodeTriesUsedUp,
    /// The egress the login was begun on is not there any more.
    CodeElsewhere,
    /// This browser has connected this very account a moment ago.
    JustConnected {
        retry_at: Timestamp,
    },
    /// The process that talked to Garmin is gone.
    Interrupted,
    /// Too many people are signing in.
    Busy {
        retry_at: Timestamp,
    },
    /// This browser asks with other details than those under way.
    UnderWay,
    /// Our own limit by address.
    TooOften {
        retry_at: Timestamp,
    },
    /// Our own limit by e-mail address.
    TooManyTries {
        retry_at: Timestamp,
    },
    /// The form was not from the page we showed.
    StaleForm,
    /// The page was of a sign-in that is over.
    Lapsed,
    /// The page was of a sign-in that another browser began, or this one with another cookie.
    OtherBrowser,
    /// The page was of a sign-in, and nobody knows of whose.
    NoCookie,
    /// Our own store failed.
    Ours,
}

impl Problem {
    /// Who has to act on an attempt that ended so.
    #[must_use]
    pub fn class(self) -> SignInOutcome {
        match self {
            Self::EmailMalformed
            | Self::PasswordMissing
            | Self::CodeMissing
            | Self::CodeMalformed
            | Self::WrongPassword
            | Self::NotAccepted
            | Self::Locked
            | Self::WrongCode { .. }
            | Self::CodeExpired
            | Self::CodeTriesUsedUp
            | Self::JustConnected { .. }
            | Self::TooOften { .. }
            | Self::TooManyTries { .. }
            | Self::UnderWay
            | Self::StaleForm
            | Self::Lapsed
            | Self::OtherBrowser
            | Self::NoCookie => SignInOutcome::Refused,
            Self::Captcha { .. }
            | Self::RateLimited { .. }
            | Self::Blocked { .. }
            | Self::WebLoginNotAllowed
            | Self::GarminDown
            | Self::GarminRefused
            | Self::GarminUnexpected
            | Self::TimedOut
            | Self::Busy { .. } => SignInOutcome::Unavailable,
            Self::CodeElsewhere | Self::Interrupted => SignInOutcome::Abandoned,
            Self::Ours => SignInOutcome::Failed,
        }
    }

    /// The sentence for the page.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "one sentence for each problem, in one place")]
    pub fn sentence(self, now: Timestamp) -> String {
        match self {
            Self::EmailMalformed => {
                "This does not look like an e-mail address. Enter the one you use at Garmin."
                    .to_owned()
            }
            Self::PasswordMissing => "Enter your Garmin password as well.".to_owned(),
            Self::CodeMissing => "Enter the code Garmin gave you.".to_owned(),
            Self::CodeMalformed => {
                "This does not look like a code from Garmin, so it was not sent. Check it and try \
                 again."
                    .to_owned()
            }
            Self::WrongPassword => {
                "Garmin did not accept this e-mail and password. Check both and try again."
                    .to_owned()
            }
            Self::NotAccepted => {
                "This did not work: either Garmin does not accept this e-mail and password, or \
                 this e-mail is not invited here. Check both; if they are right, ask the operator."
                    .to_owned()
            }
            Self::Locked => {
                "Garmin has locked this account. Unlock it at connect.garmin.com, for example by \
                 resetting your password there, then try again."
                    .to_owned()
            }
            Self::Captcha { retry_at } => format!(
                "Garmin wants to see that you are a person, with a CAPTCHA that cannot be shown \
                 here. Sign in once at connect.garmin.com, then try again {}.",
                wait(retry_at, now)
            ),
            Self::RateLimited { retry_at } => format!(
                "Garmin is limiting sign-ins at the moment, which says nothing about what you \
                 entered. Try again {}.",
                wait(retry_at, now)
            ),
            Self::Blocked { retry_at } => format!(
                "Garmin is turning away sign-ins from this server at the moment, which says \
                 nothing about what you entered. Try again {}.",
                wait(retry_at, now)
            ),
            Self::WebLoginNotAllowed => {
                "Garmin does not let this account sign in on the web. Child and family accounts \
                 cannot be connected; use a full Garmin account."
                    .to_owned()
            }
            Self::GarminDown => {
                "Garmin Connect is not answering. Nothing is wrong with what you entered; try \
                 again in a few minutes."
                    .to_owned()
            }
            Self::GarminRefused => {
                "Garmin accepted your sign-in but refused the connection. Try again in some minutes."
                    .to_owned()
            }
            Self::GarminUnexpected => {
                "Garmin answered in a way that is new to us. Try again; if it stays like this, \
                 tell the operator."
                    .to_owned()
            }
            Self::TimedOut => {
                "Garmin took too long, so the sign-in was stopped. Try again.".to_owned()
            }
            Self::WrongCode { left } => {
                let tries = if left == 1 { "one try".to_owned() } else { format!("{left} tries") };
                format!("That code is not right. Check it and try again; you have {tries} left.")
            }
            Self::CodeExpired => {
                "That code has expired. Sign in again, and Garmin gives you a new one.".to_owned()
            }
            Self::CodeTriesUsedUp => {
                "That code was wrong too many times. Sign in again, and Garmin gives you a new \
                 one."
                    .to_owned()
            }
            Self::CodeElsewhere => {
                "That code cannot be checked from here any more. Sign in again, and Garmin gives \
                 you a new one."
                    .to_owned()
            }
            Self::JustConnected { retry_at } => format!(
                "This account was connected from here a moment ago, and Garmin turns away those \
                 who sign in again at once. If your app does not show the connection, try again \
                 {}.",
                wait(retry_at, now)
            ),
            Self::Interrupted => {
                "This server was restarted, which interrupted the sign-in. Try again.".to_owned()
            }
            Self::Busy { retry_at } => format!(
                "Many people are signing in, and your turn did not come. Try again {}.",
                wait(retry_at, now)
            ),
            Self::UnderWay => {
                "A sign-in with other details is still under way. Wait for it, then try again."
                    .to_owned()
            }
            Self::TooOften { retry_at } => {
                format!("Too many attempts from your network. Try again {}.", wait(retry_at, now))
            }
            Self::TooManyTries { retry_at } => format!(
                "Too many passwords and codes were tried for this e-mail address, and Garmin \
                 would lock it. Try again {}.",
                wait(retry_at, now)
            ),
            Self::StaleForm => {
                "This form was out of date, so nothing was sent to Garmin. Enter it once more."
                    .to_owned()
            }
            Self::Lapsed => {
                "This page had been open for a long time or has already led to a connection, so \
                 nothing was sent to Garmin. If your app shows the connection, you can close this \
                 page. If not, sign in here."
                    .to_owned()
            }
            Self::OtherBrowser => {
                "This page belonged to a sign-in from another browser or another tab, so nothing \
                 was sent to Garmin. If you started this in your app, sign in here. If you only \
                 followed a link, close this page."
                    .to_owned()
            }
            Self::NoCookie => {
                "Your browser did not send our cookie, so nothing was sent to Garmin. If you \
                 started this in your app, sign in here. If this happens again, allow cookies for \
                 this address."
                    .to_owned()
            }
            Self::Ours => {
                "Something went wrong here, and nothing was kept. Try again in a minute.".to_owned()
            }
        }
    }

    /// What the page's status says to programs. What Garmin answered is no error of the
    /// request, so it comes as an ordinary page; so does a limit that has passed by the time
    /// somebody looks again.
    #[must_use]
    pub fn status(self, now: Timestamp) -> StatusCode {
        match self {
            Self::EmailMalformed
            | Self::PasswordMissing
            | Self::CodeMissing
            | Self::CodeMalformed => StatusCode::BAD_REQUEST,
            Self::StaleForm | Self::OtherBrowser | Self::NoCookie => StatusCode::FORBIDDEN,
            Self::UnderWay => StatusCode::CONFLICT,
            Self::TooOften { retry_at } | Self::TooManyTries { retry_at } if retry_at > now => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Self::Ours => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooOften { .. }
            | Self::TooManyTries { .. }
            | Self::WrongPassword
            | Self::NotAccepted
            | Self::Locked
            | Self::Captcha { .. }
            | Self::RateLimited { .. }
            | Self::Blocked { .. }
            | Self::WebLoginNotAllowed
            | Self::GarminDown
            | Self::GarminRefused
            | Self::GarminUnexpected
            | Self::TimedOut
            | Self::WrongCode { .. }
            | Self::CodeExpired
            | Self::CodeTriesUsedUp
            | Self::CodeElsewhere
            | Self::JustConnected { .. }
            | Self::Interrupted
            | Self::Lapsed
            | Self::Busy { .. } => StatusCode::OK,
        }
    }

    /// How long it makes no sense to try again, where that is known.
    #[must_use]
    pub fn retry_after(self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Captcha { retry_at }
            | Self::RateLimited { retry_at }
            | Self::Blocked { retry_at }
            | Self::JustConnected { retry_at }
            | Self::Busy { retry_at }
            | Self::TooOften { retry_at }
            | Self::TooManyTries { retry_at } => {
                Some(retry_at.since(now)).filter(|wait| !wait.is_zero())
            }
            Self::GarminDown | Self::Ours => Some(Duration::from_mins(1)),
            Self::EmailMalformed
            | Self::PasswordMissing
            | Self::CodeMissing
            | Self::CodeMalformed
            | Self::WrongPassword
            | Self::NotAccepted
            | Self::Locked
            | Self::WebLoginNotAllowed
            | Self::GarminRefused
            | Self::GarminUnexpected
            | Self::TimedOut
            | Self::WrongCode { .. }
            | Self::CodeExpired
            | Self::CodeTriesUsedUp
            | Self::CodeElsewhere
            | Self::Interrupted
            | Self::UnderWay
            | Self::Lapsed
            | Self::OtherBrowser
            | Self::NoCookie
            | Self::StaleForm => None,
        }
    }

    /// What a browser is held for: Garmin turned it away, and would again.
    pub(super) fn holds_until(self) -> Option<Timestamp> {
        match self {
            Self::Captcha { retry_at }
            | Self::RateLimited { retry_at }
            | Self::Blocked { retry_at }
            | Self::JustConnected { retry_at } => Some(retry_at),
            Self::EmailMalformed
            | Self::PasswordMissing
            | Self::CodeMissing
            | Self::CodeMalformed
            | Self::WrongPassword
            | Self::NotAccepted
            | Self::Locked
            | Self::WebLoginNotAllowed
            | Self::GarminDown
            | Self::GarminRefused
            | Self::GarminUnexpected
            | Self::TimedOut
            | Self::WrongCode { .. }
            | Self::CodeExpired
            | Self::CodeTriesUsedUp
            | Self::CodeElsewhere
            | Self::Interrupted
            | Self::Busy { .. }
            | Self::UnderWay
            | Self::TooOften { .. }
            | Self::TooManyTries { .. }
            | Self::StaleForm
            | Self::Lapsed
            | Self::OtherBrowser
            | Self::NoCookie
            | Self::Ours => None,
        }
    }

    /// Whether a password or a code was tried. What Garmin never judged is not held against
    /// the person; that it turned them away is, or a new cookie would buy a new try.
    pub(super) fn was_a_try(self) -> bool {
        match self {
            Self::WrongPassword
            | Self::NotAccepted
            | Self::Locked
            | Self::Captcha { .. }
            | Self::RateLimited { .. }
            | Self::Blocked { .. }
            | Self::WebLoginNotAllowed
            | Self::WrongCode { .. }
            | Self::CodeExpired
            | Self::CodeTriesUsedUp => true,
            Self::EmailMalformed
            | Self::PasswordMissing
            | Self::CodeMissing
            | Self::CodeMalformed
            | Self::GarminDown
            | Self::GarminRefused
            | Self::GarminUnexpected
            | Self::TimedOut
            | Self::CodeElsewhere
            | Self::JustConnected { .. }
            | Self::Interrupted
            | Self::Busy { .. }
            | Self::UnderWay
            | Self::TooOften { .. }
            | Self::TooManyTries { .. }
            | Self::Lapsed
            | Self::OtherBrowser
            | Self::NoCookie
            | Self::StaleForm
            | Self::Ours => false,
        }
    }

    /// A closed word for logs.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::EmailMalformed => "email_malformed",
            Self::PasswordMissing => "password_missing",
            Self::CodeMissing => "code_missing",
            Self::CodeMalformed => "code_malformed",
            Self::WrongPassword => "wrong_password",
            Self::NotAccepted => "not_accepted",
            Self::Locked => "locked",
            Self::Captcha { .. } => "captcha",
            Self::RateLimited { .. } => "rate_limited",
            Self::Blocked { .. } => "blocked",
            Self::WebLoginNotAllowed => "web_login_not_allowed",
            Self::GarminDown => "garmin_down",
            Self::GarminRefused => "garmin_refused",
            Self::GarminUnexpected => "garmin_unexpected",
            Self::TimedOut => "timed_out",
            Self::WrongCode { .. } => "wrong_code",
            Self::CodeExpired => "code_expired",
            Self::CodeTriesUsedUp => "code_tries_used_up",
            Self::CodeElsewhere => "code_elsewhere",
            Self::JustConnected { .. } => "just_connected",
            Self::Interrupted => "interrupted",
            Self::Busy { .. } => "busy",
            Self::UnderWay => "under_way",
            Self::TooOften { .. } => "too_often",
            Self::TooManyTries { .. } => "too_many_tries",
            Self::StaleForm => "stale_form",
            Self::Lapsed => "lapsed",
            Self::OtherBrowser => "other_browser",
            Self::NoCookie => "no_cookie",
            Self::Ours => "ours",
        }
    }
}

/// "in about 5 minutes (after 14:05 UTC)".
fn wait(until: Timestamp, now: Timestamp) -> String {
    let left = until.since(now);
    let minute = Duration::from_mins(1);
    if left.is_zero() {
        return "now".to_owned();
    }
    if left <= minute {
        return "in a minute".to_owned();
    }
    let minutes = left.as_secs().div_ceil(60);
    let moment = until.to_string();
    // RFC 3339 in UTC: `2026-11-20T14:05:00Z`.
    match moment.get(11..16) {
        Some(time) => format!("in about {minutes} minutes (after {time} UTC)"),
        None => format!("in about {minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000);

    #[test]
    fn every_problem_has_a_sentence_and_a_word_of_its_own() {
        let retry_at = NOW.plus(Duration::from_mins(5));
        let all = [
            Problem::EmailMalformed,
            Problem::PasswordMissing,
            Problem::CodeMissing,
            Problem::CodeMalformed,
            Problem::WrongPassword,
            Problem::NotAccepted,
            Problem::Locked,
            Problem::Captcha { retry_at },
            Problem::RateLimited { retry_at },
            Problem::Blocked { retry_at },
            Problem::WebLoginNotAllowed,
            Problem::GarminDown,
            Problem::GarminRefused,
            Problem::GarminUnexpected,
            Problem::TimedOut,
            Problem::WrongCode { left: 2 },
            Problem::CodeExpired,
            Problem::CodeTriesUsedUp,
            Problem::CodeElsewhere,
            Problem::JustConnected { retry_at },
            Problem::Interrupted,
            Problem::Busy { retry_at },
            Problem::UnderWay,
            Problem::TooOften { retry_at },
            Problem::TooManyTries { retry_at },
            Problem::StaleForm,
            Problem::Lapsed,
            Problem::OtherBrowser,
            Problem::NoCookie,
            Problem::Ours,
        ];
        let sentences: HashSet<_> = all.iter().map(|problem| problem.sentence(NOW)).collect();
        let labels: HashSet<_> = all.iter().map(|problem| problem.label()).collect();
        assert_eq!((sentences.len(), labels.len()), (all.len(), all.len()));
        for sentence in sentences {
            assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
        }
    }

    #[test]
    fn a_wait_names_minutes_and_the_time() {
        let at = |secs| wait(NOW.plus(Duration::from_secs(secs)), NOW);
        assert_eq!(at(0), "now");
        assert_eq!(at(59), "in a minute");
        assert_eq!(at(300), "in about 5 minutes (after 22:18 UTC)");
    }
}
