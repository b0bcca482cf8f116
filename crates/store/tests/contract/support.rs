//! A database for one test, and the shortest way to put something in it.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::{SystemClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::{Entropy, OsEntropy};
use domain::id::{AccountId, ClientId, DeviceId, GrantId, NodeId};
use domain::oauth::AuthMethod;
use domain::pkce::Challenge;
use domain::redirect::RedirectUri;
use domain::region::Region;
use domain::scope::Scopes;
use domain::token::{
    Access, AccessToken, AuthorizationCode, Code, Refresh, RefreshToken, TokenDigest,
};
use sqlx::{PgPool, SqlitePool};
use store::{
    ClientDetails, Connect, Connected, DatabaseUrl, DeviceAdded, GatewaySecret, Grant, LeaseOwner,
    NewClient, NewDevice, NewGrant, NewRefresh, NewTokens, OpenError, OpenMode, OpenOptions, Store,
    StoreError, UsedTool,
};
use tempfile::TempDir;

use crate::postgres::Schema;

pub(crate) const SECRET: &str = "tVq3n8Xw1LrT6yB0cPfK9sJdHaG4mUeR";
pub(crate) const NOW: Timestamp = Timestamp(1_790_000_000);
pub(crate) const DAY: Duration = Duration::from_hours(24);

