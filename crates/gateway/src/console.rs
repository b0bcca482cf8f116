//! The operator's console: one JSON line in, one out, on a socket only this user can open.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::console::{Answer, MAX_LINE, Request, SOCKET, Status, Worker};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::state::AppState;
use crate::telemetry::{self, Watch, Watched};

/// A console that says nothing for this long is gone.
const SILENCE: Duration = Duration::from_mins(1);

/// How long a watcher may take for one line.
const READS_WITHIN: Duration = Duration::from_secs(5);

const BIND_AGAIN: Duration = Duration::from_secs(1);

/// The bound socket; its file goes when this is dropped.
pub(crate) struct Console {
    listener: UnixListener,
    path: PathBuf,
}

impl Console {
    /// Replaces the socket of a gateway that is gone, and refuses to replace a living one's.
    pub(crate) async fn bind(data_dir: &Path) -> io::Result<Self> {
        let path = data_dir.join(SOCKET);
        // Never blocks: the line of a gateway that is stopped and accepts nobody may be full.
        match UnixStream::connect(&path).await {
            Ok(_) => return Err(io::Error::from(io::ErrorKind::AddrInUse)),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                std::fs::remove_file(&path)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // Nobody can connect between binding and restricting: nothing listens under the final
        // name until it has its mode.
        let temporary = data_dir.join(format!(".{SOCKET}.{}", std::process::id()));
        let _ = std::fs::remove_file(&temporary);
        let listener = UnixListener::bind(&temporary)?;
        std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(&temporary, &path)?;
        Ok(Self { listener, path })
    }

    pub(crate) async fn serve(self, app: AppState, stop: CancellationToken) {
        let visits = TaskTracker::new();
        // Given up when there is no other descriptor: then most of all somebody wants to look.
        let mut spare = reserve();
        loop {
            let stream = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) if is_scarce(&error) && spare.take().is_some() => continue,
                    Err(error) => {
                        tracing::warn!(event = "console-failed", error = %error.kind(), "");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            let (app, stop) = (app.clone(), stop.clone());
            spare = spare.or_else(reserve);
            visits.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    result = visit(&app, stream) => if let Err(error) = result {
                        tracing::debug!(event = "console-left", error = %error.kind(), "");
                    }
                }
            });
        }
        visits.close();
        visits.wait().await;
    }
}

/// A descriptor that is worth nothing but its place.
fn reserve() -> Option<std::fs::File> {
    std::fs::File::open("/dev/null").ok()
}

/// Whether there is no descriptor left, for this process or for the machine.
fn is_scarce(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(errno, Some(rustix::io::Errno::MFILE | rustix::io::Errno::NFILE))
}

/// Serves as soon as the socket is free: a predecessor that drains holds it until it is done.
pub(crate) async fn serve_when_free(app: AppState, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(BIND_AGAIN) => {}
        }
        if let Ok(console) = Console::bind(&app.config.data_dir).await {
            tracing::info!(event = "console-ready", "");
            return console.serve(app, stop).await;
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn visit(app: &AppState, stream: UnixStream) -> io::Result<()> {
    // The mode of the socket says so already; this says it for whoever runs as root.
    let peer = stream.peer_cred()?.uid();
    let ours = rustix::process::geteuid().as_raw();
    if peer != ours && peer != 0 {
        return Err(io::Error::from(io::ErrorKind::PermissionDenied));
    }
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
        let mut bounded = (&mut read).take(limit);
        let reading = bounded.read_until(b'\n', &mut line);
        let Ok(length) = tokio::time::timeout(SILENCE, reading).await else { return Ok(()) };
        if length? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice::<Request>(&line) {
            Ok(Request::Watch) => return show(telemetry::watch(), &mut read, &mut write).await,
            Ok(request) => answer(app, request).await,
            Err(error) => Answer::Failed { message: format!("not a request: {error}") },
        };
        let mut out = serde_json::to_vec(&answer).map_err(io::Error::other)?;
        out.push(b'\n');
        write.write_all(&out).await?;
    }
}

/// Sends the log as it comes, until the watcher leaves or stops reading.
async fn show(
    mut watch: Watch,
    read: &mut (impl AsyncRead + Unpin),
    write: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    loop {
        let watched = tokio::select! {
            watched = watch.next() => watched,
            // It has nothing more to say, so this is its end.
            _ = read.read_u8() => return Ok(()),
        };
        let line = match watched {
            Watched::Line(line) => line,
            Watched::Missed(lines) => {
                format!("{{\"event\":\"lines-missed\",\"lines\":{lines}}}\n").into()
            }
            Watched::Over => return Ok(()),
        };
        let writing = write.write_all(line.as_bytes());
        // A watcher that does not read is dropped, and never waited for.
        let Ok(written) = tokio::time::timeout(READS_WITHIN, writing).await else { return Ok(()) };
        written?;
    }
}

/// What each process takes, by the one file about it that anybody may read.
fn with_memory(mut workers: Vec<Worker>) -> Vec<Worker> {
    let page_kib = rustix::param::page_size() / 1024;
    for worker in &mut workers {
        let statm = std::fs::read_to_string(format!("/proc/{}/statm", worker.pid));
        let pages = statm.ok().and_then(|text| text.split(' ').nth(1)?.parse::<usize>().ok());
        worker.memory_kib = pages.and_then(|pages| u32::try_from(pages * page_kib).ok());
    }
    workers
}

async fn answer(app: &AppState, request: Request) -> Answer {
    match request {
        Request::Status => Answer::Status(Status {
            node: app.node.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: app.started_at,
            max_workers: app.supervisor.max_workers(),
            queued_starts: app.supervisor.queued_starts(),
            workers: with_memory(app.supervisor.workers()),
            sandbox: app.sandbox.clone(),
            egresses: app.sign_ins.egresses(app.clock.now()),
        }),
        // It has no one answer; see `show`.
        Request::Watch => Answer::Done,
        Request::Revoked { revoked } => {
            app.revoked(&revoked).await;
            tracing::info!(event = "revoked", ?revoked, "");
            Answer::Done
        }
    }
}
