//! Name resolution for workers, which can reach no name server.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::upstream::{BaseUrl, Upstream};
use tokio::time::Instant;

const DEADLINE: Duration = Duration::from_secs(10);
/// How long an answer serves everybody, also that there is none. A lookup holds a thread that
/// nobody can take back from the system's resolver.
const FRESH: Duration = Duration::from_secs(5);

/// Looks names up, one at a time each. Only names of the upstream get this far, so there are
/// few of them.
#[derive(Clone, Default)]
pub(super) struct Resolver(Arc<Mutex<Names>>);

type Names = HashMap<(String, u16), Arc<Name>>;
type Name = tokio::sync::Mutex<Option<(Instant, Vec<IpAddr>)>>;

/// Which of Garmin's hosts this is.
pub(super) fn known<'a>(upstream: &'a Upstream, host: &str) -> Option<&'a BaseUrl> {
    upstream.all().into_iter().find(|base| same_host(base.host(), host))
}

impl Resolver {
    /// Addresses of `host`, which is the one of `base`. A name server that points Garmin's
    /// name at this machine is not obeyed: loopback is for whoever configured it.
    pub(super) async fn resolve(&self, base: &BaseUrl, host: &str) -> Vec<IpAddr> {
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let found = match literal {
            Ok(address) => vec![address],
            Err(_) => self.look_up(base).await,
        };
        let usable = |address: &IpAddr| base.is_loopback() || !is_local(*address);
        found.into_iter().filter(usable).collect()
    }

    async fn look_up(&self, base: &BaseUrl) -> Vec<IpAddr> {
        let key = (base.host().to_owned(), base.port());
        let name = {
            let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            names.entry(key).or_default().clone()
        };
        let mut known = name.lock().await;
        if let Some((since, addresses)) = &*known
            && since.elapsed() < FRESH
        {
            return addresses.clone();
        }
        let addresses = lookup(base.host(), base.port()).await;
        *known = Some((Instant::now(), addresses.clone()));
        addresses
    }
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

    #[test]
    fn only_the_upstreams_names_are_looked_up() {
        let upstream = Upstream::garmin(Region::Global);
        for foreign in ["example.org", "localhost", "127.0.0.1", "sso.garmin.com.evil.example"] {
            assert!(known(&upstream, foreign).is_none(), "{foreign}");
        }
        assert!(known(&upstream, "SSO.garmin.com").is_some());
    }

    #[tokio::test]
    async fn an_answer_serves_for_some_seconds_also_that_there_is_none() {
        let resolver = Resolver::default();
        let base = BaseUrl::parse("https://localhost").unwrap();
        let key = (base.host().to_owned(), base.port());
        let none = Some((Instant::now() + Duration::from_mins(1), Vec::new()));
        resolver.0.lock().unwrap().insert(key.clone(), Arc::new(Name::new(none)));
        assert_eq!(resolver.look_up(&base).await, Vec::<IpAddr>::new());
        resolver.0.lock().unwrap().remove(&key);
        assert!(!resolver.look_up(&base).await.is_empty());
    }

    #[tokio::test]
    async fn loopback_is_answered_only_where_the_upstream_is_loopback() {
        let mut upstream = Upstream::garmin(Region::Global);
        for api in ["http://127.0.0.1:9/api", "https://127.0.0.1"] {
            upstream.api = BaseUrl::parse(api).unwrap();
            let base = known(&upstream, "127.0.0.1").unwrap();
            let found = Resolver::default().resolve(base, "127.0.0.1").await;
            assert_eq!(found, [IpAddr::from([127, 0, 0, 1])]);
        }
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
