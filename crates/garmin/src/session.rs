//! What a sign-in yields: the token pair and what Garmin calls the account.

use std::fmt;

use domain::clock::Timestamp;
use domain::contract::SecretText;
use domain::region::Region;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::jwt;

/// Garmin's own key of an account, from the token. Stable across sign-ins, e-mail changes and
/// display names, but it names a person: it is stored only under an index.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct GarminGuid(String);

impl GarminGuid {
    const LONGEST: usize = 128;

    /// Any short visible ASCII text; Garmin does not promise a format. Letters lose their
    /// case, so that two spellings of one UUID are one account.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::LONGEST).contains(&text.len());
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && visible).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The stand-in for an account whose token and profile name no GUID: its numeric profile
    /// id, which Garmin never reuses either.
    #[must_use]
    pub fn of_profile(profile_id: i64) -> Self {
        Self(format!("profile:{profile_id}"))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for GarminGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GarminGuid(…)")
    }
}

/// An access token, the refresh token that renews it once, and the client id both belong to.
#[derive(Clone)]
pub struct TokenPair {
    pub(crate) access: SecretString,
    pub(crate) refresh: SecretString,
    pub(crate) client_id: String,
    pub(crate) access_expires_at: Timestamp,
    pub(crate) refresh_expires_at: Option<Timestamp>,
    pub(crate) guid: GarminGuid,
}

/// Stored bytes that are not what [`TokenPair::to_bytes`] or `PendingMfa::to_bytes` wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSession {
    #[error("not a stored session of this kind")]
    NotOurs,
    #[error("stored for another region")]
    OtherRegion,
}

/// The first three names are those of the token file that other clients write.
#[derive(Serialize)]
struct PairOut<'a> {
    di_token: &'a str,
    di_refresh_token: &'a str,
    di_client_id: &'a str,
    access_expires_at: Timestamp,
    refresh_expires_at: Option<Timestamp>,
    guid: &'a str,
}

#[derive(Deserialize)]
struct PairIn {
    di_token: SecretText,
    di_refresh_token: SecretText,
    di_client_id: String,
    access_expires_at: Option<Timestamp>,
    refresh_expires_at: Option<Timestamp>,
    guid: Option<String>,
}

impl TokenPair {
    #[must_use]
    pub fn access(&self) -> &SecretString {
        &self.access
    }

    #[must_use]
    pub fn refresh(&self) -> &SecretString {
        &self.refresh
    }

    /// The app the tokens were issued to; a refresh must name the same one.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    #[must_use]
    pub fn access_expires_at(&self) -> Timestamp {
        self.access_expires_at
    }

    #[must_use]
    pub fn refresh_expires_at(&self) -> Option<Timestamp> {
        self.refresh_expires_at
    }

    #[must_use]
    pub fn guid(&self) -> &GarminGuid {
        &self.guid
    }

    /// Where the access token says that it was issued; `None` when that is not Garmin.
    #[must_use]
    pub fn region(&self) -> Option<Region> {
        let issuer = jwt::read(self.access.expose_secret()).ok()?.issuer?;
        let host = issuer.strip_prefix("https://diauth.")?.trim_end_matches('/');
        Region::ALL.into_iter().find(|region| region.domain() == host)
    }

    /// JSON for sealing. The buffer is sized up front so that no copy is left behind.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let (access, refresh) = (self.access.expose_secret(), self.refresh.expose_secret());
        let size = 2 * (access.len() + refresh.len()) + self.client_id.len() + 1024;
        let pair = PairOut {
            di_token: access,
            di_refresh_token: refresh,
            di_client_id: &self.client_id,
            access_expires_at: self.access_expires_at,
            refresh_expires_at: self.refresh_expires_at,
            guid: self.guid.as_str(),
        };
        let mut bytes = Zeroizing::new(Vec::with_capacity(size));
        let written = serde_json::to_writer(&mut *bytes, &pair);
        debug_assert!(written.is_ok(), "strings and numbers always serialise");
        bytes
    }

    /// Opens what [`Self::to_bytes`] wrote. A token file of another client, which has the
    /// three tokens' names only, is read too: the rest is in its access token.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MalformedSession> {
        let stored: PairIn =
            serde_json::from_slice(bytes).map_err(|_| MalformedSession::NotOurs)?;
        let claims = jwt::read(stored.di_token.reveal()).map_err(|_| MalformedSession::NotOurs)?;
        let guid = stored.guid.as_deref().or(claims.garmin_guid.as_deref());
        let expires = stored.access_expires_at.or(claims.expires_at);
        if stored.di_refresh_token.reveal().is_empty() || stored.di_client_id.is_empty() {
            return Err(MalformedSession::NotOurs);
        }
        Ok(Self {
            access: stored.di_token.into_secret(),
            refresh: stored.di_refresh_token.into_secret(),
            client_id: stored.di_client_id,
            // A token that hides its expiry is renewed at the first occasion.
            access_expires_at: expires.unwrap_or_default(),
            refresh_expires_at: stored.refresh_expires_at,
            guid: guid.and_then(GarminGuid::parse).ok_or(MalformedSession::NotOurs)?,
        })
    }
}

