//! The address people type: one constant from which every URL of ours is derived.

use std::fmt;

use url::{Host, Url};

/// `PUBLIC_URL`: a bare origin without a trailing slash. It is the OAuth issuer, byte for
/// byte, and never taken from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    text: String,
    authority: String,
    secure: bool,
    loopback: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadOrigin {
    #[error("not an absolute URL such as `https://garmin.example.org`")]
    NotAUrl,
    #[error("must be https; plain http is accepted for loopback addresses only")]
    NotSecure,
    #[error("must be a bare origin: no path, query, fragment or user name")]
    NotBare,
}

impl Origin {
    pub fn parse(text: &str) -> Result<Self, BadOrigin> {
        let url = Url::parse(text.trim()).map_err(|_| BadOrigin::NotAUrl)?;
        let loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(BadOrigin::NotAUrl),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => return Err(BadOrigin::NotSecure),
        }
        let bare = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !bare {
            return Err(BadOrigin::NotBare);
        }
        let origin = url.origin().ascii_serialization();
        let authority =
            origin.split_once("://").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        Ok(Self { text: origin, authority, secure: url.scheme() == "https", loopback })
    }

    /// The origin as every document and token response shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and, where it is not the default, port: what a `Host` header should say.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether cookies may carry `Secure` (and therefore the `__Host-` prefix).
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// The address of `path`, which starts with `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    /// The one protected resource: what a person types into their MCP client.
    #[must_use]
    pub fn resource(&self) -> String {
        self.join("/mcp")
    }

    /// Whether a `resource` parameter means our one resource. Besides the exact URL the
    /// spellings clients are known to send are accepted: any case of scheme and host, an
    /// explicit default port, a trailing slash, and the bare origin. This is safe only while
    /// there is one resource to an origin.
    ///
    /// Compared as text: a URL parser would also make our address of `/x/../mcp` and of line
    /// breaks between the letters.
    #[must_use]
    pub fn names_resource(&self, asked: &str) -> bool {
        let Some((scheme, rest)) = asked.split_once("://") else { return false };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let ours = if self.secure { "https" } else { "http" };
        scheme.eq_ignore_ascii_case(ours)
            && self.is_named_by(authority)
            && matches!(path, "" | "/" | "/mcp" | "/mcp/")
    }

    /// Whether an authority is ours, in any case and with or without a default port.
    fn is_named_by(&self, authority: &str) -> bool {
        let default_port = if self.secure { ":443" } else { ":80" };
        let after_host = self.authority.rsplit(']').next().unwrap_or_default();
        let bare = match authority.strip_suffix(default_port) {
            Some(bare) if !after_host.contains(':') => bare,
            Some(_) | None => authority,
        };
        bare.eq_ignore_ascii_case(&self.authority)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_origin_loses_its_slash_and_default_port() {
        let origin = Origin::parse("https://Garmin.Example.org:443/").unwrap();
        assert_eq!(origin.as_str(), "https://garmin.example.org");
        assert_eq!(origin.authority(), "garmin.example.org");
        assert_eq!(origin.resource(), "https://garmin.example.org/mcp");
    }

    #[test]
    fn only_a_bare_secure_origin_is_an_issuer() {
        assert_eq!(Origin::parse("http://example.org"), Err(BadOrigin::NotSecure));
        assert_eq!(Origin::parse("https://example.org/garmin"), Err(BadOrigin::NotBare));
        assert_eq!(Origin::parse("https://example.org?x"), Err(BadOrigin::NotBare));
        assert_eq!(Origin::parse("example.org"), Err(BadOrigin::NotAUrl));
        assert!(Origin::parse("http://127.0.0.1:8080").unwrap().is_loopback());
    }

    #[test]
    fn t16_t17_the_resource_is_recognised_in_the_spellings_clients_send_and_no_other() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        for good in [
            "https://garmin.example.org/mcp",
            "https://garmin.example.org/mcp/",
            "HTTPS://GARMIN.example.org/mcp",
            "https://garmin.example.org:443/mcp",
            "https://garmin.example.org",
            "https://garmin.example.org/",
        ] {
            assert!(origin.names_resource(good), "{good}");
        }
        for bad in [
            "https://other.example.org/mcp",
            "http://garmin.example.org/mcp",
            "https://garmin.example.org/mcp#x",
            "https://u@garmin.example.org/mcp",
            "https://garmin.example.org/%6dcp",
            "https://garmin.example.org/admin",
            "https://garmin.example.org/mcp?x=1",
            "https://garmin.example.org/mcp/../admin",
            "https://garmin.example.org/x/../mcp",
            "https://garmin.example.org//mcp",
            "https:///garmin.example.org/mcp",
            "https:garmin.example.org/mcp",
            "https://garmin.example.org\\mcp",
            "https://garmin.example.org/m\ncp",
            " https://garmin.example.org/mcp",
            "https://garmin.example.org:8443/mcp",
            "https://garmin.example.org:443:443/mcp",
            "mcp",
            "",
        ] {
            assert!(!origin.names_resource(bad), "{bad}");
        }
    }

    #[test]
    fn t16_a_port_of_our_own_is_part_of_our_name() {
        let origin = Origin::parse("http://[::1]:8080").unwrap();
        assert!(origin.names_resource("http://[::1]:8080/mcp"));
        assert!(!origin.names_resource("http://[::1]:8080:80/mcp"));
        assert!(!origin.names_resource("http://[::1]/mcp"));
        let plain = Origin::parse("http://[::1]").unwrap();
        assert!(plain.names_resource("http://[::1]:80/mcp"));
    }

    proptest! {
        #[test]
        fn t16_t17_a_resource_is_ours_exactly_in_its_harmless_spellings(
            scheme in "(https|https|HTTPS|Https|http|htps)",
            separator in "(://|://|://|:/|:|:///)",
            host in "(garmin\\.example\\.org|Garmin\\.EXAMPLE\\.org|garmin\\.example\\.org\\.|a@garmin\\.example\\.org|example\\.org|garmin%2eexample\\.org|garmin\\.\texample\\.org)",
            port in "(||:443|:0443|:444|:80)",
            path in "(|/|/mcp|/mcp/|/mcp/\\.|/mcp/\\.\\./mcp|/MCP|/%6dcp|/mcpx|//mcp)",
            rest in "(|||\\?|\\?x=1|#|#x)",
        ) {
            let ours = Origin::parse("https://garmin.example.org").unwrap();
            let asked = format!("{scheme}{separator}{host}{port}{path}{rest}");
            let harmless = scheme.eq_ignore_ascii_case("https")
                && separator == "://"
                && host.eq_ignore_ascii_case("garmin.example.org")
                && matches!(&*port, "" | ":443")
                && matches!(&*path, "" | "/" | "/mcp" | "/mcp/")
                && rest.is_empty();
            prop_assert_eq!(ours.names_resource(&asked), harmless, "{}", asked);
        }

        #[test]
        fn an_origin_reads_itself_and_knows_its_resource(
            text in "(https|http)://[a-zA-Z0-9.-]{1,20}(:[0-9]{1,5})?/?",
        ) {
            if let Ok(origin) = Origin::parse(&text) {
                prop_assert_eq!(Origin::parse(origin.as_str()), Ok(origin.clone()));
                prop_assert!(!origin.as_str().ends_with('/'));
                prop_assert!(origin.names_resource(&origin.resource()));
                prop_assert!(text.starts_with("https:") || origin.is_loopback());
            }
        }
    }
}
