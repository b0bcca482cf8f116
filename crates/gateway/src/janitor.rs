//! What has to happen now and then: time for the workers, sweeps, stale token pairs, counters.

mod backups;
mod soundness;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::clock::Timestamp;
use domain::contract::CredentialsAnswer;
use domain::entropy::duration_within;
use domain::id::AccountId;
use futures_util::StreamExt;
use futures_util::stream;
use store::{AccessRevision, Change, Stats};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::clock::Watch;
use crate::state::AppState;
use crate::{telemetry, workers};

pub(crate) use backups::backups;
pub use backups::{BackupLook, BackupTurn, ScheduledBackups};
pub(crate) use soundness::soundness;

/// How often the number of revocations is looked at.
const LOOK: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
/// Garmin's refresh token dies after 30 days unused; a third of that leaves room for trouble.
const STALE: Duration = Duration::from_hours(10 * 24);
/// Renewals a minute, and at once.
const AT_ONCE: usize = 2;
const PER_LANE: u32 = 15;
const RENEWALS: usize = AT_ONCE * PER_LANE as usize;
/// The first pause after a renewal that failed, doubled with each further one.
const FIRST_PAUSE: Duration = Duration::from_mins(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(24);
/// Renewals of one minute are spread over this much of it.
const SPREAD: Duration = Duration::from_secs(40);

/// A look at every process is not for every one of many ends.
const LOOK_APART: Duration = Duration::from_millis(250);

/// Looks for access that ended where nobody told this gateway: at one number a second, and
/// further only when that has moved. Once a minute in any case, for tokens that expired.
pub(crate) async fn lookout(app: AppState, stop: CancellationToken) {
    let mut second = interval(LOOK);
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut seen = None;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = second.tick() => seen = look(&app, seen).await,
        }
    }
}

/// What the last full look was about, and when it was.
type Seen = Option<(AccessRevision, Instant)>;

async fn look(app: &AppState, seen: Seen) -> Seen {
    // Read first: what ends while the rest is looked at is looked at again.
    let asked = Instant::now();
    let revision = app.store.access_revision().await;
    app.metrics.database_look_seconds.record(asked.elapsed().as_secs_f64());
    let Ok(revision) = revision else { return seen };
    match seen {
        Some((known, at)) if known == revision && at.elapsed() < MINUTE => seen,
        Some(_) | None => {
            app.look_again().await;
            Some((revision, Instant::now()))
        }
    }
}

/// Listens to what other nodes do.
pub(crate) async fn news(app: AppState, stop: CancellationToken) {
    let mut changes = app.store.changes();
    loop {
        let change = tokio::select! {
            () = stop.cancelled() => return,
            change = changes.next() => change,
        };
        match change {
            Change::Ended(revoked) => app.revoked(&revoked).await,
            Change::Account(account) => app.changed(&account),
            Change::Missed => app.missed_news().await,
        }
    }
}

/// Ticks for the worker supervisor, and a look at the clock.
pub(crate) async fn clockwork(app: AppState, stop: CancellationToken) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = Watch::new(&*app.clock);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = second.tick() => {
                app.supervisor.tick();
                app.metrics.upkeep();
            }
        }
        if let Some(step) = watch.look(&*app.clock) {
            step.report();
            app.sign_ins.clock_stepped(step);
        }
    }
}

/// Reaps what is nobody's child any more, where the gateway is the first process of its
/// container: the kernel hands such children to it and tells of each end.
pub(crate) async fn orphanage(app: AppState, stop: CancellationToken) {
    if !workers::inherits_orphans() {
        return;
    }
    let mut ended = match signal(SignalKind::child()) {
        Ok(ended) => ended,
        Err(error) => {
            tracing::warn!(event = "orphans-unseen", error = %error, "");
            return;
        }
    };
    while !stop.is_cancelled() {
        // Reads a file of each process there is.
        let supervisor = app.supervisor.clone();
        let _ = tokio::task::spawn_blocking(move || workers::reap_orphans(&supervisor)).await;
        tokio::select! {
            () = stop.cancelled() => {}
            // Signals that come at once are one, and one look finds all who have ended.
            Some(()) = ended.recv() => tokio::time::sleep(LOOK_APART).await,
        }
    }
}

/// Once a minute, everything else.
pub(crate) async fn housekeeping(app: AppState, stop: CancellationToken) {
    let mut minute = interval(MINUTE);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut last = None;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = minute.tick() => last = round(&app, last).await,
        }
    }
}

/// Renews stale pairs, beside everything else: Garmin may take its time.
pub(crate) async fn renewals(app: AppState, stop: CancellationToken) {
    let mut minute = interval(MINUTE);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let put_off = Mutex::new(PutOff::default());
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = minute.tick() => tokio::select! {
                () = stop.cancelled() => {}
                () = renew_stale(&app, &put_off) => {}
            }
        }
    }
}

/// Accounts whose last renewal failed, and when each has its next turn. Their pairs stay the
/// stalest of all: without this they would be first again every minute, and nobody else's
/// would be renewed before it dies.
#[derive(Debug, Default)]
struct PutOff(HashMap<AccountId, Turn>);

