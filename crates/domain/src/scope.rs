//! What a connection may do with an account.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One permission an authorization request can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// See everything the account holds.
    Read,
    /// Change it too. Implies [`Scope::Read`].
    Write,
}

impl Scope {
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "garmin:read",
            Self::Write => "garmin:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The permissions of one connection. Reading is always among them, so there are just two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scopes {
    ReadOnly,
    ReadWrite,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("names no scope of this server")]
pub struct UnknownScope;

impl Scopes {
    /// Reads a `scope` parameter. Unknown words are dropped (RFC 6749 §3.3 lets a server grant
    /// less); when nothing known is left the request asked for nothing we have.
    pub fn parse(text: &str) -> Result<Self, UnknownScope> {
        let mut found = None;
        for word in text.split_ascii_whitespace() {
            if word == Scope::Write.as_str() {
                return Ok(Self::ReadWrite);
            }
            if word == Scope::Read.as_str() {
                found = Some(Self::ReadOnly);
            }
        }
        found.ok_or(UnknownScope)
    }

    #[must_use]
    pub fn allow(self, scope: Scope) -> bool {
        match scope {
            Scope::Read => true,
            Scope::Write => self == Self::ReadWrite,
        }
    }

    /// Whether everything in `other` is in `self` as well.
    #[must_use]
    pub fn cover(self, other: Self) -> bool {
        self >= other
    }

    /// The space-separated form of OAuth.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "garmin:read",
            Self::ReadWrite => "garmin:read garmin:write",
        }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Scopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn writing_implies_reading_and_unknown_words_are_dropped() {
        assert_eq!(Scopes::parse("garmin:write"), Ok(Scopes::ReadWrite));
        assert_eq!(Scopes::parse("openid garmin:read offline_access"), Ok(Scopes::ReadOnly));
        assert_eq!(Scopes::parse("openid"), Err(UnknownScope));
        assert_eq!(Scopes::parse(""), Err(UnknownScope));
    }

    #[test]
    fn a_narrow_connection_never_covers_a_wide_one() {
        assert!(Scopes::ReadWrite.cover(Scopes::ReadOnly));
        assert!(!Scopes::ReadOnly.cover(Scopes::ReadWrite));
        assert!(!Scopes::ReadOnly.allow(Scope::Write));
    }

    proptest! {
        #[test]
        fn t18_a_scope_is_granted_only_if_it_was_named(
            words in prop::collection::vec(
                "(garmin:read|garmin:write|GARMIN:READ|garmin:|openid|offline_access|[!-~]{1,8})",
                0..6,
            ),
            gap in "( |  |\t)",
        ) {
            let named = |scope: Scope| words.iter().any(|word| word == scope.as_str());
            let expected = match (named(Scope::Read), named(Scope::Write)) {
                (_, true) => Ok(Scopes::ReadWrite),
                (true, false) => Ok(Scopes::ReadOnly),
                (false, false) => Err(UnknownScope),
            };
            prop_assert_eq!(Scopes::parse(&words.join(&gap)), expected);
            if let Ok(scopes) = expected {
                prop_assert_eq!(Scopes::parse(scopes.as_str()), Ok(scopes));
                prop_assert_eq!(scopes.allow(Scope::Write), named(Scope::Write));
            }
        }
    }
}
