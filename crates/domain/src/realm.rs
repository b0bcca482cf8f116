//! The names under which clients know this gateway.

use serde::{Deserialize, Serialize};

use crate::origin::Origin;

/// A set of addresses: an issuer, its endpoints and the resource it issues tokens for. Behind
/// both is one authorization server and one resource, so a token of either works at both; but a
/// client compares the issuer and the resource with what it was told first, byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Realm {
    /// `PUBLIC_URL` and `PUBLIC_URL/mcp`.
    #[default]
    Own,
    /// `PUBLIC_URL/garmin` and `PUBLIC_URL/garmin/mcp`, as the gateway before this one had them.
    Successor,
}

impl Realm {
    pub const ALL: [Self; 2] = [Self::Own, Self::Successor];

    /// What comes before the path of every endpoint.
    #[must_use]
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Own => "",
            Self::Successor => "/garmin",
        }
    }

    /// The address of one of its endpoints; `path` starts with `/`.
    #[must_use]
    pub fn join(self, origin: &Origin, path: &str) -> String {
        origin.join(&format!("{}{path}", self.prefix()))
    }

    #[must_use]
    pub fn issuer(self, origin: &Origin) -> String {
        origin.join(self.prefix())
    }

    #[must_use]
    pub fn resource(self, origin: &Origin) -> String {
        self.join(origin, "/mcp")
    }

    /// Where RFC 9728 puts the metadata of that resource.
    #[must_use]
    pub fn resource_metadata(self, origin: &Origin) -> String {
        origin.join(&format!("/.well-known/oauth-protected-resource{}/mcp", self.prefix()))
    }

    /// Whether a `resource` parameter means our one resource. Who asks under the other name may
    /// use that, too, in the same harmless spellings.
    #[must_use]
    pub fn names_resource(self, origin: &Origin, asked: &str) -> bool {
        match self {
            Self::Own => origin.names_resource(asked),
            Self::Successor => {
                let bare = asked.strip_suffix('/').unwrap_or(asked);
                let ours = ["/garmin/mcp", "/garmin"]
                    .into_iter()
                    .filter_map(|path| bare.strip_suffix(path))
                    // With the path of our own resource behind it, only the bare origin fits.
                    .any(|root| origin.names_resource(&format!("{root}/mcp")));
                ours || origin.names_resource(asked)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_of_the_gateway_before_finds_every_address_it_knew() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        let realm = Realm::Successor;
        assert_eq!(realm.issuer(&origin), "https://garmin.example.org/garmin");
        assert_eq!(realm.resource(&origin), "https://garmin.example.org/garmin/mcp");
        assert_eq!(
            realm.resource_metadata(&origin),
            "https://garmin.example.org/.well-known/oauth-protected-resource/garmin/mcp"
        );
        assert_eq!(Realm::Own.issuer(&origin), origin.as_str());
        assert_eq!(Realm::Own.resource(&origin), origin.resource());
    }

    #[test]
    fn the_resource_has_the_names_of_the_realm_and_no_other() {
        let origin = Origin::parse("https://garmin.example.org").unwrap();
        for good in [
            "https://garmin.example.org/garmin/mcp",
            "https://garmin.example.org/garmin/mcp/",
            "HTTPS://Garmin.Example.org:443/garmin/mcp",
            "https://garmin.example.org/garmin",
            "https://garmin.example.org/mcp",
        ] {
            assert!(Realm::Successor.names_resource(&origin, good), "{good}");
        }
        for bad in ["https://garmin.example.org/garmin/mcp", "https://garmin.example.org/garmin"] {
            assert!(!Realm::Own.names_resource(&origin, bad), "{bad}");
        }
        for bad in [
            "https://garmin.example.org/whoop/mcp",
            "https://garmin.example.org//garmin/mcp",
            "https://garmin.example.org/mcp/garmin/mcp",
            "https://garmin.example.org/garmin/mcp//",
            "https://garmin.example.org/garmin/garmin/mcp",
            "https://other.example/garmin/mcp",
            "http://garmin.example.org/garmin/mcp",
            "/garmin/mcp",
            "/garmin",
        ] {
            assert!(!Realm::Successor.names_resource(&origin, bad), "{bad}");
        }
    }
}
