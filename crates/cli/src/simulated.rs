//! The simulated Garmin Connect of `demo`, and alone for benches.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use domain::clock::SystemClock;
use simulator::{
    AccountSpec, ControlSurface, Mfa, MfaCode, MfaMethod, Simulator, SimulatorOptions,
};
use tokio::net::TcpListener;

use crate::process;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many athletes can sign in, besides those of the demo
    #[arg(long, default_value_t = 0)]
    athletes: u16,
}

/// The people of the demo. The code of the second factor never changes, because nobody's
/// telephone rings here.
pub(crate) fn people() -> Vec<AccountSpec> {
    vec![
        AccountSpec::new("runner@demo.example", "a-year-of-runs").athlete(1),
        AccountSpec::new("cyclist@demo.example", "a-year-of-rides")
            .athlete(2)
            .mfa(Mfa::fixed(MfaMethod::Email, "246810")),
    ]
}

/// The code a person types, where it is always the same.
pub(crate) fn fixed_code(person: &AccountSpec) -> Option<&str> {
    match &person.mfa.as_ref()?.code {
        MfaCode::Fixed(code) => Some(code),
        MfaCode::Generated => None,
    }
}

pub(crate) async fn start(people: Vec<AccountSpec>) -> anyhow::Result<Simulator> {
    serve(SimulatorOptions::new(Arc::new(SystemClock), people)).await
}

async fn serve(options: SimulatorOptions) -> anyhow::Result<Simulator> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("the simulator cannot listen on loopback")?;
    Simulator::start(listener, options).await.context("the simulator did not start")
}

/// Prints `NAME=VALUE` lines that `serve` understands, then one line per account, and stays.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut people = people();
    people.extend((1..=args.athletes).map(|number| {
        let email = format!("athlete{number}@demo.example");
        AccountSpec::new(email, "a-year-of-sport").athlete(100 + u64::from(number))
    }));
    process::runtime()?.block_on(async {
        let mut options = SimulatorOptions::new(Arc::new(SystemClock), people.clone());
        options.control = ControlSurface::Http;
        let simulator = serve(options).await?;
        process::print(&listing(&simulator, &people))?;
        process::shutdown().await;
        simulator.shutdown().await;
        Ok(())
    })
}

fn listing(simulator: &Simulator, people: &[AccountSpec]) -> String {
    let urls = simulator.urls();
    let mut text = String::new();
    for (name, url) in [
        ("GARMIN_SSO_URL", &urls.sso),
        ("GARMIN_API_URL", &urls.api),
        ("GARMIN_DIAUTH_URL", &urls.diauth),
        ("GARMIN_CONNECT_URL", &urls.connect),
    ] {
        _ = writeln!(text, "{name}={}", url.join(""));
    }
    for person in people {
        let code = fixed_code(person).map(|code| format!(" {code}")).unwrap_or_default();
        _ = writeln!(text, "ACCOUNT={} {}{code}", person.email, person.password);
    }
    text + "READY=1\n"
}
