//! What has to happen now and then: time for the workers, sweeps, stale token pairs, counters.

use std::time::Duration;

use domain::entropy::duration_within;
use futures_util::StreamExt;
use futures_util::stream;
use store::Stats;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::state::AppState;
use crate::workers;

const MINUTE: Duration = Duration::from_mins(1);
/// Garmin's refresh token dies after 30 days unused; a third of that leaves room for trouble.
const STALE: Duration = Duration::from_hours(10 * 24);
/// Renewals a minute, and at once.
const RENEWALS: u32 = 30;
const AT_ONCE: usize = 2;
/// Renewals of one minute are spread over this much of it.
const SPREAD: Duration = Duration::from_secs(40);

/// Ticks for the worker supervisor.
pub(crate) async fn clockwork(app: AppState, stop: CancellationToken) {
    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            _ = second.tick() => app.supervisor.tick(),
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
            _ = minute.tick() => {
                last = round(&app, last).await;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = renew_stale(&app) => {}
                }
            }
        }
    }
}

async fn round(app: &AppState, last: Option<(Stats, usize)>) -> Option<(Stats, usize)> {
    let now = app.clock.now();
    app.limits.retain_recent();
    app.gates.forget_unused();
    workers::reap_orphans(&app.supervisor);
    if let Err(error) = app.store.flush().await {
        tracing::warn!(event = "store-failed", error = error.label(), "usage stays in memory");
    }
    if let Err(error) = app.store.sweep_expired(now).await {
        tracing::warn!(event = "store-failed", error = error.label(), "nothing was swept");
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
async fn renew_stale(app: &AppState) {
    let now = app.clock.now();
    let stale = match app.store.accounts_to_refresh(now.minus(STALE), now, RENEWALS).await {
        Ok(stale) => stale,
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "no renewals");
            return;
        }
    };
    stream::iter(stale)
        .for_each_concurrent(AT_ONCE, |account| async move {
            let pause = SPREAD / RENEWALS * u32::try_from(AT_ONCE).unwrap_or(1);
            tokio::time::sleep(duration_within(&*app.entropy, &(Duration::ZERO..=pause))).await;
            app.custody.keep_alive(&account).await;
        })
        .await;
}
