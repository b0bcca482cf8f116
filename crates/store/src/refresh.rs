//! Renewing a device's tokens: rotation that forgives what networks do and notices theft.
//!
//! A refresh token works once. Used again within [`GRACE`] it yields a sibling pair: clients
//! refresh from several processes at once. Used again later it still works when nothing of
//! its child was ever used: the response was lost. Anything else is reuse of a stolen token,
//! and the device goes with everything it holds.

use std::time::Duration;

use domain::clock::Timestamp;
use domain::console::Revoked;
use domain::id::{AccountId, ClientId, DeviceId};
use domain::scope::Scopes;
use domain::token::{Access, Refresh, TokenDigest};

use crate::accounts::AccountState;
use crate::changes::Announce as _;
use crate::devices::{NewRefresh, NewTokens, issue_tokens};
use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::retire::retire_superseded;
use crate::{Store, corrupt};

/// How long a rotated token yields siblings. Bursts of parallel refreshes last 33 to 76 s.
pub const GRACE: Duration = Duration::from_mins(2);
/// How long a lost response can be asked for again.
pub const LOST_RESPONSE: Duration = Duration::from_hours(24);
/// However often a device renews its tokens, after this long its person is asked again.
const LONGEST: Duration = Duration::from_hours(2 * 365 * 24);
const MAX_CHILDREN: i64 = 10;
const MAX_LIVE: i64 = 20;
/// A device renews so often within [`WINDOW`]: more than any burst of parallel clients, and a
/// bound to the rows that one which never stops can write.
const MAX_RECENT: i64 = 30;
const WINDOW: Duration = Duration::from_mins(10);

#[derive(Debug)]
pub struct RefreshRequest<'a> {
    pub presented: &'a TokenDigest<Refresh>,
    pub client: &'a ClientId,
    /// A narrower wish, for the new access token only.
    pub scopes: Option<Scopes>,
    /// The pair to issue.
    pub access: &'a TokenDigest<Access>,
    pub access_expires_at: Option<Timestamp>,
    pub refresh: NewRefresh<'a>,
}

/// A device whose tokens were replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    pub device: DeviceId,
    pub account: AccountId,
    /// Of the new access token.
    pub scopes: Scopes,
}

/// What came of presenting a refresh token. The first three issued the new pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshOutcome {
    Rotated(Renewed),
    /// Rotated a moment ago: a sibling pair was issued.
    Grace(Renewed),
    /// The earlier response never arrived: its pair was replaced.
    LostResponse(Renewed),
    /// Rotated a moment ago, and too often since. Nothing changed.
    TooMany,
    /// The device has renewed its tokens too often of late. Nothing changed.
    TooOften {
        retry_after: Duration,
    },
    /// A superseded token came back: the device is revoked.
    Reused {
        device: DeviceId,
        account: AccountId,
    },
    /// Never issued, expired, or of a device that was revoked.
    Unknown,
    /// Issued to another client. Nothing changed.
    WrongClient,
    /// Asks for more than the device was granted. Nothing changed.
    TooWide,
    /// The account's Garmin credentials are gone: the person must sign in. Nothing changed.
    SignInNeeded,
}

#[derive(sqlx::FromRow)]
struct PresentedRow {
    device_id: String,
    account_id: String,
    client_id: String,
    scopes: String,
    account_state: String,
    connected_at: i64,
    expires_at: i64,
    rotated_at: Option<i64>,
    refused_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct FamilyRow {
    children: i64,
    rotated_children: i64,
    used_children: i64,
    live: i64,
    recent: i64,
    recent_since: Option<i64>,
}

impl FamilyRow {
    /// The same with `more` uses of children that the database does not know of yet.
    fn with_uses(self, more: usize) -> Self {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        Self { used_children: self.used_children.saturating_add(more), ..self }
    }

