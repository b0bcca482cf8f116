//! Configuration: every name an operator can set, read once, with every rule applied.
//!
//! Nothing downstream re-checks a value, and nothing downstream reads the environment.
//! [`Config::table`] is the same knowledge as text, for `.env.example` and the README.

mod allow;
mod backups;
mod documents;
mod machine;
mod table;
mod vars;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use domain::contract::ToolPolicy;
use domain::origin::Origin;
use domain::region::Region;
use domain::tools::ToolChoice;
use domain::upstream::{BaseUrl, Upstream};
use ipnet::IpNet;
use secrecy::ExposeSecret;
use store::{DatabaseUrl, GatewaySecret, S3Access};
use url::Url;

pub use allow::SignInAllow;
pub use backups::Backups;
pub use documents::ClientDocuments;
pub use machine::{descriptor_limit, raise_descriptor_limit};
pub use table::{Setting, table};
pub use vars::{ConfigError, Vars};

/// How the gateway runs. No `Debug`: it holds the secret everything is sealed under.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub public_url: Origin,
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub secret: GatewaySecret,
    /// The secret before the current one, while rewrapping.
    pub old_secret: Option<GatewaySecret>,
    pub workers: WorkerConfig,
    /// `None`: access tokens do not expire.
    pub access_token_ttl: Option<Duration>,
    pub operator: Operator,
    pub log: LogConfig,
    /// Where Prometheus may ask; `None`: nowhere, and nothing is counted.
    pub metrics: Option<SocketAddr>,
    /// Peers whose forwarded headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Web sites whose scripts may call `/mcp`, besides the well-known ones.
    pub allowed_origins: Vec<Origin>,
    pub sign_in_allow: SignInAllow,
    pub client_documents: ClientDocuments,
    pub rate_limits: RateLimits,
    pub tools: ToolPolicy,
    /// Where a person's account is looked for unless they say otherwise.
    pub default_region: Region,
    upstreams: [Upstream; 2],
    /// The ways out for sign-ins, through a proxy or directly; never empty.
    pub sso_egresses: Vec<Option<Url>>,
    /// `None`: somebody else backs the database up.
    pub backups: Option<Backups>,
    pub s3: S3Access,
    /// What an operator should hear once logging runs.
    pub warnings: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// `None`: the system picks a free port.
    pub ports: Option<RangeInclusive<u16>>,
    pub idle: Duration,
    pub startup: Duration,
    pub max: NonZeroUsize,
    pub max_chosen_by: ChosenBy,
    pub sandbox: Sandbox,
}

/// Whose number it is: one that nobody chose may adapt to the machine without a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChosenBy {
    Operator,
    Machine,
}

/// What to do where the kernel lacks a layer of the worker sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sandbox {
    /// Use what is there and say what is missing.
    Auto,
    /// Refuse to start.
    Require,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimits {
    On,
    Off,
}

/// Who runs this gateway, for its pages.
#[derive(Debug, Clone)]
pub struct Operator {
    pub name: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Clone)]
pub struct LogConfig {
    pub level: tracing::Level,
    /// A second place for the same lines.
    pub file: Option<PathBuf>,
}

const TOOLS_PROFILE_ACCEPTS: &str = "everyday, core, garmin, health, athlete, read_only, full \
    or compat_mcp_garmin, then +toolset or -toolset after commas";

/// Set by deployments of the gateway before this one.
const RETIRED: [&str; 2] = ["GARMIN_MCP_CMD", "GARMIN_MCP_REF"];

impl Config {
    /// Reads `.env` in the working directory, then the environment, which wins.
    pub fn from_process() -> Result<Self, ConfigError> {
        Self::from_vars(&Vars::from_process()?)
    }

