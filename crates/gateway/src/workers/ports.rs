//! Where workers listen: any free port, or one of a range the operator has set.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicUsize, Ordering};

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
        let Some(range) = &self.range else {
            return TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        };
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
