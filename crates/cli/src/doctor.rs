//! `doctor`: what the gateway's own code can tell about its settings and its way to Garmin,
//! beside what `admin` finds in the database.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::process::ExitCode;
use std::time::Duration;

use admin::{DoctorArgs, Findings, Health, Place};
use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::Egress;
use domain::sandbox::{Layer, Report};
use domain::upstream::Upstream;
use gateway::Config;
use gateway::config::{Backups, Vars, raise_descriptor_limit};
use gateway::probe::{certificate_ends, reach};

use crate::{healthcheck, process};

const PATIENCE: Duration = Duration::from_secs(10);
/// Tokens and codes of the second factor live for minutes.
const CLOCK_WARN: u64 = 30;
const CLOCK_FAIL: u64 = 300;
/// Those who renew them do it a month before.
const CERTIFICATE_WARN: Duration = Duration::from_hours(14 * 24);
/// Where the gateway makes none by itself.
const BACKUP_EVERY: Duration = Duration::from_hours(24);

/// Exits with 0 when all is well, 1 when something should be mended, 2 when something fails.
pub(crate) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    process::harden()?;
    let mut findings = Findings::default();
    process::runtime()?.block_on(examine(&mut findings, args));
    match findings.print(args.json, process::screen(), &mut io::stdout().lock()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        Err(_) | Ok(()) => {}
    }
    Ok(ExitCode::from(match findings.verdict() {
        Health::Ok => 0,
        Health::Warn => 1,
        Health::Fail => 2,
    }))
}

async fn examine(findings: &mut Findings, args: &DoctorArgs) {
    let (vars, config) = match settings() {
        Ok(settings) => settings,
        Err((error, mend)) => {
            findings.fail("settings", error, mend);
            // What the machine lacks does not depend on them.
            return sandbox(findings, &probe().await);
        }
    };
    findings.ok("settings", format!("{} for {}", config.listen, config.public_url.as_str()));
    for warning in &config.warnings {
        findings.warn("settings", warning, "see `.env.example`");
    }
    secret_file(findings, &vars);
    proxies(findings, &config);
    descriptors(findings, &config);
    findings.look_at_disk(&config.data_dir);
    // The gateway makes it with the first backup.
    let backups = config.backups.as_ref().and_then(Backups::directory);
    if let Some(directory) = backups.filter(|directory| directory.exists()) {
        findings.look_at_disk(directory);
    }
    let place = Place {
        data_dir: config.data_dir.clone(),
        database_url: config.database_url.clone(),
        secret: config.secret.clone(),
        old_secret: config.old_secret.clone(),
        s3: config.s3.clone(),
    };
    let every = config.backups.as_ref().map_or(BACKUP_EVERY, |backups| backups.every);
    findings.look_at_store(&place, every).await;
    let running = findings.look_at_gateway(&config.data_dir, env!("CARGO_PKG_VERSION")).await;
    if running.is_some() {
        ready(findings, config.listen);
    }
    let layers = match running {
        Some(status) => {
            turned_away(findings, &status.egresses, SystemClock.now());
            status.sandbox
        }
        None => probe().await,
    };
    sandbox(findings, &layers);
    if args.offline {
        return;
    }
    garmin(findings, &config).await;
    if config.public_url.is_secure() {
        let ends = certificate_ends(&config.public_url, PATIENCE).await;
        certificate(findings, &ends, SystemClock.now());
    }
}

/// Ways to Garmin's sign-in that are left alone for a while, because it turns people away there.
fn turned_away(findings: &mut Findings, egresses: &[Egress], now: Timestamp) {
    let resting = |egress: &&Egress| egress.rests_until.is_some_and(|until| until > now);
    for egress in egresses.iter().filter(resting) {
        let until = egress.rests_until.map(|until| until.to_string()).unwrap_or_default();
        findings.warn(
            "sign-ins",
            format!(
                "Garmin blocks `{}` ({}): nobody is sent there until {until}",
                egress.name, egress.region
            ),
            "wait, or name other ways out by GARMIN_SSO_PROXY; who is connected is not concerned",
        );
    }
}

