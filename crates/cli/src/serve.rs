//! The gateway itself.

use std::net::SocketAddr;

use gateway::{Config, telemetry};
use tokio::net::TcpListener;

use crate::failure::WithHint;
use crate::process;

pub(crate) fn run() -> anyhow::Result<()> {
    process::harden()?;
    let config = Config::from_process()?;
    let _log = telemetry::init(&config.log)?;
    let runtime = process::runtime()?;
    let ended = runtime.block_on(async {
        let listener = listen(config.listen).await?;
        gateway::run(config, process::worker_program(), listener, process::shutdown()).await
    });
    // Nobody waits for a thread that waits for a disk that hangs.
    runtime.shutdown_background();
    ended
}

async fn listen(address: SocketAddr) -> Result<TcpListener, WithHint> {
    gateway::listen(address).await.map_err(|error| {
        WithHint::new(
            format!("cannot listen on {address}"),
            "set PORT (and BIND) to an address that is free",
        )
        .caused_by(error)
    })
}
