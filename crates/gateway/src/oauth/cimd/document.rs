//! What a metadata document may say, and what of it is believed.

use domain::oauth::AuthMethod;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::text::is_harmless;
use serde_json::{Map, Value};
use store::NewClient;
use url::Url;

use super::DocumentUrl;
use crate::strict_json;

/// Why a document describes nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadDocument {
    #[error("not one JSON object whose keys are all different")]
    NotAnObject,
    #[error("client_id is not the address of the document")]
    OtherClient,
    #[error("client_name is missing")]
    NoName,
    #[error("no usable redirect_uris")]
    NoRedirects,
    #[error("holds a secret")]
    Secret,
    #[error("offers no way to authenticate that is known here")]
    AuthMethod,
    #[error("offers private_key_jwt only")]
    KeyRequired,
    #[error("grant_types or response_types do not include the code flow")]
    Flow,
    #[error("an address in it is not a web address")]
    Address,
    #[error("a member has the wrong type")]
    WrongType,
}

/// A key set in it is four deep.
const DEEPEST: u8 = 16;
const LONGEST_NAME: usize = 100;
const LONGEST_ADDRESS: usize = 2048;

/// The client a document describes; always a public one.
pub(super) fn read(url: &DocumentUrl, body: &[u8]) -> Result<NewClient, BadDocument> {
    let members = strict_json::object(body, DEEPEST).map_err(|_| BadDocument::NotAnObject)?;
    let document = Members(members);
    if document.text("client_id")? != Some(url.as_str()) {
        return Err(BadDocument::OtherClient);
    }
    document.check_secrets()?;
    document.check_auth_method()?;
    document.check_flow()?;
    for name in ["policy_uri", "tos_uri", "jwks_uri"] {
        document.address(name)?;
    }
    Ok(NewClient {
        id: url.client_id().clone(),
        auth_method: AuthMethod::None,
        secret: None,
        redirect_uris: document.redirect_uris()?,
        name: Some(document.name()?),
        client_uri: document.address("client_uri")?,
        logo_uri: document.address("logo_uri")?,
        // A client that names none of our scopes is limited to none of them.
        about: store::ClientDetails::default(),
        scopes: document.text("scope")?.and_then(|scope| Scopes::parse(scope).ok()),
    })
}

struct Members(Map<String, Value>);

