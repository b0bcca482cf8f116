//! The operator's commands: configuration from the gateway's own rules, work done in `admin`.

use std::io;

use admin::{Place, RevokeArgs, StatusArgs};
use gateway::Config;

use crate::process;

pub(crate) fn status(args: &StatusArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    process::runtime()?.block_on(async { Ok(admin::status(&place, args, &mut out).await?) })
}

pub(crate) fn revoke(args: &RevokeArgs) -> anyhow::Result<()> {
    let place = place()?;
    let mut out = io::stdout().lock();
    process::runtime()?.block_on(async { Ok(admin::revoke(&place, args, &mut out).await?) })
}

/// The same names the gateway reads, so the commands work wherever it runs.
fn place() -> anyhow::Result<Place> {
    process::harden()?;
    let config = Config::from_process()?;
    Ok(Place {
        data_dir: config.data_dir,
        database_url: config.database_url,
        secret: config.secret,
        old_secret: config.old_secret,
    })
}
