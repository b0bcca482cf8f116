//! Where the database is.

use std::fmt;
use std::path::{Path, PathBuf};

/// `DATABASE_URL`, checked as far as that needs no connection.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(crate) Address);

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Sqlite(PathBuf),
    /// With its password, so never shown.
    Postgres(String),
}

/// The database systems this store runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDatabaseUrl {
    #[error("must be `sqlite:PATH` or `postgres://user:password@host/database`")]
    Scheme,
    #[error("names no file: `sqlite:` is followed by a path")]
    NoPath,
    #[error("must name a file: a database in memory forgets everything at every restart")]
    InMemory,
    #[error("is not a PostgreSQL address: `postgres://user:password@host/database`")]
    Postgres,
}

impl DatabaseUrl {
    pub fn parse(text: &str) -> Result<Self, BadDatabaseUrl> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(BadDatabaseUrl::NoPath),
                ":memory:" => Err(BadDatabaseUrl::InMemory),
                path => Ok(Self::sqlite(path)),
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match url::Url::parse(text) {
                Ok(_) => Ok(Self(Address::Postgres(text.to_owned()))),
                Err(_) => Err(BadDatabaseUrl::Postgres),
            };
        }
        Err(BadDatabaseUrl::Scheme)
    }

    /// The SQLite database in a file.
    #[must_use]
    pub fn sqlite(path: impl AsRef<Path>) -> Self {
        Self(Address::Sqlite(path.as_ref().to_owned()))
    }

    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.0 {
            Address::Sqlite(_) => Backend::Sqlite,
            Address::Postgres(_) => Backend::Postgres,
        }
    }
}

/// Without user name and password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Address::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Address::Postgres(text) => match url::Url::parse(text) {
                Ok(url) => {
                    let host = url.host_str().unwrap_or("localhost");
                    write!(f, "postgres://{host}{}", url.path())
                }
                Err(_) => f.write_str("postgres://…"),
            },
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_a_file_are_one_address() {
        let url = DatabaseUrl::parse("sqlite:///data/gateway.db").unwrap();
        assert_eq!(url, DatabaseUrl::parse("sqlite:/data/gateway.db").unwrap());
        assert_eq!(url, DatabaseUrl::sqlite("/data/gateway.db"));
        assert_eq!(url.backend(), Backend::Sqlite);
    }

    #[test]
    fn the_password_of_a_database_is_never_printed() {
        let url = DatabaseUrl::parse("postgres://gateway:hunter2@db.example/garmin").unwrap();
        assert_eq!(format!("{url} {url:?}").matches("postgres://db.example/garmin").count(), 2);
        assert!(!format!("{url:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_its_reason() {
        assert_eq!(DatabaseUrl::parse("mysql://x"), Err(BadDatabaseUrl::Scheme));
        assert_eq!(DatabaseUrl::parse("/data/x.db"), Err(BadDatabaseUrl::Scheme));
        assert_eq!(DatabaseUrl::parse("sqlite:"), Err(BadDatabaseUrl::NoPath));
        assert_eq!(DatabaseUrl::parse("sqlite::memory:"), Err(BadDatabaseUrl::InMemory));
        assert_eq!(DatabaseUrl::parse("postgres://ho st/db"), Err(BadDatabaseUrl::Postgres));
    }
}
