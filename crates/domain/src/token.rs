//! Secrets we hand out and later recognise, and what is kept of them.

use std::marker::PhantomData;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::entropy::{self, Entropy};

/// A random secret of one kind. It lives in memory only: the store accepts a [`TokenDigest`]
/// of the same kind and nothing else, so writing plaintext to disk, or a code where a token
/// belongs, does not compile.
#[derive(Debug)]
pub struct Token<K>(SecretString, PhantomData<K>);

/// SHA-256 of a token's text. A slow hash would add nothing: behind it are 256 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash<K>([u8; 32], PhantomData<K>);

/// What the store keeps: HMAC of the hash under a key that is itself sealed. The two steps
/// exist so that the SHA-256 digests of the gateway before this one can be brought along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest<K>([u8; 32], PhantomData<K>);

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $kind {}

        impl Kind for $kind {
            const PREFIX: &str = $prefix;
        }
    )*};
}

/// Never change a prefix: doing so logs every device out, and secret scanners recognise
/// leaked tokens by it.
pub trait Kind {
    const PREFIX: &str;
}

kinds! {
    /// Bearer token of a device.
    Access = "ggw_at_",
    /// Renews a device's access token.
    Refresh = "ggw_rt_",
    /// Redeems a grant, once.
    Code = "ggw_ac_",
    /// Authenticates a confidential client.
    ClientSecret = "ggw_cs_",
    /// Ties a browser to its sign-in; a cookie.
    Browser = "ggw_bs_",
    /// Proves that a form came from our page.
    Csrf = "ggw_cf_",
    /// Opens an account page for a browser that has shown whose it is; a cookie.
    PageSession = "ggw_ps_",
    /// Opens the devices of an account page, once: part of a link.
    PageLink = "ggw_pl_",
}

pub type AccessToken = Token<Access>;
pub type RefreshToken = Token<Refresh>;
pub type AuthorizationCode = Token<Code>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a token of this kind")]
pub struct MalformedToken;

impl<K: Kind> Token<K> {
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let raw: Zeroizing<[u8; 32]> = Zeroizing::new(entropy::bytes(entropy));
        let text = format!("{}{}", K::PREFIX, URL_SAFE_NO_PAD.encode(*raw));
        Self(text.into(), PhantomData)
    }

    pub fn parse(presented: &str) -> Result<Self, MalformedToken> {
        let body = presented.strip_prefix(K::PREFIX).ok_or(MalformedToken)?;
        match URL_SAFE_NO_PAD.decode(body) {
            Ok(raw) if raw.len() == 32 => Ok(Self(presented.into(), PhantomData)),
            Ok(_) | Err(_) => Err(MalformedToken),
        }
    }

    #[must_use]
    pub fn hash(&self) -> TokenHash<K> {
        TokenHash(Sha256::digest(self.0.expose_secret()).into(), PhantomData)
    }

    /// The plaintext, for the one response that hands it to its owner.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl<K> TokenHash<K> {
    /// Hashes what a client presented without asking for our prefix: imported devices keep
    /// the tokens another gateway gave them. Bounded, so that hashing is too.
    pub fn of_presented(presented: &str) -> Result<Self, MalformedToken> {
        let plausible = (16..=512).contains(&presented.len())
            && presented.bytes().all(|byte| byte.is_ascii_graphic());
        if plausible {
            Ok(Self(Sha256::digest(presented).into(), PhantomData))
        } else {
            Err(MalformedToken)
        }
    }

    /// A hash another gateway stored.
    #[must_use]
    pub fn from_bytes(raw: [u8; 32]) -> Self {
        Self(raw, PhantomData)
    }

    #[must_use]
    pub fn digest(&self, pepper: &Pepper) -> TokenDigest<K> {
        TokenDigest(pepper.mac(&self.0), PhantomData)
    }
}

impl<K> TokenDigest<K> {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The key of every [`TokenDigest`] and of blind indexes. Wiped when dropped.
#[derive(Clone)]
pub struct Pepper(Zeroizing<[u8; 32]>);

impl Pepper {
    #[must_use]
    pub fn new(raw: Zeroizing<[u8; 32]>) -> Self {
        Self(raw)
    }

    /// HMAC-SHA-256 of `message`.
    ///
    /// # Panics
    /// Never: HMAC accepts a key of any length.
    #[must_use]
    pub fn mac(&self, message: &[u8]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("any key length fits");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Pepper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pepper(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::CountingEntropy;

    #[test]
    fn a_token_round_trips_and_no_other_kind_accepts_it() {
        let token = AccessToken::generate(&CountingEntropy::default());
        assert_eq!(AccessToken::parse(token.reveal()).unwrap().hash(), token.hash());
        assert!(RefreshToken::parse(token.reveal()).is_err());
        assert!(AccessToken::parse("ggw_at_short").is_err());
    }

    #[test]
    fn debug_output_hides_the_token() {
        let token = AccessToken::generate(&CountingEntropy::default());
        assert!(!format!("{token:?}").contains(&token.reveal()[8..]));
    }

    #[test]
    fn a_presented_token_hashes_like_the_issued_one() {
        let token = AccessToken::generate(&CountingEntropy::default());
        assert_eq!(TokenHash::of_presented(token.reveal()), Ok(token.hash()));
        for bad in ["", "short", &"x".repeat(513), "sixteen characters with spaces"] {
            assert_eq!(TokenHash::<Access>::of_presented(bad), Err(MalformedToken), "{bad}");
        }
    }

    #[test]
    fn the_digest_depends_on_the_pepper() {
        let token = AccessToken::generate(&CountingEntropy::default());
        let [one, two] = [1, 2].map(|byte| Pepper::new(Zeroizing::new([byte; 32])));
        assert_ne!(token.hash().digest(&one).as_bytes(), token.hash().digest(&two).as_bytes());
    }
}
