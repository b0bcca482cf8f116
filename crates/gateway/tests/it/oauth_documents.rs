//! Clients that are a document: which are accepted, and what is sent where.

use std::time::Duration;

use domain::id::ClientId;
use std::net::{IpAddr, Ipv4Addr};

use futures_util::future::join_all;
use gateway::oauth::cimd::{DocumentError, DocumentUrl};
use gateway::oauth::clients::{self, Found};
use http::StatusCode;
use serde_json::json;
use store::Client;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{
    Answer, EXPIRED, McpClient, OTHER_NAME, PUBLIC, RUNNER, SELF_SIGNED, TestApp, Tokens,
};

pub(crate) const URL: &str = "https://client.example/oauth/client.json";
pub(crate) const CALLBACK: &str = "https://client.example/cb";

/// Where somebody asks from who has not signed in.
const SOMEBODY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(crate) async fn verify(app: &TestApp, url: &str) -> Result<Client, DocumentError> {
    clients::verify(&app.app, &DocumentUrl::parse(url).unwrap()).await
}

/// What the gateway knows of an id, in a word.
pub(crate) async fn find(app: &TestApp, id: &str) -> Result<&'static str, DocumentError> {
    match clients::find(&app.app, &ClientId::parse(id).unwrap(), SOMEBODY).await.unwrap() {
        Found::Known(_) => Ok("known"),
        Found::Document(_) => Ok("never seen"),
        Found::Unknown => Ok("unknown"),
        Found::Refused(error) => Err(error),
    }
}

pub(crate) fn client_of(app: &TestApp, url: &str, redirect: &str) -> McpClient {
    let mut client = app.client();
    url.clone_into(&mut client.id);
    redirect.clone_into(&mut client.redirect);
    client
}

/// A device of a client whose document was accepted.
pub(crate) async fn device(app: &TestApp, client: &McpClient) -> Tokens {
    verify(app, &client.id).await.unwrap();
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let answer = browser.sign_in(&page, RUNNER).await;
    client.tokens_of(&client.redeem(&client.code_of(&answer)).await)
}

#[tokio::test]
async fn an_accepted_document_is_a_client_like_any_other() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let client = client_of(&app, URL, CALLBACK);
    assert_eq!(find(&app, URL).await, Ok("never seen"));
    let tokens = device(&app, &client).await;
    assert!(app.accepts(&tokens.access).await);
    let renewed = client.refresh(&tokens.refresh).await;
    let renewed = client.tokens_of(&renewed);
    assert_eq!(client.revoke(&renewed.refresh).await.status, StatusCode::OK);
    assert!(!app.accepts(&renewed.access).await);
    assert_eq!(app.publisher.requests().len(), 1);
}

#[tokio::test]
async fn a_fetch_says_what_it_wants_and_nothing_about_anybody() {
    let app = TestApp::start().await;
    let url = format!("{URL}?v=%20");
    app.publisher.serve_client(&url, &[CALLBACK]);
    verify(&app, &url).await.unwrap();
    let request = app.publisher.requests().concat().to_ascii_lowercase();
    assert!(request.starts_with("get /oauth/client.json?v=%20 http/1.1\r\n"), "{request}");
    for line in ["host: client.example", "accept: application/json", "accept-encoding: identity"] {
        assert!(request.contains(&format!("\r\n{line}\r\n")), "{request}");
    }
    assert!(request.contains("\r\nuser-agent: garmin-gateway/"), "{request}");
    for line in ["cookie", "authorization", "referer", "origin", "forwarded", "via"] {
        assert!(!request.contains(&format!("\r\n{line}:")), "{request}");
    }
}

