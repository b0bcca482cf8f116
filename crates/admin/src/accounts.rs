//! `accounts`: whose they are to the gateway, and why somebody cannot sign in.

mod reasons;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;
use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{Answer, Egress, Request};
use domain::email::LoginEmail;
use domain::id::AccountId;
use schemars::JsonSchema;
use serde::Serialize;
use store::{AccountState, DailyUsage, SignInFailure, Store, day_of};

use crate::devices::ListedDevice;
use crate::text::{ago, counted, day, harmless, print_json, table};
use crate::who::{self, short};
use crate::{AdminError, Place};

pub use reasons::next_step;

#[derive(clap::Args)]
pub struct AccountsArgs {
    #[command(subcommand)]
    what: Option<Show>,
    /// Show the e-mail addresses people sign in with
    #[arg(long, global = true)]
    reveal: bool,
    /// Print one JSON object, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Show {
    /// One account: its session at Garmin, devices, use, and the sign-ins that failed
    Show {
        /// Its id, the beginning of it, or the e-mail address that is used to sign in
        #[arg(value_name = "ACCOUNT")]
        account: String,
    },
}

/// What `accounts --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Accounts {
    accounts: Vec<ListedAccount>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ListedAccount {
    #[schemars(with = "String")]
    account: AccountId,
    /// `global` or `china`.
    region: String,
    sign_in_needed: bool,
    devices: u64,
    created_at: String,
    signed_in_at: String,
    refreshed_at: String,
    /// With `--reveal` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

/// What `accounts show --json` prints. An address can have failed without an account.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Shown {
    accounts: Vec<Account>,
    /// Sign-ins with this address that failed within 30 days, the latest first.
    failures: Vec<Failure>,
    /// Ways to Garmin's sign-in that rest, on the gateway of this data directory.
    resting: Vec<Resting>,
}

#[derive(Serialize, JsonSchema)]
struct Account {
    #[serde(flatten)]
    listed: ListedAccount,
    /// How often its Garmin tokens were replaced.
    generation: i64,
    refresh_expires_at: Option<String>,
    connected: Vec<ListedDevice>,
    /// Tool calls of the last 30 days.
    used: Vec<UsedTool>,
}

#[derive(Serialize, JsonSchema)]
struct UsedTool {
    tool: String,
    calls: u64,
    /// Calls that got no answer of the tool.
    errors: u64,
    /// The last day with a call, in UTC.
    last_day: String,
}

#[derive(Serialize, JsonSchema)]
struct Failure {
    at: String,
    /// A closed word.
    reason: String,
    next_step: Option<&'static str>,
    client: String,
}

#[derive(Serialize, JsonSchema)]
struct Resting {
    egress: String,
    region: String,
    until: String,
}

/// How far back the use of one account is shown.
const BACK: Duration = Duration::from_hours(30 * 24);
/// Failures in the table; `--json` has all.
const MOST_FAILURES: usize = 10;

/// Lists accounts, or shows one.
pub async fn accounts(
    place: &Place,
    args: &AccountsArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    let done = match &args.what {
        None => list(&store, args, now, out).await,
        Some(Show::Show { account }) => {
            let resting = resting(place, now).await;
            show(&store, args, account, resting, now, out).await
        }
    };
    store.close().await;
    done
}

async fn list(
    store: &Store,
    args: &AccountsArgs,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let mut accounts = Vec::new();
    for summary in store.list_accounts().await? {
        let email = if args.reveal { email_of(store, &summary.id).await? } else { None };
        accounts.push((ListedAccount::of(&summary, email), summary));
    }
    if args.json {
        let accounts = accounts.into_iter().map(|(listed, _)| listed).collect();
        return print_json(&Accounts { accounts }, out);
    }
    if accounts.is_empty() {
        writeln!(out, "no accounts")?;
        return Ok(());
    }
    let rows = accounts.into_iter().map(|(listed, summary)| {
        let state = if summary.sign_in_needed { "sign-in" } else { "live" };
        let mut row = vec![listed.account.to_string(), state.into(), summary.devices.to_string()];
        match listed.email {
            Some(email) => row.push(harmless(&email)),
            None => row.extend([
                summary.region.as_str().to_owned(),
                ago(summary.signed_in_at, now),
                ago(summary.refreshed_at, now),
            ]),
        }
        row
    });
    let head: &[_] = if args.reveal {
        &["account", "state", "devices", "signs in as"]
    } else {
        &["account", "state", "devices", "region", "signed in", "refreshed"]
    };
    write!(out, "{}", table(head, rows.collect()))?;
    Ok(())
}