    /// How long the device has to wait before it may renew again, if it has to.
    fn rests(&self, now: Timestamp) -> Option<Duration> {
        let since = Timestamp(self.recent_since?);
        (self.recent >= MAX_RECENT).then(|| since.plus(WINDOW).since(now))
    }
}

/// What the rules say about a presented token, given its row and its family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Issue(Issue),
    TooMany,
    Reuse,
    Expired,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Issue {
    Rotated,
    Sibling,
    ReplaceLost,
}

fn judge(presented: &PresentedRow, family: &FamilyRow, now: Timestamp) -> Verdict {
    let Some(rotated_at) = presented.rotated_at.map(Timestamp) else {
        return if presented.refused_at.is_some() {
            Verdict::Reuse
        } else if presented.expires_at <= now.0 {
            Verdict::Expired
        } else {
            Verdict::Issue(Issue::Rotated)
        };
    };
    let age = now.since(rotated_at);
    if presented.refused_at.is_some() || family.rotated_children > 0 {
        Verdict::Reuse
    } else if age <= GRACE {
        if family.children >= MAX_CHILDREN || family.live >= MAX_LIVE {
            Verdict::TooMany
        } else {
            Verdict::Issue(Issue::Sibling)
        }
    } else if age <= LOST_RESPONSE && family.used_children == 0 {
        Verdict::Issue(Issue::ReplaceLost)
    } else {
        Verdict::Reuse
    }
}

// Changes nothing but locks the family: what is read next stays true until the commit.
const LOCK: &str = "
    UPDATE devices SET created_at = created_at
     WHERE device_id = (SELECT device_id FROM refresh_tokens WHERE digest = $1)";
const PRESENTED: &str = "
    SELECT d.device_id, d.account_id, d.client_id, d.scopes, a.state AS account_state,
           d.created_at AS connected_at, r.expires_at, r.rotated_at, r.refused_at
      FROM refresh_tokens AS r
      JOIN devices AS d ON d.device_id = r.device_id
      JOIN accounts AS a ON a.account_id = d.account_id
     WHERE r.digest = $1";
const CHILDREN: &str = "
    SELECT t.digest FROM access_tokens AS t
      JOIN refresh_tokens AS r ON r.digest = t.pair_digest
     WHERE r.parent_digest = $1";
const FAMILY: &str = "
    SELECT (SELECT COUNT(*) FROM refresh_tokens WHERE parent_digest = $1) AS children,
           (SELECT COUNT(*) FROM refresh_tokens
             WHERE parent_digest = $1 AND rotated_at IS NOT NULL) AS rotated_children,
           (SELECT COUNT(*) FROM access_tokens AS t
              JOIN refresh_tokens AS r ON r.digest = t.pair_digest
             WHERE r.parent_digest = $1 AND t.used_at IS NOT NULL) AS used_children,
           (SELECT COUNT(*) FROM refresh_tokens
             WHERE device_id = $2 AND expires_at > $3
               AND rotated_at IS NULL AND refused_at IS NULL) AS live,
           (SELECT COUNT(*) FROM refresh_tokens
             WHERE device_id = $2 AND issued_at > $4 AND issued_at <= $3) AS recent,
           (SELECT MIN(issued_at) FROM refresh_tokens
             WHERE device_id = $2 AND issued_at > $4 AND issued_at <= $3) AS recent_since";
const ROTATE: &str = "
    UPDATE refresh_tokens SET rotated_at = $2 WHERE digest = $1 AND rotated_at IS NULL";
const DROP_LOST_ACCESS: &str = "
    DELETE FROM access_tokens WHERE pair_digest IN
           (SELECT digest FROM refresh_tokens WHERE parent_digest = $1)";
const REFUSE_LOST: &str = "
    UPDATE refresh_tokens SET refused_at = $2
     WHERE parent_digest = $1 AND refused_at IS NULL";
const REVOKE: &str = "DELETE FROM devices WHERE device_id = $1";
const TOUCH: &str = "UPDATE devices SET last_used_at = $2 WHERE device_id = $1";

impl Store {
    /// Exchanges a refresh token for the pair in `request`, by the rules above, in one
    /// transaction: whatever came of it is durable before anybody hears of it.
    #[tracing::instrument(name = "store.refresh.rotate", skip_all)]
    pub async fn rotate_refresh(
        &self,
        request: &RefreshRequest<'_>,
        now: Timestamp,
    ) -> Result<RefreshOutcome, StoreError> {
        let presented = request.presented.as_bytes();
        let outcome = in_transaction!(self.writer(), |transaction| {
            let locked = sqlx::query(LOCK).bind(presented).execute(&mut *transaction).await?;
            if locked.rows_affected() == 0 {
                return Ok(RefreshOutcome::Unknown);
            }
            let found: Option<PresentedRow> =
                sqlx::query_as(PRESENTED).bind(presented).fetch_optional(&mut *transaction).await?;
            let Some(row) = found else { return Ok(RefreshOutcome::Unknown) };
            if row.client_id != request.client.as_str() {
                return Ok(RefreshOutcome::WrongClient);
            }
            let device =
                DeviceId::parse(&row.device_id).map_err(corrupt("devices", "device_id"))?;
            let account =
                AccountId::parse(&row.account_id).map_err(corrupt("devices", "account_id"))?;
            let granted = Scopes::parse(&row.scopes).map_err(corrupt("devices", "scopes"))?;

            // Before the family is read: what leaves memory in between is in the database.
            let children: Vec<Vec<u8>> =
                sqlx::query_scalar(CHILDREN).bind(presented).fetch_all(&mut *transaction).await?;
            let waiting = self.waiting_first_uses(&children);
            let family: FamilyRow = sqlx::query_as(FAMILY)
                .bind(presented)
                .bind(device.as_str())
                .bind(now.0)
                .bind(now.minus(WINDOW).0)
                .fetch_one(&mut *transaction)
                .await?;
            let family = family.with_uses(waiting);
            match judge(&row, &family, now) {
                Verdict::Expired => return Ok(RefreshOutcome::Unknown),
                Verdict::TooMany => return Ok(RefreshOutcome::TooMany),
                Verdict::Reuse => {
                    sqlx::query(REVOKE).bind(device.as_str()).execute(&mut *transaction).await?;
                    let (ended, of) = (device.clone(), account.clone());
                    let revoked = Revoked::Device { device: ended, account: of };
                    transaction.access_ended(revoked).await?;
                    RefreshOutcome::Reused { device, account }
                }
                Verdict::Issue(issue) => {
                    if AccountState::read(&row.account_state)? == AccountState::SignInNeeded {
                        return Ok(RefreshOutcome::SignInNeeded);
                    }
                    let scopes = request.scopes.unwrap_or(granted);
                    if !granted.cover(scopes) {
                        return Ok(RefreshOutcome::TooWide);
                    }
                    if let Some(retry_after) = family.rests(now) {
                        return Ok(RefreshOutcome::TooOften { retry_after });
                    }
                    if issue == Issue::ReplaceLost {
                        sqlx::query(DROP_LOST_ACCESS)
                            .bind(presented)
                            .execute(&mut *transaction)
                            .await?;
                        sqlx::query(REFUSE_LOST)
                            .bind(presented)
                            .bind(now.0)
                            .execute(&mut *transaction)
                            .await?;
                    }
                    sqlx::query(ROTATE)
                        .bind(presented)
                        .bind(now.0)
                        .execute(&mut *transaction)
                        .await?;
                    let end = Timestamp(row.connected_at).plus(LONGEST);
                    let tokens = NewTokens {
                        access: request.access,
                        access_expires_at: request.access_expires_at,
                        refresh: Some(NewRefresh {
                            expires_at: request.refresh.expires_at.min(end),
                            ..request.refresh
                        }),
                    };
                    let parent = Some(presented);
                    issue_tokens!(transaction, device, &tokens, parent, scopes, now);
                    retire_superseded!(transaction, device, now);
                    sqlx::query(TOUCH)
                        .bind(device.as_str())
                        .bind(now.0)
                        .execute(&mut *transaction)
                        .await?;
                    let renewed = Renewed { device, account, scopes };
                    match issue {
                        Issue::Rotated => RefreshOutcome::Rotated(renewed),
                        Issue::Sibling => RefreshOutcome::Grace(renewed),
                        Issue::ReplaceLost => RefreshOutcome::LostResponse(renewed),
                    }
                }
            }
        });
        Ok(outcome)
    }

