//! Garmin's answers with things missing, renamed, of other types, or plainly wrong: every tool
//! that reads still answers, and no answer ends the process.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use domain::contract::{Athlete, Launch};
use domain::upstream::{BaseUrl, Upstream};
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::handshake;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::child::{Worker, launch};
use crate::garmin::{EMAIL, Garmin};
use crate::mcp::{Mcp, grant};

/// How answers differ from what Garmin documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Oddity {
    None,
    /// As accounts and devices differ: keys missing or null, whole numbers as floats, lists
    /// empty, keys nobody knows. A tool must make the best of it.
    Plausible,
    /// Any value instead of any other. A tool may give up, in words.
    Hostile,
}

/// Small numbers from a seed; the same ones each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }
}

fn plausible(value: &mut Value, chance: &mut Chance) {
    match value {
        Value::Object(found) => {
            found.retain(|_, _| !chance.one_in(25));
            for part in found.values_mut() {
                if chance.one_in(25) {
                    *part = Value::Null;
                } else {
                    plausible(part, chance);
                }
            }
            if chance.one_in(20) {
                found.insert("addedIn2027".into(), json!({ "a": [1] }));
            }
        }
        Value::Array(items) if chance.one_in(30) => items.clear(),
        Value::Array(items) => items.iter_mut().for_each(|item| plausible(item, chance)),
        Value::Number(number) if chance.one_in(6) => {
            let small = number.as_i64().and_then(|whole| i32::try_from(whole).ok());
            if let Some(small) = small {
                *value = f64::from(small).into();
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hostile(value: &mut Value, chance: &mut Chance) {
    if chance.one_in(12) {
        *value = match chance.below(12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(0),
            4 => json!(i64::MIN),
            5 => json!(u64::MAX),
            6 => json!(1e300),
            7 => json!(-0.000_001),
            8 => json!("9999-99-99T99:99:99"),
            9 => json!("\u{202e}{}"),
            10 => json!([[], [null], [[1]]]),
            _ => json!({ "": { "": [] } }),
        };
        return;
    }
    match value {
        Value::Object(found) => found.values_mut().for_each(|part| hostile(part, chance)),
        Value::Array(items) => items.iter_mut().for_each(|item| hostile(item, chance)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Stands between a worker and the simulator, and spoils what passes.
struct Between {
    api: BaseUrl,
    oddity: Oddity,
    seed: AtomicU64,
}

impl Between {
    async fn pass(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (mut parts, body) = request.into_parts();
        let path = self.api.join(parts.uri.path_and_query().unwrap().as_str());
        let path = path[path.find("/api").unwrap()..].to_owned();
        parts.uri = path.parse().unwrap();
        // What was compressed could not be spoilt.
        parts.headers.remove(ACCEPT_ENCODING);
        let stream = TcpStream::connect((self.api.host(), self.api.port())).await.unwrap();
        let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        let exchange = async {
            let answer = sender.send_request(Request::from_parts(parts, body)).await.unwrap();
            let (parts, body) = answer.into_parts();
            (parts, body.collect().await.unwrap().to_bytes())
        };
        tokio::pin!(exchange);
        let (parts, mut body) = tokio::select! {
            answer = &mut exchange => answer,
            _ = connection => exchange.await,
        };
        // The person stays the same: what is asked of them is not in question here.
        let person = path.contains("/userprofile-service/");
        if !person && let Ok(mut value) = serde_json::from_slice::<Value>(&body) {
            let mut chance = Chance(self.seed.fetch_add(1, Ordering::Relaxed));
            match self.oddity {
                Oddity::None => {}
                Oddity::Plausible => plausible(&mut value, &mut chance),
                Oddity::Hostile => hostile(&mut value, &mut chance),
            }
            body = value.to_string().into();
        }
        let mut response = Response::new(Full::new(body));
        *response.status_mut() = parts.status;
        let kept = parts.headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
        let kept = kept.filter(|(name, _)| *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING);
        response.headers_mut().extend(kept);
        response
    }
}

async fn between(garmin: &Garmin, oddity: Oddity, seed: u64) -> (SocketAddr, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let between = Arc::new(Between {
        api: garmin.simulator.urls().api.clone(),
        oddity,
        seed: AtomicU64::new(seed),
    });
    let serving = JoinSet::from_iter([async move {
        let mut open = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let between = Arc::clone(&between);
            open.spawn(async move {
                let service = service_fn(move |request| {
                    let between = Arc::clone(&between);
                    async move { Ok::<_, Infallible>(between.pass(request).await) }
                });
                // The client goes when it likes.
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    }]);
    (address, serving)
}

/// Where the arguments that a tool cannot do without come from: a tool, and the way to the
/// value in its answer.
const ARGUMENTS: [(&str, &str, &str); 7] = [
    ("activity_id", "get_activities", "/activities/0/id"),
    ("workout_id", "get_workouts", "/workouts/0/id"),
    ("course_id", "get_courses", "/courses/0/course_id"),
    ("gear_uuid", "get_gear", "/gear/0/uuid"),
    ("plan_id", "get_garmin_training_plans", "/plans/0/plan_id"),
    ("scorecard_id", "get_golf_scorecards", "/scorecards/0/scorecard_id"),
    (
        "scheduled_workout_id",
        "get_scheduled_workouts",
        "/scheduled_workouts/0/scheduled_workout_id",
    ),
];

/// Arguments for each tool that reads, from an account that answers as documented.
pub(crate) async fn calls(email: &str) -> Vec<(String, Value)> {
    let mcp = Mcp::start_as(email).await;
    let tools = mcp.tools().await;
    let known = |name: &str| tools.iter().any(|tool| tool["name"] == name);
    let mut values: Map<String, Value> = Map::new();
    for (argument, tool, way) in ARGUMENTS {
        if known(tool) {
            let answer = mcp.ask(tool, json!({})).await;
            if let Some(value) = answer.pointer(way) {
                values.insert(argument.into(), value.clone());
            }
        }
    }
    values.insert("hole".into(), json!(1));
    let activities = mcp.ask("get_activities", json!({})).await;
    let ids = ["/activities/0/id", "/activities/1/id"].map(|way| activities.pointer(way));
    values.insert("activity_ids".into(), json!(ids));
    values.insert("query".into(), json!("apple"));
    values.insert("kinds".into(), json!(["activities", "sleep", "hrv"]));
    values.insert("metric".into(), json!("distance"));
    values.insert("metrics".into(), json!(["steps", "resting_hr", "sleep_hours"]));
    values.insert("x".into(), json!("steps"));
    values.insert("y".into(), json!("resting_hr"));
    let mut calls = Vec::new();
    for tool in &tools {
        // Of writes there are none here to be reconciled.
        if tool["annotations"]["readOnlyHint"] != true
            || tool["name"] == "reconcile_write_operation"
        {
            continue;
        }
        let mut arguments = Map::new();
        for name in tool["inputSchema"]["required"].as_array().into_iter().flatten() {
            let name = name.as_str().unwrap();
            let value = values.get(name).cloned();
            arguments.insert(name.to_owned(), value.unwrap_or_else(|| json!("x")));
        }
        calls.push((tool["name"].as_str().unwrap().to_owned(), Value::Object(arguments)));
    }
    calls
}

async fn worker(oddity: Oddity, seed: u64) -> (Mcp, JoinSet<()>) {
    let garmin = Garmin::start().await;
    let (address, serving) = between(&garmin, oddity, seed).await;
    let api = BaseUrl::parse(&format!("http://{address}")).unwrap();
    let launch = Launch {
        upstream: Upstream {
            sso: api.clone(),
            diauth: api.clone(),
            connect: api.clone(),
            api,
            ..garmin.simulator.urls().clone()
        },
        credentials: Some(grant(&garmin.tokens(), 1)),
        athlete: Athlete { time_zone: Some("Europe/Berlin".into()), ..Athlete::default() },
        ..launch()
    };
    let worker = Worker::ready("worker", launch).await;
    (Mcp::with(worker, garmin), serving)
}

/// What each call came to.
async fn answers(oddity: Oddity, seed: u64, calls: &[(String, Value)]) -> Vec<(String, Value)> {
    let (mut mcp, _serving) = worker(oddity, seed).await;
    let mut answers = Vec::new();
    for (tool, arguments) in calls {
        let result = mcp.call(tool, arguments.clone()).await;
        assert!(mcp.worker.process.try_wait().unwrap().is_none(), "{tool} ended the worker");
        answers.push((tool.clone(), result));
    }
    answers
}

fn code(result: &Value) -> &str {
    result["_meta"]["garmin-gateway/error"]["code"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn tools_make_the_best_of_answers_that_lack_something() {
    let calls = calls(EMAIL).await;
    let plain = answers(Oddity::None, 0, &calls).await;
    let failed: Vec<_> = plain.iter().filter(|(_, result)| result["isError"] == true).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    for seed in [1, 20_000, 300_000] {
        for (tool, result) in answers(Oddity::Plausible, seed, &calls).await {
            // A list that lost an item knows nothing of it.
            let lost = code(&result) == "not_found"
                // One number is all there was.
                || (tool == "count_activities" && code(&result) == "upstream_changed");
            assert!(lost || result["isError"] != true, "{tool} with seed {seed}: {result}");
        }
    }
}

#[tokio::test]
async fn no_answer_of_garmins_ends_a_worker() {
    let calls = calls(EMAIL).await;
    for seed in [7, 70_000, 700_000] {
        for (tool, result) in answers(Oddity::Hostile, seed, &calls).await {
            let expected = ["none", "upstream_changed", "upstream_error", "not_found", "too_large"];
            assert!(expected.contains(&code(&result)), "{tool} with seed {seed}: {result}");
        }
    }
}