async fn email_of(store: &Store, account: &AccountId) -> Result<Option<String>, AdminError> {
    // Gone since it was listed.
    let found = store.find_account(account).await?;
    Ok(found.map(|found| found.email.reveal().to_owned()))
}

async fn show(
    store: &Store,
    args: &AccountsArgs,
    text: &str,
    resting: Vec<Egress>,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let email = LoginEmail::parse(text).ok();
    let found = match (who::accounts(store, text).await, &email) {
        (Ok(found), _) => found,
        // Whoever never got in has no account, and may be just the one who asks.
        (Err(AdminError::NoSuchAccount(_)), Some(_)) => Vec::new(),
        (Err(error), _) => return Err(error),
    };
    let failures = match (&email, found.first()) {
        (Some(email), _) => store.sign_in_failures(email).await?,
        (None, Some(account)) => store.sign_in_failures_of(account).await?,
        (None, None) => Vec::new(),
    };
    if found.is_empty() && failures.is_empty() {
        return Err(AdminError::NoSuchAccount(text.to_owned()));
    }
    let mut accounts = Vec::new();
    for id in &found {
        accounts.extend(account(store, id, args.reveal, now).await?);
    }
    if args.json {
        let shown = Shown {
            accounts,
            failures: failures.iter().map(Failure::of).collect(),
            resting: resting.iter().map(Resting::of).collect(),
        };
        return print_json(&shown, out);
    }
    let mut said = String::new();
    if accounts.is_empty() {
        said += "no account signs in with this address: nobody ever finished a sign-in with it\n";
    }
    for account in &accounts {
        said += &account.text(now);
    }
    said += &failures_text(&failures, now);
    for rest in &resting {
        let until = rest.rests_until.map(|until| until.to_string()).unwrap_or_default();
        _ = writeln!(
            said,
            "\nGarmin turns sign-ins away that leave by `{}` ({}): nobody is sent there until {until}",
            rest.name, rest.region
        );
    }
    write!(out, "{said}")?;
    Ok(())
}

async fn account(
    store: &Store,
    id: &AccountId,
    reveal: bool,
    now: Timestamp,
) -> Result<Option<Account>, AdminError> {
    let Some(found) = store.find_account(id).await? else { return Ok(None) };
    let devices = store.list_devices(Some(id)).await?;
    let listed = ListedAccount {
        account: id.clone(),
        region: found.region.to_string(),
        sign_in_needed: found.state == AccountState::SignInNeeded,
        devices: devices.len() as u64,
        created_at: found.created_at.to_string(),
        signed_in_at: found.signed_in_at.to_string(),
        refreshed_at: found.refreshed_at.to_string(),
        email: reveal.then(|| found.email.reveal().to_owned()),
    };
    let used = store.daily_usage(Some(id), day_of(now.minus(BACK))).await?;
    Ok(Some(Account {
        listed,
        generation: found.generation.0,
        refresh_expires_at: found.refresh_expires_at.map(|at| at.to_string()),
        connected: devices.into_iter().map(ListedDevice::from).collect(),
        used: by_tool(&used),
    }))
}

