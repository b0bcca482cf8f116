//! What a person sees and agrees to, what protects the page, and what agreeing is worth.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{CODED, McpClient, ORIGIN, OTHER, RUNNER, TestApp, parameter, request};

async fn registered(app: &TestApp, redirect: &str) -> McpClient {
    let mut client = app.client();
    client.register(redirect).await;
    client
}

/// A page without what its forms lead to: there the redirect URI stands, encoded.
fn without_address(html: &str) -> String {
    let mut parts = html.split("action=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.split_once('"').map_or("", |(_, rest)| rest))
}

#[tokio::test]
async fn t22_sec043_a_name_is_text_and_the_host_is_what_counts() {
    let app = TestApp::start().await;
    let mut client = app.client();
    let redirect = format!("https://{}.example/cb", vec!["a".repeat(60); 3].join("."));
    let name = format!("<img src=x onerror=a>\u{202e}evil\u{200b}\u{0}{}<i>", "W".repeat(10_000));
    let body = serde_json::json!({ "redirect_uris": [redirect], "client_name": name });
    assert_eq!(client.register_as(&redirect, &body).await.status, StatusCode::CREATED);
    let page = app.browser().open(&client.authorize_url()).await;
    assert_eq!(page.status(), StatusCode::OK);
    let html = &page.reply.body;
    for hostile in ["\u{202e}", "\u{200b}", "\u{0}", "<i>", "<img src=x"] {
        assert!(!html.contains(hostile), "{hostile:?} in {html}");
    }
    assert!(html.contains("evil") && !html.contains(&"W".repeat(300)), "{html}");
    assert!(html.contains("nobody has checked") && html.contains("Not verified"), "{html}");
    assert!(html.contains(".example</bdi>"), "{html}");
}

#[tokio::test]
async fn t95_sec043_only_a_host_that_nobody_knows_is_called_unverified_whatever_the_name() {
    let app = TestApp::with(&[("OPERATOR_NAME", "The Club")]).await;
    for (redirect, warned, shown) in [
        ("https://claude.ai/api/mcp/auth_callback", false, "claude.ai"),
        ("https://chatgpt.com/connector_platform_oauth_redirect", false, "chatgpt.com"),
        ("https://claude.ai.evil.example/cb", true, "claude.ai.evil.example"),
        ("https://someone.example/cb", true, "someone.example"),
    ] {
        let mut client = app.client();
        let body = serde_json::json!({ "redirect_uris": [redirect], "client_name": "Claude" });
        client.register_as(redirect, &body).await;
        let page = app.browser().open(&client.authorize_url()).await;
        let html = &page.reply.body;
        assert!(html.contains("<bdi>Claude</bdi>") && html.contains("nobody has checked it"));
        assert_eq!(html.contains("Not verified"), warned, "{redirect}");
        assert!(html.contains(&format!("<dd class=\"host\"><bdi>{shown}</bdi>")), "{html}");
        assert!(html.contains("What happens with your data") && html.contains("The Club"));
    }
}

#[tokio::test]
async fn sec045_a_program_on_this_computer_and_an_app_each_have_a_warning_of_their_own() {
    let app = TestApp::start().await;
    for (redirect, words, shown) in [
        ("http://localhost:3334/oauth/callback", "your own computer", "localhost"),
        ("http://127.0.0.1/callback", "your own computer", "127.0.0.1"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "app on this device", "cursor:"),
    ] {
        let client = registered(&app, redirect).await;
        let page = app.browser().open(&client.authorize_url()).await;
        assert!(page.reply.body.contains(words), "{redirect}");
        assert!(page.reply.body.contains(&format!("<bdi>{shown}</bdi>")), "{redirect}");
    }
}

#[tokio::test]
async fn t28_sec060_sec062_sec067_sec068_sec069_the_page_is_protected() {
    let app = TestApp::start().await;
    for (redirect, source) in [
        (
            "https://client.example/cb",
            "https://client.example https: claude: cursor: vscode: vscode-insiders:",
        ),
        (
            "https://client.example:8443/cb?x=1",
            "https://client.example:8443 https: claude: cursor: vscode: vscode-insiders:",
        ),
        ("http://localhost/cb", "http://127.0.0.1:* http://localhost:* https:"),
        // The grammar of the directive knows no IPv6 addresses.
        ("http://[::1]/cb", "http: https:"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor:"),
        ("com.example.app:/cb", "com.example.app:"),
    ] {
        let client = registered(&app, redirect).await;
        let mut browser = app.browser();
        let form = browser.open(&client.authorize_url()).await;
        let code = browser.sign_in(&form, CODED).await;
        assert!(code.asks_for("code"));
        for page in [&form, &code] {
            assert_eq!(
                page.reply.header("content-security-policy"),
                format!(
                    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
                     frame-ancestors 'none'; form-action 'self' {source}"
                )
            );
            assert_eq!(page.reply.header("x-frame-options"), "DENY");
            assert_eq!(page.reply.header("x-content-type-options"), "nosniff");
            assert_eq!(page.reply.header("cache-control"), "no-store");
            assert_eq!(page.reply.header("referrer-policy"), "no-referrer");
            assert_eq!(page.reply.header("cross-origin-opener-policy"), "");
            for forbidden in ["<script", " style=\"", " onclick", " onload", "http://", "https://"]
            {
                assert!(!without_address(&page.reply.body).contains(forbidden), "{forbidden}");
            }
        }
        assert!(form.reply.body.contains("autocomplete=\"username\""));
        assert!(form.reply.body.contains("autocomplete=\"current-password\""));
        assert!(code.reply.body.contains("autocomplete=\"one-time-code\""));
    }
    // What is no page cannot be framed either.
    for path in ["/nowhere", "/healthz", "/.well-known/oauth-authorization-server", "/"] {
        let reply = app.get(path).await;
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
        assert!(reply.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(reply.header("strict-transport-security"), "", "loopback is others' as well");
    }
    let public = TestApp::with(&[("PUBLIC_URL", "https://garmin.example.org")]).await;
    let reply = public.get("/").await;
    assert_eq!(reply.header("strict-transport-security"), "max-age=63072000", "ours alone");
}

#[tokio::test]
async fn t27_a_form_carries_a_handle_and_the_persons_answers_and_nothing_else_counts() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url_with(&[("scope", "garmin:read")])).await;
    let form = page.form_with("password").clone();
    let names: Vec<_> = form.fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["sign_in", "csrf", "email", "password", "region", "tools"]);
    let answers = [
        ("email", RUNNER.0),
        ("password", RUNNER.1),
        ("access", "full"),
        ("redirect_uri", "https://evil.example/"),
        ("scope", "garmin:read garmin:write"),
        ("client_id", "x"),
        ("state", "another"),
        ("code_challenge", "x"),
    ];
    let answer = browser.submit(&form, &answers).await;
    assert_eq!(parameter(answer.location(), "state").as_ref(), Some(&client.state));
    let tokens = client.tokens_of(&client.redeem(&client.code_of(&answer)).await);
    assert_eq!(tokens.scope, "garmin:read", "what the client asked for, not what the form says");
}

