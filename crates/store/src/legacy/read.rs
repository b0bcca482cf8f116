//! Another gateway's SQLite file, read from end to end and never written to.
//!
//! SQLite keeps whatever type was put into a column, so every value is asked for its type first:
//! what is none of the documented ones makes its row unusable and nothing else.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

use super::OldGateway;
use super::report::LeftBehind;
use crate::alone::beside;
use crate::error::{Complaint, complaint};
use crate::pool::PATIENCE;

/// Everything in such a file that could come over, as it stands there: nothing is opened yet.
#[derive(Debug)]
pub struct OldDatabase {
    pub gateway: OldGateway,
    pub(super) accounts: Vec<OldAccount>,
    pub(super) clients: Vec<OldClient>,
    pub(super) tokens: Vec<OldToken>,
    pub(super) usage: Vec<OldUsage>,
    /// What has no place here.
    pub(super) left: Vec<LeftBehind>,
}

/// Why there is nothing to bring over. Every message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OldDatabaseError {
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} is not a SQLite database; name the other gateway's gateway.db", path.display())]
    NotADatabase { path: PathBuf },
    #[error(
        "{} is damaged ({said}); copy it again together with its -wal, while that gateway is \
         stopped", path.display()
    )]
    Damaged { path: PathBuf, said: String },
    #[error(
        "{} is a database of this program; `garmin-gateway backup` and `restore` move those",
        path.display()
    )]
    OurOwn { path: PathBuf },
    #[error(
        "{} is no database of the Python gateways: it has neither `garmin_accounts` nor \
         `accounts` with an `adapter`", path.display()
    )]
    Foreign { path: PathBuf },
    #[error("{} lacks {what}, which every gateway of that kind has", path.display())]
    Incomplete { path: PathBuf, what: String },
    #[error("{} is in use and cannot be read; stop the other gateway first", path.display())]
    Busy { path: PathBuf },
    #[error(
        "the secret is not the one {} was made with: none of its {accounts} sessions opens; \
         name the file with that gateway's GATEWAY_SECRET by --from-secret-file", path.display()
    )]
    WrongSecret { path: PathBuf, accounts: usize },
}

/// A row as text and numbers; what is missing or of another type is `None`.
#[derive(Debug)]
pub(super) struct OldAccount {
    pub(super) row: i64,
    pub(super) key: Option<String>,
    pub(super) blob: Option<String>,
    pub(super) created_at: Option<i64>,
    pub(super) updated_at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct OldClient {
    pub(super) row: i64,
    pub(super) id: Option<String>,
    pub(super) secret_hash: Option<String>,
    pub(super) redirect_uris: Option<String>,
    pub(super) name: Option<String>,
    pub(super) created_at: Option<i64>,
    pub(super) last_seen: Option<i64>,
}

#[derive(Debug)]
pub(super) struct OldToken {
    pub(super) row: i64,
    pub(super) hash: Option<String>,
    pub(super) account: Option<String>,
    pub(super) client: Option<String>,
    pub(super) created_at: Option<i64>,
    pub(super) last_used: Option<i64>,
    pub(super) expires_at: Expiry,
}

/// When a token ends, as far as the row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expiry {
    Never,
    At(i64),
    Unreadable,
}

#[derive(Debug)]
pub(super) struct OldUsage {
    pub(super) row: i64,
    pub(super) account: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) calls: Option<i64>,
    pub(super) last_used: Option<i64>,
}

/// A text column as SQLite returns it, before anybody knows whether it is UTF-8.
type Raw = Option<Vec<u8>>;
type Seconds = Option<i64>;
type AccountRow = (i64, Raw, Raw, Seconds, Seconds);
type ClientRow = (i64, Raw, Raw, Raw, Raw, Seconds, Seconds);
type TokenRow = (i64, Raw, Raw, Raw, Seconds, Seconds, Seconds);
type UsageRow = (i64, Raw, Raw, Option<i64>, Seconds);

/// Tables of the other gateways that have no counterpart here.
const WITHOUT_A_PLACE: [(&str, &str); 7] = [
    ("oauth_codes", "codes of sign-ins under way, which end within ten minutes"),
    ("subscribers", "newsletter subscribers"),
    ("suggestions", "suggestions"),
    ("beers", "donations"),
    ("campaigns", "mail campaigns"),
    ("campaign_sends", "mails of campaigns"),
    ("unsubscribes", "who wants no mail"),
];

