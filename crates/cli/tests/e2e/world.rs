//! A gateway process, the people of its Garmin, and the power to end either.

use std::fs::{self, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::clock::SystemClock;
use rustix::process::Signal;
use serde_json::Value;
use simulator::{AccountSpec, Control, Mfa, MfaMethod, SeasonFacts, Simulator, SimulatorOptions};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use url::Url;

use crate::browser::{Browser, Page};
use crate::client::{Client, Tokens};
use crate::faults::Faults;
use crate::http;
use crate::process::{self, eventually};
use crate::secrets::{Secrets, files_under};

const SECRET: &str = "an operator's value with more than 32 characters";

/// Below the ports that the kernel hands out to clients, so that a restart finds its own free.
const PORTS: std::ops::Range<u32> = 10_000..30_000;

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
}

pub(crate) struct World {
    pub(crate) garmin: Simulator,
    pub(crate) secrets: Secrets,
    port: u32,
    /// Where it tells its metrics.
    metrics: u32,
    /// Further settings of the gateway.
    settings: Vec<(&'static str, &'static str)>,
    people: Vec<Person>,
    gateway: Option<Child>,
    faults: Option<Faults>,
    secret: &'static str,
    old_secret: Option<&'static str>,
    /// `DATABASE_URL`; without one the file in the data directory.
    database: Option<String>,
    /// Whether the gateway is the first process of a namespace of its own.
    first: bool,
    /// A system call that is denied to the gateway and all that it starts.
    forbidden: Option<i64>,
    /// The program that is a gateway with hostile workers, and its arguments.
    hostile: Option<(PathBuf, Vec<String>)>,
    directory: TempDir,
}

/// A gateway beside the one of the world.
pub(crate) struct Node {
    gateway: Child,
    port: u32,
    _directory: TempDir,
}

impl Node {
    /// Where clients reach it.
    pub(crate) fn connector(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}/mcp", self.port)).unwrap()
    }

    pub(crate) async fn stop(mut self) {
        process::signal(self.gateway.id().unwrap(), Signal::TERM);
        self.gateway.wait().await.unwrap();
    }
}

/// Waits until a gateway is healthy or has ended.
async fn healthy(gateway: &mut Child, port: u32) -> Result<(), ExitStatus> {
    let health = Url::parse(&format!("http://127.0.0.1:{port}/healthz")).unwrap();
    eventually("healthy", async || {
        if let Some(status) = gateway.try_wait().unwrap() {
            return Some(Err(status));
        }
        http::get(&health).await.ok().filter(|reply| reply.status == 200).map(|_| Ok(()))
    })
    .await
}

/// How a gateway ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Kill,
    Terminate,
}

/// The gateway's program: the one that was built with these tests, unless `E2E_BINARY` names another.
fn gateway() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_garmin-gateway");
    std::env::var_os("E2E_BINARY").map_or_else(|| built.into(), PathBuf::from)
}

fn hostile_worker() -> PathBuf {
    let deps = std::env::current_exe().unwrap();
    let exe = deps.ancestors().nth(2).unwrap().join("examples/hostile_worker");
    assert!(exe.exists(), "run `cargo build -p cli --examples` first");
    exe
}

fn free_port() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        // Other processes of this test binary begin elsewhere.
        let step = NEXT.fetch_add(1, Ordering::Relaxed) + std::process::id() * 61;
        let port = PORTS.start + step % (PORTS.end - PORTS.start);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, u16::try_from(port).unwrap())).is_ok() {
            return port;
        }
    }
}

impl World {
    /// A gateway for one athlete without and one with a second factor.
    pub(crate) async fn start() -> Self {
        let mut world = Self::prepare(false).await;
        world.start_gateway().await;
        world
    }

    /// The same, configured otherwise.
    pub(crate) async fn start_with(settings: &[(&'static str, &'static str)]) -> Self {
        let mut world = Self::prepare(false).await;
        world.settings = settings.to_vec();
        world.start_gateway().await;
        world
    }

    /// The same with a gateway whose workers are hostile, and lack these layers of the sandbox.
    pub(crate) async fn start_hostile(without: &str) -> Self {
        let mut world = Self::hostile_with(without, &[]).await;
        world.start_gateway().await;
        world
    }

