//! The twin migrations describe the same tables, column for column.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::clock::SystemClock;
use domain::entropy::OsEntropy;
use sqlx::SqlitePool;
use store::{DatabaseUrl, GatewaySecret, OpenMode, OpenOptions, Store};

fn files(backend: &str) -> BTreeMap<String, String> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

/// The statements of a migration in the words of SQLite, without white space and comments.
fn normal(sql: &str) -> Vec<String> {
    let statements: Vec<&str> =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let words: Vec<&str> = statements
        .iter()
        .flat_map(|line| line.split_whitespace())
        .map(|word| match word {
            "BIGINT" => "INTEGER",
            "BYTEA" => "BLOB",
            "BIGINT," => "INTEGER,",
            "BYTEA," => "BLOB,",
            word => word,
        })
        .collect();
    let text = words.join(" ").replace(") STRICT;", ");");
    text.split(';').map(|statement| statement.trim().to_owned()).collect()
}

#[test]
fn both_databases_have_the_same_migrations_under_the_same_names() {
    let [sqlite, postgres] = ["sqlite", "postgres"].map(files);
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (name, sql) in &sqlite {
        let number = name.split('_').next().unwrap();
        assert!(number.len() == 4 && number.parse::<u32>().is_ok(), "{name}");
        let [ours, theirs] = [normal(sql), normal(&postgres[name])];
        for (one, other) in ours.iter().zip(&theirs) {
            assert_eq!(one, other, "{name}");
        }
        assert_eq!(ours.len(), theirs.len(), "{name}");
    }
}

#[test]
fn every_table_of_sqlite_is_strict_and_none_of_postgres_is() {
    for sql in files("sqlite").values() {
        assert_eq!(sql.matches("CREATE TABLE").count(), sql.matches(") STRICT;").count());
    }
    for sql in files("postgres").values() {
        assert!(!sql.contains("STRICT"));
        for word in ["INTEGER", "BLOB"] {
            let plain: Vec<&str> =
                sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
            assert!(!plain.join(" ").contains(word), "{word} means something else there");
        }
    }
}

#[tokio::test]
async fn the_tables_of_the_design_are_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("gateway.db");
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let secret = GatewaySecret::parse("tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR").unwrap();
    let store = Store::open(&DatabaseUrl::sqlite(&path), &secret, options).await.unwrap();
    let pool = SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_list
          WHERE type = 'table' AND strict = 1 ORDER BY name",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let expected = [
        "access_tokens",
        "account_links",
        "account_settings",
        "accounts",
        "audit",
        "clients",
        "devices",
        "grants",
        "imports",
        "journal",
        "keys",
        "marks",
        "refresh_tokens",
        "sessions",
        "sign_in_failures",
        "sign_ins",
        "usage",
        "usage_daily",
    ];
    assert_eq!(tables, expected);
    store.close().await;
}

#[tokio::test]
async fn sec133_sqlite_has_no_wal_reset_defect() {
    let pool = SqlitePool::connect("sqlite::memory:").await.unwrap();
    let version: String =
        sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&pool).await.unwrap();
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(parts >= vec![3, 51, 3], "{version}");
}
