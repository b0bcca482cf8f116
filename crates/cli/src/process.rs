//! What every long-running command needs of its process.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};

use admin::Screen;
use anyhow::Context as _;
use gateway::WorkerProgram;
use tokio::runtime::{Builder, Runtime};

/// To be called before a secret is read.
pub(crate) fn harden() -> anyhow::Result<()> {
    gateway::harden().context("cannot make this process unreadable to others")
}

pub(crate) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}

/// Workers are this very program, never a path: an upgrade in place changes both at once.
pub(crate) fn worker_program() -> WorkerProgram {
    WorkerProgram { exe: "/proc/self/exe".into(), args: Vec::new() }
}

/// Resolves when somebody asks this process to end.
pub(crate) async fn shutdown() {
    if gateway::terminated().await.is_err() {
        // Without handlers a signal ends the process by itself.
        std::future::pending::<()>().await;
    }
}

/// A variable's value. An empty one counts as unset, as everywhere in the configuration.
pub(crate) fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// What stdout is. `NO_COLOR` is for whoever wants none.
pub(crate) fn screen() -> Screen {
    match (io::stdout().is_terminal(), set("NO_COLOR")) {
        (true, None) => Screen::Colour,
        (true, Some(_)) => Screen::Plain,
        (false, _) => Screen::Pipe,
    }
}

/// Writes `text` to stdout, which holds data only. A reader that has gone away is no failure.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error).context("cannot write to stdout"),
    }
}
