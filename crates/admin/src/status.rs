//! `status`: the whole at a glance.

use std::fmt::Write as _;
use std::io::Write;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{self, Answer, Phase, Request};
use domain::id::{AccountId, ClientId};
use domain::region::Region;
use domain::sandbox::{self, Layer, Need};
use serde::Serialize;
use store::{AccountSummary, ClientSummary, Stats};

use crate::text::{ago, counted, harmless, table};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct StatusArgs {
    /// List accounts and clients too
    #[arg(long)]
    detail: bool,
    /// Print one JSON object with everything, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints. Fields are added and never change their meaning; times are RFC 3339
/// in UTC.
#[derive(Serialize)]
struct Report {
    counts: Stats,
    /// `null` when no gateway answers in this data directory.
    gateway: Option<Gateway>,
    /// Why nobody knows whether a gateway runs; otherwise `null`.
    gateway_error: Option<String>,
    accounts: Vec<ListedAccount>,
    clients: Vec<ListedClient>,
}

#[derive(Serialize)]
struct Gateway {
    node: String,
    version: String,
    started_at: String,
    max_workers: usize,
    queued_starts: usize,
    /// What the sandbox lacks, in words; empty when it is complete.
    sandbox_gaps: Vec<String>,
    sandbox: sandbox::Report,
    workers: Vec<Worker>,
}

#[derive(Serialize)]
struct Worker {
    account: AccountId,
    pid: u32,
    port: u16,
    phase: Phase,
    in_flight: u32,
    idle_secs: u64,
    started_at: String,
}

#[derive(Serialize)]
struct ListedAccount {
    account: AccountId,
    region: Region,
    sign_in_needed: bool,
    devices: u64,
    created_at: String,
    signed_in_at: String,
    refreshed_at: String,
}

#[derive(Serialize)]
struct ListedClient {
    client: ClientId,
    name: Option<String>,
    devices: u64,
    created_at: String,
    last_used_at: String,
}

/// Prints what is stored, and what runs if a gateway runs on this data directory.
pub async fn status(
    place: &Place,
    args: &StatusArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    let counts = store.stats(now).await?;
    let (accounts, clients) = (store.list_accounts().await?, store.list_clients().await?);
    store.close().await;
    // What is stored is worth showing whatever the gateway does.
    let (running, trouble) = match place.gateway().ask(&Request::Status).await {
        Ok(Some(Answer::Status(status))) => (Some(status), None),
        Ok(Some(Answer::Done | Answer::Failed { .. }) | None) => (None, None),
        Err(trouble) => (None, Some(trouble)),
    };
    if args.json {
        let report = Report {
            counts,
            gateway_error: trouble.as_ref().map(ToString::to_string),
            gateway: running.map(Gateway::from),
            accounts: accounts.into_iter().map(ListedAccount::from).collect(),
            clients: clients.into_iter().map(ListedClient::from).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return trouble.map_or(Ok(()), Err);
    }
    write!(out, "{}", counts_text(&counts))?;
    match &trouble {
        None => write!(out, "\n{}", gateway_text(running.as_ref(), now))?,
        Some(trouble) => writeln!(out, "\n{trouble}")?,
    }
    if args.detail {
        write!(out, "\n{}", accounts_text(&accounts, now))?;
        write!(out, "\n{}", clients_text(&clients, now))?;
    }
    trouble.map_or(Ok(()), Err)
}

fn counts_text(counts: &Stats) -> String {
    let row = |name: &str, count: u64, note: String| vec![name.into(), count.to_string(), note];
    let waiting = match counts.accounts_needing_sign_in {
        0 => String::new(),
        count => format!("{count} must sign in again"),
    };
    let people = counted(counts.people_with_device, "account has one", "accounts have one");
    table(
        &["stored", "", ""],
        vec![
            row("accounts", counts.accounts, waiting),
            row("devices", counts.devices, people),
            row("clients", counts.clients, String::new()),
            row("pending codes", counts.pending_codes, String::new()),
            row("sign-ins in progress", counts.sign_ins_in_progress, String::new()),
        ],
    )
}

fn gateway_text(running: Option<&console::Status>, now: Timestamp) -> String {
    let Some(status) = running else {
        return "no gateway is running on this data directory\n".to_owned();
    };
    let mut text = format!(
        "gateway {} of version {}, started {}; {} of at most {}, {} waiting to start\n",
        status.node,
        status.version,
        ago(status.started_at, now),
        counted(status.workers.len() as u64, "worker", "workers"),
        status.max_workers,
        status.queued_starts,
    );
    text += &sandbox_text(&status.sandbox);
    if !status.workers.is_empty() {
        text.push('\n');
        text += &table(
            &["worker of", "pid", "port", "phase", "calls", "idle", "started"],
            status.workers.iter().map(|worker| worker_row(worker, now)).collect(),
        );
    }
    text
}

fn sandbox_text(report: &sandbox::Report) -> String {
    let mut text = String::new();
    for gap in report.gaps() {
        _ = writeln!(text, "sandbox: {gap}");
    }
    let names: Vec<&str> = Layer::ALL
        .into_iter()
        .filter(|layer| report.is_active(*layer))
        .map(Layer::as_str)
        .collect();
    _ = writeln!(text, "sandbox layers: {}", names.join(" "));
    for (layer, reason) in report.missing(Need::Extra) {
        _ = writeln!(text, "sandbox without {layer}: {reason}");
    }
    text
}

fn worker_row(worker: &console::Worker, now: Timestamp) -> Vec<String> {
    vec![
        worker.account.to_string(),
        worker.pid.to_string(),
        worker.port.to_string(),
        phase(worker.phase).to_owned(),
        worker.in_flight.to_string(),
        format!("{} s", worker.idle_secs),
        ago(worker.started_at, now),
    ]
}

pub(crate) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Ready => "ready",
        Phase::Draining => "draining",
    }
}

