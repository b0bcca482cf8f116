//! Name resolution for workers, which can reach no name server.

use std::net::IpAddr;
use std::time::Duration;

use domain::upstream::Upstream;

const DEADLINE: Duration = Duration::from_secs(10);

/// Addresses of one of Garmin's hosts; nothing for any other name. A name server that points
/// Garmin's name at this machine is not obeyed: loopback is for whoever configured it.
pub(super) async fn resolve(upstream: &Upstream, host: &str) -> Vec<IpAddr> {
    let named = upstream.all().into_iter().find(|base| same_host(base.host(), host));
    let Some(base) = named else {
        tracing::warn!(event = "worker-resolve-refused", "a worker asked for a foreign name");
        return Vec::new();
    };
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let found = match literal {
        Ok(address) => vec![address],
        Err(_) => lookup(host, base.port()).await,
    };
    let usable = |address: &IpAddr| base.is_loopback() || !is_local(*address);
    found.into_iter().filter(usable).collect()
}

async fn lookup(host: &str, port: u16) -> Vec<IpAddr> {
    match tokio::time::timeout(DEADLINE, tokio::net::lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.map(|address| address.ip()).collect(),
        Ok(Err(error)) => {
            tracing::warn!(event = "resolve-failed", host, error = %error.kind(), "");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!(event = "resolve-failed", host, error = "timeout", "");
            Vec::new()
        }
    }
}

fn same_host(configured: &str, asked: &str) -> bool {
    let bare = |text: &str| text.trim_start_matches('[').trim_end_matches(']').to_owned();
    bare(configured).eq_ignore_ascii_case(&bare(asked))
}

fn is_local(address: IpAddr) -> bool {
    let canonical = address.to_canonical();
    let link_local = match canonical {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    canonical.is_loopback() || canonical.is_unspecified() || link_local
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::region::Region;
    use domain::upstream::BaseUrl;

    #[tokio::test]
    async fn only_the_upstreams_names_are_looked_up() {
        let upstream = Upstream::garmin(Region::Global);
        for foreign in ["example.org", "localhost", "127.0.0.1", "sso.garmin.com.evil.example"] {
            assert!(resolve(&upstream, foreign).await.is_empty(), "{foreign}");
        }
    }

    #[tokio::test]
    async fn loopback_is_answered_only_where_the_upstream_is_loopback() {
        let mut upstream = Upstream::garmin(Region::Global);
        upstream.api = BaseUrl::parse("http://127.0.0.1:9/api").unwrap();
        assert_eq!(resolve(&upstream, "127.0.0.1").await, [IpAddr::from([127, 0, 0, 1])]);
        upstream.api = BaseUrl::parse("https://127.0.0.1").unwrap();
        assert_eq!(resolve(&upstream, "127.0.0.1").await, [IpAddr::from([127, 0, 0, 1])]);
        assert!(is_local("::1".parse().unwrap()) && is_local("::ffff:127.0.0.1".parse().unwrap()));
        assert!(
            is_local("169.254.1.1".parse().unwrap()) && !is_local("192.0.2.1".parse().unwrap())
        );
    }

    #[test]
    fn case_and_brackets_do_not_make_a_name_foreign() {
        assert!(same_host("[::1]", "::1") && same_host("SSO.garmin.com", "sso.garmin.com"));
        assert!(!same_host("sso.garmin.com", "sso.garmin.com.evil"));
    }
}
