//! Dynamic client registration (RFC 7591): open to everybody, so bounded in every direction.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use domain::id::ClientId;
use domain::oauth::{AuthMethod, ErrorCode, RegistrationResponse};
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{ClientSecret, Token};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde_json::{Map, Value};
use store::{AuditEntry, AuditEvent, Client, ClientDetails, NewClient};
use url::Url;

use super::{audit, store_failed, to_the_end};
use crate::error::OAuthError;
use crate::extract::client_ip::ClientIp;
use crate::extract::form::{MACHINE_LIMIT, has_type, read_body};
use crate::limits::ByAddress;
use crate::state::AppState;
use crate::strict_json;

const MOST_REDIRECTS: usize = 10;
const LONGEST_NAME: usize = 100;
const LONGEST_URL: usize = 2048;
/// Nothing this endpoint reads is nested; a key set a client sends along is, a little.
const DEEPEST: u8 = 16;

pub(super) async fn post(
    State(app): State<AppState>,
    client_ip: ClientIp,
    request: Request,
) -> Result<Response, OAuthError> {
    let check = |what| {
        app.limits.check_address(what, client_ip.0).map_err(|limit| {
            tracing::debug!(event = "oauth-rate-limited", what = "registrations", "");
            OAuthError::slow_down(limit.retry_after)
        })
    };
    if !has_type(request.headers(), "application/json") {
        return Err(metadata_error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "A registration is application/json.",
        ));
    }
    let body = read_body(request, MACHINE_LIMIT).await.map_err(|error| OAuthError {
        code: ErrorCode::InvalidClientMetadata,
        ..OAuthError::from(error)
    })?;
    let asked = match Asked::parse(&body) {
        Ok(asked) => asked,
        Err(error) => {
            check(ByAddress::Miss)?;
            return Err(error);
        }
    };
    let (new, secret) = new_client(&app, asked);
    let known = app.store.find_client(&new.id).await.map_err(|error| store_failed(&error))?;
    if let Some(client) = known {
        // The same public client as before: hosts register for every connection, and twice.
        check(ByAddress::Repeat)?;
        app.store.touch_client(&client.id, app.clock.now());
        return Ok(answer(&client, None));
    }
    check(ByAddress::Registration)?;
    let work = {
        let app = app.clone();
        async move { register(&app, &new, secret.as_ref()).await }
    };
    to_the_end(&app, work).await
}

async fn register(
    app: &AppState,
    new: &NewClient,
    secret: Option<&Token<ClientSecret>>,
) -> Result<Response, OAuthError> {
    let now = app.clock.now();
    let added = app.store.register_client(new, now).await.map_err(|error| store_failed(&error))?;
    if added {
        let event = AuditEvent::ClientRegistered;
        let client = Some(&new.id);
        audit(app, &AuditEntry { event, account: None, device: None, client }, now).await;
        tracing::info!(event = "client-registered", client_id = %new.id, "registered");
    }
    // What is stored is what is told, whoever of two at one moment has stored it.
    let stored = app.store.find_client(&new.id).await.map_err(|error| store_failed(&error))?;
    stored.map(|client| answer(&client, secret)).ok_or_else(OAuthError::unavailable)
}

/// RFC 7591 §3.2.1.
fn answer(client: &Client, secret: Option<&Token<ClientSecret>>) -> Response {
    let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
    let about = client.about.clone();
    let body = RegistrationResponse {
        client_id: client.id.clone(),
        client_id_issued_at: client.created_at.0,
        client_secret: secret.map(|secret| secret.reveal().to_owned()),
        client_secret_expires_at: secret.map(|_| 0),
        client_name: client.name.clone(),
        redirect_uris: client.redirect_uris.clone(),
        // Every client may renew: nobody should have to sign in because a host forgot to ask.
        grant_types: words(&["authorization_code", "refresh_token"]),
        response_types: words(&["code"]),
        token_endpoint_auth_method: client.auth_method,
        scope: client.scopes.unwrap_or(Scopes::ReadWrite).to_string(),
        application_type: about.application_type,
        client_uri: client.client_uri.clone(),
        logo_uri: client.logo_uri.clone(),
        tos_uri: about.tos_uri,
        policy_uri: about.policy_uri,
        software_id: about.software_id,
        software_version: about.software_version,
    };
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    (StatusCode::CREATED, headers, Json(body)).into_response()
}

/// A registration with every rule applied.
pub(super) struct Asked {
    pub(super) redirect_uris: Vec<RedirectUri>,
    auth_method: AuthMethod,
    pub(super) name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    scopes: Option<Scopes>,
    about: ClientDetails,
}

