//! Whether the addresses limits are counted by look right: told to the operator, once.
//!
//! A proxy that is not named in `TRUSTED_PROXIES`, or that does not say for whom it asks, makes
//! one person of everybody behind it, and nobody notices until somebody is told to slow down.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};

use axum::extract::Request;
use domain::origin::Origin;
use http::header::HOST;
use http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use super::client_ip::{ClientIp, Peer};
use crate::state::AppState;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// What looks wrong about the way a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// Forwarded by a neighbour who is not trusted.
    NotTrusted(IpAddr),
    /// The neighbour must be a proxy, for the public address is https, and names nobody.
    Silent(IpAddr),
    /// A trusted proxy was itself asked by a neighbour who is not.
    AnotherProxy(IpAddr),
}

/// Which doubts the operator has heard of.
#[derive(Debug, Default)]
pub struct Told(AtomicU8);

/// Looks at requests until every doubt has been told.
pub(crate) fn watch(app: &AppState, request: &Request) {
    if let Some(peer) = request.extensions().get::<Peer>() {
        let (peer, config) = (peer.0.ip().to_canonical(), &app.config);
        let doubt = doubt(&config.public_url, peer, request.headers(), &config.trusted_proxies);
        if let Some(doubt) = doubt.filter(|doubt| app.proxy_doubts.is_news(*doubt)) {
            tell(doubt);
        }
    }
}

impl Told {
    fn is_news(&self, doubt: Doubt) -> bool {
        let bit = match doubt {
            Doubt::NotTrusted(_) => 1,
            Doubt::Silent(_) => 2,
            Doubt::AnotherProxy(_) => 4,
        };
        self.0.fetch_or(bit, Ordering::Relaxed) & bit == 0
    }
}

fn doubt(
    public_url: &Origin,
    peer: IpAddr,
    headers: &HeaderMap,
    trusted: &[IpNet],
) -> Option<Doubt> {
    // A stranger may send any header; only a neighbour is likely to be a proxy.
    let for_us = headers.get(HOST).is_some_and(|host| {
        host.as_bytes().eq_ignore_ascii_case(public_url.authority().as_bytes())
    });
    if !is_neighbour(peer) || !for_us || public_url.is_loopback() {
        return None;
    }
    let trusts = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let forwarded = headers.contains_key(FORWARDED_FOR);
    match (forwarded, trusts(&peer)) {
        (true, false) => Some(Doubt::NotTrusted(peer)),
        (false, _) => public_url.is_secure().then_some(Doubt::Silent(peer)),
        (true, true) => {
            let client = ClientIp::of(peer, headers, trusted).0;
            let unnamed = client != peer && is_neighbour(client) && !trusts(&client);
            unnamed.then_some(Doubt::AnotherProxy(client))
        }
    }
}

fn tell(doubt: Doubt) {
    match doubt {
        Doubt::NotTrusted(peer) => tracing::warn!(
            event = "proxy-not-trusted",
            "{peer} forwards requests for others (X-Forwarded-For), but TRUSTED_PROXIES does not \
             name it: everybody behind it counts as one address and shares one rate limit. If it \
             is your proxy, set TRUSTED_PROXIES={peer} (or its network) and restart."
        ),
        Doubt::Silent(peer) => tracing::warn!(
            event = "proxy-silent",
            "PUBLIC_URL is https, so {peer} must be a proxy, but it does not say for whom it \
             asks: everybody counts as one address and shares one rate limit. Let it set the \
             header, in nginx `proxy_set_header X-Forwarded-For $remote_addr;`, and name it in \
             TRUSTED_PROXIES."
        ),
        Doubt::AnotherProxy(peer) => tracing::warn!(
            event = "proxy-not-trusted",
            "requests reach the trusted proxy from {peer}, which looks like another proxy of \
             yours and is not in TRUSTED_PROXIES: everybody behind it shares one rate limit. If \
             so, add {peer} (or its network) to TRUSTED_PROXIES and restart."
        ),
    }
}

/// On this machine or in a private network.
fn is_neighbour(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(origin: &str, peer: &str, headers: &[(&str, &str)]) -> Option<Doubt> {
        let trusted: Vec<IpNet> = vec!["127.0.0.0/8".parse().unwrap()];
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        doubt(&Origin::parse(origin).unwrap(), peer.parse().unwrap(), &headers, &trusted)
    }

    #[test]
    fn a_proxy_that_is_not_named_or_says_nothing_is_noticed() {
        let (ours, host) = ("https://garmin.example.org", ("host", "garmin.example.org"));
        let bridge: IpAddr = "172.17.0.1".parse().unwrap();
        let person = ("x-forwarded-for", "192.0.2.1");
        assert_eq!(seen(ours, "172.17.0.1", &[host, person]), Some(Doubt::NotTrusted(bridge)));
        assert_eq!(seen(ours, "172.17.0.1", &[host]), Some(Doubt::Silent(bridge)));
        let local = "127.0.0.1".parse().unwrap();
        assert_eq!(seen(ours, "127.0.0.1", &[host]), Some(Doubt::Silent(local)));
        let through = ("x-forwarded-for", "192.0.2.1, 172.17.0.1");
        assert_eq!(seen(ours, "127.0.0.1", &[host, through]), Some(Doubt::AnotherProxy(bridge)));
    }

    #[test]
    fn what_is_as_it_should_be_is_no_news() {
        let (ours, host) = ("https://garmin.example.org", ("host", "garmin.example.org"));
        let person = ("x-forwarded-for", "192.0.2.1");
        assert_eq!(seen(ours, "127.0.0.1", &[host, person]), None);
        assert_eq!(seen(ours, "127.0.0.1", &[("host", "localhost:8080")]), None, "a health check");
        assert_eq!(seen(ours, "192.0.2.9", &[host, person]), None, "a stranger's header");
        assert_eq!(seen("http://localhost:8080", "127.0.0.1", &[("host", "localhost:8080")]), None);
    }

    #[test]
    fn a_doubt_is_told_once() {
        let (told, peer) = (Told::default(), "172.17.0.1".parse().unwrap());
        assert!(told.is_news(Doubt::Silent(peer)) && told.is_news(Doubt::NotTrusted(peer)));
        assert!(!told.is_news(Doubt::Silent(peer)) && !told.is_news(Doubt::NotTrusted(peer)));
    }
}
