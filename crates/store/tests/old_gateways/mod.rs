//! Databases of the gateways before this one, built from their documented schemas.

#![allow(dead_code, reason = "each suite builds what it needs")]

use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use sha2::{Digest, Sha256};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

const ORIGINAL: &str = "
    CREATE TABLE garmin_accounts (
        garmin_user_key TEXT PRIMARY KEY, garmin_tokens_enc TEXT NOT NULL,
        created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now')));
    CREATE TABLE access_tokens (
        token_hash TEXT PRIMARY KEY, garmin_user_key TEXT NOT NULL, client_id TEXT,
        created_at TEXT DEFAULT (datetime('now')), last_used TEXT, expires_at INTEGER);
    CREATE TABLE oauth_clients (
        client_id TEXT PRIMARY KEY, client_secret_hash TEXT NOT NULL,
        redirect_uris TEXT NOT NULL, client_name TEXT,
        created_at TEXT DEFAULT (datetime('now')));
    CREATE TABLE oauth_codes (
        code_hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL,
        code_challenge TEXT, code_challenge_method TEXT, garmin_user_key TEXT NOT NULL,
        expires_at INTEGER NOT NULL, created_at TEXT DEFAULT (datetime('now')));
    CREATE TABLE tool_usage (
        garmin_user_key TEXT NOT NULL, tool TEXT NOT NULL, calls INTEGER NOT NULL DEFAULT 0,
        last_used TEXT, PRIMARY KEY (garmin_user_key, tool));";

const SUCCESSOR: &str = "
    CREATE TABLE accounts (
        adapter TEXT NOT NULL, account_key TEXT NOT NULL, blob_enc TEXT NOT NULL,
        created_at TEXT DEFAULT (datetime('now')), updated_at TEXT DEFAULT (datetime('now')),
        PRIMARY KEY (adapter, account_key));
    CREATE TABLE access_tokens (
        token_hash TEXT PRIMARY KEY, adapter TEXT NOT NULL, account_key TEXT NOT NULL,
        client_id TEXT, created_at TEXT DEFAULT (datetime('now')), last_used TEXT,
        expires_at INTEGER);
    CREATE TABLE oauth_clients (
        client_id TEXT PRIMARY KEY, adapter TEXT NOT NULL, client_secret_hash TEXT NOT NULL,
        redirect_uris TEXT NOT NULL, client_name TEXT,
        created_at TEXT DEFAULT (datetime('now')), last_seen TEXT DEFAULT (datetime('now')));
    CREATE TABLE oauth_codes (
        code_hash TEXT PRIMARY KEY, adapter TEXT NOT NULL, client_id TEXT NOT NULL,
        redirect_uri TEXT NOT NULL, code_challenge TEXT, code_challenge_method TEXT,
        account_key TEXT NOT NULL, expires_at INTEGER NOT NULL,
        created_at TEXT DEFAULT (datetime('now')));
    CREATE TABLE tool_usage (
        adapter TEXT NOT NULL, account_key TEXT NOT NULL, tool TEXT NOT NULL,
        calls INTEGER NOT NULL DEFAULT 0, last_used TEXT,
        PRIMARY KEY (adapter, account_key, tool));
    CREATE TABLE subscribers (email TEXT PRIMARY KEY, created_at TEXT);
    PRAGMA user_version = 2;";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Original,
    Successor,
}