#[tokio::test]
async fn a_client_that_asks_to_read_gets_no_choice_of_more() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let page = app.browser().open(&client.authorize_url_with(&[("scope", "garmin:read")])).await;
    assert!(page.forms[0].fields.iter().all(|(name, _)| name != "access"));
    assert!(page.reply.body.contains("cannot change anything"));
}

#[tokio::test]
async fn the_tools_an_app_is_shown_are_those_that_were_chosen_on_the_page() {
    let app = TestApp::start().await;
    for (chosen, kept) in
        [("core", Some("core")), ("default", None), ("<script>", None), ("full", Some("full"))]
    {
        let client = registered(&app, "https://client.example/cb").await;
        let mut browser = app.browser();
        let page = browser.open(&client.authorize_url()).await;
        assert!(page.reply.body.contains("Tools the app is shown"), "{}", page.reply.body);
        let form = page.form_with("password").clone();
        let wrong = [("email", RUNNER.0), ("password", "wrong"), ("tools", chosen)];
        let again = browser.submit(&form, &wrong).await;
        let selected = format!("<option value=\"{}\" selected>", kept.unwrap_or("default"));
        assert!(again.reply.body.contains(&selected), "{chosen}: {}", again.reply.body);
        let answers = [("email", RUNNER.0), ("password", RUNNER.1), ("tools", chosen)];
        let answer = browser.submit(&form, &answers).await;
        client.tokens_of(&client.redeem(&client.code_of(&answer)).await);
        let device = app.app.store.list_devices(None).await.unwrap().remove(0);
        assert_eq!(device.tools.as_deref(), kept, "{chosen}");
        app.advance(60);
    }
}

#[tokio::test]
async fn a_hint_fills_in_the_e_mail_and_is_nowhere_else() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    for (hint, filled) in [
        ("Hinted@Example.org", "hinted@example.org"),
        ("not an address", ""),
        ("\"><script>@x.example", ""),
        ("", ""),
    ] {
        let url = client.authorize_url_with(&[("login_hint", hint)]);
        let page = app.browser().open(&url).await;
        let form = page.form_with("password");
        let email = form.fields.iter().find(|(name, _)| name == "email").unwrap();
        assert!(!page.reply.body.contains("<script"), "{hint}");
        assert_eq!(page.reply.body.matches("hinted@").count(), usize::from(!filled.is_empty()));
        if !hint.contains('>') {
            assert_eq!(email.1, filled, "{hint}");
        }
    }
}

