//! What is in a backup: every table that lasts, in an order in which rows may refer to others.
//!
//! Sign-ins in progress, browser sessions and links are over in minutes and stay out, and so do
//! sign-ins that failed. The keys are in
//! the header of a backup, and the schedule in `marks` belongs to the database, not to its
//! contents. `tests/contract/backup.rs` compares this list with the columns there are.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sqlx::query::Query;
use sqlx::{ColumnIndex, Database, Decode, Encode, Row, Type};

/// How a column travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Int,
    Text,
    Bytes,
    /// Bytes that open under the keys of the backup, bound to the row's first column.
    Sealed,
}

pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The first is the row's id, or as much of it as sealed columns are bound to.
    pub(crate) columns: &'static [(&'static str, Kind)],
}

use Kind::{Bytes, Int, Sealed, Text};

pub(crate) static TABLES: [Table; 12] = [
    Table {
        name: "accounts",
        columns: &[
            ("account_id", Text),
            ("region", Text),
            ("guid_index", Bytes),
            ("email_index", Bytes),
            ("guid", Sealed),
            ("email", Sealed),
            ("profile", Sealed),
            ("credentials", Sealed),
            ("generation", Int),
            ("state", Text),
            ("refresh_expires_at", Int),
            ("created_at", Int),
            ("signed_in_at", Int),
            ("refreshed_at", Int),
            ("taken_up_at", Int),
        ],
    },
    Table {
        name: "account_settings",
        columns: &[("account_id", Text), ("read_only", Int), ("settings", Sealed)],
    },
    Table {
        name: "clients",
        columns: &[
            ("client_id", Text),
            ("auth_method", Text),
            ("secret_digest", Bytes),
            ("metadata", Sealed),
            ("created_at", Int),
            ("last_used_at", Int),
            ("first_device_at", Int),
            ("fetched_at", Int),
            ("fresh_until", Int),
        ],
    },
    Table {
        name: "grants",
        columns: &[
            ("grant_id", Text),
            ("code_digest", Bytes),
            ("account_id", Text),
            ("client_id", Text),
            ("redirect_uri", Sealed),
            ("challenge", Text),
            ("scopes", Text),
            ("tools", Text),
            ("created_at", Int),
            ("expires_at", Int),
            ("redeemed_at", Int),
            ("revoked_at", Int),
        ],
    },
    Table {
        name: "devices",
        columns: &[
            ("device_id", Text),
            ("account_id", Text),
            ("client_id", Text),
            ("grant_id", Text),
            ("scopes", Text),
            ("tools", Text),
            ("created_at", Int),
            ("last_used_at", Int),
        ],
    },
    Table {
        name: "refresh_tokens",
        columns: &[
            ("digest", Bytes),
            ("device_id", Text),
            ("parent_digest", Bytes),
            ("issued_at", Int),
            ("expires_at", Int),
            ("rotated_at", Int),
            ("refused_at", Int),
        ],
    },
    Table {
        name: "access_tokens",
        columns: &[
            ("digest", Bytes),
            ("device_id", Text),
            ("pair_digest", Bytes),
            ("scopes", Text),
            ("issued_at", Int),
            ("expires_at", Int),
            ("used_at", Int),
        ],
    },
    Table {
        name: "usage",
        columns: &[("account_id", Text), ("tool", Text), ("calls", Int), ("last_used_at", Int)],
    },
    Table {
        name: "usage_daily",
        columns: &[
            ("account_id", Text),
            ("day", Int),
            ("tool", Text),
            ("client_id", Text),
            ("calls", Int),
            ("errors", Int),
        ],
    },
    Table {
        name: "journal",
        columns: &[
            ("journal_id", Text),
            ("account_id", Text),
            ("key_index", Bytes),
            ("tool", Text),
            ("detail", Sealed),
            ("outcome", Text),
            ("created_at", Int),
            ("settled_at", Int),
        ],
    },
    Table {
        name: "audit",
        columns: &[
            ("audit_id", Text),
            ("at", Int),
            ("event", Text),
            ("account_id", Text),
            ("device_id", Text),
            ("client_id", Text),
        ],
    },
    Table {
        name: "imports",
        columns: &[("item_index", Bytes), ("kind", Text), ("imported_at", Int)],
    },
];

