//! Writing what comes over: all of it in one transaction, or, to see what would come, none of it.

use std::path::Path;
use std::time::Duration;

use domain::clock::Timestamp;
use domain::id::{AccountId, DeviceId};
use domain::oauth::AuthMethod;
use domain::region::Region;
use domain::scope::Scopes;

use super::plan::{Coming, ComingClient, ComingToken, Plan, ReadSession};
use super::report::{Imported, NotTaken, Reason, Tally};
use super::{OldDatabase, OldDatabaseError, OldGateway, OldSecret};
use crate::accounts::{CREDENTIALS, EMAIL, GUID, PROFILE};
use crate::audit::{AuditEntry, AuditEvent, insert_audit};
use crate::changes::Announce as _;
use crate::clients::{ClientDetails, NewClient};
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::{Store, corrupt};

/// Whether anything stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportMode {
    /// Everything is done, told and taken back.
    Look,
    Take,
}

/// How to read what the other gateway has, and what to do with it.
pub struct ImportOrder<'a> {
    pub path: &'a Path,
    pub secret: &'a OldSecret,
    pub read: ReadSession,
    /// Of tokens that do not say where they come from.
    pub region: Region,
    pub mode: ImportMode,
}

/// Garmin forgets a refresh token that nobody has used for so long.
const FORGOTTEN_BY_GARMIN: Duration = Duration::from_hours(30 * 24);
/// Nothing is known of the person but the address: Garmin is asked when it is needed.
const NO_PROFILE: &[u8] = b"{}";

const ACCOUNT: &str = "account";
const TOKEN: &str = "token";
const USAGE: &str = "usage";
const SUCCESSOR: &str = "successor";

const NOTE: &str = "
    INSERT INTO imports (item_index, kind, imported_at) VALUES ($1, $2, $3)
    ON CONFLICT (item_index) DO NOTHING";
// Changes nothing but locks the row: what is read next stays true until the commit.
const HOLD: &str = "UPDATE accounts SET region = region WHERE region = $1 AND guid_index = $2";
const FIND: &str = "
    SELECT account_id, refreshed_at, credentials
      FROM accounts WHERE region = $1 AND guid_index = $2";
const ADD_ACCOUNT: &str = "
    INSERT INTO accounts (account_id, region, guid_index, email_index, guid, email, profile,
           credentials, generation, state, refresh_expires_at, created_at, signed_in_at,
           refreshed_at, taken_up_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 'live', $9, $10, $10, $11, $10)";
const RENEW_ACCOUNT: &str = "
    UPDATE accounts
       SET credentials = $2, refresh_expires_at = $3, refreshed_at = $4, state = 'live',
           generation = generation + 1, lease_owner = NULL, lease_until = NULL,
           lease_generation = NULL
     WHERE account_id = $1";
