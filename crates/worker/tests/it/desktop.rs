//! The desktop server: the same tools over stdio, and signing in.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use simulator::{Effect, Fault, Host, Matcher};

use crate::child::example;
use crate::garmin::{CAREFUL, EMAIL, Garmin, PASSWORD};

struct Desktop {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Desktop {
    fn start(directory: &Path, garmin: &Garmin, login: Option<(&str, &str)>) -> Self {
        Self::start_with(directory, garmin, login, None)
    }

    /// The same with a directory that files to upload may be read from.
    fn start_with(
        directory: &Path,
        garmin: &Garmin,
        login: Option<(&str, &str)>,
        uploads: Option<&Path>,
    ) -> Self {
        let upstream = serde_json::to_string(garmin.simulator.urls()).unwrap();
        let mut command = Command::new(example("desktop"));
        command.arg(directory).arg(upstream).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some((email, password)) = login {
            command.args([email, password]);
        }
        command.envs(uploads.map(|uploads| ("UPLOADS", uploads)));
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut desktop = Self { process, input, output, last: 0 };
        let hello = desktop.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": { "name": "test", "version": "1" },
            }),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "garmin-gateway");
        desktop.write(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        desktop
    }

    fn write(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the server ended");
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], id);
        answer
    }

    fn call(&mut self, tool: &str, arguments: impl Into<Value>) -> Value {
        let params = json!({ "name": tool, "arguments": arguments.into() });
        self.request("tools/call", &params)["result"].take()
    }

    /// Ends the way other clients end it.
    fn terminate(mut self) {
        let id = i32::try_from(self.process.id()).unwrap();
        let pid = rustix::process::Pid::from_raw(id).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert!(self.process.wait().unwrap().success());
    }

    /// Ends the way a client ends it, by closing its end.
    fn end(mut self) {
        drop(self.input.take());
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        // Ended already, or ends now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

/// The simulator runs on this runtime, so whoever waits for the child must not block it.
async fn on_a_thread<T: Send + 'static>(scene: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(scene).await.unwrap()
}

#[tokio::test]
async fn nobody_signed_in_is_said_by_every_tool_and_cured_by_authenticate() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let mut desktop = Desktop::start(&state, &garmin, Some((EMAIL, PASSWORD)));
    let name = garmin.season().full_name;
    on_a_thread(move || {
        let tools = desktop.request("tools/list", &json!({}));
        let tools = tools["result"]["tools"].as_array().unwrap().clone();
        for name in ["authenticate", "garmin_auth_status", "get_stats"] {
            assert!(tools.iter().any(|tool| tool["name"] == name), "{name}");
        }
        let refused = desktop.call("get_sleep", json!({}));
        assert_eq!(refused["isError"], true);
        assert!(text(&refused).starts_with("auth_required: "), "{refused}");
        assert!(text(&refused).contains("garmin-gateway login"));
        let status = desktop.call("garmin_auth_status", json!({}));
        assert_eq!(status["structuredContent"]["state"], "missing");
        let signed_in = desktop.call("authenticate", json!({}));
        assert_eq!(signed_in["structuredContent"]["state"], "ok", "{signed_in}");
        let found = desktop.call("get_full_name", json!({}));
        assert_eq!(found["structuredContent"]["full_name"], name);
        let again = desktop.call("authenticate", json!({}));
        assert!(text(&again).contains("Already"), "{again}");
        desktop.end();
    })
    .await;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&state), 0o700);
    for entry in std::fs::read_dir(&state).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
}

