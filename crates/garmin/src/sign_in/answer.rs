//! What the JSON sign-in endpoints mean by their answers. Mobile and portal share the shape.

use domain::clock::Timestamp;
use serde_json::Value;

use super::error::SignInError;
use crate::transport::{Answer, retry_after};

/// The meaning of an answer to a password.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LoginAnswer {
    Ticket(String),
    MfaRequired { method: String, sent_to: Option<String> },
    Refused(SignInError),
}

/// The meaning of an answer to a code.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CodeAnswer {
    Ticket(String),
    /// Garmin speaks of the code itself; another endpoint would only count a second try.
    WrongCode,
    /// The code, or the login it belongs to, is over.
    Expired,
    /// Neither success nor clearly about the code.
    Unclear,
    Refused(SignInError),
}

pub(super) fn read_login(answer: &Answer, now: Timestamp) -> LoginAnswer {
    let json = match json_or_refusal(answer, now) {
        Ok(json) => json,
        Err(error) => return LoginAnswer::Refused(error),
    };
    let status = answer.status.as_u16();
    let kind = kind(&json);
    let refusal = match kind {
        "MFA_REQUIRED" => return mfa_required(&json),
        "SUCCESSFUL" => match ticket(&json) {
            Some(ticket) => return LoginAnswer::Ticket(ticket),
            None => SignInError::unexpected(status, kind),
        },
        "INVALID_USERNAME_PASSWORD" => SignInError::BadCredentials,
        _ if says_limited(&json) => limited(answer, now),
        "CAPTCHA_REQUIRED" => SignInError::CaptchaRequired,
        _ => other(status, kind),
    };
    LoginAnswer::Refused(refusal)
}

pub(super) fn read_code(answer: &Answer, now: Timestamp) -> CodeAnswer {
    let json = match json_or_refusal(answer, now) {
        Ok(json) => json,
        Err(error) => return CodeAnswer::Refused(error),
    };
    let status = answer.status.as_u16();
    let kind = kind(&json);
    let refusal = match kind {
        "SUCCESSFUL" => match ticket(&json) {
            Some(ticket) => return CodeAnswer::Ticket(ticket),
            None => SignInError::unexpected(status, kind),
        },
        _ if says_limited(&json) => limited(answer, now),
        _ if has_word(kind, "LOCKED") => SignInError::AccountLocked,
        _ if has_word(kind, "EXPIRED") => return CodeAnswer::Expired,
        _ if has_word(kind, "CODE") || has_word(kind, "MFA") => return CodeAnswer::WrongCode,
        "CAPTCHA_REQUIRED" => SignInError::CaptchaRequired,
        _ if status >= 500 || has_word(kind, "MAINTENANCE") => SignInError::Unreachable,
        _ => return CodeAnswer::Unclear,
    };
    CodeAnswer::Refused(refusal)
}

fn json_or_refusal(answer: &Answer, now: Timestamp) -> Result<Value, SignInError> {
    match answer.status.as_u16() {
        427 | 429 => return Err(limited(answer, now)),
        403 => return Err(blocked(answer, now)),
        _ => {}
    }
    match serde_json::from_slice::<Value>(&answer.body) {
        Ok(json) if json.is_object() => Ok(json),
        // A page or nothing at all: an outage says so in its status, a challenge does not.
        Ok(_) | Err(_) if answer.status.is_server_error() => Err(SignInError::Unreachable),
        Ok(_) | Err(_) => Err(blocked(answer, now)),
    }
}

fn other(status: u16, kind: &str) -> SignInError {
    if has_word(kind, "LOCKED") {
        SignInError::AccountLocked
    } else if has_word(kind, "MAINTENANCE") || status >= 500 {
        SignInError::Unreachable
    } else {
        SignInError::unexpected(status, kind)
    }
}

fn limited(answer: &Answer, now: Timestamp) -> SignInError {
    SignInError::RateLimited { retry_after: retry_after(&answer.headers, now) }
}

fn blocked(answer: &Answer, now: Timestamp) -> SignInError {
    SignInError::Blocked { retry_after: retry_after(&answer.headers, now) }
}

fn kind(json: &Value) -> &str {
    json.pointer("/responseStatus/type").and_then(Value::as_str).unwrap_or_default()
}

/// `UNLOCKED` is not `LOCKED`, so words are compared and not parts of them.
fn has_word(kind: &str, word: &str) -> bool {
    kind.split('_').any(|part| part == word)
}

fn says_limited(json: &Value) -> bool {
    match json.pointer("/error/status-code") {
        Some(Value::String(code)) => code == "429",
        Some(code) => code.as_u64() == Some(429),
        None => false,
    }
}

fn ticket(json: &Value) -> Option<String> {
    let ticket = json.get("serviceTicketId")?.as_str()?;
    (!ticket.is_empty()).then(|| ticket.to_owned())
}

