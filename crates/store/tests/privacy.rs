//! Whoever has the files and not the secret learns who nobody is.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::{SystemClock, Timestamp};
use domain::contract::{JournalAnswer, JournalEntry, KeyUse, WriteOutcome};
use domain::email::LoginEmail;
use domain::entropy::OsEntropy;
use domain::id::{AccountId, ClientId, DeviceId, GrantId, NodeId, SessionId, SignInId};
use domain::oauth::AuthMethod;
use domain::pkce::Challenge;
use domain::redirect::RedirectUri;
use domain::region::Region;
use domain::scope::Scopes;
use domain::settings::Settings;
use domain::token::{
    AccessToken, AuthorizationCode, Browser, ClientSecret, PageLink, PageSession, RefreshToken,
    Token,
};
use store::{
    Connect, DatabaseUrl, GatewaySecret, LeaseOutcome, LeaseOwner, NewClient, NewDevice, NewGrant,
    NewRefresh, NewSession, NewSignIn, NewTokens, OpenMode, OpenOptions, Rotation, SignInLimits,
    Store, UsedTool,
};

const SECRET: &str = "tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR";
const NOW: Timestamp = Timestamp(1_790_000_000);

/// Everything that must not be found, collected while it is stored.
struct Needles(Vec<Vec<u8>>);

impl Needles {
    fn note(&mut self, text: &str) {
        self.0.push(text.as_bytes().to_vec());
    }

    /// The text of a token and its body alone, without the prefix everybody knows.
    fn note_token(&mut self, revealed: &str) {
        self.note(revealed);
        self.note(revealed.rsplit_once("ggw_").unwrap().1.split_once('_').unwrap().1);
    }

    fn found_in(&self, folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            for needle in &self.0 {
                if bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle)) {
                    found.push(format!("{} in {}", needle.escape_ascii(), path.display()));
                }
            }
        }
        found
    }
}

async fn open(folder: &Path) -> Store {
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let secret = GatewaySecret::parse(SECRET).unwrap();
    Store::open(&DatabaseUrl::sqlite(folder.join("gateway.db")), &secret, options).await.unwrap()
}

async fn write_to_garmin(store: &Store, account: &AccountId) {
    for (key, detail) in [("key-of-zofia", "weigh-in 61.7 kg of zofia"), ("second", "second")] {
        let intent = JournalEntry::Intent {
            key: key.to_owned(),
            key_use: KeyUse::Once,
            tool: "add_weigh_in".to_owned(),
            detail: detail.to_owned(),
        };
        let answer = store.journal(account, &intent, NOW).await.unwrap();
        let JournalAnswer::Recorded { journal } = answer else { panic!("{answer:?}") };
        let outcome = JournalEntry::Outcome {
            journal,
            outcome: WriteOutcome::Done,
            detail: "undo-of-zofia".to_owned(),
        };
        store.journal(account, &outcome, NOW).await.unwrap();
    }
}

async fn see_the_page(
    store: &Store,
    account: &AccountId,
    device: &DeviceId,
    cookie: &Token<PageSession>,
    link: &Token<PageLink>,
) {
    let soon = NOW.plus(Duration::from_mins(10));
    let session = NewSession {
        id: &SessionId::generate(&OsEntropy),
        account,
        cookie: &store.digest(cookie),
        state: b"session-of-zofia",
        expires_at: soon,
    };
    store.begin_session(&session, NOW).await.unwrap();
    assert!(store.add_link(account, device, &store.digest(link), soon, NOW).await.unwrap());
    let settings = Settings { time_zone: Some("Europe/Zofia".to_owned()), ..Settings::default() };
    store.put_settings(account, &settings, NOW).await.unwrap();
}