const ADD_CLIENT: &str = "
    INSERT INTO clients
           (client_id, auth_method, secret_digest, metadata, created_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (client_id) DO NOTHING";
const KEEP_CLIENT: &str = "
    UPDATE clients SET first_device_at = $2 WHERE client_id = $1 AND first_device_at IS NULL";
const HAS_TOKEN: &str = "SELECT COUNT(*) FROM access_tokens WHERE digest = $1";
const ADD_DEVICE: &str = "
    INSERT INTO devices (device_id, account_id, client_id, scopes, created_at, last_used_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
const ADD_TOKEN: &str = "
    INSERT INTO access_tokens (digest, device_id, scopes, issued_at, expires_at, used_at)
    VALUES ($1, $2, $3, $4, $5, $6)";
const ADD_USAGE: &str = "
    INSERT INTO usage (account_id, tool, calls, last_used_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (account_id, tool) DO UPDATE
       SET calls = usage.calls + excluded.calls,
           last_used_at = CASE WHEN usage.last_used_at < excluded.last_used_at
                               THEN excluded.last_used_at ELSE usage.last_used_at END";

/// What is known of an account here.
enum Here {
    Nothing,
    /// The session there is newer.
    Older(AccountId),
    Newer(AccountId),
}

impl Store {
    /// Brings over what another gateway's database holds. What was brought once is not brought
    /// again, however often this runs, and a session here that is newer stays.
    #[tracing::instrument(name = "store.import", skip_all)]
    pub async fn import(
        &self,
        old: &OldDatabase,
        order: &ImportOrder<'_>,
        now: Timestamp,
    ) -> Result<Imported, ImportError> {
        let ImportOrder { path, secret, read, region, mode } = *order;
        let plan = Plan::of(old, path, secret, read, region, now)?;
        let mut imported = Imported {
            gateway: old.gateway,
            accounts: Tally { found: old.accounts.len() as u64, ..Tally::default() },
            clients: Tally { found: old.clients.len() as u64, ..Tally::default() },
            tokens: Tally { found: old.tokens.len() as u64, ..Tally::default() },
            usage: Tally { found: old.usage.len() as u64, ..Tally::default() },
            stale: 0,
            lost_clients: 0,
            not_taken: Vec::new(),
            left_behind: old.left.clone(),
        };
        let more = self.take(&plan, mode, &mut imported, now).await?;
        imported.not_taken = plan.not_taken;
        imported.not_taken.extend(more);
        for left in &imported.not_taken {
            match left.table {
                "oauth_clients" => imported.clients.not_taken += 1,
                "access_tokens" => imported.tokens.not_taken += 1,
                "tool_usage" => imported.usage.not_taken += 1,
                _ => imported.accounts.not_taken += 1,
            }
        }
        Ok(imported)
    }

    /// Whether something came from a gateway with addresses of its own, which clients go on
    /// using.
    #[tracing::instrument(name = "store.import.successor", skip_all)]
    pub async fn succeeds_another(&self) -> Result<bool, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM imports WHERE kind = $1";
        let rows: i64 = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(COUNT).bind(SUCCESSOR).fetch_one(pool).await?
        });
        Ok(rows > 0)
    }

    #[expect(clippy::too_many_lines, reason = "one transaction, in the order of its references")]
    async fn take(
        &self,
        plan: &Plan,
        mode: ImportMode,
        imported: &mut Imported,
        now: Timestamp,
    ) -> Result<Vec<NotTaken>, StoreError> {
        let left = in_transaction!(self.writer(), |transaction| {
            let mut left = Vec::new();
            let mut accounts = Vec::new();
            for coming in &plan.accounts {
                let region = coming.region.as_str();
                let guid_index = self.guid_index(coming.region, &coming.guid);
                let first = sqlx::query(NOTE)
                    .bind(self.import_index(ACCOUNT, &[region, &coming.guid]))
                    .bind(ACCOUNT)
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                sqlx::query(HOLD).bind(region).bind(&guid_index).execute(&mut *transaction).await?;
                let found: Option<(String, i64, Vec<u8>)> = sqlx::query_as(FIND)
                    .bind(region)
                    .bind(&guid_index)
                    .fetch_optional(&mut *transaction)
                    .await?;
                match (self.compare(coming, found)?, first) {
                    (Here::Nothing, 0) => {
                        left.push(coming.not_taken(Reason::Forgotten));
                        accounts.push(None);
                    }
                    (Here::Nothing, _) => {
                        let id = AccountId::generate(&*self.0.entropy);
                        let row = id.as_str();
                        sqlx::query(ADD_ACCOUNT)
                            .bind(row)
                            .bind(region)
                            .bind(&guid_index)
                            .bind(self.email_index(&coming.email))
                            .bind(self.seal(GUID, row, coming.guid.as_bytes()))
                            .bind(self.seal(EMAIL, row, coming.email.reveal().as_bytes()))
                            .bind(self.seal(PROFILE, row, NO_PROFILE))
                            .bind(self.seal(CREDENTIALS, row, &coming.credentials))
                            .bind(coming.refresh_expires_at.map(|at| at.0))
                            .bind(coming.created_at.0)
                            .bind(coming.updated_at.0)
                            .execute(&mut *transaction)
                            .await?;
                        imported.accounts.taken += 1;
                        if now.since(coming.updated_at) >= FORGOTTEN_BY_GARMIN {
                            imported.stale += 1;
                        }
                        accounts.push(Some(id));
                    }
                    (Here::Older(id), _) => {
                        sqlx::query(RENEW_ACCOUNT)
                            .bind(id.as_str())
                            .bind(self.seal(CREDENTIALS, id.as_str(), &coming.credentials))
                            .bind(coming.refresh_expires_at.map(|at| at.0))
                            .bind(coming.updated_at.0)
                            .execute(&mut *transaction)
                            .await?;
                        transaction.account_changed(&id).await?;
                        imported.accounts.renewed += 1;
                        accounts.push(Some(id));
                    }
                    (Here::Newer(id), _) => {
                        imported.accounts.known += 1;
                        accounts.push(Some(id));
                    }
                }
            }
            for coming in &plan.clients {
                let added = sqlx::query(ADD_CLIENT)
                    .bind(coming.id.as_str())
                    .bind(AuthMethod::ClientSecretPost.as_str())
                    .bind(self.digest_of(&coming.secret).as_bytes())
                    .bind(self.sealed_metadata(&coming.client())?)
                    .bind(coming.created_at.0)
                    .bind(coming.last_seen.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                let tally = &mut imported.clients;
                if added == 1 { tally.taken += 1 } else { tally.known += 1 }
            }
            for coming in &plan.tokens {
                let Some(account) = &accounts[coming.account] else {
                    left.push(coming.not_taken(Reason::AccountNotTaken));
                    continue;
                };
                let digest = self.digest_of(&coming.hash);
                let first = sqlx::query(NOTE)
                    .bind(self.import_index(TOKEN, &[&coming.hex]))
                    .bind(TOKEN)
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                let here: i64 = sqlx::query_scalar(HAS_TOKEN)
                    .bind(digest.as_bytes())
                    .fetch_one(&mut *transaction)
                    .await?;
                if first == 0 || here > 0 {
                    imported.tokens.known += 1;
                    continue;
                }
                if coming.lost_client {
                    // Without a redirect URI it can begin nothing, and its tokens go on.
                    sqlx::query(ADD_CLIENT)
                        .bind(coming.client.as_str())
                        .bind(AuthMethod::None.as_str())
                        .bind(None::<&[u8]>)
                        .bind(self.sealed_metadata(&coming.lost())?)
                        .bind(coming.created_at.0)
                        .bind(coming.last_used.unwrap_or(coming.created_at).0)
                        .execute(&mut *transaction)
                        .await?;
                    imported.lost_clients += 1;
                }
                let device = DeviceId::generate(&*self.0.entropy);
                sqlx::query(ADD_DEVICE)
                    .bind(device.as_str())
                    .bind(account.as_str())
                    .bind(coming.client.as_str())
                    .bind(Scopes::ReadWrite.as_str())
                    .bind(coming.created_at.0)
                    .bind(coming.last_used.map(|at| at.0))
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(ADD_TOKEN)
                    .bind(digest.as_bytes())
                    .bind(device.as_str())
                    .bind(Scopes::ReadWrite.as_str())
                    .bind(coming.created_at.0)
                    .bind(coming.expires_at.map(|at| at.0))
                    .bind(coming.last_used.map(|at| at.0))
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query(KEEP_CLIENT)
                    .bind(coming.client.as_str())
                    .bind(coming.created_at.0)
                    .execute(&mut *transaction)
                    .await?;
                imported.tokens.taken += 1;
            }
            for coming in &plan.usage {
                let Some(account) = &accounts[coming.account] else {
                    let (table, row) = ("tool_usage", coming.row);
                    let reason = Reason::AccountNotTaken;
                    left.push(NotTaken { table, row, reason, whose: None });
                    continue;
                };
                let first = sqlx::query(NOTE)
                    .bind(self.import_index(USAGE, &[&coming.key, &coming.tool]))
                    .bind(USAGE)
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?
                    .rows_affected();
                if first == 0 {
                    imported.usage.known += 1;
                    continue;
                }
                sqlx::query(ADD_USAGE)
                    .bind(account.as_str())
                    .bind(&coming.tool)
                    .bind(coming.calls)
                    .bind(coming.last_used.0)
                    .execute(&mut *transaction)
                    .await?;
                imported.usage.taken += 1;
            }
            if imported.gateway == OldGateway::Successor {
                sqlx::query(NOTE)
                    .bind(self.import_index(SUCCESSOR, &[]))
                    .bind(SUCCESSOR)
                    .bind(now.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            if imported.adds() {
                let event = AuditEvent::Imported;
                let entry = AuditEntry { event, account: None, device: None, client: None };
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            if mode == ImportMode::Look {
                // Leaving early takes all of it back.
                return Ok(left);
            }
            left
        });
        Ok(left)
    }

    /// Whose session is newer. Two that are one and the same are equally new, whatever is
    /// written beside them.
    fn compare(
        &self,
        coming: &Coming,
        found: Option<(String, i64, Vec<u8>)>,
    ) -> Result<Here, StoreError> {
        let Some((id, refreshed_at, sealed)) = found else { return Ok(Here::Nothing) };
        let ours = self.open_sealed(CREDENTIALS, &id, &sealed)?;
        let same = ours.as_slice() == coming.credentials.as_slice();
        let id = AccountId::parse(&id).map_err(corrupt("accounts", "account_id"))?;
        let older = !same && Timestamp(refreshed_at) < coming.updated_at;
        Ok(if older { Here::Older(id) } else { Here::Newer(id) })
    }

    fn import_index(&self, kind: &str, parts: &[&str]) -> Vec<u8> {
        let parts: Vec<&str> = [&[kind], parts].concat();
        self.blind_index("imports", &parts)
    }
}

/// Why nothing came over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Old(#[from] OldDatabaseError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Imported {
    /// Whether anything here is not as it was.
    #[must_use]
    pub fn adds(&self) -> bool {
        [self.accounts, self.clients, self.tokens, self.usage]
            .iter()
            .any(|tally| tally.taken + tally.renewed > 0)
    }
}

impl Coming {
    fn not_taken(&self, reason: Reason) -> NotTaken {
        let whose = Some(self.email.clone());
        NotTaken { table: "accounts", row: self.row, reason, whose }
    }
}

impl ComingToken {
    fn not_taken(&self, reason: Reason) -> NotTaken {
        NotTaken { table: "access_tokens", row: self.row, reason, whose: None }
    }

    fn lost(&self) -> NewClient {
        NewClient {
            id: self.client.clone(),
            auth_method: AuthMethod::None,
            secret: None,
            redirect_uris: Vec::new(),
            name: None,
            client_uri: None,
            logo_uri: None,
            scopes: None,
            about: ClientDetails::default(),
        }
    }
}

impl ComingClient {
    /// As it was registered there; the digest of its secret is made where it is written.
    fn client(&self) -> NewClient {
        NewClient {
            id: self.id.clone(),
            auth_method: AuthMethod::ClientSecretPost,
            secret: None,
            redirect_uris: self.redirect_uris.clone(),
            name: self.name.clone(),
            client_uri: None,
            logo_uri: None,
            scopes: None,
            about: ClientDetails::default(),
        }
    }
}