impl OldDatabase {
    /// Reads the file. A log beside it is read as well, and so nothing is lost of a gateway that
    /// was killed; the file itself is opened read-only.
    pub async fn read(path: &Path) -> Result<Self, OldDatabaseError> {
        look_at_file(path)?;
        let failed = |error: sqlx::Error| problem(path, &error);
        // Without a log there is nothing that could change under us, and nothing to be made
        // beside the file: it may lie where nobody can write.
        let log = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .read_only(true)
            .immutable(!log)
            .busy_timeout(PATIENCE);
        let mut connection = SqliteConnection::connect_with(&options).await.map_err(failed)?;
        // One look at one moment, whoever else writes.
        let mut transaction = connection.begin().await.map_err(failed)?;
        let found = File { path, connection: &mut transaction }.read().await;
        transaction.rollback().await.map_err(failed)?;
        let closed = connection.close().await;
        let found = found?;
        closed.map_err(failed)?;
        Ok(found)
    }

    /// How many sessions it holds.
    #[must_use]
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }
}

fn look_at_file(path: &Path) -> Result<(), OldDatabaseError> {
    let unreadable = |source| OldDatabaseError::Unreadable { path: path.to_owned(), source };
    let mut head = [0; 16];
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    match file.read_exact(&mut head) {
        Ok(()) if head == *b"SQLite format 3\0" => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(unreadable(error)),
        Ok(()) | Err(_) => Err(OldDatabaseError::NotADatabase { path: path.to_owned() }),
    }
}

fn problem(path: &Path, error: &sqlx::Error) -> OldDatabaseError {
    let path = path.to_owned();
    let damaged = |said: String| OldDatabaseError::Damaged { path: path.clone(), said };
    match error {
        sqlx::Error::Database(said) => match complaint(&**said) {
            Complaint::Busy => OldDatabaseError::Busy { path },
            Complaint::NotADatabase => OldDatabaseError::NotADatabase { path },
            Complaint::CannotOpen | Complaint::Unavailable => {
                let source = io::Error::other(said.to_string());
                OldDatabaseError::Unreadable { path, source }
            }
            Complaint::Full
            | Complaint::Damaged
            | Complaint::Dangling
            | Complaint::Duplicate
            | Complaint::Other => damaged(said.to_string()),
        },
        other => damaged(other.to_string()),
    }
}

struct File<'a> {
    path: &'a Path,
    connection: &'a mut SqliteConnection,
}

