//! `import`: accounts, clients, tokens and counts of a Python gateway come over.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use domain::clock::{Clock as _, SystemClock};
use domain::region::Region;
use schemars::JsonSchema;
use serde::Serialize;
use store::{
    ImportError, ImportMode, ImportOrder, Imported, NotTaken, OldDatabase, OldGateway, OldSecret,
    ReadSession, Reason, Tally,
};
use zeroize::Zeroizing;

use crate::text::{counted, harmless, print_json, table};
use crate::{AdminError, Place};

#[derive(clap::Args)]
pub struct ImportArgs {
    /// The other gateway's database: `gateway.db` in its `DATA_DIR`. It is only read
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// A file with the other gateway's `GATEWAY_SECRET`, where ours is another
    #[arg(long, value_name = "FILE")]
    from_secret_file: Option<PathBuf>,
    /// Bring it over; without this, only say what would come
    #[arg(long)]
    apply: bool,
    /// Show the e-mail addresses of rows that are not taken
    #[arg(long)]
    reveal: bool,
    /// Print one JSON object, for programs
    #[arg(long)]
    json: bool,
}

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Brought {
    /// `original` or `successor`.
    gateway: &'static str,
    /// Whether it was done, or only looked at.
    applied: bool,
    accounts: Rows,
    clients: Rows,
    tokens: Rows,
    usage: Rows,
    /// Accounts that came over unused for 30 days: Garmin asks their people to sign in.
    stale: u64,
    /// Tokens whose client the other gateway had lost: they work to their end.
    lost_clients: u64,
    not_taken: Vec<Left>,
    /// Kinds of rows that have no place here.
    left_behind: Vec<Kind>,
}

/// `found` is the sum of the others.
#[derive(Serialize, JsonSchema)]
struct Rows {
    found: u64,
    taken: u64,
    /// Known here, and newer there.
    renewed: u64,
    /// Known here; nothing is changed.
    known: u64,
    not_taken: u64,
}

#[derive(Serialize, JsonSchema)]
struct Left {
    table: &'static str,
    /// SQLite's rowid.
    row: i64,
    /// A closed word.
    #[schemars(with = "String")]
    reason: Reason,
    sentence: &'static str,
    /// With `--reveal` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Kind {
    what: &'static str,
    rows: u64,
}

/// Rows of one reason that are named one by one.
const MOST_NAMED: usize = 5;

/// Brings over what another gateway's database holds, or says what would come. `read` knows
/// Garmin's tokens, and `region` is where those belong that do not say it.
pub async fn import(
    place: &Place,
    args: &ImportArgs,
    region: Region,
    read: ReadSession,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let secret = match &args.from_secret_file {
        None => OldSecret::same_as(&place.secret),
        Some(path) => {
            let unread = |source| AdminError::OldSecret { path: path.clone(), source };
            let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unread)?);
            if text.trim().is_empty() {
                return Err(unread(io::Error::other("the file is empty")));
            }
            OldSecret::of(&text)
        }
    };
    let old = OldDatabase::read(&args.from).await.map_err(AdminError::Import)?;
    let store = place.store().await?;
    let mode = if args.apply { ImportMode::Take } else { ImportMode::Look };
    let order = ImportOrder { path: &args.from, secret: &secret, read, region, mode };
    let imported = store.import(&old, &order, SystemClock.now()).await;
    store.close().await;
    let imported = imported.map_err(|error| match error {
        ImportError::Old(error) => AdminError::Import(error),
        ImportError::Store(error) => AdminError::Store(error),
    })?;
    if args.json {
        return print_json(&Brought::of(&imported, args), out);
    }
    write!(out, "{}", text(&imported, args))?;
    Ok(())
}

