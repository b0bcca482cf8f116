//! What people, clients and upstreams send ends in no log and no file, whatever goes wrong with
//! it. The log is at `debug`, the most that can be asked for.

use serde_json::json;
use simulator::{Effect, Fault, Host, Matcher};
use url::Url;

use crate::http::{self, Broken, Reply};
use crate::mcp::Era;
use crate::process;
use crate::world::{Person, World};

/// Part of every word below that must not be found again.
const CANARY: &str = "canary";

fn form(fields: &[(&str, &str)]) -> String {
    http::encode(fields)
}

async fn send(
    world: &World,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Reply, Broken> {
    http::send(method, &world.url(path), headers, body.to_owned()).await
}

/// Answered, and with a fault of the sender's where one is expected.
async fn refused(world: &World, method: &str, path: &str, headers: &[(&str, &str)], body: &str) {
    let reply = send(world, method, path, headers, body).await.unwrap();
    assert!(reply.status.is_client_error(), "{method} {path}: {reply:?}");
}

async fn strangers(world: &World) {
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    const JSON: (&str, &str) = ("content-type", "application/json");
    for path in [
        "/oauth/authorize?client_id=nobody&redirect_uri=https://canary.example/cb&state=canary-state",
        "/oauth/token?code=canary-code&code_verifier=canary-verifier",
        "/mcp?access_token=canary-token-in-a-query",
        "/canary-path?code=canary-code",
    ] {
        let cookie = ("cookie", "garmin-gateway=canary-cookie");
        refused(world, "GET", path, &[cookie, ("user-agent", "canary-agent")], "").await;
    }
    let basic = ("authorization", "Basic Y2FuYXJ5OmNhbmFyeS1zZWNyZXQ=");
    for body in [
        form(&[("grant_type", "authorization_code"), ("code", "ggw_ac_canary")]),
        form(&[("grant_type", "refresh_token"), ("refresh_token", "ggw_rt_canary")]),
        form(&[("grant_type", "canary-grant"), ("client_secret", "canary-secret")]),
        "code=canary&code=canary".to_owned(),
    ] {
        refused(world, "POST", "/oauth/token", &[FORM], &body).await;
        refused(world, "POST", "/oauth/token", &[FORM, basic], &body).await;
        refused(world, "POST", "/oauth/token?code=canary-code", &[JSON], &body).await;
    }
    let token = form(&[("token", "ggw_at_canary-token"), ("client_id", "canary-id")]);
    send(world, "POST", "/oauth/revoke", &[FORM, basic], &token).await.unwrap();
    for body in ["canary", "[\"canary\"]", "{\"redirect_uris\":[\"http://canary.example/\"]}"] {
        refused(world, "POST", "/oauth/register", &[JSON], body).await;
    }
    let call = r#"{"jsonrpc":"2.0","id":"canary-id","method":"tools/call","params":{"name":"x"}}"#;
    for credentials in
        ["Bearer canary-token-of-nobody", "Basic canary", "canary", "Bearer ggw_at_canary"]
    {
        refused(world, "POST", "/mcp", &[JSON, ("authorization", credentials)], call).await;
    }
    let origin = ("origin", "https://canary.example");
    refused(world, "POST", "/mcp", &[JSON, origin], call).await;
    let forwarded = [("x-forwarded-for", "canary"), ("x-forwarded-host", "canary.example")];
    send(world, "GET", "/healthz", &forwarded, "").await.unwrap();
}

/// A client with a token that sends what no tool wants.
async fn odd_calls(world: &World, connector: &Url, token: &str) {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("authorization", &*bearer),
        ("mcp-session-id", "canary-session"),
        ("cookie", "a=canary"),
    ];
    for body in [
        "canary",
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"canary"}"#,
        r#"{"jsonrpc":"2.0","id":"canary","method":"canary/method","params":{"a":"canary"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"canary_tool","arguments":{}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_stats","arguments":{"date":"canary"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_stats","arguments":{"canary":1}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"canary://x"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"canary","reason":"canary"}}"#,
    ] {
        let reply = http::send("POST", connector, &headers, body.to_owned()).await.unwrap();
        assert!(!reply.status.is_server_error(), "{body}: {reply:?}");
    }
    send(world, "DELETE", "/mcp", &headers, "").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn t136_sec100_sec104_sec106_inv7_a_run_that_fails_at_every_step_leaves_no_word_behind() {
    let world = World::start().await;
    world.secrets.token(CANARY);
    strangers(&world).await;

    let client = world.client().await;
    let nobody = Person {
        email: "canary.bird@nowhere.example".to_owned(),
        password: "canary-password".to_owned(),
    };
    let mistyped = Person { password: "canary-password".to_owned(), ..world.runner().clone() };
    for person in [nobody, mistyped] {
        let (mut browser, page) = world.at_the_form(&client).await;
        let page = browser.sign_in(page, &person, world.control()).await.unwrap();
        assert!(page.alert().is_some(), "{:?}", page.reply);
    }
    for effect in [
        Effect::Status { status: 503, retry_after_secs: None },
        Effect::HtmlPage,
        Effect::Challenge,
        Effect::Malformed,
        Effect::Reset,
    ] {
        world.control().add_fault(Fault::always(Matcher::host(Host::Sso), effect));
        let (mut browser, page) = world.at_the_form(&client).await;
        let page = browser.sign_in(page, world.runner(), world.control()).await.unwrap();
        assert!(page.alert().is_some(), "{:?}", page.reply);
        world.control().clear_faults();
    }
    let (mut browser, page) = world.at_the_form(&client).await;
    let page = browser.enter(&page, world.coded()).await.unwrap();
    let page = browser.wait(page).await.unwrap();
    let page = browser.enter_code(&page, "canary").await.unwrap();
    assert!(browser.wait(page).await.unwrap().asks_for_code());

    let tokens = world.connect(&client, world.runner()).await;
    odd_calls(&world, &world.url("/mcp"), &tokens.access).await;
    let mcp = client.mcp(&tokens, Era::Handshake);
    for effect in [Effect::Status { status: 500, retry_after_secs: None }, Effect::Malformed] {
        world.control().add_fault(Fault::always(Matcher::host(Host::Api), effect));
        mcp.call("get_stats", &json!({})).await.unwrap();
        world.control().clear_faults();
    }
    process::signal(world.workers()[0], rustix::process::Signal::KILL);
    mcp.full_name().await;
    let fresh = client.tokens(&client.refresh(&tokens).await);
    world.control().revoke_session(&world.runner().email);
    world.control().expire_access_tokens(None);
    let refused = client.mcp(&fresh, Era::Stateless).call("get_stats", &json!({})).await.unwrap();
    assert_eq!(refused.status, 401, "{refused:?}");

    // The run did reach the log, and the search finds what is there.
    for event in ["worker-started", "worker-died", "token-invalid-client", "garmin-refresh-refused"]
    {
        world.hears_of(event).await;
    }
    world.assert_private();
}
