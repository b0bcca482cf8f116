//! Parameters of OAuth requests, from a query or a form: bounded, and each at most once.

use std::collections::HashSet;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use domain::oauth::ErrorCode;
use domain::origin::Origin;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use crate::error::OAuthError;

/// Largest body of a machine's request.
pub const MACHINE_LIMIT: usize = 16 * 1024;
/// Largest form of a person.
pub const PAGE_LIMIT: usize = 32 * 1024;

const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Decoded name–value pairs. No `Debug`, and wiped when dropped: among them are passwords,
/// codes and tokens.
pub struct Params(Vec<(String, Zeroizing<String>)>);

/// A parameter came more than once, which RFC 6749 §3.1 forbids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a parameter came more than once")]
pub struct Repeated;

impl Params {
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(encoded)
                .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
                .collect(),
        )
    }

    /// The value of `name`. Empty counts as absent (RFC 6749 §3.1).
    pub fn one(&self, name: &str) -> Result<Option<&str>, Repeated> {
        let mut values = self.0.iter().filter(|(ours, _)| ours == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Repeated),
            (Some((_, value)), None) => Ok(Some(value.as_str()).filter(|text| !text.is_empty())),
            (None, None) => Ok(None),
        }
    }

    /// Whether `name` was sent at all, with a value or without.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(ours, _)| ours == name)
    }

    /// Every value of a parameter that may repeat.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(ours, value)| ours == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// Whether any parameter but `except` came more than once.
    #[must_use]
    pub fn repeats(&self, except: &str) -> bool {
        let mut seen = HashSet::new();
        self.0.iter().any(|(name, _)| name != except && !seen.insert(name))
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body has another content type")]
    WrongType,
    #[error("the body broke off")]
    Broken,
    #[error("the body did not arrive in time")]
    Slow,
}

impl From<BodyError> for OAuthError {
    fn from(error: BodyError) -> Self {
        let (status, description) = match error {
            BodyError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large."),
            BodyError::WrongType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body has another content type than this endpoint reads.",
            ),
            BodyError::Broken => (StatusCode::BAD_REQUEST, "The body broke off."),
            BodyError::Slow => (StatusCode::REQUEST_TIMEOUT, "The body did not arrive in time."),
        };
        Self::new(status, ErrorCode::InvalidRequest, description)
    }
}

/// Whether a form comes from another site than ours. Browsers that follow our own `no-referrer`
/// send `null` for where it is from, which proves nothing: cookie and CSRF token carry that case.
#[must_use]
pub fn is_foreign(ours: &Origin, headers: &HeaderMap) -> bool {
    let foreign_site = |site: &HeaderValue| site != "same-origin" && site != "none";
    let foreign_origin = |origin: &HeaderValue| origin != "null" && origin != ours.as_str();
    headers.get_all("sec-fetch-site").iter().any(foreign_site)
        || headers.get_all(ORIGIN).iter().any(foreign_origin)
}

/// Reads a form of at most `limit` bytes.
pub async fn read_form(request: Request, limit: usize) -> Result<Params, BodyError> {
    if !has_type(request.headers(), "application/x-www-form-urlencoded") {
        return Err(BodyError::WrongType);
    }
    let body = read_body(request, limit).await?;
    Ok(Params::parse(&body))
}

/// Reads a body of at most `limit` bytes into memory that is wiped afterwards.
pub async fn read_body(request: Request, limit: usize) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    // Nothing here is unpacked: what a small body may become is not to be found out.
    if request.headers().contains_key(CONTENT_ENCODING) {
        return Err(BodyError::WrongType);
    }
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(BodyError::TooLarge);
    }
    tokio::time::timeout(READ_TIMEOUT, collect(request.into_body(), announced, limit))
        .await
        .unwrap_or(Err(BodyError::Slow))
}

async fn collect(
    mut body: Body,
    announced: Option<usize>,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, BodyError> {
    // Sized once, so that no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(limit)));
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        if bytes.len() + data.len() > limit {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Whether there is exactly one `Content-Type` and it is `wanted`, parameters aside.
#[must_use]
pub fn has_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec027_a_parameter_given_twice_is_refused_even_with_equal_values() {
        let params = Params::parse(b"a=1&b=2&a=1&resource=x&resource=y&empty=");
        assert_eq!(params.one("a"), Err(Repeated));
        assert_eq!(params.one("b"), Ok(Some("2")));
        assert_eq!(params.one("empty"), Ok(None));
        assert_eq!(params.one("missing"), Ok(None));
        assert_eq!(params.all("resource").collect::<Vec<_>>(), ["x", "y"]);
        assert!(params.repeats("resource"));
        assert!(!Params::parse(b"resource=x&resource=y").repeats("resource"));
    }

    #[tokio::test]
    async fn t119_sec080_a_body_over_the_limit_is_refused_announced_or_not() {
        let form = |body: &'static str| {
            Request::builder()
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
                .body(Body::from(body))
                .unwrap()
        };
        assert!(read_form(form("a=1"), 3).await.is_ok());
        assert_eq!(read_form(form("a=12"), 3).await.err(), Some(BodyError::TooLarge));
        let mut announced = form("a");
        announced.headers_mut().insert(CONTENT_LENGTH, 4.into());
        assert_eq!(read_form(announced, 3).await.err(), Some(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn t48_sec027_only_a_form_is_a_form() {
        for header in [
            "application/json",
            "multipart/form-data; boundary=x",
            "text/plain",
            "application/x-www-form-urlencoded, application/json",
            "",
        ] {
            let request =
                Request::builder().header(CONTENT_TYPE, header).body(Body::from("a=1")).unwrap();
            assert_eq!(read_form(request, 99).await.err(), Some(BodyError::WrongType), "{header}");
        }
        let packed = Request::builder()
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(CONTENT_ENCODING, "gzip")
            .body(Body::from("a=1"))
            .unwrap();
        assert_eq!(read_form(packed, 99).await.err(), Some(BodyError::WrongType));
    }

    #[tokio::test(start_paused = true)]
    async fn t120_sec075_a_body_has_fifteen_seconds_however_it_drips() {
        let drip = futures_util::stream::unfold((), async |()| {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, std::convert::Infallible>("a"), ()))
        });
        let request = Request::builder()
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from_stream(drip))
            .unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(read_form(request, 999).await.err(), Some(BodyError::Slow));
        assert!(began.elapsed() < READ_TIMEOUT + Duration::from_secs(1));
    }
}
