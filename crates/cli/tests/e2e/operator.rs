//! What an operator asks, answered by the console alone.

use serde_json::{Value, json};

use crate::mcp::Era;
use crate::process::eventually;
use crate::world::{Person, World};

/// Ids, times and numbers in columns: nothing wraps on the narrowest terminal there is.
fn fits(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} letters: {line}", line.chars().count());
        assert!(!line.contains('\u{1b}'), "{line:?}");
    }
}

fn schema() -> Value {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../admin/docs/console.schema.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Whether a value is as a schema says, as far as ours go.
fn check(schema: &Value, rule: &Value, value: &Value, at: &str) {
    if let Some(name) = rule["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) {
        return check(schema, &schema["$defs"][name], value, at);
    }
    if let Some(any) = rule["anyOf"].as_array() {
        let null = value.is_null();
        let fitting = any.iter().find(|rule| (rule["type"] == "null") == null);
        return check(schema, fitting.unwrap(), value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &rule["type"] {
        Value::Array(kinds) => kinds.clone(),
        Value::Null => vec![kind.into()],
        one => vec![one.clone()],
    };
    assert!(allowed.contains(&kind.into()), "{at} is {value}, and not {}", rule["type"]);
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        if rule["items"].is_object() {
            check(schema, &rule["items"], item, &format!("{at}[{index}]"));
        }
    }
    let Some(fields) = value.as_object() else { return };
    for name in rule["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().unwrap()), "{at} has no {name}");
    }
    for (name, field) in fields {
        let rule = &rule["properties"][name];
        assert!(rule.is_object() || *rule == true, "{at}.{name} is not described");
        check(schema, rule, field, &format!("{at}.{name}"));
    }
}

/// What a command prints with `--json` is what its schema says.
async fn conforms(world: &World, command: &str, words: &[&str]) -> Value {
    let printed = world.console(words).await;
    let schema = schema();
    let rule = &schema["properties"][command];
    assert!(rule.is_object(), "{command}");
    check(&schema, rule, &printed, command);
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_connected_who_was_active_and_which_client_fails() {
    let world = World::start().await;
    let client = world.client().await;
    let (active, idle) =
        (world.connect(&client, world.runner()).await, world.connect(&client, world.coded()).await);
    let mcp = client.mcp(&active, Era::Handshake);
    for _ in 0..3 {
        mcp.ask("get_stats", json!({ "date": "yesterday" })).await;
    }
    // Whoever only stays connected has not done anything.
    client.mcp(&idle, Era::Handshake).result("tools/list", json!({})).await;
    // Counts are written once a minute, and at the end.
    let mut world = world;
    assert!(world.terminate().await.success());
    world.start_gateway().await;

    let usage = world.console(&["usage", "--days", "7"]).await;
    assert_eq!((&usage["active_accounts"], &usage["accounts"]), (&1.into(), &2.into()), "{usage}");
    assert_eq!((&usage["calls"], &usage["errors"]), (&3.into(), &0.into()), "{usage}");
    assert_eq!(usage["by_tool"][0]["tool"], "get_stats");
    let account = usage["by_account"][0]["account"].as_str().unwrap().to_owned();
    let clients = world.console(&["clients"]).await;
    assert_eq!(
        (&clients["clients"][0]["calls"], &clients["clients"][0]["devices"]),
        (&3.into(), &2.into())
    );
    let mine = world.console(&["devices", "--account", &account[..14]]).await;
    assert_eq!(mine["devices"].as_array().unwrap().len(), 1, "{mine}");

    let email = world.runner().email.clone();
    let shown = world.console(&["accounts", "show", &email]).await;
    assert_eq!(shown["accounts"][0]["account"], *account, "{shown}");
    assert_eq!(shown["accounts"][0]["used"][0]["calls"], 3, "{shown}");
    assert_eq!(shown["accounts"][0].get("email"), None);
    let revealed = world.console(&["accounts", "--reveal"]).await;
    assert!(revealed.to_string().contains(&email), "{revealed}");
    for words in [
        &["status", "--detail"][..],
        &["accounts"],
        &["accounts", "show", &account],
        &["devices"],
        &["clients"],
        &["usage"],
        &["usage", "--all-time"],
        &["usage", "--account", &account],
        &["doctor", "--offline"],
    ] {
        let output = world.any_output(words).await;
        if words[0] != "doctor" {
            fits(&output);
        }
        assert!(!output.contains(&email), "{words:?}: {output}");
    }
    assert!(world.output(&["accounts", "--reveal"]).await.contains(&email));
    let backup = world.file("of-the-schema.ggb");
    for (command, words) in [
        ("status", &["status"][..]),
        ("accounts", &["accounts", "--reveal"]),
        ("accounts show", &["accounts", "show", &email]),
        ("devices", &["devices"]),
        ("devices", &["revoke", "--list"]),
        ("clients", &["clients"]),
        ("usage", &["usage"]),
        ("backup", &["backup", &backup]),
        ("backup --check", &["backup", "--check", &backup]),
        ("rekey", &["rekey", "--status"]),
        ("revoke", &["revoke", "--account", &account, "--yes"]),
        ("forget", &["forget", &account, "--yes"]),
    ] {
        conforms(&world, command, words).await;
    }
    let (_, report) = world.doctor().await;
    check(&schema(), &schema()["properties"]["doctor"], &report, "doctor");
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn why_somebody_cannot_sign_in_is_told_with_or_without_an_account() {
    let world = World::start().await;
    let client = world.client().await;
    let person = world.runner();
    let mistyped = Person { password: "correct hoarse".to_owned(), ..person.clone() };
    world.secrets.token(&mistyped.password);
    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.sign_in(page, &mistyped, world.control()).await.unwrap();
    let shown = world.console(&["accounts", "show", &person.email]).await;
    assert_eq!(shown["accounts"], json!([]));
    let failure = &shown["failures"][0];
    assert_eq!(failure["reason"], "wrong_password", "{shown}");
    assert!(failure["next_step"].as_str().unwrap().contains("connect.garmin.com"));
    let text = world.output(&["accounts", "show", &person.email]).await;
    assert!(text.contains("no account signs in") && text.contains("wrong_password"), "{text}");
    let status = world.console(&["status"]).await;
    assert_eq!(status["failed_sign_ins"], json!([{ "reason": "wrong_password", "count": 1 }]));

    let page = browser.sign_in(page, person, world.control()).await.unwrap();
    client.redeem(&page).await;
    let shown = world.console(&["accounts", "show", &person.email]).await;
    assert_eq!(shown["accounts"][0]["sign_in_needed"], false, "{shown}");
    assert_eq!(shown["failures"][0]["reason"], "wrong_password", "what failed is remembered");
    let refused = world.refused(&["accounts", "show", "nobody@athletes.example"]).await;
    assert_eq!(refused.status.code(), Some(1));
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_is_forgotten_leaves_nothing_and_is_out_at_once() {
    let world = World::start().await;
    let client = world.client().await;
    let tokens = world.connect(&client, world.runner()).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    mcp.full_name().await;
    let email = world.runner().email.clone();
    let forgotten = world.console(&["forget", &email, "--yes"]).await;
    assert_eq!(forgotten["effect"], "at_once", "{forgotten}");
    assert_eq!(forgotten["forgotten"].as_array().unwrap().len(), 1);
    crate::client::challenged(&mcp.call("get_full_name", &json!({})).await.unwrap());
    eventually("no worker", async || world.workers().is_empty().then_some(())).await;
    assert_eq!((world.count("accounts").await, world.count("devices").await), (0, 0));
    let refused = world.refused(&["forget", &email, "--yes"]).await;
    assert_eq!(refused.status.code(), Some(1));
    world.assert_private();
}
