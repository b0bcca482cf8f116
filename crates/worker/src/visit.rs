//! One call: who makes it, for which account, and what may be asked for on the way.

use domain::settings::UnitSystem;
use domain::tools::ToolChoice;
use garmin::heard;
use rmcp::model::JsonObject;
use serde_json::Value;

use crate::account::Account;
use crate::catalogue::{Catalogue, Found, Weight};
use crate::error::ToolError;
use crate::host::Caller;
use crate::keeper::ChoiceError;
use crate::shape;
use crate::tool::{Class, Entry};
use crate::toolset::Toolset;

/// What a call stands on. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit<'a> {
    pub(crate) account: &'a Account,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) caller: &'a Caller,
}

impl Visit<'_> {
    /// The tool of this name, if the operator and the connection's permissions allow it.
    pub(crate) fn tool(self, name: &str) -> Result<&'static Entry, ToolError> {
        match self.catalogue.find(name) {
            Found::Tool(tool) if self.caller.scopes.cover(tool.class.needs()) => Ok(tool),
            Found::Tool(_) => Err(ToolError::NoPermission),
            Found::Barred(setting) => Err(ToolError::Disabled { setting: setting.name() }),
            Found::Nothing => Err(ToolError::argument("tool", "there is no such tool")),
        }
    }

    pub(crate) fn may_call(self, name: &str) -> bool {
        self.tool(name).is_ok()
    }

    /// What another tool answers to the same caller.
    pub(crate) async fn call(self, name: &str, args: Value) -> Result<Value, ToolError> {
        let tool = self.tool(name)?;
        let Value::Object(args) = args else { return (tool.call)(self, JsonObject::new()).await };
        (tool.call)(self, args).await
    }

    /// Everything Garmin says in a call of a tool that reads, whatever its size.
    pub(crate) async fn hear(self, name: &str, mut args: JsonObject) -> Result<Value, ToolError> {
        let tool = self.tool(name)?;
        match tool.class {
            Class::Read => {}
            Class::ReadLocal
            | Class::Add
            | Class::Set
            | Class::SetLocal
            | Class::Destroy
            | Class::DestroyLocal => {
                return Err(ToolError::argument("tool", "not one that reads at Garmin"));
            }
        }
        args.remove("detail");
        let (answer, heard) = heard::listening((tool.call)(self, args)).await;
        match answer {
            Err(error) if heard.is_empty() => Err(error),
            Ok(_) | Err(_) => shape::raw_whole(&heard),
        }
    }

    /// The units the athlete has chosen for results.
    pub(crate) fn units(self) -> UnitSystem {
        self.caller.units.unwrap_or(UnitSystem::Metric)
    }

    /// What the device has chosen itself.
    pub(crate) fn own_choice(self) -> ToolChoice {
        self.account.choice(self.caller)
    }

    pub(crate) async fn choose(self, choice: &ToolChoice) -> Result<(), ChoiceError> {
        self.account.choose(self.caller, choice).await
    }

    /// How much a choice shows to this caller.
    pub(crate) fn weight_of(self, choice: &ToolChoice) -> Weight {
        self.catalogue.weight(choice, self.caller.scopes, None)
    }

    /// The same of one toolset.
    pub(crate) fn weight_in(self, toolset: Toolset, choice: &ToolChoice) -> Weight {
        self.catalogue.weight(choice, self.caller.scopes, Some(toolset))
    }
}
