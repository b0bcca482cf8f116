//! Why a tool could not answer.

use std::time::Duration;

use garmin::GarminError;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Value, json};

use crate::text;

/// Names of arguments are shorter; so is all that a person reads of a problem.
const LONGEST_FIELD: usize = 100;
const LONGEST_PROBLEM: usize = 3_000;

/// Read by a model and then by a person, so each variant says what to do next and none
/// carries the text of another error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ToolError {
    /// `problem` says what is allowed instead.
    #[error("`{field}`: {problem}")]
    InvalidArgument { field: String, problem: String },
    #[error("`{field}`: this account has no {what} with this id. {hint}")]
    NotFound { field: &'static str, what: &'static str, hint: &'static str },
    #[error(
        "Garmin no longer accepts this account's sign-in. Ask the user to reconnect the Garmin \
         connector; nothing else helps."
    )]
    AuthExpired,
    #[error(
        "Garmin no longer accepts the saved sign-in. Call `authenticate`, or ask the user to \
         run `garmin-gateway login` in a terminal."
    )]
    SavedAuthExpired,
    #[error(
        "Not signed in to Garmin. Call `authenticate`, or ask the user to run \
         `garmin-gateway login` in a terminal."
    )]
    AuthRequired,
    #[error("{0}")]
    SignIn(SignInProblem),
    #[error("Garmin limits how often it may be asked. Try again in {}.", wait(*retry_after))]
    RateLimited { retry_after: Option<Duration> },
    #[error(
        "Garmin does not show this to the account. It may be switched off in the person's \
         privacy settings, or need another device."
    )]
    NoPermission,
    #[error(
        "The operator of this server has switched this tool off ({setting}). Use another one, or \
         ask them to change the setting."
    )]
    Disabled { setting: &'static str },
    #[error("Garmin Connect is not reachable at the moment. Try again in {}.", wait(*retry_after))]
    Unavailable { retry_after: Option<Duration> },
    #[error("Garmin Connect answered with an error (HTTP {status}). Try again in a few minutes.")]
    Upstream { status: u16 },
    /// Garmin understood, and will say the same the next time.
    #[error(
        "Garmin has no such data for this account, or does not accept this question (HTTP \
         {status}). Trying again will not help; ask for something else."
    )]
    NotOffered { status: u16 },
    #[error(
        "Garmin refuses this data to the account's sign-in although it was renewed just now. \
         Ask the user to sign in again if it stays so for an hour."
    )]
    TokenRefused,
    #[error(
        "Garmin Connect answered with a page instead of data, as it does during maintenance. \
         Try again in a few minutes."
    )]
    Maintenance,
    #[error(
        "Garmin's answer has a form this version does not know ({what}). Trying again will not \
         help; a newer version of the server may."
    )]
    UpstreamChanged { what: &'static str },
    #[error("Garmin did not accept this (HTTP {status}){}. Nothing was changed.{}", said(message.as_deref()), consent(*status))]
    Refused { status: u16, message: Option<String> },
    #[error("{problem} (operation {operation}).")]
    Conflict { problem: String, operation: String },
    #[error(
        "The write could not be recorded, so it was not sent and nothing was changed. Try again \
         in a minute."
    )]
    NotRecorded,
    #[error("The journal of writes cannot be read at the moment. Try again in a minute.")]
    JournalAway,
    #[error(
        "No link could be made. Try again in {}, or ask the user to open the account page of \
         this gateway and sign in there.",
        wait(*retry_after)
    )]
    NoLink { retry_after: Option<Duration> },
    #[error("Garmin took too long to answer. Try again, or ask for less.")]
    Timeout,
    #[error("Garmin's answer is too large. Ask for less.")]
    TooLarge,
}

