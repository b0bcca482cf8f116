//! The data keys, and how they are wrapped under `GATEWAY_SECRET`.
//!
//! Random keys encrypt and index; the secret only wraps them. Changing the secret therefore
//! rewrites a handful of rows, and the secret itself never touches data.

use domain::clock::Timestamp;
use domain::entropy::{self, Entropy};
use domain::token::Pepper;
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::backup::BackupKey;
use crate::corrupt;
use crate::error::StoreError;
use crate::open::OpenError;
use crate::pool::{Pool, Pools, in_transaction, on_pool};
use crate::seal::{KeyId, Place, Sealer};
use crate::secret::GatewaySecret;

/// What a key is for. The word is stored, and part of the label the wrapping key is derived
/// under: a row copied from one purpose to another does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Recognises the secret; no key.
    Check,
    /// Encrypts columns.
    Seal,
    /// Makes blind indexes.
    Index,
    /// Makes token digests.
    Pepper,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Seal => "seal",
            Self::Index => "index",
            Self::Pepper => "pepper",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Check, Self::Seal, Self::Index, Self::Pepper]
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
    }
}

/// A key out of its wrapping.
struct PlainKey {
    id: i64,
    purpose: Purpose,
    bytes: Zeroizing<[u8; 32]>,
}

/// The keys in memory.
pub(crate) struct KeyRing {
    pub(crate) sealer: Sealer,
    pub(crate) index: Pepper,
    pub(crate) pepper: Pepper,
    pub(crate) backup: BackupKey,
}

/// Whether the database still waits to be rewrapped under the current secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// The keys are wrapped under `GATEWAY_SECRET`.
    Current,
    /// They are wrapped under `GATEWAY_SECRET_OLD`, until [`crate::Store::rekey`].
    Old,
}

/// A key as it is stored.
#[derive(sqlx::FromRow)]
pub(crate) struct KeyRow {
    pub(crate) key_id: i64,
    pub(crate) purpose: String,
    pub(crate) salt: Vec<u8>,
    pub(crate) wrapped: Vec<u8>,
}

const CHECK_ID: i64 = 0;
const FIRST_KEYS: [(i64, Purpose); 3] =
    [(1, Purpose::Seal), (2, Purpose::Index), (3, Purpose::Pepper)];
const WRAPPED: Place = Place { table: "keys", column: "wrapped" };

pub(crate) const LIST: &str = "SELECT key_id, purpose, salt, wrapped FROM keys ORDER BY key_id";
pub(crate) const ADD: &str = "
    INSERT INTO keys (key_id, purpose, salt, wrapped, created_at)
    VALUES ($1, $2, $3, $4, $5) ON CONFLICT (key_id) DO NOTHING";

/// A key to encrypt or compare with, derived from the secret for one purpose.
fn derive(secret: &GatewaySecret, salt: &[u8], label: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    #[expect(clippy::expect_used, reason = "32 bytes are less than 255 blocks of SHA-256")]
    Hkdf::<Sha256>::new(Some(salt), secret.reveal())
        .expand(label.as_bytes(), &mut *key)
        .expect("one block is never too much");
    key
}

fn check_value(secret: &GatewaySecret, salt: &[u8]) -> Zeroizing<[u8; 32]> {
    derive(secret, salt, "ggw/v1/check")
}

fn wrapper(secret: &GatewaySecret, salt: &[u8], purpose: Purpose) -> Sealer {
    // The wrapping key has no id of its own: there is one secret at a time.
    Sealer::new(KeyId(0), &derive(secret, salt, &format!("ggw/v1/wrap/{}", purpose.as_str())))
}