fn text(imported: &Imported, args: &ImportArgs) -> String {
    let kind = match imported.gateway {
        OldGateway::Original => "original gateway (garmin-mcp-gateway)",
        OldGateway::Successor => "successor, its Garmin part",
    };
    let mut text = format!("the database of the {kind}\n\n");
    let row = |name: &str, tally: Tally| {
        let counts = [tally.found, tally.taken, tally.renewed, tally.known, tally.not_taken];
        std::iter::once(name.to_owned()).chain(counts.map(|count| count.to_string())).collect()
    };
    let verb = if args.apply { "taken" } else { "to take" };
    text += &table(
        &["", "found", verb, "newer there", "known here", "left"],
        vec![
            row("accounts", imported.accounts),
            row("clients", imported.clients),
            row("live tokens", imported.tokens),
            row("tool counts", imported.usage),
        ],
    );
    text += &left_text(&imported.not_taken, args.reveal);
    for left in &imported.left_behind {
        _ = writeln!(text, "{} stay there: {}", counted(left.rows, "row", "rows"), left.what);
    }
    text.push('\n');
    if imported.stale > 0 {
        let accounts = counted(imported.stale, "account was", "accounts were");
        _ = writeln!(
            text,
            "{accounts} not used for 30 days: Garmin will have forgotten the session, and the \
             app asks for a sign-in."
        );
    }
    if imported.lost_clients > 0 {
        let tokens = counted(imported.lost_clients, "token belongs", "tokens belong");
        _ = writeln!(
            text,
            "{tokens} to apps whose registration is lost: they work to their end, then the \
             connector has to be removed and added again."
        );
    }
    let next = match (args.apply, imported.adds(), imported.gateway) {
        (_, false, _) => "Nothing is new; running this again changes nothing.",
        (false, true, _) => {
            "Nothing was changed. Stop the other gateway, then run this again with --apply."
        }
        (true, true, OldGateway::Original) => {
            "Done. Point the old address here (PUBLIC_URL stays as it was): apps stay connected."
        }
        (true, true, OldGateway::Successor) => {
            "Done. Point the old address here (PUBLIC_URL stays as it was): apps stay connected, \
             and PUBLIC_URL/garmin/mcp with its sign-in answers from now on."
        }
    };
    _ = writeln!(text, "{next}");
    text
}

/// Each reason once, with the rows it met.
fn left_text(left: &[NotTaken], reveal: bool) -> String {
    let mut reasons: BTreeMap<(&str, Reason), Vec<&NotTaken>> = BTreeMap::new();
    for row in left {
        reasons.entry((row.table, row.reason)).or_default().push(row);
    }
    let mut text = String::new();
    for ((table, reason), rows) in reasons {
        if text.is_empty() {
            text.push('\n');
        }
        let count = counted(rows.len() as u64, "row", "rows");
        _ = writeln!(text, "left: {count} of `{table}`: {}", reason.sentence());
        let named: Vec<String> = rows
            .iter()
            .take(MOST_NAMED)
            .map(|row| match row.whose.as_ref().filter(|_| reveal) {
                Some(email) => format!("{} ({})", row.row, harmless(email.reveal())),
                None => row.row.to_string(),
            })
            .collect();
        let more = if rows.len() > MOST_NAMED { ", …" } else { "" };
        _ = writeln!(text, "      rowid {}{more}", named.join(", "));
    }
    text
}

impl Brought {
    fn of(imported: &Imported, args: &ImportArgs) -> Self {
        let left = |row: &NotTaken| Left {
            table: row.table,
            row: row.row,
            reason: row.reason,
            sentence: row.reason.sentence(),
            email: row
                .whose
                .as_ref()
                .filter(|_| args.reveal)
                .map(|email| email.reveal().to_owned()),
        };
        Self {
            gateway: imported.gateway.as_str(),
            applied: args.apply,
            accounts: imported.accounts.into(),
            clients: imported.clients.into(),
            tokens: imported.tokens.into(),
            usage: imported.usage.into(),
            stale: imported.stale,
            lost_clients: imported.lost_clients,
            not_taken: imported.not_taken.iter().map(left).collect(),
            left_behind: imported
                .left_behind
                .iter()
                .map(|left| Kind { what: left.what, rows: left.rows })
                .collect(),
        }
    }
}

impl From<Tally> for Rows {
    fn from(tally: Tally) -> Self {
        Self {
            found: tally.found,
            taken: tally.taken,
            renewed: tally.renewed,
            known: tally.known,
            not_taken: tally.not_taken,
        }
    }
}
