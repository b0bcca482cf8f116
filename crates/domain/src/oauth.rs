//! Wire types of OAuth: the documents and answers this server publishes.

use serde::{Deserialize, Serialize};

use crate::id::ClientId;
use crate::origin::Origin;
use crate::realm::Realm;
use crate::redirect::RedirectUri;
use crate::scope::Scope;

/// RFC 9728 metadata of the one protected resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectedResourceMetadata {
    pub resource: String,
    pub authorization_servers: Vec<String>,
    pub scopes_supported: Vec<String>,
    pub bearer_methods_supported: Vec<String>,
    pub resource_name: String,
    pub resource_documentation: String,
}

impl ProtectedResourceMetadata {
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        Self::under(origin, Realm::Own)
    }

    #[must_use]
    pub fn under(origin: &Origin, realm: Realm) -> Self {
        Self {
            resource: realm.resource(origin),
            authorization_servers: vec![realm.issuer(origin)],
            scopes_supported: scopes(),
            bearer_methods_supported: vec!["header".to_owned()],
            resource_name: "Garmin Connect".to_owned(),
            resource_documentation: origin.join("/"),
        }
    }
}

/// RFC 8414 metadata. Everything is derived from the one [`Origin`], so issuer, endpoints and
/// `iss` cannot drift apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationServerMetadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub registration_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revocation_endpoint: Option<String>,
    pub scopes_supported: Vec<String>,
    pub response_types_supported: Vec<String>,
    pub response_modes_supported: Vec<String>,
    pub grant_types_supported: Vec<String>,
    pub code_challenge_methods_supported: Vec<String>,
    pub token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub revocation_endpoint_auth_methods_supported: Vec<String>,
    pub authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub client_id_metadata_document_supported: bool,
    pub protected_resources: Vec<String>,
    pub service_documentation: String,
}

impl AuthorizationServerMetadata {
    #[must_use]
    pub fn of(origin: &Origin) -> Self {
        Self::under(origin, Realm::Own)
    }

    #[must_use]
    pub fn under(origin: &Origin, realm: Realm) -> Self {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
        let mut supported = scopes();
        supported.push(OFFLINE_ACCESS.to_owned());
        Self {
            issuer: realm.issuer(origin),
            authorization_endpoint: realm.join(origin, "/oauth/authorize"),
            token_endpoint: realm.join(origin, "/oauth/token"),
            registration_endpoint: realm.join(origin, "/oauth/register"),
            revocation_endpoint: Some(realm.join(origin, "/oauth/revoke")),
            scopes_supported: supported,
            response_types_supported: words(&["code"]),
            response_modes_supported: words(&["query"]),
            grant_types_supported: words(&["authorization_code", "refresh_token"]),
            code_challenge_methods_supported: words(&["S256"]),
            token_endpoint_auth_methods_supported: words(&AuthMethod::ALL.map(AuthMethod::as_str)),
            revocation_endpoint_auth_methods_supported: words(
                &AuthMethod::ALL.map(AuthMethod::as_str),
            ),
            authorization_response_iss_parameter_supported: true,
            // The operator's choice, and so not for a constant of the origin to say.
            client_id_metadata_document_supported: false,
            protected_resources: vec![realm.resource(origin)],
            service_documentation: origin.join("/"),
        }
    }
}

/// Asks for refresh tokens. Ours are issued regardless; clients like to see it offered.
pub const OFFLINE_ACCESS: &str = "offline_access";

fn scopes() -> Vec<String> {
    Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// A public client: PKCE alone.
    #[default]
    None,
    ClientSecretPost,
    ClientSecretBasic,
}

impl AuthMethod {
    pub const ALL: [Self; 3] = [Self::None, Self::ClientSecretPost, Self::ClientSecretBasic];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretBasic => "client_secret_basic",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// The answer to a registration (RFC 7591 §3.2.1): what was actually stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationResponse {
    pub client_id: ClientId,
    pub client_id_issued_at: i64,
    /// Shown this once; only its digest is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<String>,
    /// Required beside a secret; zero says that it does not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret_expires_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_name: Option<String>,
    pub redirect_uris: Vec<RedirectUri>,
    pub grant_types: Vec<String>,
    pub response_types: Vec<String>,
    pub token_endpoint_auth_method: AuthMethod,
    pub scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tos_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub software_version: Option<String>,
}

