//! One account on the person's own machine, without a gateway.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::email::LoginEmail;
use domain::entropy::{self, OsEntropy};
use gateway::Config;
use gateway::config::Vars;
use worker::{Login, LoginConfig, LoginMode, StdioConfig};

use crate::failure::WithHint;
use crate::process::{self, set};

#[derive(clap::Args)]
pub(crate) struct StdioArgs {
    #[command(flatten)]
    state: StateDir,
    /// Print the block for a desktop client's configuration, and end
    #[arg(long)]
    print_config: bool,
}

#[derive(clap::Args)]
pub(crate) struct LoginArgs {
    #[command(flatten)]
    state: StateDir,
    /// Look whether the saved sign-in works; change nothing
    #[arg(long)]
    check: bool,
}

#[derive(clap::Args)]
struct StateDir {
    /// Where the sign-in lies [default: `garmin-gateway` in the user's data directory]
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
}

impl StateDir {
    fn find(&self) -> Result<PathBuf, WithHint> {
        let usual = || worker::state_directory(set("XDG_DATA_HOME"), set("HOME"));
        self.state_dir.clone().or_else(usual).ok_or_else(|| {
            WithHint::new(
                "neither XDG_DATA_HOME nor HOME says where the sign-in lies",
                "name a directory with `--state-dir`",
            )
        })
    }
}

pub(crate) fn stdio(args: &StdioArgs) -> anyhow::Result<()> {
    if args.print_config {
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        // The client starts this program in a directory of its own choice.
        let directory = args.state.state_dir.as_deref().map(std::path::absolute).transpose();
        let directory = directory.context("cannot tell where the state directory is")?;
        let block = worker::client_config(&program, directory.as_deref());
        return process::print(&(block + "\n"));
    }
    process::harden()?;
    let garmin = garmin()?;
    let login = match (email()?, password()?) {
        (Some(email), Some(password)) => Some(Login { email, password: password.into() }),
        (Some(_) | None, Some(_) | None) => None,
    };
    worker::stdio(StdioConfig {
        directory: args.state.find()?,
        upstream: garmin.upstream(garmin.default_region).clone(),
        login,
        tools: garmin.tools,
        downloads: set("GARMIN_FIT_DOWNLOAD_DIR").map(PathBuf::from),
        uploads: set("GARMIN_UPLOAD_DIRS").iter().flat_map(std::env::split_paths).collect(),
    })?;
    Ok(())
}

pub(crate) fn login(args: &LoginArgs) -> anyhow::Result<()> {
    process::harden()?;
    let garmin = garmin()?;
    let done = worker::login(LoginConfig {
        directory: args.state.find()?,
        upstream: garmin.upstream(garmin.default_region).clone(),
        email: email()?,
        password: password()?.map(Into::into),
        mode: if args.check { LoginMode::Check } else { LoginMode::SignIn },
    })?;
    process::print(&(done + "\n"))
}

/// The settings that concern Garmin and the tools. Those of a gateway mean nothing here, so a
/// mistake in one of them stops nobody, and no secret is asked for.
fn garmin() -> anyhow::Result<Config> {
    const NAMES: [&str; 9] = [
        "GARMIN_DOMAIN",
        "GARMIN_SSO_URL",
        "GARMIN_API_URL",
        "GARMIN_DIAUTH_URL",
        "GARMIN_CONNECT_URL",
        "TOOLS_PROFILE",
        "TOOLS_ENABLED",
        "TOOLS_DISABLED",
        "TOOLS_READ_ONLY",
    ];
    let all = Vars::from_process()?;
    let unused = URL_SAFE_NO_PAD.encode(entropy::bytes::<48>(&OsEntropy));
    let vars = NAMES.into_iter().fold(Vars::default(), |vars, name| match all.get(name) {
        Some(value) => vars.with(name, value),
        None => vars,
    });
    Ok(Config::from_vars(&vars.with("GATEWAY_SECRET", &unused))?)
}

fn email() -> Result<Option<LoginEmail>, WithHint> {
    let Some(text) = value_or_file("GARMIN_EMAIL", "GARMIN_EMAIL_FILE")? else { return Ok(None) };
    match LoginEmail::parse(&text) {
        Ok(email) => Ok(Some(email)),
        Err(_) => Err(WithHint::new("GARMIN_EMAIL is not an e-mail address", "check its spelling")),
    }
}

fn password() -> Result<Option<String>, WithHint> {
    value_or_file("GARMIN_PASSWORD", "GARMIN_PASSWORD_FILE")
}

/// These two are read here and nowhere else: a gateway never sees them.
fn value_or_file(name: &'static str, file: &'static str) -> Result<Option<String>, WithHint> {
    let hint = "set the variable or its _FILE form, not both";
    match (set(name), set(file)) {
        (Some(_), Some(_)) => Err(WithHint::new(format!("{name} and {file} are both set"), hint)),
        (Some(value), None) => match value.into_string() {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(WithHint::new(format!("{name} is not valid UTF-8"), hint)),
        },
        (None, Some(path)) => read(Path::new(&path)).map(Some).map_err(|error| {
            WithHint::new(format!("cannot read the file {file} names"), "check the path")
                .caused_by(error)
        }),
        (None, None) => Ok(None),
    }
}

/// A file's text without the line break editors add. Cut in place: a copy of a password would
/// stay behind in memory.
fn read(path: &Path) -> std::io::Result<String> {
    let mut text = std::fs::read_to_string(path)?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}
