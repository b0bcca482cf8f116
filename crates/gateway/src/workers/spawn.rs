//! Starting worker processes: `posix_spawn` only, from one thread that outlives them all.
//!
//! A worker's parent-death signal is tied to the *thread* that started it, so that thread must
//! live exactly as long as the gateway. Anything that needs code between fork and exec would
//! make std fall back to a fork that copies the gateway's page tables; the worker therefore
//! confines itself after exec.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use domain::contract::argv;
use tokio::process::Child;
use tokio::sync::oneshot;

/// What is started for an account: `exe args… worker --allowed-ports …`. A constructor value,
/// never read from the environment.
#[derive(Debug, Clone)]
pub struct WorkerProgram {
    pub exe: PathBuf,
    pub args: Vec<OsString>,
}

impl WorkerProgram {
    /// The running executable itself, whatever happens to its path: gateway and worker are one
    /// version even during an upgrade in place.
    #[must_use]
    pub fn this() -> Self {
        Self { exe: "/proc/self/exe".into(), args: Vec::new() }
    }
}

/// glibc gives memory back sooner with these; a worker is idle most of its life.
const ENVIRONMENT: [(&str, &str); 2] =
    [("MALLOC_TRIM_THRESHOLD_", "131072"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// What a fresh process is connected to.
pub(super) struct Descriptors {
    pub(super) listener: TcpListener,
    pub(super) control: UnixStream,
    pub(super) logs: OwnedFd,
}

struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Processes that somebody waits for. The lock is held while one is started, so that nobody can
/// see a child that is not on the list yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Children(Arc<Mutex<HashSet<u32>>>);

impl Children {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashSet<u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is run for every worker, its descriptors left open.
pub(super) fn command(program: &WorkerProgram, allowed_ports: &[u16]) -> Command {
    let ports: Vec<String> = allowed_ports.iter().map(u16::to_string).collect();
    let mut command = Command::new(&program.exe);
    command
        .arg0("garmin-gateway")
        .args(&program.args)
        .arg(argv::WORKER)
        .arg(argv::ALLOWED_PORTS)
        .arg(ports.join(","))
        // Whatever it starts can be killed with it, and Ctrl-C is for the gateway alone.
        .process_group(0)
        .env_clear()
        .envs(ENVIRONMENT);
    command
}

/// The thread that starts processes.
#[derive(Debug, Clone)]
pub(super) struct Spawner {
    orders: mpsc::Sender<Order>,
    children: Children,
}

impl Spawner {
    /// Must be called inside a runtime: it is where children are waited for.
    pub(super) fn start() -> io::Result<Self> {
        let (orders, queue) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let children = Children::default();
        let list = children.clone();
        std::thread::Builder::new().name("spawner".to_owned()).spawn(move || {
            let _inside = runtime.enter();
            while let Ok(Order { command, reply }) = queue.recv() {
                let child = {
                    let mut list = list.lock();
                    let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
                    list.extend(child.as_ref().ok().and_then(Child::id));
                    child
                };
                // Nobody waiting means that the child is dropped here, killed and reaped.
                let _ = reply.send(child);
            }
        })?;
        Ok(Self { orders, children })
    }

    pub(super) fn children(&self) -> &Children {
        &self.children
    }

    pub(super) async fn spawn(
        &self,
        program: &WorkerProgram,
        allowed_ports: &[u16],
        descriptors: Descriptors,
    ) -> io::Result<Child> {
        let mut command = command(program, allowed_ports);
        command
            .stdin(Stdio::from(OwnedFd::from(descriptors.listener)))
            .stdout(Stdio::from(OwnedFd::from(descriptors.control)))
            .stderr(Stdio::from(descriptors.logs));
        let (reply, answer) = oneshot::channel();
        let gone = || io::Error::other("the spawning thread is gone");
        self.orders.send(Order { command, reply }).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