    /// The same from values, for tests and for `demo`.
    pub fn from_vars(vars: &Vars) -> Result<Self, ConfigError> {
        let port = vars.number::<u16>("PORT", 1..=u16::MAX)?.unwrap_or(8080);
        let bind = vars
            .parsed("BIND", "an IP address such as 127.0.0.1 or 0.0.0.0", |text| {
                text.parse::<IpAddr>().ok()
            })?
            .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let public_url = match vars.get("PUBLIC_URL") {
            Some(text) => Origin::parse(text)
                .map_err(|error| vars.unusable("PUBLIC_URL", &error.to_string()))?,
            None => Origin::parse(&format!("http://localhost:{port}"))
                .map_err(|error| vars.unusable("PORT", &error.to_string()))?,
        };
        let data_dir = PathBuf::from(vars.get("DATA_DIR").unwrap_or("./data"));
        let workers = worker_config(vars)?;
        let mut warnings = retired(vars);
        warnings.extend(workers.narrow_range());
        let accepts = "an address with a port, such as 127.0.0.1:9464";
        let metrics =
            vars.parsed("METRICS_BIND", accepts, |text| text.parse::<SocketAddr>().ok())?;
        let upstreams = upstreams(vars)?;
        warnings.extend(within_reach(&upstreams, port, metrics, &workers));
        if let Some(address) = metrics.filter(|address| !address.ip().is_loopback()) {
            warnings.push(format!(
                "METRICS_BIND={address} is open to whoever reaches it: metrics name no person, \
                 but are nobody else's business"
            ));
        }
        Ok(Self {
            listen: SocketAddr::new(bind, port),
            public_url,
            database_url: database_url(vars, &data_dir)?,
            secret: secret(vars)?,
            old_secret: old_secret(vars)?,
            workers,
            access_token_ttl: access_token_ttl(vars)?,
            operator: Operator {
                name: vars
                    .get("OPERATOR_NAME")
                    // The default as `.env.example` shows it, which is no name either.
                    .filter(|name| *name != "the operator")
                    .map(str::to_owned),
                email: vars.get("OPERATOR_EMAIL").map(str::to_owned),
            },
            log: log_config(vars)?,
            metrics,
            trusted_proxies: trusted_proxies(vars)?,
            allowed_origins: allowed_origins(vars)?,
            sign_in_allow: vars
                .parsed("SIGN_IN_ALLOW", allow::ACCEPTS, SignInAllow::parse)?
                .unwrap_or(SignInAllow::Everyone),
            client_documents: vars
                .parsed("CLIENT_DOCUMENTS", documents::ACCEPTS, ClientDocuments::parse)?
                .unwrap_or(ClientDocuments::Open),
            rate_limits: match vars.switch("RATE_LIMITS")? {
                Some(false) => RateLimits::Off,
                Some(true) | None => RateLimits::On,
            },
            tools: ToolPolicy {
                profile: vars.parsed("TOOLS_PROFILE", TOOLS_PROFILE_ACCEPTS, |text| {
                    text.parse::<ToolChoice>().ok()
                })?,
                enabled: vars.list("TOOLS_ENABLED"),
                disabled: vars.list("TOOLS_DISABLED"),
                read_only: vars.switch("TOOLS_READ_ONLY")?.unwrap_or(false),
            },
            default_region: vars
                .parsed("GARMIN_DOMAIN", "garmin.com or garmin.cn", |text| text.parse().ok())?
                .unwrap_or_default(),
            upstreams,
            sso_egresses: sso_egresses(vars)?,
            backups: backups::backups(vars)?,
            s3: backups::s3(vars),
            data_dir,
            warnings,
        })
    }

    /// Garmin's hosts of one region, or whatever stands in for them.
    #[must_use]
    pub fn upstream(&self, region: Region) -> &Upstream {
        match region {
            Region::Global => &self.upstreams[0],
            Region::China => &self.upstreams[1],
        }
    }

    /// Every name, its default and what it is for.
    #[must_use]
    pub fn table() -> &'static [Setting] {
        table()
    }
}

impl WorkerConfig {
    fn narrow_range(&self) -> Option<String> {
        let range = self.ports.as_ref()?;
        let ports = range.len();
        (ports < self.max.get()).then(|| {
            format!(
                "WORKER_PORT_START..WORKER_PORT_END holds {ports} ports, fewer than \
                 MAX_WORKERS ({}): at most {ports} workers can run",
                self.max
            )
        })
    }
}

