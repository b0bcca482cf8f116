//! The operator's commands: configuration from the gateway's own rules, work done in `admin`.

use std::io;
use std::path::PathBuf;

use admin::{
    AccountsArgs, AdminError, BackupArgs, ClientsArgs, DevicesArgs, ForgetArgs, ImportArgs,
    MonitorArgs, Place, RekeyArgs, RestoreArgs, RevokeArgs, StatusArgs, UsageArgs,
};
use gateway::Config;
use gateway::config::Vars;

use crate::process;

pub(crate) fn status(args: &StatusArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::status(&place, args, &mut out)))
}

pub(crate) fn accounts(args: &AccountsArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::accounts(&place, args, &mut out)))
}

pub(crate) fn devices(args: &DevicesArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::devices(&place, args, &mut out)))
}

pub(crate) fn clients(args: &ClientsArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::clients(&place, args, &mut out)))
}

pub(crate) fn usage(args: &UsageArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::usage(&place, args, &mut out)))
}

pub(crate) fn forget(args: &ForgetArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::forget(&place, args, &mut out)))
}

/// Only the gateway's own code can read what is in the sessions of the other.
pub(crate) fn import(args: &ImportArgs) -> anyhow::Result<()> {
    process::harden()?;
    let config = Config::from_process()?;
    let region = config.default_region;
    let place = place_of(config);
    let read = gateway::read_old_session;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::import(&place, args, region, read, &mut out)))
}

pub(crate) fn revoke(args: &RevokeArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::revoke(&place, args, &mut out)))
}

/// Shows events until the reader or the gateway goes, or somebody presses Ctrl-C.
pub(crate) fn monitor(args: &MonitorArgs) -> anyhow::Result<()> {
    process::harden()?;
    // Looking on needs no secret, and a log file nothing at all.
    let data_dir = Vars::from_process()?.get("DATA_DIR").unwrap_or("./data").into();
    let data_dir: PathBuf = data_dir;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(async {
        tokio::select! {
            done = admin::monitor(&data_dir, args, process::screen(), &mut out) => done,
            () = process::shutdown() => Ok(()),
        }
    }))
}

pub(crate) fn backup(args: &BackupArgs) -> anyhow::Result<()> {
    let place = place()?;
    // Not locked: with `-` the backup itself is written to stdout, from another thread.
    let mut out = io::stdout();
    readable(process::runtime()?.block_on(admin::backup(&place, args, &mut out)))
}

pub(crate) fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::restore(&place, args, &mut out)))
}

pub(crate) fn rekey(args: &RekeyArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    readable(process::runtime()?.block_on(admin::rekey(&place, args, &mut out)))
}

/// A reader that has gone away, as `head` does, has read enough.
fn readable(done: Result<(), AdminError>) -> anyhow::Result<()> {
    match done {
        Err(AdminError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// The same names the gateway reads, so the commands work wherever it runs.
fn place() -> anyhow::Result<Place> {
    process::harden()?;
    Ok(place_of(Config::from_process()?))
}

fn place_of(config: Config) -> Place {
    Place {
        data_dir: config.data_dir,
        database_url: config.database_url,
        secret: config.secret,
        old_secret: config.old_secret,
        s3: config.s3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_read_enough_is_no_failure() {
        let ended = |kind: io::ErrorKind| readable(Err(AdminError::Output(kind.into())));
        assert!(ended(io::ErrorKind::BrokenPipe).is_ok());
        assert!(ended(io::ErrorKind::StorageFull).is_err());
        assert!(readable(Err(AdminError::NotConfirmed)).is_err());
    }
}