#[tokio::test]
async fn t80_addresses_in_a_registration_are_never_visited() {
    let app = TestApp::start().await;
    for member in ["jwks_uri", "logo_uri", "client_uri", "tos_uri", "policy_uri"] {
        for address in ["http://169.254.169.254/", "https://client.example/x"] {
            let body = json!({ "redirect_uris": [CALLBACK], member: address });
            let reply = app.post_json("/oauth/register", &body.to_string()).await;
            let answered = [StatusCode::CREATED, StatusCode::BAD_REQUEST].contains(&reply.status);
            assert!(answered, "{member}: {reply:?}");
        }
    }
    assert!(app.publisher.lookups().is_empty() && app.publisher.connections().is_empty());
}

#[tokio::test]
async fn t81_t82_sec032_sec033_an_unsafe_address_gets_a_page_and_no_fetch() {
    let app = TestApp::start().await;
    for id in [
        "http://app/c.json",
        "http://client.example/c.json",
        "https://app/",
        "https://app",
        "https://client.example/",
        "https://u:p@client.example/c",
        "https://client.example/c#f",
        "https://client.example/a/../c",
        "https://client.example/a/%2e%2e/c",
        "https://client.example:8443/c",
        "https://127.0.0.1/c",
        "https://[::1]/c",
        "https://2130706433/c",
        "https://0x7f000001/c",
        "https://localhost/c",
        "https://localhost:8080/c",
        "https://metadata.internal/c",
        "https://printer.local/c",
    ] {
        let client = client_of(&app, id, CALLBACK);
        let page = app.browser().open(&client.authorize_url()).await;
        assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{id}");
        assert_eq!(page.location(), "", "{id}");
        assert!(!page.reply.body.contains(id), "{id}");
        let token = client.redeem("ggw_co_x").await;
        assert_eq!(
            (token.status, token.error().as_str()),
            (StatusCode::UNAUTHORIZED, "invalid_client")
        );
    }
    assert!(app.publisher.lookups().is_empty() && app.publisher.connections().is_empty());
}

#[tokio::test]
async fn t82_our_own_host_publishes_no_client() {
    let app = TestApp::with(&[("PUBLIC_URL", "https://garmin.example.org")]).await;
    let ours = "https://garmin.example.org/client.json";
    app.publisher.serve_client(ours, &[CALLBACK]);
    assert_eq!(find(&app, ours).await, Err(DocumentError::NotAccepted));
    assert_eq!(verify(&app, ours).await.err(), Some(DocumentError::NotAccepted));
    assert!(app.publisher.lookups().is_empty());
    assert_eq!(find(&app, "https://www.garmin.example.org/client.json").await, Ok("never seen"));
}

#[tokio::test]
async fn t83_sec034_rel77_one_address_that_is_not_public_ends_it_before_a_connection() {
    let app = TestApp::start().await;
    let sets: [&[&str]; 12] = [
        &["10.0.0.5"],
        &[PUBLIC, "10.0.0.5"],
        &["192.168.1.1", PUBLIC],
        &["127.0.0.1"],
        &["169.254.169.254"],
        &["100.64.0.1"],
        &["::ffff:127.0.0.1"],
        &["::ffff:93.184.216.34"],
        &["64:ff9b::7f00:1"],
        &["fd00::1"],
        &["fe80::1"],
        &["2606:4700::1111", "::1"],
    ];
    for (turn, set) in sets.into_iter().enumerate() {
        let host = format!("host-{turn}.example");
        app.publisher.resolve(&host, &[set]);
        let url = format!("https://{host}/c");
        app.publisher.serve_client(&url, &[CALLBACK]);
        assert_eq!(verify(&app, &url).await.err(), Some(DocumentError::Invalid), "{set:?}");
    }
    app.publisher.resolve("nowhere.example", &[&[]]);
    let nowhere = verify(&app, "https://nowhere.example/c").await;
    assert_eq!(nowhere.err(), Some(DocumentError::Unavailable));
    assert!(app.publisher.connections().is_empty());
}

