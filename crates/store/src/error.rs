//! What can go wrong between a question and the database's answer.

use sqlx::error::DatabaseError;

use crate::seal::SealError;

/// Why a method of the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer holds the database, or every connection is in use.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The database cannot be reached or cannot do its work right now.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// No space is left for the database.
    #[error("the disk that holds the database is full")]
    Full(#[source] sqlx::Error),
    /// A row holds what this program never writes.
    #[error("the database holds a value that cannot be right in {table}.{column}")]
    Corrupt { table: &'static str, column: &'static str },
    /// A sealed value does not open.
    #[error("cannot open the sealed value in {table}.{column}")]
    Sealed {
        table: &'static str,
        column: &'static str,
        #[source]
        source: SealError,
    },
    /// What the row refers to is not there (any more): an account or a client that was removed
    /// while the caller still held its id.
    #[error("the row refers to something that is not there")]
    Dangling(#[source] sqlx::Error),
    /// The row is there already.
    #[error("the row exists already")]
    Duplicate(#[source] sqlx::Error),
    /// The database refused a statement: a defect, here or there.
    #[error("the database refused a statement")]
    Refused(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether the same call may succeed a little later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Unavailable(_) => true,
            Self::Full(_)
            | Self::Corrupt { .. }
            | Self::Sealed { .. }
            | Self::Dangling(_)
            | Self::Duplicate(_)
            | Self::Refused(_) => false,
        }
    }

    /// A closed label for logs and metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Busy(_) => "busy",
            Self::Unavailable(_) => "unavailable",
            Self::Full(_) => "full",
            Self::Corrupt { .. } => "corrupt",
            Self::Sealed { .. } => "sealed",
            Self::Dangling(_) => "dangling",
            Self::Duplicate(_) => "duplicate",
            Self::Refused(_) => "refused",
        }
    }
}

/// What a database said, before it is wrapped with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    Busy,
    Unavailable,
    Full,
    Damaged,
    NotADatabase,
    CannotOpen,
    Dangling,
    Duplicate,
    Other,
}

/// Sorts a database's own error code.
pub(crate) fn complaint(error: &dyn DatabaseError) -> Complaint {
    if error.is_foreign_key_violation() {
        return Complaint::Dangling;
    }
    if error.is_unique_violation() {
        return Complaint::Duplicate;
    }
    let Some(code) = error.code() else { return Complaint::Other };
    match (code.parse::<u32>(), code.len()) {
        // SQLSTATE is five characters; SQLite's extended codes have at most four digits, the
        // primary code in the low byte.
        (Ok(code), ..5) => sqlite_complaint(code & 0xff),
        (Ok(_) | Err(_), _) => postgres_complaint(&code),
    }
}

fn sqlite_complaint(primary: u32) -> Complaint {
    match primary {
        5 | 6 => Complaint::Busy,
        // read-only, I/O error
        8 | 10 => Complaint::Unavailable,
        11 => Complaint::Damaged,
        13 => Complaint::Full,
        14 => Complaint::CannotOpen,
        26 => Complaint::NotADatabase,
        _ => Complaint::Other,
    }
}

fn postgres_complaint(state: &str) -> Complaint {
    match state {
        "53100" => Complaint::Full,
        // serialization failure, deadlock, lock not available, too many connections
        "40001" | "40P01" | "55P03" | "53300" => Complaint::Busy,
        "XX001" | "XX002" => Complaint::Damaged,
        // read-only after a fail-over
        "25006" => Complaint::Unavailable,
        // connection failures, operator intervention, system errors
        state if ["08", "57", "58"].iter().any(|class| state.starts_with(class)) => {
            Complaint::Unavailable
        }
        _ => Complaint::Other,
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let complaint = match &error {
            sqlx::Error::Database(database) => complaint(database.as_ref()),
            sqlx::Error::PoolTimedOut => Complaint::Busy,
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Complaint::Unavailable,
            // The type is not exhaustive; everything else is a statement that does not fit.
            _ => Complaint::Other,
        };
        match complaint {
            Complaint::Busy => Self::Busy(error),
            Complaint::Unavailable | Complaint::CannotOpen => Self::Unavailable(error),
            Complaint::Full => Self::Full(error),
            Complaint::Damaged | Complaint::NotADatabase => {
                Self::Corrupt { table: "database", column: "file" }
            }
            Complaint::Dangling => Self::Dangling(error),
            Complaint::Duplicate => Self::Duplicate(error),
            Complaint::Other => Self::Refused(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_of_sqlite_are_read_by_their_low_byte() {
        assert_eq!(sqlite_complaint(0x105 & 0xff), Complaint::Busy);
        assert_eq!(sqlite_complaint(13), Complaint::Full);
        assert_eq!(sqlite_complaint(1), Complaint::Other);
    }

    #[test]
    fn rel52_a_disk_that_fails_or_only_reads_is_no_defect_of_a_request() {
        for code in [8, 0x308, 0x708, 10, 0x30a, 0x40a, 0x50a] {
            assert_eq!(sqlite_complaint(code & 0xff), Complaint::Unavailable, "{code:#x}");
        }
    }

    #[test]
    fn a_postgres_fail_over_is_a_pause_and_not_a_defect() {
        for state in ["57P01", "57P03", "08006", "25006"] {
            assert_eq!(postgres_complaint(state), Complaint::Unavailable, "{state}");
        }
        assert_eq!(postgres_complaint("40P01"), Complaint::Busy);
        assert_eq!(postgres_complaint("53100"), Complaint::Full);
        assert_eq!(postgres_complaint("42601"), Complaint::Other);
    }

    #[test]
    fn only_a_pause_is_worth_another_try() {
        assert!(StoreError::from(sqlx::Error::PoolTimedOut).is_retryable());
        assert!(!StoreError::Corrupt { table: "accounts", column: "state" }.is_retryable());
    }
}
