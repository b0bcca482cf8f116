//! An MCP client as far as OAuth goes.

use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use sha2::{Digest, Sha256};

use super::{ORIGIN, Page, Reply, encode, parameter, request, send};

#[derive(Clone)]
pub(crate) struct McpClient {
    router: Router,
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
    pub(crate) redirect: String,
    pub(crate) verifier: String,
    pub(crate) state: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) scope: String,
}

impl McpClient {
    pub(super) fn on(router: Router) -> Self {
        Self {
            router,
            id: String::new(),
            secret: None,
            redirect: String::new(),
            verifier: "a-code-verifier-of-at-least-forty-three-characters".to_owned(),
            state: "state of the client".to_owned(),
        }
    }

    /// This client with what another one knows: the same client after a restart of ours.
    pub(crate) fn with(&self, known: &Self) -> Self {
        Self { router: self.router.clone(), ..known.clone() }
    }

    pub(crate) async fn register(&mut self, redirect: &str) -> Reply {
        let body = serde_json::json!({ "redirect_uris": [redirect], "client_name": "A client" });
        self.register_as(redirect, &body).await
    }

    pub(crate) async fn register_as(&mut self, redirect: &str, body: &serde_json::Value) -> Reply {
        let request = request("POST", "/oauth/register")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let reply = send(&self.router, request).await;
        if reply.status == StatusCode::CREATED {
            let answer = reply.json();
            answer["client_id"].as_str().unwrap().clone_into(&mut self.id);
            self.secret = answer["client_secret"].as_str().map(str::to_owned);
            redirect.clone_into(&mut self.redirect);
        }
        reply
    }

    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }

    pub(crate) fn authorize_url(&self) -> String {
        self.authorize_url_with(&[])
    }

    /// The usual request, with some parameters replaced; an empty value removes one.
    pub(crate) fn authorize_url_with(&self, changes: &[(&str, &str)]) -> String {
        let challenge = self.challenge();
        let resource = format!("{ORIGIN}/mcp");
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", self.id.as_str()),
            ("redirect_uri", self.redirect.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
            ("state", self.state.as_str()),
            ("resource", resource.as_str()),
        ];
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        format!("/oauth/authorize?{}", encode(&pairs))
    }

    /// The code in the redirect a browser was given.
    pub(crate) fn code_of(&self, page: &Page) -> String {
        let location = page.location();
        assert!(location.starts_with(&self.redirect), "{:?}", page.reply);
        parameter(location, "code").unwrap_or_else(|| panic!("no code in {location}"))
    }

    pub(crate) async fn redeem(&self, code: &str) -> Reply {
        self.redeem_with(code, &[]).await
    }

    pub(crate) async fn redeem_with(&self, code: &str, changes: &[(&str, &str)]) -> Reply {
        let mut pairs = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("client_id", self.id.as_str()),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", self.verifier.as_str()),
        ];
        if let Some(secret) = &self.secret {
            pairs.push(("client_secret", secret));
        }
        pairs.retain(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        self.post("/oauth/token", &encode(&pairs), None).await
    }

    pub(crate) async fn refresh(&self, refresh: &str) -> Reply {
        self.refresh_with(refresh, &[]).await
    }

    pub(crate) async fn refresh_with(&self, refresh: &str, more: &[(&str, &str)]) -> Reply {
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", self.id.as_str()),
        ];
        pairs.extend_from_slice(more);
        self.post("/oauth/token", &encode(&pairs), None).await
    }

    pub(crate) async fn revoke(&self, token: &str) -> Reply {
        let body = encode(&[("token", token), ("client_id", &self.id)]);
        self.post("/oauth/revoke", &body, None).await
    }

    /// The call that needs no worker.
    pub(crate) async fn ping(&self, access: &str) -> Reply {
        let request = request("POST", "/mcp")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {access}"))
            .body(Body::from(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#))
            .unwrap();
        send(&self.router, request).await
    }

    pub(crate) fn basic(&self) -> String {
        let secret = self.secret.as_deref().unwrap_or_default();
        format!("Basic {}", STANDARD.encode(format!("{}:{secret}", self.id)))
    }

    pub(crate) async fn post(&self, path: &str, body: &str, basic: Option<&str>) -> Reply {
        let mut builder =
            request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        if let Some(basic) = basic {
            builder = builder.header("authorization", basic);
        }
        send(&self.router, builder.body(Body::from(body.to_owned())).unwrap()).await
    }

    #[expect(clippy::unused_self, reason = "reads as what the client does")]
    pub(crate) fn tokens_of(&self, reply: &Reply) -> Tokens {
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        let json = reply.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Tokens {
            access: text("access_token"),
            refresh: text("refresh_token"),
            scope: text("scope"),
        }
    }
}