fn certificate(findings: &mut Findings, ends: &Result<Timestamp, String>, now: Timestamp) {
    match ends {
        Ok(ends) => {
            let detail = format!("valid until {ends}");
            if ends.since(now) < CERTIFICATE_WARN {
                let mend = "`certbot renew`, then reload the proxy; look why it was not done";
                findings.warn("certificate", detail, mend);
            } else {
                findings.ok("certificate", detail);
            }
        }
        Err(error) => findings.fail(
            "certificate",
            format!("clients cannot connect to PUBLIC_URL: {error}"),
            "check DNS, the proxy and its certificate: `certbot certificates`",
        ),
    }
}

/// What is wrong with them, and what mends it.
fn settings() -> Result<(Vars, Config), (String, &'static str)> {
    let vars = Vars::from_process().map_err(|error| (error.to_string(), "mend .env"))?;
    let config = Config::from_vars(&vars).map_err(|error| {
        (error.to_string(), "`.env.example` lists every variable and what it accepts")
    })?;
    Ok((vars, config))
}

/// Starts a worker that says what it could close behind itself, and ends.
async fn probe() -> Report {
    gateway::workers::probe(&process::worker_program()).await
}

fn secret_file(findings: &mut Findings, vars: &Vars) {
    let Some(path) = vars.get("GATEWAY_SECRET_FILE") else { return };
    let Ok(file) = std::fs::metadata(path) else { return };
    let mode = file.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let detail = format!("{path} has mode {mode:o}: others can read it");
        findings.warn("secret", detail, &format!("chmod 600 {path}"));
    }
}

/// Limits are counted by address: a proxy that is not believed makes one person of everybody.
fn proxies(findings: &mut Findings, config: &Config) {
    let public = !config.public_url.is_loopback();
    let only_loopback = config.trusted_proxies.iter().all(|net| net.addr().is_loopback());
    let everybody = config.trusted_proxies.iter().any(|net| net.prefix_len() == 0);
    if everybody {
        findings.fail(
            "proxies",
            "TRUSTED_PROXIES believes everybody: anyone can choose the address they are counted by",
            "name the addresses of your own proxies only",
        );
    } else if public && !config.listen.ip().is_loopback() && only_loopback {
        findings.warn(
            "proxies",
            format!(
                "it listens on {}, and only proxies on this machine are believed",
                config.listen
            ),
            "set TRUSTED_PROXIES to the network of the proxy, as with Docker: 172.16.0.0/12",
        );
    } else {
        let named: Vec<_> = config.trusted_proxies.iter().map(ToString::to_string).collect();
        findings.ok("proxies", format!("believed: {}", named.join(", ")));
    }
}

fn descriptors(findings: &mut Findings, config: &Config) {
    let limit = raise_descriptor_limit();
    let wanted = config.workers.max.get().saturating_mul(12) + 128;
    let detail = format!(
        "{limit} for a gateway that is started here, at most {} workers",
        config.workers.max
    );
    if limit < wanted {
        let mend =
            format!("ulimit -n {wanted} (LimitNOFILE= or `ulimits:`), or a lower MAX_WORKERS");
        findings.warn("descriptors", detail, &mend);
    } else {
        findings.ok("descriptors", detail);
    }
}

fn sandbox(findings: &mut Findings, report: &Report) {
    let gaps = report.gaps();
    if gaps.is_empty() {
        let active = report.layers().iter().map(|known| known.layer);
        let active = active.filter(|layer| report.is_active(*layer)).map(Layer::as_str);
        findings.ok("sandbox", active.collect::<Vec<_>>().join(", "));
    }
    for gap in &gaps {
        findings.warn("sandbox", gap, "a newer kernel, or a container that allows these layers");
    }
}

fn ready(findings: &mut Findings, listen: SocketAddr) {
    match healthcheck::ask(healthcheck::local(listen), "/readyz") {
        Ok(status) if status.starts_with("HTTP/1.1 200 ") => findings.ok("ready", "takes calls"),
        Ok(status) => findings.fail(
            "ready",
            format!("/readyz answers `{}`", status.trim_end()),
            "curl it: each check says what it found",
        ),
        Err(error) => findings.fail(
            "ready",
            format!("no answer from {listen}: {error}"),
            "check BIND and PORT, and whether it is stopping",
        ),
    }
}

