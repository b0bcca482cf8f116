//! Where workers listen: any free port, or one of a range the operator has set.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::net::sockopt::set_socket_reuseaddr;

#[derive(Debug)]
pub(super) struct Ports {
    range: Option<RangeInclusive<u16>>,
    next: AtomicUsize,
}

impl Ports {
    pub(super) fn new(range: Option<RangeInclusive<u16>>) -> Self {
        Self { range, next: AtomicUsize::new(0) }
    }

    /// Binds a port nobody has. Where all are taken that is [`io::ErrorKind::AddrInUse`].
    pub(super) fn bind(&self) -> io::Result<TcpListener> {
        let Some(range) = &self.range else { return any() };
        // Round robin: a port that was just in use is the last to be tried again.
        let ports = range.len().max(1);
        let first = self.next.fetch_add(1, Ordering::Relaxed) % ports;
        let mut last = io::Error::from(io::ErrorKind::AddrInUse);
        for port in range.clone().chain(range.clone()).skip(first).take(ports) {
            match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
                Ok(listener) => return Ok(listener),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// How often somebody else may take the port between the two questions.
const ATTEMPTS: usize = 8;

/// Any free port, but asked for by its number and not to be shared. The socket is the worker's too,
/// and a worker that disconnects it gives a port back that the system has chosen, or that may be
/// used again: the next worker could get it, and calls that are not its own. This one stays until
/// every copy is closed. Ports of a range are not held so: each would rest for a minute after
/// every worker, and there are few of them.
fn any() -> io::Result<TcpListener> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(listener) => {
                set_socket_reuseaddr(&listener, false)?;
                return Ok(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use rustix::net::{Shutdown, shutdown};

    use super::*;

    /// As a worker can do it with its copy.
    fn disconnect(listener: &TcpListener) -> u16 {
        let port = listener.local_addr().unwrap().port();
        shutdown(listener, Shutdown::Read).unwrap();
        port
    }

    #[test]
    fn sec094_a_disconnected_listener_keeps_its_port() {
        let here = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let chosen = here(0).unwrap();
        here(disconnect(&chosen)).unwrap();
        let asked_for = Ports::new(None).bind().unwrap();
        let refused = here(disconnect(&asked_for)).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
        // And is free again when nobody has it.
        let port = asked_for.local_addr().unwrap().port();
        drop(asked_for);
        here(port).unwrap();
    }
}
