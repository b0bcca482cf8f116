//! The client of `scripts/bench` and `scripts/soak`: sends prepared HTTP/1.1 requests over many
//! connections from one thread, looks at every answer, and prints one line of JSON.
//!
//! ```text
//! load REQUESTS --connections 64 --seconds 5               each asks again when it is answered
//! load REQUESTS --connections 64 --seconds 5 --rate 1000   so many calls a second in all
//! load REQUESTS --connections 1000 --once                  one each, all at the same moment
//! load REQUESTS --connections 10000 --hold                 one each, then open and silent
//! load REQUESTS --connections 16 --each                    every request of the file one time
//! ```
//!
//! REQUESTS is a JSON array of `{"port": 8080, "request": "POST /mcp HTTP/1.1\r\n…"}`;
//! connection *n* takes the *n*th of them, modulo their number, unless `--each` shares them out. It speaks just enough HTTP to
//! cost little: what is measured is on the other side.
#![expect(clippy::print_stdout, reason = "standard output is how it talks to the script")]

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A call that takes longer has failed.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Parser)]
struct Args {
    requests: PathBuf,
    #[arg(long, default_value_t = 1)]
    connections: usize,
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Calls a second over all connections; without it, as many as are answered
    #[arg(long)]
    rate: Option<f64>,
    /// Sends one request on each connection, all at the same moment
    #[arg(long)]
    once: bool,
    /// Sends one request on each connection, says so, and holds them until its input ends
    #[arg(long, conflicts_with = "once")]
    hold: bool,
    /// Sends every request once, each connection the next one that nobody has sent
    #[arg(long, conflicts_with_all = ["once", "hold"])]
    each: bool,
    /// What an answer must hold to count
    #[arg(long, default_value = "")]
    answer: String,
}

struct Request {
    port: u16,
    bytes: Vec<u8>,
}

/// What one connection, or all of them, have seen.
#[derive(Default)]
struct Tally {
    micros: Vec<u64>,
    failed: BTreeMap<String, u64>,
    opened: u64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.micros.extend(other.micros);
        for (reason, count) in other.failed {
            *self.failed.entry(reason).or_default() += count;
        }
        self.opened += other.opened;
    }

    fn fail(&mut self, reason: String) {
        *self.failed.entry(reason).or_default() += 1;
    }

    fn report(mut self, took: Duration) -> Value {
        self.micros.sort_unstable();
        let last = self.micros.len().saturating_sub(1);
        let rank = |per_mille: usize| {
            self.micros.get((self.micros.len() * per_mille / 1000).min(last)).copied()
        };
        json!({
            "calls": self.micros.len(), "failed": self.failed, "opened": self.opened,
            "seconds": took.as_secs_f64(),
            "micros": {"p50": rank(500), "p90": rank(900), "p99": rank(990), "max": rank(1000)},
        })
    }
}

/// One connection, opened when it is needed.
struct Line {
    request: Arc<Request>,
    answer: Arc<str>,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    tally: Tally,
}

