//! `doctor`: one line for everything that has to be right, with the way to mend what is not.
//!
//! What only a gateway's own code can tell (its settings, its way to Garmin) is added by
//! whoever calls; what is stored and what runs is looked at here.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use domain::clock::{Clock as _, SystemClock};
use domain::console::{Answer, Request, Status};
use schemars::JsonSchema;
use serde::Serialize;
use store::{Backend, OpenError, Store, Wrapping};

use crate::text::{counted, span};
use crate::{AdminError, Place, Screen};

#[derive(clap::Args)]
pub struct DoctorArgs {
    /// Print one JSON object, for programs
    #[arg(long)]
    pub json: bool,
    /// Do not connect to anything outside this machine
    #[arg(long)]
    pub offline: bool,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    Ok,
    /// It works, and is not as it should be.
    Warn,
    /// It does not work.
    Fail,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Finding {
    pub check: &'static str,
    pub state: Health,
    pub detail: String,
    /// What to do about it.
    pub mend: Option<String>,
}

/// What has been found so far.
#[derive(Debug, Default)]
pub struct Findings(Vec<Finding>);

/// What `--json` prints.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Report<'a> {
    /// The worst there is.
    verdict: Health,
    checks: &'a [Finding],
}

/// Less is too little for a write-ahead log and a backup.
const DISK_WARN: u64 = 1024 * 1024 * 1024;
const DISK_FAIL: u64 = 64 * 1024 * 1024;

impl Findings {
    pub fn ok(&mut self, check: &'static str, detail: impl Into<String>) {
        self.0.push(Finding { check, state: Health::Ok, detail: detail.into(), mend: None });
    }

    pub fn warn(&mut self, check: &'static str, detail: impl Into<String>, mend: &str) {
        let (state, mend) = (Health::Warn, Some(mend.to_owned()));
        self.0.push(Finding { check, state, detail: detail.into(), mend });
    }

    pub fn fail(&mut self, check: &'static str, detail: impl Into<String>, mend: &str) {
        let (state, mend) = (Health::Fail, Some(mend.to_owned()));
        self.0.push(Finding { check, state, detail: detail.into(), mend });
    }

    /// The worst there is.
    #[must_use]
    pub fn verdict(&self) -> Health {
        self.0.iter().map(|finding| finding.state).max().unwrap_or(Health::Ok)
    }

    #[must_use]
    pub fn all(&self) -> &[Finding] {
        &self.0
    }

    pub fn print(&self, json: bool, screen: Screen, out: &mut impl Write) -> io::Result<()> {
        if json {
            let report = Report { verdict: self.verdict(), checks: &self.0 };
            serde_json::to_writer_pretty(&mut *out, &report)?;
            return writeln!(out);
        }
        let mut text = String::new();
        for Finding { check, state, detail, mend } in &self.0 {
            let (word, colour) = match state {
                Health::Ok => ("ok", "32"),
                Health::Warn => ("warn", "33"),
                Health::Fail => ("fail", "31"),
            };
            let word = match screen {
                Screen::Colour => format!("\u{1b}[{colour}m{word:<4}\u{1b}[0m"),
                Screen::Plain | Screen::Pipe => format!("{word:<4}"),
            };
            _ = writeln!(text, "{word}  {check:<12} {detail}");
            if let Some(mend) = mend {
                _ = writeln!(text, "      {:<12} → {mend}", "");
            }
        }
        out.write_all(text.as_bytes())
    }

    /// The database, the secret that opens it, and its backups: one is expected so often.
    pub async fn look_at_store(&mut self, place: &Place, backup_every: Duration) {
        let store = match place.store().await {
            Ok(store) => store,
            Err(error) => return self.unopened(&error),
        };
        match store.wrapping() {
            Wrapping::Current => self.ok("secret", "opens the database"),
            Wrapping::Old => self.warn(
                "secret",
                "only GATEWAY_SECRET_OLD opens the database: the change of the secret is not done",
                "`garmin-gateway rekey`, before GATEWAY_SECRET_OLD is taken away",
            ),
        }
        self.ok("schema", "is this version's");
        self.look_inside(&store, backup_every).await;
        store.close().await;
    }