impl File<'_> {
    async fn read(mut self) -> Result<OldDatabase, OldDatabaseError> {
        let said: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_all(&mut *self.connection)
            .await
            .map_err(|error| problem(self.path, &error))?;
        if let Some(said) = said.into_iter().find(|line| line != "ok") {
            return Err(OldDatabaseError::Damaged { path: self.path.to_owned(), said });
        }
        let gateway = self.gateway().await?;
        let names = Names::of(gateway);
        Ok(OldDatabase {
            gateway,
            left: self.left_behind(&names).await?,
            accounts: self.accounts(&names).await?,
            clients: self.clients(&names).await?,
            tokens: self.tokens(&names).await?,
            usage: self.usage(&names).await?,
        })
    }

    /// Told by its tables: the number of its schema says only how old it is.
    async fn gateway(&mut self) -> Result<OldGateway, OldDatabaseError> {
        if !self.columns("_sqlx_migrations").await?.is_empty() {
            return Err(OldDatabaseError::OurOwn { path: self.path.to_owned() });
        }
        if self.columns("accounts").await?.iter().any(|name| name == "adapter") {
            return Ok(OldGateway::Successor);
        }
        if self.columns("garmin_accounts").await?.is_empty() {
            return Err(OldDatabaseError::Foreign { path: self.path.to_owned() });
        }
        Ok(OldGateway::Original)
    }

    /// The columns of a table; none when it is not there.
    async fn columns(&mut self, table: &str) -> Result<Vec<String>, OldDatabaseError> {
        sqlx::query_scalar("SELECT name FROM pragma_table_info($1)")
            .bind(table)
            .fetch_all(&mut *self.connection)
            .await
            .map_err(|error| problem(self.path, &error))
    }

    /// The columns of a table that has to have these.
    async fn demand(
        &mut self,
        table: &str,
        wanted: &[&str],
    ) -> Result<Vec<String>, OldDatabaseError> {
        let columns = self.columns(table).await?;
        let incomplete =
            |what: String| OldDatabaseError::Incomplete { path: self.path.to_owned(), what };
        if columns.is_empty() {
            return Err(incomplete(format!("the table `{table}`")));
        }
        match wanted.iter().find(|name| !columns.iter().any(|column| column == *name)) {
            Some(missing) => Err(incomplete(format!("the column `{missing}` of `{table}`"))),
            None => Ok(columns),
        }
    }

    async fn rows<R>(&mut self, sql: String) -> Result<Vec<R>, OldDatabaseError>
    where
        R: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow> + Send + Unpin,
    {
        sqlx::query_as(AssertSqlSafe(sql))
            .fetch_all(&mut *self.connection)
            .await
            .map_err(|error| problem(self.path, &error))
    }

    async fn accounts(&mut self, names: &Names) -> Result<Vec<OldAccount>, OldDatabaseError> {
        let &Names { accounts, key, blob, mine } = names;
        self.demand(accounts, &[key, blob, "created_at", "updated_at"]).await?;
        let sql = format!(
            "SELECT rowid, {}, {}, {}, {} FROM {accounts}{mine} ORDER BY rowid",
            text(key),
            text(blob),
            time("created_at"),
            time("updated_at")
        );
        let rows: Vec<AccountRow> = self.rows(sql).await?;
        Ok(rows
            .into_iter()
            .map(|(row, key, blob, created_at, updated_at)| {
                let (key, blob) = (utf8(key), utf8(blob));
                OldAccount { row, key, blob, created_at, updated_at }
            })
            .collect())
    }

    async fn clients(&mut self, names: &Names) -> Result<Vec<OldClient>, OldDatabaseError> {
        const TABLE: &str = "oauth_clients";
        let wanted =
            ["client_id", "client_secret_hash", "redirect_uris", "client_name", "created_at"];
        let columns = self.demand(TABLE, &wanted).await?;
        let last_seen = optional(&columns, "last_seen", time);
        let [id, secret, redirects, name, created_at] = wanted;
        let sql = format!(
            "SELECT rowid, {}, {}, {}, {}, {}, {last_seen} FROM {TABLE}{} ORDER BY rowid",
            text(id),
            text(secret),
            text(redirects),
            text(name),
            time(created_at),
            names.mine
        );
        let rows: Vec<ClientRow> = self.rows(sql).await?;
        Ok(rows
            .into_iter()
            .map(|(row, id, secret_hash, redirect_uris, name, created_at, last_seen)| OldClient {
                row,
                id: utf8(id),
                secret_hash: utf8(secret_hash),
                redirect_uris: utf8(redirect_uris),
                name: utf8(name),
                created_at,
                last_seen,
            })
            .collect())
    }

    async fn tokens(&mut self, names: &Names) -> Result<Vec<OldToken>, OldDatabaseError> {
        const TABLE: &str = "access_tokens";
        let wanted = ["token_hash", names.key, "client_id", "created_at", "last_used"];
        let columns = self.demand(TABLE, &wanted).await?;
        // The oldest gateways issued tokens without an end.
        let expires_at = optional(&columns, "expires_at", end);
        let [hash, account, client, created_at, last_used] = wanted;
        let sql = format!(
            "SELECT rowid, {}, {}, {}, {}, {}, {expires_at} FROM {TABLE}{} ORDER BY rowid",
            text(hash),
            text(account),
            text(client),
            time(created_at),
            time(last_used),
            names.mine
        );
        let rows: Vec<TokenRow> = self.rows(sql).await?;
        Ok(rows
            .into_iter()
            .map(|(row, hash, account, client, created_at, last_used, expires_at)| OldToken {
                row,
                hash: utf8(hash),
                account: utf8(account),
                client: utf8(client),
                created_at,
                last_used,
                expires_at: match expires_at {
                    None => Expiry::Never,
                    Some(at) if at < 0 => Expiry::Unreadable,
                    Some(at) => Expiry::At(at),
                },
            })
            .collect())
    }

    /// Counted by later gateways only.
    async fn usage(&mut self, names: &Names) -> Result<Vec<OldUsage>, OldDatabaseError> {
        const TABLE: &str = "tool_usage";
        if self.columns(TABLE).await?.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = [names.key, "tool", "calls", "last_used"];
        self.demand(TABLE, &wanted).await?;
        let [account, tool, calls, last_used] = wanted;
        let sql = format!(
            "SELECT rowid, {}, {}, CASE typeof({calls}) WHEN 'integer' THEN {calls} END, {}
               FROM {TABLE}{} ORDER BY rowid",
            text(account),
            text(tool),
            time(last_used),
            names.mine
        );
        let rows: Vec<UsageRow> = self.rows(sql).await?;
        Ok(rows
            .into_iter()
            .map(|(row, account, tool, calls, last_used)| {
                let (account, tool) = (utf8(account), utf8(tool));
                OldUsage { row, account, tool, calls, last_used }
            })
            .collect())
    }

    async fn left_behind(&mut self, names: &Names) -> Result<Vec<LeftBehind>, OldDatabaseError> {
        let mut left = Vec::new();
        for (table, what) in WITHOUT_A_PLACE {
            if !self.columns(table).await?.is_empty() {
                let count = self.count(format!("SELECT COUNT(*) FROM {table}")).await?;
                left.extend((count > 0).then_some(LeftBehind { what, rows: count }));
            }
        }
        if names.mine.is_empty() {
            return Ok(left);
        }
        let mut others = 0;
        for table in ["accounts", "oauth_clients", "access_tokens", "tool_usage"] {
            if self.columns(table).await?.iter().any(|name| name == "adapter") {
                let sql = format!("SELECT COUNT(*) FROM {table} WHERE adapter IS NOT 'garmin'");
                others += self.count(sql).await?;
            }
        }
        let what = "what belongs to other providers than Garmin";
        left.extend((others > 0).then_some(LeftBehind { what, rows: others }));
        Ok(left)
    }

    async fn count(&mut self, sql: String) -> Result<u64, OldDatabaseError> {
        let rows: Vec<(i64,)> = self.rows(sql).await?;
        Ok(rows.first().map_or(0, |(count,)| count.unsigned_abs()))
    }
}

