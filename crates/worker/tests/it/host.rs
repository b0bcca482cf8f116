//! The worker half of the contract, in a real process.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use domain::clock::Timestamp;
use domain::contract::{
    AccessGrant, CredentialsAnswer, FromWorker, JournalAnswer, ToWorker, header,
};
use domain::id::Generation;
use domain::sandbox::{Layer, Report};
use http::Request;
use http_body_util::Full;
use tokio::io::AsyncReadExt;

use crate::child::{Worker, example, launch};

const ASKING: &str = "asking_worker";

#[tokio::test]
async fn rel03_a_request_sent_before_the_launch_waits_and_is_answered() {
    let mut worker = Worker::spawn(ASKING, "9");
    let early = tokio::task::JoinSet::from_iter([worker.send(Worker::get("/zone"))]);
    worker.say(&ToWorker::Launch(Box::new(launch()))).await;
    let FromWorker::Ready { repeatable_tools, other_tools, .. } = worker.hear().await else {
        panic!("not ready")
    };
    assert_eq!(repeatable_tools, ["get_something"]);
    assert_eq!(other_tools, ["set_something"]);
    let answers = early.join_all().await;
    assert_eq!(answers[0].as_ref().unwrap().body(), "Europe/Berlin");
}

#[tokio::test]
async fn sec095_without_the_secret_there_is_nothing_here() {
    let worker = Worker::ready(ASKING, launch()).await;
    for secret in [None, Some("wrong"), Some("open sesam"), Some("")] {
        let mut request = Request::post("/zone").header("host", "127.0.0.1");
        if let Some(secret) = secret {
            request = request.header(header::SECRET, secret);
        }
        // The body is announced and never sent: a stranger's is not waited for.
        let request = request.body(Full::new("a body".into())).unwrap();
        let answer = worker.send(request).await.unwrap();
        assert_eq!(answer.status(), 404, "{secret:?}");
        assert!(answer.body().is_empty());
    }
    assert_eq!(worker.text("/zone").await, "Europe/Berlin");
}