async fn garmin(findings: &mut Findings, config: &Config) {
    let upstream: &Upstream = config.upstream(config.default_region);
    let mut clocks = Vec::new();
    for (number, egress) in config.sso_egresses.iter().enumerate() {
        let through = match egress {
            Some(_) => format!(" through proxy {}", number + 1),
            None => String::new(),
        };
        // Only sign-ins leave through a proxy.
        let bases: &[_] = match egress {
            Some(_) => &[&upstream.sso],
            None => &[&upstream.sso, &upstream.api, &upstream.diauth],
        };
        for base in bases {
            let host = base.host();
            match reach(upstream, base, egress.as_ref(), PATIENCE).await {
                Ok(reached) => {
                    clocks.extend(reached.date);
                    findings.ok("garmin", format!("{host} answers{through}"));
                }
                Err(error) => findings.fail(
                    "garmin",
                    format!("{host}{through}: {error}"),
                    "check the way out: DNS, firewall, GARMIN_SSO_PROXY, GARMIN_*_URL",
                ),
            }
        }
    }
    match clocks.first() {
        Some(theirs) => clock(findings, SystemClock.now(), *theirs),
        None => findings.warn(
            "clock",
            "nobody told the time to compare with",
            "look whether time is synchronised: `timedatectl`",
        ),
    }
}

fn clock(findings: &mut Findings, ours: Timestamp, theirs: Timestamp) {
    let off = ours.0.abs_diff(theirs.0);
    let detail = format!("{off} s beside Garmin's");
    let mend = "synchronise it: `timedatectl set-ntp true`";
    match off {
        0..CLOCK_WARN => findings.ok("clock", detail),
        CLOCK_WARN..CLOCK_FAIL => findings.warn("clock", detail, mend),
        _ => findings.fail("clock", detail, mend),
    }
}

#[cfg(test)]
mod tests {
    use domain::region::Region;

    use super::*;

    fn config(settings: &[(&str, &str)]) -> Config {
        let vars =
            Vars::default().with("GATEWAY_SECRET", "a secret long enough for this test, really");
        let vars = settings.iter().fold(vars, |vars, (name, value)| vars.with(name, value));
        Config::from_vars(&vars).unwrap()
    }

    #[test]
    fn a_proxy_that_nobody_believes_is_noticed() {
        let verdict = |settings: &[(&str, &str)]| {
            let mut findings = Findings::default();
            proxies(&mut findings, &config(settings));
            findings.verdict()
        };
        let public = ("PUBLIC_URL", "https://garmin.example.org");
        assert_eq!(verdict(&[public]), Health::Ok);
        assert_eq!(verdict(&[public, ("BIND", "0.0.0.0")]), Health::Warn);
        let named = ("TRUSTED_PROXIES", "172.16.0.0/12");
        assert_eq!(verdict(&[public, ("BIND", "0.0.0.0"), named]), Health::Ok);
        assert_eq!(verdict(&[("TRUSTED_PROXIES", "0.0.0.0/0")]), Health::Fail);
    }

    #[test]
    fn a_certificate_is_looked_at_before_it_ends() {
        let now = Timestamp(1_790_000_000);
        let verdict = |ends: Result<Timestamp, String>| {
            let mut findings = Findings::default();
            certificate(&mut findings, &ends, now);
            findings.verdict()
        };
        let days = |days: i64| Ok(Timestamp(now.0 + days * 86_400));
        assert_eq!((verdict(days(40)), verdict(days(5))), (Health::Ok, Health::Warn));
        assert_eq!(verdict(Err("expired".to_owned())), Health::Fail);
    }

    #[test]
    fn a_way_that_garmin_blocks_is_noticed_until_it_is_open_again() {
        let now = Timestamp(1_790_000_000);
        let verdict = |until| {
            let (name, region) = ("direct".to_owned(), Region::Global);
            let mut findings = Findings::default();
            turned_away(&mut findings, &[Egress { name, region, rests_until: until }], now);
            findings.verdict()
        };
        assert_eq!(verdict(None), Health::Ok);
        assert_eq!(verdict(Some(now)), Health::Ok);
        assert_eq!(verdict(Some(Timestamp(now.0 + 60))), Health::Warn);
    }

    #[test]
    fn a_clock_that_is_minutes_off_fails() {
        let verdict = |off: i64| {
            let mut findings = Findings::default();
            clock(&mut findings, Timestamp(1_790_000_000 + off), Timestamp(1_790_000_000));
            findings.verdict()
        };
        assert_eq!(
            (verdict(-3), verdict(40), verdict(-400)),
            (Health::Ok, Health::Warn, Health::Fail)
        );
    }
}