impl Asked {
    pub(super) fn parse(body: &[u8]) -> Result<Self, OAuthError> {
        let fields = strict_json::object(body, DEEPEST)
            .map_err(|_| invalid("The body is not a JSON object with every member once."))?;
        check_flows(&fields)?;
        let auth_method = match text(&fields, "token_endpoint_auth_method")? {
            // A missing method nearly always means a public client, whatever the RFC says.
            None => AuthMethod::None,
            Some(name) => AuthMethod::parse(name).ok_or(invalid(
                "token_endpoint_auth_method must be none, client_secret_post or \
                 client_secret_basic.",
            ))?,
        };
        let application_type = match text(&fields, "application_type")? {
            None => None,
            Some(kind @ ("web" | "native")) => Some(kind.to_owned()),
            Some(_) => return Err(invalid("application_type must be web or native.")),
        };
        // Nothing here is signed with a key; an address of keys must be one all the same.
        web_address(&fields, "jwks_uri")?;
        Ok(Self {
            redirect_uris: redirect_uris(&fields)?,
            auth_method,
            name: text(&fields, "client_name")?.and_then(clean_name),
            client_uri: web_address(&fields, "client_uri")?,
            logo_uri: web_address(&fields, "logo_uri")?,
            // A client that names none of our scopes is limited to none of them later on.
            scopes: text(&fields, "scope")?.and_then(|scope| Scopes::parse(scope).ok()),
            about: ClientDetails {
                application_type,
                tos_uri: web_address(&fields, "tos_uri")?,
                policy_uri: web_address(&fields, "policy_uri")?,
                software_id: text(&fields, "software_id")?.and_then(clean_name),
                software_version: text(&fields, "software_version")?.and_then(clean_name),
            },
        })
    }

    /// Everything that makes two registrations the same, in one unambiguous text.
    fn canonical(&self) -> String {
        let mut redirects: Vec<&str> = self.redirect_uris.iter().map(RedirectUri::as_str).collect();
        redirects.sort_unstable();
        redirects.dedup();
        serde_json::json!([
            redirects,
            self.name,
            self.client_uri,
            self.logo_uri,
            self.scopes,
            self.about
        ])
        .to_string()
    }
}

/// A public client is what it says it is, so the same words are the same client. A confidential
/// one has a secret of its own every time.
fn new_client(app: &AppState, asked: Asked) -> (NewClient, Option<Token<ClientSecret>>) {
    let (id, secret) = match asked.auth_method {
        AuthMethod::None => (app.store.public_client_id(&asked.canonical()), None),
        AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic => {
            let secret = Token::generate(&*app.entropy);
            (ClientId::generate(&*app.entropy), Some(secret))
        }
    };
    let new = NewClient {
        id,
        auth_method: asked.auth_method,
        secret: secret.as_ref().map(|secret| app.store.digest(secret)),
        redirect_uris: asked.redirect_uris,
        name: asked.name,
        client_uri: asked.client_uri,
        logo_uri: asked.logo_uri,
        scopes: asked.scopes,
        about: asked.about,
    };
    (new, secret)
}

fn metadata_error(status: StatusCode, description: &'static str) -> OAuthError {
    OAuthError::new(status, ErrorCode::InvalidClientMetadata, description)
}

fn invalid(description: &'static str) -> OAuthError {
    metadata_error(StatusCode::BAD_REQUEST, description)
}

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, OAuthError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid("A member that must be a string is none.")),
    }
}

fn strings<'a>(
    fields: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<Vec<&'a str>>, OAuthError> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(entries)) => entries
            .iter()
            .map(Value::as_str)
            .collect::<Option<Vec<_>>>()
            .map(Some)
            .ok_or(invalid("A list holds something that is no string.")),
        Some(_) => Err(invalid("A member that must be a list is none.")),
    }
}

/// Of what a client wants to use, something must be left that we offer.
fn check_flows(fields: &Map<String, Value>) -> Result<(), OAuthError> {
    if strings(fields, "grant_types")?.is_some_and(|list| !list.contains(&"authorization_code")) {
        return Err(invalid("grant_types must include authorization_code."));
    }
    if strings(fields, "response_types")?.is_some_and(|list| !list.contains(&"code")) {
        return Err(invalid("response_types must include code."));
    }
    Ok(())
}