fn by_tool(used: &[DailyUsage]) -> Vec<UsedTool> {
    let mut tools: BTreeMap<&str, (u64, u64, i64)> = BTreeMap::new();
    for row in used {
        let (calls, errors, last) = tools.entry(&row.tool).or_default();
        *calls += row.calls;
        *errors += row.errors;
        *last = row.day.max(*last);
    }
    let mut tools: Vec<UsedTool> = tools
        .into_iter()
        .map(|(tool, (calls, errors, last))| UsedTool {
            tool: tool.to_owned(),
            calls,
            errors,
            last_day: day(last),
        })
        .collect();
    tools.sort_by(|one, other| other.calls.cmp(&one.calls).then(one.tool.cmp(&other.tool)));
    tools
}

/// Ways to Garmin that are closed. Whoever asks about one account need not have a gateway here.
async fn resting(place: &Place, now: Timestamp) -> Vec<Egress> {
    let Ok(Some(Answer::Status(status))) = place.gateway().ask(&Request::Status).await else {
        return Vec::new();
    };
    let rests = |egress: &Egress| egress.rests_until.is_some_and(|until| until > now);
    status.egresses.into_iter().filter(rests).collect()
}

fn failures_text(failures: &[SignInFailure], now: Timestamp) -> String {
    if failures.is_empty() {
        return "\nno sign-in has failed in 30 days\n".to_owned();
    }
    let rows = failures.iter().take(MOST_FAILURES).map(|failure| {
        vec![ago(failure.at, now), failure.reason.clone(), short(failure.client.as_str())]
    });
    let mut text = format!("\n{}", table(&["failed", "because", "from client"], rows.collect()));
    if let Some(step) = failures.first().and_then(|latest| next_step(&latest.reason)) {
        _ = writeln!(text, "the latest: {step}");
    }
    text
}

impl Account {
    fn text(&self, now: Timestamp) -> String {
        let listed = &self.listed;
        let state = if listed.sign_in_needed {
            "Garmin asks for a new sign-in: they connect again from any of their apps"
        } else {
            "live: Garmin accepts its session"
        };
        let mut text = format!("{} ({}), {state}\n", listed.account, listed.region);
        if let Some(email) = &listed.email {
            _ = writeln!(text, "signs in as {}", harmless(email));
        }
        _ = writeln!(text, "connected {}, signed in {}", listed.created_at, listed.signed_in_at);
        _ = writeln!(
            text,
            "Garmin tokens of {}, replaced {} times",
            listed.refreshed_at,
            self.generation.saturating_sub(1)
        );
        let devices = counted(listed.devices, "device", "devices");
        _ = writeln!(text, "\n{devices}");
        text += &crate::devices::text(&self.connected, now);
        if !self.used.is_empty() {
            let rows = self.used.iter().map(|used| {
                let (calls, errors) = (used.calls.to_string(), used.errors.to_string());
                vec![harmless(&used.tool), calls, errors, used.last_day.clone()]
            });
            let head = ["tool, last 30 days", "calls", "failed", "last day"];
            _ = write!(text, "\n{}", table(&head, rows.collect()));
        }
        text
    }
}

impl ListedAccount {
    pub(crate) fn of(summary: &store::AccountSummary, email: Option<String>) -> Self {
        Self {
            account: summary.id.clone(),
            region: summary.region.to_string(),
            sign_in_needed: summary.sign_in_needed,
            devices: summary.devices,
            created_at: summary.created_at.to_string(),
            signed_in_at: summary.signed_in_at.to_string(),
            refreshed_at: summary.refreshed_at.to_string(),
            email,
        }
    }
}

impl Failure {
    fn of(failure: &SignInFailure) -> Self {
        Self {
            at: failure.at.to_string(),
            next_step: next_step(&failure.reason),
            reason: failure.reason.clone(),
            client: failure.client.to_string(),
        }
    }
}

impl Resting {
    fn of(egress: &Egress) -> Self {
        Self {
            egress: egress.name.clone(),
            region: egress.region.to_string(),
            until: egress.rests_until.map(|until| until.to_string()).unwrap_or_default(),
        }
    }
}
