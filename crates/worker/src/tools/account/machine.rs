//! The sign-in on the person's own machine: which there is, and how to remove it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::{Account, Door};
use crate::args::NoArgs;
use crate::desktop::Desktop;
use crate::error::{SignInProblem, ToolError};
use crate::tool::{Class, Place, Tool};

fn desktop(account: &Account) -> Result<&Desktop, ToolError> {
    match &account.door {
        Door::Desktop(desktop) => Ok(desktop),
        // Not offered there; a gateway's sign-ins are the operator's and the page's business.
        Door::Gateway => Err(ToolError::SignIn(SignInProblem::NotConfigured)),
    }
}

/// `list_accounts`
pub(super) struct ListAccounts;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AccountsAnswer {
    active: String,
    accounts: Vec<AccountInfo>,
    note: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AccountInfo {
    /// Name of the directory that holds the sign-in.
    alias: String,
    region: String,
    signed_in: bool,
}

impl Tool for ListAccounts {
    const NAME: &'static str = "list_accounts";
    const TITLE: &'static str = "Accounts on this machine";
    const DESCRIPTION: &'static str = "Which Garmin account this server uses on this machine.";
    const CLASS: Class = Class::ReadLocal;
    const PLACE: Place = Place::Desktop;
    type Args = NoArgs;
    type Answer = AccountsAnswer;

    async fn call(account: &Account, _: NoArgs) -> Result<AccountsAnswer, ToolError> {
        let desktop = desktop(account)?;
        let alias = desktop.alias();
        let info = AccountInfo {
            alias: alias.clone(),
            region: account.upstream.region.to_string(),
            signed_in: desktop.has_sign_in(),
        };
        Ok(AccountsAnswer {
            active: alias,
            accounts: vec![info],
            note: "One server uses one account. For another account, add a second server with \
                a --state-dir of its own.",
        })
    }
}

/// `sign_out`
pub(super) struct SignOut;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignOutArgs {
    /// Only `garmin`.
    provider: Option<String>,
    /// True once the user has agreed.
    confirm: Option<bool>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SignOutAnswer {
    status: SignedOut,
    message: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum SignedOut {
    Done,
    RequiresConfirmation,
    NotSignedIn,
}

impl Tool for SignOut {
    const NAME: &'static str = "sign_out";
    const TITLE: &'static str = "Sign out of Garmin";
    const DESCRIPTION: &'static str = "Removes the saved Garmin sign-in from this machine; the \
        next call needs authenticate. Ask the user first.";
    const CLASS: Class = Class::DestroyLocal;
    const PLACE: Place = Place::Desktop;
    type Args = SignOutArgs;
    type Answer = SignOutAnswer;

    async fn call(account: &Account, args: SignOutArgs) -> Result<SignOutAnswer, ToolError> {
        if args.provider.is_some_and(|provider| !provider.trim().eq_ignore_ascii_case("garmin")) {
            return Err(ToolError::argument("provider", "allowed is `garmin`"));
        }
        let desktop = desktop(account)?;
        let (status, message) = if !desktop.has_sign_in() {
            (SignedOut::NotSignedIn, "Nobody is signed in; nothing was changed.")
        } else if args.confirm == Some(true) {
            desktop.sign_out().await.map_err(ToolError::SignIn)?;
            account.forget_person();
            (SignedOut::Done, "The saved sign-in is gone from this machine.")
        } else {
            let ask = "Ask the user whether to remove the saved sign-in, then call again with \
                confirm: true.";
            (SignedOut::RequiresConfirmation, ask)
        };
        Ok(SignOutAnswer { status, message })
    }
}
