//! The whole product on one machine: gateway, workers and a simulated Garmin Connect. Nothing
//! leaves loopback, nothing is kept, and nothing has to be set up.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::clock::SystemClock;
use domain::entropy::{self, OsEntropy};
use domain::origin::Origin;
use domain::region::Region;
use domain::upstream::Upstream;
use gateway::config::Vars;
use gateway::{Config, Gateway, telemetry};
use simulator::AccountSpec;
use tokio::net::TcpListener;

use crate::failure::WithHint;
use crate::process;
use crate::simulated;

/// Settings of a real deployment that must not reach a demo.
const IGNORED: [&str; 8] = [
    "GATEWAY_SECRET_FILE",
    "GATEWAY_SECRET_OLD",
    "DATABASE_URL",
    "DB_PATH",
    "TRUSTED_PROXIES",
    "SIGN_IN_ALLOW",
    "GARMIN_DOMAIN",
    "GARMIN_SSO_PROXY",
];

pub(crate) fn run() -> anyhow::Result<()> {
    process::harden()?;
    let set = Vars::from_process()?;
    refuse_public(&set)?;
    process::runtime()?.block_on(demo(set))
}

async fn demo(set: Vars) -> anyhow::Result<()> {
    let people = simulated::people();
    let simulator = simulated::start(people.clone()).await?;
    let data = tempfile::Builder::new()
        .prefix("garmin-gateway-demo-")
        .tempdir()
        .context("cannot make a directory for the demo's data")?;
    let secret = URL_SAFE_NO_PAD.encode(entropy::bytes::<48>(&OsEntropy));
    let vars = isolated(set, simulator.urls())
        .with("DATA_DIR", &data.path().to_string_lossy())
        .with("GATEWAY_SECRET", &secret);
    let wanted = Config::from_vars(&vars)?.listen.port();
    let (listener, port) = listen(wanted).await?;
    let origin = match vars.get("PUBLIC_URL") {
        Some(text) => text.to_owned(),
        None => format!("http://127.0.0.1:{port}"),
    };
    let config =
        Config::from_vars(&vars.with("PORT", &port.to_string()).with("PUBLIC_URL", &origin))?;
    let _log = telemetry::init(&config.log)?;
    process::print(&banner(&config.public_url, &people, (wanted != port).then_some(wanted)))?;
    let program = process::worker_program();
    let gateway =
        Gateway::open(config, program, Arc::new(SystemClock), Arc::new(OsEntropy)).await?;
    // Nobody balances a demo's load, so nobody needs time to notice that it ends.
    gateway.serve(listener, process::shutdown(), Duration::ZERO).await?;
    simulator.shutdown().await;
    Ok(())
}

/// Whoever can reach the demo can sign in to it with the printed password.
fn refuse_public(vars: &Vars) -> Result<(), WithHint> {
    let Some(text) = vars.get("PUBLIC_URL") else { return Ok(()) };
    // What is not an origin at all is refused with the other settings.
    if Origin::parse(text).is_ok_and(|origin| !origin.is_loopback()) {
        return Err(WithHint::new(
            format!("the demo does not run for others, and PUBLIC_URL is `{text}`"),
            "unset PUBLIC_URL, or use `garmin-gateway serve` for real accounts",
        ));
    }
    Ok(())
}

/// The operator's settings without those of a real deployment, with the simulator as Garmin.
fn isolated(set: Vars, garmin: &Upstream) -> Vars {
    let quiet = set.get("GATEWAY_LOG_LEVEL").is_none();
    let unlimited = set.get("RATE_LIMITS").is_none();
    let documents_wanted = set.get("CLIENT_DOCUMENTS").is_some();
    let mut vars = IGNORED.into_iter().fold(set, |vars, name| vars.with(name, ""));
    if quiet {
        // What a person reads here is the sign-ins, not the log.
        vars = vars.with("GATEWAY_LOG_LEVEL", "warning");
    }
    if unlimited {
        // Whoever tries things out is one address and two e-mails, again and again.
        vars = vars.with("RATE_LIMITS", "off");
    }
    if !documents_wanted {
        // They live on the internet, and a demo works without one: clients register instead.
        vars = vars.with("CLIENT_DOCUMENTS", "off");
    }
    vars.with("BIND", "127.0.0.1")
        .with("GARMIN_DOMAIN", Region::Global.domain())
        .with("GARMIN_SSO_URL", &garmin.sso.join(""))
        .with("GARMIN_API_URL", &garmin.api.join(""))
        .with("GARMIN_DIAUTH_URL", &garmin.diauth.join(""))
        .with("GARMIN_CONNECT_URL", &garmin.connect.join(""))
}