    /// The same with settings, not started yet.
    pub(crate) async fn hostile_with(
        without: &str,
        settings: &[(&'static str, &'static str)],
    ) -> Self {
        let mut world = Self::prepare(false).await;
        world.settings = settings.to_vec();
        let mut args = vec!["serve".to_owned()];
        if !without.is_empty() {
            args.extend(["--without".to_owned(), without.to_owned()]);
        }
        world.hostile = Some((hostile_worker(), args));
        let file = world.directory.path().join(".env");
        fs::write(&file, "OPERATOR_NAME=somebody\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        world
    }

    /// A gateway under a filter that denies a system call, as that of an old container does.
    pub(crate) async fn start_forbidding(call: i64) -> Self {
        let mut world = Self::prepare(false).await;
        world.forbidden = Some(call);
        world.start_gateway().await;
        world
    }

    /// The same with a gateway that is the first process of a container, to which two children
    /// of somebody else were handed: one that ends before it can look, and one that ends later.
    pub(crate) async fn start_first() -> Self {
        let mut world = Self::prepare(false).await;
        world.first = true;
        world.start_gateway().await;
        world
    }

    /// The same with a gateway that obeys [`World::faults`].
    pub(crate) async fn start_with_faults() -> Self {
        let mut world = Self::with_faults().await;
        world.start_gateway().await;
        world
    }

    /// The same with a gateway that has not been started yet.
    pub(crate) async fn with_faults() -> Self {
        Self::prepare(true).await
    }

    async fn prepare(with_faults: bool) -> Self {
        let person = |name: &str, password: &str| Person {
            email: format!("{name}@athletes.example"),
            password: password.to_owned(),
        };
        let people = vec![
            person("marathon.runner", "correct horse"),
            person("coded.cyclist", "four staples"),
        ];
        let specs = people.iter().zip(1..).map(|(person, seed)| {
            let spec = AccountSpec::new(&*person.email, &*person.password).athlete(seed);
            if seed == 2 { spec.mfa(Mfa::generated(MfaMethod::Email)) } else { spec }
        });
        let options = SimulatorOptions::new(Arc::new(SystemClock), specs.collect());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let garmin = Simulator::start(listener, options).await.unwrap();
        let secrets = Secrets::default();
        for person in &people {
            let facts = garmin.control().season(&person.email).unwrap();
            for text in [&person.email, &person.password, &facts.full_name, &facts.garmin_guid] {
                secrets.token(text);
            }
            secrets.token(&facts.display_name);
            secrets.token(person.email.split_once('@').unwrap().0);
        }
        let directory = tempfile::tempdir().unwrap();
        let (port, metrics) = (free_port(), free_port());
        let faults = with_faults.then(|| Faults::new(directory.path()));
        Self {
            garmin,
            secrets,
            port,
            metrics,
            settings: Vec::new(),
            people,
            gateway: None,
            faults,
            secret: SECRET,
            old_secret: None,
            database: None,
            first: false,
            forbidden: None,
            hostile: None,
            directory,
        }
    }

    pub(crate) fn runner(&self) -> &Person {
        &self.people[0]
    }

    /// Has a second factor.
    pub(crate) fn coded(&self) -> &Person {
        &self.people[1]
    }

    pub(crate) fn control(&self) -> &Control {
        self.garmin.control()
    }

    pub(crate) fn facts(&self, person: &Person) -> SeasonFacts {
        self.control().season(&person.email).unwrap()
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(gateway());
        command.args(words);
        self.surround(command)
    }

    fn surround(&self, mut command: Command) -> Command {
        command
            .env_clear()
            .env("DATA_DIR", self.data())
            .env("GATEWAY_SECRET", self.secret)
            .envs(self.old_secret.map(|secret| ("GATEWAY_SECRET_OLD", secret)))
            .envs(self.database.as_ref().map(|url| ("DATABASE_URL", url)))
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Commands and gateways that start from now on use this database.
    pub(crate) fn use_database(&mut self, url: Option<&str>) {
        self.database = url.map(str::to_owned);
    }

    /// The same with a secret; the present one becomes the old one.
    pub(crate) fn change_secret(&mut self, new: &'static str) {
        self.old_secret = Some(std::mem::replace(&mut self.secret, new));
    }

    pub(crate) fn forget_old_secret(&mut self) {
        self.old_secret = None;
    }

    /// A path beside the data directory.
    pub(crate) fn file(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// What can be done to the gateway's system calls.
    pub(crate) fn faults(&self) -> &Faults {
        self.faults.as_ref().unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where the gateway runs.
    pub(crate) fn place(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The program whose workers are hostile.
    pub(crate) fn hostile(&self) -> &std::path::Path {
        &self.hostile.as_ref().unwrap().0
    }

    pub(crate) fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// Starts the gateway on the data and the port it had before, if it had.
    pub(crate) async fn start_gateway(&mut self) {
        if let Err(status) = self.try_start_gateway().await {
            panic!("ended with {status}: {}", self.log());
        }
    }

    /// Starts the gateway and waits until it is healthy or has ended.
    pub(crate) async fn try_start_gateway(&mut self) -> Result<(), ExitStatus> {
        let log = OpenOptions::new().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = match &self.hostile {
            None if self.first => {
                let mut command = Command::new("unshare");
                command.args(["--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c"]);
                command.arg("(true &); (sleep 2 &); exec \"$0\" serve");
                command.arg(gateway());
                self.surround(command)
            }
            None => match self.forbidden {
                Some(call) => {
                    let mut command = Command::new(hostile_worker());
                    command.args(["forbid", &call.to_string()]).arg(gateway()).arg("serve");
                    self.surround(command)
                }
                None => self.program(&["serve"]),
            },
            Some((exe, args)) => {
                let mut command = Command::new(exe);
                command.args(args);
                self.surround(command)
            }
        };
        if let Some(faults) = &self.faults {
            command.envs(faults.environment());
        }
        let child = self
            .serving(command, self.port)
            .env("METRICS_BIND", format!("127.0.0.1:{}", self.metrics))
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let child = self.gateway.insert(child);
        healthy(child, self.port).await
    }

    /// Where a gateway listens, what it is configured with, and whom it asks.
    fn serving(&self, mut command: Command, port: u32) -> Command {
        let urls = self.garmin.urls();
        command
            .env("PORT", port.to_string())
            .env("PUBLIC_URL", format!("http://127.0.0.1:{port}"))
            .env("RATE_LIMITS", "off")
            .envs(self.settings.iter().copied())
            .env("GATEWAY_LOG_LEVEL", "debug")
            .env("GARMIN_SSO_URL", urls.sso.join(""))
            .env("GARMIN_API_URL", urls.api.join(""))
            .env("GARMIN_DIAUTH_URL", urls.diauth.join(""))
            .env("GARMIN_CONNECT_URL", urls.connect.join(""));
        command
    }

    /// A second gateway on the same database, for as long as it is held.
    pub(crate) async fn another_node(&self) -> Node {
        let (port, directory) = (free_port(), tempfile::tempdir().unwrap());
        let mut command = self.serving(self.program(&["serve"]), port);
        command.env("DATA_DIR", directory.path());
        let mut gateway = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        healthy(&mut gateway, port).await.unwrap();
        Node { gateway, port, _directory: directory }
    }

    /// Whether the gateway has died.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.gateway.as_mut().is_none_or(|gateway| gateway.try_wait().unwrap().is_some())
    }

    /// Until a gateway that is dying is dead.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        self.gateway.take().unwrap().wait().await.unwrap()
    }

    pub(crate) fn pid(&self) -> u32 {
        let started = self.gateway.as_ref().unwrap().id().unwrap();
        // What made the namespace stays outside, and ends with the gateway's own status.
        if self.first { process::children(started)[0] } else { started }
    }

    /// `kill -9`. The workers notice by themselves.
    pub(crate) async fn kill(&mut self) {
        self.gateway.take().unwrap().kill().await.unwrap();
    }

    /// Asks the gateway to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        process::signal(self.pid(), Signal::TERM);
        self.ended().await
    }

    pub(crate) async fn restart(&mut self, end: End) {
        match end {
            End::Kill => self.kill().await,
            End::Terminate => assert!(self.terminate().await.success()),
        }
        self.start_gateway().await;
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}{path}", self.port)).unwrap()
    }

    pub(crate) fn workers(&self) -> Vec<u32> {
        process::children(self.pid())
    }

    /// Every worker of this world, whoever is its parent by now.
    pub(crate) fn all_workers(&self) -> Vec<u32> {
        let port = self.garmin.urls().api.port().to_string();
        process::all(|words| {
            words.get(1).is_some_and(|word| word == "worker")
                && words.last().is_some_and(|ports| ports.split(',').any(|found| found == port))
        })
    }

    /// A command of the operator's that obeys `faults`; its output if it succeeded.
    pub(crate) async fn console_under(&self, faults: &Faults, words: &[&str]) -> Option<Value> {
        let mut command = self.program(words);
        let output = command.arg("--json").envs(faults.environment()).output().await.unwrap();
        output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
    }

    /// What a command of the operator's prints with `--json`.
    pub(crate) async fn console(&self, words: &[&str]) -> Value {
        let output = self.program(words).arg("--json").output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command of the operator's prints for people.
    pub(crate) async fn output(&self, words: &[&str]) -> String {
        let output = self.program(words).output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same of one that may have found something to mend.
    pub(crate) async fn any_output(&self, words: &[&str]) -> String {
        let output = self.program(words).output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command of the operator's that cannot do its work leaves.
    pub(crate) async fn refused(&self, words: &[&str]) -> std::process::Output {
        let output = self.program(words).output().await.unwrap();
        assert!(!output.status.success(), "{output:?}");
        output
    }

    /// A command of the operator's in a terminal of its own, whose keys are `stdin`.
    pub(crate) fn in_a_terminal(&self, words: &[&str]) -> Child {
        // Without a shell in between, which Ctrl-C would end as well.
        let line = format!("exec {} {}", gateway().display(), words.join(" "));
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let mut command = self.surround(command);
        command.env("TERM", "xterm").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    }

    /// A command of the operator's that goes on.
    pub(crate) fn command(&self, words: &[&str]) -> Child {
        self.program(words).stdout(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) async fn doctor(&self) -> (i32, Value) {
        self.doctor_with(&[]).await
    }

    /// The verdict of `doctor` and its report, with the gateway's own settings.
    pub(crate) async fn doctor_with(&self, settings: &[(&str, &str)]) -> (i32, Value) {
        let urls = self.garmin.urls();
        let mut command = self.program(&["doctor", "--json"]);
        command
            .env("PORT", self.port.to_string())
            .env("GARMIN_SSO_URL", urls.sso.join(""))
            .env("GARMIN_API_URL", urls.api.join(""))
            .env("GARMIN_DIAUTH_URL", urls.diauth.join(""))
            .env("GARMIN_CONNECT_URL", urls.connect.join(""))
            .envs(settings.iter().copied());
        let output = command.output().await.unwrap();
        let report = serde_json::from_slice(&output.stdout);
        (output.status.code().unwrap(), report.unwrap_or_else(|_| panic!("{output:?}")))
    }

    pub(crate) fn metrics(&self) -> Url {
        Url::parse(&format!("http://127.0.0.1:{}/metrics", self.metrics)).unwrap()
    }

    pub(crate) async fn count(&self, what: &str) -> u64 {
        self.console(&["status"]).await["counts"][what].as_u64().unwrap()
    }

    /// Of the stored pair of the only account. Changes nothing, not even by closing the file.
    pub(crate) async fn generation(&self) -> i64 {
        let file = self.data().join("gateway.db");
        let file = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut database = SqliteConnection::connect_with(&file).await.unwrap();
        let found = sqlx::query_scalar("SELECT MAX(generation) FROM accounts");
        let generation = found.fetch_one(&mut database).await.unwrap();
        database.close().await.unwrap();
        generation
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(&self.secrets)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::discover(self.url("/mcp"), &self.secrets).await
    }

    /// A browser in front of the sign-in page `client` has sent it to.
    pub(crate) async fn at_the_form(&self, client: &Client) -> (Browser, Page) {
        let mut browser = self.browser();
        let page = browser.open(&client.authorize_url()).await.unwrap();
        assert!(page.asks_for_password(), "{:?}", page.reply);
        (browser, page)
    }

    /// The whole way of one person with a known client.
    pub(crate) async fn connect(&self, client: &Client, person: &Person) -> Tokens {
        let (mut browser, page) = self.at_the_form(client).await;
        let page = browser.sign_in(page, person, self.control()).await.unwrap();
        client.redeem(&page).await
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap()
    }

    /// Begins the log anew.
    pub(crate) fn clear_log(&self) {
        OpenOptions::new().write(true).open(self.log_file()).unwrap().set_len(0).unwrap();
    }

    /// How often the log tells of an event.
    pub(crate) fn logged(&self, event: &str) -> usize {
        self.log().matches(&format!("\"event\":\"{event}\"")).count()
    }

    /// Waits until the log, which is written behind the answers, tells of an event.
    pub(crate) async fn hears_of(&self, event: &str) {
        eventually(event, async || (self.logged(event) > 0).then_some(())).await;
    }

    /// Neither a file of the data directory nor the log shows what the tests have seen.
    pub(crate) fn assert_private(&self) {
        let files = files_under(self.directory.path());
        assert!(files.len() > 1, "{files:?}");
        for file in files {
            let found = self.secrets.found_in(&fs::read(&file).unwrap());
            assert!(found.is_empty(), "{} shows {found:?}", file.display());
        }
    }
}
