//! Recorded consent, and the one-time codes that redeem it.

use domain::clock::Timestamp;
use domain::id::{AccountId, ClientId, GrantId};
use domain::pkce::Challenge;
use domain::redirect::RedirectUri;
use domain::scope::Scopes;
use domain::token::{Code, TokenDigest};

use crate::error::StoreError;
use crate::pool::on_pool;
use crate::seal::Place;
use crate::{Store, corrupt};

const TABLE: &str = "grants";
pub(crate) const REDIRECT_URI: Place = Place { table: TABLE, column: "redirect_uri" };

/// Consent as it was given. There is one resource to an origin, so it needs no column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub account: AccountId,
    pub client: ClientId,
    /// Exactly as requested, port included: the token request must repeat it.
    pub redirect_uri: RedirectUri,
    pub challenge: Challenge,
    pub scopes: Scopes,
    pub tools: Option<String>,
    pub expires_at: Timestamp,
}

/// Consent to record, and the code that will redeem it.
#[derive(Debug)]
pub struct NewGrant<'a> {
    pub id: &'a GrantId,
    pub code: &'a TokenDigest<Code>,
    pub client: &'a ClientId,
    pub redirect_uri: &'a RedirectUri,
    pub challenge: &'a Challenge,
    pub scopes: Scopes,
    pub tools: Option<&'a str>,
    pub expires_at: Timestamp,
}

/// What came of presenting an authorization code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// First use, in time. The grant is now spent.
    Fresh(Grant),
    /// Spent before. Unless that was a moment ago, whoever holds a device from it may have
    /// stolen the code: see [`Store::revoke_grant`].
    Replayed { grant: Grant, redeemed_at: Timestamp },
    /// Never issued, or expired unused.
    Unknown,
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    grant_id: String,
    account_id: String,
    client_id: String,
    redirect_uri: Vec<u8>,
    challenge: String,
    scopes: String,
    tools: Option<String>,
    expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct SpentRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    redeemed_at: i64,
}

pub(crate) const ADD: &str = "
    INSERT INTO grants (grant_id, code_digest, account_id, client_id, redirect_uri,
           challenge, scopes, tools, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

/// Adds consent through whatever executes statements of either database.
macro_rules! insert_grant {
    ($store:expr, $executor:expr, $account:expr, $new:expr, $now:expr) => {{
        let new: &$crate::grants::NewGrant<'_> = $new;
        let redirect = $store.seal(
            $crate::grants::REDIRECT_URI,
            new.id.as_str(),
            new.redirect_uri.as_str().as_bytes(),
        );
        sqlx::query($crate::grants::ADD)
            .bind(new.id.as_str())
            .bind(new.code.as_bytes())
            .bind($account.as_str())
            .bind(new.client.as_str())
            .bind(redirect)
            .bind(new.challenge.encode())
            .bind(new.scopes.as_str())
            .bind(new.tools)
            .bind($now.0)
            .bind(new.expires_at.0)
            .execute($executor)
            .await?;
    }};
}
pub(crate) use insert_grant;

impl Store {
    /// Records consent. The account or the client may be gone by now: [`StoreError::Dangling`].
    #[tracing::instrument(name = "store.grants.add", skip_all)]
    pub async fn add_grant(
        &self,
        account: &AccountId,
        new: &NewGrant<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        on_pool!(self.writer(), |pool| insert_grant!(self, pool, account, new, now));
        Ok(())
    }

    /// The grant behind a code, spent or not, without spending it: a stranger's request, or a
    /// flawed one, must neither cost the rightful client its code nor revoke its device.
    /// Nothing when it was never issued or expired unused.
    #[tracing::instrument(name = "store.grants.find", skip_all)]
    pub async fn find_grant(
        &self,
        code: &TokenDigest<Code>,
        now: Timestamp,
    ) -> Result<Option<Grant>, StoreError> {
        const FIND: &str = "
            SELECT grant_id, account_id, client_id, redirect_uri, challenge, scopes, tools,
                   expires_at
              FROM grants
             WHERE code_digest = $1 AND (redeemed_at IS NOT NULL OR expires_at > $2)";
        let row: Option<GrantRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(code.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        row.map(|row| self.read_grant(row)).transpose()
    }

    /// Spends an authorization code.
    ///
    /// One statement both tests and marks the row, so of two concurrent callers exactly one
    /// gets [`Redemption::Fresh`], on either database.
    #[tracing::instrument(name = "store.grants.redeem", skip_all)]
    pub async fn redeem_grant(
        &self,
        code: &TokenDigest<Code>,
        now: Timestamp,
    ) -> Result<Redemption, StoreError> {
        const SPEND: &str = "
            UPDATE grants SET redeemed_at = $2
             WHERE code_digest = $1 AND redeemed_at IS NULL AND revoked_at IS NULL
               AND expires_at > $2
            RETURNING grant_id, account_id, client_id, redirect_uri, challenge, scopes, tools,
                      expires_at";
        const SPENT: &str = "
            SELECT grant_id, account_id, client_id, redirect_uri, challenge, scopes, tools,
                   expires_at, redeemed_at
              FROM grants WHERE code_digest = $1 AND redeemed_at IS NOT NULL";

        let fresh: Option<GrantRow> = on_pool!(self.writer(), |pool| {
            sqlx::query_as(SPEND).bind(code.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        if let Some(row) = fresh {
            return Ok(Redemption::Fresh(self.read_grant(row)?));
        }
        let spent: Option<SpentRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(SPENT).bind(code.as_bytes()).fetch_optional(pool).await?
        });
        match spent {
            Some(row) => Ok(Redemption::Replayed {
                grant: self.read_grant(row.grant)?,
                redeemed_at: Timestamp(row.redeemed_at),
            }),
            None => Ok(Redemption::Unknown),
        }
    }

    fn read_grant(&self, row: GrantRow) -> Result<Grant, StoreError> {
        let redirect = self.open_sealed(REDIRECT_URI, &row.grant_id, &row.redirect_uri)?;
        let redirect = std::str::from_utf8(&redirect).map_err(corrupt(TABLE, "redirect_uri"))?;
        Ok(Grant {
            id: GrantId::parse(&row.grant_id).map_err(corrupt(TABLE, "grant_id"))?,
            account: AccountId::parse(&row.account_id).map_err(corrupt(TABLE, "account_id"))?,
            client: ClientId::parse(&row.client_id).map_err(corrupt(TABLE, "client_id"))?,
            redirect_uri: RedirectUri::parse(redirect).map_err(corrupt(TABLE, "redirect_uri"))?,
            challenge: Challenge::parse(&row.challenge).map_err(corrupt(TABLE, "challenge"))?,
            scopes: Scopes::parse(&row.scopes).map_err(corrupt(TABLE, "scopes"))?,
            tools: row.tools,
            expires_at: Timestamp(row.expires_at),
        })
    }
}
