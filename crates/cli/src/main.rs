//! The executable: parses, dispatches, exits. What the commands do lives in the crates below.

mod completions;
mod config_table;
mod console;
mod demo;
mod desktop;
mod doctor;
mod failure;
mod healthcheck;
mod process;
mod serve;
mod simulated;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::contract::argv;

/// Garmin Connect for MCP clients: an OAuth 2.1 gateway with one worker process per account.
///
/// Without a command the gateway starts, as with `serve`. It is configured by environment
/// variables and a `.env` file; see `.env.example`.
#[derive(Parser)]
#[command(name = "garmin-gateway", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway (the default)
    Serve,
    /// Try it: the gateway on loopback, with a simulated Garmin Connect and made-up athletes
    Demo,
    /// Serve one account over stdio, for desktop clients
    Stdio(desktop::StdioArgs),
    /// Sign in to Garmin from this terminal, for `stdio`
    Login(desktop::LoginArgs),
    /// Everything at a glance: counts, the last backup, failed sign-ins, running workers
    Status(admin::StatusArgs),
    /// List accounts, or `show` one: its devices, its use, and why a sign-in failed
    Accounts(admin::AccountsArgs),
    /// List connected apps
    Devices(admin::DevicesArgs),
    /// List registered apps with their calls and failures
    Clients(admin::ClientsArgs),
    /// Who was active, and with which tools
    Usage(admin::UsageArgs),
    /// End access of devices; effective while the gateway runs
    Revoke(admin::RevokeArgs),
    /// Delete an account and everything that belongs to it
    Forget(admin::ForgetArgs),
    /// Show events as they happen, or a table of the workers
    Monitor(admin::MonitorArgs),
    /// Look for what is wrong; exits with 0, 1 (should be mended) or 2 (fails)
    Doctor(admin::DoctorArgs),
    /// Back up everything that is stored, while the gateway runs
    Backup(admin::BackupArgs),
    /// Make a backup the database, on SQLite or PostgreSQL
    Restore(admin::RestoreArgs),
    /// Change the secret that everything is sealed under, while the gateway runs
    Rekey(admin::RekeyArgs),
    /// Bring over accounts and connections of a Python gateway
    Import(admin::ImportArgs),
    /// Print a script that completes commands in a shell
    Completions(completions::Args),
    /// Ask a running gateway whether it is alive (for container health checks)
    #[command(hide = true)]
    Healthcheck(healthcheck::Args),
    /// Run the simulated Garmin Connect alone (for benches and development)
    #[command(hide = true)]
    Simulator(simulated::Args),
    /// Print the configuration reference (for `scripts/gen-docs`)
    #[command(hide = true)]
    ConfigTable(config_table::Args),
}

fn main() -> ExitCode {
    // A worker takes this door before anything is built: no parser, no runtime, no defaults.
    if std::env::args_os().nth(1).is_some_and(|word| word == argv::WORKER) {
        return worker::run(std::env::args_os().skip(2));
    }
    let done = match Cli::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(),
        Command::Demo => demo::run(),
        Command::Stdio(args) => desktop::stdio(&args),
        Command::Login(args) => desktop::login(&args),
        Command::Status(args) => console::status(&args),
        Command::Accounts(args) => console::accounts(&args),
        Command::Devices(args) => console::devices(&args),
        Command::Clients(args) => console::clients(&args),
        Command::Usage(args) => console::usage(&args),
        Command::Revoke(args) => console::revoke(&args),
        Command::Forget(args) => console::forget(&args),
        Command::Monitor(args) => console::monitor(&args),
        Command::Doctor(args) => match doctor::run(&args) {
            Ok(code) => return code,
            Err(error) => Err(error),
        },
        Command::Backup(args) => console::backup(&args),
        Command::Restore(args) => console::restore(&args),
        Command::Rekey(args) => console::rekey(&args),
        Command::Import(args) => console::import(&args),
        Command::Completions(args) => completions::run(&args),
        Command::Healthcheck(args) => healthcheck::run(&args),
        Command::Simulator(args) => simulated::run(&args),
        Command::ConfigTable(args) => config_table::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure::report(&error),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_commands_for_people_are_listed() {
        let listed: Vec<_> = Cli::command()
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .map(|command| command.get_name().to_owned())
            .collect();
        let expected = [
            "serve",
            "demo",
            "stdio",
            "login",
            "status",
            "accounts",
            "devices",
            "clients",
            "usage",
            "revoke",
            "forget",
            "monitor",
            "doctor",
            "backup",
            "restore",
            "rekey",
            "import",
            "completions",
        ];
        assert_eq!(listed, expected);
    }
}
