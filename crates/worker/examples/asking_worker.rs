//! A worker whose paths are the things a worker can ask, for the tests of `worker::host`.

use std::convert::Infallible;
use std::process::ExitCode;

use bytes::Bytes;
use domain::contract::{JournalEntry, KeyUse, Launch};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use worker::host::{self, Caller, Exit, Line, Options, Program};

fn main() -> ExitCode {
    let Ok(options) = Options::parse(std::env::args_os().skip(1)) else {
        return Exit::Usage.into();
    };
    // Nothing that prints may reach the control channel.
    #[expect(clippy::print_stdout, reason = "that is what is tested")]
    host::run(options, |launch, line| {
        println!("a stray line");
        Program {
            service: tower::service_fn(move |request| {
                answer(launch.clone(), line.clone(), request)
            }),
            repeatable_tools: vec!["get_something".into()],
            other_tools: vec!["set_something".into()],
        }
    })
}

async fn answer(
    launch: Launch,
    line: Line,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = match request.uri().path() {
        "/zone" => launch.athlete.time_zone.unwrap_or_default(),
        "/caller" => format!("{:?}", request.extensions().get::<Caller>()),
        "/headers" => format!("{:?}", request.headers()),
        "/credentials" => format!("{:?}", line.credentials(None).await),
        "/addresses" => format!("{:?}", line.resolve("connectapi.garmin.com").await),
        "/journal" => {
            let (key, tool, detail) = ("k".into(), "t".into(), "{}".into());
            let intent = JournalEntry::Intent { key, key_use: KeyUse::Once, tool, detail };
            format!("{:?}", line.journal(intent).await)
        }
        "/echo" => match request.into_body().collect().await {
            Ok(body) => return Ok(Response::new(Full::new(body.to_bytes()))),
            Err(_) => "torn".into(),
        },
        "/panic" => panic!("secret words of a person"),
        path => format!("nothing at {path}"),
    };
    Ok(Response::new(Full::new(text.into())))
}