/// What differs between the two schemas.
struct Names {
    accounts: &'static str,
    key: &'static str,
    blob: &'static str,
    /// Which rows are Garmin's.
    mine: &'static str,
}

impl Names {
    fn of(gateway: OldGateway) -> Self {
        match gateway {
            OldGateway::Original => Self {
                accounts: "garmin_accounts",
                key: "garmin_user_key",
                blob: "garmin_tokens_enc",
                mine: "",
            },
            OldGateway::Successor => Self {
                accounts: "accounts",
                key: "account_key",
                blob: "blob_enc",
                mine: " WHERE adapter = 'garmin'",
            },
        }
    }
}

fn utf8(raw: Raw) -> Option<String> {
    String::from_utf8(raw?).ok()
}

/// Bytes, because text in a SQLite file need not be UTF-8.
fn text(column: &str) -> String {
    format!("CASE typeof({column}) WHEN 'text' THEN CAST({column} AS BLOB) END")
}

/// `YYYY-MM-DD HH:MM:SS` in UTC.
fn time(column: &str) -> String {
    format!("CASE typeof({column}) WHEN 'text' THEN unixepoch({column}) END")
}

/// Seconds since the epoch, null for never, and a negative number for what is neither.
fn end(column: &str) -> String {
    format!("CASE typeof({column}) WHEN 'null' THEN NULL WHEN 'integer' THEN {column} ELSE -1 END")
}

fn optional(columns: &[String], column: &str, sql: fn(&str) -> String) -> String {
    if columns.iter().any(|name| name == column) {
        sql(column)
    } else {
        // Typed, so that the answer has a type where no row has the column.
        "CAST(NULL AS INTEGER)".to_owned()
    }
}
