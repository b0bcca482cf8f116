//! One process from before it exists until after it is reaped.
//!
//! A keeper is an owned task: no request can cancel a start, and no process is left without
//! somebody who waits for it.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;
use std::time::Duration;

use domain::contract::{self, Launch, ToWorker, ToolPolicy};
use domain::upstream::Upstream;
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::mpsc;

use super::admission::Place;
use super::control::{self, Desk, End};
use super::lifecycle::{Event, Outcome, Phase};
use super::logs;
use super::process::{Order, Worker};
use super::spawn::Descriptors;
use super::supervisor::Supervisor;
use crate::custody::LaunchState;

/// How long a dead worker's last words may take: they are in the socket already.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long a worker that has closed its control channel may stay before it is killed.
const LINGER: Duration = Duration::from_secs(5);

pub(super) struct Keeper {
    pub(super) worker: Arc<Worker>,
    pub(super) supervisor: Supervisor,
    /// Kept open until the process is reaped, so that its port passes to nobody and calls that
    /// arrive before it runs wait in the backlog.
    pub(super) listener: TcpListener,
    pub(super) secret: contract::SecretText,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) place: Place,
}

struct Running {
    child: Child,
    control: UnixStream,
    logs: pipe::Receiver,
    upstream: Arc<Upstream>,
    launch: Launch,
}

impl Keeper {
    pub(super) async fn keep(mut self) {
        match self.start().await {
            Ok(running) => self.accompany(running).await,
            Err(event) => {
                self.worker.on(event);
                self.worker.on(Event::Exited);
            }
        }
        let outcome = match self.worker.phase() {
            Phase::Gone(outcome) => outcome,
            // Unreachable by the lifecycle: an exit ends every phase.
            Phase::Starting { .. } | Phase::Ready { .. } | Phase::Draining { .. } => {
                Outcome::Crashed
            }
        };
        // The address closes before the place is free: whoever still waits in the backlog
        // learns of the end now.
        drop(self.listener);
        self.supervisor.buried(&self.worker, outcome);
        drop(self.place);
        self.supervisor.relieve();
    }

    /// Starts the process and, at the same time, looks up what to launch it with.
    async fn start(&self) -> Result<Running, Event> {
        let account = &self.worker.account;
        let parts = self.supervisor.parts();
        let failed = |error: std::io::Error| {
            tracing::error!(
                event = "worker-spawn-failed",
                account = %account,
                error = %error,
                ""
            );
            Event::SpawnFailed
        };
        let (ours, theirs) = StdStream::pair().map_err(failed)?;
        let (log_reader, log_writer) = std::io::pipe().map_err(failed)?;
        let listener = self.listener.try_clone().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let descriptors =
            Descriptors { listener, control: theirs, logs: OwnedFd::from(log_writer) };
        let spawn = parts.spawner.spawn(&parts.program, &parts.allowed_ports, descriptors);
        let (child, state) = tokio::join!(spawn, parts.custody.launch_state(account));
        let child = child.map_err(failed)?;
        self.worker.set_pid(child.id());
        self.supervisor.metrics().worker_starts.increment(1);
        tracing::info!(
            event = "worker-spawn",
            account = %account,
            port = self.worker.address.port,
            pid = child.id(),
            ""
        );
        // From here on an error drops the child, which kills and reaps it.
        let (region, athlete, credentials) = match state {
            LaunchState::Known { region, athlete, credentials } => (region, athlete, credentials),
            LaunchState::SignInNeeded => return Err(Event::CredentialsRefused),
            LaunchState::Unknown => return Err(Event::SpawnFailed),
        };
        let upstream = parts.upstream(region);
        let launch = Launch {
            version: contract::VERSION,
            secret: self.secret.clone(),
            upstream: (*upstream).clone(),
            athlete,
            credentials,
            tools: ToolPolicy::clone(&parts.tools),
        };
        Ok(Running {
            child,
            control: UnixStream::from_std(ours).map_err(failed)?,
            logs: pipe::Receiver::from_owned_fd(OwnedFd::from(log_reader)).map_err(failed)?,
            upstream,
            launch,
        })
    }

    async fn accompany(&mut self, running: Running) {
        let Running { mut child, control, logs, upstream, launch } = running;
        let parts = self.supervisor.parts();
        let (outbox, mut outgoing) = mpsc::unbounded_channel();
        let _ = outbox.send(ToWorker::Launch(Box::new(launch)));
        let desk = Desk {
            worker: self.worker.clone(),
            supervisor: self.supervisor.clone(),
            upstream,
            custody: parts.custody.clone(),
            store: parts.store.clone(),
            open_writes: Arc::default(),
        };
        let account = self.worker.account.clone();
        let mut talk = std::pin::pin!(control::talk(control, &desk, &mut outgoing));
        let mut relay = std::pin::pin!(logs::relay(&account, logs));
        let (mut talking, mut relaying) = (true, true);
        let linger = tokio::time::sleep(Duration::MAX);
        let mut linger = std::pin::pin!(linger);
        let status = loop {
            tokio::select! {
                status = child.wait() => break status,
                Some(order) = self.orders.recv() => match order {
                    Order::Stop => { let _ = outbox.send(ToWorker::Stop); }
                    Order::Kill => kill(&mut child, &account),
                },
                end = &mut talk, if talking => {
                    talking = false;
                    linger.as_mut().reset(tokio::time::Instant::now() + LINGER);
                    if let End::Misbehaved(complaint) = end {
                        tracing::error!(
                            event = "worker-misbehaved",
                            account = %account,
                            complaint,
                            "the worker broke the contract and is killed"
                        );
                        self.worker.on(Event::Misbehaved);
                    }
                }
                () = &mut linger, if !talking => {
                    kill(&mut child, &account);
                    linger.as_mut().reset(tokio::time::Instant::now() + LINGER);
                }
                () = &mut relay, if relaying => relaying = false,
            }
        };
        // `ready` may be waiting in the socket: whether the worker served decides what a call
        // without an answer means.
        if talking && let Ok(End::Misbehaved(_)) = tokio::time::timeout(LAST_WORDS, talk).await {
            self.worker.on(Event::Misbehaved);
        }
        if relaying {
            let _ = tokio::time::timeout(LAST_WORDS, relay).await;
        }
        control::close_open_writes(&desk).await;
        self.worker.on(Event::Exited);
        self.report(&status);
    }

    fn report(&self, status: &std::io::Result<std::process::ExitStatus>) {
        use std::os::unix::process::ExitStatusExt;
        let (code, signal) = match status {
            Ok(status) => (status.code(), status.signal()),
            Err(_) => (None, None),
        };
        let account = &self.worker.account;
        match self.worker.phase() {
            Phase::Gone(Outcome::Crashed) => tracing::error!(
                event = "worker-died",
                account = %account,
                returncode = code,
                signal,
                ""
            ),
            Phase::Gone(Outcome::StartTimeout) => tracing::error!(
                event = "worker-start-failed",
                account = %account,
                error = "not ready in time",
                ""
            ),
            Phase::Gone(Outcome::Stopped | Outcome::CredentialsRefused | Outcome::SpawnFailed)
            | Phase::Starting { .. }
            | Phase::Ready { .. }
            | Phase::Draining { .. } => tracing::info!(
                event = "worker-exited",
                account = %account,
                returncode = code,
                signal,
                ""
            ),
        }
    }
}

fn kill(child: &mut Child, account: &domain::id::AccountId) {
    if let Err(error) = child.start_kill() {
        tracing::warn!(event = "worker-kill-failed", account = %account, error = %error, "");
    }
}
