//! Counters and "last used": collected in memory and written together, never on each call.
//! What is lost with the process is at most what came since the last flush.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use domain::clock::Timestamp;
use domain::id::{AccountId, ClientId, DeviceId};
use domain::token::{Access, TokenDigest};
use serde::Serialize;

use crate::error::StoreError;
use crate::pool::{in_transaction, on_pool};
use crate::usage_daily::{self, day_of};
use crate::{Store, corrupt};

/// What waits for the next flush.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    devices: HashMap<DeviceId, Timestamp>,
    clients: HashMap<ClientId, Timestamp>,
    first_uses: HashMap<Vec<u8>, Timestamp>,
    calls: HashMap<Counter, Count>,
}

/// Whose calls of what, on which day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Counter {
    account: AccountId,
    day: i64,
    tool: String,
    client: ClientId,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    calls: i64,
    errors: i64,
    last: Timestamp,
}

impl Count {
    fn add(&mut self, more: Self) {
        self.calls = self.calls.saturating_add(more.calls);
        self.errors = self.errors.saturating_add(more.errors);
        self.last = self.last.max(more.last);
    }
}

/// A call of a tool that exists.
#[derive(Debug, Clone, Copy)]
pub struct UsedTool<'a> {
    pub account: &'a AccountId,
    pub client: &'a ClientId,
    pub tool: &'a str,
}

/// How much of one kind waits at most. Beyond it news is dropped: a database that has been
/// away for that long must not take the memory along.
const MAX_PENDING: usize = 100_000;

/// What one flush wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flushed {
    pub devices: usize,
    pub clients: usize,
    pub counters: usize,
}

/// Calls of one account to one tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsageRow {
    pub account: AccountId,
    pub tool: String,
    pub calls: u64,
    pub last_used_at: Timestamp,
}

const MARK_FIRST_USE: &str =
    "UPDATE access_tokens SET used_at = $2 WHERE digest = $1 AND used_at IS NULL";

fn note<K: Eq + std::hash::Hash>(map: &mut HashMap<K, Timestamp>, key: K, now: Timestamp) {
    let room = map.len() < MAX_PENDING;
    match map.entry(key) {
        Entry::Occupied(mut entry) => {
            entry.insert(now.max(*entry.get()));
        }
        Entry::Vacant(entry) if room => {
            entry.insert(now);
        }
        Entry::Vacant(_) => {}
    }
}

impl Pending {
    fn add_calls(&mut self, counter: Counter, count: Count) {
        let room = self.calls.len() < MAX_PENDING;
        match self.calls.entry(counter) {
            Entry::Occupied(mut entry) => entry.get_mut().add(count),
            Entry::Vacant(entry) if room => {
                entry.insert(count);
            }
            Entry::Vacant(_) => {}
        }
    }

    fn is_empty(&self) -> bool {
        self.devices.is_empty()
            && self.clients.is_empty()
            && self.first_uses.is_empty()
            && self.calls.is_empty()
    }

    /// Takes what is to be written. First uses stay until they are: whether a token was used
    /// decides about theft, and must be visible at every moment in between.
    fn take(&mut self) -> Self {
        let taken = std::mem::take(self);
        self.first_uses.clone_from(&taken.first_uses);
        taken
    }

    /// Takes back what could not be written.
    fn restore(&mut self, failed: Pending) {
        for (device, at) in failed.devices {
            note(&mut self.devices, device, at);
        }
        for (client, at) in failed.clients {
            note(&mut self.clients, client, at);
        }
        for (digest, at) in failed.first_uses {
            note(&mut self.first_uses, digest, at);
        }
        for (counter, count) in failed.calls {
            self.add_calls(counter, count);
        }
    }
}

impl Store {
    /// Notes that a device was used.
    pub fn touch_device(&self, device: &DeviceId, now: Timestamp) {
        note(&mut self.pending().devices, device.clone(), now);
    }

    /// Notes that somebody came with this client id.
    pub fn touch_client(&self, client: &ClientId, now: Timestamp) {
        note(&mut self.pending().clients, client.clone(), now);
    }

    /// Counts a call of a known tool.
    pub fn count_call(&self, used: &UsedTool<'_>, now: Timestamp) {
        self.add_count(used, Count { calls: 1, errors: 0, last: now }, now);
    }

    /// Notes that a call which was counted ended without an answer of the tool.
    pub fn count_failure(&self, used: &UsedTool<'_>, now: Timestamp) {
        self.add_count(used, Count { calls: 0, errors: 1, last: now }, now);
    }

    fn add_count(&self, used: &UsedTool<'_>, count: Count, now: Timestamp) {
        let counter = Counter {
            account: used.account.clone(),
            day: day_of(now),
            tool: used.tool.to_owned(),
            client: used.client.clone(),
        };
        self.pending().add_calls(counter, count);
    }

    pub(crate) fn note_first_use(&self, access: &TokenDigest<Access>, now: Timestamp) {
        note(&mut self.pending().first_uses, access.as_bytes().to_vec(), now);
    }