#[tokio::test]
async fn t84_sec034_rel77_the_address_that_was_checked_is_the_one_connected_to() {
    let app = TestApp::start().await;
    app.publisher.resolve("client.example", &[&[PUBLIC], &["127.0.0.1"]]);
    app.publisher.serve_client(URL, &[CALLBACK]);
    verify(&app, URL).await.unwrap();
    assert_eq!(app.publisher.lookups(), ["client.example"]);
    assert_eq!(app.publisher.connections(), [format!("{PUBLIC}:443").parse().unwrap()]);
    // The second answer of that name server is looked at on its own.
    app.advance(2 * 3600);
    assert_eq!(find(&app, URL).await, Ok("known"));
    assert_eq!(app.publisher.lookups().len(), 2);
    assert_eq!(app.publisher.connections().len(), 1);
}

#[tokio::test]
async fn t85_sec033_a_redirect_is_an_answer_that_is_no_document() {
    let app = TestApp::start().await;
    for (turn, status) in ["301 x", "302 x", "303 x", "307 x", "308 x"].into_iter().enumerate() {
        let url = format!("https://host-{turn}.example/c");
        let location = ["Location: http://127.0.0.1/", "Content-Type: application/json"];
        app.publisher.answer(&url, Answer::of(status, &location, "{}"));
        assert_eq!(verify(&app, &url).await.err(), Some(DocumentError::Invalid), "{status}");
        assert_eq!(app.publisher.requests().len(), turn + 1);
        assert_eq!(app.publisher.connections().len(), turn + 1);
    }
}

#[tokio::test]
async fn t86_sec033_a_body_without_measure_is_not_read_to_its_end() {
    let app = TestApp::start().await;
    let padded = |size: usize| {
        let document = json!({ "client_id": URL, "client_name": "A", "redirect_uris": [CALLBACK] });
        let text = document.to_string();
        format!("{text}{}", " ".repeat(size - text.len()))
    };
    let refused = async |host: &str, answer: Answer| {
        let url = format!("https://{host}.example/c");
        app.publisher.answer(&url, answer);
        verify(&app, &url).await.err()
    };
    let json_type = "Content-Type: application/json";
    let head = format!("HTTP/1.1 200 OK\r\n{json_type}\r\n");
    let invalid = Some(DocumentError::Invalid);
    assert_eq!(refused("large", Answer::json(&padded(9 * 1024))).await, invalid);
    let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n2000\r\n");
    let mut endless = chunked.into_bytes();
    endless.resize(endless.len() + 0x2000, b' ');
    endless.extend_from_slice(b"\r\n2000\r\n");
    assert_eq!(refused("endless", Answer::Endless(endless)).await, invalid);
    let boast = format!("{head}Content-Length: 99999999999\r\n\r\n{{");
    assert_eq!(refused("boast", Answer::Silence(boast.into_bytes())).await, invalid);
    let headers = Answer::Endless(b"HTTP/1.1 200 OK\r\nx: y\r\nx: ".to_vec());
    assert_eq!(refused("headers", headers).await, Some(DocumentError::Unavailable));
    let packed = Answer::of("200 OK", &[json_type, "Content-Encoding: gzip"], "\u{1f}\u{8b}");
    assert_eq!(refused("packed", packed).await, invalid);
    // The largest that is accepted.
    app.publisher.answer(URL, Answer::json(&padded(8 * 1024)));
    assert!(verify(&app, URL).await.is_ok());
}