/// Loads the keys; makes them when the database is new.
pub(crate) async fn load_or_create(
    pools: &Pools,
    secret: &GatewaySecret,
    old: Option<&GatewaySecret>,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(KeyRing, Wrapping), OpenError> {
    let mut rows = list(pools).await?;
    if rows.is_empty() {
        if holds_accounts(pools).await? {
            return Err(OpenError::KeysMissing);
        }
        create(pools, secret, entropy, now).await?;
        rows = list(pools).await?;
    }
    open_ring(&rows, secret, old)
}

/// Opens stored keys with whichever of the secrets fits.
pub(crate) fn open_ring(
    rows: &[KeyRow],
    secret: &GatewaySecret,
    old: Option<&GatewaySecret>,
) -> Result<(KeyRing, Wrapping), OpenError> {
    let check = rows.iter().find(|row| row.key_id == CHECK_ID).ok_or(OpenError::KeysMissing)?;
    let fits = |secret: &GatewaySecret| {
        bool::from(check_value(secret, &check.salt)[..].ct_eq(&check.wrapped))
    };
    let (secret, wrapping) = match old {
        _ if fits(secret) => (secret, Wrapping::Current),
        Some(old) if fits(old) => (old, Wrapping::Old),
        Some(_) => return Err(OpenError::WrongSecrets),
        None => return Err(OpenError::WrongSecret),
    };
    Ok((unwrap_all(rows, secret)?, wrapping))
}

async fn list(pools: &Pools) -> Result<Vec<KeyRow>, StoreError> {
    Ok(on_pool!(pools.writer(), |pool| sqlx::query_as(LIST).fetch_all(pool).await?))
}

async fn holds_accounts(pools: &Pools) -> Result<bool, StoreError> {
    let found: i64 = on_pool!(pools.writer(), |pool| {
        sqlx::query_scalar("SELECT COUNT(*) FROM accounts").fetch_one(pool).await?
    });
    Ok(found > 0)
}

/// Of two processes that start on an empty database one writes the check row, and with it all
/// keys; the other finds them.
async fn create(
    pools: &Pools,
    secret: &GatewaySecret,
    entropy: &dyn Entropy,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys = FIRST_KEYS.map(|(id, purpose)| PlainKey {
        id,
        purpose,
        bytes: Zeroizing::new(entropy::bytes(entropy)),
    });
    let rows = wrap_all(secret, &keys, entropy);
    in_transaction!(pools.writer(), |transaction| {
        for (turn, row) in rows.iter().enumerate() {
            let added = sqlx::query(ADD)
                .bind(row.key_id)
                .bind(&row.purpose)
                .bind(&row.salt)
                .bind(&row.wrapped)
                .bind(now.0)
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            if turn == 0 && added == 0 {
                return Ok(());
            }
        }
    });
    if let Pool::Sqlite(pool) = pools.writer() {
        // Into the file itself: who cuts or deletes the log later takes commits from it, and
        // not the schema and the keys, without which it would look new.
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(pool).await?;
    }
    Ok(())
}

/// The check row first, then every key, under one fresh salt.
fn wrap_all(secret: &GatewaySecret, keys: &[PlainKey], entropy: &dyn Entropy) -> Vec<KeyRow> {
    let salt: [u8; 32] = entropy::bytes(entropy);
    let row = |key_id: i64, purpose: Purpose, wrapped: Vec<u8>| KeyRow {
        key_id,
        purpose: purpose.as_str().to_owned(),
        salt: salt.to_vec(),
        wrapped,
    };
    let check = check_value(secret, &salt);
    let mut rows = vec![row(CHECK_ID, Purpose::Check, check.to_vec())];
    for key in keys {
        let sealer = wrapper(secret, &salt, key.purpose);
        let wrapped = sealer.seal(entropy, WRAPPED, &key.id.to_string(), &*key.bytes);
        rows.push(row(key.id, key.purpose, wrapped));
    }
    rows
}

fn unwrap_rows(rows: &[KeyRow], secret: &GatewaySecret) -> Result<Vec<PlainKey>, StoreError> {
    let mut keys = Vec::with_capacity(rows.len());
    for row in rows {
        let purpose = Purpose::parse(&row.purpose)
            .ok_or(StoreError::Corrupt { table: "keys", column: "purpose" })?;
        if purpose == Purpose::Check {
            continue;
        }
        let plain = wrapper(secret, &row.salt, purpose)
            .open(WRAPPED, &row.key_id.to_string(), &row.wrapped)
            .map_err(|error| error.at(WRAPPED))?;
        let bytes: [u8; 32] = plain.as_slice().try_into().map_err(corrupt("keys", "wrapped"))?;
        keys.push(PlainKey { id: row.key_id, purpose, bytes: Zeroizing::new(bytes) });
    }
    Ok(keys)
}

fn unwrap_all(rows: &[KeyRow], secret: &GatewaySecret) -> Result<KeyRing, OpenError> {
    let (mut sealer, mut index, mut pepper) = (None::<Sealer>, None, None);
    let mut backup = None;
    for PlainKey { id, purpose, bytes } in unwrap_rows(rows, secret)? {
        let id = u32::try_from(id).map_err(corrupt("keys", "key_id"))?;
        match purpose {
            Purpose::Check => {}
            Purpose::Seal => {
                // Rows come by id, so the last one is the one that seals today.
                backup = Some(BackupKey::new(&bytes));
                match &mut sealer {
                    Some(sealer) => sealer.add(KeyId(id), &bytes),
                    None => sealer = Some(Sealer::new(KeyId(id), &bytes)),
                }
            }
            Purpose::Index => index = Some(Pepper::new(bytes)),
            Purpose::Pepper => pepper = Some(Pepper::new(bytes)),
        }
    }
    match (sealer, index, pepper, backup) {
        (Some(sealer), Some(index), Some(pepper), Some(backup)) => {
            Ok(KeyRing { sealer, index, pepper, backup })
        }
        (None, ..) | (_, None, ..) | (_, _, None, _) | (.., None) => Err(OpenError::KeysMissing),
    }
}

/// Wraps every key again: from `old` to `new`, in one transaction with the reading, so that what
/// a restore puts there meanwhile is not overwritten. A key that does not open under `old` stops
/// it before anything is written.
pub(crate) async fn rewrap(
    pools: &Pools,
    old: &GatewaySecret,
    new: &GatewaySecret,
    entropy: &dyn Entropy,
) -> Result<usize, StoreError> {
    const HOLD: &str = "UPDATE keys SET purpose = purpose WHERE key_id = $1";
    const WRITE: &str = "UPDATE keys SET salt = $2, wrapped = $3 WHERE key_id = $1";
    Ok(in_transaction!(pools.writer(), |transaction| {
        sqlx::query(HOLD).bind(CHECK_ID).execute(&mut *transaction).await?;
        let found: Vec<KeyRow> = sqlx::query_as(LIST).fetch_all(&mut *transaction).await?;
        let keys = unwrap_rows(&found, old)?;
        for row in wrap_all(new, &keys, entropy) {
            sqlx::query(WRITE)
                .bind(row.key_id)
                .bind(&row.salt)
                .bind(&row.wrapped)
                .execute(&mut *transaction)
                .await?;
        }
        keys.len()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Computed with Python's `hmac`, by RFC 5869: a change here locks every database.
    #[test]
    fn sec127_the_secret_derives_what_it_always_derived() {
        let secret = GatewaySecret::parse("tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR").unwrap();
        let salt = [5; 32];
        assert_eq!(
            hex(&*check_value(&secret, &salt)),
            "b40674d6b17dd1d78872e8123c564b961b1d9a35731db6dd0b8c28c6b941f4b1"
        );
        assert_eq!(
            hex(&*derive(&secret, &salt, "ggw/v1/wrap/seal")),
            "3c3a5b66b120321af280cce92ed95a0e502f0985fa0376f45d4ddce3d4521221"
        );
    }

    #[test]
    fn sec127_another_salt_label_or_secret_derives_another_key() {
        let [one, two] =
            ["tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR", "another secret, long enough to be one"]
                .map(|text| GatewaySecret::parse(text).unwrap());
        let first = derive(&one, &[5; 32], "label");
        assert_ne!(first, derive(&one, &[6; 32], "label"));
        assert_ne!(first, derive(&one, &[5; 32], "other"));
        assert_ne!(first, derive(&two, &[5; 32], "label"));
    }
}