/// The sandbox of a worker knows ports, not addresses: what listens on one of Garmin's ports on
/// this machine is within its reach.
fn within_reach(
    upstreams: &[Upstream; 2],
    port: u16,
    metrics: Option<SocketAddr>,
    workers: &WorkerConfig,
) -> Vec<String> {
    let allowed: std::collections::BTreeSet<u16> =
        upstreams.iter().flat_map(Upstream::all).map(BaseUrl::port).collect();
    let warn = |allowed: u16, name: &str| {
        format!(
            "{name} includes port {allowed}, which workers may connect to because Garmin's \
             addresses use it; choose another"
        )
    };
    let mut warnings = Vec::new();
    for allowed in allowed {
        if allowed == port {
            warnings.push(warn(allowed, "PORT"));
        }
        if metrics.is_some_and(|address| address.port() == allowed) {
            warnings.push(warn(allowed, "METRICS_BIND"));
        }
        if workers.ports.as_ref().is_some_and(|ports| ports.contains(&allowed)) {
            warnings.push(warn(allowed, "WORKER_PORT_START..WORKER_PORT_END"));
        }
    }
    warnings
}

fn retired(vars: &Vars) -> Vec<String> {
    let set = RETIRED.iter().filter(|name| vars.get(name).is_some());
    set.map(|name| format!("{name} has no meaning any more and is ignored")).collect()
}

fn database_url(vars: &Vars, data_dir: &std::path::Path) -> Result<DatabaseUrl, ConfigError> {
    if let Some(url) = vars.get("DATABASE_URL") {
        return DatabaseUrl::parse(url)
            .map_err(|error| vars.unusable("DATABASE_URL", &error.to_string()));
    }
    Ok(DatabaseUrl::sqlite(match vars.get("DB_PATH") {
        Some(path) => PathBuf::from(path),
        None => data_dir.join("gateway.db"),
    }))
}

fn secret(vars: &Vars) -> Result<GatewaySecret, ConfigError> {
    match (vars.get("GATEWAY_SECRET"), vars.get("GATEWAY_SECRET_FILE")) {
        (Some(_), Some(_)) => Err(vars.unusable(
            "GATEWAY_SECRET_FILE",
            "set GATEWAY_SECRET or GATEWAY_SECRET_FILE, not both",
        )),
        (None, None) => Err(ConfigError::MissingSecret),
        (Some(text), None) => checked_secret(vars, "GATEWAY_SECRET", text),
        (None, Some(path)) => {
            let text = vars.secret_file("GATEWAY_SECRET_FILE", path)?;
            checked_secret(vars, "GATEWAY_SECRET_FILE", text.expose_secret())
        }
    }
}

fn old_secret(vars: &Vars) -> Result<Option<GatewaySecret>, ConfigError> {
    let Some(text) = vars.get("GATEWAY_SECRET_OLD") else { return Ok(None) };
    checked_secret(vars, "GATEWAY_SECRET_OLD", text).map(Some)
}

fn checked_secret(
    vars: &Vars,
    name: &'static str,
    text: &str,
) -> Result<GatewaySecret, ConfigError> {
    GatewaySecret::parse(text).map_err(|error| vars.unusable(name, &error.to_string()))
}

fn access_token_ttl(vars: &Vars) -> Result<Option<Duration>, ConfigError> {
    let days = vars.number::<u64>("ACCESS_TOKEN_TTL_DAYS", 0..=36_500)?.unwrap_or(90);
    Ok((days > 0).then(|| Duration::from_hours(days * 24)))
}

fn worker_config(vars: &Vars) -> Result<WorkerConfig, ConfigError> {
    let start = vars.number::<u16>("WORKER_PORT_START", 1..=u16::MAX)?;
    let end = vars.number::<u16>("WORKER_PORT_END", 1..=u16::MAX)?;
    let ports = match (start, end) {
        (None, None) => None,
        (Some(start), Some(end)) if start <= end => Some(start..=end),
        (Some(_) | None, Some(_) | None) => {
            return Err(vars.unusable(
                "WORKER_PORT_END",
                "it accepts a port not below WORKER_PORT_START; set both or neither",
            ));
        }
    };
    let seconds = |name, range, default| {
        Ok::<_, ConfigError>(Duration::from_secs(vars.number(name, range)?.unwrap_or(default)))
    };
    let max = vars.number::<usize>("MAX_WORKERS", 1..=100_000)?;
    Ok(WorkerConfig {
        ports,
        idle: seconds("WORKER_IDLE_TTL", 1..=604_800, 900)?,
        startup: seconds("WORKER_STARTUP_TIMEOUT", 1..=600, 20)?,
        max: max.and_then(NonZeroUsize::new).unwrap_or_else(machine::default_max_workers),
        max_chosen_by: if max.is_some() { ChosenBy::Operator } else { ChosenBy::Machine },
        sandbox: vars
            .parsed("WORKER_SANDBOX", "auto or require", |text| match text {
                "auto" => Some(Sandbox::Auto),
                "require" => Some(Sandbox::Require),
                _ => None,
            })?
            .unwrap_or(Sandbox::Auto),
    })
}

