//! Dynamic client registration (RFC 7591): open to everybody, so bounded in every direction.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::Timestamp;
use domain::id::ClientId;
use domain::oauth::{AuthMethod, ErrorCode, RegistrationResponse};
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{ClientSecret, Token};
use http::StatusCode;
use http::header::{CACHE_CONTROL, PRAGMA};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use store::{AuditEntry, AuditEvent, NewClient};

use super::{audit, store_failed};
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
    app.limits
        .check_address(ByAddress::OAuth, client_ip.0)
        .map_err(|limit| OAuthError::slow_down(limit.retry_after))?;
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
    let asked = Asked::parse(&body)?;
    let now = app.clock.now();
    let (new, secret) = new_client(&app, &asked);
    let added = app.store.register_client(&new, now).await.map_err(|error| store_failed(&error))?;
    let issued_at = if added {
        let event = AuditEvent::ClientRegistered;
        let client = Some(&new.id);
        audit(&app, &AuditEntry { event, account: None, device: None, client }, now).await;
        now
    } else {
        app.store.touch_client(&new.id, now);
        // The same public client as before: hosts register for every connection, and twice.
        let known = app.store.find_client(&new.id).await.map_err(|error| store_failed(&error))?;
        known.map_or(now, |client| client.created_at)
    };
    tracing::info!(event = "client-registered", client_id = %new.id, new = added, "registered");
    let answer = asked.answer(&new, secret.as_ref(), issued_at);
    let headers = [(CACHE_CONTROL, "no-store"), (PRAGMA, "no-cache")];
    Ok((StatusCode::CREATED, headers, Json(answer)).into_response())
}

/// A registration with every rule applied.
pub(super) struct Asked {
    pub(super) redirect_uris: Vec<RedirectUri>,
    auth_method: AuthMethod,
    pub(super) name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    scopes: Option<Scopes>,
    application_type: Option<String>,
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
        Ok(Self {
            redirect_uris: redirect_uris(&fields)?,
            auth_method,
            name: text(&fields, "client_name")?.and_then(clean_name),
            client_uri: web_address(&fields, "client_uri")?,
            logo_uri: web_address(&fields, "logo_uri")?,
            // A client that names none of our scopes is limited to none of them later on.
            scopes: text(&fields, "scope")?.and_then(|scope| Scopes::parse(scope).ok()),
            application_type,
        })
    }

    fn answer(
        &self,
        new: &NewClient,
        secret: Option<&Token<ClientSecret>>,
        issued_at: Timestamp,
    ) -> RegistrationResponse {
        let words = |list: &[&str]| list.iter().map(|&word| word.to_owned()).collect();
        RegistrationResponse {
            client_id: new.id.clone(),
            client_id_issued_at: issued_at.0,
            client_secret: secret.map(|secret| secret.reveal().to_owned()),
            client_secret_expires_at: secret.map(|_| 0),
            client_name: new.name.clone(),
            redirect_uris: new.redirect_uris.clone(),
            grant_types: words(&["authorization_code", "refresh_token"]),
            response_types: words(&["code"]),
            token_endpoint_auth_method: new.auth_method,
            scope: self.scopes.unwrap_or(Scopes::ReadWrite).to_string(),
            application_type: self.application_type.clone(),
            client_uri: new.client_uri.clone(),
            logo_uri: new.logo_uri.clone(),
        }
    }

    /// Everything that makes two registrations the same, in one unambiguous text.
    fn canonical(&self) -> String {
        serde_json::json!([
            self.redirect_uris,
            self.name,
            self.client_uri,
            self.logo_uri,
            self.scopes,
            self.application_type
        ])
        .to_string()
    }
}

/// A public client is what it says it is, so the same words are the same client: its id is a
/// digest of them. A confidential one has a secret of its own every time.
fn new_client(app: &AppState, asked: &Asked) -> (NewClient, Option<Token<ClientSecret>>) {
    let secret = match asked.auth_method {
        AuthMethod::None => None,
        AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic => {
            Some(Token::generate(&*app.entropy))
        }
    };
    let id = match secret {
        Some(_) => ClientId::generate(&*app.entropy),
        None => public_id(&asked.canonical()).unwrap_or_else(|| ClientId::generate(&*app.entropy)),
    };
    let new = NewClient {
        id,
        auth_method: asked.auth_method,
        secret: secret.as_ref().map(|secret| app.store.digest(secret)),
        redirect_uris: asked.redirect_uris.clone(),
        name: asked.name.clone(),
        client_uri: asked.client_uri.clone(),
        logo_uri: asked.logo_uri.clone(),
        scopes: asked.scopes,
    };
    (new, secret)
}

fn public_id(canonical: &str) -> Option<ClientId> {
    let digest = Sha256::digest(format!("public client\0{canonical}"));
    let text = format!("{}{}", ClientId::PREFIX, URL_SAFE_NO_PAD.encode(&digest[..16]));
    ClientId::parse(&text).ok()
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
    let parsed = url::Url::parse(address)
        .ok()
        .filter(|url| matches!(url.scheme(), "https" | "http") && address.len() <= LONGEST_URL);
    match parsed {
        Some(_) => Ok(Some(address.to_owned())),
        None => Err(invalid("client_uri and logo_uri must be web addresses.")),
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
    fn a_name_loses_what_could_mislead() {
        assert_eq!(clean_name("Cl\u{202e}au\u{200b}de\n").as_deref(), Some("Claude"));
        assert_eq!(clean_name("\u{200b} "), None);
        assert_eq!(clean_name(&"x".repeat(10_000)).map(|name| name.len()), Some(100));
    }

    #[test]
    fn degenerate_bodies_are_refused_by_name() {
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
    fn unknown_members_and_known_flows_are_fine() {
        let body = r#"{"redirect_uris":["http://localhost/callback"],"application_type":"web",
                       "grant_types":["authorization_code","refresh_token","x"],
                       "response_types":["code"],"software_statement":"x","odd":{}}"#;
        let asked = asked(body).unwrap();
        assert_eq!(asked.auth_method, AuthMethod::None);
        assert_eq!(asked.redirect_uris.len(), 1);
    }
}
