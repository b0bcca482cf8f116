//! Scripts that complete commands in a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::process;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell to complete in
    #[arg(value_enum)]
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut script = Vec::new();
    let mut command = crate::Cli::command();
    clap_complete::generate(args.shell, &mut command, "garmin-gateway", &mut script);
    process::print(&String::from_utf8_lossy(&script))
}
