//! The worker a gateway starts for one account.

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use domain::clock::{Clock, SystemClock};
use domain::contract::Launch;

use crate::account::{Account, Door};
use crate::catalogue::{self, Catalogue, Unknown};
use crate::host::{self, Exit, Line, Options, Program};
use crate::keeper::{Channel, GatewayJournal, GatewayNames};
use crate::mcp::{Endpoint, Server};
use crate::tool::Place;

/// Runs the hidden subcommand to its exit code ([`Exit`]). `args` are those that follow the
/// program's name.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Ok(options) = Options::parse(args) else {
        return Exit::Usage.into();
    };
    host::run(options, program)
}

fn program(launch: Launch, line: Line) -> Program<Endpoint> {
    for Unknown { name, closest } in catalogue::unknown(&launch.tools) {
        tracing::warn!(event = "tools.unknown", name = %name, closest, "nothing has this name");
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let catalogue = Catalogue::new(Place::Gateway, &launch.tools);
    let keeper = Channel::new(line.clone(), Arc::clone(&clock), launch.credentials);
    let journal = GatewayJournal::new(line.clone(), &launch.account_key);
    let account = Account::new(Arc::new(keeper), clock, launch.upstream, Door::Gateway)
        .with_athlete(launch.athlete)
        .with_journal(Arc::new(journal))
        .with_resolver(Arc::new(GatewayNames(line.clone())))
        .with_line(line);
    let (repeatable_tools, other_tools) = catalogue.names();
    let service = Endpoint::new(Server::new(account, catalogue));
    Program { service, repeatable_tools, other_tools }
}
