//! A gateway with accounts that are signed in already, in front of a worker that misbehaves on
//! request. Verbs and actors, never assertions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use domain::clock::{Clock, ManualClock, Timestamp};
use domain::email::LoginEmail;
use domain::entropy::{Entropy, OsEntropy};
use domain::id::{AccountId, ClientId, DeviceId, Generation};
use domain::oauth::AuthMethod;
use domain::redirect::RedirectUri;
use domain::region::Region;
use domain::sandbox::Report;
use domain::scope::Scopes;
use domain::token::AccessToken;
use gateway::config::{Config, Vars};
use gateway::oauth::cimd::Web;
use gateway::state::{AppState, Foundation};
use gateway::{WorkerProgram, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use simulator::{AccountSpec, Simulator, SimulatorOptions};
use store::{Connect, NewClient, NewDevice, NewTokens, OpenMode, OpenOptions, Store};
use tower::ServiceExt;

const SECRET: &str = "a secret for tests that is long enough to be one";
pub(crate) const START: Timestamp = Timestamp(1_790_000_000);

pub(crate) struct Rig {
    pub(crate) app: AppState,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) garmin: Simulator,
    pub(crate) dir: tempfile::TempDir,
    vars: Vars,
    program: WorkerProgram,
    router: Router,
    client: ClientId,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(crate) fn result(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.json()["result"].clone()
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["data"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

pub(crate) fn email(number: usize) -> String {
    format!("runner{number}@example.org")
}

impl Rig {
    pub(crate) async fn start() -> Self {
        Self::with("normal", &[]).await
    }

    pub(crate) async fn with(mode: &'static str, settings: &[(&str, &str)]) -> Self {
        Self::with_program("test_worker", mode, settings).await
    }

    /// In front of another example than `test_worker`.
    pub(crate) async fn with_program(
        example: &'static str,
        mode: &'static str,
        settings: &[(&str, &str)],
    ) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let people = (0..16)
            .map(|number| AccountSpec::new(email(number), "password").athlete(number as u64 + 1))
            .collect();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = SimulatorOptions::new(clock.clone() as Arc<dyn Clock>, people);
        let garmin = Simulator::start(listener, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let urls = garmin.urls();
        let mut vars = Vars::default()
            .with("GATEWAY_SECRET", SECRET)
            .with("DATA_DIR", dir.path().to_str().unwrap())
            .with("RATE_LIMITS", "off")
            .with("GARMIN_SSO_URL", &urls.sso.join(""))
            .with("GARMIN_API_URL", &urls.api.join(""))
            .with("GARMIN_DIAUTH_URL", &urls.diauth.join(""))
            .with("GARMIN_CONNECT_URL", &urls.connect.join(""));
        for (name, value) in settings {
            vars = vars.with(name, value);
        }
        let program = program(example, mode);
        let app = open_with(&vars, &clock, program.clone()).await;
        let client = ClientId::generate(&OsEntropy);
        let new = NewClient {
            id: client.clone(),
            auth_method: AuthMethod::None,
            secret: None,
            redirect_uris: vec![RedirectUri::parse("https://client.example/cb").unwrap()],
            name: None,
            client_uri: None,
            logo_uri: None,
            scopes: None,
            about: store::ClientDetails::default(),
        };
        app.store.register_client(&new, START).await.unwrap();
        let router = router(app.clone());
        Self { app, clock, garmin, dir, vars, program, router, client }
    }

    pub(crate) fn program(&self) -> WorkerProgram {
        self.program.clone()
    }

    pub(crate) fn config(&self) -> Config {
        Config::from_vars(&self.vars).unwrap()
    }

    /// A second gateway process on the same database.
    pub(crate) async fn another_node(&self) -> AppState {
        open_with(&self.vars, &self.clock, self.program()).await
    }

    pub(crate) async fn sign_in(&self, number: usize) -> (AccountId, Generation) {
        sign_in(&self.app.store, &self.garmin, number, self.clock.now()).await
    }

    /// An account with a device, and the device's token.
    pub(crate) async fn person(&self, number: usize) -> (AccountId, String) {
        let (account, _) = self.sign_in(number).await;
        let token = self.device(&account, Scopes::ReadWrite).await.1;
        (account, token)
    }

    pub(crate) async fn device(&self, account: &AccountId, scopes: Scopes) -> (DeviceId, String) {
        self.device_until(account, scopes, None).await
    }

    pub(crate) async fn device_until(
        &self,
        account: &AccountId,
        scopes: Scopes,
        access_expires_at: Option<Timestamp>,
    ) -> (DeviceId, String) {
        let device = DeviceId::generate(&OsEntropy);
        let access = AccessToken::generate(&OsEntropy);
        let digest = self.app.store.digest(&access);
        let new = NewDevice {
            device: &device,
            account,
            client: &self.client,
            grant: None,
            scopes,
            tools: None,
            tokens: NewTokens { access: &digest, access_expires_at, refresh: None },
        };
        self.app.store.add_device(&new, self.clock.now()).await.unwrap();
        (device, access.reveal().to_owned())
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes =
            body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = String::from_utf8(bytes.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// The head of an answer, with its body still open.
    pub(crate) async fn open(&self, request: Request<Body>) -> axum::response::Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn post(&self, token: &str, body: String) -> Reply {
        self.send(post(token, body)).await
    }

    pub(crate) async fn call(&self, token: &str, tool: &str, arguments: Value) -> Reply {
        self.post(token, call(tool, &arguments)).await
    }

    pub(crate) async fn list(&self, token: &str) -> Reply {
        self.post(token, LIST.to_owned()).await
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn touch(&self, name: &str) {
        std::fs::write(self.path(name), "").unwrap();
    }

    /// Moves the clock and lets the supervisor notice.
    pub(crate) fn later(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
        self.app.supervisor.tick();
    }

    pub(crate) fn pid_of(&self, account: &AccountId) -> Option<u32> {
        let workers = self.app.supervisor.workers();
        workers.iter().find(|worker| worker.account == *account).map(|worker| worker.pid)
    }

    /// Calls the account's worker is answering; none before it is ready.
    pub(crate) fn in_flight(&self, account: &AccountId) -> Option<u32> {
        let workers = self.app.supervisor.workers();
        let worker = workers.iter().find(|worker| worker.account == *account)?;
        (worker.phase == domain::console::Phase::Ready).then_some(worker.in_flight)
    }

    pub(crate) async fn no_workers(&self) {
        until("every worker is gone", || self.app.supervisor.workers().is_empty()).await;
    }
}

pub(crate) const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;

pub(crate) fn call(tool: &str, arguments: &Value) -> String {
    let params = json!({"name": tool, "arguments": arguments});
    json!({"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params}).to_string()
}

pub(crate) fn post(token: &str, body: String) -> Request<Body> {
    Request::builder()
        .method("POST")
        .uri("/mcp")
        .header("host", "localhost:8080")
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::from(body))
        .unwrap()
}

/// A request of the era without handshakes.
pub(crate) fn modern(token: &str, method: &str, mut params: Value) -> Request<Body> {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let body = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
    let mut request = post(token, body.to_string());
    let headers = request.headers_mut();
    headers.insert("mcp-protocol-version", "2026-07-28".parse().unwrap());
    headers.insert("mcp-method", method.parse().unwrap());
    if let Some(name) = params["name"].as_str() {
        headers.insert("mcp-name", name.parse().unwrap());
    }
    request
}

/// What a cancelled or finished call leaves behind.
pub(crate) async fn appears(path: &str) {
    until(path, || std::path::Path::new(path).exists()).await;
}

pub(crate) async fn sign_in(
    store: &Store,
    garmin: &Simulator,
    number: usize,
    now: Timestamp,
) -> (AccountId, Generation) {
    let tokens = garmin.control().sign_in(&email(number)).unwrap();
    let pair = json!({
        "di_token": tokens.access_token,
        "di_refresh_token": tokens.refresh_token,
        "di_client_id": tokens.client_id,
        "access_expires_at": tokens.access_expires,
        "refresh_expires_at": tokens.refresh_expires,
    });
    let credentials = pair.to_string();
    let guid = format!("guid-{number}");
    let connect = Connect {
        region: Region::Global,
        guid: &guid,
        email: &LoginEmail::parse(&email(number)).unwrap(),
        profile: b"{}",
        credentials: credentials.as_bytes(),
        refresh_expires_at: Some(tokens.refresh_expires),
    };
    let connected = store.connect_account(&connect, now).await.unwrap();
    (connected.account, connected.generation)
}

pub(crate) async fn open(vars: &Vars, clock: &Arc<ManualClock>, mode: &str) -> AppState {
    open_with(vars, clock, program("test_worker", mode)).await
}

async fn open_with(vars: &Vars, clock: &Arc<ManualClock>, program: WorkerProgram) -> AppState {
    let config = Arc::new(Config::from_vars(vars).unwrap());
    let clock: Arc<dyn Clock> = clock.clone();
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let store = Store::open(&config.database_url, &config.secret, options).await.unwrap();
    let web = Web::real();
    let sandbox = Report::unknown("nobody asked");
    AppState::build(Foundation {
        config,
        clock,
        entropy,
        store,
        program,
        sandbox,
        groups: None,
        web,
    })
    .unwrap()
}

/// Cargo builds a package's examples beside its tests.
fn program(example: &str, mode: &str) -> WorkerProgram {
    let this = std::env::current_exe().unwrap();
    let exe = this.ancestors().nth(2).unwrap().join("examples").join(example);
    assert!(exe.exists(), "build the examples first: {}", exe.display());
    WorkerProgram { exe, args: vec![mode.into()] }
}

/// Polls a condition; what it waits for happens in other processes.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < give_up, "not within 30 s: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub(crate) fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

pub(crate) fn is_alive(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit_once(')').unwrap().1.trim_start().starts_with('Z'))
}
