//! `usage`: who uses what. Whoever only stays connected is not active: tool calls count, and
//! nothing else does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write;

use domain::clock::{Clock as _, SystemClock};
use domain::id::AccountId;
use schemars::JsonSchema;
use serde::Serialize;
use store::{DailyUsage, UsageRow, day_of};

use crate::clients::first_day;
use crate::text::{counted, day, harmless, print_json, table};
use crate::who;
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct UsageArgs {
    /// Only one account: its id, the beginning of it, or its e-mail address
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// So many days, today included (in UTC)
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    days: u32,
    /// Everything since the beginning, imported counts included; failures are not known so far back
    #[arg(long, conflicts_with = "days")]
    all_time: bool,
    /// The longest either list gets
    #[arg(long, value_name = "N", default_value_t = 15)]
    limit: usize,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `usage --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Usage {
    /// The first day counted, in UTC; null for all time.
    since: Option<String>,
    /// Accounts that called a tool.
    active_accounts: u64,
    accounts: u64,
    calls: u64,
    /// Calls that got no answer of the tool.
    errors: u64,
    /// The busiest first.
    by_account: Vec<ByAccount>,
    by_tool: Vec<ByTool>,
}

#[derive(Serialize, JsonSchema)]
struct ByAccount {
    #[schemars(with = "String")]
    account: AccountId,
    calls: u64,
    errors: u64,
    /// Different tools.
    tools: u64,
    /// Days with a call; 0 for all time, where days are not known.
    days: u64,
    last_day: String,
}

#[derive(Serialize, JsonSchema)]
struct ByTool {
    tool: String,
    calls: u64,
    errors: u64,
    /// Different accounts.
    accounts: u64,
    last_day: String,
}

/// Counts of one account, or of one tool.
#[derive(Default)]
struct Sum<'a> {
    calls: u64,
    errors: u64,
    others: BTreeSet<&'a str>,
    days: BTreeSet<i64>,
    last: i64,
}

/// One counter, from either table.
struct Counter {
    account: AccountId,
    tool: String,
    calls: u64,
    errors: u64,
    last: i64,
    /// Whether the counter is of that one day.
    daily: bool,
}

/// Prints who was active and with what.
pub async fn usage(
    place: &Place,
    args: &UsageArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let today = day_of(SystemClock.now());
    let store = place.store().await?;
    let wanted = match &args.account {
        Some(text) => Some(who::accounts(&store, text).await?),
        None => None,
    };
    let accounts = store.list_accounts().await?.len() as u64;
    let since = (!args.all_time).then(|| first_day(args.days, today));
    let mut counters: Vec<Counter> = match since {
        Some(since) => {
            store.daily_usage(None, since).await?.into_iter().map(Counter::from).collect()
        }
        None => store.list_usage().await?.into_iter().map(Counter::from).collect(),
    };
    store.close().await;
    if let Some(wanted) = &wanted {
        counters.retain(|counter| wanted.contains(&counter.account));
    }
    let usage = Usage::of(&counters, since, accounts);
    if args.json {
        return print_json(&usage, out);
    }
    let alone = wanted.is_some();
    write!(out, "{}", usage.text(args, alone))?;
    Ok(())
}

impl Usage {
    fn of(counters: &[Counter], since: Option<i64>, accounts: u64) -> Self {
        let (mut people, mut tools) = (BTreeMap::new(), BTreeMap::new());
        for counter in counters {
            let account = counter.account.as_str();
            let sum: &mut Sum<'_> = people.entry(account).or_default();
            sum.add(counter, &counter.tool);
            let sum: &mut Sum<'_> = tools.entry(counter.tool.as_str()).or_default();
            sum.add(counter, account);
        }
        let mut by_account: Vec<ByAccount> = people
            .into_iter()
            .filter_map(|(account, sum)| {
                Some(ByAccount {
                    account: AccountId::parse(account).ok()?,
                    calls: sum.calls,
                    errors: sum.errors,
                    tools: sum.others.len() as u64,
                    days: sum.days.len() as u64,
                    last_day: day(sum.last),
                })
            })
            .collect();
        by_account.sort_by_key(|row| Reverse(row.calls));
        let mut by_tool: Vec<ByTool> = tools
            .into_iter()
            .map(|(tool, sum)| ByTool {
                tool: tool.to_owned(),
                calls: sum.calls,
                errors: sum.errors,
                accounts: sum.others.len() as u64,
                last_day: day(sum.last),
            })
            .collect();
        by_tool.sort_by_key(|row| Reverse(row.calls));
        Self {
            since: since.map(day),
            active_accounts: by_account.len() as u64,
            accounts,
            calls: by_account.iter().map(|row| row.calls).sum(),
            errors: by_account.iter().map(|row| row.errors).sum(),
            by_account,
            by_tool,
        }
    }

    fn text(&self, args: &UsageArgs, alone: bool) -> String {
        let when = match &self.since {
            Some(first) => format!("since {first} (UTC)"),
            None => "since the beginning".to_owned(),
        };
        let calls = counted(self.calls, "tool call", "tool calls");
        let mut text = if alone {
            format!("{calls} {when}, {} without an answer\n", self.errors)
        } else {
            format!(
                "{} of {} active {when}: {calls}, {} without an answer\n",
                self.active_accounts,
                counted(self.accounts, "account", "accounts"),
                self.errors
            )
        };
        if self.calls == 0 {
            return text;
        }
        if !alone {
            let rows = self.by_account.iter().take(args.limit).map(|row| {
                vec![
                    row.account.to_string(),
                    row.calls.to_string(),
                    row.errors.to_string(),
                    row.tools.to_string(),
                    row.days.to_string(),
                    row.last_day.clone(),
                ]
            });
            let head = ["account", "calls", "failed", "tools", "days", "last day"];
            _ = write!(text, "\n{}", table(&head, rows.collect()));
        }
        let rows = self.by_tool.iter().take(args.limit).map(|row| {
            vec![
                harmless(&row.tool),
                row.calls.to_string(),
                row.errors.to_string(),
                row.accounts.to_string(),
                row.last_day.clone(),
            ]
        });
        let head = ["tool", "calls", "failed", "accounts", "last day"];
        _ = write!(text, "\n{}", table(&head, rows.collect()));
        text
    }
}

impl<'a> Sum<'a> {
    fn add(&mut self, counter: &Counter, other: &'a str) {
        self.calls += counter.calls;
        self.errors += counter.errors;
        self.others.insert(other);
        if counter.daily {
            self.days.insert(counter.last);
        }
        self.last = self.last.max(counter.last);
    }
}

impl From<DailyUsage> for Counter {
    fn from(row: DailyUsage) -> Self {
        Self {
            account: row.account,
            tool: row.tool,
            calls: row.calls,
            errors: row.errors,
            last: row.day,
            daily: true,
        }
    }
}

impl From<UsageRow> for Counter {
    fn from(row: UsageRow) -> Self {
        Self {
            account: row.account,
            tool: row.tool,
            calls: row.calls,
            errors: 0,
            last: day_of(row.last_used_at),
            daily: false,
        }
    }
}