pub(crate) struct OldDb {
    pub(crate) path: PathBuf,
    connection: SqliteConnection,
    kind: Kind,
    cipher: Aes256Gcm,
    sealed: u8,
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

impl OldDb {
    pub(crate) async fn create(path: &Path, kind: Kind, secret: &str) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal);
        let connection = SqliteConnection::connect_with(&options).await.unwrap();
        let cipher = Aes256Gcm::new(&<[u8; 32]>::from(Sha256::digest(secret)).into());
        let mut db = Self { path: path.to_owned(), connection, kind, cipher, sealed: 0 };
        db.run(match kind {
            Kind::Original => ORIGINAL,
            Kind::Successor => SUCCESSOR,
        })
        .await;
        db
    }

    pub(crate) async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    /// As those gateways sealed a session.
    pub(crate) fn seal(&mut self, session: &str) -> String {
        self.sealed += 1;
        let nonce = [self.sealed; 12];
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), session.as_bytes()).unwrap();
        format!("{}:{}", hex(&nonce), hex(&sealed))
    }

    /// `updated_at` is `YYYY-MM-DD HH:MM:SS`.
    pub(crate) async fn account(&mut self, key: &str, session: &str, updated_at: &str) {
        let blob = self.seal(session);
        let sql = match self.kind {
            Kind::Original => {
                "INSERT OR REPLACE INTO garmin_accounts
                        (garmin_user_key, garmin_tokens_enc, created_at, updated_at)
                 VALUES ($1, $2, '2026-07-01 06:00:00', $3)"
            }
            Kind::Successor => {
                "INSERT OR REPLACE INTO accounts
                        (adapter, account_key, blob_enc, created_at, updated_at)
                 VALUES ('garmin', $1, $2, '2026-07-01 06:00:00', $3)"
            }
        };
        let query = sqlx::query(sql).bind(key).bind(blob).bind(updated_at);
        query.execute(&mut self.connection).await.unwrap();
    }

    pub(crate) async fn client(&mut self, id: &str, secret: &str, redirects: &[&str]) {
        let (columns, value) = match self.kind {
            Kind::Original => ("", ""),
            Kind::Successor => (", adapter", ", 'garmin'"),
        };
        let sql = format!(
            "INSERT INTO oauth_clients
                    (client_id, client_secret_hash, redirect_uris, client_name{columns})
             VALUES ($1, $2, $3, 'Claude'{value})"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(id)
            .bind(hex(&Sha256::digest(secret)))
            .bind(serde_json::to_string(redirects).unwrap())
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    pub(crate) async fn token(
        &mut self,
        token: &str,
        account: &str,
        client: &str,
        expires_at: Option<i64>,
    ) {
        let sql = match self.kind {
            Kind::Original => {
                "INSERT INTO access_tokens
                        (token_hash, garmin_user_key, client_id, last_used, expires_at)
                 VALUES ($1, $2, $3, '2026-08-20 10:00:00', $4)"
            }
            Kind::Successor => {
                "INSERT INTO access_tokens
                        (token_hash, adapter, account_key, client_id, last_used, expires_at)
                 VALUES ($1, 'garmin', $2, $3, '2026-08-20 10:00:00', $4)"
            }
        };
        sqlx::query(sql)
            .bind(hex(&Sha256::digest(token)))
            .bind(account)
            .bind(client)
            .bind(expires_at)
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    pub(crate) async fn usage(&mut self, account: &str, tool: &str, calls: i64) {
        let sql = match self.kind {
            Kind::Original => {
                "INSERT INTO tool_usage (garmin_user_key, tool, calls, last_used)
                 VALUES ($1, $2, $3, '2026-08-20 10:00:00')"
            }
            Kind::Successor => {
                "INSERT INTO tool_usage (adapter, account_key, tool, calls, last_used)
                 VALUES ('garmin', $1, $2, $3, '2026-08-20 10:00:00')"
            }
        };
        let query = sqlx::query(sql).bind(account).bind(tool).bind(calls);
        query.execute(&mut self.connection).await.unwrap();
    }

    /// Leaves one file, as a gateway that was stopped does.
    pub(crate) async fn close(self) -> PathBuf {
        self.connection.close().await.unwrap();
        self.path
    }

    /// Leaves the log beside the file, as a gateway that was killed does.
    pub(crate) fn abandon(self) -> PathBuf {
        std::mem::forget(self.connection);
        self.path
    }
}
