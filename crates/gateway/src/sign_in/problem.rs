//! What a person is told when a sign-in did not work: one sentence of its own for everything
//! that can be told apart, and what to do next.

use std::time::Duration;

use domain::clock::Timestamp;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::language::{Language, Text};
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
    /// Garmin has let the person in, who has no account here to see the page of.
    NoAccount,
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
            | Self::NoCookie
            | Self::NoAccount => SignInOutcome::Refused,
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
    pub fn sentence(self, language: Language, now: Timestamp) -> Text {
        let t = |key| language.t(key);
        let later = |text: Text, at| text.with_text("when", &wait(language, at, now));
        match self {
            Self::EmailMalformed => t("problems-email-malformed"),
            Self::PasswordMissing => t("problems-password-missing"),
            Self::CodeMissing => t("problems-code-missing"),
            Self::CodeMalformed => t("problems-code-malformed"),
            Self::WrongPassword => t("problems-wrong-password"),
            Self::NotAccepted => t("problems-not-accepted"),
            Self::Locked => t("problems-locked"),
            Self::WebLoginNotAllowed => t("problems-web-login-not-allowed"),
            Self::GarminDown => t("problems-garmin-down"),
            Self::GarminRefused => t("problems-garmin-refused"),
            Self::GarminUnexpected => t("problems-garmin-unexpected"),
            Self::TimedOut => t("problems-timed-out"),
            Self::CodeExpired => t("problems-code-expired"),
            Self::CodeTriesUsedUp => t("problems-code-tries-used-up"),
            Self::CodeElsewhere => t("problems-code-elsewhere"),
            Self::Interrupted => t("problems-interrupted"),
            Self::UnderWay => t("problems-under-way"),
            Self::StaleForm => t("problems-stale-form"),
            Self::Lapsed => t("problems-lapsed"),
            Self::OtherBrowser => t("problems-other-browser"),
            Self::NoCookie => t("problems-no-cookie"),
            Self::NoAccount => t("problems-no-account"),
            Self::Ours => t("problems-ours"),
            Self::Captcha { retry_at } => later(t("problems-captcha"), retry_at),
            Self::RateLimited { retry_at } => later(t("problems-rate-limited"), retry_at),
            Self::Blocked { retry_at } => later(t("problems-blocked"), retry_at),
            Self::JustConnected { retry_at } => later(t("problems-just-connected"), retry_at),
            Self::Busy { retry_at } => later(t("problems-busy"), retry_at),
            Self::TooOften { retry_at } => later(t("problems-too-often"), retry_at),
            Self::TooManyTries { retry_at } => later(t("problems-too-many-tries"), retry_at),
            Self::WrongCode { left } => t("problems-wrong-code").count("left", u32::from(left)),
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
            | Self::NoAccount
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
            | Self::NoAccount
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
            | Self::NoAccount
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
            | Self::NoAccount
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
            Self::NoAccount => "no_account",
            Self::Ours => "ours",
        }
    }
}

/// "in about 5 minutes (after 14:05 UTC)".
fn wait(language: Language, until: Timestamp, now: Timestamp) -> Text {
    let left = until.since(now);
    if left.is_zero() {
        return language.t("problems-now");
    }
    if left <= Duration::from_mins(1) {
        return language.t("problems-in-a-minute");
    }
    let minutes = u32::try_from(left.as_secs().div_ceil(60)).unwrap_or(u32::MAX);
    let moment = until.to_string();
    // RFC 3339 in UTC: `2026-11-20T14:05:00Z`.
    let time = moment.get(11..16).unwrap_or(&moment);
    language.t("problems-in-minutes").count("minutes", minutes).with("time", time)
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
            Problem::NoAccount,
            Problem::Ours,
        ];
        let labels: HashSet<_> = all.iter().map(|problem| problem.label()).collect();
        assert_eq!(labels.len(), all.len());
        for language in Language::ALL {
            let sentence = |problem: &Problem| problem.sentence(language, NOW).to_string();
            let sentences: HashSet<_> = all.iter().map(sentence).collect();
            assert_eq!(sentences.len(), all.len());
            for sentence in sentences {
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
            }
        }
    }

    #[test]
    fn a_wait_names_minutes_and_the_time() {
        let at =
            |language, secs| wait(language, NOW.plus(Duration::from_secs(secs)), NOW).to_string();
        assert_eq!(at(Language::English, 0), "now");
        assert_eq!(at(Language::English, 59), "in a minute");
        assert_eq!(at(Language::English, 300), "in about 5 minutes (after 22:18 UTC)");
        assert_eq!(at(Language::German, 300), "in etwa 5 Minuten (nach 22:18 UTC)");
    }

    #[test]
    fn one_try_and_many_are_told_apart() {
        let left = |language, left| Problem::WrongCode { left }.sentence(language, NOW).to_string();
        assert!(left(Language::English, 1).ends_with("you have one try left."));
        assert!(left(Language::English, 2).ends_with("you have 2 tries left."));
        assert!(left(Language::German, 1).ends_with("du hast noch einen Versuch."));
        assert!(left(Language::German, 2).ends_with("du hast noch 2 Versuche."));
    }
}
