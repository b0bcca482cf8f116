//! Whether the account can be asked at all.

use garmin::AccessError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Door};
use crate::error::ToolError;
use crate::tool::Tool;

/// `garmin_auth_status`
pub(super) struct AuthStatus;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthStatusArgs {
    /// Whether to ask Garmin itself instead of looking at what is known; default false
    verify: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AuthStatusAnswer {
    state: State,
    /// `global` (garmin.com) or `china` (garmin.cn).
    region: String,
    /// Whether Garmin itself confirmed the state in this call.
    verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    full_name: Option<String>,
    /// Until when the current access token works; it is renewed by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    /// What to do when the state is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_step: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum State {
    Ok,
    /// A new sign-in is needed.
    Expired,
    /// Nobody has signed in yet.
    Missing,
    /// A sign-in waits for its code.
    MfaRequired,
    /// Garmin asked not to be asked for a while.
    RateLimited,
    /// Garmin cannot be reached; the sign-in may be fine.
    Unknown,
}

impl AuthStatusAnswer {
    fn new(account: &Account, state: State) -> Self {
        Self {
            state,
            region: account.upstream.region.to_string(),
            verified: false,
            full_name: None,
            token_expires_at: None,
            retry_after_s: None,
            next_step: None,
        }
    }

    /// The state behind an error of any other tool.
    fn of_error(account: &Account, error: ToolError) -> Self {
        let error = account.worded(error);
        let state = match &error {
            ToolError::AuthExpired | ToolError::SavedAuthExpired => State::Expired,
            ToolError::AuthRequired => State::Missing,
            ToolError::RateLimited { .. } => State::RateLimited,
            ToolError::InvalidArgument { .. }
            | ToolError::NotFound { .. }
            | ToolError::SignIn(_)
            | ToolError::NoPermission
            | ToolError::Disabled { .. }
            | ToolError::Unavailable { .. }
            | ToolError::Upstream { .. }
            | ToolError::NotOffered { .. }
            | ToolError::TokenRefused
            | ToolError::Maintenance
            | ToolError::UpstreamChanged { .. }
            | ToolError::Timeout
            | ToolError::Refused { .. }
            | ToolError::Conflict { .. }
            | ToolError::NotRecorded
            | ToolError::JournalAway
            | ToolError::NoLink { .. }
            | ToolError::TooLarge => State::Unknown,
        };
        let retry_after_s = match &error {
            ToolError::RateLimited { retry_after } | ToolError::Unavailable { retry_after } => {
                retry_after.map(|wait| wait.as_secs())
            }
            _ => None,
        };
        let next_step = Some(error.to_string());
        Self { retry_after_s, next_step, ..Self::new(account, state) }
    }
}

impl Tool for AuthStatus {
    const NAME: &'static str = "garmin_auth_status";
    const TITLE: &'static str = "Sign-in at Garmin";
    const DESCRIPTION: &'static str =
        "Whether the server is signed in to Garmin, and what to do if not; never fails.";
    type Args = AuthStatusArgs;
    type Answer = AuthStatusAnswer;

    async fn call(account: &Account, args: AuthStatusArgs) -> Result<Self::Answer, ToolError> {
        let access = match account.keeper.access(None).await {
            Ok(access) => access,
            Err(AccessError::SignInNeeded) if awaits_code(account) => {
                let next_step = "Ask the user for the code and call `complete_mfa`.";
                return Ok(AuthStatusAnswer {
                    next_step: Some(next_step.to_owned()),
                    ..AuthStatusAnswer::new(account, State::MfaRequired)
                });
            }
            Err(error) => {
                let error = match error {
                    AccessError::SignInNeeded => ToolError::AuthExpired,
                    AccessError::Unavailable { retry_after } => {
                        ToolError::Unavailable { retry_after }
                    }
                };
                return Ok(AuthStatusAnswer::of_error(account, error));
            }
        };
        let mut answer = AuthStatusAnswer::new(account, State::Ok);
        answer.token_expires_at = Some(access.expires_at.to_string());
        if args.verify.unwrap_or(false) {
            match verified_name(account).await {
                Ok(full_name) => {
                    answer.verified = true;
                    answer.full_name = full_name;
                }
                Err(error) => return Ok(AuthStatusAnswer::of_error(account, error)),
            }
        }
        Ok(answer)
    }
}

fn awaits_code(account: &Account) -> bool {
    match &account.door {
        Door::Gateway => false,
        Door::Desktop(desktop) => desktop.is_pending(),
    }
}

/// A small question that only a good token has answered. Not the profile, which is kept.
async fn verified_name(account: &Account) -> Result<Option<String>, ToolError> {
    let garmin = account.garmin()?;
    garmin.profile_settings().await?;
    Ok(garmin.social_profile().await?.full_name.clone())
}
