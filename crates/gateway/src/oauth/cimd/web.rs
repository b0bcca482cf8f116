//! The way out to servers of people nobody here knows: names, connections, trust. A value of
//! the constructor, never of the environment.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustls::RootCertStore;
use tokio::net::{TcpStream, lookup_host};

/// Names become addresses, addresses become connections.
pub trait Network: Send + Sync {
    /// Every address of a host. Called once for a fetch; what is connected to is one of these.
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>>;

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>>;
}

/// How metadata documents are reached.
#[derive(Clone)]
pub struct Web {
    pub network: Arc<dyn Network>,
    /// Who may vouch for a server.
    pub roots: Arc<RootCertStore>,
    pub patience: Patience,
}

/// How long a server may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// To accept a connection.
    pub connect: Duration,
    /// From the look-up of its name to the last byte.
    pub total: Duration,
}

impl Web {
    /// The internet.
    #[must_use]
    pub fn real() -> Self {
        Self {
            network: Arc::new(System),
            roots: Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }),
            patience: Patience { connect: Duration::from_secs(2), total: Duration::from_secs(5) },
        }
    }
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Web").field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// The machine's resolver and its network.
struct System;

impl Network for System {
    fn resolve<'a>(&'a self, host: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        Box::pin(async move {
            // The final dot keeps the search list of this machine's own network out of it.
            let found = lookup_host((format!("{host}."), 443)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            // A connection that ends where it begins has found one of our own addresses, which
            // may be as public as any.
            if stream.local_addr()?.ip() == address.ip() {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            }
            Ok(stream)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sec034_this_machine_is_not_a_server_of_the_world() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let refused = System.connect(listener.local_addr().unwrap()).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::AddrNotAvailable);
    }
}
