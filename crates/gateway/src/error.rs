//! How refusals leave the gateway: the bearer challenge, OAuth's JSON errors, and the answers
//! to unknown paths, wrong methods and our own faults.

use std::any::Any;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::oauth::{ErrorBody, ErrorCode};
use domain::origin::Origin;
use domain::realm::Realm;
use domain::scope::Scopes;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONNECTION, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{HeaderMap, Method, StatusCode};

use crate::failures::Code;
use crate::language::Language;
use crate::pages;
use crate::state::AppState;

/// Why `/mcp` refuses the bearer of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No credential at all, or one of another scheme. RFC 6750 §3.1: no error code then.
    NoToken,
    /// Unknown, expired, revoked or malformed: one answer for all of them.
    TokenRejected,
    /// The token is ours and alive, but Garmin no longer accepts the account's credentials.
    SignInNeeded,
    /// Two credentials, or one in a place where none may be.
    Malformed,
    /// The operation needs more than the connection was given.
    ScopeMissing { needed: Scopes },
}

/// The answer to a refused bearer: RFC 6750 §3 with the pointer of RFC 9728 §5.1, by which a
/// client finds its way to the sign-in page.
#[must_use]
pub fn challenge(origin: &Origin, realm: Realm, refusal: Refusal) -> Response {
    let (status, code, description) = match refusal {
        Refusal::NoToken => (
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            "This address needs an access token: connect the Garmin connector first.".to_owned(),
        ),
        Refusal::TokenRejected => (
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            "The access token is unknown, expired or revoked. Reconnect the Garmin connector."
                .to_owned(),
        ),
        Refusal::SignInNeeded => (
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidToken,
            format!(
                "Garmin Connect asks for a new sign-in. Open your client's connector settings, \
                 choose Garmin and connect again. Help: {origin}/"
            ),
        ),
        Refusal::Malformed => (
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidRequest,
            "Send exactly one access token, in the Authorization header.".to_owned(),
        ),
        Refusal::ScopeMissing { .. } => (
            StatusCode::FORBIDDEN,
            ErrorCode::InsufficientScope,
            "This connection may only read. Connect again and allow changes.".to_owned(),
        ),
    };
    let scope = match refusal {
        Refusal::ScopeMissing { needed } => Some(needed),
        // Clients ask for what the first challenge names, and hosts cannot ask for more later.
        Refusal::NoToken | Refusal::TokenRejected | Refusal::SignInNeeded => {
            Some(Scopes::ReadWrite)
        }
        Refusal::Malformed => None,
    };
    let pointer = realm.resource_metadata(origin);
    let scope = scope.map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
    let error = match refusal {
        Refusal::NoToken => String::new(),
        Refusal::TokenRejected
        | Refusal::SignInNeeded
        | Refusal::Malformed
        | Refusal::ScopeMissing { .. } => {
            format!(", error=\"{}\", error_description=\"{description}\"", code.as_str())
        }
    };
    let header = format!("Bearer resource_metadata=\"{pointer}\"{scope}{error}");
    let mut response =
        (status, Json(ErrorBody { error: code, error_description: description })).into_response();
    response.extensions_mut().insert(Code(code.as_str()));
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&header) {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal of an OAuth endpoint that machines call: RFC 6749 §5.2, RFC 7591 §3.2.2.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct OAuthError {
    pub status: StatusCode,
    pub code: ErrorCode,
    pub description: &'static str,
    pub retry_after: Option<Duration>,
}

impl OAuthError {
    #[must_use]
    pub fn new(status: StatusCode, code: ErrorCode, description: &'static str) -> Self {
        Self { status, code, description, retry_after: None }
    }

    #[must_use]
    pub fn invalid_request(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorCode::InvalidRequest, description)
    }

    /// One text for every reason: which one it was helps only an attacker.
    #[must_use]
    pub fn invalid_grant() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            ErrorCode::InvalidGrant,
            "The code or token is invalid, expired, revoked or was issued to somebody else.",
        )
    }

    #[must_use]
    pub fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            ErrorCode::InvalidClient,
            "The client is unknown or did not prove who it is; register again.",
        )
    }

    /// Our own trouble. Never `invalid_grant`: hosts throw credentials away on that.
    #[must_use]
    pub fn unavailable() -> Self {
        Self {
            retry_after: Some(Duration::from_secs(2)),
            ..Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                ErrorCode::TemporarilyUnavailable,
                "The service cannot answer at the moment. Try again shortly.",
            )
        }
    }

    /// Whether the request held a code, token or client that is none.
    #[must_use]
    pub fn is_miss(&self) -> bool {
        matches!(self.code, ErrorCode::InvalidGrant | ErrorCode::InvalidClient)
    }

    #[must_use]
    pub fn slow_down(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorCode::SlowDown,
                "Too many requests: rate limited.",
            )
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = ErrorBody { error: self.code, error_description: self.description.to_owned() };
        let mut response = (self.status, Json(body)).into_response();
        response.extensions_mut().insert(Code(self.code.as_str()));
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some(wait) = self.retry_after {
            headers.insert(RETRY_AFTER, whole_seconds(wait));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Every 401 names a scheme (RFC 9110 §15.5.2), and whoever spoke Basic hears it.
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"oauth\""));
        }
        if matches!(self.status, StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT) {
            // The rest of the body is on its way, or never comes; reading on gains nothing.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A `Retry-After` value, rounded up: a client that obeys must not come a moment too early.
#[must_use]
pub fn whole_seconds(wait: Duration) -> HeaderValue {
    let seconds = wait.as_millis().div_ceil(1000);
    HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX).clamp(1, 86_400))
}

