//! Backups on schedule, by a clock that the test sets.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use gateway::janitor::{BackupLook, BackupTurn, ScheduledBackups};
use store::{BackupPlace, check_backup};

use crate::rig::{Rig, START};

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

fn quiet(turn: BackupTurn) -> BackupLook {
    BackupLook { turn, has_reminded: false }
}

fn made(look: &BackupLook) -> &Path {
    match &look.turn {
        BackupTurn::Made(BackupPlace::File(path)) => path,
        other => panic!("{other:?}"),
    }
}

async fn rig(to: &Path) -> Rig {
    let to = to.to_str().unwrap();
    Rig::with("normal", &[("BACKUP_TO", to), ("BACKUP_EVERY", "24"), ("BACKUP_KEEP", "2")]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel56_a_backup_is_made_a_day_by_one_node_and_the_newest_stay() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backups");
    let rig = rig(&to).await;
    rig.person(0).await;
    let mut one = ScheduledBackups::of(rig.app.clone()).unwrap();
    let mut other = ScheduledBackups::of(rig.another_node().await).unwrap();
    let first = one.look().await;
    assert_eq!(other.look().await, quiet(BackupTurn::Nothing), "it was made already");
    for (path, mode) in [(to.as_path(), 0o700), (made(&first), 0o600)] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{path:?}");
    }
    let file = fs::File::open(made(&first)).unwrap();
    let checked = check_backup(file, &rig.config().secret, None, &mut |_| {}).unwrap();
    assert_eq!(checked.manifest.tables[0], ("accounts".to_owned(), 1));
    assert_eq!(rig.app.store.backup_schedule().await.unwrap().last_done, Some(START));

    rig.clock.advance(DAY.saturating_sub(Duration::from_secs(1)));
    assert_eq!(one.look().await, quiet(BackupTurn::Nothing), "a second too early");
    let mut newest = Vec::new();
    for _ in 0..3 {
        rig.clock.advance(DAY);
        let (a, b) = tokio::join!(one.look(), other.look());
        let [turn, idle] = if a.turn == BackupTurn::Nothing { [b, a] } else { [a, b] };
        assert_eq!(idle, quiet(BackupTurn::Nothing), "it is the turn of one");
        newest.push(made(&turn).to_owned());
    }
    let mut there: Vec<_> = fs::read_dir(&to).unwrap().map(|entry| entry.unwrap().path()).collect();
    there.sort();
    assert_eq!(there, newest[1..]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rel56_a_place_that_fails_is_tried_again_and_told_of_until_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let to = folder.path().join("backups");
    fs::write(&to, "not a directory").unwrap();
    let rig = rig(&to).await;
    let mut scheduled = ScheduledBackups::of(rig.app.clone()).unwrap();
    assert_eq!(scheduled.look().await, quiet(BackupTurn::Failed));
    assert_eq!(scheduled.look().await, quiet(BackupTurn::Nothing), "the next attempt is later");
    rig.clock.advance(HOUR / 2);
    assert_eq!(scheduled.look().await, quiet(BackupTurn::Failed));
    // Nobody is told before two are missing, and then once an hour.
    rig.clock.advance(2 * DAY);
    assert_eq!(scheduled.look().await, BackupLook { turn: BackupTurn::Failed, has_reminded: true });
    rig.clock.advance(HOUR / 2);
    assert_eq!(scheduled.look().await, quiet(BackupTurn::Failed));
    rig.clock.advance(HOUR / 2);
    assert_eq!(scheduled.look().await, BackupLook { turn: BackupTurn::Failed, has_reminded: true });

    fs::remove_file(&to).unwrap();
    rig.clock.advance(HOUR);
    let mended = scheduled.look().await;
    assert!(made(&mended).exists() && !mended.has_reminded, "{mended:?}");
}
