//! Accounts: who is connected to Garmin Connect, and the credentials that prove it.

use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::email::LoginEmail;
use domain::id::{AccountId, Generation};
use domain::region::Region;
use zeroize::Zeroizing;

use crate::audit::{self, AuditEntry, AuditEvent, insert_audit};
use crate::changes::Announce as _;
use crate::error::StoreError;
use crate::grants::{NewGrant, insert_grant};
use crate::pool::{in_transaction, on_pool, written};
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "accounts";
pub(crate) const GUID: Place = Place { table: TABLE, column: "guid" };
pub(crate) const EMAIL: Place = Place { table: TABLE, column: "email" };
pub(crate) const PROFILE: Place = Place { table: TABLE, column: "profile" };
pub(crate) const CREDENTIALS: Place = Place { table: TABLE, column: "credentials" };

/// Whether Garmin still accepts an account's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    Live,
    /// Garmin refused the current refresh token: only the person can help.
    SignInNeeded,
}

impl AccountState {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::SignInNeeded => "sign_in_needed",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Self, StoreError> {
        [Self::Live, Self::SignInNeeded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(StoreError::Corrupt { table: TABLE, column: "state" })
    }
}

/// What a successful sign-in at Garmin brings.
pub struct Connect<'a> {
    pub region: Region,
    /// Garmin's id of the person, from the token.
    pub guid: &'a str,
    pub email: &'a LoginEmail,
    pub profile: &'a [u8],
    pub credentials: &'a [u8],
    pub refresh_expires_at: Option<Timestamp>,
}

/// The account a sign-in led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    pub account: AccountId,
    pub generation: Generation,
    /// Whether this was the account's first sign-in.
    pub new: bool,
}

#[derive(Clone)]
pub struct Account {
    pub id: AccountId,
    pub region: Region,
    pub generation: Generation,
    pub state: AccountState,
    pub email: LoginEmail,
    pub profile: Zeroizing<Vec<u8>>,
    pub created_at: Timestamp,
    pub signed_in_at: Timestamp,
    pub refreshed_at: Timestamp,
    pub refresh_expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("generation", &self.generation)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

/// The credentials of one generation.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredCredentials {
    pub generation: Generation,
    pub state: AccountState,
    pub bytes: Zeroizing<Vec<u8>>,
    pub refreshed_at: Timestamp,
}

impl std::fmt::Debug for StoredCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredCredentials")
            .field("generation", &self.generation)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct CredentialsRow {
    pub(crate) generation: i64,
    pub(crate) state: String,
    pub(crate) credentials: Vec<u8>,
    pub(crate) refreshed_at: i64,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    region: String,
    generation: i64,
    state: String,
    email: Vec<u8>,
    profile: Vec<u8>,
    created_at: i64,
    signed_in_at: i64,
    refreshed_at: i64,
    refresh_expires_at: Option<i64>,
}

const FILL: &str = "
    UPDATE accounts
       SET email_index = $2, guid = $3, email = $4, profile = $5, credentials = $6,
           refresh_expires_at = $7, signed_in_at = $8, refreshed_at = $8,
           taken_up_at = COALESCE(taken_up_at, $9), state = 'live',
           lease_owner = NULL, lease_until = NULL, lease_generation = NULL
     WHERE account_id = $1";

/// Writes what a sign-in brought into the row of an account, inside a transaction of either
/// database.
macro_rules! fill {
    ($store:expr, $transaction:ident, $id:expr, $connect:expr, $taken_up_at:expr, $now:expr) => {{
        let connect: &Connect<'_> = $connect;
        sqlx::query(FILL)
            .bind($id)
            .bind($store.email_index(connect.email))
            .bind($store.seal(GUID, $id, connect.guid.as_bytes()))
            .bind($store.seal(EMAIL, $id, connect.email.reveal().as_bytes()))
            .bind($store.seal(PROFILE, $id, connect.profile))
            .bind($store.seal(CREDENTIALS, $id, connect.credentials))
            .bind(connect.refresh_expires_at.map(|at| at.0))
            .bind($now.0)
            .bind($taken_up_at)
            .execute(&mut *$transaction)
            .await?;
    }};
}

impl Store {
    /// Stores what a sign-in brought, under the account of this person, new or known.
    ///
    /// The generation grows whatever else goes on, and a lease is withdrawn: a rotation that
    /// was under way can no longer commit, so the sign-in always wins. An account that comes
    /// without consent is somebody's own doing and is never swept.
    pub async fn connect_account(
        &self,
        connect: &Connect<'_>,
        now: Timestamp,
    ) -> Result<Connected, StoreError> {
        self.connect(connect, None, now).await
    }

