//! Identifiers: random, prefixed, safe to log. Private fields and one way in.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::entropy::{self, Entropy};

/// The text is not an identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {kind} id")]
pub struct MalformedId {
    kind: &'static str,
}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub const PREFIX: &str = $prefix;

            #[must_use]
            pub fn generate(entropy: &dyn Entropy) -> Self {
                let raw: [u8; 16] = entropy::bytes(entropy);
                Self(format!("{}{}", $prefix, URL_SAFE_NO_PAD.encode(raw)))
            }

            pub fn parse(text: &str) -> Result<Self, MalformedId> {
                let body = text.strip_prefix($prefix).ok_or(MalformedId { kind: $kind })?;
                match URL_SAFE_NO_PAD.decode(body) {
                    Ok(raw) if raw.len() == 16 => Ok(Self(text.to_owned())),
                    Ok(_) | Err(_) => Err(MalformedId { kind: $kind }),
                }
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedId;

            fn try_from(text: String) -> Result<Self, MalformedId> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

random_id! {
    /// One person's connection to Garmin Connect. Pseudonymous: says nothing about the person.
    AccountId, "acc_", "account"
}
random_id! {
    /// One connected MCP client: an account, a client and the tokens issued for both.
    DeviceId, "dev_", "device"
}
random_id! {
    /// A sign-in in progress: from the authorization request to the code.
    SignInId, "sgn_", "sign-in"
}
random_id! {
    /// Recorded consent waiting to be redeemed by its code.
    GrantId, "gnt_", "grant"
}
random_id! {
    /// A browser's session on our pages; the cookie carries a token, this names the row.
    SessionId, "ses_", "session"
}
random_id! {
    /// One gateway process: owner of leases and workers.
    NodeId, "nod_", "node"
}
random_id! {
    /// One entry of an account's journal of writes.
    JournalId, "jrn_", "journal"
}

/// A registered OAuth client: our own random id, a Client ID Metadata Document URL, or the
/// id an imported client was given by the gateway before this one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClientId(String);

impl ClientId {
    pub const PREFIX: &str = "cli_";
    const MAX_LEN: usize = 2048;

    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::from_bytes(entropy::bytes(entropy))
    }

    /// The id of a client that is known by a digest of what it says about itself.
    #[must_use]
    pub fn from_bytes(raw: [u8; 16]) -> Self {
        Self(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(raw)))
    }

    /// Any visible ASCII (RFC 6749 appendix A.1) up to 2,048 characters: which ids exist is
    /// the store's question.
    pub fn parse(text: &str) -> Result<Self, MalformedId> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=Self::MAX_LEN).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(MalformedId { kind: "client" })
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the id is the address of a Client ID Metadata Document.
    #[must_use]
    pub fn is_metadata_url(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ClientId {
    type Error = MalformedId;

    fn try_from(text: String) -> Result<Self, MalformedId> {
        Self::parse(&text)
    }
}

impl From<ClientId> for String {
    fn from(id: ClientId) -> Self {
        id.0
    }
}

/// How often an account's Garmin credentials have been replaced. It grows with every sign-in
/// and every rotation, so "is this still the current pair?" is one comparison.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub i64);

impl Generation {
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    #[test]
    fn an_id_survives_the_round_trip_and_no_other_kind_accepts_it() {
        let id = AccountId::generate(&CountingEntropy::default());
        assert_eq!(AccountId::parse(id.as_str()), Ok(id.clone()));
        assert!(DeviceId::parse(id.as_str()).is_err());
        assert!(AccountId::parse("acc_short").is_err());
    }

    #[test]
    fn a_client_id_is_visible_ascii_of_bounded_length() {
        assert!(ClientId::parse("https://client.example/metadata.json").unwrap().is_metadata_url());
        assert!(!ClientId::parse("cli_abc").unwrap().is_metadata_url());
        for bad in ["", "a b", "ü", "a\n", &"x".repeat(2049)] {
            assert!(ClientId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
