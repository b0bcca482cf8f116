//! The executable as an operator meets it: what it prints, where, and how it ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "an operator's value with more than 32 characters";
const PATIENCE: Duration = Duration::from_secs(30);

/// The program in an empty environment, away from any `.env`.
fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_garmin-gateway"));
    command.args(words).env_clear().current_dir("/").stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// Nothing on stdout, a message and a next step on stderr.
fn assert_refused(output: &Output, said: &[&str]) {
    assert_refused_with(1, output, said);
}

/// The same, where the configuration has to change first.
fn assert_unconfigured(output: &Output, said: &[&str]) {
    assert_refused_with(78, output, said);
}

fn assert_refused_with(code: i32, output: &Output, said: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    assert_eq!(text(&output.stdout), "");
    let stderr = text(&output.stderr);
    assert!(stderr.starts_with("error: "), "{stderr}");
    for part in said {
        assert!(stderr.contains(part), "{part:?} is not in {stderr}");
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// The status line of a GET, or nothing while nobody listens.
fn get(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.lines().next().map(str::to_owned)
}

/// A gateway or demo that is killed when the test ends, however it ends.
struct Running {
    child: Child,
    port: u16,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let port = free_port();
        let child = command
            .env("PORT", port.to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut running = Self { child, port };
        let began = Instant::now();
        while get(port, "/healthz").as_deref() != Some("HTTP/1.1 200 OK") {
            if let Some(status) = running.child.try_wait().unwrap() {
                let mut stderr = String::new();
                running.child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
                panic!("ended with {status} at its start: {stderr}");
            }
            assert!(began.elapsed() < PATIENCE, "not healthy in time");
            thread::yield_now();
        }
        running
    }

    fn serve(data: &Path) -> Self {
        let mut command = program(&["serve"]);
        command.env("DATA_DIR", data).env("GATEWAY_SECRET", SECRET);
        Self::start(command)
    }

    fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(pid, Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn console(data: &Path, words: &[&str]) -> Output {
    program(words).env("DATA_DIR", data).env("GATEWAY_SECRET", SECRET).output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_mistake_in_the_command_line_is_explained_and_exits_with_two() {
    let output = program(&["sevre"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("serve"), "{output:?}");
}

#[test]
fn rel60_without_a_secret_the_gateway_says_how_to_get_one() {
    let output = program(&[]).output().unwrap();
    assert_unconfigured(&output, &["GATEWAY_SECRET is not set", "hint: `garmin-gateway demo`"]);
}

#[test]
fn sec136_a_value_that_cannot_be_used_is_named_with_what_is_accepted() {
    let mut command = program(&["serve"]);
    let output = command.env("GATEWAY_SECRET", SECRET).env("PORT", "http").output().unwrap();
    assert_unconfigured(&output, &["PORT", "from 1 to 65535", "hint: `.env.example`"]);
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let data = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = program(&["serve"]);
    command.env("GATEWAY_SECRET", SECRET).env("DATA_DIR", data.path()).env("PORT", &port);
    let output = command.output().unwrap();
    // Its log has begun by then, so stdout is not empty.
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let stderr = text(&output.stderr);
    assert!(stderr.contains(&port) && stderr.contains("hint: set PORT"), "{stderr}");
}

#[test]
fn the_demo_refuses_a_public_address() {
    let mut command = program(&["demo"]);
    let output = command.env("PUBLIC_URL", "https://garmin.example.org").output().unwrap();
    assert_refused(&output, &["PUBLIC_URL", "hint: "]);
}

#[test]
fn the_demo_prints_what_to_type_and_leaves_nothing_behind() {
    let temp: TempDir = tempfile::tempdir().unwrap();
    let mut command = program(&["demo"]);
    command.env("TMPDIR", temp.path());
    let mut demo = Running::start(command);
    let mut lines = BufReader::new(demo.child.stdout.take().unwrap()).lines();
    let connector = format!("http://127.0.0.1:{}/mcp", demo.port);
    let mut banner = String::new();
    while !banner.contains("Ctrl-C") {
        banner += &lines.next().unwrap().unwrap();
        banner.push('\n');
    }
    for part in [
        format!("claude mcp add --transport http garmin {connector}"),
        "runner@demo.example".to_owned(),
        "cyclist@demo.example".to_owned(),
        "code      246810".to_owned(),
    ] {
        assert!(banner.contains(&part), "{part:?} is not in {banner}");
    }
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1);
    assert!(demo.terminate().success());
    assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 0);
}

#[test]
fn the_demo_takes_another_port_when_the_one_asked_for_is_in_use() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut command = program(&["demo"]);
    command.env("PORT", port.to_string()).stdout(Stdio::piped());
    let mut demo = Running { child: command.spawn().unwrap(), port };
    let mut lines = BufReader::new(demo.child.stdout.take().unwrap()).lines();
    let said = lines.find(|line| line.as_ref().unwrap().contains("in use")).unwrap().unwrap();
    assert!(said.contains(&port.to_string()), "{said}");
}

#[test]
fn the_console_works_beside_a_running_gateway_and_without_one() {
    let data = tempfile::tempdir().unwrap();
    let mut gateway = Running::serve(data.path());

    let port = gateway.port.to_string();
    let healthy = program(&["healthcheck"]).env("PORT", &port).output().unwrap();
    assert!(healthy.status.success(), "{healthy:?}");
    let beside = json(&console(data.path(), &["status", "--json"]));
    assert_eq!(beside["gateway"]["workers"], Value::Array(Vec::new()));
    assert_eq!(beside["counts"]["accounts"], 0);
    let revoked = json(&console(data.path(), &["revoke", "--all", "--yes", "--json"]));
    assert_eq!(revoked["effect"], "at_once");

    assert!(gateway.terminate().success());
    assert_refused(
        &program(&["healthcheck"]).env("PORT", &port).output().unwrap(),
        &["no answer from"],
    );
    let alone = json(&console(data.path(), &["status", "--json"]));
    assert_eq!(alone["gateway"], Value::Null);
    let revoked = json(&console(data.path(), &["revoke", "--all", "--yes", "--json"]));
    assert_eq!(revoked["effect"], "within_five_seconds");
}

#[test]
fn a_backup_into_a_pipe_is_a_whole_one() {
    let data = tempfile::tempdir().unwrap();
    let _gateway = Running::serve(data.path());
    let piped = console(data.path(), &["backup", "-"]);
    assert!(piped.status.success(), "{}", text(&piped.stderr));
    let file = data.path().join("piped");
    std::fs::write(&file, &piped.stdout).unwrap();
    let words = ["backup", file.to_str().unwrap(), "--check", "--json"];
    assert_eq!(json(&console(data.path(), &words))["unreadable_values"], 0);
}

#[test]
fn a_revocation_without_a_terminal_asks_nobody() {
    let data = tempfile::tempdir().unwrap();
    drop(Running::serve(data.path()));
    let revoked = json(&console(data.path(), &["revoke", "--all", "--json"]));
    assert_eq!(revoked["revoked"], Value::Array(Vec::new()));
}

#[test]
fn the_console_says_where_a_database_was_expected() {
    let data = tempfile::tempdir().unwrap();
    let output = console(data.path(), &["status"]);
    assert_refused(&output, &["there is no database at", "check DATA_DIR"]);
}

#[test]
fn the_example_file_and_the_readme_are_as_the_program_says() {
    let printed = |format: &str| {
        let output = program(&["config-table", "--format", format]).output().unwrap();
        text(&output.stdout).to_owned()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).unwrap();
    assert!(read(".env.example") == printed("env"), "run scripts/gen-docs");
    assert!(read("README.md").contains(&printed("markdown")), "run scripts/gen-docs");
    let schema = read("crates/admin/docs/console.schema.json");
    assert!(schema == printed("console"), "run scripts/gen-docs");
}

#[test]
fn every_command_has_json_and_every_shell_a_script() {
    for shell in ["bash", "zsh", "fish"] {
        let output = program(&["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let script = text(&output.stdout);
        for word in ["garmin-gateway", "accounts", "import", "revoke"] {
            assert!(script.contains(word), "{word} is not in the script for {shell}");
        }
    }
    for command in [
        "status", "accounts", "devices", "clients", "usage", "revoke", "forget", "monitor",
        "doctor", "backup", "restore", "rekey", "import",
    ] {
        let output = program(&[command, "--help"]).output().unwrap();
        assert!(text(&output.stdout).contains("--json"), "{command}");
    }
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    let data = tempfile::tempdir().unwrap();
    let doctor = |no_colour: bool| {
        let exe = env!("CARGO_BIN_EXE_garmin-gateway");
        let mut command = Command::new("script");
        let line = format!("{exe} doctor --offline");
        command.args(["--quiet", "--command", &line, "/dev/null"]).env_clear();
        command.env("DATA_DIR", data.path()).env("GATEWAY_SECRET", SECRET).env("TERM", "xterm");
        command.envs(no_colour.then_some(("NO_COLOR", "1"))).stdin(Stdio::null());
        text(&command.output().unwrap().stdout).contains('\u{1b}')
    };
    assert!(doctor(false) && !doctor(true));
    let piped = console(data.path(), &["doctor", "--offline"]);
    assert!(!text(&piped.stdout).contains('\u{1b}') && piped.status.code() == Some(2));
}

/// A word the operator's console does not know would be shown without what to answer.
#[test]
fn whatever_a_sign_in_fails_with_has_a_next_step() {
    let source = include_str!("../../gateway/src/sign_in/problem.rs");
    let (_, labels) = source.split_once("pub fn label(self)").unwrap();
    let (labels, _) = labels.split_once("\n    }\n").unwrap();
    let words: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
    assert!(words.len() >= 30, "{words:?}");
    for word in words {
        assert!(admin::next_step(word).is_some(), "{word}");
    }
}

#[test]
fn a_worker_started_by_hand_ends_at_once() {
    let output = program(&["worker"]).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn the_block_for_a_desktop_client_names_this_program() {
    let output = program(&["stdio", "--print-config"]).output().unwrap();
    let server = &json(&output)["mcpServers"]["garmin"];
    let command = Path::new(server["command"].as_str().unwrap());
    let ours = Path::new(env!("CARGO_BIN_EXE_garmin-gateway"));
    assert_eq!(command.file_name(), ours.file_name());
    assert_eq!(server["args"][0], "stdio");
}

#[test]
fn a_sign_in_that_was_never_made_is_told_with_the_next_step() {
    let home = tempfile::tempdir().unwrap();
    let output = program(&["login", "--check"]).env("HOME", home.path()).output().unwrap();
    assert_refused(&output, &["not signed in", "garmin-gateway login"]);
    let output = program(&["login", "--check"]).output().unwrap();
    assert_refused(&output, &["HOME", "hint: name a directory with `--state-dir`"]);
}

#[test]
fn a_desktop_password_given_twice_is_a_mistake() {
    let mut command = program(&["stdio"]);
    command.env("HOME", "/").env("GARMIN_PASSWORD", "x").env("GARMIN_PASSWORD_FILE", "/nowhere");
    assert_refused(&command.output().unwrap(), &["both set", "not both"]);
}