#[tokio::test]
async fn t86_sec033_a_server_that_dawdles_is_left() {
    let app = TestApp::impatient().await;
    let document = json!({ "client_id": URL, "client_name": "A", "redirect_uris": [CALLBACK] });
    let Answer::Bytes(whole) = Answer::json(&document.to_string()) else { unreachable!() };
    for (host, answer) in [
        ("silent", Answer::Silence(Vec::new())),
        ("half", Answer::Silence(whole[..whole.len() - 1].to_vec())),
        ("drip", Answer::Drip(whole.clone(), Duration::from_millis(20))),
    ] {
        let url = format!("https://{host}.example/c");
        app.publisher.answer(&url, answer);
        let started = tokio::time::Instant::now();
        assert_eq!(verify(&app, &url).await.err(), Some(DocumentError::Unavailable), "{host}");
        assert!(started.elapsed() < Duration::from_secs(5), "{host}");
    }
    // A connection that is accepted by the kernel and by nobody else.
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    app.publisher.resolve("deaf.example", &[&["93.184.216.99"]]);
    app.publisher.put_at("93.184.216.99", deaf.local_addr().unwrap());
    let refused = verify(&app, "https://deaf.example/c").await;
    assert_eq!(refused.err(), Some(DocumentError::Unavailable));
}

#[tokio::test]
async fn t87_sec033_only_a_plain_good_answer_is_a_document() {
    let app = TestApp::start().await;
    let json_type = "Content-Type: application/json";
    let invalid = DocumentError::Invalid;
    for (host, answer, error) in [
        ("html", Answer::of("200 OK", &["Content-Type: text/html"], "<html>"), invalid),
        ("typeless", Answer::of("200 OK", &[], "{}"), invalid),
        ("empty", Answer::of("204 No Content", &[json_type], ""), invalid),
        ("partial", Answer::of("206 Partial Content", &[json_type], "{}"), invalid),
        ("missing", Answer::of("404 Not Found", &[json_type], "{}"), invalid),
        ("forbidden", Answer::of("403 Forbidden", &[json_type], "{}"), invalid),
        ("broken", Answer::of("500 x", &[json_type], "{}"), DocumentError::Unavailable),
        ("busy", Answer::of("503 x", &[json_type], "{}"), DocumentError::Unavailable),
        ("babble", Answer::Bytes(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec()), DocumentError::Unavailable),
        ("array", Answer::json("[]"), invalid),
        ("twice", Answer::json(r#"{"client_id":"x","client_id":"x"}"#), invalid),
    ] {
        let url = format!("https://{host}.example/c");
        app.publisher.answer(&url, answer);
        assert_eq!(verify(&app, &url).await.err(), Some(error), "{host}");
    }
    let before = app.publisher.requests().len();
    for host in [SELF_SIGNED, EXPIRED, OTHER_NAME] {
        let url = format!("https://{host}/c");
        app.publisher.serve_client(&url, &[CALLBACK]);
        let refused = verify(&app, &url).await;
        assert_eq!(refused.err(), Some(DocumentError::Unavailable), "{host}");
    }
    assert_eq!(app.publisher.requests().len(), before, "nobody untrusted was asked anything");
}

#[tokio::test]
async fn t87_a_server_of_the_last_century_is_refused() {
    let app = TestApp::start().await;
    let old = TcpListener::bind("127.0.0.1:0").await.unwrap();
    app.publisher.resolve("old.example", &[&["93.184.216.99"]]);
    app.publisher.put_at("93.184.216.99", old.local_addr().unwrap());
    let server = async {
        let (mut stream, _) = old.accept().await.unwrap();
        let mut hello = [0; 64];
        stream.read_exact(&mut hello).await.unwrap();
        // A ServerHello of TLS 1.0: version 3.1, no session, an RSA suite, no compression.
        let mut answer = vec![0x16, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
        answer.extend_from_slice(&[7; 32]);
        answer.extend_from_slice(&[0, 0, 0x2f, 0]);
        stream.write_all(&answer).await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    };
    let (refused, ()) = tokio::join!(verify(&app, "https://old.example/c"), server);
    assert_eq!(refused.err(), Some(DocumentError::Unavailable));
}

#[tokio::test]
async fn t88_t89_sec033_a_document_that_is_not_this_clients_is_refused() {
    let app = TestApp::start().await;
    for (turn, (changes, error)) in [
        (json!({ "client_id": "https://host-0.example/c/" }), DocumentError::Invalid),
        (json!({ "client_id": "https://host-1.example/C" }), DocumentError::Invalid),
        (json!({ "client_secret": "x" }), DocumentError::Invalid),
        (json!({ "token_endpoint_auth_method": "client_secret_basic" }), DocumentError::Invalid),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), DocumentError::KeyRequired),
    ]
    .into_iter()
    .enumerate()
    {
        let url = format!("https://host-{turn}.example/c");
        let mut document = app.publisher.serve_client(&url, &[CALLBACK]);
        for (name, value) in changes.as_object().unwrap() {
            document[name] = value.clone();
        }
        app.publisher.serve(&url, &document);
        assert_eq!(verify(&app, &url).await.err(), Some(error), "{changes}");
        assert_eq!(find(&app, &url).await, Ok("never seen"), "a failure is no client");
    }
}

#[tokio::test]
async fn t90_nobody_who_has_not_signed_in_causes_a_request() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let client = client_of(&app, URL, CALLBACK);
    let mut browser = app.browser();
    browser.open(&client.authorize_url()).await;
    browser.open(&client.authorize_url()).await;
    for reply in [
        client.redeem("ggw_co_x").await,
        client.refresh("ggw_rt_x").await,
        client.revoke("ggw_rt_x").await,
    ] {
        assert_eq!(
            (reply.status, reply.error().as_str()),
            (StatusCode::UNAUTHORIZED, "invalid_client")
        );
    }
    assert!(app.publisher.lookups().is_empty() && app.publisher.connections().is_empty());
}

