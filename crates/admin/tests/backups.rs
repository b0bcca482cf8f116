//! `backup`, `restore` and `rekey` as an operator types them.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use admin::{
    AdminError, BackupArgs, Place, RekeyArgs, RestoreArgs, Trouble, backup, rekey, restore,
};
use clap::Parser;
use domain::clock::{SystemClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::AccountId;
use domain::region::Region;
use serde_json::Value;
use store::{
    BackupError, Connect, DatabaseUrl, GatewaySecret, OpenError, OpenMode, OpenOptions,
    RestoreError, S3Access, Store,
};
use tempfile::TempDir;

const SECRET: &str = "an operator's value with more than 32 characters";
const NEW_SECRET: &str = "another value of the operator, as long as the first";
const NOW: Timestamp = Timestamp(1_790_000_000);

#[derive(Parser)]
struct BackupLine {
    #[command(flatten)]
    args: BackupArgs,
}

#[derive(Parser)]
struct RestoreLine {
    #[command(flatten)]
    args: RestoreArgs,
}

#[derive(Parser)]
struct RekeyLine {
    #[command(flatten)]
    args: RekeyArgs,
}

fn line<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["garmin-gateway"], words].concat()
}

/// What an operator has: a data directory, and a secret or two.
struct Site {
    dir: TempDir,
    secret: &'static str,
    old: Option<&'static str>,
}

impl Site {
    fn new(secret: &'static str) -> Self {
        Self { dir: tempfile::tempdir().unwrap(), secret, old: None }
    }

