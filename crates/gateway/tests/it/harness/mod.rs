//! The whole gateway without a listener: real router, real database, a Garmin that speaks
//! real HTTP, and a clock that moves when told. Verbs and actors, never assertions.

mod browser;
mod client;
mod databases;
mod publisher;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::clock::{Clock, ManualClock, Timestamp};
use domain::entropy::{CountingEntropy, Entropy};
use domain::sandbox::Report;
use gateway::config::{Config, Vars};
use gateway::oauth::cimd::{Patience, Web};
use gateway::state::{AppState, Foundation};
use gateway::{WorkerProgram, router};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use simulator::{AccountSpec, Mfa, MfaMethod, Simulator, SimulatorOptions};
use store::{OpenMode, OpenOptions, Store};
use tower::ServiceExt;

pub(crate) use browser::{Browser, Form, Page};
pub(crate) use client::{McpClient, Tokens};
pub(crate) use databases::on_both_databases;
pub(crate) use publisher::{Answer, EXPIRED, OTHER_NAME, PUBLIC, Publisher, SELF_SIGNED};

pub(crate) const ORIGIN: &str = "http://localhost:8080";
const SECRET: &str = "a secret for tests that is long enough to be one";

pub(crate) const RUNNER: (&str, &str) = ("runner@example.org", "correct horse");
pub(crate) const CODED: (&str, &str) = ("coded@example.org", "battery staple");
pub(crate) const OTHER: (&str, &str) = ("other@example.org", "a third password");

pub(crate) struct TestApp {
    pub(crate) app: AppState,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) garmin: Simulator,
    /// The rest of the internet, as far as it publishes metadata documents.
    pub(crate) publisher: Publisher,
    patience: Patience,
    entropy: Arc<dyn Entropy>,
    vars: Vars,
    router: Router,
    dir: tempfile::TempDir,
}

