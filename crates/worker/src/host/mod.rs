//! The worker half of the contract with the gateway ([`domain::contract`]), for any program
//! that wants to be a worker.
//!
//! [`run`] does everything that is not the program's own: it takes the three descriptors,
//! closes the sandbox, waits for the launch message, serves HTTP on the inherited listener
//! (only to whoever knows the secret), answers `Stop`, and ends with the gateway.
//!
//! ```no_run
//! use std::convert::Infallible;
//! use bytes::Bytes;
//! use http_body_util::Full;
//! use worker::host::{self, Options, Program};
//!
//! fn main() -> std::process::ExitCode {
//!     let Ok(options) = Options::parse(std::env::args_os().skip(1)) else {
//!         return host::Exit::Usage.into();
//!     };
//!     host::run(options, |_launch, _line| Program {
//!         service: tower::service_fn(async |_request| {
//!             Ok::<_, Infallible>(http::Response::new(Full::new(Bytes::from("{}"))))
//!         }),
//!         repeatable_tools: vec![],
//!         other_tools: vec![],
//!     })
//! }
//! ```

mod caller;
mod descriptors;
mod line;
mod logs;
mod mcp;
mod serve;

use std::convert::Infallible;
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;

use bytes::Bytes;
use domain::contract::{self, FromWorker, Launch, argv};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;
use tower::Service;

use crate::sandbox::{self, AllowedPorts, Plan};

pub use caller::Caller;
pub use line::{Line, LineError};
pub use mcp::{Answer, Mcp, mcp};
pub(crate) use mcp::{MODERN, read};

/// How a worker ends. A panic ends it by SIGABRT instead, after a log line with the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The gateway said `Stop`, or closed the control channel.
    Done,
    /// The arguments are not those of [`argv`].
    Usage,
    /// A descriptor is missing or of the wrong kind, or the runtime did not start.
    Start,
    /// The gateway broke the contract: another version, a message out of turn.
    Contract,
    /// The sandbox could not be closed.
    Sandbox,
}

impl Exit {
    /// The number, after sysexits.h where it has a word for it.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 64,
            Self::Start => 71,
            Self::Contract => 76,
            Self::Sandbox => 77,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// What the arguments say, and which sandbox to close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub ports: AllowedPorts,
    pub task: Task,
    /// The whole one, whatever the arguments.
    pub plan: Plan,
}

/// What the process was started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    Serve,
    /// To say which layers of the sandbox closed, and end.
    Probe,
}

/// The arguments are not those of [`argv`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a worker is started by the gateway, with `{} PORT,…`", argv::ALLOWED_PORTS)]
pub struct BadArguments;

impl Options {
    /// Reads the arguments that follow [`argv::WORKER`]; the word itself is skipped.
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self, BadArguments> {
        let args: Vec<OsString> =
            args.into_iter().skip_while(|word| word == argv::WORKER).collect();
        let (flag, ports, task) = match args.as_slice() {
            [flag, ports] => (flag, ports, Task::Serve),
            [flag, ports, word] if word == argv::PROBE => (flag, ports, Task::Probe),
            _ => return Err(BadArguments),
        };
        let ports = ports.to_str().and_then(|ports| ports.parse().ok());
        match ports {
            Some(ports) if flag == argv::ALLOWED_PORTS => {
                Ok(Self { ports, task, plan: Plan::whole() })
            }
            Some(_) | None => Err(BadArguments),
        }
    }
}

/// What a worker program serves.
pub struct Program<S> {
    /// Called for every request that carries the secret; finds a [`Caller`] among the
    /// request's extensions.
    pub service: S,
    /// Tools whose calls may be sent again when the worker dies before it answered.
    pub repeatable_tools: Vec<String>,
    /// All others.
    pub other_tools: Vec<String>,
}

/// Runs a worker from its first instruction to its exit code. `start` is called once, inside
/// the runtime, with the launch message and the way to ask the gateway.
pub fn run<S, B>(options: Options, start: impl FnOnce(Launch, Line) -> Program<S>) -> ExitCode
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    logs::start();
    let exit = live(options, start).unwrap_or_else(|exit| exit);
    tracing::debug!(event = "worker.exit", code = exit.code(), "the worker ends");
    exit.into()
}

fn live<S, B>(
    options: Options,
    start: impl FnOnce(Launch, Line) -> Program<S>,
) -> Result<Exit, Exit>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let taken = descriptors::take().map_err(|error| refuse(Exit::Start, &error))?;
    // The runtime's own descriptors are of kinds that cannot be made in the sandbox.
    let runtime = runtime().map_err(|error| refuse(Exit::Start, &error))?;
    let closed = sandbox::close(taken.control_fd(), options.ports, &options.plan)
        .map_err(|error| refuse(Exit::Sandbox, &error))?;
    match options.task {
        Task::Serve => {}
        Task::Probe => {
            let said = taken.say(&closed.report);
            return said.map(|()| Exit::Done).map_err(|error| refuse(Exit::Start, &error));
        }
    }
    let exit = runtime.block_on(async {
        let (listener, control) =
            taken.into_tokio().map_err(|error| refuse(Exit::Start, &error))?;
        let (launch, line, talk) = match line::open(control).await {
            Ok(opened) => opened,
            Err(line::Ended::Closed) => return Ok(Exit::Done),
            Err(line::Ended::Broken(error)) => return Err(refuse(Exit::Contract, &error)),
        };
        if launch.version != contract::VERSION {
            return Err(refuse(Exit::Contract, &line::Violation::Version));
        }
        if !closed.ports.reach(&launch.upstream) {
            return Err(refuse(Exit::Contract, &line::Violation::UnreachableUpstream));
        }
        let secret = launch.secret.clone();
        let Program { service, repeatable_tools, other_tools } = start(launch, line.clone());
        let stop = CancellationToken::new();
        let version = contract::VERSION;
        line.tell(FromWorker::Ready { version, repeatable_tools, other_tools });
        tokio::select! {
            biased;
            ended = talk.until_closed(&stop) => match ended {
                line::Ended::Closed => Ok(Exit::Done),
                line::Ended::Broken(error) => Err(refuse(Exit::Contract, &error)),
            },
            () = serve::serve(listener, serve::Gate::new(service, secret), &stop) => Ok(Exit::Done),
        }
    });
    // Whatever it still holds ends with the process.
    runtime.shutdown_background();
    exit
}

/// One thread is all a worker needs, and the cheapest to start.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_io().enable_time().build()
}

fn refuse(exit: Exit, error: &dyn Error) -> Exit {
    tracing::error!(event = "worker.refused", code = exit.code(), error = %error, "cannot work");
    exit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Options, BadArguments> {
        Options::parse(args.iter().map(Into::into))
    }

    #[test]
    fn the_arguments_of_the_contract_are_understood_and_no_others() {
        let ports =
            AllowedPorts::clone(&parse(&["worker", "--allowed-ports", "443"]).unwrap().ports);
        assert!(ports.contains(443));
        assert!(parse(&["--allowed-ports", "443,8443"]).is_ok());
        let probe = parse(&["worker", "--allowed-ports", "443", "--probe"]).unwrap();
        assert_eq!((probe.task, probe.plan), (Task::Probe, Plan::whole()));
        for bad in [
            &[][..],
            &["worker"],
            &["--allowed-ports"],
            &["--allowed-ports", "x"],
            &["--ports", "443"],
            &["--allowed-ports", "443", "more"],
        ] {
            assert_eq!(parse(bad), Err(BadArguments), "{bad:?}");
        }
    }
}