    fn place(&self) -> Place {
        Place {
            data_dir: self.dir.path().to_owned(),
            database_url: DatabaseUrl::sqlite(self.path("gateway.db")),
            secret: GatewaySecret::parse(self.secret).unwrap(),
            old_secret: self.old.map(|secret| GatewaySecret::parse(secret).unwrap()),
            s3: S3Access::default(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    async fn open(&self, secret: &str) -> Result<Store, OpenError> {
        let options = OpenOptions {
            mode: OpenMode::Serve,
            old_secret: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        let url = DatabaseUrl::sqlite(self.path("gateway.db"));
        Store::open(&url, &GatewaySecret::parse(secret).unwrap(), options).await
    }

    /// A gateway with one account, still running.
    async fn running(&self) -> (Store, AccountId) {
        let store = self.open(self.secret).await.unwrap();
        let connect = Connect {
            region: Region::Global,
            guid: "guid",
            email: &LoginEmail::parse("ada@example.org").unwrap(),
            profile: b"{}",
            credentials: b"the pair",
            refresh_expires_at: None,
        };
        let account = store.connect_account(&connect, NOW).await.unwrap().account;
        (store, account)
    }

    async fn backup(&self, words: &[&str]) -> Result<String, AdminError> {
        let args = BackupLine::parse_from(line(words)).args;
        let mut out = Vec::new();
        backup(&self.place(), &args, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn restore(&self, words: &[&str]) -> Result<String, AdminError> {
        let args = RestoreLine::parse_from(line(words)).args;
        let mut out = Vec::new();
        restore(&self.place(), &args, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn rekey(&self, words: &[&str]) -> Result<String, AdminError> {
        let args = RekeyLine::parse_from(line(words)).args;
        let mut out = Vec::new();
        rekey(&self.place(), &args, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn rel56_a_backup_beside_a_running_gateway_restores_where_there_is_nothing() {
    let site = Site::new(SECRET);
    let (store, account) = site.running().await;
    let file = site.path("one.backup");
    let made = json(&site.backup(&[&file, "--json"]).await.unwrap());
    assert_eq!(made["bytes"], fs::metadata(&file).unwrap().len());
    assert_eq!(made["tables"][0], serde_json::json!(["accounts", 1]));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(store.backup_schedule().await.unwrap().last_done.is_some());
    let whole = json(&site.backup(&["--check", &file, "--json"]).await.unwrap());
    assert_eq!(
        (&whole["opened_by"], &whole["unreadable_values"]),
        (&"GATEWAY_SECRET".into(), &0.into())
    );
    let text = site.backup(&["--check", &file]).await.unwrap();
    assert!(text.contains("whole") && text.contains("1 account,"), "{text}");
    // A backup replaces nothing.
    let error = site.backup(&[&file]).await.unwrap_err();
    assert!(matches!(&error, AdminError::Backup { source: BackupError::Io(_), .. }), "{error:?}");
    assert!(error.hint().unwrap().contains("free"));

    let other = Site::new(SECRET);
    let text = other.restore(&[&file]).await.unwrap();
    assert!(text.contains("1 account") && text.contains("sign in again"), "{text}");
    let there = other.open(SECRET).await.unwrap();
    assert_eq!(there.credentials(&account).await.unwrap().unwrap().bytes.as_slice(), b"the pair");
    there.close().await;
    drop(there);
    let error = other.restore(&[&file]).await.unwrap_err();
    assert!(matches!(&error, AdminError::Restore { source: RestoreError::NotEmpty { .. }, .. }));
    assert!(error.hint().unwrap().contains("--replace"));
    let done = json(&other.restore(&[&file, "--replace", "--yes", "--json"]).await.unwrap());
    assert_eq!(done["rekey_needed"], false);
    // The gateway this backup is of runs on, and nothing is replaced under it.
    let error = site.restore(&[&file, "--replace", "--yes"]).await.unwrap_err();
    assert_eq!(error.trouble(), Trouble::Passing, "{error:?}");
    assert!(error.hint().unwrap().contains("stop every gateway"));
    store.close().await;
}

#[tokio::test]
async fn what_cannot_be_restored_is_named_and_changes_nothing() {
    let site = Site::new(SECRET);
    let (store, _) = site.running().await;
    let file = site.path("one.backup");
    site.backup(&[&file]).await.unwrap();
    store.close().await;
    let other = Site::new(NEW_SECRET);
    let error = other.restore(&[&file]).await.unwrap_err();
    assert_eq!(error.trouble(), Trouble::Configuration, "{error:?}");
    let other = Site::new(SECRET);
    let bytes = fs::read(&file).unwrap();
    fs::write(site.path("cut"), &bytes[..bytes.len() - 9]).unwrap();
    fs::write(site.path("list"), "eggs, milk and a long list of other things").unwrap();
    for (name, said) in [("cut", "cut short"), ("list", "not a backup"), ("missing", "")] {
        let error = other.restore(&[&site.path(name)]).await.unwrap_err();
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(said), "{source}");
    }
    assert!(!Path::new(&other.path("gateway.db")).exists());
    let error = other.backup(&["ftp://somewhere/else"]).await.unwrap_err();
    assert!(matches!(error, AdminError::Open(_) | AdminError::NoPlace(_)), "{error:?}");
}

#[tokio::test]
async fn rel61_sec128_the_secret_changes_while_a_gateway_runs() {
    let mut site = Site::new(SECRET);
    let (running, account) = site.running().await;
    let file = site.path("before.backup");
    site.backup(&[&file]).await.unwrap();
    let error = site.rekey(&[]).await.unwrap_err();
    assert!(matches!(error, AdminError::NoOldSecret), "{error:?}");

    (site.secret, site.old) = (NEW_SECRET, Some(SECRET));
    let status = json(&site.rekey(&["--status", "--json"]).await.unwrap());
    assert_eq!(
        (&status["opens_with"], &status["done"]),
        (&"GATEWAY_SECRET_OLD".into(), &false.into())
    );
    let done = json(&site.rekey(&["--json"]).await.unwrap());
    assert_eq!((&done["rewrapped"], &done["done"]), (&3.into(), &true.into()));
    // Again, as after a crash that nobody heard the answer of.
    let again = json(&site.rekey(&["--json"]).await.unwrap());
    assert_eq!((&again["rewrapped"], &again["done"]), (&0.into(), &true.into()));
    // Whoever runs goes on, reading and writing.
    assert!(running.credentials(&account).await.unwrap().is_some());
    running.update_profile(&account, b"{}").await.unwrap();
    running.close().await;
    drop(running);
    let error = site.open(SECRET).await.unwrap_err();
    assert!(matches!(error, OpenError::WrongSecret), "{error:?}");
    site.open(NEW_SECRET).await.unwrap().close().await;
    // A backup from before opens with the secret of then, and says what to do next.
    let mut other = Site::new(NEW_SECRET);
    other.old = Some(SECRET);
    let text = other.restore(&[&file]).await.unwrap();
    assert!(text.contains("run `rekey`"), "{text}");
    assert!(other.rekey(&[]).await.unwrap().contains("3 keys wrapped anew"));
}
