//! The address limits are counted by.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{FromRef, FromRequestParts};
use http::HeaderMap;
use http::request::Parts;
use ipnet::IpNet;

use crate::state::AppState;

/// Who is on the other end of the connection; the accept loop puts it into the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The client's address: the connection's, or the right-most untrusted one a trusted proxy
/// reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);

impl ClientIp {
    /// What is left of the right-most untrusted entry was written by strangers, and a header
    /// that did not come through a trusted proxy was written by one.
    #[must_use]
    pub fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> Self {
        let trusts = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
        let mut client = peer.to_canonical();
        if !trusts(client) {
            return Self(client);
        }
        let lines: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|value| value.to_str().ok())
            .collect();
        for entry in lines.iter().flat_map(|line| line.split(',')).rev() {
            let Some(address) = parse_entry(entry) else { break };
            client = address;
            if !trusts(client) {
                break;
            }
        }
        Self(client)
    }
}

/// An address as proxies write it: bare, or with a port.
fn parse_entry(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    entry
        .parse::<IpAddr>()
        .or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .map(|address| address.to_canonical())
}

impl<S> FromRequestParts<S> for ClientIp
where
    AppState: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let app = AppState::from_ref(state);
        // Without a known peer everybody shares one bucket, which errs on the safe side.
        let peer = parts
            .extensions
            .get::<Peer>()
            .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        Ok(Self::of(peer, &parts.headers, &app.config.trusted_proxies))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded: &[&'static str]) -> String {
        let trusted: Vec<IpNet> =
            vec!["127.0.0.0/8".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        ClientIp::of(peer.parse().unwrap(), &headers, &trusted).0.to_string()
    }

    #[test]
    fn t109_sec072_a_stranger_cannot_choose_an_address() {
        let crowd: &'static str = Box::leak("6.6.6.6, ".repeat(1000).into_boxed_str());
        let crowd: &'static str = Box::leak([crowd, "192.0.2.9"].concat().into_boxed_str());
        assert_eq!(client("127.0.0.1", &[crowd]), "192.0.2.9");
        assert_eq!(client("192.0.2.9", &["fe80::1%eth0", "127.0.0.1"]), "192.0.2.9");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, fe80::1%eth0"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["[2001:db8::7]:443"]), "2001:db8::7");
        assert_eq!(client("192.0.2.9", &["198.51.100.1"]), "192.0.2.9");
        assert_eq!(client("127.0.0.1", &["6.6.6.6, 192.0.2.9"]), "192.0.2.9");
        assert_eq!(client("127.0.0.1", &["6.6.6.6", "192.0.2.9, 10.1.1.1"]), "192.0.2.9");
    }

    #[test]
    fn a_chain_of_trusted_proxies_ends_at_its_far_end() {
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &["10.0.0.7"]), "10.0.0.7");
        assert_eq!(client("127.0.0.1", &["junk, 10.0.0.7"]), "10.0.0.7");
        assert_eq!(client("::ffff:127.0.0.1", &["192.0.2.1:4711"]), "192.0.2.1");
    }
}
