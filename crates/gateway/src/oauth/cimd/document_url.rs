//! Which client ids may be the address of a metadata document. Decided on the text alone: no
//! URL parser is asked, because parsers repair what has to be refused.

use domain::id::ClientId;
use serde::{Deserialize, Serialize};

/// The address of a client's metadata document, byte for byte as the client sends it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentUrl {
    id: ClientId,
    host: String,
    path_and_query: String,
}

/// Why an id is no such address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDocumentUrl {
    #[error("does not begin with https://")]
    Scheme,
    #[error("is longer than 512 characters")]
    Length,
    #[error("holds a character that is not plain")]
    Characters,
    #[error("the host is not a public DNS name")]
    Host,
    #[error("the port is not 443")]
    Port,
    #[error("has no path")]
    NoPath,
    #[error("has dot segments")]
    DotSegments,
}

const LONGEST: usize = 512;

/// Names that lead into somebody's own network, or nowhere.
const PRIVATE_SUFFIXES: [&str; 6] = ["local", "localhost", "internal", "lan", "home.arpa", "onion"];

impl DocumentUrl {
    pub fn parse(text: &str) -> Result<Self, BadDocumentUrl> {
        let rest = text.strip_prefix("https://").ok_or(BadDocumentUrl::Scheme)?;
        if text.len() > LONGEST {
            return Err(BadDocumentUrl::Length);
        }
        if !text.bytes().all(is_plain) {
            return Err(BadDocumentUrl::Characters);
        }
        let (authority, path_and_query) =
            rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let host = match authority.split_once(':') {
            None => authority,
            // A user name in front of a host may hold a colon as well.
            Some((_, rest)) if rest.contains('@') => return Err(BadDocumentUrl::Host),
            Some((host, "443")) => host,
            Some((_, _)) => return Err(BadDocumentUrl::Port),
        };
        if !is_public_name(host) {
            return Err(BadDocumentUrl::Host);
        }
        let (path, query) = match path_and_query.split_once('?') {
            Some((path, query)) => (path, query),
            None => (path_and_query, ""),
        };
        if path.len() < 2 {
            return Err(BadDocumentUrl::NoPath);
        }
        let decoded = decode(path).ok_or(BadDocumentUrl::Characters)?;
        if decoded.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) {
            return Err(BadDocumentUrl::DotSegments);
        }
        decode(query).ok_or(BadDocumentUrl::Characters)?;
        Ok(Self {
            id: ClientId::parse(text).map_err(|_| BadDocumentUrl::Characters)?,
            host: host.to_owned(),
            path_and_query: path_and_query.to_owned(),
        })
    }

    /// The text, never reserialised.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.id.as_str()
    }

    #[must_use]
    pub fn client_id(&self) -> &ClientId {
        &self.id
    }

    /// The one thing about an unverified client that can be trusted.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub(super) fn path_and_query(&self) -> &str {
        &self.path_and_query
    }
}

impl TryFrom<String> for DocumentUrl {
    type Error = BadDocumentUrl;

    fn try_from(text: String) -> Result<Self, BadDocumentUrl> {
        Self::parse(&text)
    }
}

impl From<DocumentUrl> for String {
    fn from(url: DocumentUrl) -> Self {
        url.id.into()
    }
}

/// What stands for itself in a URL wherever it stands (RFC 3986 §2), less the fragment.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?@!$&'()*+,;=%".contains(&byte)
}

/// A lower-case DNS name that could be looked up anywhere in the world and is no address in
/// any notation: those end in a number, and no top-level domain begins with a digit.
fn is_public_name(name: &str) -> bool {
    let label_byte = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let is_label = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(label_byte)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = name.split('.').collect();
    let private = |suffix: &&str| {
        name.strip_suffix(*suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    (2..=127).contains(&labels.len())
        && name.len() <= 253
        && labels.iter().all(is_label)
        && labels.last().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_lowercase()))
        && !PRIVATE_SUFFIXES.iter().any(private)
}

