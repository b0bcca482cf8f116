//! `monitor`: the events of a running gateway as they happen, or of a log file.

mod event;
mod follow;
mod workers;

use std::io::{self, Write};
use std::path::PathBuf;

use domain::console::Request;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};

use crate::{AdminError, Place};
use event::{Event, Selection};
use follow::Follower;

#[derive(clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own on the command line"
)]
pub struct MonitorArgs {
    /// Read a log file instead of asking a running gateway; rotation is followed
    #[arg(long, value_name = "LOG", conflicts_with = "watch")]
    pub file: Option<PathBuf>,
    /// Show everything: debug events, protocol chatter, lines that are not events
    #[arg(long, conflicts_with = "watch")]
    pub all: bool,
    /// Only what concerns this account (`acc_…`)
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Print events as the JSON lines they are
    #[arg(long)]
    pub json: bool,
    /// A table of the workers, again every second
    #[arg(long)]
    pub watch: bool,
    /// With --file: how many earlier lines to begin with
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub lines: usize,
    /// With --file: end where the file ends. With --watch: one table
    #[arg(long)]
    pub no_follow: bool,
}

/// What the output is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// A terminal that wants colour.
    Colour,
    /// A terminal without.
    Plain,
    /// A pipe or a file.
    Pipe,
}

/// Where gateways are asked: only the data directory is needed for that.
pub async fn monitor(
    data_dir: &std::path::Path,
    args: &MonitorArgs,
    screen: Screen,
    out: &mut impl Write,
) -> Result<(), AdminError> {
    if args.watch {
        return workers::watch(data_dir, args, screen, out).await;
    }
    let mut printer = Printer { selection: Selection::of(args), json: args.json, screen, out };
    match &args.file {
        Some(path) => {
            let mut follower = Follower::open(path, args.lines)?;
            while let Some(line) = follower.next(args.no_follow).await? {
                printer.line(&line)?;
            }
            Ok(())
        }
        None => listen(data_dir, &mut printer).await,
    }
}

/// Shows what the gateway says until one of both leaves.
async fn listen<W: Write>(
    data_dir: &std::path::Path,
    printer: &mut Printer<'_, W>,
) -> Result<(), AdminError> {
    let gateway = Place::gateway_in(data_dir);
    let failed = |source| AdminError::Socket { path: gateway.path().to_owned(), source };
    let Some(mut stream) = gateway.connect().await.map_err(failed)? else {
        return Err(AdminError::NoGateway { data_dir: data_dir.to_owned() });
    };
    let mut line = serde_json::to_vec(&Request::Watch).map_err(io::Error::from)?;
    line.push(b'\n');
    stream.write_all(&line).await.map_err(failed)?;
    let mut read = BufReader::new(stream);
    let mut line = Vec::new();
    while read.read_until(b'\n', &mut line).await.map_err(failed)? > 0 {
        printer.line(String::from_utf8_lossy(&line).trim_end())?;
        line.clear();
    }
    Ok(())
}

struct Printer<'a, W> {
    selection: Selection,
    json: bool,
    screen: Screen,
    out: &'a mut W,
}

impl<W: Write> Printer<'_, W> {
    fn line(&mut self, line: &str) -> io::Result<()> {
        let event = Event::parse(line);
        if !self.selection.shows(event.as_ref()) {
            return Ok(());
        }
        match event {
            Some(_) if self.json => writeln!(self.out, "{line}")?,
            Some(event) => self.out.write_all(event.text(self.screen).as_bytes())?,
            None => writeln!(self.out, "{}", event::harmless(line))?,
        }
        self.out.flush()
    }
}
