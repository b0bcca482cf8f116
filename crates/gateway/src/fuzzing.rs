//! The parsers that face clients and workers, as functions of bytes: `crates/fuzz` drives them
//! with a fuzzer, and the test below replays its seeds wherever the tests run. Each function
//! asserts what must hold of every input, not only that nothing panics.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a finding is a panic")]

use std::net::IpAddr;

use domain::email::LoginEmail;
use domain::id::ClientId;
use domain::origin::Origin;
use domain::pkce::Challenge;
use domain::redirect::{RedirectKind, RedirectUri};
use domain::scope::Scopes;
use domain::token::{Access, AccessToken, Browser, Token, TokenHash};
use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;
use url::Url;

use crate::extract::client_auth::Presented;
use crate::extract::client_ip::ClientIp;
use crate::extract::cookie;
use crate::extract::form::Params;

pub use crate::oauth::fuzzing::{authorization_request, client_document, registration};
pub use crate::proxy::fuzzing::{mcp_headers, mcp_message, worker_answer};
pub use crate::workers::fuzzing::{control_frame, worker_log};

pub(crate) fn origin() -> Option<Origin> {
    Origin::parse("https://garmin.example.org").ok()
}

/// Up to the first line break, and all that follows it.
pub(crate) fn first_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&byte| byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// Every line that can be a header, under one name.
pub(crate) fn header_lines(name: &HeaderName, data: &[u8]) -> HeaderMap {
    let lines = data.split(|&byte| byte == b'\n');
    let values = lines.filter_map(|line| HeaderValue::from_bytes(line).ok());
    let mut headers = HeaderMap::new();
    for value in values {
        headers.append(name, value);
    }
    headers
}

/// What goes into `error_description`: RFC 6749 §5.2.
pub(crate) fn assert_describable(text: &str) {
    let allowed = |byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!text.is_empty() && text.bytes().all(allowed), "not a description: {text}");
}

/// A registered redirect URI and, on the next line, a requested one.
pub fn redirect_uri(data: &[u8]) {
    let (registered, asked) = first_line(data);
    let parse =
        |text| std::str::from_utf8(text).ok().and_then(|text| RedirectUri::parse(text).ok());
    let Some(registered) = parse(registered) else { return };
    assert!(registered.accepts(&registered), "not accepted by itself");
    assert!(!registered.display_host().is_empty(), "leads to a host that cannot be shown");
    let sources = registered.csp_sources();
    let safe = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b';' | b',' | b'\'' | b'"');
    assert!(sources.split(' ').all(|part| !part.is_empty() && part.bytes().all(safe)), "{sources}");

    let plain = Url::parse(registered.as_str()).expect("a registered URI is one");
    let answered = registered.with_query(&[("code", "c&d=#é"), ("iss", "https://h")]);
    let url = Url::parse(&answered).expect("an answer leads to a URI");
    let place = |url: &Url| [url.scheme(), url.authority(), url.path()].map(str::to_owned);
    assert_eq!(place(&url), place(&plain), "the answer leads elsewhere");
    let code = url.query_pairs().filter(|(name, _)| name == "code").last();
    assert!(code.is_some_and(|(_, code)| code == "c&d=#é"), "the code got lost: {answered}");

    let Some(asked) = parse(asked) else { return };
    if registered.accepts(&asked) && registered != asked {
        let url = Url::parse(asked.as_str()).expect("a requested URI is one");
        let port_aside = |url: &Url| {
            [url.scheme(), url.host_str().unwrap_or_default(), url.path()].map(str::to_owned)
        };
        assert_eq!(registered.kind(), RedirectKind::Loopback, "{registered} accepts {asked}");
        assert_eq!(port_aside(&url), port_aside(&plain), "{registered} accepts {asked}");
        assert_eq!(url.query(), plain.query(), "{registered} accepts {asked}");
        assert!(asked.accepts(&registered), "only the port differs, so it works both ways");
    }
}

