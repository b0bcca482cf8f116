//! Closing a listener without turning away whoever is in the door.
//!
//! The kernel completes handshakes by itself: a proxy may have sent its request on a connection
//! that nobody has accepted yet. Closing the listener would reset those, and a request that was
//! sent cannot be sent again. So the kernel is told first to overlook whoever knocks from now
//! on (they knock again after a second, and are refused then, which sends them elsewhere);
//! who is inside is let in; and only then the door closes.

use std::io;
use std::net::{SocketAddr, TcpStream as StdStream};
use std::time::Duration;

use socket2::{SockFilter, SockRef};
use tokio::net::TcpListener;

/// Longer than the last leg of a handshake, shorter than the second after which one is tried
/// again.
const HANDSHAKE: Duration = Duration::from_millis(200);

/// Overlooks new connections, and gives those that have begun the time to arrive. The listener
/// may be accepted from meanwhile.
pub(super) async fn overlook(listener: &TcpListener) {
    let filter = [
        // The flags of the TCP header: SYN without ACK begins a connection.
        SockFilter::new(0x30, 0, 0, 13),
        SockFilter::new(0x54, 0, 0, 0x12),
        SockFilter::new(0x15, 0, 1, 0x02),
        SockFilter::new(0x06, 0, 0, 0),
        SockFilter::new(0x06, 0, 0, u32::MAX),
    ];
    match SockRef::from(listener).attach_filter(&filter) {
        Ok(()) => tokio::time::sleep(HANDSHAKE).await,
        // Then somebody may arrive in the microseconds between the last look and the close.
        Err(error) => tracing::debug!(event = "door-filter-failed", error = %error, ""),
    }
}

/// Whoever has arrived and was not accepted yet. The listener closes with the iterator.
pub(super) fn rest(
    listener: TcpListener,
) -> io::Result<impl Iterator<Item = (StdStream, SocketAddr)>> {
    let listener = listener.into_std()?;
    Ok(std::iter::from_fn(move || listener.accept().ok()))
}
