//! What a client finds before it knows anything of us.

use axum::body::Body;
use http::StatusCode;

use crate::harness::{ORIGIN, TestApp, request};

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

#[tokio::test]
async fn both_forms_of_the_resource_document_are_the_same() {
    let app = TestApp::start().await;
    let root = app.get(RESOURCE).await;
    let suffixed = app.get(&format!("{RESOURCE}/mcp")).await;
    assert_eq!((root.status, &root.body), (StatusCode::OK, &suffixed.body));
    assert_eq!(root.json()["resource"], format!("{ORIGIN}/mcp"));
    assert_eq!(root.json()["authorization_servers"], serde_json::json!([ORIGIN]));
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
async fn there_is_no_openid_provider_here() {
    let app = TestApp::start().await;
    for path in ["/.well-known/openid-configuration", &format!("{SERVER}/mcp")] {
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
