//! Takes the inherited descriptors out of reach of stray prints and reads.

use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use domain::sandbox::Report;
use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketType, sockopt};
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, UnixStream};

/// Where nobody says which descriptors are open, all below this are closed.
const MOST_WITHOUT_PROC: u64 = 65_536;

/// Private descriptors start here, above the three standard ones.
const PRIVATE: i32 = 3;

/// The listener and the control channel, each the only copy in this process.
#[derive(Debug)]
pub(super) struct Descriptors {
    listener: OwnedFd,
    control: OwnedFd,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum DescriptorError {
    #[error("descriptor 0 is not a listening TCP socket")]
    Listener,
    #[error("descriptor 1 is not a Unix stream socket")]
    Control,
    #[error("the standard descriptors could not be replaced")]
    Replace(#[source] io::Error),
    #[error("descriptors from elsewhere could not be closed")]
    Inherited(#[source] io::Error),
}

/// Moves 0 and 1 to private close-on-exec descriptors and leaves `/dev/null` in both places,
/// so that nothing that prints can write into the control channel.
pub(super) fn take() -> Result<Descriptors, DescriptorError> {
    close_inherited().map_err(DescriptorError::Inherited)?;
    let (stdin, stdout) = (io::stdin(), io::stdout());
    check(stdin.as_fd(), &[AddressFamily::INET, AddressFamily::INET6], Listens::Yes)
        .ok_or(DescriptorError::Listener)?;
    check(stdout.as_fd(), &[AddressFamily::UNIX], Listens::No).ok_or(DescriptorError::Control)?;
    let replaced = |error: rustix::io::Errno| DescriptorError::Replace(error.into());
    let listener = rustix::io::fcntl_dupfd_cloexec(&stdin, PRIVATE).map_err(replaced)?;
    let control = rustix::io::fcntl_dupfd_cloexec(&stdout, PRIVATE).map_err(replaced)?;
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
        .map_err(replaced)?;
    rustix::stdio::dup2_stdin(&null).map_err(replaced)?;
    rustix::stdio::dup2_stdout(&null).map_err(replaced)?;
    Ok(Descriptors { listener, control })
}

/// Closes what whoever started the gateway left open: such descriptors pass through it.
#[expect(unsafe_code, reason = "no safe call closes descriptors that nothing here owns")]
fn close_inherited() -> io::Result<()> {
    let (first, last, flags): (libc::c_long, _, libc::c_long) = (PRIVATE.into(), u32::MAX, 0);
    // SAFETY: the first thing a worker does. Nothing in this process has opened a descriptor
    // yet, so nothing owns one above the standard three.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, flags) };
    if closed == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // Kernels before 5.9 do not know the call, and filters of that time forbid it.
        Some(libc::ENOSYS | libc::EPERM | libc::EACCES) => {
            close_one_by_one();
            Ok(())
        }
        Some(_) | None => Err(error),
    }
}

#[expect(unsafe_code, reason = "no safe call closes descriptors that nothing here owns")]
fn close_one_by_one() {
    let most = getrlimit(Resource::Nofile).current.unwrap_or(MOST_WITHOUT_PROC);
    let most = i32::try_from(most.min(MOST_WITHOUT_PROC)).unwrap_or(i32::MAX);
    let open: Vec<i32> = match std::fs::read_dir("/proc/self/fd") {
        Ok(found) => {
            found.flatten().filter_map(|one| one.file_name().to_str()?.parse().ok()).collect()
        }
        Err(_) => (PRIVATE..most).collect(),
    };
    for descriptor in open.into_iter().filter(|descriptor| *descriptor >= PRIVATE) {
        // SAFETY: as above; the one that read the directory is closed already.
        unsafe { libc::close(descriptor) };
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Listens {
    Yes,
    No,
}

fn check(fd: BorrowedFd<'_>, families: &[AddressFamily], listens: Listens) -> Option<()> {
    let stream = sockopt::socket_type(fd).ok()? == SocketType::STREAM;
    let family = families.contains(&sockopt::socket_domain(fd).ok()?);
    let listening = sockopt::socket_acceptconn(fd).ok()? == (listens == Listens::Yes);
    (stream && family && listening).then_some(())
}

impl Descriptors {
    pub(super) fn control_fd(&self) -> BorrowedFd<'_> {
        self.control.as_fd()
    }

    /// Answers a probe: one JSON value, and the end of the channel.
    pub(super) fn say(self, report: &Report) -> io::Result<()> {
        let mut control = std::os::unix::net::UnixStream::from(self.control);
        serde_json::to_writer(&mut control, report)?;
        control.flush()
    }

    /// Hands both to the runtime, inside which this must be called.
    pub(super) fn into_tokio(self) -> io::Result<(TcpListener, UnixStream)> {
        let listener = std::net::TcpListener::from(self.listener);
        listener.set_nonblocking(true)?;
        let control = std::os::unix::net::UnixStream::from(self.control);
        control.set_nonblocking(true)?;
        Ok((TcpListener::from_std(listener)?, UnixStream::from_std(control)?))
    }
}