/// An answer with its body read.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With further configuration.
    pub(crate) async fn with(settings: &[(&str, &str)]) -> Self {
        // Far more than a busy machine needs for a server of its own.
        let patience =
            Patience { connect: Duration::from_secs(20), total: Duration::from_secs(20) };
        Self::built(settings, patience).await
    }

    /// One that gives up on a publisher at once.
    pub(crate) async fn impatient() -> Self {
        let patience =
            Patience { connect: Duration::from_millis(300), total: Duration::from_millis(300) };
        Self::built(&[], patience).await
    }

    async fn built(settings: &[(&str, &str)], patience: Patience) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp(1_790_000_000)));
        let people = vec![
            AccountSpec::new(RUNNER.0, RUNNER.1),
            AccountSpec::new(CODED.0, CODED.1).athlete(2).mfa(Mfa::generated(MfaMethod::Email)),
            AccountSpec::new(OTHER.0, OTHER.1).athlete(3),
        ];
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let options = SimulatorOptions::new(clock.clone() as Arc<dyn Clock>, people);
        let garmin = Simulator::start(listener, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let urls = garmin.urls();
        let mut vars = Vars::default()
            .with("GATEWAY_SECRET", SECRET)
            .with("PUBLIC_URL", ORIGIN)
            .with("DATA_DIR", dir.path().to_str().unwrap())
            .with("RATE_LIMITS", "off")
            .with("MAX_WORKERS", "4")
            .with("GARMIN_SSO_URL", &urls.sso.join(""))
            .with("GARMIN_API_URL", &urls.api.join(""))
            .with("GARMIN_DIAUTH_URL", &urls.diauth.join(""))
            .with("GARMIN_CONNECT_URL", &urls.connect.join(""));
        for (name, value) in settings {
            vars = vars.with(name, value);
        }
        let entropy: Arc<dyn Entropy> = Arc::new(CountingEntropy::default());
        let publisher = Publisher::start().await;
        let app = open(&vars, &clock, &entropy, publisher.web(patience)).await;
        let router = router(app.clone());
        Self { app, clock, garmin, publisher, patience, entropy, vars, router, dir }
    }

    /// The gateway as it comes back after its process has ended. What the old one was doing
    /// at the time is up to the caller.
    pub(crate) async fn restart(&mut self) {
        self.app = self.another_process().await;
        self.router = router(self.app.clone());
    }

    /// The same, configured anew.
    pub(crate) async fn restart_with(&mut self, settings: &[(&str, &str)]) {
        for (name, value) in settings {
            self.vars = std::mem::take(&mut self.vars).with(name, value);
        }
        self.restart().await;
    }

    /// The gateway as it comes back when nothing of the old one is left.
    pub(crate) async fn reborn(self) -> Self {
        let Self { app, clock, garmin, entropy, vars, router: old, dir, publisher, patience } =
            self;
        drop((app, old));
        let app = open(&vars, &clock, &entropy, publisher.web(patience)).await;
        let router = router(app.clone());
        Self { app, clock, garmin, publisher, patience, entropy, vars, router, dir }
    }

    /// A second process on the same database.
    pub(crate) async fn another_process(&self) -> AppState {
        self.another_process_with(&[]).await
    }

    /// The same, configured otherwise.
    pub(crate) async fn another_process_with(&self, settings: &[(&str, &str)]) -> AppState {
        let mut vars = self.vars.clone();
        for (name, value) in settings {
            vars = vars.with(name, value);
        }
        let web = self.publisher.web(self.patience);
        open(&vars, &self.clock, &self.entropy, web).await
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::on(self.router.clone())
    }

    /// A browser that talks to the gateway of `app` instead.
    pub(crate) fn browser_on(app: AppState) -> Browser {
        Browser::on(router(app))
    }

    pub(crate) fn client(&self) -> McpClient {
        McpClient::on(self.router.clone())
    }

    /// A client that talks to the gateway of `app` instead.
    pub(crate) fn client_on(app: AppState) -> McpClient {
        McpClient::on(router(app))
    }

    pub(crate) fn data_dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn advance(&self, secs: u64) {
        self.clock.advance(Duration::from_secs(secs));
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        send(&self.router, request).await
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(request("GET", path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &str) -> Reply {
        let request = request("POST", path).header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn post_form(&self, path: &str, body: &str) -> Reply {
        let request =
            request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// A person connects a client; the code that came of it and who may redeem it.
    pub(crate) async fn connect(&self, person: (&str, &str)) -> (McpClient, String) {
        let mut client = self.client();
        client.register("https://client.example/cb").await;
        let mut browser = self.browser();
        let page = browser.open(&client.authorize_url()).await;
        let answer = browser.sign_in(&page, person).await;
        let code = client.code_of(&answer);
        (client, code)
    }

    /// The same to the end: a device.
    pub(crate) async fn device(&self, person: (&str, &str)) -> (McpClient, Tokens) {
        let (client, code) = self.connect(person).await;
        let tokens = client.redeem(&code).await;
        let tokens = client.tokens_of(&tokens);
        (client, tokens)
    }

    /// Whether an access token stands for a device with an account that works.
    pub(crate) async fn accepts(&self, access: &str) -> bool {
        let Ok(digest) = self.app.store.digest_presented(access) else { return false };
        let now = self.clock.now();
        self.app.store.find_device_by_access(&digest, now).await.unwrap().is_some()
    }
}

async fn open(
    vars: &Vars,
    clock: &Arc<ManualClock>,
    entropy: &Arc<dyn Entropy>,
    web: Web,
) -> AppState {
    let config = Arc::new(Config::from_vars(vars).unwrap());
    let clock: Arc<dyn Clock> = clock.clone();
    let options = OpenOptions {
        mode: OpenMode::Serve,
        old_secret: None,
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let store = Store::open(&config.database_url, &config.secret, options).await.unwrap();
    // No test here gets as far as a worker.
    let program = WorkerProgram { exe: "/nonexistent".into(), args: Vec::new() };
    let entropy = entropy.clone();
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

pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header("host", "localhost:8080")
}

pub(crate) async fn send(router: &Router, request: Request<Body>) -> Reply {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Reply {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8(bytes.to_vec()).unwrap(),
    }
}

/// A form or query from pairs.
pub(crate) fn encode(pairs: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(pairs);
    text.finish()
}

/// A parameter of a redirect's query.
pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    let query = location.split_once('?').map(|(_, query)| query)?;
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.into_owned())
}