/// Percent-decoded text. Control characters, broken escapes and bytes that are no UTF-8 have
/// no place in an address that is shown to people.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'%' {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            u8::try_from(high * 16 + low).ok()?
        } else {
            byte
        };
        bytes.push(decoded);
    }
    String::from_utf8(bytes).ok().filter(|decoded| !decoded.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::{Host, Url};

    use super::*;

    fn flaw(text: &str) -> BadDocumentUrl {
        DocumentUrl::parse(text).expect_err(text)
    }

    #[test]
    fn the_documents_of_known_clients_are_addresses() {
        for good in [
            "https://claude.ai/oauth/claude-code-client-metadata",
            "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://chatgpt.com/oauth/client.json",
            "https://vscode.dev/oauth/client-metadata.json",
            "https://client.example:443/metadata.json?v=2&x=%20",
            "https://xn--bcher-kva.example/client",
            "https://a.b.c.example/~user/x..y/.well-known/client",
        ] {
            let url = DocumentUrl::parse(good).unwrap_or_else(|error| panic!("{good}: {error}"));
            assert_eq!((url.as_str(), url.client_id().as_str()), (good, good));
        }
        let url = DocumentUrl::parse("https://client.example:443/m?x=1").unwrap();
        assert_eq!((url.host(), url.path_and_query()), ("client.example", "/m?x=1"));
    }

    #[test]
    fn t81_sec033_every_unsafe_form_of_an_address_is_refused_by_name() {
        use BadDocumentUrl as B;
        for (bad, flaw_of_it) in [
            ("http://app.example/c.json", B::Scheme),
            ("HTTPS://app.example/c.json", B::Scheme),
            ("ftp://app.example/c.json", B::Scheme),
            ("//app.example/c.json", B::Scheme),
            (" https://app.example/c", B::Scheme),
            ("https://app.example", B::NoPath),
            ("https://app.example/", B::NoPath),
            ("https://app.example/?c", B::NoPath),
            ("https://app.example?c", B::NoPath),
            ("https://u:p@app.example/c", B::Host),
            ("https://u@app.example/c", B::Host),
            ("https://@app.example/c", B::Host),
            ("https://app.example#/c", B::Characters),
            ("https://app.example/c#f", B::Characters),
            ("https://app.example/c#", B::Characters),
            ("https://app.example/a/../c", B::DotSegments),
            ("https://app.example/a/./c", B::DotSegments),
            ("https://app.example/..", B::DotSegments),
            ("https://app.example/a/%2e%2e/c", B::DotSegments),
            ("https://app.example/a/%2E./c", B::DotSegments),
            ("https://app.example/a%2f..%2fc", B::DotSegments),
            ("https://app.example/a%5C..%5Cc", B::DotSegments),
            ("https://app.example\\@evil.example/c", B::Characters),
            ("https://app.example/a\\c", B::Characters),
            ("https://app.example/a c", B::Characters),
            ("https://app.example/a\tc", B::Characters),
            ("https://app.example/a%00c", B::Characters),
            ("https://app.example/a%0d%0ac", B::Characters),
            ("https://app.example/a%zz", B::Characters),
            ("https://app.example/a%2", B::Characters),
            ("https://app.example/a?%ff", B::Characters),
            ("https://app.example/\u{fc}", B::Characters),
            ("https://b\u{fc}cher.example/c", B::Characters),
            ("https://app.example:8443/c", B::Port),
            ("https://app.example:/c", B::Port),
            ("https://app.example:0443/c", B::Port),
            ("https://app.example:443:443/c", B::Port),
            ("https:///app.example/c", B::Host),
            ("https://APP.example/c", B::Host),
        ] {
            assert_eq!(flaw(bad), flaw_of_it, "{bad}");
        }
        assert_eq!(flaw(&format!("https://app.example/{}", "x".repeat(512))), B::Length);
    }

    #[test]
    fn t82_sec033_a_host_is_a_public_name_and_never_an_address() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "0x7f.0.0.1",
            "1.2.3.4",
            "app.0x7f",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "localhost",
            "app.localhost",
            "localhost.",
            "app",
            "metadata.internal",
            "metadata.google.internal",
            "printer.local",
            "nas.lan",
            "router.home.arpa",
            "x.onion",
            "app.example.",
            ".app.example",
            "app..example",
            "-app.example",
            "app-.example",
            "a_b.example",
            "app.example%2eevil.example",
            "",
            "app.example,evil.example",
            "*.example",
            "internal",
            "app.1example",
        ] {
            assert!(DocumentUrl::parse(&format!("https://{host}/c")).is_err(), "{host}");
        }
        let long = "a".repeat(64);
        assert_eq!(flaw(&format!("https://{long}.example/c")), BadDocumentUrl::Host);
        assert!(DocumentUrl::parse("https://notlocal/c").is_err());
        assert!(DocumentUrl::parse("https://mylan.example/c").is_ok());
        assert!(DocumentUrl::parse("https://thelan.glocal/c").is_ok());
    }

    proptest! {
        #[test]
        fn t81_t82_what_is_accepted_means_the_same_to_a_url_parser(
            text in "https://[a-z0-9.@:\\[\\]x-]{1,24}[/?#\\\\%.a-z0-9]{0,24}",
        ) {
            if let Ok(ours) = DocumentUrl::parse(&text) {
                let theirs = Url::parse(&text).unwrap();
                prop_assert_eq!(ours.as_str(), text.as_str());
                prop_assert!(matches!(theirs.host(), Some(Host::Domain(_))), "{}", text);
                prop_assert_eq!(theirs.host_str(), Some(ours.host()));
                prop_assert_eq!(theirs.port_or_known_default(), Some(443));
                prop_assert!(theirs.username().is_empty() && theirs.password().is_none());
                prop_assert!(theirs.fragment().is_none() && theirs.path().len() > 1);
                // No dot segment was resolved: the parser left the path alone.
                prop_assert!(ours.path_and_query().starts_with(theirs.path()), "{}", text);
            }
        }

        #[test]
        fn t82_no_notation_of_an_address_is_a_host(address: u32, style in 0..6_u8) {
            let [a, b, c, d] = address.to_be_bytes();
            let host = match style {
                0 => format!("{a}.{b}.{c}.{d}"),
                1 => address.to_string(),
                2 => format!("0x{address:x}"),
                3 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
                4 => format!("{a}.{}", address & 0x00ff_ffff),
                _ => format!("[::ffff:{a}.{b}.{c}.{d}]"),
            };
            let url = format!("https://{host}/client.json");
            prop_assert!(DocumentUrl::parse(&url).is_err());
        }

        #[test]
        fn parsing_never_panics(text in "\\PC{0,600}") {
            let _ = DocumentUrl::parse(&text);
            let _ = DocumentUrl::parse(&format!("https://{text}"));
        }
    }
}
