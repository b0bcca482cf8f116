//! Where requests to Garmin Connect are sent.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::region::Region;

/// Base addresses of Garmin's hosts. Only *where* a request goes is configurable; the values
/// inside the login protocol (service URLs, client ids, grant types) stay Garmin's own, so any
/// server that speaks the protocol can be reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Upstream {
    pub region: Region,
    pub sso: BaseUrl,
    pub api: BaseUrl,
    pub diauth: BaseUrl,
    pub connect: BaseUrl,
}

impl Upstream {
    /// Garmin's own hosts in `region`.
    #[must_use]
    pub fn garmin(region: Region) -> Self {
        let host = |name: &str| BaseUrl::of_host(&format!("{name}.{}", region.domain()));
        Self {
            region,
            sso: host("sso"),
            api: host("connectapi"),
            diauth: host("diauth"),
            connect: host("connect"),
        }
    }

    /// All four addresses, for whoever has to allow connections to them.
    #[must_use]
    pub fn all(&self) -> [&BaseUrl; 4] {
        [&self.sso, &self.api, &self.diauth, &self.connect]
    }
}

/// An address requests are made relative to: https, or http on loopback; a path prefix is
/// allowed; never a query, a fragment or a user name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(Url);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBaseUrl {
    #[error("not an absolute URL")]
    NotAUrl,
    #[error("must be https; plain http is accepted for loopback addresses only")]
    NotSecure,
    #[error("must not carry a user name, a query or a fragment")]
    Surplus,
}

impl BaseUrl {
    pub fn parse(text: &str) -> Result<Self, BadBaseUrl> {
        let mut url = Url::parse(text.trim()).map_err(|_| BadBaseUrl::NotAUrl)?;
        let secure = match url.scheme() {
            "https" => url.host().is_some(),
            "http" => is_loopback(&url),
            _ => false,
        };
        if !secure {
            return Err(BadBaseUrl::NotSecure);
        }
        let bare_user = url.username().is_empty() && url.password().is_none();
        if !bare_user || url.query().is_some() || url.fragment().is_some() {
            return Err(BadBaseUrl::Surplus);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    fn of_host(host: &str) -> Self {
        #[expect(clippy::expect_used, reason = "host names of this module are constants")]
        Self(Url::parse(&format!("https://{host}")).expect("a constant host is a URL"))
    }

    /// The address of `path` (which starts with `/`) below this base.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(443)
    }

    /// Whether requests go to this machine, as with a simulator.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    #[must_use]
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = BadBaseUrl;

    fn try_from(text: String) -> Result<Self, BadBaseUrl> {
        Self::parse(&text)
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.join("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_prefix_is_kept_and_a_trailing_slash_is_not() {
        let base = BaseUrl::parse("http://127.0.0.1:4000/api/").unwrap();
        assert_eq!(base.join("/x?y=1"), "http://127.0.0.1:4000/api/x?y=1");
        assert_eq!(BaseUrl::parse("https://a.example").unwrap().join("/x"), "https://a.example/x");
        assert_eq!((base.host(), base.port(), base.is_loopback()), ("127.0.0.1", 4000, true));
    }

    #[test]
    fn plain_http_leaves_this_machine_never() {
        assert_eq!(BaseUrl::parse("http://garmin.com"), Err(BadBaseUrl::NotSecure));
        assert_eq!(BaseUrl::parse("http://localhost.evil.example"), Err(BadBaseUrl::NotSecure));
        assert!(BaseUrl::parse("http://localhost:1").is_ok());
        assert!(BaseUrl::parse("http://[::1]:1").is_ok());
    }

    #[test]
    fn surplus_parts_are_refused() {
        for bad in ["https://u@h.example", "https://h.example?x", "https://h.example#x"] {
            assert_eq!(BaseUrl::parse(bad), Err(BadBaseUrl::Surplus), "{bad}");
        }
    }

    #[test]
    fn the_two_regions_share_no_host() {
        let (global, china) = (Upstream::garmin(Region::Global), Upstream::garmin(Region::China));
        for (ours, theirs) in global.all().iter().zip(china.all()) {
            assert_ne!(ours.host(), theirs.host());
        }
        assert_eq!(china.diauth.join("/x"), "https://diauth.garmin.cn/x");
    }
}
