//! What Garmin's access token says about itself. The signature is Garmin's business: there is
//! no public key, and we only ever hand the token back to its issuer.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use domain::clock::Timestamp;
use serde_json::Value;

const LONGEST: usize = 64 * 1024;
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The claims in use; each may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) client_id: Option<String>,
    pub(crate) garmin_guid: Option<String>,
    pub(crate) issuer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signed JWT")]
pub(crate) struct MalformedJwt;

/// Reads the claims; refuses anything but three parts with a signature algorithm.
pub(crate) fn read(token: &str) -> Result<Claims, MalformedJwt> {
    if token.len() > LONGEST {
        return Err(MalformedJwt);
    }
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, _signature] = parts[..] else { return Err(MalformedJwt) };
    let header = object(header)?;
    let signed = header
        .get("alg")
        .and_then(Value::as_str)
        .is_some_and(|alg| !alg.is_empty() && !alg.eq_ignore_ascii_case("none"));
    if !signed {
        return Err(MalformedJwt);
    }
    let payload = object(payload)?;
    let text = |name: &str| {
        payload.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(String::from)
    };
    Ok(Claims {
        expires_at: payload.get("exp").and_then(seconds).map(Timestamp),
        client_id: text("client_id"),
        garmin_guid: text("garmin_guid"),
        issuer: text("iss"),
    })
}

fn object(part: &str) -> Result<Value, MalformedJwt> {
    let bytes = BASE64.decode(part).map_err(|_| MalformedJwt)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| MalformedJwt)?;
    if value.is_object() { Ok(value) } else { Err(MalformedJwt) }
}

/// `exp` has been seen with wrong types, so a float and a numeric string count too.
fn seconds(value: &Value) -> Option<i64> {
    let seconds = match value {
        Value::Number(number) => match number.as_i64() {
            Some(seconds) => seconds,
            None => whole(number.as_f64()?)?,
        },
        Value::String(text) => match text.trim().parse::<i64>() {
            Ok(seconds) => seconds,
            Err(_) => whole(text.trim().parse().ok()?)?,
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    (seconds > 0).then_some(seconds)
}

fn whole(number: f64) -> Option<i64> {
    // Far beyond any date, far below where f64 stops counting whole seconds.
    const LATEST: f64 = 1e12;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (0.0..LATEST).contains(&number).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn the_reference_sample_is_read() {
        let claims = read(
            "eyJhbGciOiJSUzI1NiJ9.eyJleHAiOjE3OTAwMDAwMDAsImNsaWVudF9pZCI6IkdBUk1JTl9DT05ORUNUX01PQklMRV9BTkRST0lEX0RJXzIwMjVRMiIsImlzcyI6Imh0dHBzOi8vZGlhdXRoLmdhcm1pbi5jb20iLCJnYXJtaW5fZ3VpZCI6IjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMSJ9.c2ln",
        )
        .unwrap();
        assert_eq!(claims.expires_at, Some(Timestamp(1_790_000_000)));
        assert_eq!(claims.client_id.unwrap(), "GARMIN_CONNECT_MOBILE_ANDROID_DI_2025Q2");
        assert_eq!(claims.garmin_guid.unwrap(), "00000000-0000-0000-0000-000000000001");
        assert_eq!(claims.issuer.unwrap(), "https://diauth.garmin.com");
    }

    #[test]
    fn unsigned_and_torn_tokens_are_refused() {
        for bad in [
            String::new(),
            "a.b".into(),
            "a.b.c.d".into(),
            token(r#"{"alg":"none"}"#, "{}"),
            token(r#"{"alg":"NONE"}"#, "{}"),
            token("{}", "{}"),
            token("[]", "{}"),
            token(r#"{"alg":"RS256"}"#, "[]"),
            "x".repeat(LONGEST + 1),
        ] {
            assert_eq!(read(&bad), Err(MalformedJwt), "{bad:.40}");
        }
    }

    #[test]
    fn an_expiry_of_the_wrong_type_is_read_or_left_out() {
        let exp = |value: &str| {
            read(&token(r#"{"alg":"RS256"}"#, &format!(r#"{{"exp":{value}}}"#)))
                .unwrap()
                .expires_at
                .map(|at| at.0)
        };
        assert_eq!(exp("1790000000"), Some(1_790_000_000));
        assert_eq!(exp("1790000000.9"), Some(1_790_000_000));
        assert_eq!(exp("\"1790000000\""), Some(1_790_000_000));
        assert_eq!(exp("1.79e9"), Some(1_790_000_000));
        for odd in ["null", "true", "[]", "{}", "\"soon\"", "-1", "1e300", "\"\""] {
            assert_eq!(exp(odd), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,200}") {
            let _ = read(&text);
        }

        #[test]
        fn no_payload_panics(payload in "\\PC{0,200}") {
            let _ = read(&token(r#"{"alg":"RS256"}"#, &payload));
        }
    }
}
