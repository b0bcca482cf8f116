//! An MCP client's way to a token: 401, discovery, registration, PKCE, code, token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::browser::Page;
use crate::http::{self, Broken, Reply};
use crate::mcp::{Era, Mcp};
use crate::secrets::Secrets;

const REDIRECT: &str = "http://localhost:43117/callback";
const VERIFIER: &str = "a-code-verifier-of-at-least-forty-three-characters";
const STATE: &str = "what the client remembers";

/// A client that knows nothing but the connector URL when it begins.
#[derive(Clone)]
pub(crate) struct Client {
    connector: Url,
    server: Value,
    resource: String,
    id: String,
    /// Of a client that was given one.
    secret: Option<String>,
    secrets: Secrets,
}

#[derive(Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// The challenge of a 401: where the resource's metadata is.
pub(crate) fn challenged(reply: &Reply) -> Url {
    assert_eq!(reply.status, 401, "{reply:?}");
    let challenge = reply.header("www-authenticate");
    let (_, rest) = challenge.split_once("resource_metadata=\"").unwrap();
    Url::parse(rest.split('"').next().unwrap()).unwrap()
}

impl Client {
    /// From the connector URL alone to a registered client.
    pub(crate) async fn discover(connector: Url, secrets: &Secrets) -> Self {
        let mut client = Self::find(connector, secrets).await;
        client.register().await;
        client
    }

    /// A client that was registered with the gateway before this one and remembers nothing else.
    pub(crate) async fn registered(
        connector: Url,
        secrets: &Secrets,
        id: &str,
        secret: &str,
    ) -> Self {
        let (id, secret) = (id.to_owned(), Some(secret.to_owned()));
        Self { id, secret, ..Self::find(connector, secrets).await }
    }

    async fn find(connector: Url, secrets: &Secrets) -> Self {
        let stranger = Mcp::new(connector.clone(), "", Era::Handshake);
        let refused = stranger.request("tools/list", json!({})).await.unwrap();
        let resource = http::get(&challenged(&refused)).await.unwrap().json();
        assert_eq!(resource["resource"], connector.as_str());
        let issuer = resource["authorization_servers"][0].as_str().unwrap();
        let address = format!("{issuer}/.well-known/oauth-authorization-server");
        let server = http::get(&Url::parse(&address).unwrap()).await.unwrap().json();
        assert_eq!(server["issuer"], issuer);
        let methods = server["code_challenge_methods_supported"].as_array().unwrap();
        assert!(methods.contains(&"S256".into()), "{server}");
        Self {
            connector,
            server,
            resource: resource["resource"].as_str().unwrap().to_owned(),
            id: String::new(),
            secret: None,
            secrets: secrets.clone(),
        }
    }

    async fn register(&mut self) {
        let registered = http::post_json(
            &self.endpoint("registration_endpoint"),
            &json!({
                "client_name": "A client",
                "redirect_uris": [REDIRECT],
                "grant_types": ["authorization_code", "refresh_token"],
                "response_types": ["code"],
                "token_endpoint_auth_method": "none",
            }),
        )
        .await
        .unwrap();
        assert_eq!(registered.status, 201, "{registered:?}");
        registered.json()["client_id"].as_str().unwrap().clone_into(&mut self.id);
    }

    fn endpoint(&self, name: &str) -> Url {
        Url::parse(self.server[name].as_str().unwrap()).unwrap()
    }

    pub(crate) fn authorize_url(&self) -> Url {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut url = self.endpoint("authorization_endpoint");
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", REDIRECT),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", STATE),
            ("resource", &self.resource),
        ]);
        url
    }

    /// What came back to the client, by name.
    pub(crate) fn came_back(&self, page: &Page, name: &str) -> String {
        let back = page.left_for().unwrap_or_else(|| panic!("not sent back: {:?}", page.reply));
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let find = |wanted: &str| {
            let found = back.query_pairs().find(|(name, _)| name == wanted);
            found.map(|(_, value)| value.into_owned())
        };
        assert_eq!(find("state").as_deref(), Some(STATE), "{back}");
        assert_eq!(find("iss").as_deref(), self.server["issuer"].as_str(), "{back}");
        find(name).unwrap_or_else(|| panic!("no {name} in {back}"))
    }

    /// Redeems the code the browser was sent back with.
    pub(crate) async fn redeem(&self, page: &Page) -> Tokens {
        self.tokens(&self.try_redeem(page).await.unwrap())
    }

    /// The same, whatever comes back.
    pub(crate) async fn try_redeem(&self, page: &Page) -> Result<Reply, Broken> {
        let code = self.came_back(page, "code");
        self.secrets.token(&code);
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", REDIRECT),
            ("client_id", &self.id),
            ("code_verifier", VERIFIER),
            ("resource", &self.resource),
        ];
        self.post_to_token_endpoint(&fields).await
    }

    async fn post_to_token_endpoint(&self, fields: &[(&str, &str)]) -> Result<Reply, Broken> {
        let secret = self.secret.as_deref().map(|secret| ("client_secret", secret));
        let fields: Vec<_> = fields.iter().copied().chain(secret).collect();
        http::post_form(&self.endpoint("token_endpoint"), &fields).await
    }

    pub(crate) async fn refresh(&self, tokens: &Tokens) -> Reply {
        self.try_refresh(tokens).await.unwrap()
    }

    pub(crate) async fn try_refresh(&self, tokens: &Tokens) -> Result<Reply, Broken> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", &*tokens.refresh),
            ("client_id", &self.id),
        ];
        self.post_to_token_endpoint(&fields).await
    }

    /// Gives a whole connection up.
    pub(crate) async fn revoke(&self, tokens: &Tokens) -> Result<Reply, Broken> {
        let fields = [("token", &*tokens.refresh), ("client_id", &self.id)];
        http::post_form(&self.endpoint("revocation_endpoint"), &fields).await
    }

    pub(crate) fn tokens(&self, reply: &Reply) -> Tokens {
        assert_eq!(reply.status, 200, "{reply:?}");
        let answer = reply.json();
        assert_eq!(answer["token_type"].as_str().map(str::to_lowercase).unwrap(), "bearer");
        let text = |name: &str| {
            let value = answer[name].as_str().unwrap();
            self.secrets.token(value);
            value.to_owned()
        };
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }

    pub(crate) fn mcp(&self, tokens: &Tokens, era: Era) -> Mcp {
        Mcp::new(self.connector.clone(), &tokens.access, era)
    }
}
