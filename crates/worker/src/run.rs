//! The worker a gateway starts for one account.

use std::ffi::OsString;
use std::process::ExitCode;

use crate::host::{self, Exit, Options, Program};
use crate::mcp::{Endpoint, Server};

/// Runs the hidden subcommand to its exit code ([`Exit`]). `args` are those that follow the
/// program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Ok(options) = Options::parse(args) else {
        return Exit::Usage.into();
    };
    host::run(options, |_launch, _line| Program {
        service: Endpoint::new(Server::new()),
        repeatable_tools: Vec::new(),
    })
}
