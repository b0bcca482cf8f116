//! The same server for desktop clients: one account, over standard input and output.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::clock::{Clock, SystemClock};
use domain::contract::ToolPolicy;
use domain::entropy::{Entropy, OsEntropy};
use domain::upstream::Upstream;
use garmin::{Transport, TransportError, TransportOptions};
use rmcp::ServiceExt;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::account::{Account, Door};
use crate::catalogue::{self, Catalogue, Unknown};
use crate::desktop::{Desktop, Login};
use crate::keeper::{Directory, DirectoryError};
use crate::mcp::Server;
use crate::tool::Place;

/// What a desktop server is started with.
#[derive(Debug, Clone)]
pub struct StdioConfig {
    /// Where the sign-in lies; see [`state_directory`].
    pub directory: PathBuf,
    pub upstream: Upstream,
    /// What `authenticate` signs in with: `GARMIN_EMAIL` and `GARMIN_PASSWORD`, when set.
    pub login: Option<Login>,
    pub tools: ToolPolicy,
    /// Where files are saved: `GARMIN_FIT_DOWNLOAD_DIR`, when set.
    pub downloads: Option<PathBuf>,
    /// Where files to upload may be read from: `GARMIN_UPLOAD_DIRS`; nowhere when empty.
    pub uploads: Vec<PathBuf>,
}

/// Why a desktop server ended badly.
#[derive(Debug, thiserror::Error)]
pub enum DesktopError {
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    #[error("the HTTP client cannot be built: {0}")]
    Transport(#[from] TransportError),
    #[error("cannot start: {0}")]
    Start(#[from] io::Error),
    #[error(
        "TOOLS_PROFILE, TOOLS_ENABLED or TOOLS_DISABLED: there is no `{name}`; `{closest}` may be \
         meant"
    )]
    UnknownTool { name: String, closest: &'static str },
    /// The other side did not begin with a handshake of any known revision.
    #[error("this is an MCP server; its client sent no handshake")]
    Handshake,
}

/// The usual place of a desktop sign-in: `garmin-gateway` below `$XDG_DATA_HOME`, else below
/// `$HOME/.local/share`. `None` when neither says where that is.
#[must_use]
pub fn state_directory(data_home: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    // The specification has relative paths ignored.
    let absolute = |path: OsString| Some(PathBuf::from(path)).filter(|path| path.is_absolute());
    let data = data_home.and_then(absolute);
    let data = data.or_else(|| Some(home.and_then(absolute)?.join(".local/share")));
    Some(data?.join("garmin-gateway"))
}

/// What a desktop client's configuration needs to know, as JSON to paste. `program` is the
/// path of this executable; the directory is named when it is not the usual one.
#[must_use]
pub fn client_config(program: &Path, directory: Option<&Path>) -> String {
    let mut args = vec!["stdio".to_owned()];
    if let Some(directory) = directory {
        args.extend(["--state-dir".to_owned(), directory.display().to_string()]);
    }
    let block = json!({
        "mcpServers": { "garmin": { "command": program.display().to_string(), "args": args } }
    });
    format!("{block:#}")
}

/// The parts a desktop process is made of.
pub(crate) struct Parts {
    pub(crate) keeper: Directory,
    pub(crate) desktop: Arc<Desktop>,
    pub(crate) account: Account,
}

pub(crate) fn parts(
    directory: PathBuf,
    upstream: Upstream,
    login: Option<Login>,
) -> Result<Parts, DesktopError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let transport = Transport::new(upstream.clone(), TransportOptions::default())?;
    let keeper = Directory::open(directory, transport, Arc::clone(&clock))?;
    let desktop = Arc::new(Desktop::new(
        keeper.clone(),
        upstream.clone(),
        login,
        Arc::clone(&clock),
        entropy,
    ));
    let door = Door::Desktop(Arc::clone(&desktop));
    let book = Arc::new(keeper.book());
    let account = Account::new(Arc::new(keeper.clone()), clock, upstream, door).with_journal(book);
    Ok(Parts { keeper, desktop, account })
}

