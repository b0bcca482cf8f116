//! One process from before it exists until after it is reaped.
//!
//! A keeper is an owned task: no request can cancel a start, and no process is left without
//! somebody who waits for it.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::contract::{self, Launch, SecretText, ToWorker, ToolPolicy};
use domain::entropy;
use domain::id::AccountId;
use domain::upstream::Upstream;
use http::HeaderValue;
use http::uri::Uri;
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::Child;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::cgroup::{Membership, Memory};
use super::connections::Connections;
use super::control::{self, Desk, End};
use super::lifecycle::{Event, Outcome, Phase};
use super::logs;
use super::process::{Address, Worker};
use super::roster::Order;
use super::spawn::Descriptors;
use super::supervisor::Supervisor;
use crate::custody::LaunchState;

/// How long a dead worker's last words may take: they are in the socket already.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// How long calls wait for the journal to call unknown what the worker had begun.
const LAST_WRITES: Duration = Duration::from_millis(500);
/// How long a worker that has closed its control channel may stay before it is killed.
const LINGER: Duration = Duration::from_secs(5);

pub(super) struct Keeper {
    pub(super) worker: Arc<Worker>,
    pub(super) supervisor: Supervisor,
}

struct Running {
    /// Kept open until the process is reaped, so that its port passes to nobody and calls that
    /// arrive before it runs wait in the backlog.
    listener: TcpListener,
    child: Child,
    control: UnixStream,
    logs: pipe::Receiver,
    upstream: Arc<Upstream>,
    launch: Launch,
}

/// Why nothing runs, and the process that has to end for it.
struct Unstarted {
    event: Event,
    child: Option<Child>,
}

impl Keeper {
    pub(super) async fn keep(self) {
        // What is needed at the two ends of a worker's life only lies in boxes of its own: this
        // task stays as long as the worker, at some 3 KiB instead of 19.
        match Box::pin(self.start()).await {
            Ok(running) => self.accompany(running).await,
            Err(Unstarted { event, child }) => {
                self.supervisor.hear(&self.worker, event);
                if let Some(mut child) = child {
                    let pid = child.id();
                    let _ = child.kill().await;
                    self.forget(pid);
                }
            }
        }
        // The address is closed before the place is free: whoever still waits in the backlog
        // learns of the end now.
        self.supervisor.buried(&self.worker);
    }

    /// What is reaped is on nobody's list. What it has started goes with it: the number of its
    /// group cannot have passed to anybody in the moment since.
    fn forget(&self, pid: Option<u32>) {
        let Some(pid) = pid else { return };
        if let Some(group) = Pid::from_raw(pid.cast_signed()) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        self.supervisor.children().lock().remove(&pid);
    }

    /// Starts the process and, at the same time, looks up what to launch it with.
    async fn start(&self) -> Result<Running, Unstarted> {
        let account = &self.worker.account;
        let parts = self.supervisor.parts();
        let failed = |error: io::Error| {
            let event = meaning(&error);
            let reason = if event == Event::Exhausted { "exhausted" } else { "failed" };
            tracing::error!(
                event = "worker-spawn-failed",
                account = %account,
                error = %error,
                reason,
                ""
            );
            Unstarted { event, child: None }
        };
        let listener = parts.ports.bind().map_err(failed)?;
        let raw: Zeroizing<[u8; 32]> = Zeroizing::new(entropy::bytes(&*parts.entropy));
        let secret = Zeroizing::new(URL_SAFE_NO_PAD.encode(*raw));
        let address = listener.local_addr().and_then(|at| address(at.port(), &secret));
        self.worker.move_in(address.map_err(failed)?);
        let (ours, theirs) = StdStream::pair().map_err(failed)?;
        let (log_reader, log_writer) = std::io::pipe().map_err(failed)?;
        ours.set_nonblocking(true).map_err(failed)?;
        let descriptors = Descriptors {
            listener: listener.try_clone().map_err(failed)?,
            control: theirs,
            logs: OwnedFd::from(log_writer),
        };
        let spawn = parts.spawner.spawn(&parts.program, &parts.allowed_ports, descriptors);
        let (child, state) = tokio::join!(spawn, parts.custody.launch_state(account));
        let child = child.map_err(failed)?;
        self.worker.set_pid(child.id());
        self.supervisor.metrics().worker_starts.increment(1);
        tracing::info!(
            event = "worker-spawn",
            account = %account,
            port = self.worker.port(),
            pid = child.id(),
            ""
        );
        let with = |child, event| Unstarted { event, child: Some(child) };
        let (region, athlete, credentials) = match state {
            LaunchState::Known { region, athlete, credentials } => (region, athlete, credentials),
            LaunchState::SignInNeeded => return Err(with(child, Event::CredentialsRefused)),
            LaunchState::Unknown => return Err(with(child, Event::StoreFailed)),
        };
        let pipes = UnixStream::from_std(ours).and_then(|control| {
            Ok((control, pipe::Receiver::from_owned_fd(OwnedFd::from(log_reader))?))
        });
        let (control, logs) = match pipes {
            Ok(pipes) => pipes,
            Err(error) => return Err(with(child, failed(error).event)),
        };
        let upstream = parts.upstream(region);
        let account_key = Zeroizing::new(parts.store.account_key(account));
        let account_key = Zeroizing::new(URL_SAFE_NO_PAD.encode(*account_key));
        let launch = Launch {
            version: contract::VERSION,
            secret: SecretText::from(secret.as_str()),
            account_key: SecretText::from(account_key.as_str()),
            upstream: (*upstream).clone(),
            athlete,
            credentials,
            tools: ToolPolicy::clone(&parts.tools),
        };
        Ok(Running { listener, child, control, logs, upstream, launch })
    }

