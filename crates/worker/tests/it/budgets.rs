//! What the tools cost a conversation: their definitions, counted as a model counts them, and
//! their answers.

use std::fmt::Write as _;

use domain::contract::ToolPolicy;
use domain::scope::Scopes;
use domain::tools::Profile;
use serde_json::{Value, json};

use crate::mcp::{Caller, LEGACY, Mcp, message};
use crate::odd_answers::calls;
use crate::schema::contradictions;

/// What a profile's whole list may cost: tools, then tokens.
fn budget(profile: Profile) -> (usize, usize) {
    match profile {
        Profile::Core => (40, 8_000),
        Profile::Everyday => (50, 11_500),
        Profile::Garmin => (165, 34_000),
        Profile::Health => (85, 17_000),
        Profile::Athlete => (95, 20_500),
        Profile::ReadOnly => (165, 31_500),
        Profile::Full => (225, 46_000),
        Profile::CompatMcpGarmin => (15, 4_000),
    }
}

#[tokio::test]
async fn every_profile_keeps_to_its_budget_of_tokens() {
    let mcp = Mcp::start_with(ToolPolicy::default()).await;
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let mut table = format!("{:<18} {:>5} {:>7} {:>7}\n", "profile", "tools", "bytes", "tokens");
    let mut over = Vec::new();
    for profile in Profile::ALL {
        let tools = Some(profile.as_str().to_owned());
        let caller = Caller { scopes: Scopes::ReadWrite, tools, ..Caller::default() };
        let list = message(LEGACY, "tools/list", json!({}));
        let answer = mcp.post_as(&caller, LEGACY, &list).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        let count = body["result"]["tools"].as_array().unwrap().len();
        let text = body["result"].to_string();
        let tokens = tokenizer.encode_ordinary(&text).len();
        let (name, bytes) = (profile.as_str(), text.len());
        writeln!(table, "{name:<18} {count:>5} {bytes:>7} {tokens:>7}").unwrap();
        let (most_tools, most_tokens) = budget(profile);
        if count > most_tools || tokens > most_tokens {
            over.push(format!("{profile}: at most {most_tools} tools and {most_tokens} tokens"));
        }
    }
    eprintln!("{table}");
    assert!(over.is_empty(), "{over:#?}\n{table}");
}

/// Results of ordinary calls are no larger.
const RESULT: usize = 16 * 1024;

#[tokio::test]
async fn every_reading_tool_answers_its_defaults_within_the_budget_and_only_reads() {
    let mcp = Mcp::start().await;
    let tools = mcp.tools().await;
    let calls = calls().await;
    assert!(calls.len() > 15);
    mcp.garmin.simulator.control().clear_requests();
    let mut sizes = Vec::new();
    for (name, arguments) in calls {
        let answer = mcp.ask(&name, arguments.clone()).await;
        let tool = tools.iter().find(|tool| tool["name"] == name.as_str()).unwrap();
        let found = contradictions(&tool["outputSchema"], &answer);
        assert!(found.is_empty(), "{name} {arguments}: {found:#?}");
        let size = answer.to_string().len();
        assert!(size <= RESULT, "{name} {arguments}: {size} bytes");
        sizes.push((size, answer.get("truncated").is_some(), name));
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    let lines = sizes
        .iter()
        .map(|(size, cut, name)| format!("{size:>7} {name}{}", if *cut { " (cut)" } else { "" }));
    eprintln!("{}", lines.collect::<Vec<_>>().join("\n"));
    for request in mcp.garmin.simulator.control().requests() {
        let question = request.path.contains("/graphql-gateway/");
        assert!(request.method == "GET" || question, "{} {}", request.method, request.path);
    }
}