#[tokio::test]
async fn a_saved_sign_in_serves_the_next_process_in_silence() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let mut first = Desktop::start(&path, &garmin, Some((EMAIL, PASSWORD)));
    on_a_thread(move || {
        assert_eq!(first.call("authenticate", json!({}))["structuredContent"]["state"], "ok");
        first.end();
    })
    .await;
    // The access token dies over night; the refresh token does not.
    garmin.simulator.control().expire_access_tokens(Some(EMAIL));
    let mut second = Desktop::start(&path, &garmin, None);
    let mut third = Desktop::start(&path, &garmin, None);
    on_a_thread(move || {
        // Two processes meet the dead token: one refreshes, the other takes what it saved.
        for desktop in [&mut second, &mut third] {
            let found = desktop.call("get_full_name", json!({}));
            assert_ne!(found["isError"], true, "{found}");
        }
        second.end();
        third.end();
    })
    .await;
    garmin.simulator.control().revoke_session(EMAIL);
    let mut last = Desktop::start(&path, &garmin, None);
    on_a_thread(move || {
        let refused = last.call("get_full_name", json!({}));
        assert!(text(&refused).starts_with("auth_expired: "), "{refused}");
        let not_configured = last.call("authenticate", json!({}));
        assert!(text(&not_configured).contains("GARMIN_EMAIL"), "{not_configured}");
        last.end();
    })
    .await;
}

#[tokio::test]
async fn a_code_is_asked_for_and_a_wrong_one_may_be_tried_again() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut desktop = Desktop::start(directory.path(), &garmin, Some((CAREFUL, PASSWORD)));
    let control = garmin.simulator.control().clone();
    on_a_thread(move || {
        let early = desktop.call("complete_mfa", json!({ "code": "123456" }));
        assert!(text(&early).starts_with("mfa_invalid: "), "{early}");
        let asked = desktop.call("authenticate", json!({}));
        assert_eq!(asked["structuredContent"]["state"], "mfa_required", "{asked}");
        let status = desktop.call("garmin_auth_status", json!({}));
        assert_eq!(status["structuredContent"]["state"], "mfa_required");
        let right = control.mfa_code(CAREFUL).unwrap();
        let wrong = if right == "000000" { "111111" } else { "000000" };
        let refused = desktop.call("complete_mfa", json!({ "code": wrong }));
        assert!(text(&refused).starts_with("mfa_invalid: "), "{refused}");
        let done = desktop.call("complete_mfa", json!({ "code": right }));
        assert_eq!(done["structuredContent"]["state"], "ok", "{done}");
        let found = desktop.call("get_full_name", json!({}));
        assert_eq!(found["structuredContent"]["status"], "ok");
        desktop.end();
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_is_not_tried_twice() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut desktop = Desktop::start(directory.path(), &garmin, Some((EMAIL, "wrong")));
    on_a_thread(move || {
        let refused = desktop.call("authenticate", json!({}));
        assert!(text(&refused).starts_with("sign_in_failed: "), "{refused}");
        let password = desktop.call("authenticate", json!({ "password": "x" }));
        assert!(text(&password).starts_with("invalid_argument: "), "{password}");
        desktop.end();
    })
    .await;
}

#[tokio::test]
async fn whoever_signs_in_beside_the_server_is_the_one_it_speaks_of() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut server = Desktop::start(directory.path(), &garmin, Some((EMAIL, PASSWORD)));
    let first = garmin.season().full_name;
    let other = garmin.simulator.control().season(CAREFUL).unwrap().full_name;
    assert_ne!(first, other);
    let control = garmin.simulator.control().clone();
    // Another process signs in as somebody else, into a place of its own; then its file takes
    // the place of the first, as `login` would have it.
    let beside = tempfile::tempdir().unwrap();
    let mut second = Desktop::start(beside.path(), &garmin, Some((CAREFUL, PASSWORD)));
    let (from, to) = (beside.path().join("tokens.json"), directory.path().join("tokens.json"));
    on_a_thread(move || {
        server.call("authenticate", json!({}));
        let name = |server: &mut Desktop| {
            server.call("get_full_name", json!({}))["structuredContent"]["full_name"].take()
        };
        assert_eq!(name(&mut server), first);
        second.call("authenticate", json!({}));
        second.call("complete_mfa", json!({ "code": control.mfa_code(CAREFUL).unwrap() }));
        std::fs::rename(from, to).unwrap();
        assert_eq!(name(&mut server), other);
        server.terminate();
        second.end();
    })
    .await;
}

