//! What a tool is, and how a name becomes a call.

use std::time::Duration;

use domain::scope::Scopes;
use garmin::{BoxFuture, heard};
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::account::Account;
use crate::args;
#[cfg(test)]
use crate::catalogue::{self, Words};
use crate::error::ToolError;
use crate::resources;
use crate::shape::{self, Wanted};
use crate::text;
use crate::visit::Visit;
use crate::writes::{self, WriteTool};

/// The longest a call may take. Hosts give up after a minute, and an answer nobody waits for
/// helps nobody.
pub(crate) const CALL_WITHIN: Duration = Duration::from_secs(50);

/// What a tool may do. All four hints follow from it, so no tool can lack one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Reads at Garmin.
    Read,
    /// Reads what this server knows itself.
    ReadLocal,
    /// Adds something each time it is called.
    Add,
    /// Sets a value; the same call again changes nothing more.
    Set,
    /// Changes this server's own settings only.
    SetLocal,
    /// Deletes, detaches or replaces what cannot be had back.
    Destroy,
    /// The same on this machine.
    DestroyLocal,
}

impl Class {
    pub(crate) fn is_read_only(self) -> bool {
        match self {
            Self::Read | Self::ReadLocal => true,
            Self::Add | Self::Set | Self::SetLocal | Self::Destroy | Self::DestroyLocal => false,
        }
    }

    /// Whether anything in the athlete's account at Garmin may differ afterwards.
    pub(crate) fn changes_garmin(self) -> bool {
        match self {
            Self::Add | Self::Set | Self::Destroy => true,
            Self::Read | Self::ReadLocal | Self::SetLocal | Self::DestroyLocal => false,
        }
    }

    /// Whether a call may be sent again when nobody knows what became of the first.
    pub(crate) fn is_repeatable(self) -> bool {
        self.is_read_only()
    }

    /// What a connection must be allowed to do.
    pub(crate) fn needs(self) -> Scopes {
        if self.changes_garmin() { Scopes::ReadWrite } else { Scopes::ReadOnly }
    }
}

/// Where a tool is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Everywhere,
    /// Where a gateway holds the sign-in.
    Gateway,
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
    /// The tool has an argument `detail` of its own: `summary`, `standard` or `full`.
    const LEVELS: bool = false;
    const PLACE: Place = Place::Everywhere;
    const WITHIN: Duration = CALL_WITHIN;

    type Args: DeserializeOwned + JsonSchema + Send;
    type Answer: Serialize + JsonSchema + Send;

    fn call(
        account: &Account,
        args: Self::Args,
    ) -> impl Future<Output = Result<Self::Answer, ToolError>> + Send;
}

/// A tool about this server rather than the athlete: it sees who calls, and what is offered.
pub(crate) trait ServerTool {
    const NAME: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const TITLE: &'static str;
    #[cfg_attr(not(test), expect(dead_code, reason = "generated into the catalogue"))]
    const DESCRIPTION: &'static str;
    const CLASS: Class;
    const PLACE: Place = Place::Everywhere;

    type Args: DeserializeOwned + JsonSchema + Send;
    type Answer: Serialize + JsonSchema + Send;

    fn call(
        visit: Visit<'_>,
        args: Self::Args,
    ) -> impl Future<Output = Result<Self::Answer, ToolError>> + Send;
}

type Call = for<'a> fn(Visit<'a>, JsonObject) -> BoxFuture<'a, Result<Value, ToolError>>;

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

/// What all kinds of tools have in common, taken from the constants of the one named.
macro_rules! entry {
    ($tool:ident, ($place:expr, $within:expr, $call:expr), |$words:ident| $describe:expr) => {
        Self {
            name: $tool::NAME,
            class: $tool::CLASS,
            place: $place,
            within: $within,
            call: $call,
            #[cfg(test)]
            describe: || {
                let $words = &Words {
                    name: $tool::NAME,
                    title: $tool::TITLE,
                    description: $tool::DESCRIPTION,
                    class: $tool::CLASS,
                };
                $describe
            },
        }
    };
}

impl Entry {
    pub(crate) const fn of<T: Tool>() -> Self {
        entry!(T, (T::PLACE, T::WITHIN, run::<T>), |words| {
            catalogue::describe::<T::Args, T::Answer>(words)
        })
    }

    pub(crate) const fn of_server<T: ServerTool>() -> Self {
        entry!(T, (T::PLACE, CALL_WITHIN, run_on_server::<T>), |words| {
            catalogue::describe::<T::Args, T::Answer>(words)
        })
    }

    /// A tool that writes, behind its door.
    pub(crate) const fn writes<T: WriteTool>() -> Self {
        entry!(T, (Place::Everywhere, writes::WRITE_WITHIN, writes::run::<T>), |words| {
            catalogue::describe_write::<T::Args>(words, T::CONFIRM)
        })
    }
}

/// Costs, beside the tool's own work, three passes over the result: to clean its texts, to drop
/// its nulls and to measure it.
fn run<T: Tool>(visit: Visit<'_>, mut args: JsonObject) -> BoxFuture<'_, Result<Value, ToolError>> {
    Box::pin(async move {
        let given = args.clone();
        let wanted = Wanted::take(&mut args, T::LEVELS, visit.units())?;
        let args = args::parse::<T::Args>(args)?;
        if wanted.is_raw() && T::CLASS == Class::Read {
            let (answer, heard) = heard::listening(T::call(visit.account, args)).await;
            // What Garmin said is wanted even where it makes no sense to us.
            return match answer {
                Err(error) if heard.is_empty() => Err(error),
                Ok(_) | Err(_) => {
                    shape::raw_answer(&heard, || resources::raw_address(T::NAME, &given))
                }
            };
        }
        let answer = T::call(visit.account, args).await?;
        wanted.shape(text::clean(plain::<T::Answer>(T::NAME, answer)?))
    })
}

fn run_on_server<T: ServerTool>(
    visit: Visit<'_>,
    mut args: JsonObject,
) -> BoxFuture<'_, Result<Value, ToolError>> {
    Box::pin(async move {
        let wanted = Wanted::take(&mut args, false, visit.units())?;
        let answer = T::call(visit, args::parse::<T::Args>(args)?).await?;
        wanted.shape(plain::<T::Answer>(T::NAME, answer)?)
    })
}

/// Numbers, texts and lists always serialise; anything else is a mistake in the type, which the
/// tests of the catalogue would have met.
fn plain<A: Serialize>(what: &'static str, answer: A) -> Result<Value, ToolError> {
    serde_json::to_value(answer).map_err(|_| ToolError::UpstreamChanged { what })
}
