//! The authorization request: what is refused, and where the refusal goes.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{McpClient, ORIGIN, RUNNER, TestApp, encode, parameter, request};

async fn registered(app: &TestApp, redirect: &str) -> McpClient {
    let mut client = app.client();
    client.register(redirect).await;
    client
}

async fn error_page(app: &TestApp, url: &str, about: &str) -> String {
    let page = app.browser().open(url).await;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST, "{about}");
    assert_eq!(page.location(), "", "{about}");
    assert!(page.alert().is_some() && page.forms.is_empty(), "{about}");
    assert_eq!(page.reply.header("cache-control"), "no-store", "{about}");
    page.reply.body
}

#[tokio::test]
async fn t2_t3_t4_t8_sec010_sec035_nothing_is_sent_to_an_address_that_is_not_registered() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://claude.ai/api/mcp/auth_callback").await;
    for redirect in [
        "https://elsewhere.example/cb",
        "https://claude.ai/api/mcp/auth_callback/../evil",
        "https://claude.ai/api/mcp/auth_callback/%2e%2e/evil",
        "https://claude.ai/api/mcp/auth_callback?x=1",
        "https://claude.ai/api/mcp/auth_callback#f",
        "https://CLAUDE.ai/api/mcp/auth_callback",
        "HTTPS://claude.ai/api/mcp/auth_callback",
        "https://claude.ai/api/mcp/auth_callback/",
        "https://claude.ai/api/mcp/%61uth_callback",
        "https://claude.ai/api%2Fmcp/auth_callback",
        "https://claude.ai/other",
        "https://claude.ai@evil.example/api/mcp/auth_callback",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://claude.ai\\@evil.example/api/mcp/auth_callback",
        "https://claude.ai:8443/api/mcp/auth_callback",
        "https://claude.ai:443/api/mcp/auth_callback",
        "http://claude.ai/api/mcp/auth_callback",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "\u{1}javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/\\evil.example",
        " https://claude.ai/api/mcp/auth_callback",
    ] {
        let url = client.authorize_url_with(&[("redirect_uri", redirect)]);
        let html = error_page(&app, &url, redirect).await;
        assert!(!html.contains(redirect), "{redirect}");
    }
    error_page(&app, &client.authorize_url_with(&[("redirect_uri", "")]), "none at all").await;
}

#[tokio::test]
async fn t9_t10_who_asks_and_where_to_go_are_each_said_once() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for more in [
        "client_id=x",
        &format!("client_id={}", client.id),
        "redirect_uri=https%3A%2F%2Fevil.example%2F",
        "redirect_uri=https%3A%2F%2Fclient.example%2Fcb",
    ] {
        error_page(&app, &format!("{}&{more}", client.authorize_url()), more).await;
    }
}

#[tokio::test]
async fn t1_sec032_an_unknown_client_gets_a_page_and_never_sees_its_own_words_again() {
    let app = TestApp::start().await;
    let mut client = registered(&app, "https://client.example/cb").await;
    let long = "x".repeat(10_000);
    for (id, words) in [
        ("runner@example.org", "leave both empty"),
        ("<script>alert(1)</script>", "leave both empty"),
        ("' OR 1=1 --", "leave both empty"),
        ("nul\u{0}byte", "leave both empty"),
        (&long, "leave both empty"),
        ("https://", "not accept"),
        ("https://10.0.0.1/client.json", "not accept"),
        ("http://client.example/client.json", "leave both empty"),
        ("cli_0123456789abcdefghijkl", "Remove the connector"),
    ] {
        id.clone_into(&mut client.id);
        let html = error_page(&app, &client.authorize_url(), id).await;
        assert!(!html.contains(id) && html.contains(words), "{id}: {html}");
    }
}

