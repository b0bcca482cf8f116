//! The way from a conversation to the page where a person sees and ends connections.

use std::time::Duration;

use domain::contract::LinkAnswer;
use schemars::JsonSchema;
use serde::Serialize;

use crate::args::NoArgs;
use crate::error::ToolError;
use crate::tool::{Class, Place, ServerTool};
use crate::visit::Visit;

/// `get_account_link`
pub(super) struct GetAccountLink;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct LinkInfo {
    /// Give it to the user as it is. It works once.
    url: String,
    expires_at: String,
    note: &'static str,
}

impl ServerTool for GetAccountLink {
    const NAME: &'static str = "get_account_link";
    const TITLE: &'static str = "Link to the account page";
    const DESCRIPTION: &'static str = "A link for the user to open in a browser: shows the apps \
        connected to their account and lets them disconnect any. Works once, for ten minutes; a \
        new one voids the last. Only when the user asks.";
    const CLASS: Class = Class::SetLocal;
    const PLACE: Place = Place::Gateway;
    type Args = NoArgs;
    type Answer = LinkInfo;

    async fn call(visit: Visit<'_>, _: NoArgs) -> Result<LinkInfo, ToolError> {
        let answer = visit.account.page_link(visit.caller).await;
        match answer {
            Ok(LinkAnswer::Link { url, expires_at }) => Ok(LinkInfo {
                url: url.reveal().to_owned(),
                expires_at: expires_at.to_string(),
                note: "Show the link to the user and do not open it. The page asks before it \
                    opens. Settings, usage, export and erasing need a sign-in there.",
            }),
            Ok(LinkAnswer::NotThere) => Err(ToolError::NoLink { retry_after: None }),
            Ok(LinkAnswer::TooMany { retry_after_secs }) => {
                Err(ToolError::NoLink { retry_after: Some(Duration::from_secs(retry_after_secs)) })
            }
            Ok(LinkAnswer::Unavailable) | Err(_) => {
                Err(ToolError::NoLink { retry_after: Some(Duration::from_mins(1)) })
            }
        }
    }
}
