//! Which of the two protocols a message speaks, and whether its headers say what its body says.
//!
//! Only body values decide anything; headers are compared with them so that nothing in front
//! of us can have been misled.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use http::header::HeaderName;

use super::message::{Kind, Message};

/// First revision without a handshake.
pub(super) const MODERN: &str = "2026-07-28";

/// Every revision that is spoken here, in the order in which `server/discover` names them.
pub(super) const SUPPORTED: [&str; 5] =
    ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN];

pub(super) const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
pub(super) const METHOD: HeaderName = HeaderName::from_static("mcp-method");
pub(super) const NAME: HeaderName = HeaderName::from_static("mcp-name");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// With a handshake: up to 2025-11-25.
    Legacy,
    /// Every request complete in itself: from 2026-07-28.
    Modern,
}

/// A header that contradicts the body. JSON-RPC −32020.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Disagreement(pub(super) &'static str);

impl Era {
    #[must_use]
    pub(super) fn of(message: &Message<'_>, headers: &HeaderMap) -> Self {
        let header = headers.get(PROTOCOL_VERSION).and_then(|value| value.to_str().ok());
        // Revisions are dates, so their order is that of their text.
        let modern_header = header.is_some_and(|version| is_date(version) && version >= MODERN);
        let modern = match message.kind {
            Kind::Request if message.handshake => false,
            Kind::Request => {
                message.method == "server/discover"
                    || message.meta_version.is_some()
                    || modern_header
            }
            Kind::Notification | Kind::Response => modern_header,
        };
        if modern { Self::Modern } else { Self::Legacy }
    }
}

fn is_date(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == MODERN.len() && text.bytes().enumerate().all(fits)
}

/// Whether a header that says what the message is appears twice: whoever stands in front of us
/// may have gone by the other one.
pub(super) fn repeated(headers: &HeaderMap) -> bool {
    let twice = |name: &HeaderName| headers.get_all(name).iter().nth(1).is_some();
    [PROTOCOL_VERSION, METHOD, NAME].iter().any(twice)
}

/// The revision a client with a handshake names, where it names one that is none of ours.
/// Some never name one.
pub(super) fn unknown_revision(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let value = headers.get(PROTOCOL_VERSION)?;
    let known = SUPPORTED.iter().any(|known| *known == value);
    (!known).then(|| String::from_utf8_lossy(value.as_bytes()))
}

/// Checks the three headers a modern request repeats parts of its body in.
pub(super) fn check(message: &Message<'_>, headers: &HeaderMap) -> Result<(), Disagreement> {
    let version = text(headers, &PROTOCOL_VERSION)?
        .ok_or(Disagreement("the MCP-Protocol-Version header is missing"))?;
    if message.meta_version.as_deref().is_some_and(|meta| meta != version) {
        return Err(Disagreement("MCP-Protocol-Version and _meta name different versions"));
    }
    let method = text(headers, &METHOD)?.ok_or(Disagreement("the Mcp-Method header is missing"))?;
    if method != message.method {
        return Err(Disagreement("Mcp-Method is not the method of the body"));
    }
    let name = text(headers, &NAME)?;
    let Some(target) = message.target.as_deref() else {
        let aimless = message.flaw.is_some() && name.is_some();
        return if aimless {
            Err(Disagreement("Mcp-Name is not what the body names"))
        } else {
            Ok(())
        };
    };
    let name = name.ok_or(Disagreement("the Mcp-Name header is missing"))?;
    if decode(&name)? != target {
        return Err(Disagreement("Mcp-Name is not what the body names"));
    }
    Ok(())
}

fn text<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<Cow<'a, str>>, Disagreement> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Disagreement("a header appears twice"));
    }
    let text = value.to_str().map_err(|_| Disagreement("a header is not visible ASCII"))?;
    Ok(Some(Cow::Borrowed(text.trim())))
}

/// Names that are not plain ASCII travel as `=?base64?…?=`.
fn decode(name: &str) -> Result<Cow<'_, str>, Disagreement> {
    let inner = name.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else { return Ok(Cow::Borrowed(name)) };
    let bad = Disagreement("Mcp-Name is not valid base64 of UTF-8");
    let raw = STANDARD.decode(inner).map_err(|_| bad)?;
    let decoded = String::from_utf8(raw).map_err(|_| bad)?;
    if decoded.chars().any(char::is_control) {
        return Err(bad);
    }
    Ok(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn call(version: Option<&str>) -> String {
        let meta = version.map_or(String::new(), |version| {
            format!(r#","_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}"}}"#)
        });
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"läufe"{meta}}}}}"#
        )
    }

    fn era(body: &str, version: Option<&str>) -> Era {
        let map =
            version.map_or(HeaderMap::new(), |version| headers(&[(&PROTOCOL_VERSION, version)]));
        Era::of(&Message::read(body.as_bytes()).unwrap(), &map)
    }

    #[test]
    fn the_era_follows_body_first_and_header_second() {
        assert_eq!(era(&call(None), None), Era::Legacy);
        assert_eq!(era(&call(None), Some("2025-11-25")), Era::Legacy);
        assert_eq!(era(&call(None), Some(MODERN)), Era::Modern);
        assert_eq!(era(&call(Some(MODERN)), None), Era::Modern);
        let discover = r#"{"jsonrpc":"2.0","id":1,"method":"server/discover"}"#;
        assert_eq!(era(discover, None), Era::Modern);
        let handshake = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":
            {"protocolVersion":"2026-07-28","capabilities":{},
             "clientInfo":{"name":"x","version":"1"}}}"#;
        assert_eq!(era(handshake, Some(MODERN)), Era::Legacy);
        let bare = r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#;
        assert_eq!(era(bare, Some(MODERN)), Era::Modern);
        let note = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;
        assert_eq!(era(note, None), Era::Legacy);
        assert_eq!(era(note, Some(MODERN)), Era::Modern);
        for nothing in ["x", "2026-7-28", "2026-07-28T", "9999"] {
            assert_eq!(era(&call(None), Some(nothing)), Era::Legacy, "{nothing}");
        }
    }

    #[test]
    fn t112_sec110_headers_that_agree_pass_and_every_other_set_is_refused() {
        let body = call(Some(MODERN));
        let message = Message::read(body.as_bytes()).unwrap();
        let name = format!("=?base64?{}?=", STANDARD.encode("läufe"));
        let good = [(&PROTOCOL_VERSION, MODERN), (&METHOD, "tools/call"), (&NAME, &name)];
        assert_eq!(check(&message, &headers(&good)), Ok(()));
        for missing in 0..3 {
            let mut pairs = good.to_vec();
            pairs.remove(missing);
            assert!(check(&message, &headers(&pairs)).is_err(), "{missing}");
            let mut pairs = good.to_vec();
            pairs.push(good[missing]);
            assert!(check(&message, &headers(&pairs)).is_err(), "twice {missing}");
        }
        for (place, wrong) in [
            (0, "2025-11-25"),
            (1, "TOOLS/CALL"),
            (1, "tools/list"),
            (2, "laufe"),
            (2, "=?base64?%%%?="),
            (2, "=?base64?YQ0KYg==?="),
        ] {
            let mut pairs = good.to_vec();
            pairs[place].1 = wrong;
            assert!(check(&message, &headers(&pairs)).is_err(), "{wrong}");
        }
    }
}
