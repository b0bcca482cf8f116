//! Backups on schedule: on one node at a time, beside everything else.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::time::Duration;

use domain::clock::Timestamp;
use store::{BackupError, BackupPlace, retire_backups};
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::config::Backups;
use crate::state::AppState;

const MINUTE: Duration = Duration::from_mins(1);
/// How often the operator hears that backups are overdue.
const REMIND: Duration = Duration::from_hours(1);
/// A place that hangs is given up when another node may take the turn.
const PATIENCE: Duration = Duration::from_mins(30);

pub(crate) async fn backups(app: AppState, stop: CancellationToken) {
    let Some(mut scheduled) = ScheduledBackups::of(app) else { return };
    let mut minute = interval(MINUTE);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        tokio::select! {
            () = stop.cancelled() => {}
            // Given up when the gateway stops: half a backup goes with the next one.
            _ = minute.tick() => tokio::select! {
                () = stop.cancelled() => {}
                _ = scheduled.look() => {}
            }
        }
    }
}

/// The backups of one gateway, a look at the clock at a time.
#[derive(Debug)]
pub struct ScheduledBackups {
    app: AppState,
    wanted: Backups,
    reminded: Option<Timestamp>,
}

/// What came of a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupLook {
    pub turn: BackupTurn,
    /// Whether the operator was told that backups are missing.
    pub has_reminded: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupTurn {
    /// None is due, or it is another node's.
    Nothing,
    Made(BackupPlace),
    Failed,
}

impl ScheduledBackups {
    /// None where nobody wants any.
    #[must_use]
    pub fn of(app: AppState) -> Option<Self> {
        let wanted = app.config.backups.clone()?;
        Some(Self { app, wanted, reminded: None })
    }

    /// Makes the backup that is due, if it is this node's turn.
    pub async fn look(&mut self) -> BackupLook {
        let Self { app, wanted, reminded } = self;
        let now = app.clock.now();
        let turn = match app.store.take_backup_turn(wanted.every, now).await {
            Ok(true) => make(app, wanted, now).await,
            Ok(false) => BackupTurn::Nothing,
            Err(error) => {
                tracing::warn!(event = "store-failed", error = error.label(), "no backup");
                return BackupLook { turn: BackupTurn::Nothing, has_reminded: false };
            }
        };
        let Ok(schedule) = app.store.backup_schedule().await else {
            return BackupLook { turn, has_reminded: false };
        };
        // Before the first one, the gateway's own age counts.
        let age = schedule.age(now).unwrap_or_else(|| now.since(app.started_at));
        let told = reminded.is_some_and(|last| now.since(last) < REMIND);
        let has_reminded = age > wanted.every * 2 && !told;
        if has_reminded {
            *reminded = Some(now);
            tracing::error!(
                event = "backup-overdue",
                age_hours = age.as_secs() / 3_600,
                place = %wanted.to,
                "two backups in a row are missing"
            );
        }
        BackupLook { turn, has_reminded }
    }
}

async fn make(app: &AppState, wanted: &Backups, now: Timestamp) -> BackupTurn {
    let made = async {
        if let BackupPlace::File(directory) = wanted.to.clone() {
            aside(move || private(&directory)).await?;
        }
        let place = wanted.to.inside(now);
        let (access, spool) = (&app.config.s3, &app.config.data_dir);
        let made = app.store.backup_to(&place, access, spool, now, &mut |_| {}).await?;
        app.store.backup_done(now.plus(wanted.every), now).await?;
        Ok::<_, BackupError>((place, made))
    };
    let made = timeout(PATIENCE, made).await;
    match made.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())) {
        Ok((place, (manifest, bytes))) => {
            tracing::info!(event = "backup-made", %place, rows = manifest.rows(), bytes, "");
            if let BackupPlace::File(directory) = wanted.to.clone() {
                let (keep, made) = (wanted.keep, place.clone());
                let retired = aside(move || retire_backups(&directory, keep, &made));
                if let Err(error) = timeout(PATIENCE, retired).await.unwrap_or(Ok(0)) {
                    let error = error.kind();
                    tracing::warn!(event = "backup-not-removed", %error, "old ones stay");
                }
            }
            BackupTurn::Made(place)
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
            BackupTurn::Failed
        }
    }
}

/// Runs what waits for a disk, perhaps one behind a network, beside the runtime.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|ended| Err(io::Error::other(ended)))
}

fn private(directory: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}