impl fmt::Debug for TokenPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenPair")
            .field("client_id", &self.client_id)
            .field("access_expires_at", &self.access_expires_at)
            .field("refresh_expires_at", &self.refresh_expires_at)
            .finish_non_exhaustive()
    }
}

/// How Garmin names the account. Every part may be missing: a new account has no display
/// name, and the profile call may fail although the sign-in succeeded.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// What Garmin puts into paths; for most accounts it looks like a GUID.
    pub display_name: Option<String>,
    pub full_name: Option<String>,
    pub profile_id: Option<i64>,
}

impl fmt::Debug for Profile {
    /// Names and ids of people stay out of logs; what is known does not.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("display_name", &self.display_name.is_some())
            .field("full_name", &self.full_name.is_some())
            .field("profile_id", &self.profile_id.is_some())
            .finish()
    }
}

/// A sign-in that succeeded.
#[derive(Debug, Clone)]
pub struct Session {
    pub tokens: TokenPair,
    pub profile: Profile,
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    pub(crate) fn jwt(payload: &str) -> String {
        format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
            URL_SAFE_NO_PAD.encode(payload)
        )
    }

    fn pair() -> TokenPair {
        TokenPair {
            access: jwt(r#"{"exp":1790000000,"garmin_guid":"G-1"}"#).into(),
            refresh: "r-1".into(),
            client_id: "ID".into(),
            access_expires_at: Timestamp(1_790_000_000),
            refresh_expires_at: Some(Timestamp(1_792_000_000)),
            guid: GarminGuid::parse("G-1").unwrap(),
        }
    }

    #[test]
    fn a_pair_is_the_same_after_sealing_and_never_printed() {
        let pair = pair();
        let opened = TokenPair::from_bytes(&pair.to_bytes()).unwrap();
        assert_eq!(opened.access().expose_secret(), pair.access().expose_secret());
        assert_eq!(opened.refresh().expose_secret(), "r-1");
        assert_eq!(opened.client_id(), "ID");
        assert_eq!(opened.access_expires_at(), Timestamp(1_790_000_000));
        assert_eq!(opened.refresh_expires_at(), Some(Timestamp(1_792_000_000)));
        assert_eq!(opened.guid().as_str(), "g-1");
        let printed = format!("{pair:?}");
        for secret in ["r-1", "g-1", "G-1", pair.access().expose_secret()] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }

    #[test]
    fn the_token_file_of_another_client_is_understood() {
        let token = jwt(r#"{"exp":1790000000,"garmin_guid":"G-1"}"#);
        let file =
            format!(r#"{{"di_token":"{token}","di_refresh_token":"r","di_client_id":"ID"}}"#);
        let pair = TokenPair::from_bytes(file.as_bytes()).unwrap();
        assert_eq!(pair.guid().as_str(), "g-1");
        assert_eq!(pair.access_expires_at(), Timestamp(1_790_000_000));
        assert_eq!(pair.refresh_expires_at(), None);
    }

    #[test]
    fn rel43_degenerate_bytes_are_refused() {
        let token = jwt("{}");
        for bytes in [
            "",
            "null",
            "[]",
            "{}",
            "\"x\"",
            r#"{"di_token":"a.b.c","di_refresh_token":"r","di_client_id":"i","guid":"g"}"#,
            &format!(
                r#"{{"di_token":"{token}","di_refresh_token":"","di_client_id":"i","guid":"g"}}"#
            ),
            &format!(r#"{{"di_token":"{token}","di_refresh_token":"r","di_client_id":"i"}}"#),
            &format!(
                r#"{{"di_token":"{token}","di_refresh_token":1,"di_client_id":"i","guid":"g"}}"#
            ),
        ] {
            assert_eq!(
                TokenPair::from_bytes(bytes.as_bytes()).err(),
                Some(MalformedSession::NotOurs),
                "{bytes}"
            );
        }
    }

    #[test]
    fn an_account_key_is_short_visible_and_without_case() {
        assert_eq!(GarminGuid::parse("ABC"), GarminGuid::parse("abc"));
        assert_eq!(GarminGuid::parse(""), None);
        assert_eq!(GarminGuid::parse("a b"), None);
        assert_eq!(GarminGuid::parse(&"a".repeat(129)), None);
        assert_ne!(GarminGuid::of_profile(1), GarminGuid::of_profile(2));
    }
}
