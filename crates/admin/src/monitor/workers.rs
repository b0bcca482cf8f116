//! `monitor --watch`: who runs right now.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use domain::clock::{Clock as _, SystemClock, Timestamp};
use domain::console::{Answer, Request, Status, Worker};

use super::{MonitorArgs, Screen};
use crate::status::phase;
use crate::text::{counted, mebibytes, span, table};
use crate::{AdminError, Place};

const AGAIN: Duration = Duration::from_secs(1);
/// To the top left corner, and nothing below it.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

pub(super) async fn watch(
    data_dir: &Path,
    args: &MonitorArgs,
    screen: Screen,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    let gateway = Place::gateway_in(data_dir);
    loop {
        let Some(Answer::Status(status)) = gateway.ask(&Request::Status).await? else {
            return Err(AdminError::NoGateway { data_dir: data_dir.to_owned() });
        };
        let chosen = |worker: &&Worker| {
            args.account.as_deref().is_none_or(|wanted| worker.account.to_string() == wanted)
        };
        let workers: Vec<&Worker> = status.workers.iter().filter(chosen).collect();
        if args.json {
            serde_json::to_writer(&mut *out, &workers).map_err(std::io::Error::from)?;
            writeln!(out)?;
        } else {
            let clear = match screen {
                Screen::Colour | Screen::Plain if !args.no_follow => CLEAR,
                Screen::Colour | Screen::Plain | Screen::Pipe => "",
            };
            write!(out, "{clear}{}", text(&status, &workers, SystemClock.now()))?;
        }
        out.flush()?;
        if args.no_follow {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn text(status: &Status, workers: &[&Worker], now: Timestamp) -> String {
    let rows = workers.iter().map(|worker| {
        let memory = worker.memory_kib.map(mebibytes);
        vec![
            worker.account.to_string(),
            worker.pid.to_string(),
            phase(worker.phase).to_owned(),
            span(now.since(worker.started_at).as_secs()),
            span(worker.idle_secs),
            worker.in_flight.to_string(),
            worker.calls.to_string(),
            memory.unwrap_or_default(),
        ]
    });
    let head = ["account", "pid", "phase", "age", "idle", "in flight", "calls", "memory"];
    format!(
        "{} of at most {}, {} waiting to start\n\n{}",
        counted(status.workers.len() as u64, "worker", "workers"),
        status.max_workers,
        status.queued_starts,
        table(&head, rows.collect()),
    )
}