    async fn accompany(&self, running: Running) {
        // The listener closes when this returns.
        let Running { listener: _listener, mut child, control, logs, upstream, launch } = running;
        let pid = child.id();
        let parts = self.supervisor.parts();
        let member = parts.groups.as_ref().zip(pid);
        let member = member.map(|(groups, pid)| Membership::begin(groups, pid));
        let (outbox, mut outgoing) = mpsc::unbounded_channel();
        let _ = outbox.send(Box::new(ToWorker::Launch(Box::new(launch))));
        let desk = Desk {
            worker: self.worker.clone(),
            supervisor: self.supervisor.clone(),
            upstream,
            custody: parts.custody.clone(),
            store: parts.store.clone(),
            devices: parts.devices.clone(),
            open_writes: Arc::default(),
            resolver: parts.resolver.clone(),
            asked_for_foreign: AtomicBool::new(false),
        };
        let account = self.worker.account.clone();
        let mut talk = std::pin::pin!(control::talk(control, &desk, &mut outgoing));
        let mut relay = std::pin::pin!(logs::relay(&account, logs));
        let mut orders = self.worker.orders();
        let (mut talking, mut relaying) = (true, true);
        let linger = tokio::time::sleep(Duration::MAX);
        let mut linger = std::pin::pin!(linger);
        let status = loop {
            tokio::select! {
                status = child.wait() => {
                    self.forget(pid);
                    break status;
                }
                Ok(()) = orders.changed() => match *orders.borrow_and_update() {
                    Some(Order::Stop) => { let _ = outbox.send(Box::new(ToWorker::Stop)); }
                    Some(Order::Kill) => kill(&mut child, &account),
                    None => {}
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
                        self.supervisor.hear(&self.worker, Event::Misbehaved);
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
        let said = async { if talking { talk.await } else { End::Closed } };
        let written = async {
            if relaying {
                relay.await;
            }
        };
        let (said, _) = tokio::join!(
            tokio::time::timeout(LAST_WORDS, said),
            tokio::time::timeout(LAST_WORDS, written),
        );
        if let Ok(End::Misbehaved(_)) = said {
            self.supervisor.hear(&self.worker, Event::Misbehaved);
        }
        // Whoever is told of the end and asks again finds its write unknown; a store that does
        // not answer holds the news up no longer than this.
        let mut closing = Box::pin(control::close_open_writes(&desk));
        let ended = async {
            match member {
                Some(member) => member.end(&account).await,
                None => Memory::Sufficed,
            }
        };
        let (memory, closed) = tokio::join!(ended, tokio::time::timeout(LAST_WRITES, &mut closing));
        let phase = self.supervisor.hear(&self.worker, end(&status, memory));
        if closed.is_err() {
            closing.await;
        }
        report(&account, phase, &status);
    }
}

fn report(account: &AccountId, phase: Option<Phase>, status: &io::Result<ExitStatus>) {
    let (code, signal) = match status {
        Ok(status) => (status.code(), status.signal()),
        Err(_) => (None, None),
    };
    match phase {
        Some(Phase::Gone(Outcome::Crashed)) => tracing::error!(
            event = "worker-died",
            account = %account,
            returncode = code,
            signal,
            ""
        ),
        Some(Phase::Gone(Outcome::StartTimeout)) => tracing::error!(
            event = "worker-start-failed",
            account = %account,
            error = "not ready in time",
            ""
        ),
        Some(
            Phase::Gone(
                Outcome::Stopped
                | Outcome::CredentialsRefused
                | Outcome::SpawnFailed
                | Outcome::AtCapacity
                | Outcome::StoreFailed,
            )
            | Phase::Starting { .. }
            | Phase::Ready { .. }
            | Phase::Draining { .. },
        )
        | None => tracing::info!(
            event = "worker-exited",
            account = %account,
            returncode = code,
            signal,
            ""
        ),
    }
}

/// The process and whatever it has started: they are one group.
fn kill(child: &mut Child, account: &AccountId) {
    if let Some(group) = child.id().and_then(|pid| Pid::from_raw(pid.cast_signed())) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    if let Err(error) = child.start_kill() {
        tracing::warn!(event = "worker-kill-failed", account = %account, error = %error, "");
    }
}

/// What a failure to start a process says: some pass when others give back what they hold.
fn meaning(error: &io::Error) -> Event {
    if is_shortage(error) { Event::Exhausted } else { Event::SpawnFailed }
}

/// Whether the machine has nothing left of something that others will return.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    error.kind() == io::ErrorKind::AddrInUse
        || errno.is_some_and(|errno| {
            matches!(
                errno,
                Errno::AGAIN
                    | Errno::MFILE
                    | Errno::NFILE
                    | Errno::NOMEM
                    | Errno::NOBUFS
                    | Errno::NOSPC
                    | Errno::ADDRNOTAVAIL
            )
        })
}

/// What the end of a process says: whether it was its own doing. At its own hard limit of
/// memory a worker aborts; at its group's it is killed, and only the group tells by whom.
fn end(status: &io::Result<ExitStatus>, memory: Memory) -> Event {
    let own = [Signal::ABORT, Signal::SEGV, Signal::BUS, Signal::ILL, Signal::FPE, Signal::TRAP];
    let signal = status.as_ref().ok().and_then(ExitStatus::signal);
    let own = signal.is_some_and(|signal| own.iter().any(|own| own.as_raw() == signal));
    match memory {
        Memory::RanOut => Event::Broke,
        Memory::Sufficed if own => Event::Broke,
        Memory::Sufficed => Event::Exited,
    }
}

fn address(port: u16, secret: &str) -> io::Result<Address> {
    let authority = format!("127.0.0.1:{port}");
    let uri = Uri::from_static("/mcp");
    let host = HeaderValue::try_from(authority).map_err(io::Error::other)?;
    let mut secret = HeaderValue::from_str(secret).map_err(io::Error::other)?;
    secret.set_sensitive(true);
    Ok(Address { port, uri, host, secret, connections: Connections::to(port) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rel71_rel72_what_others_give_back_is_waited_for_and_what_is_missing_is_not() {
        let os = |errno: Errno| io::Error::from_raw_os_error(errno.raw_os_error());
        for errno in [Errno::AGAIN, Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::ADDRINUSE] {
            assert_eq!(meaning(&os(errno)), Event::Exhausted, "{errno}");
        }
        for errno in [Errno::NOENT, Errno::NOEXEC, Errno::ACCESS, Errno::ISDIR] {
            assert_eq!(meaning(&os(errno)), Event::SpawnFailed, "{errno}");
        }
        assert_eq!(meaning(&io::Error::from(io::ErrorKind::AddrInUse)), Event::Exhausted);
        assert_eq!(meaning(&io::Error::other("x")), Event::SpawnFailed);
    }

    #[test]
    fn rel17_a_worker_that_runs_out_of_memory_broke_and_one_that_is_killed_did_not() {
        let by = |signal: Signal| Ok(ExitStatus::from_raw(signal.as_raw()));
        assert_eq!(end(&by(Signal::KILL), Memory::RanOut), Event::Broke);
        assert_eq!(end(&by(Signal::ABORT), Memory::Sufficed), Event::Broke);
        for signal in [Signal::KILL, Signal::TERM] {
            assert_eq!(end(&by(signal), Memory::Sufficed), Event::Exited, "{signal:?}");
        }
        assert_eq!(end(&Ok(ExitStatus::from_raw(1 << 8)), Memory::Sufficed), Event::Exited);
        assert_eq!(end(&Err(io::Error::other("x")), Memory::Sufficed), Event::Exited);
    }
}
