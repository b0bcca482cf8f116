//! What the Python gateways before this one left: their databases, read without touching them,
//! and how accounts, clients, tokens and counts come over from there.
//!
//! Both sealed a session as `hex(nonce):hex(ciphertext‖tag)` under SHA-256 of the secret, and
//! kept SHA-256 of each token. The session is sealed anew under our keys, and what we keep of a
//! token is made from that hash, so a client that was connected never notices.

mod plan;
mod read;
mod report;
mod take;

pub use plan::{OldSession, ReadSession};
pub use read::{OldDatabase, OldDatabaseError};
pub use report::{Imported, LeftBehind, NotTaken, Reason, Tally};
pub use take::{ImportError, ImportMode, ImportOrder};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use serde::Serialize;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::secret::GatewaySecret;

/// Whose database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OldGateway {
    /// `garmin-mcp-gateway`: one provider, addresses at the root as here.
    Original,
    /// What continued it, with every provider under a path of its own: `/garmin/…`.
    Successor,
}

impl OldGateway {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Successor => "successor",
        }
    }
}

/// The key that the other gateway's sessions are sealed under.
pub struct OldSecret(Zeroizing<[u8; 32]>);

impl OldSecret {
    /// From the text that was that gateway's `GATEWAY_SECRET`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Zeroizing::new(Sha256::digest(text.trim()).into()))
    }

    /// Where the secret has stayed the same.
    #[must_use]
    pub fn same_as(secret: &GatewaySecret) -> Self {
        Self(Zeroizing::new(Sha256::digest(secret.reveal()).into()))
    }

    fn open(&self, blob: &str) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (nonce, sealed) = blob.split_once(':').ok_or(Unopened::Malformed)?;
        let nonce: [u8; 12] = unhex(nonce).ok_or(Unopened::Malformed)?;
        let sealed = unhex_all(sealed).ok_or(Unopened::Malformed)?;
        Aes256Gcm::new((&*self.0).into())
            .decrypt(&Nonce::from(nonce), &*sealed)
            .map(Zeroizing::new)
            .map_err(|_| Unopened::OtherKey)
    }
}

impl std::fmt::Debug for OldSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OldSecret(…)")
    }
}

/// Why a sealed session does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unopened {
    Malformed,
    /// Sealed under another secret, or changed.
    OtherKey,
}

/// Bytes of a length that is known, from hexadecimal text.
fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    unhex_all(text)?.try_into().ok()
}

fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: &str = "tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR";
    /// Made with Python: `AESGCM(sha256(SECRET).digest()).encrypt(bytes(12), b"{}", None)`.
    const BLOB: &str = "000000000000000000000000:b0bad4c9a4c3997b26f38747e9ba572b39ec";

    #[test]
    fn a_session_sealed_by_the_other_gateway_opens_under_its_secret_only() {
        let [ours, other] = [SECRET, "another secret that is long enough too"].map(OldSecret::of);
        assert_eq!(ours.open(BLOB).unwrap().as_slice(), b"{}");
        assert_eq!(OldSecret::same_as(&GatewaySecret::parse(SECRET).unwrap()).0, ours.0);
        assert_eq!(other.open(BLOB), Err(Unopened::OtherKey));
        assert_eq!(ours.open(&BLOB[..BLOB.len() - 2]), Err(Unopened::OtherKey));
        for bad in ["", ":", "00:00", "plain text", &BLOB[1..]] {
            assert_eq!(ours.open(bad), Err(Unopened::Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_blob_panics(blob in "([0-9a-f]{24}:[0-9a-fA-F]{0,80}|\\PC{0,80})") {
            prop_assert!(OldSecret::of(SECRET).open(&blob).is_err());
        }
    }
}