/// The port asked for, or any free one when it is taken.
async fn listen(wanted: u16) -> anyhow::Result<(TcpListener, u16)> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = match gateway::listen(at(wanted)).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => gateway::listen(at(0)).await,
        other => other,
    };
    let listener = listener.context("cannot listen on loopback")?;
    let port = listener.local_addr().context("the listener has no address")?.port();
    Ok((listener, port))
}

fn banner(origin: &Origin, people: &[AccountSpec], taken: Option<u16>) -> String {
    let url = origin.resource();
    let mut text = format!(
        "A demo: gateway, workers and a simulated Garmin Connect, all on this machine.\n\
         \n  Connector URL  {url}\
         \n  Claude Code    claude mcp add --transport http garmin {url}\n"
    );
    for person in people {
        let kind = if person.mfa.is_some() { ", with a second factor" } else { "" };
        _ = write!(
            text,
            "\n  Demo athlete{kind}\
             \n    e-mail    {}\
             \n    password  {}\n",
            person.email, person.password
        );
        if let Some(code) = simulated::fixed_code(person) {
            _ = writeln!(text, "    code      {code}");
        }
    }
    text += "\nDatabase and secret are made for this run and gone after it. Ctrl-C ends it.\n";
    if let Some(port) = taken {
        _ = writeln!(text, "Port {port} is in use, so another one was taken.");
    }
    text += "\n";
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_address_is_refused_and_a_loopback_one_is_not() {
        let vars = |url| Vars::default().with("PUBLIC_URL", url);
        assert!(refuse_public(&vars("https://garmin.example.org")).is_err());
        assert!(refuse_public(&vars("http://localhost:9000")).is_ok());
        assert!(refuse_public(&Vars::default()).is_ok());
    }

    #[test]
    fn nothing_of_a_real_deployment_reaches_the_demo() {
        let real = Vars::default()
            .with("DATABASE_URL", "postgres://real.example/db")
            .with("BIND", "0.0.0.0")
            .with("GARMIN_SSO_PROXY", "http://proxy.example:3128")
            .with("SIGN_IN_ALLOW", "someone@example.org");
        let vars = isolated(real, &Upstream::garmin(Region::Global))
            .with("GATEWAY_SECRET", "a secret for this test, long enough to be one");
        let config = Config::from_vars(&vars).unwrap();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.sso_egresses, [None]);
        assert!(vars.get("DATABASE_URL").is_none() && vars.get("SIGN_IN_ALLOW").is_none());
    }

    #[test]
    fn clients_of_a_demo_are_not_asked_for_what_only_the_internet_has() {
        let config = |set: Vars| {
            let vars = isolated(set, &Upstream::garmin(Region::Global))
                .with("GATEWAY_SECRET", "a secret for this test, long enough to be one");
            Config::from_vars(&vars).unwrap()
        };
        assert!(!config(Vars::default()).client_documents.are_on());
        let wanted = Vars::default().with("CLIENT_DOCUMENTS", "open");
        assert!(config(wanted).client_documents.are_on());
    }

    #[test]
    fn the_banner_holds_what_a_person_types() {
        let origin = Origin::parse("http://127.0.0.1:8080").unwrap();
        let text = banner(&origin, &simulated::people(), None);
        assert!(text.contains("claude mcp add --transport http garmin http://127.0.0.1:8080/mcp"));
        for person in simulated::people() {
            assert!(text.contains(&person.email) && text.contains(&person.password));
        }
    }
}