/// RFC 6749 §5.1. No `Debug`: it carries the tokens in the clear.
#[derive(Serialize)]
pub struct TokenResponse<'a> {
    pub access_token: &'a str,
    pub token_type: &'static str,
    /// Absent when access tokens do not expire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u64>,
    pub refresh_token: &'a str,
    pub scope: &'a str,
}

/// Registered error codes. Which HTTP status goes with one depends on the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnsupportedGrantType,
    UnsupportedResponseType,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    InsufficientScope,
    AccessDenied,
    ServerError,
    TemporarilyUnavailable,
    SlowDown,
    InvalidRedirectUri,
    InvalidClientMetadata,
    RequestNotSupported,
    RequestUriNotSupported,
    LoginRequired,
}

impl ErrorCode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::SlowDown => "slow_down",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::LoginRequired => "login_required",
        }
    }
}

/// The JSON body of every OAuth refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    pub error: ErrorCode,
    pub error_description: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_issuer_is_the_authorization_server_byte_for_byte() {
        let origin = Origin::parse("https://garmin.example.org/").unwrap();
        for realm in Realm::ALL {
            let resource = ProtectedResourceMetadata::under(&origin, realm);
            let server = AuthorizationServerMetadata::under(&origin, realm);
            assert_eq!(resource.authorization_servers, std::slice::from_ref(&server.issuer));
            assert_eq!(server.issuer, realm.issuer(&origin));
            assert_eq!(server.protected_resources, [resource.resource]);
            for endpoint in [&server.authorization_endpoint, &server.token_endpoint] {
                assert!(endpoint.starts_with(&format!("{}/oauth/", server.issuer)), "{endpoint}");
            }
        }
    }

    #[test]
    fn only_the_authorization_server_offers_offline_access() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let offered = |list: Vec<String>| list.iter().any(|scope| scope == OFFLINE_ACCESS);
        assert!(!offered(ProtectedResourceMetadata::of(&origin).scopes_supported));
        assert!(offered(AuthorizationServerMetadata::of(&origin).scopes_supported));
    }

    #[test]
    fn an_error_code_reads_the_same_in_json_and_in_a_redirect() {
        let json = serde_json::to_value(ErrorCode::InvalidRedirectUri).unwrap();
        assert_eq!(json, ErrorCode::InvalidRedirectUri.as_str());
    }

    proptest! {
        #[test]
        fn t131_sec007_whatever_the_public_url_issuer_and_entry_are_the_same_bytes(
            scheme in "(https|HTTPS)",
            host in "([a-zA-Z][a-zA-Z0-9]{0,8}\\.){1,3}[a-zA-Z]{2,5}|xn--bcher-kva\\.example|bücher\\.example|127\\.0\\.0\\.1|\\[::1\\]",
            port in "(|:443|:8443|:1)",
            slash in "/?",
        ) {
            let text = format!("{scheme}://{host}{port}{slash}");
            let origin = Origin::parse(&text).unwrap();
            let resource = ProtectedResourceMetadata::of(&origin);
            let server = AuthorizationServerMetadata::of(&origin);
            prop_assert_eq!(&server.issuer, origin.as_str());
            prop_assert_eq!(&resource.authorization_servers, std::slice::from_ref(&server.issuer));
            prop_assert_eq!(&resource.resource, &format!("{}/mcp", server.issuer));
            prop_assert_eq!(&server.protected_resources, std::slice::from_ref(&resource.resource));
            for endpoint in [&server.authorization_endpoint, &server.token_endpoint] {
                let path = endpoint.strip_prefix(&*server.issuer);
                prop_assert!(path.is_some_and(|path| path.starts_with('/')), "{}", endpoint);
            }
            // A client compares what it was given with what it reads, byte for byte.
            let written = serde_json::to_string(&server).unwrap();
            let issuer = format!("\"issuer\":\"{}\"", origin.as_str());
            prop_assert!(written.contains(&issuer), "{}", written);
        }
    }
}
