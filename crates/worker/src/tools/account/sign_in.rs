//! Signing in from the conversation; only where the person's own machine holds the sign-in.
//! A password is never an argument: it would pass through the model.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Door};
use crate::args::NoArgs;
use crate::desktop::{Desktop, SignedIn};
use crate::error::{SignInProblem, ToolError};
use crate::tool::{Class, Place, Tool};

/// Signing in goes through several pages with pauses between them. To break it off is to lose
/// a scarce thing, so it may outlast the host's patience: the next call finds it done.
const SIGN_IN_WITHIN: Duration = Duration::from_secs(100);

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SignInAnswer {
    state: State,
    /// What to do next.
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum State {
    Ok,
    MfaRequired,
}

fn answer(account: &Account, signed_in: SignedIn) -> SignInAnswer {
    let ok = |message: &str| SignInAnswer { state: State::Ok, message: message.to_owned() };
    match signed_in {
        SignedIn::Already => ok("Already signed in; nothing to do."),
        SignedIn::Now => {
            account.forget_person();
            ok("Signed in. The other tools work now.")
        }
        SignedIn::NeedsCode { how } => SignInAnswer {
            state: State::MfaRequired,
            message: format!(
                "Garmin wants a code{how}. Ask the user for it and call `complete_mfa`."
            ),
        },
    }
}

fn desktop(account: &Account) -> Result<&Desktop, ToolError> {
    match &account.door {
        Door::Desktop(desktop) => Ok(desktop),
        // Not offered there; a gateway signs people in on its own page.
        Door::Gateway => Err(ToolError::SignIn(SignInProblem::NotConfigured)),
    }
}

/// `authenticate`
pub(super) struct Authenticate;

impl Tool for Authenticate {
    const NAME: &'static str = "authenticate";
    const TITLE: &'static str = "Sign in to Garmin";
    const DESCRIPTION: &'static str = "Signs in to Garmin with the e-mail and password that \
        the user configured on this machine. Takes up to a minute. May ask for a code, which \
        goes to complete_mfa. Never ask the user for the password in the conversation.";
    const CLASS: Class = Class::Set;
    const PLACE: Place = Place::Desktop;
    const WITHIN: Duration = SIGN_IN_WITHIN;
    type Args = NoArgs;
    type Answer = SignInAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<Self::Answer, ToolError> {
        let signed_in = desktop(account)?.authenticate().await.map_err(ToolError::SignIn)?;
        Ok(answer(account, signed_in))
    }
}

/// `complete_mfa`
pub(super) struct CompleteMfa;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteMfaArgs {
    /// The code from the person's e-mail, text message or authenticator app.
    code: String,
}

impl Tool for CompleteMfa {
    const NAME: &'static str = "complete_mfa";
    const TITLE: &'static str = "Finish signing in with a code";
    const DESCRIPTION: &'static str =
        "Finishes a sign-in that authenticate began, with the code Garmin sent to the user.";
    const CLASS: Class = Class::Set;
    const PLACE: Place = Place::Desktop;
    const WITHIN: Duration = SIGN_IN_WITHIN;
    type Args = CompleteMfaArgs;
    type Answer = SignInAnswer;

    async fn call(account: &Account, args: CompleteMfaArgs) -> Result<Self::Answer, ToolError> {
        let code = args.code.trim();
        if code.is_empty() {
            return Err(ToolError::argument("code", "empty; allowed is the code Garmin sent"));
        }
        let signed_in = desktop(account)?.complete(code).await.map_err(ToolError::SignIn)?;
        Ok(answer(account, signed_in))
    }
}
