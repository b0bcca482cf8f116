use super::*;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn vars() -> Vars {
    Vars::default().with("GATEWAY_SECRET", SECRET)
}

fn refusal(name: &str, value: &str) -> String {
    match Config::from_vars(&vars().with(name, value)) {
        Ok(_) => panic!("{name}={value} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn sign_ins_leave_directly_or_through_the_proxies_that_are_named() {
    let of = |text: &str| {
        let vars = if text.is_empty() { vars() } else { vars().with("GARMIN_SSO_PROXY", text) };
        Config::from_vars(&vars).unwrap().sso_egresses
    };
    let proxy = |text: &str| Some(Url::parse(text).unwrap());
    assert_eq!(of(""), [None]);
    assert_eq!(of("http://a.example:3128"), [proxy("http://a.example:3128")]);
    let many = "http://a.example:1, http://a.example:2,direct,http://a.example:1/";
    assert_eq!(of(many), [proxy("http://a.example:1"), proxy("http://a.example:2"), None]);
}

#[test]
fn a_secret_alone_is_a_configuration() {
    let config = Config::from_vars(&vars()).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.public_url.as_str(), "http://localhost:8080");
    assert!(config.database_url == DatabaseUrl::sqlite("./data/gateway.db"));
    assert_eq!(config.access_token_ttl, Some(Duration::from_hours(90 * 24)));
    assert_eq!(config.workers.idle, Duration::from_mins(15));
    assert_eq!(config.workers.startup, Duration::from_secs(20));
    assert!(config.workers.max.get() >= 200);
    assert!(config.trusted_proxies.iter().all(|net| net.addr().is_loopback()));
    assert!(config.warnings.is_empty());
}

#[test]
fn sec136_an_unusable_value_is_named_with_what_is_accepted() {
    for (name, value, accepts) in [
        ("PORT", "http", "from 1 to 65535"),
        ("PORT", "0", "from 1 to 65535"),
        ("BIND", "localhost", "IP address"),
        ("PUBLIC_URL", "http://garmin.example.org", "https"),
        ("PUBLIC_URL", "https://garmin.example.org/mcp", "bare origin"),
        ("MAX_WORKERS", "0", "from 1"),
        ("WORKER_PORT_START", "9000", "both or neither"),
        ("WORKER_SANDBOX", "maybe", "auto or require"),
        ("RATE_LIMITS", "perhaps", "on or off"),
        ("CLIENT_DOCUMENTS", "https://claude.ai", "host names"),
        ("GARMIN_DOMAIN", "garmin.de", "garmin.cn"),
        ("GARMIN_API_URL", "http://garmin.com", "loopback"),
        ("GATEWAY_LOG_LEVEL", "loud", "debug"),
        ("METRICS_BIND", "9464", "127.0.0.1:9464"),
        ("TRUSTED_PROXIES", "10.0.0.0/99", "networks"),
        ("DATABASE_URL", "mysql://x", "postgres://"),
        ("ACCESS_TOKEN_TTL_DAYS", "-1", "whole number"),
        ("GARMIN_SSO_PROXY", "socks5://x", "proxy"),
    ] {
        let message = refusal(name, value);
        // Half a range is missing its other half.
        let named = if name == "WORKER_PORT_START" { "WORKER_PORT_END" } else { name };
        assert!(message.starts_with(named), "{message}");
        assert!(message.contains(accepts), "{message}");
    }
}

#[test]
fn sec136_a_weak_or_doubled_secret_is_refused_and_never_shown() {
    assert_eq!(Config::from_vars(&Vars::default()).err(), Some(ConfigError::MissingSecret));
    let weak = refusal("GATEWAY_SECRET", "hunter2");
    assert!(weak.contains("32 characters") && !weak.contains("hunter2"), "{weak}");
    let example = refusal("GATEWAY_SECRET", &format!("change-me{SECRET}"));
    assert!(example.contains("placeholder"), "{example}");
    assert!(refusal("GATEWAY_SECRET_FILE", "/nowhere").contains("not both"));
    assert!(!refusal("DATABASE_URL", "mysql://u:pw@h").contains("pw"));
}

#[test]
fn sec137_the_secret_may_come_from_a_file_with_a_final_line_break() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, format!("{SECRET}\n")).unwrap();
    let vars = Vars::default().with("GATEWAY_SECRET_FILE", path.to_str().unwrap());
    assert!(Config::from_vars(&vars).is_ok());
    std::fs::write(&path, "change-me").unwrap();
    let error = Config::from_vars(&vars).err().unwrap().to_string();
    assert!(error.contains("GATEWAY_SECRET_FILE") && error.contains("placeholder"), "{error}");
}

#[test]
fn zero_days_means_tokens_that_do_not_expire() {
    let config = Config::from_vars(&vars().with("ACCESS_TOKEN_TTL_DAYS", "0")).unwrap();
    assert_eq!(config.access_token_ttl, None);
}

#[test]
fn sec094_what_listens_on_garmins_ports_here_is_said_to_be_within_a_workers_reach() {
    let vars = vars()
        .with("GARMIN_API_URL", "http://127.0.0.1:9464")
        .with("METRICS_BIND", "127.0.0.1:9464")
        .with("PORT", "443");
    let warnings = Config::from_vars(&vars).unwrap().warnings;
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("PORT includes port 443"), "{warnings:?}");
    assert!(warnings[1].starts_with("METRICS_BIND includes port 9464"), "{warnings:?}");
}

#[test]
fn retired_names_and_narrow_port_ranges_warn_and_never_stop() {
    let vars = vars()
        .with("GARMIN_MCP_CMD", "x")
        .with("WORKER_PORT_START", "9000")
        .with("WORKER_PORT_END", "9009");
    let warnings = Config::from_vars(&vars).unwrap().warnings;
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].contains("GARMIN_MCP_CMD") && warnings[1].contains("10 ports"));
}

#[test]
fn whoever_stands_in_for_garmin_stands_in_for_both_regions() {
    let vars = vars().with("GARMIN_API_URL", "http://127.0.0.1:4000/api");
    let config = Config::from_vars(&vars).unwrap();
    for region in Region::ALL {
        let upstream = config.upstream(region);
        assert_eq!((upstream.region, upstream.api.port()), (region, 4000));
        assert!(upstream.sso.host().ends_with(region.domain()));
    }
}

#[test]
fn every_setting_is_named_once_and_explained() {
    let mut names: Vec<_> = table().iter().map(|setting| setting.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), table().len());
    assert!(table().iter().all(|setting| setting.doc.ends_with('.') || setting.doc.ends_with('…')));
}
