//! What a tool is, and how a name becomes a call.

use std::time::Duration;

use domain::scope::Scopes;
use garmin::BoxFuture;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::account::Account;
use crate::args;
use crate::error::ToolError;
use crate::text;

/// The longest a call may take. Hosts give up after a minute, and an answer nobody waits for
/// helps nobody.
pub(crate) const CALL_WITHIN: Duration = Duration::from_secs(50);

/// What a tool may do to the account. All four hints follow from it, so no tool can lack one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Reads.
    Read,
    /// Sets one value; the same call again changes nothing more.
    Set,
}

impl Class {
    pub(crate) fn is_read_only(self) -> bool {
        match self {
            Self::Read => true,
            Self::Set => false,
        }
    }

    /// Whether a call may be sent again when nobody knows what became of the first.
    pub(crate) fn is_repeatable(self) -> bool {
        self.is_read_only()
    }

    /// What a connection must be allowed to do.
    pub(crate) fn needs(self) -> Scopes {
        match self {
            Self::Read => Scopes::ReadOnly,
            Self::Set => Scopes::ReadWrite,
        }
    }
}

/// Where a tool is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Everywhere,
    /// Where the person's own machine holds the sign-in.
    Desktop,
}

/// One tool. Arguments and answer are types, so their schemas are never written by hand; the
/// texts are read by models that have seen nothing else of us.
pub(crate) trait Tool {
    const NAME: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const TITLE: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const DESCRIPTION: &'static str;
    const CLASS: Class = Class::Read;
    const PLACE: Place = Place::Everywhere;
    const WITHIN: Duration = CALL_WITHIN;

    type Args: DeserializeOwned + JsonSchema + Send;
    type Answer: Serialize + JsonSchema + Send;

    fn call(
        account: &Account,
        args: Self::Args,
    ) -> impl Future<Output = Result<Self::Answer, ToolError>> + Send;
}

type Call = for<'a> fn(&'a Account, JsonObject) -> BoxFuture<'a, Result<Value, ToolError>>;

/// A tool in the catalogue: what is needed to call it. Its description is in the listing.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    pub(crate) place: Place,
    pub(crate) within: Duration,
    pub(crate) call: Call,
    #[cfg(test)]
    pub(crate) describe: fn() -> Value,
}

impl Entry {
    pub(crate) const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            class: T::CLASS,
            place: T::PLACE,
            within: T::WITHIN,
            call: run::<T>,
            #[cfg(test)]
            describe: crate::catalogue::describe::<T>,
        }
    }
}

fn run<T: Tool>(account: &Account, args: JsonObject) -> BoxFuture<'_, Result<Value, ToolError>> {
    Box::pin(async move {
        let args = args::parse::<T::Args>(args)?;
        let answer = T::call(account, args).await?;
        // Numbers, texts and lists always serialise; anything else is a mistake in the type,
        // which the tests of the catalogue would have met.
        let answer = serde_json::to_value(answer);
        answer.map(text::clean).map_err(|_| ToolError::UpstreamChanged { what: T::NAME })
    })
}
