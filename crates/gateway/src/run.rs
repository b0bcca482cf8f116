//! The life of the gateway: open, serve, stop without losing anything.

use std::convert::Infallible;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use domain::clock::{Clock, SystemClock};
use domain::entropy::{Entropy, OsEntropy};
use domain::sandbox::{Layer, Report, State};
use store::{OpenMode, OpenOptions, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{ChosenBy, Config, Sandbox, raise_descriptor_limit};
use crate::console::{self, Console};
use crate::oauth::cimd::Web;
use crate::routes::router;
use crate::serve::{Drain, Server};
use crate::state::{AppState, Foundation};
use crate::workers::{Groups, WorkerProgram, probe};
use crate::{heap, janitor, metrics};

/// Descriptors the gateway needs for one worker: listener, control, log, pidfd, connections.
const PER_WORKER: usize = 6;
/// Database, logs, console, Garmin.
const RESERVED: usize = 128;
const FEWEST_CONNECTIONS: usize = 64;

/// How long the gateway keeps accepting after it was told to stop, so that whoever balances
/// the load has noticed before the door closes.
const ANNOUNCE: Duration = Duration::from_secs(5);
/// What is left of the time when nobody is waited for any more: for last words to clients, and
/// for tokens that Garmin has already answered with.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Longer than any call.
const FINISH_WITHIN: Duration = Duration::from_secs(250);

/// A gateway that is ready to serve.
pub struct Gateway {
    app: AppState,
    most_connections: usize,
}

impl Gateway {
    /// Opens the store and puts everything together. Needs a runtime; binds no address.
    pub async fn open(
        mut config: Config,
        program: WorkerProgram,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> anyhow::Result<Self> {
        let (sandbox, groups) = inspect(config.workers.sandbox, &program).await?;
        let descriptors = raise_descriptor_limit();
        let most_workers = (descriptors.saturating_sub(RESERVED) / 2 / PER_WORKER).max(1);
        if config.workers.max.get() > most_workers {
            // A number nobody chose may adapt without a word.
            if config.workers.max_chosen_by == ChosenBy::Operator {
                config.warnings.push(format!(
                    "MAX_WORKERS lowered from {} to {most_workers}: the limit of open files is \
                     {descriptors}",
                    config.workers.max
                ));
            }
            config.workers.max = most_workers.try_into().unwrap_or(config.workers.max);
        }
        let for_workers = config.workers.max.get() * PER_WORKER + RESERVED;
        let most_connections = descriptors.saturating_sub(for_workers).max(FEWEST_CONNECTIONS);
        for warning in &config.warnings {
            tracing::warn!(event = "configuration", "{warning}");
        }
        private_directory(&config.data_dir)
            .with_context(|| format!("DATA_DIR {}", config.data_dir.display()))?;
        let options = OpenOptions {
            mode: OpenMode::Serve,
            old_secret: config.old_secret.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        };
        let store = Store::open(&config.database_url, &config.secret, options).await?;
        let config = Arc::new(config);
        let web = Web::real();
        let app = AppState::build(Foundation {
            config,
            clock,
            entropy,
            store,
            program,
            sandbox,
            groups,
            web,
        })?;
        Ok(Self { app, most_connections })
    }

    #[must_use]
    pub fn app(&self) -> &AppState {
        &self.app
    }

    /// Serves until `shutdown`, then finishes: `/readyz` fails and answers close their
    /// connections for `announce`, the listener closes, streams and calls end, workers leave, and rotated
    /// tokens are stored before this returns.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
        announce: Duration,
    ) -> anyhow::Result<()> {
        let Self { app, most_connections } = self;
        let entropy = app.entropy.clone();
        let server = Server::new(router(app.clone()), app.drain.clone(), entropy, most_connections);
        let background = TaskTracker::new();
        let stop = CancellationToken::new();
        background.spawn(janitor::clockwork(app.clone(), stop.clone()));
        background.spawn(janitor::orphanage(app.clone(), stop.clone()));
        background.spawn(janitor::lookout(app.clone(), stop.clone()));
        background.spawn(janitor::news(app.clone(), stop.clone()));
        background.spawn(janitor::housekeeping(app.clone(), stop.clone()));
        background.spawn(janitor::renewals(app.clone(), stop.clone()));
        background.spawn(heap::tidy(stop.clone()));
        background.spawn(janitor::backups(app.clone(), stop.clone()));
        background.spawn(janitor::soundness(app.clone(), stop.clone()));
        match Console::bind(&app.config.data_dir).await {
            Ok(console) => {
                background.spawn(console.serve(app.clone(), stop.clone()));
            }
            // The console is a convenience; people's calls are not.
            Err(error) => {
                tracing::warn!(
                    event = "console-failed",
                    error = %error,
                    "there is no console socket yet: `status` and `revoke` work on the database"
                );
                background.spawn(console::serve_when_free(app.clone(), stop.clone()));
            }
        }
        if let Some(address) = app.config.metrics {
            let listener = metrics::listen(address)
                .await
                .with_context(|| format!("METRICS_BIND: cannot listen on {address}"))?;
            tracing::info!(event = "metrics-ready", address = %listener.local_addr()?, "");
            background.spawn(metrics::serve(listener, app.clone(), stop.clone()));
        }
        let port = listener.local_addr()?.port();
        tracing::info!(event = "gateway-started", port, node = %app.node, "");

        let drain = app.drain.clone();
        let announced = async {
            shutdown.await;
            tracing::info!(event = "gateway-stopping", "");
            drain.begin();
            tokio::select! {
                () = tokio::time::sleep(announce) => {}
                () = drain.cut_off().cancelled() => {}
            }
        };
        server.accept(listener, announced).await;
        app.drain.close();

        let orderly = async {
            server.finish().await;
            app.supervisor.shut_down().await;
            app.tasks.close();
            app.tasks.wait().await;
        };
        let mut orderly = std::pin::pin!(orderly);
        let all_done = tokio::select! {
            () = &mut orderly => true,
            () = app.drain.cut_off().cancelled() => false,
            () = tokio::time::sleep(FINISH_WITHIN) => false,
        };
        if !all_done {
            tracing::warn!(event = "gateway-cut", "calls that still run end now");
            app.drain.cut();
            app.supervisor.cut();
            if tokio::time::timeout(LAST_WORDS, orderly).await.is_err() {
                tracing::error!(event = "gateway-stopped-late", "something was still running");
            }
        }
        stop.cancel();
        background.close();
        // A disk that hangs under one of them must not keep the process, nor the counters.
        if tokio::time::timeout(LAST_WORDS, background.wait()).await.is_err() {
            tracing::error!(event = "gateway-stopped-late", "a background task was still running");
        }
        let closing = async {
            if let Err(error) = app.store.flush().await {
                tracing::warn!(event = "store-failed", error = error.label(), "counters are lost");
            }
            app.store.close().await;
        };
        if tokio::time::timeout(LAST_WORDS, closing).await.is_err() {
            tracing::error!(event = "gateway-stopped-late", "the database did not close");
        }
        tracing::info!(event = "gateway-stopped", "");
        Ok(())
    }
}

/// What holds workers back here; refuses to go on without a layer the operator requires.
async fn inspect(
    wanted: Sandbox,
    program: &WorkerProgram,
) -> anyhow::Result<(Report, Option<Arc<Groups>>)> {
    let report = probe(program).await;
    let (group, groups) = match Groups::take_over() {
        Ok(groups) => (State::Active, Some(Arc::new(groups))),
        Err(missing) => (missing, None),
    };
    let report = report.with(Layer::Group, group);
    let gaps = report.gaps();
    match wanted {
        Sandbox::Require if !gaps.is_empty() => {
            anyhow::bail!("WORKER_SANDBOX=require: {}", gaps.join("; "));
        }
        Sandbox::Require | Sandbox::Auto => {}
    }
    for gap in &gaps {
        tracing::warn!(event = "sandbox-incomplete", "{gap}");
    }
    let names = |active: bool| {
        let layers = Layer::ALL.into_iter().filter(|layer| report.is_active(*layer) == active);
        layers.map(Layer::as_str).collect::<Vec<_>>().join(" ")
    };
    tracing::info!(event = "sandbox", active = names(true), missing = names(false), "");
    Ok((report, groups))
}

/// The gateway from start to end, on the machine's clock and randomness.
pub async fn run(
    config: Config,
    program: WorkerProgram,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    // Before anything is opened: the first process of a container gets no signal that it has no
    // handler for, not even later.
    let mut signals = Signals::listen()?;
    let open = Gateway::open(config, program, Arc::new(SystemClock), Arc::new(OsEntropy));
    let gateway = tokio::select! {
        gateway = open => gateway?,
        () = signals.next() => {
            tracing::info!(event = "gateway-stopped", "before it was open");
            return Ok(());
        }
    };
    let drain = gateway.app().drain.clone();
    let asked = CancellationToken::new();
    let shutdown = async {
        tokio::select! {
            () = shutdown => {}
            () = asked.cancelled() => {}
        }
    };
    tokio::select! {
        served = gateway.serve(listener, shutdown, ANNOUNCE) => served,
        never = obey(signals, &asked, drain) => match never {},
    }
}

/// Whoever asks twice does not want to wait for calls.
async fn obey(mut signals: Signals, asked: &CancellationToken, drain: Drain) -> Infallible {
    signals.next().await;
    asked.cancel();
    signals.next().await;
    drain.cut();
    std::future::pending().await
}

/// Requests to end: SIGTERM, or Ctrl-C.
struct Signals {
    term: Signal,
    int: Signal,
}

impl Signals {
    /// None is missed from here on.
    fn listen() -> io::Result<Self> {
        Ok(Self { term: signal(SignalKind::terminate())?, int: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}

/// Completes when the process is asked to end.
pub async fn terminated() -> io::Result<()> {
    Signals::listen()?.next().await;
    Ok(())
}

/// Keeps other processes of this user out of our memory, and our memory out of core files.
/// To be called before the secret is read.
pub fn harden() -> io::Result<()> {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

fn private_directory(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}