#[derive(Debug, Clone, Copy)]
struct Turn {
    pause: Duration,
    next: Timestamp,
}

impl PutOff {
    fn waits(&self, account: &AccountId, now: Timestamp) -> bool {
        self.0.get(account).is_some_and(|turn| turn.next > now)
    }

    fn note(&mut self, account: &AccountId, answer: &CredentialsAnswer, now: Timestamp) {
        match answer {
            CredentialsAnswer::Granted(_) | CredentialsAnswer::SignInNeeded => {
                self.0.remove(account);
            }
            CredentialsAnswer::Unavailable { .. } => {
                let before = self.0.get(account).map(|turn| turn.pause);
                let pause = before.map_or(FIRST_PAUSE, |pause| (pause * 2).min(LONGEST_PAUSE));
                self.0.insert(account.clone(), Turn { pause, next: now.plus(pause) });
            }
        }
    }

    /// Forgets who is not stale any more: somebody signed in, used the pair or left.
    fn keep(&mut self, stale: &[AccountId]) {
        if self.0.is_empty() {
            return;
        }
        let stale: HashSet<&AccountId> = stale.iter().collect();
        self.0.retain(|account, _| stale.contains(account));
    }
}

async fn round(app: &AppState, last: Option<(Stats, usize)>) -> Option<(Stats, usize)> {
    // Not by the clock on the wall: were it a year ahead for a minute, nobody would be left.
    let now = app.clock.steady();
    app.limits.retain_recent();
    app.gates.forget_unused();
    telemetry::summarise();
    if let Err(error) = app.store.flush().await {
        tracing::warn!(event = "store-failed", error = error.label(), "usage stays in memory");
    }
    match app.store.sweep_expired(now).await {
        Ok(swept) if swept.clients > 0 => {
            tracing::info!(event = "cleanup-orphan-clients", clients = swept.clients, "");
        }
        Ok(_) => {}
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "nothing was swept");
        }
    }
    if let Ok(backups) = app.store.backup_schedule().await {
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
        app.metrics.last_backup.set(backups.last_done.map_or(0.0, |done| done.0 as f64));
    }
    let stats = match app.store.stats(now).await {
        Ok(stats) => (stats, app.supervisor.workers().len()),
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "no statistics");
            return last;
        }
    };
    if last != Some(stats) {
        report(stats);
    }
    Some(stats)
}

/// The names of the original gateway, where a device was called a token.
fn report((stats, active_workers): (Stats, usize)) {
    tracing::info!(
        event = "stats",
        accounts = stats.accounts,
        tokens = stats.devices,
        people_with_token = stats.people_with_device,
        clients = stats.clients,
        pending_codes = stats.pending_codes,
        sign_in_needed = stats.accounts_needing_sign_in,
        active_workers,
        ""
    );
}

/// Renews pairs nobody has used for a while, a few at a time and not all at once.
async fn renew_stale(app: &AppState, put_off: &Mutex<PutOff>) {
    let now = app.clock.steady();
    // As many more as are put off, so that they can be left out of the list.
    let held_back = lock(put_off).0.len();
    let most = u32::try_from(held_back + RENEWALS).unwrap_or(u32::MAX);
    let stale = match app.store.accounts_to_refresh(now.minus(STALE), now, most).await {
        Ok(stale) => stale,
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "no renewals");
            return;
        }
    };
    let due: Vec<AccountId> = {
        let mut put_off = lock(put_off);
        put_off.keep(&stale);
        let due = stale.into_iter().filter(|account| !put_off.waits(account, now));
        due.take(RENEWALS).collect()
    };
    stream::iter(due)
        .for_each_concurrent(AT_ONCE, |account| async move {
            let pause = SPREAD / PER_LANE;
            tokio::time::sleep(duration_within(&*app.entropy, &(Duration::ZERO..=pause))).await;
            let answer = app.custody.keep_alive(&account).await;
            lock(put_off).note(&account, &answer, app.clock.steady());
        })
        .await;
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::entropy::CountingEntropy;

    #[test]
    fn a_renewal_that_keeps_failing_waits_longer_each_time_and_lets_others_pass() {
        let entropy = CountingEntropy::default();
        let (failing, other) = (AccountId::generate(&entropy), AccountId::generate(&entropy));
        let failed = CredentialsAnswer::Unavailable { retry_after_secs: 1 };
        let mut put_off = PutOff::default();
        let mut now = Timestamp(1_790_000_000);
        for minutes in [10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440] {
            put_off.note(&failing, &failed, now);
            assert!(put_off.waits(&failing, now.plus(MINUTE * (minutes - 1))), "{minutes}");
            now = now.plus(MINUTE * minutes);
            assert!(!put_off.waits(&failing, now), "{minutes}");
            assert!(!put_off.waits(&other, now));
        }
        put_off.note(&failing, &CredentialsAnswer::SignInNeeded, now);
        assert!(put_off.0.is_empty());
        put_off.note(&failing, &failed, now);
        put_off.keep(&[other]);
        assert!(put_off.0.is_empty());
    }
}