fn redirect_uris(fields: &Map<String, Value>) -> Result<Vec<RedirectUri>, OAuthError> {
    let refuse = |description| {
        OAuthError::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidRedirectUri, description)
    };
    let list = strings(fields, "redirect_uris")
        .map_err(|_| refuse("redirect_uris must be a list of strings."))?
        .unwrap_or_default();
    if !(1..=MOST_REDIRECTS).contains(&list.len()) {
        return Err(refuse("Register 1 to 10 redirect URIs."));
    }
    list.into_iter()
        .map(RedirectUri::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| refuse("A redirect URI must be https, loopback http or an app's own scheme."))
}

/// An address that could at most be shown; it is never fetched.
fn web_address(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, OAuthError> {
    let Some(address) = text(fields, name)? else { return Ok(None) };
    // A parser drops line breaks and tabs without a word.
    let plain = !address.chars().any(|c| c.is_control() || c.is_whitespace());
    let web = |url: &Url| {
        matches!(url.scheme(), "https" | "http")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let fine =
        plain && address.len() <= LONGEST_URL && Url::parse(address).is_ok_and(|url| web(&url));
    if fine {
        Ok(Some(address.to_owned()))
    } else {
        Err(invalid("Every address of a client must be a web address."))
    }
}

/// A name as it may be shown: nothing that reorders, hides or breaks text, and not too long.
fn clean_name(name: &str) -> Option<String> {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    let clean: String = name.chars().filter(|&c| !hidden(c)).take(LONGEST_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(json: &str) -> Result<Asked, ErrorCode> {
        Asked::parse(json.as_bytes()).map_err(|error| error.code)
    }

    #[test]
    fn sec043_a_name_loses_what_could_mislead() {
        assert_eq!(clean_name("Cl\u{202e}au\u{200b}de\n").as_deref(), Some("Claude"));
        assert_eq!(clean_name("\u{200b} "), None);
        assert_eq!(clean_name(&"x".repeat(10_000)).map(|name| name.len()), Some(100));
    }

    #[test]
    fn t80_sec039_addresses_that_are_none_of_the_web_are_refused() {
        for field in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"] {
            for bad in [
                "javascript:alert(1)",
                "JavaScript:alert(1)",
                "java\\nscript:alert(1)",
                "data:text/html,x",
                "file:///etc/passwd",
                "vbscript:x",
                " https://a.example",
                "https://a\\t.example",
                "https://u:p@a.example",
                "https:",
                "a.example",
            ] {
                let body =
                    format!(r#"{{"redirect_uris":["https://a.example/cb"],"{field}":"{bad}"}}"#);
                assert_eq!(asked(&body).err(), Some(ErrorCode::InvalidClientMetadata), "{body}");
            }
            let body = format!(
                r#"{{"redirect_uris":["https://a.example/cb"],"{field}":"http://169.254.169.254/"}}"#
            );
            assert!(asked(&body).is_ok(), "stored at most, never fetched");
        }
    }

    #[test]
    fn t77_sec036_degenerate_bodies_are_refused_by_name() {
        use ErrorCode as E;
        for (body, code) in [
            ("", E::InvalidClientMetadata),
            ("[]", E::InvalidClientMetadata),
            ("null", E::InvalidClientMetadata),
            ("{}", E::InvalidRedirectUri),
            (r#"{"redirect_uris":[]}"#, E::InvalidRedirectUri),
            (r#"{"redirect_uris":"https://a.example/cb"}"#, E::InvalidRedirectUri),
            (r#"{"redirect_uris":[1]}"#, E::InvalidRedirectUri),
            (r#"{"redirect_uris":["http://a.example/cb"]}"#, E::InvalidRedirectUri),
            (
                r#"{"redirect_uris":["https://a.example/cb"],"client_name":7}"#,
                E::InvalidClientMetadata,
            ),
            (
                r#"{"redirect_uris":["https://a.example/cb"],"grant_types":["password"]}"#,
                E::InvalidClientMetadata,
            ),
            (
                r#"{"redirect_uris":["https://a.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"#,
                E::InvalidClientMetadata,
            ),
            (
                r#"{"redirect_uris":["https://a.example/cb"],"logo_uri":"javascript:alert(1)"}"#,
                E::InvalidClientMetadata,
            ),
        ] {
            assert_eq!(asked(body).err(), Some(code), "{body}");
        }
    }

    #[test]
    fn t74_unknown_members_and_known_flows_are_fine() {
        let body = r#"{"redirect_uris":["http://localhost/callback"],"application_type":"web",
                       "grant_types":["authorization_code","refresh_token","x"],
                       "response_types":["code"],"software_statement":"x","odd":{}}"#;
        let asked = asked(body).unwrap();
        assert_eq!(asked.auth_method, AuthMethod::None);
        assert_eq!(asked.redirect_uris.len(), 1);
    }
}