fn mfa_required(json: &Value) -> LoginAnswer {
    let info = |name: &str| {
        json.get("customerMfaInfo")
            .and_then(|info| info.get(name))
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let method = info("mfaLastMethodUsed").unwrap_or("email");
    let sent_to = match method.to_ascii_lowercase().as_str() {
        "email" => info("email"),
        "sms" => info("phoneNumber"),
        // An authenticator app is told nothing, and of other methods nothing is known.
        _ => None,
    };
    LoginAnswer::MfaRequired { method: method.to_owned(), sent_to: sent_to.map(String::from) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, StatusCode, header};
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp(0);

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.to_owned().into(),
        }
    }

    fn refusal(status: u16, body: &str) -> SignInError {
        match read_login(&answer(status, body), NOW) {
            LoginAnswer::Refused(error) => error,
            other => panic!("{other:?}"),
        }
    }

    fn of_kind(kind: &str) -> String {
        format!(r#"{{"serviceTicketId":null,"responseStatus":{{"type":"{kind}"}}}}"#)
    }

    #[test]
    fn the_reference_answers_are_understood() {
        let success = r#"{"serviceTicketId":"ST-1-a-sso","responseStatus":{"type":"SUCCESSFUL"},"customerMfaInfo":null}"#;
        assert_eq!(
            read_login(&answer(200, success), NOW),
            LoginAnswer::Ticket("ST-1-a-sso".into())
        );
        assert_eq!(read_code(&answer(200, success), NOW), CodeAnswer::Ticket("ST-1-a-sso".into()));
        let mfa = r#"{"responseStatus":{"type":"MFA_REQUIRED"},"customerMfaInfo":{"email":"j***@example.org","phoneNumber":null,"mfaLastMethodUsed":"email"}}"#;
        assert_eq!(
            read_login(&answer(200, mfa), NOW),
            LoginAnswer::MfaRequired {
                method: "email".into(),
                sent_to: Some("j***@example.org".into())
            }
        );
        assert_eq!(
            refusal(401, &of_kind("INVALID_USERNAME_PASSWORD")),
            SignInError::BadCredentials
        );
        assert_eq!(refusal(200, &of_kind("CAPTCHA_REQUIRED")), SignInError::CaptchaRequired);
        let limited = SignInError::RateLimited { retry_after: None };
        assert_eq!(refusal(200, r#"{"error":{"status-code":"429","request-id":"0"}}"#), limited);
        assert_eq!(refusal(400, r#"{"error":{"status-code":429}}"#), limited);
        assert_eq!(
            read_code(&answer(200, &of_kind("INVALID_MFA_CODE")), NOW),
            CodeAnswer::WrongCode
        );
    }

    #[test]
    fn a_method_that_is_missing_means_email() {
        for info in ["null", "{}", r#"{"mfaLastMethodUsed":null}"#] {
            let body = format!(
                r#"{{"responseStatus":{{"type":"MFA_REQUIRED"}},"customerMfaInfo":{info}}}"#
            );
            assert_eq!(
                read_login(&answer(200, &body), NOW),
                LoginAnswer::MfaRequired { method: "email".into(), sent_to: None }
            );
        }
    }

    #[test]
    fn statuses_speak_before_bodies_and_pages_are_blocks_or_outages() {
        let success = r#"{"serviceTicketId":"ST-1","responseStatus":{"type":"SUCCESSFUL"}}"#;
        for status in [427, 429] {
            assert_eq!(refusal(status, success), SignInError::RateLimited { retry_after: None });
        }
        let blocked = SignInError::Blocked { retry_after: None };
        assert_eq!(refusal(403, success), blocked);
        assert_eq!(refusal(200, "<html>Just a moment…</html>"), blocked);
        assert_eq!(refusal(200, ""), blocked);
        assert_eq!(refusal(503, "<html></html>"), SignInError::Unreachable);
        let mut waiting = answer(429, "");
        waiting.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("900"));
        assert_eq!(
            read_login(&waiting, NOW),
            LoginAnswer::Refused(SignInError::RateLimited {
                retry_after: Some(std::time::Duration::from_mins(15))
            })
        );
        waiting.status = StatusCode::FORBIDDEN;
        let asked = Some(std::time::Duration::from_mins(15));
        assert_eq!(
            read_login(&waiting, NOW),
            LoginAnswer::Refused(SignInError::Blocked { retry_after: asked })
        );
    }

    #[test]
    fn locked_is_a_word_and_not_a_part_of_one() {
        for kind in ["ACCOUNT_LOCKED", "LOCKED", "USER_LOCKED_OUT"] {
            assert_eq!(refusal(200, &of_kind(kind)), SignInError::AccountLocked, "{kind}");
        }
        assert_eq!(
            refusal(200, &of_kind("ACCOUNT_UNLOCKED")),
            SignInError::unexpected(200, "ACCOUNT_UNLOCKED")
        );
        assert_eq!(refusal(200, &of_kind("MAINTENANCE")), SignInError::Unreachable);
    }

    #[test]
    fn success_without_a_ticket_is_not_a_success() {
        for ticket in ["null", "\"\"", "7"] {
            let body = format!(
                r#"{{"serviceTicketId":{ticket},"responseStatus":{{"type":"SUCCESSFUL"}}}}"#
            );
            assert_eq!(refusal(200, &body), SignInError::unexpected(200, "SUCCESSFUL"));
        }
    }

    #[test]
    fn a_code_may_be_wrong_expired_or_end_in_a_lock() {
        let read = |kind: &str| read_code(&answer(401, &of_kind(kind)), NOW);
        assert_eq!(read("MFA_CODE_EXPIRED"), CodeAnswer::Expired);
        assert_eq!(read("MFA_INVALID"), CodeAnswer::WrongCode);
        assert_eq!(read("ACCOUNT_LOCKED"), CodeAnswer::Refused(SignInError::AccountLocked));
        assert_eq!(read("FAILED"), CodeAnswer::Unclear);
    }

    proptest! {
        #[test]
        fn no_body_panics(status in 200u16..600, body in "\\PC{0,200}") {
            let _ = read_login(&answer(status, &body), NOW);
            let _ = read_code(&answer(status, &body), NOW);
        }
    }
}
