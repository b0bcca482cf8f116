//! Redirect URIs: which may be registered, and when a requested one matches.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// A redirect URI that may be registered. Compared as text, never normalised; the one
/// exception is the port of a loopback address (RFC 8252 §7.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

/// What a consent page has to say about where a redirect leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// A web site's callback.
    Https,
    /// Some program on the person's own computer.
    Loopback,
    /// An installed app that owns the scheme.
    PrivateUse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRedirectUri {
    #[error("a redirect URI has 1 to 2048 characters of visible ASCII without `*`, `\\` or `#`")]
    Characters,
    #[error("not an absolute URI")]
    NotAbsolute,
    #[error("must not carry a user name")]
    UserInfo,
    #[error("the query must not name a parameter of the response: code, state, iss or error")]
    ResponseParameter,
    #[error("plain http is accepted for 127.0.0.1, [::1] and localhost only")]
    InsecureHost,
    #[error("https needs a public host name")]
    Host,
    #[error("this scheme is not accepted; use https, loopback http or an app's own scheme")]
    Scheme,
}

/// What we add to a redirect URI. One that brought them along would make the answer ambiguous,
/// and `iss` worthless.
const RESPONSE_PARAMETERS: [&str; 6] =
    ["code", "state", "iss", "error", "error_description", "error_uri"];

/// Schemes without a dot that well-known MCP clients own.
const KNOWN_APP_SCHEMES: [&str; 4] = ["claude", "cursor", "vscode", "vscode-insiders"];

impl RedirectUri {
    const MAX_LEN: usize = 2048;

    pub fn parse(text: &str) -> Result<Self, BadRedirectUri> {
        let visible = text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'\\' | b'#'));
        if !visible || !(1..=Self::MAX_LEN).contains(&text.len()) {
            return Err(BadRedirectUri::Characters);
        }
        let url = Url::parse(text).map_err(|_| BadRedirectUri::NotAbsolute)?;
        let user = !url.username().is_empty() || url.password().is_some();
        if user || authority(text).is_some_and(|authority| authority.contains('@')) {
            return Err(BadRedirectUri::UserInfo);
        }
        if url.query_pairs().any(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref())) {
            return Err(BadRedirectUri::ResponseParameter);
        }
        match url.scheme() {
            // As written, because everything below reads the text: a parser is content with
            // `HTTPS:host` and `https:///host` as well.
            "https" if !text.starts_with("https://") || authority(text) == Some("") => {
                return Err(BadRedirectUri::Host);
            }
            "https" => match url.host() {
                Some(Host::Domain(name)) if is_public_name(name) => {}
                Some(Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_)) | None => {
                    return Err(BadRedirectUri::Host);
                }
            },
            "http" if loopback_host(text).is_some() => {}
            "http" => return Err(BadRedirectUri::InsecureHost),
            scheme if scheme.contains('.') || KNOWN_APP_SCHEMES.contains(&scheme) => {}
            _ => return Err(BadRedirectUri::Scheme),
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `requested` may be used by a client that registered `self`: the same text; or,
    /// when both are loopback http, the same host, path and query with any port.
    #[must_use]
    pub fn accepts(&self, requested: &Self) -> bool {
        if self == requested {
            return true;
        }
        match (loopback_host(&self.0), loopback_host(&requested.0)) {
            (Some(ours), Some(theirs)) => {
                ours == theirs && path_and_query(&self.0) == path_and_query(&requested.0)
            }
            (Some(_) | None, _) => false,
        }
    }

    #[must_use]
    pub fn kind(&self) -> RedirectKind {
        if self.0.starts_with("https:") {
            RedirectKind::Https
        } else if loopback_host(&self.0).is_some() {
            RedirectKind::Loopback
        } else {
            RedirectKind::PrivateUse
        }
    }

    /// What a person should read before agreeing: the host, or the scheme of an app.
    #[must_use]
    pub fn display_host(&self) -> String {
        match (self.kind(), Url::parse(&self.0)) {
            (RedirectKind::Https | RedirectKind::Loopback, Ok(url)) => {
                url.host_str().unwrap_or_default().to_owned()
            }
            (RedirectKind::PrivateUse, Ok(url)) => format!("{}:", url.scheme()),
            (_, Err(_)) => String::new(),
        }
    }

    /// The source expressions that let a page's `form-action` follow the redirect, and what
    /// the callback redirects on to: Chromium applies the directive to the whole chain that a
    /// form post begins, and blocks without a word on the page. Claude's callback answers 307
    /// to `claude:`, others lead to a login or a "you may close this" page elsewhere.
    ///
    /// Naming this much gives nothing away: the directive stops forms that somebody smuggled
    /// into a page, and ours load nothing foreign (`default-src 'none'`) and escape every word.
    #[must_use]
    pub fn csp_sources(&self) -> String {
        match (self.kind(), Url::parse(&self.0)) {
            (RedirectKind::Https, Ok(url)) => {
                let apps = KNOWN_APP_SCHEMES.map(|scheme| format!(" {scheme}:")).concat();
                format!("{} https:{apps}", url.origin().ascii_serialization())
            }
            // The directive's grammar has no IPv6 addresses, and browsers complain about them:
            // there only the scheme is left to name.
            (RedirectKind::Loopback, _) if self.0.starts_with("http://[") => {
                "http: https:".to_owned()
            }
            (RedirectKind::Loopback, _) => {
                "http://127.0.0.1:* http://localhost:* https:".to_owned()
            }
            (RedirectKind::PrivateUse, Ok(url)) => format!("{}:", url.scheme()),
            (_, Err(_)) => String::new(),
        }
    }

    /// This URI with further query parameters; existing ones stay as they are.
    #[must_use]
    pub fn with_query(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let separator = match self.0.split_once('?') {
            None => "?",
            Some((_, "")) => "",
            Some(_) => "&",
        };
        format!("{}{separator}{}", self.0, query.finish())
    }
}

