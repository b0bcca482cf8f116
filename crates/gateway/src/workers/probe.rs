//! What holds workers back on this machine: asked of a worker that closes its sandbox, says
//! which layers closed, and ends.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdStream;
use std::process::Stdio;
use std::time::Duration;

use domain::contract::argv;
use domain::sandbox::{Layer, Report};
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;

use super::cgroup::Groups;
use super::spawn::{WorkerProgram, command};

/// A thousand times what it takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// More than any report.
const LONGEST: u64 = 16 * 1024;

/// Starts `program` as for an account, only to ask it. Where it does not answer, no layer is
/// taken for granted.
pub async fn probe(program: &WorkerProgram) -> Report {
    let report = match tokio::time::timeout(PATIENCE, ask(program)).await {
        Ok(Ok(report)) => report,
        Ok(Err(error)) => Report::unknown(&format!("a worker could not be asked: {error}")),
        Err(_) => Report::unknown("a worker that was asked did not answer"),
    };
    report.with(Layer::Group, Groups::look())
}

async fn ask(program: &WorkerProgram) -> io::Result<Report> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = command(program, &[443]);
    command
        .arg(argv::PROBE)
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(Stdio::from(OwnedFd::from(theirs)))
        .stderr(Stdio::null());
    let mut command = tokio::process::Command::from(command);
    let mut child = command.kill_on_drop(true).spawn()?;
    // Its ends of the descriptors are in there, and the answer ends when they are closed.
    drop(command);
    let mut said = Vec::new();
    UnixStream::from_std(ours)?.take(LONGEST).read_to_end(&mut said).await?;
    let status = child.wait().await?;
    if !status.success() {
        return Err(io::Error::other(format!("it ended with {status}")));
    }
    serde_json::from_slice(&said).map_err(io::Error::other)
}