/// Every column of a backup, as `table.column`.
#[must_use]
pub fn columns() -> Vec<String> {
    let names = |table: &Table| {
        let name = table.name;
        table.columns.iter().map(move |(column, _)| format!("{name}.{column}")).collect::<Vec<_>>()
    };
    TABLES.iter().flat_map(names).collect()
}

impl Table {
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    fn list(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    pub(crate) fn count(&self) -> String {
        format!("SELECT COUNT(*) FROM {}", self.name)
    }

    pub(crate) fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.list(), self.name)
    }

    pub(crate) fn insert(&self) -> String {
        let mut places = String::new();
        for number in 1..=self.columns.len() {
            let comma = if number == 1 { "" } else { ", " };
            _ = write!(places, "{comma}${number}");
        }
        format!("INSERT INTO {} ({}) VALUES ({places})", self.name, self.list())
    }

    pub(crate) fn delete(&self) -> String {
        format!("DELETE FROM {}", self.name)
    }
}

/// A row as JSON: numbers, strings, and bytes in base64.
pub(crate) fn read_row<'r, R>(table: &Table, row: &'r R) -> Result<Vec<Value>, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: Decode<'r, R::Database> + Type<R::Database>,
{
    let mut cells = Vec::with_capacity(table.columns.len());
    for (at, (_, kind)) in table.columns.iter().enumerate() {
        cells.push(match kind {
            Kind::Int => row.try_get::<Option<i64>, _>(at)?.map(Value::from),
            Kind::Text => row.try_get::<Option<String>, _>(at)?.map(Value::from),
            Kind::Bytes | Kind::Sealed => row
                .try_get::<Option<Vec<u8>>, _>(at)?
                .map(|bytes| Value::from(STANDARD.encode(bytes))),
        });
    }
    Ok(cells.into_iter().map(Option::unwrap_or_default).collect())
}

/// A value on its way back into a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// The cells of a row; `None` when it does not fit the table.
pub(crate) fn parse_row(table: &Table, values: Vec<Value>) -> Option<Vec<Cell>> {
    if values.len() != table.columns.len() {
        return None;
    }
    let cell = |((_, kind), value): (&(&str, Kind), Value)| {
        Some(match (kind, value) {
            (Kind::Int, Value::Null) => Cell::Int(None),
            (Kind::Text, Value::Null) => Cell::Text(None),
            (Kind::Bytes | Kind::Sealed, Value::Null) => Cell::Bytes(None),
            (Kind::Int, Value::Number(number)) => Cell::Int(Some(number.as_i64()?)),
            (Kind::Text, Value::String(text)) => Cell::Text(Some(text)),
            (Kind::Bytes | Kind::Sealed, Value::String(text)) => {
                Cell::Bytes(Some(STANDARD.decode(text).ok()?))
            }
            (
                Kind::Int | Kind::Text | Kind::Bytes | Kind::Sealed,
                Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_),
            ) => return None,
        })
    };
    table.columns.iter().zip(values).map(cell).collect()
}

/// Binds cells in their order, on either database.
pub(crate) fn bind<'q, DB>(
    mut query: Query<'q, DB, DB::Arguments>,
    cells: Vec<Cell>,
) -> Query<'q, DB, DB::Arguments>
where
    DB: Database,
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Option<Vec<u8>>: Encode<'q, DB> + Type<DB>,
{
    for cell in cells {
        query = match cell {
            Cell::Int(value) => query.bind(value),
            Cell::Text(value) => query.bind(value),
            Cell::Bytes(value) => query.bind(value),
        };
    }
    query
}
