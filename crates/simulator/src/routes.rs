//! Which of Garmin's hosts a path belongs to: one listener plays them all.

use domain::region::Region;
use serde::{Deserialize, Serialize};

/// One of the hosts a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Host {
    Sso,
    Api,
    Diauth,
    Connect,
}

impl Host {
    pub(crate) const ALL: [Self; 4] = [Self::Sso, Self::Api, Self::Diauth, Self::Connect];

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Sso => "/sso-host",
            Self::Api => "/api",
            Self::Diauth => "/diauth",
            Self::Connect => "/connect",
        }
    }
}

/// Whose hosts were asked: either region's, as the values in the protocol say, or one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Realm {
    Any,
    Only(Region),
}

impl Realm {
    pub(crate) const ALL: [Self; 3] =
        [Self::Any, Self::Only(Region::Global), Self::Only(Region::China)];

    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Only(Region::Global) => "/garmin.com",
            Self::Only(Region::China) => "/garmin.cn",
        }
    }

    pub(crate) fn admits(self, region: Region) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == region,
        }
    }
}

/// Splits a path into realm, host and the path that host sees.
pub(crate) fn split(path: &str) -> Option<(Realm, Host, &str)> {
    for realm in [Realm::Only(Region::Global), Realm::Only(Region::China), Realm::Any] {
        let Some(rest) = path.strip_prefix(realm.prefix()) else { continue };
        for host in Host::ALL {
            if let Some(inner) = rest.strip_prefix(host.prefix())
                && (inner.is_empty() || inner.starts_with('/'))
            {
                return Some((realm, host, inner));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_realm_and_host() {
        let split = super::split("/garmin.cn/api/hrv-service/hrv/2026-05-01");
        assert_eq!(
            split,
            Some((Realm::Only(Region::China), Host::Api, "/hrv-service/hrv/2026-05-01"))
        );
        assert_eq!(
            super::split("/sso-host/sso/embed"),
            Some((Realm::Any, Host::Sso, "/sso/embed"))
        );
        assert_eq!(super::split("/apiary/x"), None);
    }
}
