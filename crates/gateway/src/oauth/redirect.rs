//! Authorization responses: what leaves through the client's redirect URI.

use axum::response::{IntoResponse, Response};
use domain::oauth::ErrorCode;
use domain::redirect::RedirectUri;
use http::header::{CACHE_CONTROL, LOCATION, REFERRER_POLICY};
use http::{HeaderValue, StatusCode};

/// Where a person goes with their code. `state` only if the client sent one; `iss` always
/// (RFC 9207).
#[must_use]
pub(crate) fn with_code(
    issuer: &str,
    redirect: &RedirectUri,
    code: &str,
    state: Option<&str>,
) -> String {
    let mut parameters = vec![("code", code)];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    redirect.with_query(&parameters)
}

/// Where a person goes when the request is refused.
#[must_use]
pub(crate) fn with_error(
    issuer: &str,
    redirect: &RedirectUri,
    code: ErrorCode,
    description: &str,
    state: Option<&str>,
) -> String {
    let mut parameters = vec![("error", code.as_str()), ("error_description", description)];
    parameters.extend(state.map(|state| ("state", state)));
    parameters.push(("iss", issuer));
    redirect.with_query(&parameters)
}

/// 303, so that no browser ever sends a form on to the client.
#[must_use]
pub(crate) fn see_other(location: &str) -> Response {
    let Ok(location) = HeaderValue::from_str(location) else {
        // Redirect URIs are visible ASCII and parameters percent-encoded.
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t23_sec047_state_is_echoed_only_when_sent_and_the_issuer_always() {
        let issuer = "https://garmin.example.org";
        let redirect = RedirectUri::parse("https://client.example/cb?keep=1").unwrap();
        assert_eq!(
            with_code(issuer, &redirect, "c", Some("a&b\"<script>")),
            "https://client.example/cb?keep=1&code=c&state=a%26b%22%3Cscript%3E\
             &iss=https%3A%2F%2Fgarmin.example.org"
        );
        let refused = with_error(issuer, &redirect, ErrorCode::AccessDenied, "No.", None);
        assert!(refused.contains("error=access_denied") && !refused.contains("state="));
        assert_eq!(refused.matches("iss=").count(), 1);
    }
}