impl Line {
    async fn open(&mut self) -> io::Result<()> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.request.port)).await?;
        stream.set_nodelay(true)?;
        self.tally.opened += 1;
        self.buffer.clear();
        self.stream = Some(stream);
        Ok(())
    }

    /// One call from its first byte to the last of its answer.
    async fn call(&mut self) {
        let began = Instant::now();
        let outcome = match tokio::time::timeout(PATIENCE, self.exchange()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => Err(format!("{:?}", error.kind())),
            Err(_) => Err("late".to_owned()),
        };
        match outcome {
            Ok(()) => {
                let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
                self.tally.micros.push(micros);
            }
            Err(reason) => {
                self.stream = None;
                self.tally.fail(reason);
            }
        }
    }

    async fn exchange(&mut self) -> io::Result<Result<(), String>> {
        if self.stream.is_none() {
            self.open().await?;
        }
        let Some(stream) = &mut self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        stream.write_all(&self.request.bytes).await?;
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            more(stream, &mut self.buffer).await?;
        };
        let head = String::from_utf8_lossy(&self.buffer[..end]).to_ascii_lowercase();
        let field = |name: &str| {
            head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let total = if let Some(length) = field("content-length") {
            let length: usize = length.parse().map_err(|_| io::ErrorKind::InvalidData)?;
            while self.buffer.len() < end + length {
                more(stream, &mut self.buffer).await?;
            }
            end + length
        } else {
            // Nothing is sent ahead, so the last chunk is the end of the buffer.
            while !self.buffer[end..].ends_with(b"0\r\n\r\n") {
                more(stream, &mut self.buffer).await?;
            }
            self.buffer.len()
        };
        let good = head.starts_with("http/1.1 200")
            && (self.answer.is_empty()
                || find(&self.buffer[end..total], self.answer.as_bytes()).is_some());
        let outcome =
            if good { Ok(()) } else { Err(format!("HTTP {}", head.get(9..12).unwrap_or("?"))) };
        let closes = field("connection").is_some_and(|value| value.contains("close"));
        self.buffer.drain(..total);
        if closes {
            self.stream = None;
        }
        Ok(outcome)
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

fn read(path: &PathBuf) -> anyhow::Result<Arc<[Arc<Request>]>> {
    let list: Vec<Value> = serde_json::from_slice(&std::fs::read(path)?)?;
    let requests = list.iter().map(|entry| {
        let port = entry["port"].as_u64().and_then(|port| port.try_into().ok());
        let bytes = entry["request"].as_str().context("no request")?.as_bytes().to_vec();
        Ok(Arc::new(Request { port: port.context("no port")?, bytes }))
    });
    requests.collect()
}

/// Opens all lines before anything is timed.
async fn open(mut lines: Vec<Line>) -> anyhow::Result<Vec<Line>> {
    for line in &mut lines {
        line.open().await.context("a connection could not be opened")?;
    }
    Ok(lines)
}

async fn repeat(mut line: Line, first: Instant, until: Instant, pause: Option<Duration>) -> Line {
    let mut due = first;
    while due < until {
        tokio::time::sleep_until(due).await;
        line.call().await;
        due = pause.map_or_else(Instant::now, |pause| (due + pause).max(Instant::now()));
    }
    line
}

async fn share(mut line: Line, requests: Arc<[Arc<Request>]>, next: Arc<AtomicUsize>) -> Line {
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        line.request = request.clone();
        line.call().await;
    }
    line
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let requests = read(&args.requests)?;
    ensure!(!requests.is_empty() && args.connections > 0, "nothing to send");
    let answer: Arc<str> = args.answer.as_str().into();
    let lines = (0..args.connections).map(|number| Line {
        request: requests[number % requests.len()].clone(),
        answer: answer.clone(),
        stream: None,
        buffer: Vec::with_capacity(1024),
        tally: Tally::default(),
    });
    let lines = open(lines.collect()).await?;

    let began = Instant::now();
    let until = began + Duration::from_secs_f64(args.seconds);
    let each = f64::from(u32::try_from(args.connections)?);
    let pause = args.rate.map(|rate| Duration::from_secs_f64(each / rate));
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for (number, mut line) in lines.into_iter().enumerate() {
        if args.once || args.hold {
            tasks.spawn(async move {
                line.call().await;
                line
            });
        } else if args.each {
            tasks.spawn(share(line, requests.clone(), next.clone()));
        } else {
            // Spread over the first pause, so that a rate is a stream and not a drum.
            let share = f64::from(u32::try_from(number)?) / each;
            let first = began + pause.unwrap_or_default().mul_f64(share);
            tasks.spawn(repeat(line, first, until, pause));
        }
    }
    let mut tally = Tally::default();
    let mut held = Vec::new();
    while let Some(line) = tasks.join_next().await {
        let mut line = line?;
        tally.add(std::mem::take(&mut line.tally));
        held.extend(line.stream);
    }
    println!("{}", tally.report(began.elapsed()));
    if args.hold {
        tokio::task::spawn_blocking(|| io::stdin().read_to_end(&mut Vec::new())).await??;
    }
    drop(held);
    Ok(())
}
