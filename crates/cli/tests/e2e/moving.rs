//! A Python gateway's people move in: its clients never notice.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::{Client, challenged};
use crate::http;
use crate::mcp::{Era, Mcp};
use crate::old_gateways::{Kind, OldDb};
use crate::world::{End, Person, World};

const OLD_SECRET: &str = "what the gateway before had in its environment";
const BEARER: &str = "Zk8vQ2xhdWRlLWlzLWEtdG9rZW4tb2YtNDMtY2hhcnM";
const CLIENT: &str = "q1w2e3r4t5y6u7i8o9p0aa";
const CLIENT_SECRET: &str = "s1-of-the-client-that-was-given-43-letters-x";
const REDIRECT: &str = "http://localhost:43117/callback";

/// What that gateway's workers wrote after a sign-in of this person.
fn session(world: &World, person: &Person) -> String {
    let issued = world.control().sign_in(&person.email).unwrap();
    for token in [&issued.access_token, &issued.refresh_token] {
        world.secrets.token(token);
    }
    json!({
        "di_token": issued.access_token,
        "di_refresh_token": issued.refresh_token,
        "di_client_id": issued.client_id,
    })
    .to_string()
}

/// A gateway of today with nothing in it, and the database of one before, elsewhere.
async fn old_and_new(kind: Kind) -> (World, TempDir, OldDb) {
    let world = World::start().await;
    for secret in [BEARER, CLIENT_SECRET, OLD_SECRET] {
        world.secrets.token(secret);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("secret"), format!("{OLD_SECRET}\n")).unwrap();
    let mut old = OldDb::create(&elsewhere.path().join("old.db"), kind, OLD_SECRET).await;
    let (runner, coded) = (world.runner().clone(), world.coded().clone());
    old.account(&runner.email, &session(&world, &runner), "2026-11-19 10:00:00").await;
    old.account(&coded.email, &session(&world, &coded), "2026-11-19 10:00:00").await;
    old.client(CLIENT, CLIENT_SECRET, &[REDIRECT]).await;
    old.token(BEARER, &runner.email, CLIENT, Some(4_000_000_000)).await;
    old.usage(&runner.email, "get_sleep_data", 12).await;
    (world, elsewhere, old)
}

async fn import(world: &World, elsewhere: &TempDir, more: &[&str]) -> Value {
    let at = |name: &str| elsewhere.path().join(name).to_str().unwrap().to_owned();
    let (from, secret) = (at("old.db"), at("secret"));
    let words = ["import", "--from", &from, "--from-secret-file", &secret];
    world.console(&[&words[..], more].concat()).await
}