#[tokio::test]
async fn the_service_learns_who_calls_and_never_the_secret() {
    let worker = Worker::ready(ASKING, launch()).await;
    let mut request = Worker::get("/caller");
    for (name, value) in [
        (header::DEVICE, "dev_AAAAAAAAAAAAAAAAAAAAAA"),
        (header::SCOPES, "garmin:read garmin:write"),
        (header::TOOLS, "coach"),
        (header::REQUEST_ID, "r-1"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let answer = worker.send(request).await.unwrap();
    let text = String::from_utf8(answer.body().to_vec()).unwrap();
    for part in ["dev_AAAA", "ReadWrite", "coach", "r-1"] {
        assert!(text.contains(part), "{text}");
    }
    let headers = worker.text("/headers").await;
    assert!(!headers.contains("sesame"), "{headers}");
}

#[tokio::test]
async fn questions_travel_over_the_channel_and_prints_do_not() {
    let mut worker = Worker::ready(ASKING, launch()).await;
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(worker.send(Worker::get("/credentials")));
    let FromWorker::CredentialsWanted { id, refused: None } = worker.hear().await else {
        panic!("not the question")
    };
    let grant = AccessGrant {
        token: "garmin access".into(),
        generation: Generation(7),
        expires_at: Timestamp(8),
    };
    let answer = CredentialsAnswer::Granted(grant);
    worker.say(&ToWorker::Credentials { id, answer }).await;
    calls.spawn(worker.send(Worker::get("/addresses")));
    let FromWorker::Resolve { id, .. } = worker.hear().await else { panic!("not the question") };
    worker.say(&ToWorker::Resolved { id, addresses: vec!["192.0.2.1".parse().unwrap()] }).await;
    calls.spawn(worker.send(Worker::get("/journal")));
    let FromWorker::Journal { id, .. } = worker.hear().await else { panic!("not the question") };
    worker.say(&ToWorker::Journal { id, answer: JournalAnswer::Refused }).await;
    let answers: Vec<String> = calls
        .join_all()
        .await
        .into_iter()
        .map(|answer| String::from_utf8(answer.unwrap().into_body().to_vec()).unwrap())
        .collect();
    for part in ["Generation(7)", "192.0.2.1", "Ok(Refused)"] {
        assert!(answers.iter().any(|answer| answer.contains(part)), "{part}: {answers:?}");
    }
    assert!(!answers.concat().contains("garmin access"));
}

#[tokio::test]
async fn the_end_of_the_gateway_is_the_end_of_the_worker() {
    let mut worker = Worker::ready(ASKING, launch()).await;
    let (closed, _) = tokio::net::UnixStream::pair().unwrap();
    worker.control = closed;
    assert_eq!(worker.exit().await.code(), Some(0));
}

#[tokio::test]
async fn stop_lets_a_running_call_finish() {
    let mut worker = Worker::ready(ASKING, launch()).await;
    let mut calls = tokio::task::JoinSet::new();
    calls.spawn(worker.send(Worker::get("/credentials")));
    let FromWorker::CredentialsWanted { id, .. } = worker.hear().await else {
        panic!("not the question")
    };
    worker.say(&ToWorker::Stop).await;
    assert_eq!(worker.hear().await, FromWorker::Stopping);
    let answer = CredentialsAnswer::SignInNeeded;
    worker.say(&ToWorker::Credentials { id, answer }).await;
    let answers = calls.join_all().await;
    assert_eq!(answers[0].as_ref().unwrap().body(), "Ok(SignInNeeded)");
    assert_eq!(worker.exit().await.code(), Some(0));
}

#[tokio::test]
async fn stop_ends_an_idle_worker_although_a_connection_is_open() {
    let mut worker = Worker::ready(ASKING, launch()).await;
    let idle = tokio::net::TcpStream::connect(("127.0.0.1", worker.port)).await.unwrap();
    assert_eq!(worker.text("/zone").await, "Europe/Berlin");
    worker.say(&ToWorker::Stop).await;
    assert_eq!(worker.hear().await, FromWorker::Stopping);
    assert_eq!(worker.exit().await.code(), Some(0));
    drop(idle);
}

#[tokio::test]
async fn sec105_a_panic_ends_the_process_and_its_words_stay_inside() {
    let mut worker = Worker::ready(ASKING, launch()).await;
    assert!(worker.send(Worker::get("/panic")).await.is_err());
    assert_eq!(worker.exit().await.signal(), Some(6));
    let logs = worker.logs();
    assert!(!logs.contains("secret words"), "{logs}");
    let line: serde_json::Value =
        logs.lines().find_map(|line| serde_json::from_str(line).ok()).unwrap();
    assert_eq!(line["event"], "worker.panic");
    assert!(line["file"].as_str().unwrap().ends_with("asking_worker.rs"), "{line}");
}

#[tokio::test]
async fn sec094_rel73_the_sandbox_is_closed_before_the_first_message() {
    let worker = Worker::ready(ASKING, launch()).await;
    assert_eq!(worker.proc("status", "NoNewPrivs:"), "NoNewPrivs:\t1");
    assert_eq!(worker.proc("status", "Seccomp:"), "Seccomp:\t2");
    assert_eq!(worker.proc("status", "Threads:"), "Threads:\t1");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        let none = format!("{set}:\t0000000000000000");
        assert_eq!(worker.proc("status", &format!("{set}:")), none);
    }
    let sooner = std::fs::read_to_string(format!("/proc/{}/oom_score_adj", worker.process.id()));
    let ours = std::fs::read_to_string("/proc/self/oom_score_adj").unwrap();
    let number = |text: String| text.trim().parse::<i32>().unwrap();
    assert_eq!(number(sooner.unwrap()), number(ours) + 500);
    assert!(worker.proc("limits", "Max core file size").contains(" 0 "));
    assert!(worker.proc("limits", "Max open files").contains(" 64 "));
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", worker.process.id())).unwrap();
    let group = stat.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap().to_owned();
    assert_eq!(group, worker.process.id().to_string());
    let stdout = std::fs::read_link(format!("/proc/{}/fd/1", worker.process.id()));
    // Only root may look into a process that is not dumpable.
    if let Ok(stdout) = stdout {
        assert_eq!(stdout.to_str(), Some("/dev/null"));
    }
}

#[tokio::test]
async fn sec094_a_probe_tells_which_layers_closed_and_ends() {
    let mut worker = Worker::probe(ASKING);
    let mut said = Vec::new();
    worker.control.read_to_end(&mut said).await.unwrap();
    let report: Report = serde_json::from_slice(&said).unwrap();
    assert_eq!(worker.exit().await.code(), Some(0));
    for layer in [Layer::Process, Layer::Limits, Layer::Privileges, Layer::Calls] {
        assert!(report.is_active(layer), "{report:?}");
    }
    // What the other side is for is not a worker's to know.
    assert!(!report.is_active(Layer::Group));
}

#[tokio::test]
async fn a_broken_contract_has_its_own_exit_code() {
    let mut other = launch();
    other.version += 1;
    let mut worker = Worker::spawn(ASKING, "9");
    worker.say(&ToWorker::Launch(Box::new(other))).await;
    assert_eq!(worker.exit().await.code(), Some(76));
    assert!(worker.logs().contains("different versions"));

    let mut worker = Worker::spawn(ASKING, "443");
    worker.say(&ToWorker::Launch(Box::new(launch()))).await;
    assert_eq!(worker.exit().await.code(), Some(76));
    assert!(worker.logs().contains("ports"));
}

#[test]
fn started_by_hand_a_worker_says_why_it_does_not_work() {
    let exe = example(ASKING);
    let no_arguments =
        Command::new(&exe).stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
    assert_eq!(no_arguments.code(), Some(64));
    let no_listener = Command::new(&exe)
        .args(["worker", "--allowed-ports", "443"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(no_listener.status.code(), Some(71));
    assert!(String::from_utf8_lossy(&no_listener.stderr).contains("descriptor 0"));
}
