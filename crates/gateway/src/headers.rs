//! What every answer, and every page in particular, tells a browser to refuse.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::origin::Origin;
use http::HeaderName;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, HeaderMap, HeaderValue, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use crate::error::OAuthError;

/// For answers that are no page: should a browser be made to show one, nothing in it works.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// Where forms of a page may lead.
#[derive(Debug, Clone, Copy)]
pub enum FormAction<'a> {
    /// The page has no form.
    Nowhere,
    /// Our own address.
    SelfOnly,
    /// Our own address, and through its redirect the client's and what that leads to: browsers
    /// apply the directive to every redirect that follows a form post.
    SelfAnd(&'a str),
}

/// The headers of a page. There is deliberately no `Cross-Origin-Opener-Policy`: clients open
/// the sign-in in a popup and need their opener again afterwards.
pub fn protect_page(headers: &mut HeaderMap, form_action: FormAction<'_>) {
    let forms = match form_action {
        FormAction::Nowhere => "'none'".to_owned(),
        FormAction::SelfOnly => "'self'".to_owned(),
        FormAction::SelfAnd(sources) => format!("'self' {sources}"),
    };
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; \
         frame-ancestors 'none'; form-action {forms}"
    );
    // Redirect URIs are visible ASCII by construction; were one not, no form would work.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; form-action 'none'",
    ));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Dresses every answer, pages and machines' alike. HSTS only where the public address is
/// https: on loopback it would lock other local programs out. Without `includeSubDomains`: what
/// else runs below our name is not ours to decide.
pub(crate) fn secure(public_url: &Origin, headers: &mut HeaderMap) {
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    headers.entry(X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    if public_url.is_secure() {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000"));
    }
}

/// Fields that mean one thing, where two of them mean that somebody is being fooled.
const ONCE: [HeaderName; 4] = [AUTHORIZATION, CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING];

/// Refuses a request that says twice what can be said once.
pub async fn once(request: Request, next: Next) -> Response {
    if says_twice(request.headers()) {
        return OAuthError::invalid_request("A header that may appear once appears twice.")
            .into_response();
    }
    next.run(request).await
}

fn says_twice(headers: &HeaderMap) -> bool {
    let twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    ONCE.iter().any(twice) || twice(&HeaderName::from_static("mcp-protocol-version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_may_lead_to_the_client_and_nowhere_else() {
        let mut headers = HeaderMap::new();
        protect_page(&mut headers, FormAction::SelfAnd("https://claude.ai"));
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.ends_with("form-action 'self' https://claude.ai"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!headers.contains_key("cross-origin-opener-policy"));
    }
}