/// What kept `authenticate` or `complete_mfa` from signing in; desktop only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignInProblem {
    #[error(
        "No Garmin e-mail and password are configured. Ask the user to run \
         `garmin-gateway login` in a terminal, or to set GARMIN_EMAIL and GARMIN_PASSWORD (or \
         GARMIN_PASSWORD_FILE) for this server. Never ask for the password in the conversation."
    )]
    NotConfigured,
    #[error(
        "Garmin did not accept the configured e-mail and password. Ask the user to check both."
    )]
    Rejected,
    #[error(
        "Garmin has locked the account. The user must reset the password on Garmin's own page, \
         then sign in again."
    )]
    Locked,
    #[error(
        "Garmin wants this sign-in confirmed on its own page. Ask the user to sign in at \
         connect.garmin.com once, then try again."
    )]
    AttentionNeeded,
    #[error(
        "Garmin did not accept the code. Ask the user for the newest one and call `complete_mfa` again."
    )]
    WrongCode,
    #[error("No sign-in waits for a code. Call `authenticate` first.")]
    NothingPending,
    #[error("The sign-in that waited for a code has expired. Call `authenticate` again.")]
    CodeExpired,
    #[error("Garmin keeps this network from signing in for now. Wait at least half an hour.")]
    Blocked,
    #[error("Garmin's sign-in is not reachable at the moment. Try again in a few minutes.")]
    Unreachable,
    #[error(
        "The sign-in succeeded, but could not be saved on this machine. Ask the user to check the disk and the permissions of the state directory."
    )]
    NotSaved,
}

impl ToolError {
    /// A problem may repeat what was given, which anybody may have written, at any length.
    pub(crate) fn argument(field: impl Into<String>, problem: impl Into<String>) -> Self {
        let field = text::shortened(field.into(), LONGEST_FIELD);
        let problem = text::shortened(problem.into(), LONGEST_PROBLEM);
        Self::InvalidArgument { field, problem }
    }

    /// Stable: clients branch on it and logs count by it.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::InvalidArgument { .. } => "invalid_argument",
            Self::NotFound { .. } => "not_found",
            Self::AuthExpired | Self::SavedAuthExpired => "auth_expired",
            Self::AuthRequired => "auth_required",
            Self::SignIn(problem) => problem.code(),
            Self::RateLimited { .. } => "rate_limited",
            Self::NoPermission => "no_permission",
            Self::Disabled { .. } => "tool_disabled",
            Self::Unavailable { .. }
            | Self::Upstream { .. }
            | Self::NotOffered { .. }
            | Self::TokenRefused
            | Self::Refused { .. }
            | Self::Maintenance => "upstream_error",
            Self::Conflict { .. } => "conflict",
            Self::NotRecorded | Self::JournalAway => "internal",
            Self::NoLink { .. } => "link_unavailable",
            Self::UpstreamChanged { .. } => "upstream_changed",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
        }
    }

    /// The result a client sees: text for the model, and the same as data beside it. Not as
    /// structured content, which must keep to the tool's output schema.
    pub(crate) fn into_result(self) -> CallToolResult {
        let code = self.code();
        let text = format!("{code}: {self}");
        let mut data = json!({ "code": code, "message": self.to_string() });
        match &self {
            Self::InvalidArgument { field, .. } => data["field"] = field.as_str().into(),
            Self::NotFound { field, .. } => data["field"] = (*field).into(),
            Self::RateLimited { retry_after }
            | Self::Unavailable { retry_after }
            | Self::NoLink { retry_after } => {
                if let Some(wait) = retry_after {
                    data["retry_after_s"] = wait.as_secs().into();
                }
            }
            Self::Upstream { status }
            | Self::NotOffered { status }
            | Self::Refused { status, .. } => {
                data["http_status"] = (*status).into();
            }
            Self::Disabled { setting } => data["setting"] = (*setting).into(),
            Self::Conflict { operation, .. } => data["operation_id"] = operation.as_str().into(),
            Self::AuthExpired
            | Self::SavedAuthExpired
            | Self::AuthRequired
            | Self::SignIn(_)
            | Self::NoPermission
            | Self::TokenRefused
            | Self::NotRecorded
            | Self::JournalAway
            | Self::Maintenance
            | Self::UpstreamChanged { .. }
            | Self::Timeout
            | Self::TooLarge => {}
        }
        let mut meta = MetaObject::default();
        meta.insert("garmin-gateway/error".into(), Value::Object(object(data)));
        let mut result = CallToolResult::error(vec![ContentBlock::text(text)]);
        result.meta = Some(meta);
        result
    }
}