/// The text between `//` and the path, as written.
fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    Some(&rest[..rest.find(['/', '?']).unwrap_or(rest.len())])
}

/// The loopback host exactly as written, or nothing. Spelled out on the text, because URL
/// parsers turn `0x7f.1`, `127.1` and friends into 127.0.0.1.
fn loopback_host(text: &str) -> Option<&'static str> {
    let authority = text.strip_prefix("http://").and_then(|_| authority(text))?;
    ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| {
        authority.strip_prefix(host).is_some_and(|port| {
            port.is_empty()
                || port
                    .strip_prefix(':')
                    .is_some_and(|digits| digits.parse::<u16>().is_ok_and(|port| port > 0))
        })
    })
}

/// What follows the authority; an empty path is `/`.
fn path_and_query(text: &str) -> String {
    let rest = authority(text).map_or("", |authority| {
        text.split_once("://").map_or("", |(_, rest)| &rest[authority.len()..])
    });
    if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") }
}

/// A DNS name with a dot that is not an address in disguise and does not end in one. Letters,
/// digits and hyphens only: the name is shown to people and stands in a header.
fn is_public_name(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    labels.len() > 1
        && labels.iter().all(|label| !label.is_empty() && label.bytes().all(plain))
        && labels.last().is_some_and(|last| *last != "localhost" && *last != "local")
        && name.parse::<Ipv4Addr>().is_err()
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = BadRedirectUri;

    fn try_from(text: String) -> Result<Self, BadRedirectUri> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn sec012_sec035_the_callbacks_of_known_clients_are_registrable() {
        for good in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://claude.com/api/mcp/auth_callback",
            "http://localhost/callback",
            "http://127.0.0.1/callback",
            "https://chatgpt.com/connector_platform_oauth_redirect",
            "http://127.0.0.1:33418/",
            "https://vscode.dev/redirect",
            "http://localhost:6274/oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/callback",
            "http://[::1]:9/x",
        ] {
            uri(good);
        }
    }

    #[test]
    fn sec062_the_policy_names_the_way_back_in_words_browsers_know() {
        for (redirect, source) in [
            (
                "https://claude.ai/api/mcp/auth_callback",
                "https://claude.ai https: claude: cursor: vscode: vscode-insiders:",
            ),
            ("http://localhost:6274/cb", "http://127.0.0.1:* http://localhost:* https:"),
            ("http://127.0.0.1/cb", "http://127.0.0.1:* http://localhost:* https:"),
            ("http://[::1]:9/x", "http: https:"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor:"),
        ] {
            assert_eq!(uri(redirect).csp_sources(), source, "{redirect}");
        }
    }

    #[test]
    fn t4_t7_sec010_sec035_what_could_lead_elsewhere_is_not_registrable() {
        for bad in [
            "",
            "/callback",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "intent://x",
            "http://example.com/cb",
            "http://0.0.0.0/cb",
            "http://127.0.0.2/cb",
            "http://127.1/cb",
            "http://0x7f000001/cb",
            "http://2130706433/cb",
            "http://[::ffff:127.0.0.1]/cb",
            "http://localhost./cb",
            "http://localhost.attacker.example/cb",
            "http://localhost:0/cb",
            "http://localhost:99999/cb",
            "https://localhost/cb",
            "https://10.0.0.1/cb",
            "https://intranet/cb",
            "https://u@claude.ai/cb",
            "HTTPS://evil.example/cb",
            "Https://claude.ai/cb",
            "https:evil.example/cb",
            "https:u@evil.example/cb",
            "https:///claude.ai@evil.example/cb",
            "https:///evil.example/cb",
            "https://a.example;x/cb",
            "https://a.example,b.example/cb",
            "HTTP://localhost/cb",
            "https://@claude.ai/cb",
            "https://claude.ai/cb#frag",
            "https://*.claude.ai/cb",
            "https://claude.ai\\@evil.example/cb",
            "https://claude.ai/c b",
            "https://claude.ai/cb?iss=https://evil.example",
            "https://claude.ai/cb?x=1&%69ss=y",
            "https://claude.ai/cb?code=stolen",
            "http://localhost/cb?state",
            "com.example.app:/cb?error=x",
            "JavaScript:alert(1)",
            "\u{1}javascript:alert(1)",
            "java\tscript:alert(1)",
            "java\nscript:alert(1)",
            " data:text/html,x",
            "vbscript:x",
            "VBScript:x",
            "blob:https://a.example/x",
            "about:blank",
            "ftp://a.example/x",
            "ws://a.example/x",
            "wss://a.example/x",
            "view-source:https://a.example",
        ] {
            assert!(RedirectUri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn t3_t5_t6_t7_t8_sec010_sec012_a_match_is_exact_but_for_the_port_of_loopback() {
        let registered = uri("http://localhost:3334/oauth/callback");
        assert!(registered.accepts(&uri("http://localhost:49152/oauth/callback")));
        assert!(registered.accepts(&uri("http://localhost/oauth/callback")));
        for other in [
            "http://127.0.0.1:3334/oauth/callback",
            "http://localhost:3334/oauth/callback?x=1",
            "http://localhost:3334/oauth/callback/",
        ] {
            assert!(!registered.accepts(&uri(other)), "{other}");
        }
        assert!(uri("http://127.0.0.1").accepts(&uri("http://127.0.0.1:8/")));
        let site = uri("https://claude.ai/cb");
        assert!(!site.accepts(&uri("https://claude.ai:443/cb")));
        assert!(!site.accepts(&uri("https://CLAUDE.ai/cb")));
    }

    #[test]
    fn parameters_are_added_to_those_already_there() {
        let plain = uri("https://a.example/cb");
        assert_eq!(plain.with_query(&[("code", "a b")]), "https://a.example/cb?code=a+b");
        let busy = uri("https://a.example/cb?keep=%20");
        assert_eq!(busy.with_query(&[("x", "1")]), "https://a.example/cb?keep=%20&x=1");
        let odd = uri("https://a.example/cb?odd?");
        assert_eq!(odd.with_query(&[("x", "1")]), "https://a.example/cb?odd?&x=1");
    }

    #[test]
    fn a_person_reads_the_host_or_the_app() {
        assert_eq!(uri("https://claude.ai/cb").display_host(), "claude.ai");
        assert_eq!(uri("cursor://x/cb").display_host(), "cursor:");
        assert_eq!(uri("http://[::1]:9/x").kind(), RedirectKind::Loopback);
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_the_text(text in "\\PC{0,80}") {
            if let Ok(parsed) = RedirectUri::parse(&text) {
                prop_assert_eq!(parsed.as_str(), text.as_str());
                prop_assert!(parsed.accepts(&parsed));
            }
        }

        #[test]
        fn whatever_leads_to_a_web_site_shows_its_host(
            text in "[hH][tT][tT][pP][sS]?:/{0,3}[a-z@:;.]{1,20}/[a-z]{0,3}",
        ) {
            if let Ok(parsed) = RedirectUri::parse(&text) {
                prop_assert_ne!(parsed.kind(), RedirectKind::PrivateUse);
                let url = Url::parse(&text).unwrap();
                prop_assert_eq!(parsed.display_host(), url.host_str().unwrap());
            }
        }

        #[test]
        fn no_https_uri_ever_accepts_another(
            left in "https://[a-z]{1,6}\\.[a-z]{2,3}(:[0-9]{1,4})?/[a-z]{0,4}",
            right in "https://[a-z]{1,6}\\.[a-z]{2,3}(:[0-9]{1,4})?/[a-z]{0,4}",
        ) {
            if let (Ok(a), Ok(b)) = (RedirectUri::parse(&left), RedirectUri::parse(&right)) {
                prop_assert_eq!(a.accepts(&b), left == right);
            }
        }
    }
}