/// An `Authorization` header and, on the next line, a form.
pub fn client_credentials(data: &[u8]) {
    let (header, form) = first_line(data);
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(header)
        && !header.is_empty()
    {
        headers.insert(AUTHORIZATION, value);
    }
    match Presented::read(&headers, &Params::parse(form)) {
        Ok(presented) => {
            assert!(presented.id.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
        }
        Err(error) => {
            assert!(error.status.is_client_error(), "bad credentials are the client's fault");
            assert_describable(error.description);
        }
    }
}

/// A `Cookie` header or several.
pub fn cookie(data: &[u8]) {
    let Some(origin) = origin() else { return };
    if let Some(token) = cookie::read(&origin, &header_lines(&COOKIE, data)) {
        assert!(Token::<Browser>::parse(token.reveal()).is_ok(), "a cookie of another kind");
    }
}

/// The lines of `X-Forwarded-For`, as they arrive from a stranger and from a trusted proxy.
pub fn forwarded_for(data: &[u8]) {
    let headers = header_lines(&HeaderName::from_static("x-forwarded-for"), data);
    let (Ok(proxy), Ok(stranger)) = ("10.0.0.1".parse::<IpAddr>(), "192.0.2.9".parse::<IpAddr>())
    else {
        return;
    };
    let trusted: Vec<IpNet> = "10.0.0.0/8".parse().into_iter().collect();
    assert_eq!(ClientIp::of(stranger, &headers, &trusted).0, stranger, "a stranger was believed");
    let client = ClientIp::of(proxy, &headers, &trusted).0;
    assert_eq!(client, client.to_canonical());
    if client != proxy {
        let written = String::from_utf8_lossy(data);
        assert!(written.contains(['.', ':']), "an address that nobody wrote");
    }
}

/// One word of an OAuth request: a token, a challenge, a verifier, a scope, an id, a resource.
pub fn token_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(token) = AccessToken::parse(text) {
        assert_eq!(TokenHash::<Access>::of_presented(text), Ok(token.hash()));
        assert!(Token::<Browser>::parse(text).is_err(), "a token of two kinds");
    }
    if let Ok(challenge) = Challenge::parse(text) {
        assert_eq!(challenge.encode(), text, "two spellings of one challenge");
        assert!(!challenge.is_met_by(text), "a challenge that is its own verifier");
    }
    if let Ok(scopes) = Scopes::parse(text) {
        assert!(text.contains("garmin:"), "a scope nobody asked for");
        assert_eq!(Scopes::parse(scopes.as_str()), Ok(scopes));
    }
    if let Ok(id) = ClientId::parse(text) {
        assert_eq!(id.as_str(), text);
    }
    if let Ok(email) = LoginEmail::parse(text) {
        assert_eq!(
            LoginEmail::parse(email.reveal()).as_ref().map(LoginEmail::reveal),
            Ok(email.reveal())
        );
    }
    if let Ok(origin) = Origin::parse(text) {
        assert_eq!(Origin::parse(origin.as_str()).as_ref(), Ok(&origin));
        assert!(origin.names_resource(&origin.resource()));
    }
    if let Some(ours) = origin()
        && ours.names_resource(text)
    {
        let url = Url::parse(text).expect("a resource is a URI");
        assert_eq!(url.host_str(), Some("garmin.example.org"));
        assert!(matches!(url.path(), "/" | "/mcp" | "/mcp/") && url.fragment().is_none(), "{text}");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    type Target = (&'static str, fn(&[u8]));

    const TARGETS: [Target; 13] = [
        ("authorization_request", authorization_request),
        ("client_credentials", client_credentials),
        ("client_document", client_document),
        ("control_frame", control_frame),
        ("cookie", cookie),
        ("forwarded_for", forwarded_for),
        ("mcp_headers", mcp_headers),
        ("mcp_message", mcp_message),
        ("redirect_uri", redirect_uri),
        ("registration", registration),
        ("token_text", token_text),
        ("worker_answer", worker_answer),
        ("worker_log", worker_log),
    ];

    fn seeds(name: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
        let files = fs::read_dir(folder).unwrap();
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    #[test]
    fn every_seed_is_survived() {
        for (name, target) in TARGETS {
            let seeds = seeds(name);
            assert!(!seeds.is_empty(), "{name} has no seeds");
            for seed in seeds {
                target(&seed);
            }
        }
    }

    proptest! {
        #[test]
        fn a_seed_with_a_foreign_middle_is_survived(
            which in any::<prop::sample::Index>(),
            from in any::<prop::sample::Index>(),
            cut in 0_usize..16,
            middle in prop::collection::vec(any::<u8>(), 0..16),
        ) {
            for (name, target) in TARGETS {
                let mut seed = which.get(&seeds(name)).clone();
                let at = from.index(seed.len() + 1);
                seed.splice(at..(at + cut).min(seed.len()), middle.clone());
                target(&seed);
            }
        }
    }
}
