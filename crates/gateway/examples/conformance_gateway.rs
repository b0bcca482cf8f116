//! The gateway as `serve` runs it, in front of the worker program named by the first argument:
//! `scripts/conformance` puts a worker with the suite's fixtures behind it. The executable
//! itself starts no worker but its own.

use anyhow::Context as _;
use gateway::{Config, WorkerProgram, telemetry};

fn main() -> anyhow::Result<()> {
    let exe = std::env::args_os().nth(1).context("usage: conformance_gateway WORKER")?.into();
    let config = Config::from_process()?;
    let _log = telemetry::init(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = gateway::listen(config.listen).await?;
        let program = WorkerProgram { exe, args: vec![] };
        let stopped = async {
            // Without a handler there is no orderly end, but an end.
            let _ = gateway::terminated().await;
        };
        gateway::run(config, program, listener, stopped).await
    })
}