    /// As [`Store::connect_account`], together with the consent the sign-in was about and a
    /// line in the audit: all are there or none is. The client may be gone by now: [`StoreError::Dangling`].
    pub async fn connect_by_code(
        &self,
        connect: &Connect<'_>,
        grant: &NewGrant<'_>,
        now: Timestamp,
    ) -> Result<Connected, StoreError> {
        self.connect(connect, Some(grant), now).await
    }

    #[tracing::instrument(name = "store.accounts.connect", skip_all)]
    async fn connect(
        &self,
        connect: &Connect<'_>,
        grant: Option<&NewGrant<'_>>,
        now: Timestamp,
    ) -> Result<Connected, StoreError> {
        // The row is claimed first, because values are sealed to the id it turns out to have.
        const CLAIM: &str = "
            INSERT INTO accounts (account_id, region, guid_index, email_index, guid, email,
                   profile, credentials, generation, state, created_at, signed_in_at,
                   refreshed_at)
            VALUES ($1, $2, $3, $4, $5, $5, $5, $5, 1, 'live', $6, $6, $6)
            ON CONFLICT (region, guid_index) DO UPDATE
               SET generation = accounts.generation + 1
            RETURNING account_id, generation";
        const NOTHING: &[u8] = &[];

        let proposed = AccountId::generate(&*self.0.entropy);
        let region = connect.region.as_str();
        let guid_index = self.guid_index(connect.region, connect.guid);
        let email_index = self.email_index(connect.email);
        let connected = in_transaction!(self.writer(), |transaction| {
            let (id, generation): (String, i64) = sqlx::query_as(CLAIM)
                .bind(proposed.as_str())
                .bind(region)
                .bind(&guid_index)
                .bind(&email_index)
                .bind(NOTHING)
                .bind(now.0)
                .fetch_one(&mut *transaction)
                .await?;
            let account = AccountId::parse(&id).map_err(corrupt(TABLE, "account_id"))?;
            fill!(self, transaction, &id, connect, grant.is_none().then_some(now.0), now);
            transaction.account_changed(&account).await?;
            if let Some(grant) = grant {
                insert_grant!(self, &mut *transaction, &account, grant, now);
                let entry = AuditEntry {
                    event: AuditEvent::AccountConnected,
                    account: Some(&account),
                    device: None,
                    client: Some(grant.client),
                };
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            Connected { new: account == proposed, account, generation: Generation(generation) }
        });
        Ok(connected)
    }

    /// Stores what a sign-in brought where the person has an account already; nobody becomes
    /// one who only wanted to see their page.
    #[tracing::instrument(name = "store.accounts.renew", skip_all)]
    pub async fn renew_account(
        &self,
        connect: &Connect<'_>,
        now: Timestamp,
    ) -> Result<Option<Connected>, StoreError> {
        const CLAIM: &str = "
            UPDATE accounts SET generation = generation + 1
             WHERE region = $1 AND guid_index = $2
            RETURNING account_id, generation";
        let guid_index = self.guid_index(connect.region, connect.guid);
        let connected = in_transaction!(self.writer(), |transaction| {
            let claimed: Vec<(String, i64)> = sqlx::query_as(CLAIM)
                .bind(connect.region.as_str())
                .bind(&guid_index)
                .fetch_all(&mut *transaction)
                .await?;
            let Some((id, generation)) = written(claimed) else { return Ok(None) };
            let account = AccountId::parse(&id).map_err(corrupt(TABLE, "account_id"))?;
            fill!(self, transaction, &id, connect, None::<i64>, now);
            let entry = AuditEntry {
                event: AuditEvent::PageOpened,
                account: Some(&account),
                device: None,
                client: None,
            };
            insert_audit!(self, &mut *transaction, &entry, now);
            transaction.account_changed(&account).await?;
            Connected { new: false, account, generation: Generation(generation) }
        });
        Ok(Some(connected))
    }

    #[tracing::instrument(name = "store.accounts.find", skip_all)]
    pub async fn find_account(&self, account: &AccountId) -> Result<Option<Account>, StoreError> {
        const FIND: &str = "
            SELECT region, generation, state, email, profile, created_at, signed_in_at,
                   refreshed_at, refresh_expires_at
              FROM accounts WHERE account_id = $1";
        let row: Option<AccountRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).fetch_optional(pool).await?
        });
        row.map(|row| self.read_account(account, &row)).transpose()
    }

    fn read_account(&self, id: &AccountId, row: &AccountRow) -> Result<Account, StoreError> {
        let email = self.open_sealed(EMAIL, id.as_str(), &row.email)?;
        let email = std::str::from_utf8(&email).map_err(corrupt(TABLE, "email"))?;
        Ok(Account {
            id: id.clone(),
            region: row.region.parse().map_err(corrupt(TABLE, "region"))?,
            generation: Generation(row.generation),
            state: AccountState::read(&row.state)?,
            email: LoginEmail::parse(email).map_err(corrupt(TABLE, "email"))?,
            profile: self.open_sealed(PROFILE, id.as_str(), &row.profile)?,
            created_at: Timestamp(row.created_at),
            signed_in_at: Timestamp(row.signed_in_at),
            refreshed_at: Timestamp(row.refreshed_at),
            refresh_expires_at: row.refresh_expires_at.map(Timestamp),
        })
    }

    /// The accounts somebody signs in to with this address; one in each region at most, unless
    /// Garmin let the address move from one person to another.
    #[tracing::instrument(name = "store.accounts.find_by_email", skip_all)]
    pub async fn find_accounts_by_email(
        &self,
        email: &LoginEmail,
    ) -> Result<Vec<AccountId>, StoreError> {
        const FIND: &str = "
            SELECT account_id FROM accounts WHERE email_index = $1 ORDER BY created_at, account_id";
        let ids: Vec<String> = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(FIND).bind(self.email_index(email)).fetch_all(pool).await?
        });
        ids.iter().map(|id| AccountId::parse(id).map_err(corrupt(TABLE, "account_id"))).collect()
    }

    #[tracing::instrument(name = "store.accounts.credentials", skip_all)]
    pub async fn credentials(
        &self,
        account: &AccountId,
    ) -> Result<Option<StoredCredentials>, StoreError> {
        const FIND: &str = "
            SELECT generation, state, credentials, refreshed_at
              FROM accounts WHERE account_id = $1";
        let row: Option<CredentialsRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(account.as_str()).fetch_optional(pool).await?
        });
        row.map(|row| self.read_credentials(account, &row)).transpose()
    }

    pub(crate) fn read_credentials(
        &self,
        account: &AccountId,
        row: &CredentialsRow,
    ) -> Result<StoredCredentials, StoreError> {
        Ok(StoredCredentials {
            generation: Generation(row.generation),
            state: AccountState::read(&row.state)?,
            bytes: self.open_sealed(CREDENTIALS, account.as_str(), &row.credentials)?,
            refreshed_at: Timestamp(row.refreshed_at),
        })
    }

    /// Replaces what is known about the person, for example a changed time zone.
    #[tracing::instrument(name = "store.accounts.update_profile", skip_all)]
    pub async fn update_profile(
        &self,
        account: &AccountId,
        profile: &[u8],
    ) -> Result<bool, StoreError> {
        const UPDATE: &str = "UPDATE accounts SET profile = $2 WHERE account_id = $1";
        let sealed = self.seal(PROFILE, account.as_str(), profile);
        let changed = on_pool!(self.writer(), |pool| {
            sqlx::query(UPDATE)
                .bind(account.as_str())
                .bind(sealed)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(changed == 1)
    }

    /// Deletes an account and everything that belongs to it, in whichever table. The audit says
    /// that one was forgotten, and not which.
    #[tracing::instrument(name = "store.accounts.forget", skip_all)]
    pub async fn forget_account(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const FORGET: &str = "DELETE FROM accounts WHERE account_id = $1";
        const FAILURES: &str = "
            DELETE FROM sign_in_failures
             WHERE email_index = (SELECT email_index FROM accounts WHERE account_id = $1)";
        let event = AuditEvent::AccountForgotten;
        let entry = AuditEntry { event, account: None, device: None, client: None };
        let gone = in_transaction!(self.writer(), |transaction| {
            sqlx::query(FAILURES).bind(account.as_str()).execute(&mut *transaction).await?;
            let gone = sqlx::query(FORGET)
                .bind(account.as_str())
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            sqlx::query(audit::FORGET).bind(account.as_str()).execute(&mut *transaction).await?;
            if gone == 1 {
                insert_audit!(self, &mut *transaction, &entry, now);
            }
            transaction.access_ended(Revoked::Account(account.clone())).await?;
            gone
        });
        Ok(gone == 1)
    }

    /// Takes back a sign-in that created its account, as long as nothing has happened to the
    /// account since: nobody has signed in again, and there never was a device.
    #[tracing::instrument(name = "store.accounts.forget_untouched", skip_all)]
    pub async fn forget_untouched_account(
        &self,
        account: &AccountId,
        generation: Generation,
    ) -> Result<bool, StoreError> {
        const FORGET: &str = "
            DELETE FROM accounts
             WHERE account_id = $1 AND generation = $2 AND taken_up_at IS NULL";
        let gone = on_pool!(self.writer(), |pool| {
            sqlx::query(FORGET)
                .bind(account.as_str())
                .bind(generation.0)
                .execute(pool)
                .await?
                .rows_affected()
        });
        Ok(gone == 1)
    }

    pub(crate) fn guid_index(&self, region: Region, guid: &str) -> Vec<u8> {
        self.blind_index("accounts.guid", &[region.as_str(), guid])
    }

    pub(crate) fn email_index(&self, email: &LoginEmail) -> Vec<u8> {
        self.blind_index("accounts.email", &[email.reveal()])
    }
}
