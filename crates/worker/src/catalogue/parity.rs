//! What others rely on: every name and argument of `garmin_mcp`, and every name that we mention
//! ourselves.

use super::generate::listed;
use super::{aliases, profiles};
use crate::tools::all;

/// Each name with the arguments it had.
static GARMIN_MCP: &str = include_str!("garmin_mcp.txt");

fn is_known(name: &str) -> bool {
    all().any(|tool| tool.name == aliases::resolve(name))
}

#[test]
fn every_tool_of_garmin_mcp_is_there_with_every_argument_it_had() {
    let tools = listed();
    let mut missing = Vec::new();
    for line in GARMIN_MCP.lines() {
        let mut words = line.split(' ');
        let name = aliases::resolve(words.next().unwrap_or_default());
        let Some(tool) = tools.iter().find(|tool| tool["name"] == name) else {
            missing.push(name.to_owned());
            continue;
        };
        let known = |word: &&str| tool["inputSchema"]["properties"].get(*word).is_none();
        missing.extend(words.filter(known).map(|word| format!("{name}: {word}")));
    }
    assert_eq!(GARMIN_MCP.lines().count(), 138);
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_name_that_is_mentioned_exists() {
    let profiles = profiles::names();
    let prompts = crate::prompts::tools();
    let resources = crate::resources::tools();
    let aliases = aliases::all().map(|(_, canonical)| canonical);
    let mentioned = profiles.chain(prompts).chain(resources).chain(aliases);
    let unknown: Vec<&str> = mentioned.filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    let also = aliases::all().map(|(alias, _)| alias);
    let doubled: Vec<&str> = also.filter(|alias| all().any(|tool| tool.name == *alias)).collect();
    assert!(doubled.is_empty(), "{doubled:?}");
}