fn log_config(vars: &Vars) -> Result<LogConfig, ConfigError> {
    let level =
        vars.parsed("GATEWAY_LOG_LEVEL", "debug, info, warning, error or critical", |text| {
            match text.to_ascii_lowercase().as_str() {
                "debug" => Some(tracing::Level::DEBUG),
                "info" => Some(tracing::Level::INFO),
                "warning" | "warn" => Some(tracing::Level::WARN),
                "error" | "critical" => Some(tracing::Level::ERROR),
                _ => None,
            }
        })?;
    Ok(LogConfig {
        level: level.unwrap_or(tracing::Level::INFO),
        file: vars.get("GATEWAY_LOG_FILE").map(PathBuf::from),
    })
}

fn trusted_proxies(vars: &Vars) -> Result<Vec<IpNet>, ConfigError> {
    let parse = |text: &str| {
        let one = |word: &str| {
            word.parse::<IpNet>().or_else(|_| word.parse::<IpAddr>().map(IpNet::from)).ok()
        };
        vars::words(text).map(one).collect::<Option<Vec<_>>>()
    };
    let loopback = || {
        vec![
            IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
            IpNet::from(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST)),
        ]
    };
    let accepts = "addresses or networks separated by commas, such as 10.0.0.0/8";
    Ok(vars.parsed("TRUSTED_PROXIES", accepts, parse)?.unwrap_or_else(loopback))
}

fn allowed_origins(vars: &Vars) -> Result<Vec<Origin>, ConfigError> {
    let parse = |text: &str| {
        vars::words(text).map(|word| Origin::parse(word).ok()).collect::<Option<Vec<_>>>()
    };
    let accepts = "origins separated by commas, such as https://app.example";
    Ok(vars.parsed("ALLOWED_ORIGINS", accepts, parse)?.unwrap_or_default())
}

/// An override holds for both regions: whoever stands in for Garmin stands in for all of it,
/// and nothing of a test can leave for the real hosts.
fn upstreams(vars: &Vars) -> Result<[Upstream; 2], ConfigError> {
    let base = |name| match vars.get(name) {
        None => Ok(None),
        Some(text) => {
            BaseUrl::parse(text).map(Some).map_err(|error| vars.unusable(name, &error.to_string()))
        }
    };
    let (sso, api) = (base("GARMIN_SSO_URL")?, base("GARMIN_API_URL")?);
    let (diauth, connect) = (base("GARMIN_DIAUTH_URL")?, base("GARMIN_CONNECT_URL")?);
    Ok(Region::ALL.map(|region| {
        let garmin = Upstream::garmin(region);
        Upstream {
            region,
            sso: sso.clone().unwrap_or(garmin.sso),
            api: api.clone().unwrap_or(garmin.api),
            diauth: diauth.clone().unwrap_or(garmin.diauth),
            connect: connect.clone().unwrap_or(garmin.connect),
        }
    }))
}

fn sso_egresses(vars: &Vars) -> Result<Vec<Option<Url>>, ConfigError> {
    let one = |word: &str| {
        if word == "direct" {
            return Some(None);
        }
        Url::parse(word).ok().filter(|url| matches!(url.scheme(), "http" | "https")).map(Some)
    };
    let parse = |text: &str| {
        let mut found: Vec<Option<Url>> = Vec::new();
        for word in vars::words(text) {
            let egress = one(word)?;
            // Two of one kind would take each other's rests for failures of another.
            if !found.contains(&egress) {
                found.push(egress);
            }
        }
        (!found.is_empty()).then_some(found)
    };
    let accepts = "http:// or https:// proxy URLs, or the word direct, separated by commas";
    Ok(vars.parsed("GARMIN_SSO_PROXY", accepts, parse)?.unwrap_or_else(|| vec![None]))
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
