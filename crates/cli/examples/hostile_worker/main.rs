//! A worker that somebody has taken over. It closes the product's own sandbox, speaks just
//! enough of the contract to be called, and then does whatever a call tells it to.
//!
//! `hostile_worker list` prints what it can try, `table` the same for the documentation, and
//! `serve` is the real gateway with this program as its worker. `--without LAYER,…` leaves
//! layers of the sandbox out, to see what the others hold. `forbid NUMBER PROGRAM WORD…` becomes
//! another program under a filter that denies one system call, as an old container's does.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program of the tests")]

mod attempts;
mod kernel;
mod misdeeds;
mod network;
mod others;
mod raw;
mod resources;
mod table;

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::ExitCode;

use domain::contract::{FromWorker, VERSION};
use domain::sandbox::Layer;
use gateway::{Config, WorkerProgram, telemetry};
use serde_json::{Value, json};
use worker::host::{Options, Task};
use worker::sandbox::{self, Plan};

use attempts::ATTEMPTS;

const WITHOUT: &str = "--without";

fn main() -> ExitCode {
    let mut args: Vec<OsString> = std::env::args_os().skip(1).collect();
    let without = match args.iter().position(|word| word == WITHOUT) {
        Some(at) => {
            let names = args.remove(at + 1);
            args.remove(at);
            names.into_string().unwrap()
        }
        None => String::new(),
    };
    match args.first().and_then(|word| word.to_str()) {
        Some("list") => {
            let all: Vec<_> = ATTEMPTS.iter().map(attempts::Attempt::described).collect();
            println!("{}", serde_json::to_string(&all).unwrap());
        }
        Some("table") => print!("{}", table::markdown(ATTEMPTS)),
        Some("serve") => serve(&without),
        Some("forbid") => forbid(&args[1..]),
        _ => work(args, &without),
    }
    ExitCode::SUCCESS
}

fn serve(without: &str) {
    gateway::harden().unwrap();
    let config = Config::from_process().unwrap();
    let _log = telemetry::init(&config.log).unwrap();
    let args = if without.is_empty() { vec![] } else { vec![WITHOUT.into(), without.into()] };
    let program = WorkerProgram { exe: "/proc/self/exe".into(), args };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = gateway::listen(config.listen).await.unwrap();
        let end = async { gateway::terminated().await.unwrap() };
        if let Err(error) = gateway::run(config, program, listener, end).await {
            _ = writeln!(io::stderr(), "{error:#}");
            std::process::exit(1);
        }
    });
}

fn forbid(words: &[OsString]) {
    let [number, program, rest @ ..] = words else { panic!("forbid NUMBER PROGRAM WORD…") };
    raw::forbid(number.to_str().unwrap().parse().unwrap()).unwrap();
    panic!("{}", std::process::Command::new(program).args(rest).exec());
}

fn layers(names: &str) -> Vec<Layer> {
    let is_listed = |layer: &Layer| names.split(',').any(|name| name == layer.as_str());
    Layer::ALL.into_iter().filter(is_listed).collect()
}

fn work(args: Vec<OsString>, without: &str) {
    let mut options = Options::parse(args).unwrap();
    options.plan = Plan::without(&layers(without));
    raw::ignore(&[libc::SIGTERM, libc::SIGHUP, libc::SIGXFSZ, libc::SIGPIPE]);
    let listener = TcpListener::from(io::stdin().as_fd().try_clone_to_owned().unwrap());
    let mut control = UnixStream::from(io::stdout().as_fd().try_clone_to_owned().unwrap());
    let closed = sandbox::close(control.as_fd(), options.ports, &options.plan).unwrap();
    match options.task {
        Task::Probe => serde_json::to_writer(&control, &closed.report).unwrap(),
        Task::Serve => {
            hear(&mut control);
            let repeatable_tools = vec!["attempt".to_owned()];
            say(
                &mut control,
                &FromWorker::Ready { version: VERSION, repeatable_tools, other_tools: vec![] },
            );
            for stream in listener.incoming().flatten() {
                // Whoever hangs up in the middle has had enough.
                let _ = answer(stream, &mut control);
            }
        }
    }
}

/// One frame of the control channel. Nothing more comes when the gateway is gone.
fn hear(control: &mut UnixStream) -> Value {
    let mut length = [0_u8; 4];
    if control.read_exact(&mut length).is_err() {
        std::process::exit(0);
    }
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    control.read_exact(&mut frame).unwrap();
    serde_json::from_slice(&frame).unwrap()
}

fn say(control: &mut UnixStream, message: &FromWorker) {
    let text = serde_json::to_vec(message).unwrap();
    let length = u32::try_from(text.len()).unwrap().to_be_bytes();
    control.write_all(&length).and_then(|()| control.write_all(&text)).unwrap();
}

/// The body of one request.
fn request(stream: &mut TcpStream) -> io::Result<Value> {
    let mut bytes = Vec::new();
    let head = loop {
        let mut chunk = [0_u8; 4096];
        let read = stream.read(&mut chunk)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.extend_from_slice(&chunk[..read]);
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.and_then(|length| length.trim().parse().ok()).unwrap_or(0_usize);
    let mut body = bytes.split_off(head);
    while body.len() < length {
        let mut chunk = vec![0; length - body.len()];
        let read = stream.read(&mut chunk)?;
        body.extend_from_slice(&chunk[..read]);
    }
    serde_json::from_slice(&body).map_err(io::Error::other)
}

fn answer(mut stream: TcpStream, control: &mut UnixStream) -> io::Result<()> {
    let message = request(&mut stream)?;
    let (tool, arguments) = (&message["params"]["name"], &message["params"]["arguments"]);
    let said = match tool.as_str() {
        Some("attempt") => attempt(arguments),
        Some("misdeed") => {
            match misdeeds::commit(arguments, &message["id"], &mut stream, control) {
                Some(said) => said,
                None => return Ok(()),
            }
        }
        _ => json!({ "pid": std::process::id() }),
    };
    let result = json!({ "content": [], "structuredContent": said });
    let body = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n";
    write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
}

fn attempt(arguments: &Value) -> Value {
    let name = arguments["name"].as_str().unwrap_or_default();
    let target = serde_json::from_value(arguments["target"].clone()).unwrap();
    let tried = ATTEMPTS.iter().find(|attempt| attempt.name == name).unwrap();
    match (tried.run)(&target) {
        Ok(got) => json!({ "got": got }),
        Err(error) => json!({ "errno": error }),
    }
}
