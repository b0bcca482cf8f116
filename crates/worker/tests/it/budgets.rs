//! What the tools cost a conversation: their definitions, counted as a model counts them, and
//! their answers.

use std::fmt::Write as _;

use domain::contract::ToolPolicy;
use domain::scope::Scopes;
use domain::tools::Profile;
use serde_json::{Value, json};

use crate::garmin::{EMAIL, HEAVY};
use crate::mcp::{Caller, LEGACY, Mcp, message};
use crate::odd_answers::calls;
use crate::schema::contradictions;

const READ_BY_MODELS: [&str; 3] = ["name", "description", "inputSchema"];

/// What a profile's whole list may cost: tools, tokens, and tokens of what models read of it.
fn budget(profile: Profile) -> (usize, usize, usize) {
    match profile {
        Profile::Core => (40, 5_000, 3_500),
        Profile::Everyday => (50, 7_300, 5_000),
        Profile::Garmin => (165, 22_400, 15_000),
        Profile::Health => (85, 10_900, 7_200),
        Profile::Athlete => (95, 13_100, 9_100),
        Profile::ReadOnly => (165, 19_900, 12_400),
        Profile::Full => (225, 30_300, 20_200),
        Profile::CompatMcpGarmin => (15, 1_900, 1_250),
    }
}

#[tokio::test]
async fn every_profile_keeps_to_its_budget_of_tokens() {
    let mcp = Mcp::start_with(ToolPolicy::default()).await;
    let tokenizer = tiktoken_rs::o200k_base_singleton();
    let head = ["profile", "tools", "bytes", "tokens", "bare"];
    let [profile, tools, bytes, tokens, bare] = head;
    let mut table = format!("{profile:<18} {tools:>5} {bytes:>7} {tokens:>7} {bare:>7}\n");
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
        // As much of it as hosts show their model.
        let mut bare = body["result"]["tools"].clone();
        for tool in bare.as_array_mut().unwrap() {
            tool.as_object_mut().unwrap().retain(|key, _| READ_BY_MODELS.contains(&key.as_str()));
        }
        let bare = tokenizer.encode_ordinary(&bare.to_string()).len();
        let (name, bytes) = (profile.as_str(), text.len());
        writeln!(table, "{name:<18} {count:>5} {bytes:>7} {tokens:>7} {bare:>7}").unwrap();
        let most = budget(profile);
        if count > most.0 || tokens > most.1 || bare > most.2 {
            over.push(format!("{profile}: at most {most:?}"));
        }
    }
    eprintln!("{table}");
    assert!(over.is_empty(), "{over:#?}\n{table}");
}

/// Results of ordinary calls are no larger.
const RESULT: usize = 16 * 1024;

/// The keys of every tool's answer, with the types of those that have few: one tool a line, as
/// the test of the catalogue writes them.
fn outlines() -> Value {
    serde_json::from_str(include_str!("outlines.json")).unwrap()
}

#[tokio::test]
async fn every_reading_tool_answers_its_defaults_within_the_budget_and_only_reads() {
    let outlines = outlines();
    for email in [EMAIL, HEAVY] {
        let mcp = Mcp::start_as(email).await;
        let calls = calls(email).await;
        assert!(calls.len() > 15);
        mcp.garmin.simulator.control().clear_requests();
        let mut sizes = Vec::new();
        for (name, arguments) in calls {
            let answer = mcp.ask(&name, arguments.clone()).await;
            let found = contradictions(&outlines[&name], &answer);
            assert!(found.is_empty(), "{name} {arguments}: {found:#?}");
            let size = answer.to_string().len();
            assert!(size <= RESULT, "{email}: {name} {arguments}: {size} bytes");
            sizes.push((size, answer.get("truncated").is_some(), name));
        }
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let lines = sizes.iter().map(|(size, cut, name)| {
            format!("{size:>7} {name}{}", if *cut { " (cut)" } else { "" })
        });
        eprintln!("{email}\n{}", lines.collect::<Vec<_>>().join("\n"));
        for request in mcp.garmin.simulator.control().requests() {
            let question = request.path.contains("/graphql-gateway/");
            assert!(request.method == "GET" || question, "{} {}", request.method, request.path);
        }
    }
}