impl Members {
    fn text(&self, name: &str) -> Result<Option<&str>, BadDocument> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(BadDocument::WrongType),
        }
    }

    fn list(&self, name: &str) -> Result<Option<Vec<&str>>, BadDocument> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Array(entries)) => entries
                .iter()
                .map(Value::as_str)
                .collect::<Option<Vec<_>>>()
                .map(Some)
                .ok_or(BadDocument::WrongType),
            Some(_) => Err(BadDocument::WrongType),
        }
    }

    /// A published secret is none, and one published by mistake should not be taken up.
    fn check_secrets(&self) -> Result<(), BadDocument> {
        let secret = ["client_secret", "client_secret_expires_at", "registration_access_token"]
            .iter()
            .any(|name| self.0.contains_key(*name));
        // Members of private and symmetric keys (RFC 7518 §6).
        let private = |key: &Value| ["d", "k", "p", "q"].iter().any(|part| key.get(part).is_some());
        let keys = self.0.get("jwks").and_then(|set| set.get("keys")).and_then(Value::as_array);
        if secret || keys.is_some_and(|keys| keys.iter().any(private)) {
            return Err(BadDocument::Secret);
        }
        Ok(())
    }

    /// Keys are not asked for here: a client that prefers them must offer to do without.
    fn check_auth_method(&self) -> Result<(), BadDocument> {
        let also = self.list("token_endpoint_auth_methods_supported")?.unwrap_or_default();
        match self.text("token_endpoint_auth_method")? {
            None | Some("none") => Ok(()),
            Some(method) if method.starts_with("client_secret") => Err(BadDocument::Secret),
            Some(_) if also.contains(&"none") => Ok(()),
            Some("private_key_jwt") => Err(BadDocument::KeyRequired),
            Some(_) => Err(BadDocument::AuthMethod),
        }
    }

    fn check_flow(&self) -> Result<(), BadDocument> {
        let lacks = |name, needed| {
            self.list(name).map(|list| list.is_some_and(|list| !list.contains(&needed)))
        };
        if lacks("grant_types", "authorization_code")? || lacks("response_types", "code")? {
            return Err(BadDocument::Flow);
        }
        Ok(())
    }

    /// The name as it may be shown: nothing that reorders, hides or breaks text.
    fn name(&self) -> Result<String, BadDocument> {
        let name = self.text("client_name")?.ok_or(BadDocument::NoName)?;
        let clean: String =
            name.chars().filter(|&letter| is_harmless(letter)).take(LONGEST_NAME).collect();
        let clean = clean.trim();
        if clean.is_empty() { Err(BadDocument::NoName) } else { Ok(clean.to_owned()) }
    }

    /// One document is published for all servers: an entry that is of no use here is left
    /// out, where a registration would be refused.
    fn redirect_uris(&self) -> Result<Vec<RedirectUri>, BadDocument> {
        let listed = self.list("redirect_uris")?.ok_or(BadDocument::NoRedirects)?;
        let usable: Vec<_> =
            listed.into_iter().filter_map(|uri| RedirectUri::parse(uri).ok()).collect();
        if usable.is_empty() { Err(BadDocument::NoRedirects) } else { Ok(usable) }
    }

    /// An address that could at most be shown; none of them is ever fetched.
    fn address(&self, name: &str) -> Result<Option<String>, BadDocument> {
        let Some(address) = self.text(name)? else { return Ok(None) };
        let web = |url: &Url| matches!(url.scheme(), "https" | "http");
        match Url::parse(address).ok().filter(web) {
            Some(_) if address.len() <= LONGEST_ADDRESS => Ok(Some(address.to_owned())),
            Some(_) | None => Err(BadDocument::Address),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://client.example/metadata.json";

    /// A good document with some members replaced; `null` removes one.
    fn with(changes: &Value) -> Result<NewClient, BadDocument> {
        let mut document = json!({
            "client_id": URL,
            "client_name": "A client",
            "redirect_uris": ["https://client.example/cb", "http://127.0.0.1/cb"],
        });
        let members = document.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            members.insert(name.clone(), value.clone());
        }
        members.retain(|_, value| !value.is_null());
        read_text(&document.to_string())
    }

    fn read_text(text: &str) -> Result<NewClient, BadDocument> {
        read(&DocumentUrl::parse(URL).unwrap(), text.as_bytes())
    }

    #[test]
    fn a_plain_document_is_a_public_client() {
        let client = with(&json!({
            "client_uri": "https://client.example", "logo_uri": "https://client.example/logo.png",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
            "token_endpoint_auth_method": "none", "scope": "garmin:read openid", "odd": {"x": 1},
        }))
        .unwrap();
        assert_eq!(client.id.as_str(), URL);
        assert_eq!((client.auth_method, client.secret.is_none()), (AuthMethod::None, true));
        assert_eq!(client.name.as_deref(), Some("A client"));
        assert_eq!(client.redirect_uris.len(), 2);
        assert_eq!(client.scopes, Some(Scopes::ReadOnly));
    }

    #[test]
    fn t88_sec033_the_document_names_its_own_address_byte_for_byte() {
        for other in [
            "https://client.example/metadata.json/",
            "https://client.example//metadata.json",
            "https://client.example/Metadata.json",
            "https://CLIENT.example/metadata.json",
            "https://client.example:443/metadata.json",
            "https://client.example/metadata.json?",
            "http://client.example/metadata.json",
            "",
        ] {
            assert_eq!(with(&json!({ "client_id": other })).err(), Some(BadDocument::OtherClient));
        }
        assert_eq!(with(&json!({ "client_id": null })).err(), Some(BadDocument::OtherClient));
        assert_eq!(with(&json!({ "client_id": [URL] })).err(), Some(BadDocument::WrongType));
    }

    #[test]
    fn t89_sec033_secrets_have_no_place_in_public() {
        for secret in [
            json!({ "client_secret": "x" }),
            json!({ "client_secret": "" }),
            json!({ "client_secret_expires_at": 0 }),
            json!({ "registration_access_token": "x" }),
            json!({ "token_endpoint_auth_method": "client_secret_basic" }),
            json!({ "token_endpoint_auth_method": "client_secret_post" }),
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
            json!({ "jwks": { "keys": [{ "kty": "oct", "k": "x" }] } }),
            json!({ "jwks": { "keys": [{ "kty": "EC", "x": "x", "d": "x" }] } }),
        ] {
            assert_eq!(with(&secret).err(), Some(BadDocument::Secret), "{secret}");
        }
        assert!(with(&json!({ "jwks": { "keys": [{ "kty": "EC", "x": "x" }] } })).is_ok());
    }

    #[test]
    fn a_client_with_keys_is_taken_when_it_offers_to_do_without_them() {
        let both = json!({
            "token_endpoint_auth_method": "private_key_jwt",
            "token_endpoint_auth_methods_supported": ["private_key_jwt", "none"],
            "jwks_uri": "https://client.example/jwks.json",
        });
        assert_eq!(with(&both).unwrap().auth_method, AuthMethod::None);
        let keys = json!({ "token_endpoint_auth_method": "private_key_jwt" });
        assert_eq!(with(&keys).err(), Some(BadDocument::KeyRequired));
        let certificate = json!({ "token_endpoint_auth_method": "tls_client_auth" });
        assert_eq!(with(&certificate).err(), Some(BadDocument::AuthMethod));
    }

    #[test]
    fn sec033_a_name_and_a_place_to_return_to_are_needed() {
        use BadDocument as B;
        for (changes, flaw) in [
            (json!({ "client_name": null }), B::NoName),
            (json!({ "client_name": "\u{202e}\u{200b} " }), B::NoName),
            (json!({ "client_name": 7 }), B::WrongType),
            (json!({ "redirect_uris": null }), B::NoRedirects),
            (json!({ "redirect_uris": [] }), B::NoRedirects),
            (json!({ "redirect_uris": "https://client.example/cb" }), B::WrongType),
            (json!({ "redirect_uris": ["https://client.example/cb", 1] }), B::WrongType),
            (json!({ "redirect_uris": ["javascript:alert(1)"] }), B::NoRedirects),
            (json!({ "grant_types": ["client_credentials"] }), B::Flow),
            (json!({ "response_types": ["token"] }), B::Flow),
        ] {
            assert_eq!(with(&changes).err(), Some(flaw), "{changes}");
        }
        let some = with(&json!({ "redirect_uris": ["odd:x", "https://client.example/cb"] }));
        assert_eq!(some.unwrap().redirect_uris.len(), 1);
        let long = with(&json!({ "client_name": "\u{202e}W".repeat(5000) })).unwrap();
        assert_eq!(long.name.unwrap(), "W".repeat(100));
    }

    #[test]
    fn sec039_addresses_that_could_be_shown_are_web_addresses() {
        for name in ["logo_uri", "client_uri", "policy_uri", "tos_uri", "jwks_uri"] {
            for bad in ["javascript:alert(1)", "data:image/png;base64,x", "file:///etc/x", "x"] {
                let changes = json!({ name: bad });
                assert_eq!(with(&changes).err(), Some(BadDocument::Address), "{name}={bad}");
            }
        }
    }

    #[test]
    fn sec033_what_is_not_one_clean_object_is_refused() {
        for bad in [
            "",
            "[]",
            "null",
            "<html>",
            r#"{"client_id":"https://client.example/metadata.json","client_id":"x"}"#,
            &format!("{{\"client_id\":\"{URL}\",\"x\":{}1{}}}", "[".repeat(99), "]".repeat(99)),
        ] {
            assert_eq!(read_text(bad).err(), Some(BadDocument::NotAnObject), "{bad}");
        }
        let url = DocumentUrl::parse(URL).unwrap();
        assert_eq!(read(&url, b"\xff\xfe{}").err(), Some(BadDocument::NotAnObject));
    }
}