#[tokio::test]
async fn t11_t12_t13_t14_t15_t17_t18_t19_t20_t23_t143_sec013_sec020_sec021_every_other_flaw_goes_to_the_client()
 {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let challenge = client.challenge();
    let [short, long, padded, plus, accent] = [
        challenge[..42].to_owned(),
        format!("{challenge}A"),
        format!("{}=", &challenge[..42]),
        format!("{}+", &challenge[..42]),
        format!("{}é", &challenge[..42]),
    ];
    for (name, value, code) in [
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "code id_token", "unsupported_response_type"),
        ("response_type", "", "invalid_request"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", &short, "invalid_request"),
        ("code_challenge", &long, "invalid_request"),
        ("code_challenge", &padded, "invalid_request"),
        ("code_challenge", &plus, "invalid_request"),
        ("code_challenge", &accent, "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("code_challenge_method", "s256", "invalid_request"),
        ("code_challenge_method", "S512", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("scope", "admin root", "invalid_scope"),
        ("scope", "<script>", "invalid_scope"),
        ("resource", "https://other.example/mcp", "invalid_target"),
        ("resource", "http://localhost:8080/mcp#x", "invalid_target"),
        ("resource", "http://user@localhost:8080/mcp", "invalid_target"),
        ("resource", "http://localhost:8080/mcp/../admin", "invalid_target"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://evil.example/", "request_uri_not_supported"),
        ("prompt", "none", "login_required"),
    ] {
        let page = app.browser().open(&client.authorize_url_with(&[(name, value)])).await;
        assert_eq!(page.status(), StatusCode::SEE_OTHER, "{name}={value}");
        let location = page.location();
        assert!(location.starts_with("https://client.example/cb?"), "{location}");
        assert_eq!(parameter(location, "error").as_deref(), Some(code), "{name}={value}");
        assert_eq!(parameter(location, "state").as_deref(), Some("state of the client"));
        assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
        assert_eq!(location.matches("iss=").count(), 1, "{location}");
        let description = parameter(location, "error_description").unwrap();
        let allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(description.bytes().all(allowed), "{description}");
        assert!(value.len() < 9 || !description.contains(value), "{description}");
        assert_eq!(page.reply.header("cache-control"), "no-store");
        assert_eq!(page.reply.header("referrer-policy"), "no-referrer");
    }
    assert!(app.garmin.control().requests().is_empty());
    let now = app.app.clock.now();
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 0);
}

#[tokio::test]
async fn sec013_a_parameter_that_comes_twice_is_told_to_the_client() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for more in [
        "scope=a&scope=b",
        "response_type=code",
        "code_challenge_method=S256",
        "prompt=login&prompt=login",
        "unheard=1&unheard=2",
    ] {
        let page = app.browser().open(&format!("{}&{more}", client.authorize_url())).await;
        let location = page.location();
        assert_eq!(parameter(location, "error").as_deref(), Some("invalid_request"), "{more}");
        assert_eq!(parameter(location, "state").as_ref(), Some(&client.state), "{more}");
    }
    // A state that came twice is no state.
    let page = app.browser().open(&format!("{}&state=x", client.authorize_url())).await;
    assert_eq!(parameter(page.location(), "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(page.location(), "state"), None);
}

#[tokio::test]
async fn t16_every_known_spelling_of_the_resource_leads_to_the_form() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for spelling in [
        "http://localhost:8080",
        "http://localhost:8080/",
        "http://localhost:8080/mcp/",
        "HTTP://LocalHost:8080/mcp",
        "",
    ] {
        let page = app.browser().open(&client.authorize_url_with(&[("resource", spelling)])).await;
        assert!(page.asks_for("password"), "{spelling}");
    }
    let twice = format!("{}&resource=http%3A%2F%2Flocalhost%3A8080", client.authorize_url());
    assert!(app.browser().open(&twice).await.asks_for("password"));
    let one_foreign = format!("{}&resource=https%3A%2F%2Fx.example", client.authorize_url());
    let page = app.browser().open(&one_foreign).await;
    assert_eq!(parameter(page.location(), "error").as_deref(), Some("invalid_target"));
}

#[tokio::test]
async fn t5_t6_t7_sec012_a_program_on_the_own_computer_may_come_from_any_port_and_nothing_else() {
    let app = TestApp::start().await;
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        let client = registered(&app, &format!("http://{host}/callback")).await;
        for port in ["", ":1", ":51234", ":65535"] {
            let redirect = format!("http://{host}{port}/callback");
            let url = client.authorize_url_with(&[("redirect_uri", &redirect)]);
            let page = app.browser().open(&url).await;
            assert_eq!(page.status(), StatusCode::OK, "{redirect}");
            assert!(page.reply.body.contains("your own computer"), "{redirect}");
        }
    }
    let client = registered(&app, "http://localhost/callback").await;
    for other in [
        "http://127.0.0.1:51234/callback",
        "http://[::1]:51234/callback",
        "http://localhost:51234/other",
        "http://localhost:51234/callback?x",
        "http://localhost:51234/callback/",
        "https://localhost:51234/callback",
        "http://localhost.evil.example:80/callback",
        "http://localhost.:80/callback",
        "http://127.0.0.2:5/callback",
        "http://0x7f.1/callback",
        "http://2130706433/callback",
        "http://[::ffff:127.0.0.1]:5/callback",
        "http://user@localhost:5/callback",
        "http://localhost:99999/callback",
    ] {
        error_page(&app, &client.authorize_url_with(&[("redirect_uri", other)]), other).await;
    }
    let secure = registered(&app, "https://client.example/callback").await;
    let plain = secure.authorize_url_with(&[("redirect_uri", "http://client.example/callback")]);
    error_page(&app, &plain, "https registered, http asked").await;
}

#[tokio::test]
async fn t21_a_state_full_of_markup_comes_back_unchanged_and_is_on_no_page() {
    let app = TestApp::start().await;
    let mut client = registered(&app, "https://client.example/cb").await;
    client.state = format!("{}\"'><script>alert(1)</script>&=%\u{e9}", "x".repeat(4050));
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    assert_eq!(page.status(), StatusCode::OK);
    assert!(!page.reply.body.contains("<script") && !page.reply.body.contains(&client.state));
    let answer = browser.sign_in(&page, RUNNER).await;
    assert_eq!(parameter(answer.location(), "state").as_ref(), Some(&client.state));
    assert!(!answer.location().contains(['<', '"', '\'']), "{}", answer.location());
}

#[tokio::test]
async fn t35_no_parameter_leads_a_person_anywhere_else() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for elsewhere in ["//evil.example", "https:evil.example", "/\\evil.example"] {
        let mut browser = app.browser();
        let more: Vec<_> = ["continue", "next", "return_to", "redirect", "return_url"]
            .map(|name| (name, elsewhere))
            .to_vec();
        let page = browser.open(&client.authorize_url_with(&more)).await;
        let form = page.form_with("password").clone();
        let answers = [&[("email", RUNNER.0), ("password", RUNNER.1)], more.as_slice()].concat();
        let answer = browser.submit(&form, &answers).await;
        client.code_of(&answer);
        assert!(!answer.location().contains("evil"), "{}", answer.location());
    }
}

