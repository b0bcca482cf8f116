//! A worker that offers what the official conformance suite asks a server for, in place of the
//! product's tools: `scripts/conformance` runs it behind the gateway.
//!
//! Its answers are the suite's own texts; how it is started, guarded and spoken to is the
//! product's ([`worker::host`]).
#![expect(deprecated, reason = "the suite tests revisions of which parts have been retired since")]

mod content;
mod prompts;
mod questions;
mod resources;
mod server;
mod tools;

use std::process::ExitCode;

use worker::host::{self, Exit, Options, Program};

use server::Server;

fn main() -> ExitCode {
    let Ok(options) = Options::parse(std::env::args_os().skip(1)) else {
        return Exit::Usage.into();
    };
    host::run(options, |launch, _| Program {
        service: host::mcp(Server::new(&launch.secret)),
        repeatable_tools: tools::names(),
        other_tools: vec![],
    })
}