    fn unopened(&mut self, error: &AdminError) {
        let mut detail = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            _ = write!(detail, ": {cause}");
            source = cause.source();
        }
        let (check, mend) = match error {
            AdminError::Open(OpenError::WrongSecret | OpenError::WrongSecrets) => {
                ("secret", "set GATEWAY_SECRET to the one this database was made with")
            }
            AdminError::Open(OpenError::OlderSchema) => {
                ("schema", "make a backup, then `garmin-gateway serve` once: it migrates")
            }
            AdminError::Open(OpenError::NewerSchema { .. }) => {
                ("schema", "run the version that wrote it, or restore a backup made before")
            }
            AdminError::Open(OpenError::NotThere { .. }) => {
                ("database", "`garmin-gateway serve` makes it; or check DATA_DIR and DB_PATH")
            }
            AdminError::Open(OpenError::Unreachable { .. } | OpenError::Address(_)) => {
                ("database", "check DATABASE_URL and that the server runs")
            }
            AdminError::Open(OpenError::Damaged { .. } | OpenError::Lost { .. }) => {
                ("integrity", "stop the gateway, keep a copy of the file, restore the last backup")
            }
            _ => {
                ("database", "check the path, its permissions and the disk; else restore a backup")
            }
        };
        self.fail(check, detail, mend);
    }

    async fn look_inside(&mut self, store: &Store, backup_every: Duration) {
        let now = SystemClock.now();
        match store.check_write(now).await {
            Ok(()) => self.ok("database", "can be read and written"),
            Err(error) => self.fail(
                "database",
                format!("cannot be written: {error} ({})", error.label()),
                "free disk space, check the permissions of DATA_DIR, or the database server",
            ),
        }
        match store.check_integrity().await {
            Ok(complaints) if complaints.is_empty() => match store.backend() {
                Backend::Sqlite => self.ok("integrity", "no damage found"),
                Backend::Postgres => self.ok("integrity", "left to PostgreSQL, and not looked at"),
            },
            Ok(complaints) => self.fail(
                "integrity",
                complaints.join("; "),
                "stop the gateway, keep a copy of the file, restore the last backup",
            ),
            Err(error) => self.fail(
                "integrity",
                error.to_string(),
                "stop the gateway, keep a copy of the file, restore the last backup",
            ),
        }
        match store.backup_schedule().await {
            Ok(backups) => self.look_at_backup(backups.age(now), backup_every),
            Err(error) => self.fail("backup", error.to_string(), "see `database` above"),
        }
        match store.stats(now).await {
            Ok(stats) if stats.accounts_needing_sign_in > 0 => self.ok(
                "accounts",
                format!(
                    "{}, of which {} must sign in again: each does so from its client",
                    counted(stats.accounts, "account", "accounts"),
                    stats.accounts_needing_sign_in
                ),
            ),
            Ok(stats) => self.ok("accounts", counted(stats.accounts, "account", "accounts")),
            Err(error) => self.fail("accounts", error.to_string(), "see `database` above"),
        }
    }

    fn look_at_backup(&mut self, age: Option<Duration>, every: Duration) {
        let mend = "`garmin-gateway backup` now; BACKUP_TO for the next ones, or `backup-failed` in the log";
        match age {
            None => {
                self.warn("backup", "there is none, or a clock that was ahead has dated it", mend);
            }
            Some(age) => {
                let detail = format!("the last one is {} old", span(age.as_secs()));
                // Half of the time for whoever makes them.
                if age > every + every / 2 {
                    self.warn("backup", detail, mend);
                } else {
                    self.ok("backup", detail);
                }
            }
        }
    }

    /// Room for the database, or for backups.
    pub fn look_at_disk(&mut self, directory: &Path) {
        let mend = "free space, or use a larger disk";
        match rustix::fs::statvfs(directory) {
            Ok(disk) => {
                let free = disk.f_bavail.saturating_mul(disk.f_frsize);
                let detail = format!("{} MiB free at {}", free >> 20, directory.display());
                match free {
                    DISK_WARN.. => self.ok("disk", detail),
                    DISK_FAIL..DISK_WARN => self.warn("disk", detail, mend),
                    _ => self.fail("disk", detail, mend),
                }
            }
            Err(error) => self.fail(
                "disk",
                format!("{}: {error}", directory.display()),
                "create it, owned by the user the gateway runs as",
            ),
        }
    }

    /// The gateway on this data directory; tells whether one runs.
    pub async fn look_at_gateway(&mut self, data_dir: &Path, version: &str) -> Option<Status> {
        match Place::gateway_in(data_dir).ask(&Request::Status).await {
            Ok(Some(Answer::Status(status))) => {
                let detail = format!(
                    "version {}, {} of at most {}, {} waiting",
                    status.version,
                    counted(status.workers.len() as u64, "worker", "workers"),
                    status.max_workers,
                    status.queued_starts
                );
                if status.version != version {
                    let mend = format!("restart it: this program is version {version}");
                    self.warn("gateway", detail, &mend);
                } else if status.queued_starts > 0 {
                    self.warn("gateway", detail, "raise MAX_WORKERS, or give it more memory");
                } else {
                    self.ok("gateway", detail);
                }
                Some(status)
            }
            Ok(Some(Answer::Done | Answer::Failed { .. }) | None) => {
                self.warn("gateway", "none runs on this DATA_DIR", "`garmin-gateway serve`");
                None
            }
            Err(error) => {
                let mend = "run this as the user the gateway runs as; else restart the gateway";
                self.fail("gateway", error.to_string(), mend);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(findings: &Findings, json: bool) -> String {
        let mut out = Vec::new();
        findings.print(json, Screen::Pipe, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_worst_finding_is_the_verdict_and_each_names_its_cure() {
        let mut findings = Findings::default();
        assert_eq!(findings.verdict(), Health::Ok);
        findings.ok("disk", "9 GiB free");
        findings.warn("backup", "none yet", "garmin-gateway backup");
        assert_eq!(findings.verdict(), Health::Warn);
        findings.fail("secret", "wrong", "set it");
        assert_eq!(findings.verdict(), Health::Fail);
        let text = text(&findings, false);
        assert!(text.contains("warn  backup       none yet\n"), "{text}");
        assert!(text.contains("→ garmin-gateway backup\n"), "{text}");
    }

    #[test]
    fn a_backup_is_old_by_the_time_they_are_made_at() {
        let verdict = |hours, every| {
            let mut findings = Findings::default();
            let age = Some(Duration::from_hours(hours));
            findings.look_at_backup(age, Duration::from_hours(every));
            findings.verdict()
        };
        assert_eq!((verdict(30, 24), verdict(40, 24)), (Health::Ok, Health::Warn));
        assert_eq!((verdict(3, 1), verdict(150, 168)), (Health::Warn, Health::Ok));
    }

    #[test]
    fn programs_read_the_same() {
        let mut findings = Findings::default();
        findings.warn("clock", "2 min late", "synchronise it");
        let json: serde_json::Value = serde_json::from_str(&text(&findings, true)).unwrap();
        assert_eq!(json["verdict"], "warn");
        assert_eq!(json["checks"][0]["mend"], "synchronise it");
    }
}
