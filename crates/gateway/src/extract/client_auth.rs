//! How a client says who it is at the machine endpoints (RFC 6749 §2.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::ClientId;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::form::Params;
use crate::error::OAuthError;

/// What a client presented. Whether it is true is the store's question.
pub struct Presented {
    pub id: ClientId,
    pub secret: Option<Zeroizing<String>>,
}

impl Presented {
    pub fn read(headers: &HeaderMap, params: &Params) -> Result<Self, OAuthError> {
        let repeated = |_| OAuthError::invalid_request("A parameter was sent more than once.");
        let id = params.one("client_id").map_err(repeated)?;
        let secret = params.one("client_secret").map_err(repeated)?;
        let mut lines = headers.get_all(AUTHORIZATION).iter();
        let line = match (lines.next(), lines.next()) {
            (_, Some(_)) => {
                return Err(OAuthError::invalid_request("Send one Authorization header."));
            }
            (line, None) => line,
        };
        if params.has("client_assertion") || params.has("client_assertion_type") {
            // Keys are not among the methods on offer, and nothing of an assertion is read.
            return Err(match (line, secret) {
                (None, None) => OAuthError::invalid_client(),
                (Some(_), _) | (None, Some(_)) => {
                    OAuthError::invalid_request("Authenticate in one way, not in two.")
                }
            });
        }
        let Some(line) = line else {
            let id = id.ok_or(OAuthError::invalid_request("client_id is missing."))?;
            return Ok(Self {
                id: ClientId::parse(id).map_err(|_| OAuthError::invalid_client())?,
                secret: secret.map(|text| Zeroizing::new(text.to_owned())),
            });
        };
        if secret.is_some() {
            return Err(OAuthError::invalid_request("Authenticate in one way, not in two."));
        }
        let (basic_id, basic_secret) =
            line.to_str().ok().and_then(basic).ok_or_else(OAuthError::invalid_client)?;
        if id.is_some_and(|id| id != basic_id) {
            return Err(OAuthError::invalid_request("Two different clients are named."));
        }
        Ok(Self {
            id: ClientId::parse(&basic_id).map_err(|_| OAuthError::invalid_client())?,
            secret: Some(basic_secret).filter(|secret| !secret.is_empty()),
        })
    }
}

/// `Basic base64(form-encoded id ":" form-encoded secret)`.
fn basic(line: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = line.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let raw = Zeroizing::new(STANDARD.decode(encoded.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(&raw).ok()?.split_once(':')?;
    Some((form_decode(id)?, Zeroizing::new(form_decode(secret)?)))
}

/// One `application/x-www-form-urlencoded` value. A stray `%` is refused, not guessed at.
fn form_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn read(authorization: Option<&str>, form: &str) -> Result<Presented, StatusCode> {
        let mut headers = HeaderMap::new();
        if let Some(text) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        }
        Presented::read(&headers, &Params::parse(form.as_bytes())).map_err(|error| error.status)
    }

    fn header(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    #[test]
    fn t51_basic_credentials_are_decoded_as_a_form() {
        let presented = read(Some(&header("cli%2D1:a%3Ab+c%25")), "").unwrap();
        assert_eq!(presented.id.as_str(), "cli-1");
        assert_eq!(presented.secret.unwrap().as_str(), "a:b c%");
    }

    #[test]
    fn sec037_malformed_basic_credentials_are_a_client_error_not_a_crash() {
        for bad in
            ["Basic", "Basic !!", &header("nocolon"), &header("a%zz:b"), &header(":b"), "Bearer x"]
        {
            assert_eq!(read(Some(bad), "").err(), Some(StatusCode::UNAUTHORIZED), "{bad}");
        }
    }

    #[test]
    fn t57_an_assertion_is_refused_unread() {
        for assertion in ["client_assertion=eyJhbGciOiJub25lIn0.e30.", "client_assertion_type=x"] {
            let with = |more: &str| format!("{assertion}&{more}");
            assert_eq!(read(None, &with("client_id=a")).err(), Some(StatusCode::UNAUTHORIZED));
            let two = read(None, &with("client_id=a&client_secret=b"));
            assert_eq!(two.err(), Some(StatusCode::BAD_REQUEST));
            let two = read(Some(&header("a:b")), assertion);
            assert_eq!(two.err(), Some(StatusCode::BAD_REQUEST));
        }
    }

    #[test]
    fn t50_two_ways_at_once_are_refused() {
        let two = read(Some(&header("a:b")), "client_id=a&client_secret=b");
        assert_eq!(two.err(), Some(StatusCode::BAD_REQUEST));
        assert!(read(Some(&header("a:b")), "client_id=a").is_ok());
        assert_eq!(read(Some(&header("a:b")), "client_id=z").err(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(read(None, "client_id=a&client_id=a").err(), Some(StatusCode::BAD_REQUEST));
        assert_eq!(read(None, "").err(), Some(StatusCode::BAD_REQUEST));
    }
}
