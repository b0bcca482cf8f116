//! The drill: a gateway is lost, and what its operator has is the secret and a backup.

use std::fs;

use serde_json::json;

use crate::client::{Client, Tokens};
use crate::mcp::Era;
use crate::postgres::Schema;
use crate::world::{Person, World};

/// The token a client holds leads to its athlete, and Garmin renews what the backup held.
async fn works(world: &World, client: &Client, tokens: &Tokens, person: &Person) {
    let before = world.control().counters(&person.email).unwrap().rotated;
    world.control().expire_access_tokens(Some(&person.email));
    let name = client.mcp(tokens, Era::Handshake).full_name().await;
    assert_eq!(name, world.facts(person).full_name);
    assert_eq!(world.control().counters(&person.email).unwrap().rotated, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn rel56_inv12_a_backup_and_the_secret_bring_everybody_back_on_either_database() {
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    works(&world, &client, &tokens, &person).await;
    let first = world.file("first.backup");
    let made = world.console(&["backup", &first]).await;
    assert_eq!(made["tables"][0], json!(["accounts", 1]));
    let found = world.secrets.found_in(&fs::read(&first).unwrap());
    assert!(found.is_empty(), "{found:?}");
    assert_eq!(world.console(&["backup", "--check", &first]).await["unreadable_values"], 0);

    // The machine is gone, with its disk.
    world.kill().await;
    fs::remove_dir_all(world.data()).unwrap();
    world.console(&["restore", &first]).await;
    world.start_gateway().await;
    works(&world, &client, &tokens, &person).await;

    // The way to PostgreSQL, and what was renewed since goes along.
    let Some(schema) = Schema::create().await else { return };
    let second = world.file("second.backup");
    world.console(&["backup", &second]).await;
    assert!(world.terminate().await.success());
    world.use_database(Some(&schema.url));
    world.console(&["restore", &second]).await;
    world.start_gateway().await;
    works(&world, &client, &tokens, &person).await;
    let other = world.coded().clone();
    let others = world.connect(&client, &other).await;

    // And back, with somebody who came while it was there.
    let third = world.file("third.backup");
    world.console(&["backup", &third]).await;
    assert!(world.terminate().await.success());
    world.use_database(None);
    world.console(&["restore", &third, "--replace", "--yes"]).await;
    world.start_gateway().await;
    works(&world, &client, &tokens, &person).await;
    works(&world, &client, &others, &other).await;
    assert!(world.terminate().await.success());
    world.assert_private();
    schema.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rel61_the_secret_changes_under_a_running_gateway() {
    let mut world = World::start().await;
    let client = world.client().await;
    let person = world.runner().clone();
    let tokens = world.connect(&client, &person).await;
    world.change_secret("another value of the operator, as long as the first one");
    assert_eq!(world.console(&["rekey", "--status"]).await["done"], false);
    assert_eq!(world.console(&["rekey"]).await["rewrapped"], 3);
    works(&world, &client, &tokens, &person).await;
    // With the new secret alone.
    assert!(world.terminate().await.success());
    world.forget_old_secret();
    world.start_gateway().await;
    works(&world, &client, &tokens, &person).await;
}
