//! What an athlete's client does on a good day.

use serde_json::{Value, json};

use crate::client::Client;
use crate::mcp::{Era, Mcp};
use crate::world::{Person, World};

/// Asks about the days the simulated season is known for.
async fn assert_answers_of(world: &World, mcp: &Mcp, person: &Person) {
    let facts = world.facts(person);
    assert_eq!(mcp.full_name().await, facts.full_name);
    let profile = mcp.ask("get_user_profile", json!({})).await;
    assert_eq!(
        (&profile["full_name"], &profile["time_zone"]),
        (&json!(facts.full_name), &json!(facts.zone))
    );
    let between = async |start: &str, end: &str| {
        let range = json!({ "start_date": start, "end_date": end });
        mcp.ask("get_activities_by_date", range).await
    };
    let race = between(&facts.race_day, &facts.race_day).await;
    let races = race["activities"].as_array().unwrap();
    assert!(races.iter().any(|activity| activity["event_type"] == "race"), "{race}");
    let rest = between(&facts.rest_week_first_day, &facts.rest_week_last_day).await;
    assert_eq!((&rest["status"], &rest["count"]), (&json!("no_data"), &json!(0)), "{rest}");
    let unworn = mcp.ask("get_stats", json!({ "date": facts.unworn_days[0] })).await;
    assert_eq!(unworn["status"], "no_data", "{unworn}");
    let today = mcp.ask("get_stats", json!({})).await;
    assert_eq!(today["date"], facts.today);
}

fn tool_names(listed: &Value) -> Vec<String> {
    let tools = listed["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rel29_a_client_that_knows_only_the_url_gets_the_athletes_answers_in_both_eras() {
    let world = World::start().await;
    let client = world.client().await;
    let person = world.runner();
    let tokens = world.connect(&client, person).await;

    let legacy = client.mcp(&tokens, Era::Handshake);
    let hello = legacy.initialize().await;
    assert_eq!(hello["protocolVersion"], Era::Handshake.revision());
    let listed = tool_names(&legacy.result("tools/list", json!({})).await);
    assert!(listed.iter().any(|name| name == "get_training_readiness"), "{listed:?}");
    assert_answers_of(&world, &legacy, person).await;

    let modern = client.mcp(&tokens, Era::Stateless);
    let found = modern.result("server/discover", json!({})).await;
    let versions = found["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&Era::Stateless.revision().into()), "{found}");
    assert_eq!(tool_names(&modern.result("tools/list", json!({})).await), listed);
    assert_answers_of(&world, &modern, person).await;

    // A refresh gives another pair, and the answers stay.
    let renewed = client.tokens(&client.refresh(&tokens).await);
    assert_ne!(renewed.access, tokens.access);
    assert_eq!(
        client.mcp(&renewed, Era::Stateless).full_name().await,
        world.facts(person).full_name
    );
    world.assert_private();
}

/// Reads everything that tells one person from another, over and over.
async fn read_on(world: &World, client: &Client, person: &Person, rounds: usize) -> Vec<Value> {
    let tokens = world.connect(client, person).await;
    let name = world.facts(person).full_name;
    let list = json!({ "limit": 10 });
    let activities = client.mcp(&tokens, Era::Handshake).ask("get_activities", list.clone()).await;
    for round in 0..rounds {
        let era = if round % 2 == 0 { Era::Handshake } else { Era::Stateless };
        let mcp = client.mcp(&tokens, era);
        let (full_name, profile, again) = tokio::join!(
            mcp.full_name(),
            mcp.ask("get_user_profile", json!({})),
            mcp.ask("get_activities", list.clone()),
        );
        assert_eq!(full_name, name, "round {round}");
        assert_eq!(profile["full_name"], *name, "round {round}");
        assert_eq!(again["activities"], activities["activities"], "round {round}");
    }
    let ids = activities["activities"].as_array().unwrap().iter();
    ids.map(|activity| activity["id"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sec091_sec119_inv1_two_accounts_at_once_see_only_themselves() {
    let world = World::start().await;
    let client = world.client().await;
    let (one, other) = tokio::join!(
        read_on(&world, &client, world.runner(), 25),
        read_on(&world, &client, world.coded(), 25),
    );
    assert_eq!((one.len(), other.len()), (10, 10));
    assert!(one.iter().all(|id| !other.contains(id)), "{one:?} {other:?}");
    assert_eq!(world.workers().len(), 2, "a worker each");
    world.assert_private();
}
