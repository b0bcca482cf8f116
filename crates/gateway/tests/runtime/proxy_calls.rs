use axum::body::Body;
use domain::console::Revoked;
use domain::scope::Scopes;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::rig::{Rig, call, kill, post, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t103_sec113_sec114_the_worker_gets_the_bytes_that_were_sent_and_headers_stay_where_they_are()
 {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let body = r#" {"id" : 1.0e0 ,"jsonrpc":"2.0"}"#;
    assert_eq!(rig.post(&token, body.to_owned()).await.status, 400);
    let body = "{\"params\":{\"name\":\"read\",\"arguments\":{\"n\":1.50,\"e\":\"\\u00e9\"}},\n\
                \"id\":\"a\",\"jsonrpc\":\"2.0\",\"method\":\"tools/call\"}";
    let mut request = post(&token, body.to_owned());
    for (name, value) in [
        ("cookie", "a=b"),
        ("x-worker-secret", "guess"),
        ("x-worker-anything", "x"),
        ("x-forwarded-for", "192.0.2.1"),
        ("mcp-session-id", "s"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let reply = rig.send(request).await;
    for name in [
        "set-cookie",
        "www-authenticate",
        "location",
        "access-control-allow-origin",
        "server",
        "mcp-session-id",
        "x-worker-needed-scopes",
    ] {
        assert!(!reply.headers.contains_key(name), "{name} left: {:?}", reply.headers);
    }
    assert_eq!(reply.header("cache-control"), "no-store");
    let result = reply.result();
    assert_eq!(result["body"].as_str().unwrap(), body);
    let headers: Vec<&str> =
        result["headers"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for name in [
        "authorization",
        "cookie",
        "x-worker-anything",
        "x-worker-secret",
        "x-forwarded-for",
        "mcp-session-id",
    ] {
        assert!(!headers.contains(&name), "{name} arrived: {headers:?}");
    }
    assert!(headers.contains(&"x-request-id"), "{headers:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec091_inv1_two_accounts_never_see_each_other() {
    let rig = Rig::start().await;
    let (one, one_token) = rig.person(0).await;
    let (two, two_token) = rig.person(1).await;
    let garmin = async |account| {
        let stored = rig.app.store.credentials(account).await.unwrap().unwrap();
        let pair: Value = serde_json::from_slice(&stored.bytes).unwrap();
        pair["di_token"].as_str().unwrap().to_owned()
    };
    let (one_garmin, two_garmin) = (garmin(&one).await, garmin(&two).await);
    assert_ne!(one_garmin, two_garmin);
    for round in 0..100 {
        let (first, second) = tokio::join!(
            rig.call(&one_token, "read", json!({})),
            rig.call(&two_token, "read", json!({})),
        );
        assert_eq!(first.result()["token"], one_garmin);
        assert_eq!(second.result()["token"], two_garmin);
        if round % 10 == 9 {
            for account in [&one, &two] {
                if let Some(pid) = rig.pid_of(account).filter(|pid| *pid != 0) {
                    kill(pid);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t124_rel10_a_read_outlives_two_workers_and_a_read_that_kills_every_worker_is_given_up() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    rig.list(&token).await.result();
    // One for the worker that had died unseen before the call, one for the kill during it.
    let each = [rig.path("first"), rig.path("second")];
    rig.call(&token, "read", json!({"die_at_each": each})).await.result();

    let always = rig.call(&token, "read", json!({"die": true})).await;
    assert_eq!((always.status.as_u16(), always.code().as_str()), (502, "worker_crashed"));
    assert_eq!(always.json()["id"], 7);
    assert!(always.body.contains("can safely be tried again"), "{}", always.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t124_rel10_a_worker_that_dies_in_a_write_is_not_asked_again() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    rig.list(&token).await.result();
    let once = rig.path("once");
    let reply = rig.call(&token, "write", json!({"die_once": once})).await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (502, "worker_crashed"));
    rig.call(&token, "write", json!({"die_once": once})).await.result();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_of_a_worker_that_died_is_unknown_in_the_journal() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let cut = rig.call(&token, "write", json!({"write_and_die": "key"})).await;
    assert_eq!(cut.status.as_u16(), 502);
    let again = rig.call(&token, "write", json!({"write_and_die": "key"})).await;
    assert_eq!(again.result()["said"], "unknown");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t102_sec004_private_statuses_become_challenges() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let gone = rig.call(&token, "read", json!({"status": 498})).await;
    assert_eq!(gone.status.as_u16(), 401);
    assert!(gone.header("www-authenticate").contains("error=\"invalid_token\""));
    // A device that may write already has nothing to ask for; see `account_page`.
    let (_, token) = rig.device(&account, Scopes::ReadOnly).await;
    let narrow = rig
        .call(&token, "read", json!({"status": 403, "scopes": "garmin:read garmin:write"}))
        .await;
    assert_eq!(narrow.status.as_u16(), 403);
    let header = narrow.header("www-authenticate");
    assert!(header.contains("insufficient_scope") && header.contains("garmin:write"), "{header}");
    let odd = rig.call(&token, "read", json!({"status": 500})).await;
    assert_eq!((odd.status.as_u16(), odd.code().as_str()), (502, "worker_bad_answer"));
    rig.call(&token, "read", json!({})).await.result();
}

async fn frame(body: &mut Body) -> Option<String> {
    let frame = body.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t124_rel10_a_stream_whose_worker_dies_ends_with_an_error_event() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let go = rig.path("go");
    let body = call("read", &json!({"stream_until": go, "then_die": true}));
    let response = rig.open(post(&token, body)).await;
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body();
    assert!(frame(&mut body).await.unwrap().contains("notifications/progress"));
    rig.touch("go");
    let last = frame(&mut body).await.unwrap();
    assert!(last.contains("worker_crashed") && last.contains("\"id\":7"), "{last}");
    assert_eq!(frame(&mut body).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inv11_losing_access_ends_an_open_stream() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let body = call("read", &json!({"stream_until": rig.path("never")}));
    let mut body = rig.open(post(&token, body)).await.into_body();
    frame(&mut body).await.unwrap();
    rig.app.store.revoke_account_devices(&account, rig.app.clock.now()).await.unwrap();
    rig.app.revoked(&Revoked::Account(account.clone())).await;
    let last = frame(&mut body).await.unwrap();
    assert!(last.contains("access_ended"), "{last}");
    assert_eq!(frame(&mut body).await, None);
    drop(body);
    until("the worker is gone", || rig.pid_of(&account).is_none()).await;
    assert_eq!(rig.list(&token).await.status.as_u16(), 401);
}
