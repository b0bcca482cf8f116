//! An MCP client of a worker process, with the test as its gateway.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use domain::clock::Timestamp;
use domain::contract::{
    AccessGrant, CredentialsAnswer, FromWorker, Launch, LinkAnswer, ToWorker, ToolPolicy,
    ToolsAnswer, header,
};
use domain::id::{DeviceId, Generation};
use domain::scope::Scopes;
use domain::tools::{Profile, ToolChoice};
use http::{Request, Response};
use http_body_util::Full;
use serde_json::{Value, json};
use simulator::IssuedTokens;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use crate::child::{SECRET, Worker, launch};
use crate::garmin::{EMAIL, Garmin};
use crate::ledger::Ledger;

pub(crate) const LEGACY: &str = "2025-11-25";
pub(crate) const MODERN: &str = "2026-07-28";

/// What the gateway says when asked for credentials; `SignInNeeded` when there is nothing left.
type Answers = Arc<Mutex<VecDeque<CredentialsAnswer>>>;

pub(crate) struct Mcp {
    pub(crate) worker: Worker,
    pub(crate) garmin: Garmin,
    pub(crate) answers: Answers,
    pub(crate) asked: Arc<Mutex<Vec<Option<Generation>>>>,
    /// What devices have chosen to be shown.
    pub(crate) chosen: Arc<Mutex<Vec<(DeviceId, ToolChoice)>>>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    /// What the connection may do.
    pub(crate) scopes: Scopes,
    #[expect(dead_code, reason = "ends with the test")]
    gateway: JoinSet<()>,
}

/// What the gateway says about a device.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) device: Option<DeviceId>,
    pub(crate) scopes: Scopes,
    pub(crate) tools: Option<String>,
    pub(crate) time_zone: Option<String>,
    pub(crate) units: Option<&'static str>,
}

impl Default for Caller {
    fn default() -> Self {
        let (device, scopes) = (None, Scopes::ReadOnly);
        Self { device, scopes, tools: None, time_zone: None, units: None }
    }
}

pub(crate) fn grant(tokens: &IssuedTokens, generation: i64) -> AccessGrant {
    AccessGrant {
        token: tokens.access_token.as_str().into(),
        generation: Generation(generation),
        expires_at: tokens.access_expires,
    }
}

impl Mcp {
    /// With every tool in the listing.
    pub(crate) async fn start() -> Self {
        Self::start_as(EMAIL).await
    }

    /// The same for another athlete.
    pub(crate) async fn start_as(email: &str) -> Self {
        let profile = Some(ToolChoice::of(Profile::Full));
        Self::launch(email, ToolPolicy { profile, ..ToolPolicy::default() }).await
    }

    pub(crate) async fn start_with(tools: ToolPolicy) -> Self {
        Self::launch(EMAIL, tools).await
    }

    async fn launch(email: &str, tools: ToolPolicy) -> Self {
        let garmin = Garmin::start().await;
        let launch = Launch {
            upstream: garmin.simulator.urls().clone(),
            credentials: Some(grant(&garmin.tokens_of(email), 1)),
            athlete: domain::contract::Athlete::default(),
            tools,
            ..launch()
        };
        Self::with(Worker::ready("worker", launch).await, garmin)
    }

    /// A worker that was started already, with the test as its gateway.
    pub(crate) fn with(mut worker: Worker, garmin: Garmin) -> Self {
        let answers = Answers::default();
        let asked = Arc::new(Mutex::new(Vec::new()));
        // The child keeps a spare end, so that dropping it still ends the conversation.
        let (spare, _) = UnixStream::pair().unwrap();
        let control = std::mem::replace(&mut worker.control, spare);
        let chosen = Arc::default();
        let ledger = Arc::<Mutex<Ledger>>::default();
        let heard = Heard {
            answers: Arc::clone(&answers),
            asked: Arc::clone(&asked),
            chosen: Arc::clone(&chosen),
            ledger: Arc::clone(&ledger),
        };
        let gateway = JoinSet::from_iter([answer(control, heard)]);
        let scopes = Scopes::ReadOnly;
        Self { worker, garmin, answers, asked, chosen, ledger, scopes, gateway }
    }

    /// With a connection that may change things.
    pub(crate) async fn writing() -> Self {
        Self { scopes: Scopes::ReadWrite, ..Self::start().await }
    }

    /// One POST, the way the gateway forwards it.
    pub(crate) async fn post(&self, era: &str, message: &Value) -> Response<Bytes> {
        let caller = Caller { scopes: self.scopes, ..Caller::default() };
        self.post_as(&caller, era, message).await
    }

