//! `clients`: which apps have registered, what they call, and which of them fails.

use std::collections::HashMap;
use std::io::Write;

use domain::clock::{Clock as _, SystemClock};
use domain::id::ClientId;
use schemars::JsonSchema;
use serde::Serialize;
use store::day_of;

use crate::text::{ago, clipped, print_json, table};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct ClientsArgs {
    /// Count the calls of so many days, today included
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=100))]
    days: u32,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `clients --json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Clients {
    /// How many days are counted.
    days: u32,
    clients: Vec<CountedClient>,
}

#[derive(Serialize, JsonSchema)]
struct CountedClient {
    #[serde(flatten)]
    listed: ListedClient,
    /// Tool calls.
    calls: u64,
    /// Calls that got no answer of the tool.
    errors: u64,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ListedClient {
    #[schemars(with = "String")]
    client: ClientId,
    name: Option<String>,
    devices: u64,
    created_at: String,
    last_used_at: String,
}

/// Lists clients, the most recently used first.
pub async fn clients(
    place: &Place,
    args: &ClientsArgs,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let now = SystemClock.now();
    let store = place.store().await?;
    let clients = store.list_clients().await?;
    let used = store.daily_usage(None, first_day(args.days, day_of(now))).await?;
    store.close().await;
    let mut counts: HashMap<&ClientId, (u64, u64)> = HashMap::new();
    for row in &used {
        let (calls, errors) = counts.entry(&row.client).or_default();
        *calls += row.calls;
        *errors += row.errors;
    }
    let count = |id: &ClientId| counts.get(id).copied().unwrap_or_default();
    if args.json {
        let counted = clients.into_iter().map(|client| {
            let (calls, errors) = count(&client.id);
            CountedClient { listed: ListedClient::from(client), calls, errors }
        });
        return print_json(&Clients { days: args.days, clients: counted.collect() }, out);
    }
    if clients.is_empty() {
        writeln!(out, "no clients")?;
        return Ok(());
    }
    let rows = clients.iter().map(|client| {
        let (calls, errors) = count(&client.id);
        vec![
            clipped(client.id.as_str(), 26),
            client.name.as_deref().map(|name| clipped(name, 12)).unwrap_or_default(),
            client.devices.to_string(),
            calls.to_string(),
            errors.to_string(),
            ago(client.last_used_at, now),
        ]
    });
    let calls = format!("calls {}d", args.days);
    let head = ["client", "calls itself", "devs", &calls, "failed", "used"];
    write!(out, "{}", table(&head, rows.collect()))?;
    Ok(())
}

/// The first of so many days that end with `today`.
pub(crate) fn first_day(days: u32, today: i64) -> i64 {
    today - i64::from(days) + 1
}

impl From<store::ClientSummary> for ListedClient {
    fn from(client: store::ClientSummary) -> Self {
        Self {
            client: client.id,
            name: client.name,
            devices: client.devices,
            created_at: client.created_at.to_string(),
            last_used_at: client.last_used_at.to_string(),
        }
    }
}
