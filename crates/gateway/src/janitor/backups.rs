//! Backups on schedule: on one node at a time, beside everything else.

use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use domain::clock::Timestamp;
use store::{BackupError, BackupPlace, retire_backups};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::config::Backups;
use crate::state::AppState;

const MINUTE: Duration = Duration::from_mins(1);
/// How often the operator hears that backups are overdue.
const REMIND: Duration = Duration::from_hours(1);

pub(crate) async fn backups(app: AppState, stop: CancellationToken) {
    let Some(wanted) = app.config.backups.clone() else { return };
    let mut minute = interval(MINUTE);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut reminded = None;
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            // Given up when the gateway stops: half a backup has no name and goes by itself.
            _ = minute.tick() => tokio::select! {
                () = stop.cancelled() => {}
                () = round(&app, &wanted, &mut reminded) => {}
            }
        }
    }
}

async fn round(app: &AppState, wanted: &Backups, reminded: &mut Option<Timestamp>) {
    let now = app.clock.now();
    match app.store.take_backup_turn(wanted.every, now).await {
        Ok(true) => make(app, wanted, now).await,
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(event = "store-failed", error = error.label(), "no backup");
            return;
        }
    }
    let Ok(schedule) = app.store.backup_schedule().await else { return };
    // Before the first one, the gateway's own age counts.
    let age = schedule.age(now).unwrap_or_else(|| now.since(app.started_at));
    let told = reminded.is_some_and(|last| now.since(last) < REMIND);
    if age > wanted.every * 2 && !told {
        *reminded = Some(now);
        tracing::error!(
            event = "backup-overdue",
            age_hours = age.as_secs() / 3_600,
            place = %wanted.to,
            "two backups in a row are missing"
        );
    }
}

async fn make(app: &AppState, wanted: &Backups, now: Timestamp) {
    let made = async {
        if let BackupPlace::File(directory) = &wanted.to {
            private(directory)?;
        }
        let place = wanted.to.inside(now);
        let made = app.store.backup_to(&place, &app.config.s3, now, &mut |_| {}).await?;
        app.store.backup_done(now.plus(wanted.every), now).await?;
        Ok::<_, BackupError>((place, made))
    };
    match made.await {
        Ok((place, (manifest, bytes))) => {
            tracing::info!(event = "backup-made", %place, rows = manifest.rows(), bytes, "");
            if let BackupPlace::File(directory) = &wanted.to
                && let Err(error) = retire_backups(directory, wanted.keep, &place)
            {
                tracing::warn!(event = "backup-not-removed", error = %error.kind(), "old ones stay");
            }
        }
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(
                event = "backup-failed",
                error = %error,
                cause = cause.unwrap_or_default(),
                place = %wanted.to,
                "the next attempt is in half an hour"
            );
        }
    }
}

fn private(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}