impl SignInProblem {
    fn code(self) -> &'static str {
        match self {
            Self::NotConfigured => "auth_required",
            Self::Rejected | Self::Locked | Self::AttentionNeeded => "sign_in_failed",
            Self::WrongCode | Self::NothingPending | Self::CodeExpired => "mfa_invalid",
            Self::Blocked => "sign_in_blocked",
            Self::Unreachable => "upstream_error",
            Self::NotSaved => "internal",
        }
    }
}

fn object(value: Value) -> serde_json::Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            serde_json::Map::new()
        }
    }
}

/// Garmin's own words, as such.
fn said(message: Option<&str>) -> String {
    message.map(|message| format!(": “{message}”")).unwrap_or_default()
}

/// What helps where a person in the EU has not agreed to uploads: every write needs it.
fn consent(status: u16) -> &'static str {
    match status {
        412 => {
            " The user must allow uploads first: in Garmin Connect under profile and privacy, \
             data, device upload."
        }
        _ => "",
    }
}

fn wait(retry_after: Option<Duration>) -> String {
    match retry_after.map(|wait| wait.as_secs()) {
        None => "a few minutes".into(),
        Some(seconds) => format!("{} seconds", seconds.max(1)),
    }
}

impl From<GarminError> for ToolError {
    fn from(error: GarminError) -> Self {
        match error {
            GarminError::SignInNeeded => Self::AuthExpired,
            GarminError::Unavailable { retry_after } => Self::Unavailable { retry_after },
            GarminError::Unreachable | GarminError::Torn => Self::Unavailable { retry_after: None },
            GarminError::TokenRefused => Self::TokenRefused,
            GarminError::RateLimited { retry_after } => Self::RateLimited { retry_after },
            GarminError::Forbidden | GarminError::PrivacyProtected => Self::NoPermission,
            GarminError::NotFound => Self::NotOffered { status: 404 },
            GarminError::BadRequest => Self::NotOffered { status: 400 },
            GarminError::TimedOut => Self::Timeout,
            GarminError::Upstream5xx { status, .. } | GarminError::UnexpectedStatus { status } => {
                Self::Upstream { status }
            }
            GarminError::NotJson => Self::Maintenance,
            GarminError::Malformed { what } => Self::UpstreamChanged { what },
            GarminError::TooLarge => Self::TooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_text_for_the_model_and_data_for_the_client() {
        let error = ToolError::RateLimited { retry_after: Some(Duration::from_secs(30)) };
        let result = serde_json::to_value(error.into_result()).unwrap();
        assert_eq!(result["isError"], true);
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.starts_with("rate_limited: ") && text.contains("30 seconds"), "{text}");
        assert_eq!(result["_meta"]["garmin-gateway/error"]["retry_after_s"], 30);
        assert!(result.get("structuredContent").is_none());
    }

    #[test]
    fn waiting_is_advised_only_where_it_helps() {
        let text = |error: GarminError| ToolError::from(error).to_string();
        for hopeless in [
            GarminError::NotFound,
            GarminError::BadRequest,
            GarminError::Forbidden,
            GarminError::TokenRefused,
            GarminError::Malformed { what: "sleep" },
        ] {
            assert!(!text(hopeless).contains("few minutes"), "{}", text(hopeless));
            assert!(!text(hopeless).contains("401"), "{}", text(hopeless));
        }
        for passing in [GarminError::Unreachable, GarminError::NotJson] {
            assert!(text(passing).contains("few minutes"), "{}", text(passing));
        }
    }

    #[test]
    fn what_was_given_is_repeated_without_its_disguise_and_not_at_any_length() {
        let error = ToolError::argument("x".repeat(9_000), "é\u{1b}[2J".repeat(9_000) + " end");
        let text = error.to_string();
        assert!(text.len() < 7_000 && text.ends_with(" end"), "{}", text.len());
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn an_argument_error_names_the_argument() {
        let error = ToolError::argument("date", "the calendar has no such day");
        assert_eq!(error.to_string(), "`date`: the calendar has no such day");
        let result = serde_json::to_value(error.into_result()).unwrap();
        assert_eq!(result["_meta"]["garmin-gateway/error"]["field"], "date");
    }
}