#[tokio::test]
async fn looking_with_head_begins_nothing_and_looking_with_get_counts_as_use() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    app.advance(3600);
    let head = request("HEAD", &client.authorize_url());
    let reply = app.send(head.body(Body::empty()).unwrap()).await;
    assert_eq!((reply.status, reply.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(reply.header("set-cookie"), "");
    let now = app.app.clock.now();
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 0);
    app.browser().open(&client.authorize_url()).await;
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 1);
    app.app.store.flush().await.unwrap();
    assert_eq!(app.app.store.list_clients().await.unwrap()[0].last_used_at, now);
}

#[tokio::test]
async fn one_browser_cannot_fill_the_house() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    for _ in 0..25 {
        assert!(browser.open(&client.authorize_url()).await.asks_for("password"));
    }
    let now = app.app.clock.now();
    assert_eq!(app.app.store.stats(now).await.unwrap().sign_ins_in_progress, 20);
}

#[tokio::test]
async fn the_short_addresses_work_too() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let url = client.authorize_url().replace("/oauth/authorize", "/authorize");
    let mut browser = app.browser();
    let page = browser.open(&url).await;
    client.code_of(&browser.sign_in(&page, RUNNER).await);
}

#[tokio::test]
async fn sec049_a_name_that_is_not_ours_gets_no_page() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let url = client.authorize_url();
    for host in ["evil.example", "localhost.evil.example:8080", "localhost:8080.evil.example"] {
        let request =
            http::Request::builder().uri(&url).header("host", host).body(Body::empty()).unwrap();
        let reply = app.send(request).await;
        assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
        assert!(!reply.body.contains("<form"), "{host}");
    }
}

#[tokio::test]
async fn t24_sec053_a_form_from_another_site_does_nothing() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let form = page.form_with("password").clone();
    let cookies: Vec<_> =
        browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut fields: Vec<(&str, &str)> =
        form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.retain(|(name, _)| *name != "email" && *name != "password");
    fields.extend([("email", RUNNER.0), ("password", RUNNER.1)]);
    for headers in [
        vec![("origin", "https://evil.example")],
        vec![("origin", "http://localhost:8081")],
        vec![("origin", ORIGIN), ("origin", "https://evil.example")],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site"), ("origin", "null")],
        vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        vec![("sec-fetch-site", "nonsense")],
    ] {
        for decision in [None, Some("deny"), Some("approve")] {
            let mut fields = fields.clone();
            fields.extend(decision.map(|decision| ("decision", decision)));
            let mut request = request("POST", &form.action)
                .header("cookie", cookies.join("; "))
                .header("content-type", "application/x-www-form-urlencoded");
            for (name, value) in &headers {
                request = request.header(*name, *value);
            }
            let reply = app.send(request.body(encode(&fields).into()).unwrap()).await;
            assert_eq!(reply.status, StatusCode::FORBIDDEN, "{headers:?} {decision:?}");
            assert_eq!(reply.header("location"), "", "{headers:?}");
        }
    }
    assert!(app.garmin.control().requests().is_empty());
    client.code_of(&browser.sign_in(&page, RUNNER).await);
}