/// Serves until the client closes standard input. The handshake waits for nothing: whether
/// somebody is signed in shows at the first call.
pub fn stdio(config: StdioConfig) -> Result<(), DesktopError> {
    if let Some(Unknown { name, closest }) = catalogue::unknown(&config.tools).next() {
        return Err(DesktopError::UnknownTool { name: name.to_owned(), closest });
    }
    log_to_stderr();
    let runtime = runtime()?;
    let ended = runtime.block_on(serve(config));
    // A read of standard input may still occupy a thread; nobody waits for it.
    runtime.shutdown_background();
    ended
}

async fn serve(config: StdioConfig) -> Result<(), DesktopError> {
    let Parts { keeper, desktop, account } =
        parts(config.directory, config.upstream, config.login)?;
    if let Some(downloads) = config.downloads.filter(|path| path.is_absolute()) {
        desktop.save_downloads_in(downloads);
    }
    desktop.allow_uploads_from(config.uploads);
    let writes = account.writes.clone();
    let server = Server::new(account, Catalogue::new(Place::Desktop, &config.tools));
    let mut terminated = signal(SignalKind::terminate())?;
    let ended = tokio::select! {
        ended = converse(server) => ended,
        // Some clients do not close their end but send this.
        _ = terminated.recv() => Ok(()),
    };
    // What has been sent is recorded before the process goes.
    writes.close();
    writes.wait().await;
    keeper.settle().await;
    ended
}

async fn converse(server: Server) -> Result<(), DesktopError> {
    let greeted = server.serve(rmcp::transport::stdio()).await;
    let running = greeted.map_err(|_| DesktopError::Handshake)?;
    let _ = running.waiting().await;
    Ok(())
}

pub(crate) fn runtime() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()
}

/// Lines for a person, on standard error: standard output belongs to the protocol.
fn log_to_stderr() {
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr).with_ansi(false);
    let ours = Targets::new().with_targets([("worker", Level::WARN), ("garmin", Level::WARN)]);
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::registry().with(lines).with(ours).try_init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_in_lies_where_the_desktop_keeps_such_things() {
        let at = |data: Option<&str>, home: Option<&str>| {
            state_directory(data.map(Into::into), home.map(Into::into))
        };
        let expected = |path: &str| Some(PathBuf::from(path));
        assert_eq!(at(Some("/d"), Some("/h")), expected("/d/garmin-gateway"));
        assert_eq!(at(None, Some("/h")), expected("/h/.local/share/garmin-gateway"));
        assert_eq!(at(Some("relative"), Some("/h")), at(None, Some("/h")));
        assert_eq!(at(None, None), None);
    }

    #[test]
    fn a_misspelt_tool_keeps_the_server_from_starting() {
        let config = StdioConfig {
            directory: "/nonexistent".into(),
            upstream: Upstream::garmin(domain::region::Region::Global),
            login: None,
            tools: ToolPolicy { enabled: vec!["get_sleepy".into()], ..ToolPolicy::default() },
            downloads: None,
            uploads: Vec::new(),
        };
        let refused = stdio(config).unwrap_err().to_string();
        assert!(refused.contains("`get_sleepy`") && refused.contains("`get_sleep`"), "{refused}");
    }

    #[test]
    fn the_client_block_starts_this_program() {
        let block = client_config(Path::new("/opt/garmin-gateway"), None);
        let block: serde_json::Value = serde_json::from_str(&block).unwrap();
        assert_eq!(block["mcpServers"]["garmin"]["command"], "/opt/garmin-gateway");
        assert_eq!(block["mcpServers"]["garmin"]["args"], json!(["stdio"]));
        let elsewhere = client_config(Path::new("g"), Some(Path::new("/s")));
        assert!(elsewhere.contains("--state-dir") && elsewhere.contains("/s"), "{elsewhere}");
    }
}
