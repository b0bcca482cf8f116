//! The listener: connections, routing, and the power to cut a line mid-answer.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use domain::region::Region;
use domain::upstream::{BaseUrl, Upstream};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::control::Control;
use crate::faults::Cut;
use crate::observe::observe;
use crate::options::{ControlSurface, SimulatorOptions};
use crate::record::Connection;
use crate::routes::{Host, Realm};
use crate::state::Inner;
use crate::{api, control_http, diauth, sso};

/// Between two looks whether somebody is still connected.
const BREATH: Duration = Duration::from_millis(1);

/// A running Garmin. Dropping it stops it.
pub struct Simulator {
    address: SocketAddr,
    urls: [Upstream; 2],
    any_region: Upstream,
    control: Control,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Serves on `listener` until dropped or shut down.
    ///
    /// # Errors
    /// When the listener has no loopback address or an account's zone does not exist.
    #[expect(clippy::unused_async, reason = "a server is awaited into life, as it is shut down")]
    pub async fn start(listener: TcpListener, options: SimulatorOptions) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let surface = options.control;
        let inner = Arc::new(Inner::new(options).map_err(io::Error::other)?);
        let control = Control::new(inner.clone());
        let urls = |realm| addresses(address, realm).map_err(io::Error::other);
        let simulator = Self {
            address,
            any_region: urls(Realm::Any)?,
            urls: [urls(Realm::Only(Region::Global))?, urls(Realm::Only(Region::China))?],
            control: control.clone(),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let router = router(inner, surface, control);
        let (stopping, tasks) = (simulator.stopping.clone(), simulator.tasks.clone());
        simulator.tasks.spawn(accept(listener, router, stopping, tasks));
        Ok(simulator)
    }

    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The four hosts, serving both regions: the values in the protocol say which is meant.
    #[must_use]
    pub const fn urls(&self) -> &Upstream {
        &self.any_region
    }

    /// The four hosts of one region, which know nothing of the other's people.
    #[must_use]
    pub const fn urls_of(&self, region: Region) -> &Upstream {
        match region {
            Region::Global => &self.urls[0],
            Region::China => &self.urls[1],
        }
    }

    #[must_use]
    pub const fn control(&self) -> &Control {
        &self.control
    }

    /// Waits until everybody who was connected has gone, and whatever they sent before they went
    /// has had its effect or never will.
    ///
    /// # Errors
    /// When this Garmin is stopping.
    pub async fn settled(&self) -> io::Result<()> {
        // Connections are accepted in their order: those made before this one are known then.
        let mut last = TcpStream::connect(self.address).await?;
        last.write_all(b"HEAD / HTTP/1.0\r\n\r\n").await?;
        last.read_to_end(&mut Vec::new()).await?;
        drop(last);
        // The one that is left accepts.
        while self.tasks.len() > 1 {
            tokio::time::sleep(BREATH).await;
        }
        Ok(())
    }

    /// Stops accepting, cuts what is open, and waits until every task has ended.
    pub async fn shutdown(self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.tasks.close();
    }
}

fn addresses(address: SocketAddr, realm: Realm) -> Result<Upstream, domain::upstream::BadBaseUrl> {
    let base = |host: Host| {
        BaseUrl::parse(&format!("http://{address}{}{}", realm.prefix(), host.prefix()))
    };
    let region = match realm {
        Realm::Any => Region::Global,
        Realm::Only(region) => region,
    };
    Ok(Upstream {
        region,
        sso: base(Host::Sso)?,
        api: base(Host::Api)?,
        diauth: base(Host::Diauth)?,
        connect: base(Host::Connect)?,
    })
}

fn router(inner: Arc<Inner>, surface: ControlSurface, control: Control) -> Router {
    let mut router = Router::new();
    for realm in Realm::ALL {
        for host in Host::ALL {
            let inside = match host {
                Host::Sso => sso::router(),
                Host::Diauth => diauth::router(),
                Host::Api => {
                    let laid_over =
                        axum::middleware::from_fn_with_state(inner.clone(), api::overlay);
                    api::router().layer(laid_over)
                }
                Host::Connect => Router::new(),
            };
            let inside = inside.fallback(api::not_found);
            router = router.nest(&format!("{}{}", realm.prefix(), host.prefix()), inside);
        }
    }
    let observed = axum::middleware::from_fn_with_state(inner.clone(), observe);
    router = router.layer(observed);
    router = match surface {
        ControlSurface::InProcess => router,
        ControlSurface::Http => router.nest("/_control", control_http::router(control)),
    };
    router.with_state(inner)
}

async fn accept(
    listener: TcpListener,
    router: Router,
    stopping: CancellationToken,
    tasks: TaskTracker,
) {
    let mut connections = 0;
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (router, stopping) = (router.clone(), stopping.clone());
                connections += 1;
                let connection = Connection(connections);
                tasks.spawn(async move {
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        () = serve(stream, router, connection) => {}
                    }
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: let some connections end first.
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, connection: Connection) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no nodelay");
    }
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(connection);
        let router = router.clone();
        async move {
            let answered: Result<Response, Infallible> =
                router.oneshot(request.map(Body::new)).await;
            match answered {
                Ok(response) if response.extensions().get::<Cut>().is_some() => {
                    Err(io::Error::from(io::ErrorKind::ConnectionReset))
                }
                Ok(response) => Ok(response),
                Err(never) => match never {},
            }
        }
    });
    let connection =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "connection ended");
    }
}