#[tokio::test]
async fn a_code_that_is_no_longer_needed_is_not_asked_for() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut waiting = Desktop::start(directory.path(), &garmin, Some((CAREFUL, PASSWORD)));
    let mut other = Desktop::start(directory.path(), &garmin, Some((EMAIL, PASSWORD)));
    on_a_thread(move || {
        let asked = waiting.call("authenticate", json!({}));
        assert_eq!(asked["structuredContent"]["state"], "mfa_required", "{asked}");
        other.call("authenticate", json!({}));
        let status = waiting.call("garmin_auth_status", json!({}));
        assert_eq!(status["structuredContent"]["state"], "ok", "{status}");
        waiting.terminate();
        other.end();
    })
    .await;
}

#[tokio::test]
async fn a_code_outlives_a_moment_of_trouble() {
    let garmin = Garmin::start().await;
    let directory = tempfile::tempdir().unwrap();
    let mut desktop = Desktop::start(directory.path(), &garmin, Some((CAREFUL, PASSWORD)));
    let control = garmin.simulator.control().clone();
    on_a_thread(move || {
        desktop.call("authenticate", json!({}));
        let code = json!({ "code": control.mfa_code(CAREFUL).unwrap() });
        let when = Matcher::host(Host::Sso);
        let effect = Effect::Status { status: 429, retry_after_secs: None };
        control.add_fault(Fault::always(when, effect));
        let refused = desktop.call("complete_mfa", code.clone());
        assert!(text(&refused).starts_with("sign_in_blocked: "), "{refused}");
        control.clear_faults();
        let done = desktop.call("complete_mfa", code);
        assert_eq!(done["structuredContent"]["state"], "ok", "{done}");
        desktop.end();
    })
    .await;
}

const GPX: &str = "<gpx version=\"1.1\"><trk><type>running</type><trkseg>\
    <trkpt lat=\"45.0\" lon=\"4.0\"><time>2024-02-03T09:00:00Z</time></trkpt>\
    <trkpt lat=\"45.1\" lon=\"4.0\"><time>2024-02-03T09:30:00Z</time></trkpt>\
    </trkseg></trk></gpx>";

#[tokio::test]
async fn files_are_read_only_where_the_person_allows_it() {
    let garmin = Garmin::start().await;
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (open, closed) = (files.path().join("open"), files.path().join("closed"));
    for directory in [&open, &closed] {
        std::fs::create_dir(directory).unwrap();
        std::fs::write(directory.join("loop.gpx"), GPX).unwrap();
    }
    let login = Some((EMAIL, PASSWORD));
    let mut desktop = Desktop::start_with(state.path(), &garmin, login, Some(&open));
    let other = tempfile::tempdir().unwrap();
    let mut strict = Desktop::start(other.path(), &garmin, login);
    on_a_thread(move || {
        for server in [&mut desktop, &mut strict] {
            server.call("authenticate", json!({}));
        }
        let at = |directory: &Path| directory.join("loop.gpx").display().to_string();
        let upload = json!({ "file_path": at(&open), "confirm": true });
        let refused = strict.call("upload_activity", upload.clone());
        assert!(text(&refused).contains("GARMIN_UPLOAD_DIRS"), "{refused}");
        for elsewhere in [at(&closed), at(&open.join("../closed")), "/etc/passwd".into()] {
            for (tool, argument) in
                [("upload_activity", "file_path"), ("upload_course", "gpx_path")]
            {
                let refused = desktop.call(tool, json!({ argument: elsewhere, "confirm": true }));
                assert!(text(&refused).starts_with("invalid_argument: "), "{refused}");
                assert!(text(&refused).contains("GARMIN_UPLOAD_DIRS"), "{refused}");
            }
        }
        let done = desktop.call("upload_activity", upload);
        assert_eq!(done["structuredContent"]["import_status"], "done", "{done}");
        assert_eq!(done["structuredContent"]["file_name"], "loop.gpx");
        let course = desktop.call("upload_course", json!({ "gpx_path": at(&open) }));
        assert_eq!(course["structuredContent"]["status"], "done", "{course}");
        desktop.end();
        strict.end();
    })
    .await;
}