fn accounts_text(accounts: &[AccountSummary], now: Timestamp) -> String {
    let rows = accounts.iter().map(|account| {
        let state = if account.sign_in_needed { "sign-in needed" } else { "live" };
        vec![
            account.id.to_string(),
            account.region.domain().to_owned(),
            state.to_owned(),
            account.devices.to_string(),
            ago(account.signed_in_at, now),
            ago(account.refreshed_at, now),
        ]
    });
    table(&["account", "region", "state", "devices", "signed in", "refreshed"], rows.collect())
}

fn clients_text(clients: &[ClientSummary], now: Timestamp) -> String {
    let rows = clients.iter().map(|client| {
        vec![
            harmless(client.id.as_str()),
            client.name.as_deref().map(harmless).unwrap_or_default(),
            client.devices.to_string(),
            ago(client.last_used_at, now),
        ]
    });
    table(&["client", "calls itself", "devices", "last used"], rows.collect())
}

impl From<console::Status> for Gateway {
    fn from(status: console::Status) -> Self {
        Self {
            node: status.node.to_string(),
            version: status.version,
            started_at: status.started_at.to_string(),
            max_workers: status.max_workers,
            queued_starts: status.queued_starts,
            sandbox_gaps: status.sandbox.gaps(),
            sandbox: status.sandbox,
            workers: status.workers.into_iter().map(Worker::from).collect(),
        }
    }
}

impl From<console::Worker> for Worker {
    fn from(worker: console::Worker) -> Self {
        Self {
            account: worker.account,
            pid: worker.pid,
            port: worker.port,
            phase: worker.phase,
            in_flight: worker.in_flight,
            idle_secs: worker.idle_secs,
            started_at: worker.started_at.to_string(),
        }
    }
}

impl From<AccountSummary> for ListedAccount {
    fn from(account: AccountSummary) -> Self {
        Self {
            account: account.id,
            region: account.region,
            sign_in_needed: account.sign_in_needed,
            devices: account.devices,
            created_at: account.created_at.to_string(),
            signed_in_at: account.signed_in_at.to_string(),
            refreshed_at: account.refreshed_at.to_string(),
        }
    }
}

impl From<ClientSummary> for ListedClient {
    fn from(client: ClientSummary) -> Self {
        Self {
            client: client.id,
            name: client.name,
            devices: client.devices,
            created_at: client.created_at.to_string(),
            last_used_at: client.last_used_at.to_string(),
        }
    }
}