    /// How many of these tokens were used for the first time and wait to be written.
    pub(crate) fn waiting_first_uses(&self, digests: &[Vec<u8>]) -> usize {
        let pending = self.pending();
        digests.iter().filter(|digest| pending.first_uses.contains_key(*digest)).count()
    }

    fn pending(&self) -> std::sync::MutexGuard<'_, Pending> {
        // A panic while counting leaves counts, not nonsense.
        self.0.pending.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes what has been noted, in one transaction. When that fails nothing is lost: it
    /// waits for the next flush.
    #[tracing::instrument(name = "store.usage.flush", skip_all)]
    pub async fn flush(&self) -> Result<Flushed, StoreError> {
        let taken = self.pending().take();
        if taken.is_empty() {
            return Ok(Flushed::default());
        }
        match self.write_pending(&taken).await {
            Ok(()) => {
                self.pending()
                    .first_uses
                    .retain(|digest, _| !taken.first_uses.contains_key(digest));
                Ok(Flushed {
                    devices: taken.devices.len(),
                    clients: taken.clients.len(),
                    counters: taken.calls.len(),
                })
            }
            Err(error) => {
                self.pending().restore(taken);
                Err(error)
            }
        }
    }

    async fn write_pending(&self, pending: &Pending) -> Result<(), StoreError> {
        const DEVICE: &str = "
            UPDATE devices SET last_used_at = $2
             WHERE device_id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        const CLIENT: &str =
            "UPDATE clients SET last_used_at = $2 WHERE client_id = $1 AND last_used_at < $2";
        // From a SELECT, so that an account forgotten in the meantime is skipped instead of
        // failing the flush for everybody.
        const CALLS: &str = "
            INSERT INTO usage (account_id, tool, calls, last_used_at)
            SELECT account_id, $2, $3, $4 FROM accounts WHERE account_id = $1
            ON CONFLICT (account_id, tool) DO UPDATE
               SET calls = usage.calls + excluded.calls, last_used_at = excluded.last_used_at";

        // In one order everywhere: two nodes that flush at once must not wait for each other.
        let mut devices: Vec<_> = pending.devices.iter().collect();
        devices.sort();
        let mut clients: Vec<_> = pending.clients.iter().collect();
        clients.sort();
        let mut first_uses: Vec<_> = pending.first_uses.iter().collect();
        first_uses.sort();
        let mut daily: Vec<_> = pending.calls.iter().collect();
        daily.sort_by_key(|(counter, _)| *counter);
        let mut totals: BTreeMap<(&AccountId, &str), Count> = BTreeMap::new();
        for (counter, count) in &daily {
            totals.entry((&counter.account, counter.tool.as_str())).or_default().add(**count);
        }
        in_transaction!(self.writer(), |transaction| {
            for (device, at) in &devices {
                sqlx::query(DEVICE)
                    .bind(device.as_str())
                    .bind(at.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            for (client, at) in &clients {
                sqlx::query(CLIENT)
                    .bind(client.as_str())
                    .bind(at.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            for (digest, at) in &first_uses {
                sqlx::query(MARK_FIRST_USE)
                    .bind(&digest[..])
                    .bind(at.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            for ((account, tool), count) in &totals {
                sqlx::query(CALLS)
                    .bind(account.as_str())
                    .bind(*tool)
                    .bind(count.calls)
                    .bind(count.last.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            for (counter, count) in &daily {
                sqlx::query(usage_daily::COUNT)
                    .bind(counter.account.as_str())
                    .bind(counter.day)
                    .bind(counter.tool.as_str())
                    .bind(counter.client.as_str())
                    .bind(count.calls)
                    .bind(count.errors)
                    .execute(&mut *transaction)
                    .await?;
            }
        });
        Ok(())
    }

    /// Calls by account and tool, the busiest first.
    pub async fn list_usage(&self) -> Result<Vec<UsageRow>, StoreError> {
        self.usage_of(None).await
    }

    /// Calls of one account by tool, the busiest first.
    pub async fn account_usage(&self, account: &AccountId) -> Result<Vec<UsageRow>, StoreError> {
        self.usage_of(Some(account)).await
    }

    #[tracing::instrument(name = "store.usage.list", skip_all)]
    async fn usage_of(&self, account: Option<&AccountId>) -> Result<Vec<UsageRow>, StoreError> {
        const LIST: &str = "
            SELECT account_id, tool, calls, last_used_at
              FROM usage WHERE account_id = $1 OR $1 IS NULL
             ORDER BY calls DESC, account_id, tool";
        let rows: Vec<(String, String, i64, i64)> = on_pool!(self.reader(), |pool| {
            sqlx::query_as(LIST).bind(account.map(AccountId::as_str)).fetch_all(pool).await?
        });
        rows.into_iter()
            .map(|(account, tool, calls, last_used_at)| {
                Ok(UsageRow {
                    account: AccountId::parse(&account).map_err(corrupt("usage", "account_id"))?,
                    tool,
                    calls: u64::try_from(calls).map_err(corrupt("usage", "calls"))?,
                    last_used_at: Timestamp(last_used_at),
                })
            })
            .collect()
    }
}