    /// The same for a device of another kind.
    pub(crate) async fn post_as(
        &self,
        caller: &Caller,
        era: &str,
        message: &Value,
    ) -> Response<Bytes> {
        let mut request = Request::post("/mcp")
            .header("host", "127.0.0.1")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", era)
            .header(header::SECRET, SECRET)
            .header(header::SCOPES, caller.scopes.as_str());
        if let Some(device) = &caller.device {
            request = request.header(header::DEVICE, device.as_str());
        }
        if let Some(tools) = &caller.tools {
            request = request.header(header::TOOLS, tools);
        }
        if let Some(zone) = &caller.time_zone {
            request = request.header(header::TIME_ZONE, zone);
        }
        if let Some(units) = caller.units {
            request = request.header(header::UNITS, units);
        }
        if era == MODERN {
            request = request.header("mcp-method", message["method"].as_str().unwrap());
            let names = ["name", "uri", "taskId"].map(|key| message["params"][key].as_str());
            if let Some(name) = names.into_iter().flatten().next() {
                request = request.header("mcp-name", name);
            }
        }
        let body = Full::new(Bytes::from(message.to_string()));
        self.worker.send(request.body(body).unwrap()).await.unwrap()
    }

    /// The result of a request in one era, as its message says it.
    pub(crate) async fn request(&self, era: &str, method: &str, params: Value) -> Value {
        let message = message(era, method, params);
        let answer = self.post(era, &message).await;
        let body: Value = serde_json::from_slice(answer.body()).unwrap();
        assert_eq!(answer.status(), 200, "{body}");
        assert_eq!(body["id"], "r-1");
        body
    }

    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        self.request(LEGACY, "tools/call", params).await["result"].take()
    }

    /// The structured answer of a call that must succeed.
    pub(crate) async fn ask(&self, tool: &str, arguments: Value) -> Value {
        let mut result = self.call(tool, arguments).await;
        assert_ne!(result["isError"], true, "{tool}: {result}");
        let text: Value =
            serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"], "{tool}");
        result["structuredContent"].take()
    }

    /// The error of a call that must fail: its data and its text.
    pub(crate) async fn fail(&self, tool: &str, arguments: Value) -> (Value, String) {
        let mut result = self.call(tool, arguments).await;
        assert_eq!(result["isError"], true, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap().to_owned();
        (result["_meta"]["garmin-gateway/error"].take(), text)
    }

    pub(crate) async fn tools(&self) -> Vec<Value> {
        let mut listed = self.request(LEGACY, "tools/list", json!({})).await;
        serde_json::from_value(listed["result"]["tools"].take()).unwrap()
    }
}

pub(crate) fn message(era: &str, method: &str, mut params: Value) -> Value {
    if era == MODERN {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    json!({ "jsonrpc": "2.0", "id": "r-1", "method": method, "params": params })
}

/// What the test's gateway answers from, and takes down.
struct Heard {
    answers: Answers,
    asked: Arc<Mutex<Vec<Option<Generation>>>>,
    chosen: Arc<Mutex<Vec<(DeviceId, ToolChoice)>>>,
    ledger: Arc<Mutex<Ledger>>,
}

/// A gateway that knows every device but one.
fn link_for(device: &DeviceId) -> LinkAnswer {
    match device.as_str() {
        "dev_AAAAAAAAAAAAAAAAAAAAAA" => LinkAnswer::NotThere,
        "dev_AAAAAAAAAAAAAAAAAAAAAQ" => LinkAnswer::TooMany { retry_after_secs: 90 },
        known => LinkAnswer::Link {
            url: format!("https://gateway.example/account/link?token={known}").as_str().into(),
            expires_at: Timestamp(1_790_000_600),
        },
    }
}

async fn answer(mut control: UnixStream, heard: Heard) {
    let Heard { answers, asked, chosen, ledger } = heard;
    while let Ok(size) = control.read_u32().await {
        let mut text = vec![0; size as usize];
        control.read_exact(&mut text).await.unwrap();
        let reply = match serde_json::from_slice(&text).unwrap() {
            FromWorker::CredentialsWanted { id, refused } => {
                asked.lock().unwrap().push(refused);
                let next = answers.lock().unwrap().pop_front();
                let answer = next.unwrap_or(CredentialsAnswer::SignInNeeded);
                ToWorker::Credentials { id, answer }
            }
            FromWorker::ToolsChosen { id, device, choice } => {
                chosen.lock().unwrap().push((device, choice));
                ToWorker::Tools { id, answer: ToolsAnswer::Saved }
            }
            FromWorker::Journal { id, entry } => {
                ToWorker::Journal { id, answer: ledger.lock().unwrap().record(entry) }
            }
            FromWorker::LinkWanted { id, device } => {
                ToWorker::Link { id, answer: link_for(&device) }
            }
            FromWorker::JournalRead { id, query } => {
                ToWorker::JournalPage { id, answer: ledger.lock().unwrap().read(&query) }
            }
            _ => continue,
        };
        let text = serde_json::to_vec(&reply).unwrap();
        control.write_u32(u32::try_from(text.len()).unwrap()).await.unwrap();
        control.write_all(&text).await.unwrap();
    }
}
