//! `status`: the whole at a glance.

use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{self, Answer, Phase, Request};
use domain::id::AccountId;
use domain::sandbox::{self, Layer, Need};
use schemars::JsonSchema;
use serde::Serialize;
use store::{AccountSummary, ClientSummary, Stats};

use crate::accounts::ListedAccount;
use crate::clients::ListedClient;
use crate::text::{ago, clipped, counted, mebibytes, span, table};
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

/// How far back failed sign-ins are counted.
const LATELY: Duration = Duration::from_hours(24);

/// What `--json` prints. Fields are added and never change their meaning; times are RFC 3339
/// in UTC.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report {
    counts: Counts,
    /// When the last backup was made; `null` when none is known of.
    last_backup_at: Option<String>,
    /// Sign-ins of the last 24 hours that failed, by reason, the most frequent first.
    failed_sign_ins: Vec<FailedSignIns>,
    /// `null` when no gateway answers in this data directory.
    gateway: Option<Gateway>,
    /// Why nobody knows whether a gateway runs; otherwise `null`.
    gateway_error: Option<String>,
    accounts: Vec<ListedAccount>,
    clients: Vec<ListedClient>,
}

#[derive(Serialize, JsonSchema)]
struct Counts {
    /// Accounts that a client was ever connected to.
    accounts: u64,
    accounts_needing_sign_in: u64,
    devices: u64,
    clients: u64,
    /// Codes that were issued and not redeemed yet.
    pending_codes: u64,
    sign_ins_in_progress: u64,
    /// Accounts with at least one device.
    people_with_device: u64,
}

#[derive(Serialize, JsonSchema)]
struct FailedSignIns {
    reason: String,
    count: u64,
}

#[derive(Serialize, JsonSchema)]
struct Gateway {
    node: String,
    version: String,
    started_at: String,
    max_workers: usize,
    queued_starts: usize,
    /// What the sandbox lacks, in words; empty when it is complete.
    sandbox_gaps: Vec<String>,
    #[schemars(with = "Vec<LayerShape>")]
    sandbox: sandbox::Report,
    workers: Vec<Worker>,
    /// The ways sign-ins leave by.
    egresses: Vec<EgressState>,
}

/// How a layer of the sandbox is told.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "describes what another crate writes")]
struct LayerShape {
    layer: String,
    /// `active` or `missing`.
    state: String,
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct EgressState {
    /// `direct`, or a digest of a proxy's address.
    name: String,
    region: String,
    /// Until when Garmin is left alone there; `null` when it is open.
    rests_until: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Worker {
    #[schemars(with = "String")]
    account: AccountId,
    pid: u32,
    port: u16,
    #[schemars(with = "String")]
    phase: Phase,
    in_flight: u32,
    /// Calls it has been given.
    calls: u64,
    /// Resident memory, shared pages included.
    memory_kib: Option<u32>,
    idle_secs: u64,
    started_at: String,
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
    let last_backup = store.backup_schedule().await?.last_done;
    let failed = store.sign_in_failure_reasons(now.minus(LATELY)).await?;
    store.close().await;
    // What is stored is worth showing whatever the gateway does.
    let (running, trouble) = match place.gateway().ask(&Request::Status).await {
        Ok(Some(Answer::Status(status))) => (Some(status), None),
        Ok(Some(Answer::Done | Answer::Failed { .. }) | None) => (None, None),
        Err(trouble) => (None, Some(trouble)),
    };
    if args.json {
        let report = Report {
            counts: counts.into(),
            last_backup_at: last_backup.map(|at| at.to_string()),
            failed_sign_ins: failed
                .into_iter()
                .map(|(reason, count)| FailedSignIns { reason, count })
                .collect(),
            gateway_error: trouble.as_ref().map(ToString::to_string),
            gateway: running.map(Gateway::from),
            accounts: accounts.iter().map(|account| ListedAccount::of(account, None)).collect(),
            clients: clients.into_iter().map(ListedClient::from).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &report).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return trouble.map_or(Ok(()), Err);
    }
    write!(out, "{}", counts_text(&counts))?;
    match last_backup {
        Some(at) => writeln!(out, "\nlast backup {}", ago(at, now))?,
        None => writeln!(out, "\nno backup is known of; `garmin-gateway backup` makes one")?,
    }
    if !failed.is_empty() {
        let reasons: Vec<_> =
            failed.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        writeln!(out, "sign-ins that failed within a day: {}", reasons.join(", "))?;
    }
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
        "gateway {} of version {}, started {}\n{} of at most {}, {} waiting to start\n",
        status.node,
        status.version,
        ago(status.started_at, now),
        counted(status.workers.len() as u64, "worker", "workers"),
        status.max_workers,
        status.queued_starts,
    );
    text += &sandbox_text(&status.sandbox);
    for egress in &status.egresses {
        if let Some(until) = egress.rests_until.filter(|until| *until > now) {
            _ = writeln!(
                text,
                "Garmin blocks sign-ins by `{}` ({}): none leaves there until {until}",
                egress.name, egress.region
            );
        }
    }
    if !status.workers.is_empty() {
        let mut workers: Vec<_> = status.workers.iter().collect();
        workers.sort_by_key(|worker| std::cmp::Reverse(worker.memory_kib));
        text.push('\n');
        text += &table(
            &["worker of", "pid", "phase", "calls", "memory", "idle"],
            workers.into_iter().map(worker_row).collect(),
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

fn worker_row(worker: &console::Worker) -> Vec<String> {
    let calls = match worker.in_flight {
        0 => worker.calls.to_string(),
        running => format!("{} ({running} now)", worker.calls),
    };
    vec![
        worker.account.to_string(),
        worker.pid.to_string(),
        phase(worker.phase).to_owned(),
        calls,
        worker.memory_kib.map(mebibytes).unwrap_or_default(),
        span(worker.idle_secs),
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
        let state = if account.sign_in_needed { "sign-in" } else { "live" };
        vec![
            account.id.to_string(),
            account.region.as_str().to_owned(),
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
            clipped(client.id.as_str(), 30),
            client.name.as_deref().map(|name| clipped(name, 20)).unwrap_or_default(),
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
            egresses: status
                .egresses
                .into_iter()
                .map(|egress| EgressState {
                    name: egress.name,
                    region: egress.region.to_string(),
                    rests_until: egress.rests_until.map(|until| until.to_string()),
                })
                .collect(),
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
            calls: worker.calls,
            memory_kib: worker.memory_kib,
            idle_secs: worker.idle_secs,
            started_at: worker.started_at.to_string(),
        }
    }
}

impl From<Stats> for Counts {
    fn from(stats: Stats) -> Self {
        Self {
            accounts: stats.accounts,
            accounts_needing_sign_in: stats.accounts_needing_sign_in,
            devices: stats.devices,
            clients: stats.clients,
            pending_codes: stats.pending_codes,
            sign_ins_in_progress: stats.sign_ins_in_progress,
            people_with_device: stats.people_with_device,
        }
    }
}
