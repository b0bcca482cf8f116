//! Which tools are shown, and how to be shown others.

use domain::tools::{Profile, ToolChoice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::args::NoArgs;
use crate::catalogue::Weight;
use crate::error::ToolError;
use crate::keeper::ChoiceError;
use crate::tool::{Class, ServerTool};
use crate::toolset::Toolset;
use crate::visit::Visit;

/// What a client has to do before it sees another list.
const RECONNECT: &str = "Apps read the list of tools when they connect. If the list stays as it \
    was, ask the user to reconnect; meanwhile every allowed tool can be called by its name.";

/// `list_toolsets`
pub(super) struct ListToolsets;

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ToolsetsAnswer {
    /// What is shown now.
    profile: &'static str,
    tools_listed: usize,
    tools_callable: usize,
    profiles: Vec<ProfileInfo>,
    toolsets: Vec<ToolsetInfo>,
    note: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ProfileInfo {
    name: &'static str,
    about: &'static str,
    tools: usize,
    approx_tokens: usize,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ToolsetInfo {
    name: &'static str,
    about: &'static str,
    sensitivity: &'static str,
    tools: usize,
    listed: usize,
    active: Active,
    approx_tokens: usize,
}

/// How much of a toolset is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum Active {
    All,
    Some,
    None,
}

impl ServerTool for ListToolsets {
    const NAME: &'static str = "list_toolsets";
    const TITLE: &'static str = "Toolsets and profiles";
    const DESCRIPTION: &'static str = "Lists the groups of tools, what is shown of them now and \
        what each costs in context. Use it when a tool seems to be missing.";
    const CLASS: Class = Class::ReadLocal;
    type Args = NoArgs;
    type Answer = ToolsetsAnswer;

    async fn call(visit: Visit<'_>, _: NoArgs) -> Result<ToolsetsAnswer, ToolError> {
        let choice = visit.own_choice();
        let shown = visit.weight_of(&choice);
        let full = visit.weight_of(&ToolChoice::of(Profile::Full));
        let profiles = Profile::ALL.map(|profile| {
            let Weight { tools, approx_tokens } = visit.weight_of(&ToolChoice::of(profile));
            ProfileInfo { name: profile.as_str(), about: profile.about(), tools, approx_tokens }
        });
        Ok(ToolsetsAnswer {
            profile: visit.catalogue.profile(&choice).as_str(),
            tools_listed: shown.tools,
            tools_callable: full.tools,
            profiles: profiles.into(),
            toolsets: infos(visit, &choice),
            note: "set_active_toolsets changes what is shown; a tool that is not shown can be \
                called by its name all the same.",
        })
    }
}

fn infos(visit: Visit<'_>, choice: &ToolChoice) -> Vec<ToolsetInfo> {
    let full = ToolChoice::of(Profile::Full);
    let info = |toolset: Toolset| {
        let all = visit.weight_in(toolset, &full);
        let listed = visit.weight_in(toolset, choice).tools;
        let active = match listed {
            0 => Active::None,
            some if some < all.tools => Active::Some,
            _ => Active::All,
        };
        ToolsetInfo {
            name: toolset.name(),
            about: toolset.about(),
            sensitivity: toolset.sensitivity().name(),
            tools: all.tools,
            listed,
            active,
            approx_tokens: all.approx_tokens,
        }
    };
    // What has no tool here, for want of permission or by the operator's will, is not there.
    Toolset::ALL.into_iter().map(info).filter(|info| info.tools > 0).collect()
}

/// `set_active_toolsets`
pub(super) struct SetActiveToolsets;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetActiveArgs {
    /// Start from this; `default` for the server's.
    profile: Option<String>,
    /// Toolsets to show.
    enable: Option<Vec<String>>,
    /// Toolsets to hide.
    disable: Option<Vec<String>>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ActiveAnswer {
    profile: &'static str,
    /// Toolsets of which anything is shown.
    toolsets: Vec<&'static str>,
    tools_listed: usize,
    approx_tokens: usize,
    changed: bool,
    #[schemars(with = "Option<Vec<String>>")]
    warnings: Option<Vec<String>>,
    note: &'static str,
}

impl ServerTool for SetActiveToolsets {
    const NAME: &'static str = "set_active_toolsets";
    const TITLE: &'static str = "Choose the tools that are shown";
    const DESCRIPTION: &'static str = "Changes for good which tools this app is shown: a profile, \
        and toolsets to add or hide. Names: list_toolsets.";
    const CLASS: Class = Class::SetLocal;
    type Args = SetActiveArgs;
    type Answer = ActiveAnswer;

    async fn call(visit: Visit<'_>, args: SetActiveArgs) -> Result<ActiveAnswer, ToolError> {
        let before = visit.own_choice();
        let mut choice = match args.profile.as_deref().map(str::trim) {
            None => before.clone(),
            Some("default") => ToolChoice::default(),
            Some(name) => ToolChoice::of(Profile::parse(name).ok_or_else(no_such_profile)?),
        };
        for (field, words, added) in
            [("enable", args.enable, true), ("disable", args.disable, false)]
        {
            for word in words.unwrap_or_default() {
                let toolset = Toolset::named(&word).ok_or_else(|| no_such_toolset(field, &word))?;
                choice
                    .set(toolset.name(), added)
                    .map_err(|bad| ToolError::argument(field, bad.to_string()))?;
            }
        }
        let changed = choice != before;
        if changed {
            visit.choose(&choice).await?;
        }
        let Weight { tools, approx_tokens } = visit.weight_of(&choice);
        let shown = infos(visit, &choice).into_iter().filter(|info| info.listed > 0);
        let warnings: Vec<String> = unfulfilled(visit, &choice).collect();
        Ok(ActiveAnswer {
            profile: visit.catalogue.profile(&choice).as_str(),
            toolsets: shown.map(|info| info.name).collect(),
            tools_listed: tools,
            approx_tokens,
            changed,
            warnings: (!warnings.is_empty()).then_some(warnings),
            note: RECONNECT,
        })
    }
}

/// Toolsets that were added, and of which nothing may be called.
fn unfulfilled(visit: Visit<'_>, choice: &ToolChoice) -> impl Iterator<Item = String> {
    let added = choice.toolsets().filter(|(_, added)| *added);
    let toolsets = added.filter_map(|(name, _)| Toolset::named(name));
    let empty = toolsets.filter(move |toolset| visit.weight_in(*toolset, choice).tools == 0);
    let said = empty.map(|toolset| {
        format!(
            "{}: the server's settings or this connection's permissions keep it away",
            toolset.name()
        )
    });
    said.collect::<Vec<_>>().into_iter()
}

fn no_such_profile() -> ToolError {
    let names: Vec<String> = Profile::ALL.iter().map(|profile| format!("`{profile}`")).collect();
    ToolError::argument("profile", format!("allowed are `default`, {}", names.join(", ")))
}

fn no_such_toolset(field: &'static str, word: &str) -> ToolError {
    let names: Vec<String> =
        Toolset::ALL.iter().map(|toolset| format!("`{}`", toolset.name())).collect();
    let word: String = word.chars().take(40).collect();
    ToolError::argument(
        field,
        format!("there is no toolset `{word}`; allowed are {}", names.join(", ")),
    )
}

impl From<ChoiceError> for ToolError {
    fn from(error: ChoiceError) -> Self {
        match error {
            ChoiceError::NotSaved => Self::Unavailable { retry_after: None },
            ChoiceError::NoDevice => Self::NotOffered { status: 404 },
        }
    }
}
