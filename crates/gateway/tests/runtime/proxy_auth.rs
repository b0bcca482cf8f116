use axum::body::Body;
use domain::scope::Scopes;
use gateway::limits::ByAddress;
use http::Request;
use serde_json::json;

use crate::rig::{LIST, Rig, post};

fn with(authorization: &[u8]) -> Request<Body> {
    let mut request = post("x", LIST.to_owned());
    let value = http::HeaderValue::from_bytes(authorization).unwrap();
    request.headers_mut().insert("authorization", value);
    request
}

#[tokio::test]
async fn t97_t100_sec002_what_is_no_token_of_ours_is_one_and_the_same_answer() {
    let rig = Rig::start().await;
    let (account, token) = rig.person(0).await;
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.";
    let (_, revoked) = rig.device(&account, Scopes::ReadOnly).await;
    rig.app.store.revoke_account_devices(&account, rig.app.clock.now()).await.unwrap();
    let mut answers = Vec::new();
    for credentials in [
        "Bearer ".to_owned(),
        "Bearer  two".to_owned(),
        format!("Bearer  {token}"),
        format!("Bearer {}", "x".repeat(10_240)),
        format!("bearer {unsigned}"),
        "Bearer ggw_at_unknown_but_plausible".to_owned(),
        "Bearer ggw_rt_a_token_of_another_kind".to_owned(),
        format!("Bearer {revoked}"),
        format!("Bearer {token}x"),
    ] {
        let reply = rig.send(with(credentials.as_bytes())).await;
        assert_eq!(reply.status.as_u16(), 401, "{credentials}");
        answers.push((reply.header("www-authenticate").to_owned(), reply.body));
    }
    let reply = rig.send(with("Bearer t\u{f6}ken".as_bytes())).await;
    answers.push((reply.header("www-authenticate").to_owned(), reply.body));
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert!(answers[0].0.contains("error=\"invalid_token\""), "{answers:?}");
    assert!(rig.app.supervisor.workers().is_empty());
}

#[tokio::test]
async fn t97_t99_sec003_schemes_count_by_name_and_cookies_not_at_all() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    let lower = rig.send(with(format!("bEARER {token}").as_bytes())).await;
    assert_eq!(lower.status.as_u16(), 200);
    for other in ["Basic dXNlcjpwYXNz", "Digest x", "DPoP x"] {
        let reply = rig.send(with(other.as_bytes())).await;
        assert_eq!(reply.status.as_u16(), 401);
        assert!(!reply.header("www-authenticate").contains("error="), "{other}");
    }
    let mut cookie = post("x", LIST.to_owned());
    cookie.headers_mut().remove("authorization");
    cookie.headers_mut().insert("cookie", format!("token={token}").parse().unwrap());
    assert_eq!(rig.send(cookie).await.status.as_u16(), 401);
}

#[tokio::test]
async fn t98_a_token_in_the_address_is_refused_however_it_is_spelled() {
    let rig = Rig::start().await;
    let (_, token) = rig.person(0).await;
    for name in ["access_token", "access%5Ftoken", "a=b&access_token"] {
        let mut request = post(&token, LIST.to_owned());
        *request.uri_mut() = format!("/mcp?{name}={token}").parse().unwrap();
        let reply = rig.send(request).await;
        assert_eq!(reply.status.as_u16(), 400, "{name}");
        assert!(reply.header("www-authenticate").contains("error=\"invalid_request\""));
    }
    let mut harmless = post(&token, LIST.to_owned());
    *harmless.uri_mut() = "/mcp?utm_source=x".parse().unwrap();
    assert_eq!(rig.send(harmless).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t104_sec093_rel25_a_handle_of_somebody_else_leads_nowhere() {
    let rig = Rig::start().await;
    let (one, _) = rig.person(0).await;
    let (two, token) = rig.person(1).await;
    let mut request = post(&token, crate::rig::call("read", &json!({})));
    for (name, value) in [("mcp-session-id", one.to_string()), ("last-event-id", "1".to_owned())] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let reply = rig.send(request).await;
    assert!(!reply.headers.contains_key("mcp-session-id"));
    let pid = reply.result()["pid"].as_u64().unwrap();
    assert_eq!(rig.pid_of(&two).map(u64::from), Some(pid));
    assert_eq!(rig.pid_of(&one), None);

    let mut alone = post("x", LIST.to_owned());
    alone.headers_mut().remove("authorization");
    alone.headers_mut().insert("mcp-session-id", one.to_string().parse().unwrap());
    assert_eq!(rig.send(alone).await.status.as_u16(), 401);
}

#[tokio::test]
async fn sec071_guesses_of_tokens_are_counted_before_the_store_is_asked() {
    let rig = Rig::with("normal", &[("RATE_LIMITS", "on")]).await;
    let (_, token) = rig.person(0).await;
    assert_eq!(rig.list(&token).await.status.as_u16(), 200);
    // Others use up what everybody together may try.
    let flood = || {
        for (net, host) in (0..6_u8).flat_map(|net| (1..5_u8).map(move |host| (net, host))) {
            let address = [10, 0, net, host].into();
            while rig.app.limits.check_address(ByAddress::UnknownToken, address).is_ok() {}
        }
    };
    let mut limited = None;
    for turn in 0..1000 {
        flood();
        let reply = rig.post(&format!("ggw_at_guess_number_{turn}"), LIST.to_owned()).await;
        if reply.status.as_u16() == 429 {
            limited = Some(reply);
            break;
        }
        assert_eq!(reply.status.as_u16(), 401);
    }
    let limited = limited.unwrap();
    assert!(limited.header("retry-after").parse::<u32>().unwrap() >= 1);
    assert_eq!(limited.code(), "rate_limited");
    // What needs no look into the store is answered as ever, and so is who was here before.
    let mut bare = post("x", LIST.to_owned());
    bare.headers_mut().remove("authorization");
    assert_eq!(rig.send(bare).await.status.as_u16(), 401);
    rig.app.devices.forget_all();
    flood();
    assert_eq!(rig.list(&token).await.status.as_u16(), 200);
}