    /// The device a refresh token belongs to, whatever the token's state: for revocation.
    #[tracing::instrument(name = "store.refresh.find_device", skip_all)]
    pub async fn find_device_by_refresh(
        &self,
        refresh: &TokenDigest<Refresh>,
    ) -> Result<Option<(DeviceId, ClientId)>, StoreError> {
        const FIND: &str = "
            SELECT d.device_id, d.client_id FROM refresh_tokens AS r
              JOIN devices AS d ON d.device_id = r.device_id WHERE r.digest = $1";
        let row: Option<(String, String)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(FIND).bind(refresh.as_bytes()).fetch_optional(pool).await?
        });
        row.map(|(device, client)| {
            Ok((
                DeviceId::parse(&device).map_err(corrupt("devices", "device_id"))?,
                ClientId::parse(&client).map_err(corrupt("devices", "client_id"))?,
            ))
        })
        .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn presented(rotated_ago: Option<u64>) -> PresentedRow {
        PresentedRow {
            device_id: String::new(),
            account_id: String::new(),
            client_id: String::new(),
            scopes: String::new(),
            account_state: String::new(),
            connected_at: 0,
            expires_at: NOW.0 + 1,
            rotated_at: rotated_ago.map(|ago| NOW.minus(Duration::from_secs(ago)).0),
            refused_at: None,
        }
    }

