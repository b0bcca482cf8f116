//! Every name an operator can set, in the order `.env.example` shows them.

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub name: &'static str,
    /// In words where it is not a value; empty when there is none.
    pub default: &'static str,
    pub doc: &'static str,
    /// Whether the value must not be shown.
    pub secret: bool,
}

const fn plain(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting { name, default, doc, secret: false }
}

const fn secret(name: &'static str, default: &'static str, doc: &'static str) -> Setting {
    Setting { name, default, doc, secret: true }
}

#[must_use]
pub fn table() -> &'static [Setting] {
    &TABLE
}

static TABLE: [Setting; 44] = [
    secret("GATEWAY_SECRET", "", "Seals everything stored; at least 32 characters. Required."),
    plain("GATEWAY_SECRET_FILE", "", "File holding the secret, instead of GATEWAY_SECRET."),
    secret("GATEWAY_SECRET_OLD", "", "The previous secret, beside a new GATEWAY_SECRET."),
    plain(
        "PUBLIC_URL",
        "http://localhost:PORT",
        "Origin people and MCP clients use: https, no path.",
    ),
    plain("BIND", "127.0.0.1", "Address to listen on; the container image sets 0.0.0.0."),
    plain("PORT", "8080", "Port to listen on, plain HTTP."),
    plain("DATA_DIR", "./data", "Database and console socket; /data in the container image."),
    plain("DB_PATH", "DATA_DIR/gateway.db", "SQLite file, when DATABASE_URL is not set."),
    secret("DATABASE_URL", "sqlite:DB_PATH", "sqlite:PATH or postgres://…"),
    plain(
        "TRUSTED_PROXIES",
        "127.0.0.0/8,::1",
        "Peers whose X-Forwarded-For is believed: addresses or networks.",
    ),
    plain(
        "ALLOWED_ORIGINS",
        "",
        "Web sites whose scripts may call /mcp, besides Claude's and ChatGPT's.",
    ),
    plain(
        "SIGN_IN_ALLOW",
        "everyone",
        "Who may connect: e-mail addresses and @domains. What was connected before stays.",
    ),
    plain(
        "CLIENT_DOCUMENTS",
        "open",
        "Whose client metadata documents are accepted: open, host names, or off (needed without internet).",
    ),
    plain("RATE_LIMITS", "on", "off switches request limits off, for load tests."),
    plain("ACCESS_TOKEN_TTL_DAYS", "90", "Life of an access token in days; 0 = no expiry."),
    plain("MAX_WORKERS", "from memory, at least 200", "Worker processes that may run at once."),
    plain("WORKER_IDLE_TTL", "900", "Seconds after which an unused worker stops."),
    plain("WORKER_STARTUP_TIMEOUT", "20", "Seconds a worker may take to become ready."),
    plain("WORKER_PORT_START", "", "First loopback port for workers; unset: any free port."),
    plain("WORKER_PORT_END", "", "Last loopback port for workers."),
    plain(
        "WORKER_SANDBOX",
        "auto",
        "require refuses to start where the kernel lacks a layer of the worker sandbox; auto \
         starts and says what a hostile worker could then do.",
    ),
    plain(
        "TOOLS_PROFILE",
        "everyday",
        "What apps are shown whose owner has chosen nothing: everyday, core, garmin, health, \
         athlete, read_only, full or compat_mcp_garmin; then +toolset or -toolset after commas. \
         What is not shown can still be called by name.",
    ),
    plain(
        "TOOLS_ENABLED",
        "",
        "Only these tools, separated by commas: names, patterns (get_workout*) or @toolset.",
    ),
    plain("TOOLS_DISABLED", "", "Never these tools; written in the same way."),
    plain("TOOLS_READ_ONLY", "off", "on hides every tool that changes something."),
    plain("GARMIN_DOMAIN", "garmin.com", "Default region: garmin.com or garmin.cn."),
    plain("GARMIN_SSO_URL", "https://sso.DOMAIN", "Where sign-in requests go."),
    plain("GARMIN_API_URL", "https://connectapi.DOMAIN", "Where data requests go."),
    plain("GARMIN_DIAUTH_URL", "https://diauth.DOMAIN", "Where token requests go."),
    plain("GARMIN_CONNECT_URL", "https://connect.DOMAIN", "Where web requests go."),
    secret(
        "GARMIN_SSO_PROXY",
        "direct",
        "HTTP proxies sign-ins leave through, separated by commas; direct may be one of them.",
    ),
    plain("OPERATOR_NAME", "the operator", "Who runs this gateway, shown on its pages."),
    plain("OPERATOR_EMAIL", "", "How to reach them, shown on its pages."),
    plain(
        "BACKUP_TO",
        "",
        "Directory for backups the gateway makes by itself; s3://BUCKET/PREFIX where it was built \
         with the feature s3; unset: none.",
    ),
    plain("BACKUP_EVERY", "24", "Hours between two such backups."),
    plain("BACKUP_KEEP", "14", "How many of them stay in the directory."),
    plain("AWS_ENDPOINT_URL", "", "Where s3:// leads, when that is not Amazon."),
    plain("AWS_REGION", "us-east-1", "Region of the bucket."),
    plain("AWS_ACCESS_KEY_ID", "", "Credentials for the bucket."),
    secret("AWS_SECRET_ACCESS_KEY", "", "Credentials for the bucket."),
    secret("AWS_SESSION_TOKEN", "", "Credentials for the bucket, where they are temporary."),
    plain("GATEWAY_LOG_FILE", "", "Second place for the log; it always goes to stdout."),
    plain(
        "METRICS_BIND",
        "",
        "Address and port for Prometheus, such as 127.0.0.1:9464; unset: no metrics.",
    ),
    plain("GATEWAY_LOG_LEVEL", "info", "debug, info, warning, error or critical."),
];
