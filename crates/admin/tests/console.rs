//! The operator's commands against a real store, with and without a gateway to be told.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use admin::{AdminError, Place, RevokeArgs, StatusArgs, revoke, status};
use clap::Parser;
use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{Answer, Phase, Request, Revoked, SOCKET, Status, Worker};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::{AccountId, ClientId, DeviceId, NodeId};
use domain::oauth::AuthMethod;
use domain::region::Region;
use domain::sandbox::{Layer, Report, State};
use domain::scope::Scopes;
use domain::token::{Access, Token};
use serde_json::Value;
use store::{
    Connect, DatabaseUrl, GatewaySecret, NewClient, NewDevice, NewTokens, OpenMode, OpenOptions,
    S3Access, Store,
};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixListener;

const SECRET: &str = "an operator's value with more than 32 characters";
const HOSTILE_NAME: &str = "Claude\u{1b}[2J";

/// A data directory with two people: one with two devices, one with one.
struct Site {
    dir: TempDir,
    store: Store,
    accounts: [AccountId; 2],
    devices: [(DeviceId, Token<Access>); 3],
}

impl Site {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::sqlite(dir.path().join("gateway.db"));
        let options = OpenOptions {
            mode: OpenMode::Serve,
            old_secret: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
        };
        let secret = GatewaySecret::parse(SECRET).unwrap();
        let store = Store::open(&url, &secret, options).await.unwrap();
        let client = ClientId::generate(&OsEntropy);
        let new = NewClient {
            id: client.clone(),
            auth_method: AuthMethod::None,
            secret: None,
            redirect_uris: Vec::new(),
            name: Some(HOSTILE_NAME.to_owned()),
            client_uri: None,
            logo_uri: None,
            scopes: None,
            about: store::ClientDetails::default(),
        };
        store.register_client(&new, now()).await.unwrap();
        let accounts =
            [account(&store, "ada@example.org").await, account(&store, "bo@example.org").await];
        let devices = [
            device(&store, &accounts[0], &client).await,
            device(&store, &accounts[0], &client).await,
            device(&store, &accounts[1], &client).await,
        ];
        Self { dir, store, accounts, devices }
    }

    fn place(&self) -> Place {
        Place {
            data_dir: self.dir.path().to_owned(),
            database_url: DatabaseUrl::sqlite(self.dir.path().join("gateway.db")),
            secret: GatewaySecret::parse(SECRET).unwrap(),
            old_secret: None,
            s3: S3Access::default(),
        }
    }

    async fn revoke(&self, words: &[&str]) -> Result<String, AdminError> {
        let mut out = Vec::new();
        let args = RevokeLine::parse_from(words_of(words)).args;
        revoke(&self.place(), &args, &mut out).await?;
        Ok(String::from_utf8(out).unwrap())
    }

    async fn status(&self, words: &[&str]) -> String {
        let mut out = Vec::new();
        let args = StatusLine::parse_from(words_of(words)).args;
        status(&self.place(), &args, &mut out).await.unwrap();
        String::from_utf8(out).unwrap()
    }

    /// Which of the three tokens still work.
    async fn live(&self) -> [bool; 3] {
        let mut live = [false; 3];
        for (live, (_, token)) in live.iter_mut().zip(&self.devices) {
            let digest = self.store.digest(token);
            *live = self.store.find_device_by_access(&digest, now()).await.unwrap().is_some();
        }
        live
    }
}

#[derive(Parser)]
struct RevokeLine {
    #[command(flatten)]
    args: RevokeArgs,
}

#[derive(Parser)]
struct StatusLine {
    #[command(flatten)]
    args: StatusArgs,
}

fn words_of<'a>(words: &[&'a str]) -> Vec<&'a str> {
    [&["garmin-gateway"], words].concat()
}