#[tokio::test]
async fn t91_a_hundred_at_once_are_one_fetch() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let all = join_all((0..100).map(|_| verify(&app, URL))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(app.publisher.requests().len(), 1);
    app.publisher.answer("https://bad.example/c", Answer::json("[]"));
    let all = join_all((0..100).map(|_| verify(&app, "https://bad.example/c"))).await;
    assert!(all.iter().all(|one| matches!(one, Err(DocumentError::Invalid))));
    assert_eq!(app.publisher.requests().len(), 2);
}

#[tokio::test]
async fn whoever_waits_takes_over_from_one_who_leaves() {
    let app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    let mut first = Box::pin(verify(&app, URL));
    let mut second = Box::pin(verify(&app, URL));
    // Until the first of them has a connection, and so is past its own beginning.
    while app.publisher.connections().is_empty() {
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(first);
    assert!(second.await.is_ok());
}

#[tokio::test]
async fn one_host_is_asked_ten_times_a_minute_and_all_of_them_sixty_times() {
    let app = TestApp::start().await;
    for turn in 0..10 {
        let url = format!("https://client.example/{turn}");
        assert_eq!(verify(&app, &url).await.err(), Some(DocumentError::Invalid), "{turn}");
    }
    let eleventh = verify(&app, "https://client.example/10").await;
    assert_eq!(eleventh.err(), Some(DocumentError::Unavailable));
    assert_eq!(app.publisher.requests().len(), 10);
    for turn in 0..70 {
        let _ = verify(&app, &format!("https://host-{turn}.example/c")).await;
    }
    let requests = app.publisher.requests().len();
    // A little comes back while the test runs.
    assert!((60..70).contains(&requests), "{requests}");
}

#[tokio::test]
async fn four_fetches_run_at_once_and_one_of_a_host() {
    let app = TestApp::start().await;
    let silent = |host: usize, path: usize| {
        let url = format!("https://host-{host}.example/{path}");
        app.publisher.answer(&url, Answer::Silence(Vec::new()));
        url
    };
    let urls = [silent(0, 0), silent(0, 1), silent(0, 2), silent(1, 0), silent(2, 0)];
    let more = [silent(3, 0), silent(4, 0), silent(5, 0)];
    let begun = async |urls: &[String], enough: usize| {
        let before = app.publisher.connections().len();
        let mut all = Box::pin(join_all(urls.iter().map(|url| verify(&app, url))));
        while app.publisher.requests().len() < enough {
            assert!(futures_util::poll!(all.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        for _ in 0..100 {
            let _ = futures_util::poll!(all.as_mut());
            tokio::task::yield_now().await;
        }
        app.publisher.connections().len() - before
    };
    assert_eq!(begun(&urls, 3).await, 3, "three hosts");
    assert_eq!(begun(&[urls.as_slice(), &more].concat(), 7).await, 4, "six hosts");
}

#[tokio::test]
async fn what_was_accepted_survives_a_restart_and_is_known_to_others() {
    let mut app = TestApp::start().await;
    app.publisher.serve_client(URL, &[CALLBACK]);
    verify(&app, URL).await.unwrap();
    app.publisher.set_down(true);
    app.restart().await;
    assert_eq!(find(&app, URL).await, Ok("known"));
    let other = app.another_process().await;
    let known = clients::find(&other, &ClientId::parse(URL).unwrap(), SOMEBODY).await.unwrap();
    assert!(matches!(known, Found::Known(_)));
    assert_eq!(app.publisher.requests().len(), 1);
}

#[tokio::test]
async fn the_operator_decides_whose_documents_count() {
    let flag = "client_id_metadata_document_supported";
    let metadata = "/.well-known/oauth-authorization-server";
    let open = TestApp::start().await;
    assert_eq!(open.get(metadata).await.json()[flag], true);
    let id = |text: &str| ClientId::parse(text).unwrap();
    assert!(clients::is_well_known(&open.app, &id("https://claude.ai/oauth/client.json")));
    assert!(!clients::is_well_known(&open.app, &id(URL)));
    assert!(!clients::is_well_known(&open.app, &id("cli_AAAAAAAAAAAAAAAAAAAAAA")));

    let off = TestApp::with(&[("CLIENT_DOCUMENTS", "off")]).await;
    assert!(off.get(metadata).await.json().get(flag).is_none());
    assert_eq!(find(&off, URL).await, Err(DocumentError::NotAccepted));
    assert_eq!(verify(&off, URL).await.err(), Some(DocumentError::NotAccepted));
    let page = off.browser().open(&client_of(&off, URL, CALLBACK).authorize_url()).await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);

    let some = TestApp::with(&[("CLIENT_DOCUMENTS", "client.example")]).await;
    some.publisher.serve_client(URL, &[CALLBACK]);
    assert_eq!(some.get(metadata).await.json()[flag], true);
    assert!(verify(&some, URL).await.is_ok() && clients::is_well_known(&some.app, &id(URL)));
    let other = "https://other.example/client.json";
    assert_eq!(verify(&some, other).await.err(), Some(DocumentError::NotAccepted));
    assert!(off.publisher.lookups().is_empty());
    assert_eq!(some.publisher.lookups(), ["client.example"]);
}

#[tokio::test]
async fn t94_sec045_a_document_for_programs_on_this_computer_earns_its_warning() {
    let app = TestApp::start().await;
    let url = "https://claude.ai/oauth/client.json";
    app.publisher.serve_client(url, &["http://127.0.0.1/cb", "http://localhost/cb"]);
    let client = client_of(&app, url, "http://127.0.0.1:51234/cb");
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let question = browser.sign_in(&page, RUNNER).await;
    let known = app.browser().open(&client.authorize_url()).await;
    // Whoever vouches for the app cannot say which program is listening here.
    for page in [&question, &known] {
        assert_eq!(page.status(), StatusCode::OK);
        for shown in ["your own computer", "<bdi>127.0.0.1</bdi>", "claude.ai"] {
            assert!(page.reply.body.contains(shown), "{shown} in {}", page.reply.body);
        }
    }
    let answer = browser.decide(&question, "approve").await;
    client.tokens_of(&client.redeem(&client.code_of(&answer)).await);
}