#[tokio::test]
async fn t30_t31_sec040_every_client_asks_anew_however_often_one_was_allowed() {
    let app = TestApp::start().await;
    let known = registered(&app, "https://client.example/cb").await;
    let attacker = registered(&app, "https://attacker.example/cb").await;
    let local = registered(&app, "http://localhost/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&known.authorize_url()).await;
    known.code_of(&browser.sign_in(&page, RUNNER).await);
    for client in [&known, &attacker, &local] {
        let page = browser.open(&client.authorize_url()).await;
        assert_eq!((page.status(), page.location()), (StatusCode::OK, ""));
        assert!(page.asks_for("password") && !page.reply.body.contains(RUNNER.0));
    }
}

#[tokio::test]
async fn t32_t33_sec054_the_cookie_ties_a_browser_to_its_sign_in_and_is_worth_nothing_else() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let cookies = page.reply.headers.get_all("set-cookie").iter().count();
    let cookie = page.reply.header("set-cookie");
    assert!(cookies == 1 && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
    // Somebody who planted the cookie, and watched the sign-in through it.
    let mut planter = browser.clone();
    let answer = browser.sign_in(&page, RUNNER).await;
    // What opens the account page is another secret, which the planter never saw.
    let set: Vec<_> = answer.reply.headers.get_all("set-cookie").iter().collect();
    assert_eq!(set.len(), 1);
    assert!(answer.reply.header("set-cookie").starts_with("garmin-account="));
    assert!(!planter.cookies.contains_key("garmin-account"));
    client.code_of(&answer);
    app.advance(61);
    let form = page.form_with("password").action.clone();
    for address in [client.authorize_url(), form] {
        let seen = planter.open(&address).await;
        assert!(seen.asks_for("password") && !seen.reply.body.contains(RUNNER.0), "{address}");
    }
    assert!(!planter.open("/account").await.reply.body.contains(RUNNER.0));
}

#[tokio::test]
async fn sec058_a_cookie_that_is_not_ours_counts_as_none() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    let (name, value) = browser.cookies.clone().into_iter().next().unwrap();
    for tampered in [
        format!("{}x", &value[..value.len() - 1]),
        format!("{value}{value}"),
        "ggw_bs_".to_owned(),
        "\"".to_owned(),
        "x".repeat(8000),
    ] {
        browser.cookies.insert(name.clone(), tampered.clone());
        let refused = browser.sign_in(&page, RUNNER).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{tampered}");
        assert!(refused.alert().unwrap().contains("did not send our cookie"), "{tampered}");
        let fresh = browser.clone().open(&client.authorize_url()).await;
        assert_eq!(fresh.status(), StatusCode::OK, "{tampered}");
    }
    assert!(app.garmin.control().requests().is_empty());
    browser.cookies.insert(name, value);
    client.code_of(&browser.sign_in(&page, RUNNER).await);
}

#[tokio::test]
async fn t25_t26_sec048_only_the_browser_that_began_can_finish_and_only_its_own() {
    let app = TestApp::start().await;
    let victim = registered(&app, "https://client.example/cb").await;
    let attacker = registered(&app, "https://attacker.example/cb").await;
    let mut there = app.browser();
    let theirs = there.open(&attacker.authorize_url()).await;
    let mut here = app.browser();
    let ours = here.open(&victim.authorize_url()).await;
    // The attacker's link, opened by the victim: it names the attacker's address, and a form
    // sent from there goes nowhere.
    let lured = here.open(&theirs.form_with("password").action).await;
    assert_eq!(lured.status(), StatusCode::FORBIDDEN);
    let refused = here.sign_in(&theirs, RUNNER).await;
    assert_eq!((refused.status(), refused.location()), (StatusCode::FORBIDDEN, ""));
    // What they get is a sign-in of their own.
    let hidden = |page: &crate::harness::Page| page.form_with("password").fields[..2].to_vec();
    for page in [&lured, &refused] {
        assert!(page.alert().unwrap().contains("another browser"));
        let (ours, foreign) = (hidden(page), hidden(&theirs));
        assert!(ours.iter().zip(&foreign).all(|(ours, foreign)| ours.0 == foreign.0));
        assert!(ours.iter().zip(&foreign).all(|(ours, foreign)| ours.1 != foreign.1));
    }
    assert!(theirs.reply.body.contains("attacker.example"));
    // The token of another sign-in is none, even in the same browser.
    let second = here.open(&attacker.authorize_url()).await;
    let token = |page: &crate::harness::Page| {
        let fields = &page.form_with("password").fields;
        fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone()
    };
    let form = ours.form_with("password").clone();
    let crossed = [("csrf", &*token(&second)), ("email", RUNNER.0), ("password", RUNNER.1)];
    let again = here.submit(&form, &crossed).await;
    assert_eq!((again.status(), again.location()), (StatusCode::FORBIDDEN, ""));
    assert!(app.garmin.control().requests().is_empty());
    victim.code_of(&here.sign_in(&ours, RUNNER).await);
}

