//! What a client finds before it knows anything of us.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{ORIGIN, TestApp, request};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn t131_sec007_both_forms_of_the_resource_document_name_the_one_issuer() {
    let app = TestApp::start().await;
    let root = app.get(RESOURCE).await;
    let suffixed = app.get(&format!("{RESOURCE}/mcp")).await;
    assert_eq!((root.status, &root.body), (StatusCode::OK, &suffixed.body));
    assert_eq!(root.json()["resource"], format!("{ORIGIN}/mcp"));
    assert_eq!(root.json()["authorization_servers"], serde_json::json!([ORIGIN]));
    assert_eq!(root.json()["authorization_servers"][0], app.get(SERVER).await.json()["issuer"]);
}

#[tokio::test]
async fn the_server_document_leads_to_endpoints_that_exist() {
    let app = TestApp::start().await;
    let document = app.get(SERVER).await.json();
    assert_eq!(document["issuer"], ORIGIN);
    assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    for name in
        ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"]
    {
        let path = document[name].as_str().unwrap().strip_prefix(ORIGIN).unwrap().to_owned();
        let reply = app.post_json(&path, "x").await;
        assert_ne!(reply.status, StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn documents_can_be_cached_and_read_by_scripts() {
    let app = TestApp::start().await;
    for path in [SERVER, RESOURCE] {
        let first = app.get(path).await;
        assert_eq!(first.header("cache-control"), "public, max-age=300");
        assert_eq!(first.header("access-control-allow-origin"), "*");
        let tag = first.header("etag").to_owned();
        let again = request("GET", path).header("if-none-match", &tag).body(Body::empty());
        let again = app.send(again.unwrap()).await;
        assert_eq!((again.status, again.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
        let head = app.send(request("HEAD", path).body(Body::empty()).unwrap()).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
        let asked = app.send(request("OPTIONS", path).body(Body::empty()).unwrap()).await;
        assert_eq!(asked.status, StatusCode::NO_CONTENT);
        assert!(asked.header("access-control-allow-headers").contains("MCP-Protocol-Version"));
    }
}

#[tokio::test]
async fn sec008_what_is_not_well_known_here_is_a_clean_404() {
    let app = TestApp::start().await;
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/mcp",
        "/.well-known/jwks.json",
        "/mcp/.well-known/oauth-protected-resource",
        &format!("{RESOURCE}/other"),
        &format!("{SERVER}/mcp"),
    ] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(reply.error(), "not_found");
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_one() {
    let app = TestApp::start().await;
    let reply = app.post_form(SERVER, "").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(reply.header("allow").contains("GET"), "{reply:?}");
    let reply = app.get("/oauth/token").await;
    assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(reply.header("allow").contains("POST"), "{reply:?}");
}

#[tokio::test]
async fn t132_sec009_documents_are_constants_of_the_configuration() {
    let app = TestApp::start().await;
    for path in [SERVER, RESOURCE] {
        let plain = app.get(path).await;
        let forwarded = request("GET", path)
            .header("x-forwarded-host", "evil.tld")
            .header("x-forwarded-proto", "https")
            .header("forwarded", "host=evil.tld")
            .body(Body::empty());
        assert_eq!(app.send(forwarded.unwrap()).await.body, plain.body);
        let spoofed = http::Request::get(path).header("host", "evil.tld").body(Body::empty());
        let reply = app.send(spoofed.unwrap()).await;
        assert_eq!(reply.status, StatusCode::MISDIRECTED_REQUEST);
        assert!(!reply.body.contains("evil.tld"), "{reply:?}");
        let absolute = request("GET", &format!("http://evil.tld{path}")).body(Body::empty());
        assert_eq!(app.send(absolute.unwrap()).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn sec066_a_browser_hears_what_each_endpoint_takes() {
    let app = TestApp::start().await;
    for (path, methods) in [
        (SERVER, "GET, HEAD, OPTIONS"),
        (RESOURCE, "GET, HEAD, OPTIONS"),
        ("/oauth/register", "POST, OPTIONS"),
        ("/oauth/token", "POST, OPTIONS"),
        ("/oauth/revoke", "POST, OPTIONS"),
    ] {
        let asked = request("OPTIONS", path).header("origin", "https://inspector.example");
        let reply = app.send(asked.body(Body::empty()).unwrap()).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-allow-methods"), methods);
        assert_eq!(reply.header("access-control-max-age"), "600");
        assert!(reply.headers.get("access-control-allow-credentials").is_none());
    }
    let page = request("OPTIONS", "/oauth/authorize").header("origin", "https://evil.tld");
    let reply = app.send(page.body(Body::empty()).unwrap()).await;
    assert!(reply.headers.get("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn t140_t141_sec143_every_answer_has_a_name_and_none_says_what_runs_here() {
    let app = TestApp::start().await;
    let mut seen = std::collections::HashSet::new();
    for (method, path, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/metrics", 404),
        ("POST", "/oauth/introspect", 404),
        ("GET", "/oauth/token", 405),
        ("POST", "/oauth/token", 415),
        ("GET", SERVER, 200),
    ] {
        let sent = request(method, path).header("x-request-id", "mine").body(Body::empty());
        let reply = app.send(sent.unwrap()).await;
        assert_eq!(reply.status.as_u16(), status, "{path}");
        let id = reply.header("x-request-id").to_owned();
        assert!(id.len() >= 16 && id != "mine" && seen.insert(id), "{path}: {reply:?}");
        assert!(reply.headers.get("server").is_none());
        assert!(!reply.body.contains(env!("CARGO_PKG_VERSION")), "{reply:?}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}
