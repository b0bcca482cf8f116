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

/// What a presented authorization code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresentedCode {
    /// Good. [`Store::add_device`] spends it.
    Unspent(Grant),
    /// Spent before. Unless that was a moment ago, whoever holds a device from it may have
    /// stolen the code: see [`Store::revoke_grant`].
    Spent { grant: Grant, redeemed_at: Timestamp },
    /// Never issued, revoked, or expired unused.
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
struct CodeRow {
    #[sqlx(flatten)]
    grant: GrantRow,
    redeemed_at: Option<i64>,
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

    /// What a code stands for, without spending it: a stranger's request, or a flawed one,
    /// must neither cost the rightful client its code nor revoke its device.
    #[tracing::instrument(name = "store.grants.find", skip_all)]
    pub async fn find_code(
        &self,
        code: &TokenDigest<Code>,
        now: Timestamp,
    ) -> Result<PresentedCode, StoreError> {
        const FIND: &str = "
            SELECT grant_id, account_id, client_id, redirect_uri, challenge, scopes, tools,
                   expires_at, redeemed_at
              FROM grants
             WHERE code_digest = $1
               AND (redeemed_at IS NOT NULL OR (revoked_at IS NULL AND expires_at > $2))";
        let row: Option<CodeRow> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(code.as_bytes()).bind(now.0).fetch_optional(pool).await?
        });
        let Some(row) = row else { return Ok(PresentedCode::Unknown) };
        let grant = self.read_grant(row.grant)?;
        Ok(match row.redeemed_at.map(Timestamp) {
            None => PresentedCode::Unspent(grant),
            Some(redeemed_at) => PresentedCode::Spent { grant, redeemed_at },
        })
    }

    /// Whether the code of a grant has led to a device.
    #[tracing::instrument(name = "store.grants.is_redeemed", skip_all)]
    pub async fn is_redeemed(&self, grant: &GrantId) -> Result<bool, StoreError> {
        const COUNT: &str =
            "SELECT COUNT(*) FROM grants WHERE grant_id = $1 AND redeemed_at IS NOT NULL";
        let redeemed: i64 = on_pool!(self.reader(), |pool| {
            sqlx::query_scalar(COUNT).bind(grant.as_str()).fetch_one(pool).await?
        });
        Ok(redeemed > 0)
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