fn now() -> Timestamp {
    SystemClock.now()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

async fn account(store: &Store, email: &str) -> AccountId {
    let email = LoginEmail::parse(email).unwrap();
    let connect = Connect {
        region: Region::Global,
        guid: email.reveal(),
        email: &email,
        profile: b"{}",
        credentials: b"{}",
        refresh_expires_at: None,
    };
    store.connect_account(&connect, now()).await.unwrap().account
}

async fn device(
    store: &Store,
    account: &AccountId,
    client: &ClientId,
) -> (DeviceId, Token<Access>) {
    let (device, token) = (DeviceId::generate(&OsEntropy), Token::generate(&OsEntropy));
    let access = store.digest(&token);
    let new = NewDevice {
        device: &device,
        account,
        client,
        grant: None,
        scopes: Scopes::ReadWrite,
        tools: None,
        tokens: NewTokens { access: &access, access_expires_at: None, refresh: None },
    };
    store.add_device(&new, now()).await.unwrap();
    (device, token)
}

/// A gateway as far as the console can tell: answers on the socket and remembers what it heard.
fn listen(dir: &Path, answer: Answer) -> Arc<Mutex<Vec<Request>>> {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let listener = UnixListener::bind(dir.join(SOCKET)).unwrap();
    let heard_there = heard.clone();
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            heard_there.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            let answer = serde_json::to_string(&answer).unwrap() + "\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    heard
}

#[tokio::test]
async fn status_counts_what_is_stored_and_says_that_no_gateway_runs() {
    let site = Site::new().await;
    let text = site.status(&[]).await;
    assert!(text.contains("no gateway is running"), "{text}");
    let report = json(&site.status(&["--json"]).await);
    assert_eq!(report["gateway"], Value::Null);
    let counts = &report["counts"];
    assert_eq!(
        (&counts["accounts"], &counts["devices"], &counts["clients"], &counts["pending_codes"]),
        (&2.into(), &3.into(), &1.into(), &0.into())
    );
    // Two of one second have no order.
    let mut devices: Vec<_> =
        (0..2).map(|at| report["accounts"][at]["devices"].as_u64().unwrap()).collect();
    devices.sort_unstable();
    assert_eq!(devices, [1, 2]);
    assert_eq!(report["clients"][0]["devices"], 3);
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_hides_nothing_of_what_is_stored() {
    let site = Site::new().await;
    let _silent = UnixListener::bind(site.dir.path().join(SOCKET)).unwrap();
    for words in [&[][..], &["--json"]] {
        let mut out = Vec::new();
        let args = StatusLine::parse_from(words_of(words)).args;
        let ended = status(&site.place(), &args, &mut out).await;
        assert!(matches!(ended, Err(AdminError::Socket { .. })), "{ended:?}");
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("cannot talk to the gateway"), "{text}");
        assert!(text.contains("accounts") && text.contains("devices"), "{text}");
    }
}

#[tokio::test]
async fn status_shows_the_workers_of_a_running_gateway() {
    let site = Site::new().await;
    let missing = |reason: &str| State::Missing { reason: reason.to_owned() };
    let running = Status {
        node: NodeId::generate(&OsEntropy),
        version: "1.2.3".to_owned(),
        started_at: now(),
        max_workers: 200,
        queued_starts: 0,
        workers: vec![Worker {
            calls: 3,
            memory_kib: Some(1536),
            account: site.accounts[0].clone(),
            pid: 4711,
            port: 40_001,
            phase: Phase::Ready,
            in_flight: 2,
            idle_secs: 0,
            started_at: now(),
        }],
        egresses: Vec::new(),
        sandbox: Report::of(|_| State::Active)
            .with(Layer::Files, missing("no Landlock"))
            .with(Layer::Group, missing("not delegated")),
    };
    let heard = listen(site.dir.path(), Answer::Status(running));
    let text = site.status(&[]).await;
    for part in [
        "1.2.3",
        "1 worker of at most 200",
        "4711",
        "ready",
        "(no Landlock)",
        "calls",
        "not delegated",
    ] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let report = json(&site.status(&["--json"]).await);
    assert_eq!(report["gateway"]["workers"][0]["account"], site.accounts[0].as_str());
    assert_eq!(report["gateway"]["sandbox_gaps"].as_array().unwrap().len(), 1);
    assert_eq!(
        report["gateway"]["sandbox"][0],
        serde_json::json!({"layer": "process", "state": "active"})
    );
    assert_eq!(*heard.lock().unwrap(), [Request::Status, Request::Status]);
}

#[tokio::test]
async fn sec101_sec102_nothing_names_a_person_and_no_client_steers_the_terminal() {
    let site = Site::new().await;
    for text in [
        site.status(&["--detail"]).await,
        site.status(&["--json"]).await,
        site.revoke(&["--list"]).await.unwrap(),
        site.revoke(&["--list", "--json"]).await.unwrap(),
    ] {
        assert!(!text.contains("example.org") && !text.contains('\u{1b}'), "{text}");
    }
}

#[tokio::test]
async fn the_list_shows_every_device_and_revokes_none() {
    let site = Site::new().await;
    let text = site.revoke(&["--list"]).await.unwrap();
    for (device, _) in &site.devices {
        assert!(text.contains(device.as_str()), "{text}");
    }
    let listing = json(&site.revoke(&["--list", "--json"]).await.unwrap());
    assert_eq!(listing["devices"].as_array().unwrap().len(), 3);
    assert_eq!(site.live().await, [true; 3]);
}

#[tokio::test]
async fn one_device_goes_and_the_running_gateway_hears_of_it() {
    let site = Site::new().await;
    let heard = listen(site.dir.path(), Answer::Done);
    let device = &site.devices[1].0;
    let text = site.revoke(&["--device", device.as_str(), "--yes", "--json"]).await.unwrap();
    let outcome = json(&text);
    assert_eq!(outcome["effect"], "at_once");
    assert_eq!(outcome["revoked"][0]["device"], device.as_str());
    assert_eq!(site.live().await, [true, false, true]);
    let (device_id, account_id) = (device.clone(), site.accounts[0].clone());
    let revoked = Revoked::Device { device: device_id, account: account_id };
    let news = Request::Revoked { revoked };
    assert_eq!(*heard.lock().unwrap(), [news]);
}

#[tokio::test]
async fn an_account_goes_by_its_id_or_by_its_address_and_the_others_stay() {
    let site = Site::new().await;
    let by_id = site.revoke(&["--account", site.accounts[0].as_str(), "--yes"]).await.unwrap();
    assert!(by_id.contains("revoked 2 devices") && by_id.contains("5 seconds"), "{by_id}");
    assert_eq!(site.live().await, [false, false, true]);
    let by_address = site.revoke(&["--account", "BO@example.org", "--yes"]).await.unwrap();
    assert!(by_address.contains("revoked 1 device;"), "{by_address}");
    assert_eq!(site.live().await, [false; 3]);
}

#[tokio::test]
async fn sec140_everybody_goes_at_once_and_every_device_is_in_the_audit_trail() {
    let site = Site::new().await;
    let heard = listen(site.dir.path(), Answer::Done);
    site.revoke(&["--all", "--yes"]).await.unwrap();
    assert_eq!(site.live().await, [false; 3]);
    assert_eq!(*heard.lock().unwrap(), [Request::Revoked { revoked: Revoked::Everything }]);
    assert_eq!(site.store.list_audit(10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_gateway_that_cannot_carry_it_out_is_reported_and_the_revocation_stands() {
    let site = Site::new().await;
    let _heard = listen(site.dir.path(), Answer::Failed { message: "not now".to_owned() });
    let refused = site.revoke(&["--all", "--yes"]).await.unwrap_err();
    assert!(refused.to_string().contains("not now"), "{refused}");
    assert_eq!(site.live().await, [false; 3]);
}

#[tokio::test]
async fn what_is_not_there_is_named_with_the_way_to_find_it() {
    let site = Site::new().await;
    let stranger = AccountId::generate(&OsEntropy);
    let device = DeviceId::generate(&OsEntropy);
    for words in [
        ["--account", stranger.as_str()],
        ["--account", "nobody@example.org"],
        ["--account", "?"],
        ["--device", device.as_str()],
        ["--device", "dev_short"],
    ] {
        let error = site.revoke(&[&words[..], &["--yes"]].concat()).await.unwrap_err();
        assert!(error.to_string().contains(words[1]), "{error}");
        assert!(error.hint().unwrap().contains("lists them"));
    }
    assert_eq!(site.live().await, [true; 3]);
}

#[tokio::test]
async fn a_wrong_secret_or_a_missing_database_is_an_answer_and_creates_nothing() {
    let site = Site::new().await;
    let another = GatewaySecret::parse("another operator's value of 32 characters").unwrap();
    let wrong = Place { secret: another, ..site.place() };
    let args = StatusLine::parse_from(words_of(&[])).args;
    let refused = status(&wrong, &args, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(refused, AdminError::Open(store::OpenError::WrongSecret)), "{refused:?}");

    let empty = tempfile::tempdir().unwrap();
    let database_url = DatabaseUrl::sqlite(empty.path().join("gateway.db"));
    let nowhere = Place { database_url, ..site.place() };
    let refused = status(&nowhere, &args, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(refused, AdminError::Open(store::OpenError::NotThere { .. })), "{refused:?}");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[test]
fn a_revocation_says_what_it_means_to_revoke() {
    assert!(RevokeLine::try_parse_from(words_of(&[])).is_err());
    assert!(RevokeLine::try_parse_from(words_of(&["--all", "--list"])).is_err());
    assert!(RevokeLine::try_parse_from(words_of(&["--list", "--yes"])).is_err());
}
