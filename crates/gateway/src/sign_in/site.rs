//! Where an attempt comes from, as far as limits go.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The part of the network within which one subscriber can choose addresses freely: a /24 of
/// IPv4, a /48 of IPv6. Whoever has to come from several of them has to own several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Site(IpNet);

impl Site {
    pub(super) fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => {
                IpNet::V4(Ipv4Net::new(v4, 24).unwrap_or_else(|_| Ipv4Net::from(v4)).trunc())
            }
            IpAddr::V6(v6) => {
                IpNet::V6(Ipv6Net::new(v6, 48).unwrap_or_else(|_| Ipv6Net::from(v6)).trunc())
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_site() {
        let of = |text: &str| Site::of(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.9"));
        assert_eq!(of("2001:db8:1::1"), of("2001:db8:1:ffff::9"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
    }
}