/// The way of an imported client: its bearer works, and when it is told to sign in again it gets
/// tokens of ours with the registration it has, under the name it knows.
async fn goes_on(world: &World, connector: &str) {
    let person = world.runner();
    let name = world.facts(person).full_name;
    let url = world.url(connector);
    for era in [Era::Handshake, Era::Stateless] {
        let old = Mcp::new(url.clone(), BEARER, era);
        assert_eq!(old.full_name().await, name);
        assert_eq!(old.ask("get_stats", json!({ "date": "yesterday" })).await["status"], "ok");
    }
    let client = Client::registered(url, &world.secrets, CLIENT, CLIENT_SECRET).await;
    let tokens = world.connect(&client, person).await;
    assert!(tokens.access.starts_with("ggw_at_"));
    assert_eq!(client.mcp(&tokens, Era::Stateless).full_name().await, name);
    let renewed = client.tokens(&client.refresh(&tokens).await);
    assert_ne!(renewed.access, tokens.access);
    assert_eq!(client.mcp(&renewed, Era::Handshake).full_name().await, name);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_original_gateway_stay_connected() {
    let (world, elsewhere, old) = old_and_new(Kind::Original).await;
    old.close().await;
    let look = import(&world, &elsewhere, &[]).await;
    assert_eq!((&look["applied"], &look["tokens"]["taken"]), (&false.into(), &1.into()), "{look}");
    let stranger = Mcp::new(world.url("/mcp"), BEARER, Era::Handshake);
    challenged(&stranger.request("tools/list", json!({})).await.unwrap());

    let taken = import(&world, &elsewhere, &["--apply"]).await;
    assert_eq!((&taken["gateway"], &taken["accounts"]["taken"]), (&"original".into(), &2.into()));
    goes_on(&world, "/mcp").await;
    assert_eq!(http::get(&world.url("/garmin/mcp")).await.unwrap().status, 404);
    assert_eq!(world.count("accounts").await, 2, "a sign-in finds the account that was brought");
    let again = import(&world, &elsewhere, &["--apply"]).await;
    for kind in ["accounts", "clients", "tokens", "usage"] {
        assert_eq!(again[kind]["taken"], 0, "{again}");
    }
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_of_the_successor_stay_connected_at_the_address_they_know() {
    let (mut world, elsewhere, old) = old_and_new(Kind::Successor).await;
    // It was killed: what it wrote last is in its log.
    old.abandon();
    let document = "/.well-known/oauth-protected-resource/garmin/mcp";
    let mine = "/.well-known/oauth-authorization-server/garmin";
    for nothing in ["/garmin/mcp", document, mine, "/garmin/oauth/authorize", "/garmin"] {
        assert_eq!(http::get(&world.url(nothing)).await.unwrap().status, 404, "{nothing}");
    }
    let taken = import(&world, &elsewhere, &["--apply"]).await;
    assert_eq!((&taken["gateway"], &taken["tokens"]["taken"]), (&"successor".into(), &1.into()));
    // What did not exist a moment ago is asked for once a second at most.
    crate::process::eventually("succession", async || {
        let reply = http::get(&world.url(document)).await.unwrap();
        (reply.status == 200).then_some(())
    })
    .await;
    goes_on(&world, "/garmin/mcp").await;
    let server = http::get(&world.url(mine)).await.unwrap().json();
    let issuer = world.url("/garmin");
    assert_eq!(server["issuer"], issuer.as_str());
    assert_eq!(server["token_endpoint"], world.url("/garmin/oauth/token").as_str());
    let resource = http::get(&world.url(document)).await.unwrap().json();
    assert_eq!(resource["resource"], world.url("/garmin/mcp").as_str());
    assert_eq!(resource["authorization_servers"], json!([issuer.as_str()]));

    world.restart(End::Terminate).await;
    goes_on(&world, "/garmin/mcp").await;
    // A host that forgot its registration, and somebody new with the old address.
    let newcomer = Client::discover(world.url("/garmin/mcp"), &world.secrets).await;
    let tokens = world.connect(&newcomer, world.coded()).await;
    let name = world.facts(world.coded()).full_name;
    assert_eq!(newcomer.mcp(&tokens, Era::Handshake).full_name().await, name);
    // One resource under two names.
    let ours = Mcp::new(world.url("/mcp"), BEARER, Era::Stateless);
    assert_eq!(ours.full_name().await, world.facts(world.runner()).full_name);
    let revoked = world.console(&["revoke", "--client", CLIENT, "--yes"]).await;
    assert_eq!(revoked["effect"], "at_once");
    let gone = Mcp::new(world.url("/garmin/mcp"), BEARER, Era::Handshake);
    let pointer = challenged(&gone.request("tools/list", json!({})).await.unwrap());
    assert_eq!(pointer, world.url(document));
    import(&world, &elsewhere, &["--apply"]).await;
    challenged(&gone.request("tools/list", json!({})).await.unwrap());
    world.assert_private();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_brought_over_is_said_and_exits_with_a_code() {
    let (world, elsewhere, mut old) = old_and_new(Kind::Successor).await;
    old.account("nobody", "{}", "2026-11-19 10:00:00").await;
    old.account("empty@athletes.example", "{}", "2026-11-19 10:00:00").await;
    old.close().await;
    let from = elsewhere.path().join("old.db").to_str().unwrap().to_owned();
    for (words, code, said) in [
        (vec!["import", "--from", &from], 78, "none of its 4 sessions opens"),
        (vec!["import", "--from", "/nowhere/old.db"], 1, "cannot read /nowhere/old.db"),
        (vec!["import", "--from", "/dev/null"], 1, "not a SQLite database"),
        (vec!["import", "--from", &from, "--from-secret-file", "/nowhere"], 1, "cannot read"),
        (vec!["import"], 2, "--from"),
    ] {
        let refused = world.refused(&words).await;
        assert_eq!(refused.status.code(), Some(code), "{refused:?}");
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(stderr.contains(said) && refused.stdout.is_empty(), "{stderr}");
        assert!(code == 2 || stderr.contains("\nhint: "), "{stderr}");
    }
    let secret = elsewhere.path().join("secret").to_str().unwrap().to_owned();
    let words = ["import", "--from", &from, "--from-secret-file", &secret];
    let text = world.output(&words).await;
    for part in ["no e-mail address", "no usable Garmin tokens", "with --apply", "to take"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(!text.contains("@athletes.example"), "{text}");
    let revealed = world.output(&[&words[..], &["--reveal"]].concat()).await;
    assert!(revealed.contains("empty@athletes.example"), "{revealed}");
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    assert_eq!(world.count("accounts").await, 0, "a look changes nothing");
    world.assert_private();
}
