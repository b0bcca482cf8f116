use axum::body::Body;

use crate::harness::{TestApp, request};

const PATHS: [&str; 14] = [
    "/",
    "/mcp",
    "/mcp/",
    "/mcp?x=y",
    "/oauth/register",
    "/oauth/token",
    "/oauth/revoke",
    "/oauth/authorize",
    "/register",
    "/token",
    "/authorize",
    "/.well-known/oauth-protected-resource/mcp",
    "/healthz",
    "/nothing/here",
];

const FORM: &str = "grant_type=authorization_code&client_id=nobody&client_secret=x&code=x&token=x";

#[tokio::test]
async fn t96_sec006_whoever_is_refused_for_a_credential_is_told_which_one_to_get() {
    let app = TestApp::start().await;
    let mut refused = Vec::new();
    for path in PATHS {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"] {
            for credential in ["", "Bearer x", "Bearer ggw_at_unknown_token", "Basic eDp5", "x"] {
                let mut asked = request(method, path)
                    .header("content-type", "application/x-www-form-urlencoded");
                if !credential.is_empty() {
                    asked = asked.header("authorization", credential);
                }
                let reply = app.send(asked.body(Body::from(FORM)).unwrap()).await;
                let status = reply.status.as_u16();
                assert!(status < 500, "{method} {path} {credential}: {status}");
                if status == 401 {
                    let challenge = reply.header("www-authenticate");
                    let known = challenge.starts_with("Bearer resource_metadata=\"http")
                        || challenge == "Basic realm=\"oauth\"";
                    assert!(known, "{method} {path} {credential}: {challenge:?}");
                    assert_eq!(reply.header("cache-control"), "no-store");
                    refused.push(path);
                }
            }
        }
    }
    refused.dedup();
    for path in ["/mcp", "/mcp/", "/oauth/token", "/oauth/revoke"] {
        assert!(refused.contains(&path), "{refused:?}");
    }
}