/// One person's whole way through the gateway.
async fn live(store: &Store, needles: &mut Needles) {
    let soon = NOW.plus(Duration::from_mins(10));
    let cookie = Token::<Browser>::generate(&OsEntropy);
    let session_cookie = Token::<PageSession>::generate(&OsEntropy);
    let link = Token::<PageLink>::generate(&OsEntropy);
    needles.note_token(link.reveal());
    let client_secret = Token::<ClientSecret>::generate(&OsEntropy);
    let code = AuthorizationCode::generate(&OsEntropy);
    let (access, refresh) = (AccessToken::generate(&OsEntropy), RefreshToken::generate(&OsEntropy));
    for token in [cookie.reveal(), session_cookie.reveal(), client_secret.reveal()] {
        needles.note_token(token);
    }
    for token in [code.reveal(), access.reveal(), refresh.reveal()] {
        needles.note_token(token);
    }

    let client = ClientId::generate(&OsEntropy);
    let redirect_uri = RedirectUri::parse("http://127.0.0.1:33418/connector-of-zofia").unwrap();
    let new_client = NewClient {
        id: client.clone(),
        auth_method: AuthMethod::ClientSecretPost,
        secret: Some(store.digest(&client_secret)),
        redirect_uris: vec![redirect_uri.clone()],
        name: Some("Laptop of Zofia Recognisable".to_owned()),
        client_uri: None,
        logo_uri: None,
        scopes: None,
        about: store::ClientDetails::default(),
    };
    store.register_client(&new_client, NOW).await.unwrap();

    let sign_in = SignInId::generate(&OsEntropy);
    let begun = NewSignIn {
        id: &sign_in,
        browser: &store.digest(&cookie),
        state: br#"{"state":"state-of-the-client-zofia"}"#,
        expires_at: soon,
    };
    let version = store
        .add_sign_in(&begun, SignInLimits { in_all: 1, per_browser: 1 }, NOW)
        .await
        .unwrap()
        .unwrap();
    let pending = br#"{"mfa":"pending-of-zofia@recognisable.example"}"#;
    let version = store.update_sign_in(&sign_in, version, pending, NOW).await.unwrap().unwrap();

    let email = LoginEmail::parse("Zofia@Recognisable.example").unwrap();
    let connect = Connect {
        region: Region::Global,
        guid: "f00dface-1234-4567-89ab-recognisable",
        email: &email,
        profile: br#"{"name":"Zofia Recognisable","place":"Zakopane"}"#,
        credentials: br#"{"access":"garmin-access-zofia","refresh":"garmin-refresh-zofia"}"#,
        refresh_expires_at: None,
    };
    store.note_sign_in_failure(&email, &client, "wrong_password", NOW).await.unwrap();
    let connected = store.connect_account(&connect, NOW).await.unwrap();
    assert!(store.finish_sign_in(&sign_in, version).await.unwrap());

    let digest = store.digest(&code);
    let grant = NewGrant {
        id: &GrantId::generate(&OsEntropy),
        code: &digest,
        client: &client,
        redirect_uri: &redirect_uri,
        challenge: &Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        scopes: Scopes::ReadWrite,
        tools: None,
        expires_at: soon,
    };
    store.add_grant(&connected.account, &grant, NOW).await.unwrap();
    let device = NewDevice {
        device: &DeviceId::generate(&OsEntropy),
        account: &connected.account,
        client: &client,
        grant: Some(grant.id),
        scopes: Scopes::ReadWrite,
        tools: None,
        tokens: NewTokens {
            access: &store.digest(&access),
            access_expires_at: None,
            refresh: Some(NewRefresh { digest: &store.digest(&refresh), expires_at: soon }),
        },
    };
    store.add_device(&device, NOW).await.unwrap();
    let account = &connected.account;
    see_the_page(store, account, device.device, &session_cookie, &link).await;

    let owner = LeaseOwner::generate(&NodeId::generate(&OsEntropy), &OsEntropy);
    let (account, from) = (&connected.account, connected.generation);
    let lease = store.take_lease(account, from, &owner, soon, NOW).await.unwrap();
    assert!(matches!(lease, LeaseOutcome::Taken(_)));
    let rotation = Rotation {
        from,
        credentials: br#"{"refresh":"garmin-rotated-zofia"}"#,
        refresh_expires_at: None,
    };
    store.commit_rotation(account, &rotation, NOW).await.unwrap();
    write_to_garmin(store, account).await;
    let used = UsedTool { account, client: &client, tool: "get_sleep" };
    store.count_call(&used, NOW);
    store.flush().await.unwrap();
}

#[tokio::test]
async fn t138_sec025_sec106_inv7_the_raw_files_show_no_name_no_address_and_no_token() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    let mut needles = Needles(Vec::new());
    for text in ["zofia", "recognisable", "Zakopane", "f00dface-1234", "61.7 kg", SECRET] {
        needles.note(text);
    }
    live(&store, &mut needles).await;

    // With the WAL as it lies there while the gateway runs (and after a crash) ...
    let wal = fs::metadata(folder.path().join("gateway.db-wal")).unwrap();
    assert!(wal.len() > 10_000, "the writes are expected in the WAL");
    assert_eq!(needles.found_in(folder.path()), Vec::<String>::new());
    // ... and folded into the main file.
    store.close().await;
    assert!(!folder.path().join("gateway.db-wal").exists());
    assert_eq!(needles.found_in(folder.path()), Vec::<String>::new());

    // The search does find what is there in the clear.
    let plain = Needles(vec![b"sign_in_id".to_vec(), b"GET_SLEEP".to_vec()]);
    assert_eq!(plain.found_in(folder.path()).len(), 2);
}

#[tokio::test]
async fn what_the_types_print_names_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await;
    live(&store, &mut Needles(Vec::new())).await;
    let account = store.list_accounts().await.unwrap().remove(0).id;
    let credentials = store.credentials(&account).await.unwrap();
    let printed = format!("{store:?} {credentials:?} {:?}", store.find_account(&account).await);
    for needle in ["zofia", "recognisable", "Zofia"] {
        assert!(!printed.contains(needle), "{printed}");
    }
    let bytes = format!("{:?}", b"garmin-rotated");
    assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
    store.close().await;
}
