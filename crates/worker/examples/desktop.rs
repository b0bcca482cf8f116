//! The desktop server as a program of its own, for tests. Arguments: the state directory, the
//! upstream as JSON, and optionally an e-mail address and a password.

use std::process::ExitCode;

use domain::contract::ToolPolicy;
use domain::email::LoginEmail;
use worker::{Login, StdioConfig};

fn config() -> Option<StdioConfig> {
    let mut args = std::env::args().skip(1);
    let directory = args.next()?.into();
    let upstream = serde_json::from_str(&args.next()?).ok()?;
    let login = match (args.next(), args.next()) {
        (Some(email), Some(password)) => {
            Some(Login { email: LoginEmail::parse(&email).ok()?, password: password.into() })
        }
        (_, _) => None,
    };
    let uploads = std::env::var_os("UPLOADS").iter().flat_map(std::env::split_paths).collect();
    let tools = ToolPolicy::default();
    Some(StdioConfig { directory, upstream, login, tools, downloads: None, uploads })
}

fn main() -> ExitCode {
    match config().map(worker::stdio) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(_)) | None => ExitCode::FAILURE,
    }
}