/// Declares one behaviour and runs it on both databases.
macro_rules! on_both {
    ($(#[$attribute:meta])* async fn $name:ident($db:ident: &Db) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "a behaviour may need nothing of its file")]
            use super::*;

            async fn behaviour($db: &crate::support::Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_sqlite() {
                let db = crate::support::Db::sqlite().await;
                behaviour(&db).await;
                db.finish().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn on_postgres() {
                let Some(db) = crate::support::Db::postgres().await else { return };
                behaviour(&db).await;
                db.finish().await;
            }
        }
    };
}
pub(crate) use on_both;

pub(crate) struct Db {
    pub(crate) store: Store,
    pub(crate) url: DatabaseUrl,
    raw: Raw,
    directory: TempDir,
    pub(crate) schema: Option<Schema>,
}

/// A second way in, for what the store itself would never write.
enum Raw {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

pub(crate) fn secret() -> GatewaySecret {
    GatewaySecret::parse(SECRET).unwrap()
}

pub(crate) fn options(mode: OpenMode) -> OpenOptions {
    OpenOptions {
        mode,
        old_secret: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    }
}

impl Db {
    pub(crate) async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gateway.db");
        let url = DatabaseUrl::sqlite(&path);
        let store = Store::open(&url, &secret(), options(OpenMode::Serve)).await.unwrap();
        let raw = SqlitePool::connect(&format!("sqlite:{}", path.display())).await.unwrap();
        Self { store, url, raw: Raw::Sqlite(raw), directory, schema: None }
    }

    /// A schema of its own on the server to test on.
    pub(crate) async fn postgres() -> Option<Self> {
        let schema = Schema::create().await?;
        let url = DatabaseUrl::parse(&schema.url).unwrap();
        let store = Store::open(&url, &secret(), options(OpenMode::Serve)).await.unwrap();
        let raw = PgPool::connect(&schema.url).await.unwrap();
        let directory = tempfile::tempdir().unwrap();
        let schema = Some(schema);
        Some(Self { store, url, raw: Raw::Postgres(raw), directory, schema })
    }

    pub(crate) async fn finish(self) {
        self.store.close().await;
        match self.raw {
            Raw::Sqlite(pool) => pool.close().await,
            Raw::Postgres(pool) => pool.close().await,
        }
        if let Some(schema) = self.schema {
            schema.drop().await;
        }
    }

    /// Opens the same database once more, as another process would.
    pub(crate) async fn reopen(
        &self,
        mode: OpenMode,
        secret: &GatewaySecret,
    ) -> Result<Store, OpenError> {
        Store::open(&self.url, secret, options(mode)).await
    }

    /// Runs a statement behind the store's back; returns how many rows it hit.
    pub(crate) async fn execute(&self, statement: &'static str) -> u64 {
        match &self.raw {
            Raw::Sqlite(pool) => {
                sqlx::query(statement).execute(pool).await.unwrap().rows_affected()
            }
            Raw::Postgres(pool) => {
                sqlx::query(statement).execute(pool).await.unwrap().rows_affected()
            }
        }
    }

    pub(crate) async fn count(&self, statement: &'static str) -> i64 {
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(statement).fetch_one(pool).await.unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(statement).fetch_one(pool).await.unwrap(),
        }
    }

    /// Counts one call of a tool, through a client that nobody has registered.
    pub(crate) fn call(&self, account: &AccountId, tool: &str, now: Timestamp) {
        let client = ClientId::parse("cli_of_calls").unwrap();
        self.store.count_call(&UsedTool { account, client: &client, tool }, now);
    }

    /// The file of a SQLite database.
    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.directory.path().join("gateway.db")
    }

    pub(crate) fn is_sqlite(&self) -> bool {
        matches!(self.raw, Raw::Sqlite(_))
    }

    /// Every column there is, as `table.column`.
    pub(crate) async fn columns(&self) -> Vec<String> {
        match &self.raw {
            Raw::Sqlite(pool) => sqlx::query_scalar(
                "SELECT t.name || '.' || c.name FROM sqlite_schema AS t
                   JOIN pragma_table_info(t.name) AS c
                  WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'
                  ORDER BY t.name, c.cid",
            )
            .fetch_all(pool)
            .await
            .unwrap(),
            Raw::Postgres(pool) => sqlx::query_scalar(
                "SELECT table_name || '.' || column_name FROM information_schema.columns
                  WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%'
                  ORDER BY table_name COLLATE \"C\", ordinal_position",
            )
            .fetch_all(pool)
            .await
            .unwrap(),
        }
    }

    pub(crate) async fn connect(&self, guid: &str) -> Connected {
        self.connect_with(guid, b"first credentials").await
    }

    pub(crate) async fn connect_with(&self, guid: &str, credentials: &[u8]) -> Connected {
        connect(&self.store, guid, credentials).await
    }

    /// A sign-in that somebody's consent hangs on, with a code good for ten minutes.
    pub(crate) async fn connect_by_code(
        &self,
        guid: &str,
        client: &ClientId,
        now: Timestamp,
    ) -> Result<(Connected, Grant, TokenDigest<Code>), StoreError> {
        let code = self.store.digest(&AuthorizationCode::generate(&OsEntropy));
        let email = LoginEmail::parse(&format!("{guid}@example.com")).unwrap();
        let connect = described(guid, &email, b"credentials");
        let mut grant = consent(&AccountId::generate(&OsEntropy), client, now);
        let connected =
            self.store.connect_by_code(&connect, &new_grant(&grant, &code), now).await?;
        grant.account = connected.account.clone();
        Ok((connected, grant, code))
    }

    pub(crate) async fn client(&self) -> ClientId {
        let client = new_client("Test client");
        assert!(self.store.register_client(&client, NOW).await.unwrap());
        client.id
    }

    /// A device with a pair of tokens: the access token lives an hour, the other 30 days.
    pub(crate) async fn device(&self, account: &AccountId, client: &ClientId) -> Device {
        let device = Device::generate(&self.store);
        let added = self
            .store
            .add_device(&device.described(account, client, None, Some(NOW.plus(DAY / 24))), NOW)
            .await
            .unwrap();
        assert_eq!(added, DeviceAdded::Added);
        device
    }

    /// The device a grant leads to; its code is spent.
    pub(crate) async fn redeem(&self, grant: &Grant) -> Device {
        let device = Device::generate(&self.store);
        let new = device.described(&grant.account, &grant.client, Some(&grant.id), None);
        assert_eq!(self.store.add_device(&new, NOW).await.unwrap(), DeviceAdded::Added);
        device
    }

    /// Consent with its code, good for ten minutes.
    pub(crate) async fn grant(
        &self,
        account: &AccountId,
        client: &ClientId,
    ) -> (Grant, TokenDigest<Code>) {
        let grant = consent(account, client, NOW);
        let code = self.store.digest(&AuthorizationCode::generate(&OsEntropy));
        self.store.add_grant(account, &new_grant(&grant, &code), NOW).await.unwrap();
        (grant, code)
    }
}

