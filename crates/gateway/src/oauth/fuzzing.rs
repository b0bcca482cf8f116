//! What strangers post to the authorization server, as functions of bytes.

#![expect(clippy::missing_panics_doc, reason = "a finding is a panic")]

pub use super::cimd::fuzzing::client_document;

use domain::pkce::Challenge;
use domain::realm::Realm;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;

use super::register::Asked;
use super::request;
use crate::extract::form::Params;
use crate::fuzzing::{assert_describable, origin};

/// The body of a registration.
pub fn registration(data: &[u8]) {
    match Asked::parse(data) {
        Ok(asked) => {
            assert!((1..=10).contains(&asked.redirect_uris.len()), "a client without a way back");
            let again = asked.redirect_uris.iter().map(RedirectUri::as_str).map(RedirectUri::parse);
            assert!(again.eq(asked.redirect_uris.iter().cloned().map(Ok)));
            let name = asked.name.unwrap_or_default();
            assert!(name.chars().count() <= 100 && !name.contains(char::is_control), "{name:?}");
        }
        Err(error) => {
            assert!(error.status.is_client_error(), "a bad registration is the client's fault");
            assert_describable(error.description);
        }
    }
}

/// The query of an authorization request.
pub fn authorization_request(data: &[u8]) {
    let (params, Some(origin)) = (Params::parse(data), origin()) else { return };
    let _ = request::state(&params).map(|state| assert!((1..=4096).contains(&state.len())));
    match request::check(&params, Realm::Own, &origin, Some(Scopes::ReadOnly)) {
        Ok(checked) => {
            assert!(Challenge::parse(&checked.challenge).is_ok(), "a challenge nobody can meet");
            assert_eq!(checked.scopes, Scopes::ReadOnly, "more than was registered for");
            assert_eq!(params.one("response_type"), Ok(Some("code")));
            assert_eq!(params.one("code_challenge_method"), Ok(Some("S256")));
            assert!(params.all("resource").all(|resource| origin.names_resource(resource)));
        }
        Err(refused) => assert_describable(refused.description),
    }
}