/// Whether a page is wanted. A browser names `text/html`; programs say JSON, `*/*` or nothing.
#[must_use]
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.split(',').any(|range| range.trim().starts_with("text/html")))
}

/// A small JSON refusal outside OAuth.
#[must_use]
pub fn json_error(status: StatusCode, error: &'static str, description: &'static str) -> Response {
    let body = serde_json::json!({ "error": error, "error_description": description });
    let mut response = (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response();
    response.extensions_mut().insert(Code(error));
    response
}

/// Paths that do not exist: a page for people, JSON for programs, 404 for both.
pub async fn not_found(
    State(app): State<AppState>,
    language: Language,
    headers: HeaderMap,
) -> Response {
    if wants_page(&headers) {
        pages::not_found(pages::Site::of(&app, language))
    } else {
        json_error(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.")
    }
}

/// A known path with a method it does not have; the router adds `Allow`.
pub async fn method_not_allowed(_method: Method) -> Response {
    json_error(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This address does not answer to that method; see the Allow header.",
    )
}

/// What a page or a document becomes that takes longer than anybody waits.
#[must_use]
pub fn late() -> Response {
    tracing::error!(event = "handler-late", "a handler was given up");
    let mut response = json_error(
        StatusCode::SERVICE_UNAVAILABLE,
        "temporarily_unavailable",
        "The service cannot answer at the moment. Try again shortly.",
    );
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// What a panic in a handler becomes. The payload may quote input, so it is not shown and not
/// logged; the panic hook has already logged the place.
#[must_use]
pub fn panicked(_payload: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!(event = "handler-panicked", "a handler panicked");
    json_error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "server_error",
        "Something went wrong on our side. Try again shortly.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(refusal: Refusal) -> (StatusCode, String) {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let response = challenge(&origin, Realm::Own, refusal);
        let header = response.headers()[WWW_AUTHENTICATE].to_str().unwrap().to_owned();
        (response.status(), header)
    }

    #[test]
    fn a_request_without_a_token_gets_the_pointer_and_no_error() {
        let (status, header) = header_of(Refusal::NoToken);
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            header,
            "Bearer resource_metadata=\"https://garmin.example.org/.well-known/\
             oauth-protected-resource/mcp\", scope=\"garmin:read garmin:write\""
        );
    }

    #[test]
    fn sec005_every_other_refusal_names_its_error_and_keeps_the_pointer() {
        for (refusal, status, code) in [
            (Refusal::TokenRejected, 401, "invalid_token"),
            (Refusal::SignInNeeded, 401, "invalid_token"),
            (Refusal::Malformed, 400, "invalid_request"),
            (Refusal::ScopeMissing { needed: Scopes::ReadWrite }, 403, "insufficient_scope"),
        ] {
            let (got, header) = header_of(refusal);
            assert_eq!(got, status, "{refusal:?}");
            assert!(header.contains(&format!("error=\"{code}\"")), "{header}");
            assert!(header.contains("resource_metadata=\"https://"), "{header}");
            assert_eq!(header.matches('"').count() % 2, 0, "{header}");
        }
    }

    #[test]
    fn sec006_every_401_of_an_endpoint_of_machines_names_a_scheme() {
        let response = OAuthError::invalid_client().into_response();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Basic realm=\"oauth\"");
        assert!(
            OAuthError::invalid_grant().into_response().headers().get(WWW_AUTHENTICATE).is_none()
        );
    }

    #[test]
    fn a_wait_is_rounded_up_and_never_zero() {
        assert_eq!(whole_seconds(Duration::from_millis(1001)), "2");
        assert_eq!(whole_seconds(Duration::ZERO), "1");
    }

    #[test]
    fn only_a_browser_wants_a_page() {
        let accept = |text| HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(text))]);
        assert!(wants_page(&accept("text/html,application/xhtml+xml,*/*;q=0.8")));
        assert!(!wants_page(&accept("*/*")));
        assert!(!wants_page(&accept("application/json, text/event-stream")));
        assert!(!wants_page(&HeaderMap::new()));
    }
}