pub(crate) async fn connect(store: &Store, guid: &str, credentials: &[u8]) -> Connected {
    let email = LoginEmail::parse(&format!("{guid}@example.com")).unwrap();
    store.connect_account(&described(guid, &email, credentials), NOW).await.unwrap()
}

fn described<'a>(guid: &'a str, email: &'a LoginEmail, credentials: &'a [u8]) -> Connect<'a> {
    Connect {
        region: Region::Global,
        guid,
        email,
        profile: b"profile",
        credentials,
        refresh_expires_at: Some(NOW.plus(30 * DAY)),
    }
}

fn consent(account: &AccountId, client: &ClientId, now: Timestamp) -> Grant {
    Grant {
        id: GrantId::generate(&OsEntropy),
        account: account.clone(),
        client: client.clone(),
        redirect_uri: RedirectUri::parse("http://127.0.0.1:33418/callback").unwrap(),
        challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
        scopes: Scopes::ReadWrite,
        tools: Some("coach".to_owned()),
        expires_at: now.plus(Duration::from_mins(10)),
    }
}

fn new_grant<'a>(grant: &'a Grant, code: &'a TokenDigest<Code>) -> NewGrant<'a> {
    NewGrant {
        id: &grant.id,
        code,
        client: &grant.client,
        redirect_uri: &grant.redirect_uri,
        challenge: &grant.challenge,
        scopes: grant.scopes,
        tools: grant.tools.as_deref(),
        expires_at: grant.expires_at,
    }
}

pub(crate) fn new_client(name: &str) -> NewClient {
    NewClient {
        id: ClientId::generate(&OsEntropy),
        auth_method: AuthMethod::None,
        secret: None,
        redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
        name: Some(name.to_owned()),
        client_uri: None,
        logo_uri: None,
        scopes: None,
        about: ClientDetails::default(),
    }
}

pub(crate) fn lease_owner() -> LeaseOwner {
    LeaseOwner::generate(&NodeId::generate(&OsEntropy), &OsEntropy)
}

pub(crate) fn random_account() -> AccountId {
    AccountId::generate(&OsEntropy)
}

/// A pair of tokens as the store knows them.
#[derive(Debug, Clone)]
pub(crate) struct Pair {
    pub(crate) access: TokenDigest<Access>,
    pub(crate) refresh: TokenDigest<Refresh>,
}

impl Pair {
    pub(crate) fn generate(store: &Store) -> Self {
        let entropy: &dyn Entropy = &OsEntropy;
        Self {
            access: store.digest(&AccessToken::generate(entropy)),
            refresh: store.digest(&RefreshToken::generate(entropy)),
        }
    }

    pub(crate) fn refresh(&self) -> NewRefresh<'_> {
        NewRefresh { digest: &self.refresh, expires_at: NOW.plus(30 * DAY) }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) pair: Pair,
}

impl Device {
    pub(crate) fn generate(store: &Store) -> Self {
        Self { id: DeviceId::generate(&OsEntropy), pair: Pair::generate(store) }
    }

    pub(crate) fn described<'a>(
        &'a self,
        account: &'a AccountId,
        client: &'a ClientId,
        grant: Option<&'a GrantId>,
        access_expires_at: Option<Timestamp>,
    ) -> NewDevice<'a> {
        NewDevice {
            device: &self.id,
            account,
            client,
            grant,
            scopes: Scopes::ReadWrite,
            tools: Some("coach"),
            tokens: NewTokens {
                access: &self.pair.access,
                access_expires_at,
                refresh: Some(self.pair.refresh()),
            },
        }
    }
}

/// Runs `count` copies at the same moment and collects what each came to.
pub(crate) async fn all_at_once<T, F>(count: usize, make: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(tokio::sync::Barrier::new(count));
    let mut tasks = tokio::task::JoinSet::new();
    for turn in 0..count {
        let (gate, work) = (Arc::clone(&gate), make(turn));
        tasks.spawn(async move {
            gate.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}
