//! AES-256-GCM for columns: a blob opens only in the table, column and row it was written to.

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use domain::entropy::{self, Entropy};
use zeroize::Zeroizing;

use crate::error::StoreError;

/// Where a sealed value lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
}

/// Names the key a blob was sealed with; stored in front of it, so keys can be replaced while
/// old blobs remain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyId(pub(crate) u32);

/// Why a blob does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("not a sealed value of a known format")]
    Format,
    #[error("sealed with a key that this database does not hold")]
    UnknownKey,
    #[error("changed, or moved here from another row or column")]
    Tampered,
}

/// Every key that may seal or open, and which one seals today.
pub(crate) struct Sealer {
    ciphers: BTreeMap<KeyId, Aes256Gcm>,
    current: KeyId,
}

const FORMAT: u8 = 1;
const NONCE: usize = 12;
const HEADER: usize = 1 + 4 + NONCE;
const TAG: usize = 16;

impl Sealer {
    pub(crate) fn new(current: KeyId, key: &[u8; 32]) -> Self {
        Self { ciphers: BTreeMap::from([(current, Aes256Gcm::new(key.into()))]), current }
    }

    /// Adds a key; the highest id seals.
    pub(crate) fn add(&mut self, id: KeyId, key: &[u8; 32]) {
        self.ciphers.insert(id, Aes256Gcm::new(key.into()));
        self.current = self.current.max(id);
    }

    /// Format, key id, nonce, then ciphertext and tag. A random nonce is safe far beyond the
    /// number of values one gateway ever seals.
    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        place: Place,
        row: &str,
        plain: &[u8],
    ) -> Vec<u8> {
        let nonce: [u8; NONCE] = entropy::bytes(entropy);
        let aad = associated(place, row, self.current);
        let payload = Payload { msg: plain, aad: &aad };
        #[expect(clippy::expect_used, reason = "fails beyond 64 GiB only")]
        let sealed = self.ciphers[&self.current]
            .encrypt(&Nonce::from(nonce), payload)
            .expect("a column fits in one message");
        let mut blob = Vec::with_capacity(HEADER + sealed.len());
        blob.push(FORMAT);
        blob.extend_from_slice(&self.current.0.to_be_bytes());
        blob.extend_from_slice(&nonce);
        blob.extend_from_slice(&sealed);
        blob
    }

    pub(crate) fn open(
        &self,
        place: Place,
        row: &str,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        if blob.len() < HEADER + TAG || blob[0] != FORMAT {
            return Err(SealError::Format);
        }
        let (header, sealed) = blob.split_at(HEADER);
        let id = KeyId(u32::from_be_bytes([header[1], header[2], header[3], header[4]]));
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&header[5..]);
        let cipher = self.ciphers.get(&id).ok_or(SealError::UnknownKey)?;
        let aad = associated(place, row, id);
        cipher
            .decrypt(&Nonce::from(nonce), Payload { msg: sealed, aad: &aad })
            .map(Zeroizing::new)
            .map_err(|_| SealError::Tampered)
    }
}

impl SealError {
    pub(crate) fn at(self, place: Place) -> StoreError {
        StoreError::Sealed { table: place.table, column: place.column, source: self }
    }
}

/// The associated data, each part with its length so that no two places read alike.
fn associated(place: Place, row: &str, key: KeyId) -> Vec<u8> {
    let key = key.0.to_be_bytes();
    let parts: [&[u8]; 5] =
        [&[FORMAT], place.table.as_bytes(), place.column.as_bytes(), row.as_bytes(), &key];
    let mut aad = Vec::with_capacity(64);
    for part in parts {
        aad.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        aad.extend_from_slice(part);
    }
    aad
}

#[cfg(test)]
mod tests {
    use domain::entropy::CountingEntropy;
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place = Place { table: "accounts", column: "email" };

    fn sealer() -> Sealer {
        Sealer::new(KeyId(1), &[7; 32])
    }

    #[test]
    fn sec126_equal_values_never_look_equal() {
        let entropy = CountingEntropy::default();
        let seal = || sealer().seal(&entropy, PLACE, "row", b"the same");
        assert_ne!(seal(), seal());
    }

    #[test]
    fn sec125_rel62_a_blob_opens_only_where_it_was_written() {
        let entropy = CountingEntropy::default();
        let blob = sealer().seal(&entropy, PLACE, "row", b"secret");
        let elsewhere = Place { table: "accounts", column: "profile" };
        assert_eq!(sealer().open(PLACE, "other", &blob), Err(SealError::Tampered));
        assert_eq!(sealer().open(elsewhere, "row", &blob), Err(SealError::Tampered));
        // Lengths are part of the associated data: shifting a letter from one part to the
        // next must not read the same.
        let shifted = Place { table: "account", column: "semail" };
        assert_eq!(sealer().open(shifted, "row", &blob), Err(SealError::Tampered));
    }

    #[test]
    fn old_keys_open_and_the_newest_seals() {
        let entropy = CountingEntropy::default();
        let mut sealer = sealer();
        let old = sealer.seal(&entropy, PLACE, "row", b"before");
        sealer.add(KeyId(2), &[8; 32]);
        let new = sealer.seal(&entropy, PLACE, "row", b"after");
        assert_eq!(sealer.open(PLACE, "row", &old).unwrap().as_slice(), b"before");
        assert_eq!(sealer.open(PLACE, "row", &new).unwrap().as_slice(), b"after");
        assert_eq!(self::sealer().open(PLACE, "row", &new), Err(SealError::UnknownKey));
    }

    /// Made by another implementation of AES-256-GCM from the description above: what one
    /// release has sealed every later one must open.
    #[test]
    fn sec127_a_blob_of_the_first_format_opens() {
        const BLOB: &str = "0100000001000102030405060708090a0b6af4871e787b992c0fd388ec\
                            8e3d42998e51d30163b1bd39f6f63e79208ebc0102d2";
        let blob: Vec<u8> = (0..BLOB.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&BLOB[at..at + 2], 16).unwrap())
            .collect();
        let opened = sealer().open(PLACE, "row", &blob).unwrap();
        assert_eq!(opened.as_slice(), b"runner@example.com");
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_again(plain: Vec<u8>, row in "\\PC{0,40}") {
            let blob = sealer().seal(&CountingEntropy::default(), PLACE, &row, &plain);
            let opened = sealer().open(PLACE, &row, &blob).unwrap();
            prop_assert_eq!(opened.as_slice(), plain.as_slice());
        }

        #[test]
        fn sec125_rel62_one_changed_bit_anywhere_is_noticed(plain: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8) {
            let mut blob = sealer().seal(&CountingEntropy::default(), PLACE, "row", &plain);
            let at = at.index(blob.len());
            blob[at] ^= 1 << bit;
            prop_assert!(sealer().open(PLACE, "row", &blob).is_err());
        }

        #[test]
        fn any_bytes_at_all_are_refused_without_a_panic(blob: Vec<u8>) {
            prop_assert!(sealer().open(PLACE, "row", &blob).is_err());
        }
    }
}