#[tokio::test]
async fn t36_t142_sec047_sec061_the_way_back_is_a_303_without_a_trace() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb?keep=1").await;
    for (person, state) in [(RUNNER, "state of the client"), (OTHER, "")] {
        let mut browser = app.browser();
        let page = browser.open(&client.authorize_url_with(&[("state", state)])).await;
        let answer = browser.sign_in(&page, person).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let location = answer.location();
        assert!(location.starts_with("https://client.example/cb?keep=1&code="), "{location}");
        assert_eq!(parameter(location, "state").unwrap_or_default(), state);
        assert_eq!(location.contains("state="), !state.is_empty());
        assert_eq!(location.matches("iss=").count(), 1);
        assert_eq!(parameter(location, "iss").as_deref(), Some(ORIGIN));
        assert_eq!(answer.reply.header("cache-control"), "no-store");
        assert_eq!(answer.reply.header("referrer-policy"), "no-referrer");
    }
}

#[tokio::test]
async fn t131_the_issuer_is_spelled_in_one_way() {
    let app = TestApp::start().await;
    let (client, _) = app.connect(RUNNER).await;
    let server = app.get("/.well-known/oauth-authorization-server").await.json();
    let resource = app.get("/.well-known/oauth-protected-resource/mcp").await.json();
    let refused = app.browser().open(&client.authorize_url_with(&[("prompt", "none")])).await;
    assert_eq!(server["issuer"], ORIGIN);
    assert_eq!(resource["authorization_servers"][0], ORIGIN);
    assert_eq!(parameter(refused.location(), "iss").as_deref(), Some(ORIGIN));
}

#[tokio::test]
async fn t37_sec051_two_approvals_at_once_are_one_code() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut one = app.browser();
    let page = one.open(&client.authorize_url()).await;
    let mut two = one.clone();
    let (first, second) = tokio::join!(one.sign_in(&page, RUNNER), two.sign_in(&page, RUNNER));
    assert_eq!(client.code_of(&first), client.code_of(&second));
    assert_eq!(first.location(), second.location());
    let stats = app.app.store.stats(app.app.clock.now()).await.unwrap();
    assert_eq!(stats.pending_codes, 1);
    assert_eq!(client.redeem(&client.code_of(&first)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t133_a_relayed_code_is_worth_nothing_without_the_verifier() {
    let app = TestApp::start().await;
    let (client, code) = app.connect(RUNNER).await;
    for verifier in ["", "another-verifier-of-at-least-forty-three-characters"] {
        let relayed = client.redeem_with(&code, &[("code_verifier", verifier)]).await;
        assert_eq!(relayed.status, StatusCode::BAD_REQUEST, "{relayed:?}");
        assert!(relayed.error().starts_with("invalid_"), "{relayed:?}");
    }
    assert_eq!(client.redeem(&code).await.status, StatusCode::OK);
}

#[tokio::test]
async fn t137_a_store_that_fails_is_told_without_a_reason() {
    let app = TestApp::start().await;
    let client = registered(&app, "https://client.example/cb").await;
    let mut browser = app.browser();
    let page = browser.open(&client.authorize_url()).await;
    app.app.store.close().await;
    let form = page.form_with("password").action.clone();
    for reply in [
        browser.open(&client.authorize_url()).await.reply,
        browser.open(&form).await.reply,
        browser.sign_in(&page, RUNNER).await.reply,
        client.redeem("ggw_ac_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await,
    ] {
        assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE, "{reply:?}");
        for inside in ["sqlite", "SELECT", "pool", "panicked", ".rs", "/tmp"] {
            assert!(!reply.body.contains(inside), "{inside} in {}", reply.body);
        }
    }
}

#[tokio::test]
async fn what_is_no_form_of_ours_is_refused_by_its_kind() {
    let app = TestApp::start().await;
    for (kind, body, status) in [
        ("application/json", "{}".to_owned(), 415),
        ("multipart/form-data; boundary=x", "--x--".to_owned(), 415),
        ("application/x-www-form-urlencoded", "x".repeat(33 * 1024), 413),
        ("application/x-www-form-urlencoded", "%FF%00&&&=".to_owned(), 400),
    ] {
        let request = request("POST", "/oauth/authorize").header("content-type", kind);
        let reply = app.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(reply.status.as_u16(), status, "{kind}");
    }
    let reply = app.send(request("PUT", "/oauth/authorize").body(Body::empty()).unwrap()).await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(reply.header("allow").contains("GET") && reply.header("allow").contains("POST"));
}