    fn family() -> FamilyRow {
        FamilyRow {
            children: 1,
            rotated_children: 0,
            used_children: 0,
            live: 1,
            recent: 1,
            recent_since: Some(NOW.0),
        }
    }

    #[test]
    fn a_current_token_rotates_until_the_second_it_expires() {
        assert_eq!(judge(&presented(None), &family(), NOW), Verdict::Issue(Issue::Rotated));
        let expired = PresentedRow { expires_at: NOW.0, ..presented(None) };
        assert_eq!(judge(&expired, &family(), NOW), Verdict::Expired);
    }

    #[test]
    fn grace_lasts_two_minutes_and_ends_when_a_child_is_rotated() {
        let used = FamilyRow { used_children: 1, ..family() };
        assert_eq!(judge(&presented(Some(120)), &used, NOW), Verdict::Issue(Issue::Sibling));
        assert_eq!(judge(&presented(Some(121)), &used, NOW), Verdict::Reuse);
        let grandparent = FamilyRow { rotated_children: 1, ..family() };
        assert_eq!(judge(&presented(Some(5)), &grandparent, NOW), Verdict::Reuse);
    }

    #[test]
    fn siblings_are_limited_without_punishment() {
        let crowded = FamilyRow { children: MAX_CHILDREN, ..family() };
        assert_eq!(judge(&presented(Some(5)), &crowded, NOW), Verdict::TooMany);
        let many_live = FamilyRow { live: MAX_LIVE, ..family() };
        assert_eq!(judge(&presented(Some(5)), &many_live, NOW), Verdict::TooMany);
    }

    #[test]
    fn a_device_rests_until_the_oldest_of_thirty_renewals_is_ten_minutes_old() {
        let since = Some(NOW.minus(Duration::from_secs(599)).0);
        let busy = FamilyRow { recent: MAX_RECENT - 1, recent_since: since, ..family() };
        assert_eq!(busy.rests(NOW), None);
        let busier = FamilyRow { recent: MAX_RECENT, ..busy };
        assert_eq!(busier.rests(NOW), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_lost_response_is_forgiven_for_a_day_and_its_child_never() {
        let day = LOST_RESPONSE.as_secs();
        assert_eq!(
            judge(&presented(Some(day)), &family(), NOW),
            Verdict::Issue(Issue::ReplaceLost)
        );
        assert_eq!(judge(&presented(Some(day + 1)), &family(), NOW), Verdict::Reuse);
        let child = PresentedRow { refused_at: Some(NOW.0), ..presented(None) };
        assert_eq!(judge(&child, &family(), NOW), Verdict::Reuse);
    }
}
