//! The way of a line to where it is kept. Whoever logs puts the line into a bounded queue and
//! goes on; one thread for each place writes. A pipe nobody reads or a full disk costs lines,
//! which are counted, and never a request.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

/// Lines that may wait, and what they may weigh together.
const MOST_LINES: usize = 8192;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// What the writer waits for more lines after the first, so that a busy gateway is not woken and
/// does not write for each of them.
const GATHER: Duration = Duration::from_millis(2);
/// Lines written at once, and the weight at which no more are added.
const MOST_AT_ONCE: usize = 256;
const ENOUGH_AT_ONCE: usize = 64 * 1024;
/// How often a full queue is asked for room when everything has to be written.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The queue in front of one place.
pub(super) struct Queue {
    sender: SyncSender<Item>,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    /// Lines that found the queue full or could not be written.
    lost: AtomicU64,
}

enum Item {
    Line(Arc<str>),
    /// Answered once everything before it is written.
    Flush(SyncSender<()>),
}

impl Queue {
    /// Starts the thread that writes. `dropped` makes the line that says how many are missing.
    pub(super) fn start(
        name: &str,
        sink: impl Write + Send + 'static,
        dropped: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, items) = sync_channel(MOST_LINES);
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            sink,
            torn: false,
            reported: 0,
            shared: shared.clone(),
            dropped,
            gathered: Vec::new(),
            ends: Vec::new(),
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(move || writer.run(&items))?;
        Ok(Self { sender, shared })
    }

    /// Never waits.
    pub(super) fn put(&self, line: Arc<str>) {
        let length = line.len();
        let before = self.shared.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        if before > MOST_BYTES || self.sender.try_send(Item::Line(line)).is_err() {
            self.shared.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until what was put before is written, but no longer than `patience`: a place that
    /// takes nothing must not keep the process.
    pub(super) fn flush(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let (done, told) = sync_channel(1);
        let mut item = Item::Flush(done);
        // A writer that goes on makes room; one that is stuck costs the patience and no more.
        while let Err(error) = self.sender.try_send(item) {
            match error {
                TrySendError::Full(back) if Instant::now() < until => item = back,
                TrySendError::Full(_) | TrySendError::Disconnected(_) => return,
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        let _ = told.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
}

struct Writer<W, D> {
    sink: W,
    /// Whether the last write may have left part of a line.
    torn: bool,
    reported: u64,
    shared: Arc<Shared>,
    dropped: D,
    /// Lines that are written at once, and where each of them ends.
    gathered: Vec<u8>,
    ends: Vec<usize>,
}

impl<W: Write, D: Fn(u64) -> String> Writer<W, D> {
    fn run(mut self, items: &Receiver<Item>) {
        while let Ok(first) = items.recv() {
            if let Item::Line(_) = first {
                std::thread::sleep(GATHER);
            }
            let mut next = Some(first);
            while let Some(item) = next {
                match item {
                    Item::Line(line) => self.gather(&line),
                    Item::Flush(done) => {
                        self.write_gathered();
                        self.report();
                        let _ = self.sink.flush();
                        let _ = done.try_send(());
                    }
                }
                if self.ends.len() >= MOST_AT_ONCE || self.gathered.len() >= ENOUGH_AT_ONCE {
                    self.write_gathered();
                }
                next = items.try_recv().ok();
            }
            self.write_gathered();
        }
    }

    fn gather(&mut self, line: &str) {
        self.shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
        self.gathered.extend_from_slice(line.as_bytes());
        self.ends.push(self.gathered.len());
    }

    /// Lines that do not reach the place whole are lost.
    fn write_gathered(&mut self) {
        if self.ends.is_empty() {
            return;
        }
        self.report();
        let mut gathered = std::mem::take(&mut self.gathered);
        let written = self.write(&gathered);
        let lost = self.ends.iter().filter(|end| **end > written).count();
        self.shared.lost.fetch_add(lost as u64, Ordering::Relaxed);
        self.ends.clear();
        gathered.clear();
        gathered.shrink_to(ENOUGH_AT_ONCE);
        self.gathered = gathered;
    }

    /// Says once how many lines are missing, as soon as something can be said again.
    fn report(&mut self) {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > self.reported {
            let line = (self.dropped)(lost - self.reported);
            if self.write(line.as_bytes()) == line.len() {
                self.reported = lost;
            }
        }
    }

    /// How many bytes of whole lines could be written.
    fn write(&mut self, lines: &[u8]) -> usize {
        if self.torn {
            if self.sink.write_all(b"\n").is_err() {
                return 0;
            }
            self.torn = false;
        }
        let mut written = 0;
        while written < lines.len() {
            match self.sink.write(&lines[written..]) {
                Ok(0) => break,
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.torn = written > 0 && lines[written - 1] != b'\n';
        written
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::Sender;

    use super::*;

    fn dropped(lines: u64) -> String {
        format!("dropped {lines}\n")
    }

    /// Takes nothing until it is let, then everything.
    struct Gate {
        open: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
        is_open: bool,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.is_open {
                let _ = self.open.recv();
                self.is_open = true;
            }
            self.written.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Queue, Sender<()>, Arc<Mutex<Vec<u8>>>) {
        let (let_through, open) = std::sync::mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let gate = Gate { open, written: written.clone(), is_open: false };
        (Queue::start("test", gate, dropped).unwrap(), let_through, written)
    }

    #[test]
    fn rel76_a_reader_that_stops_reading_costs_lines_and_not_time() {
        let (queue, let_through, written) = gated();
        let put = MOST_LINES + MOST_AT_ONCE + 1000;
        for number in 0..put {
            queue.put(format!("{number}\n").into());
        }
        // Some lines may already be with the writer.
        assert!(queue.lost() >= 1000, "{}", queue.lost());
        queue.flush(Duration::ZERO);
        let_through.send(()).unwrap();
        // The queue is full, and what is in it comes out before this ends.
        queue.flush(Duration::from_secs(30));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let told = |line: &str| line.strip_prefix("dropped ").map(|n| n.parse::<usize>().unwrap());
        let dropped: usize = text.lines().filter_map(told).sum();
        let numbers: Vec<usize> =
            text.lines().filter(|line| told(line).is_none()).map(|n| n.parse().unwrap()).collect();
        assert_eq!(numbers.len() + dropped, put, "lines are missing and nobody told");
        assert!(numbers.is_sorted() && numbers.contains(&(MOST_LINES / 2)), "{text:.40}");
    }

    /// Remembers how often it was written to.
    struct Calls(Arc<AtomicU64>);

    impl Write for Calls {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_come_together_are_written_together() {
        let calls = Arc::new(AtomicU64::new(0));
        let queue = Queue::start("test", Calls(calls.clone()), dropped).unwrap();
        for number in 0..MOST_AT_ONCE {
            queue.put(format!("{number}\n").into());
        }
        queue.flush(Duration::from_secs(30));
        // All of them, but for a pause of this thread in the middle.
        let calls = calls.load(Ordering::Relaxed);
        assert!((1..MOST_AT_ONCE as u64 / 4).contains(&calls), "{calls}");
    }

    #[test]
    fn rel76_heavy_lines_are_bounded_by_their_weight() {
        let (queue, _let_through, _written) = gated();
        let heavy: Arc<str> = "x".repeat(MOST_BYTES / 4).into();
        for _ in 0..40 {
            queue.put(heavy.clone());
        }
        assert!(queue.lost() >= 30, "{}", queue.lost());
    }

    /// A disk that is full in the middle of the second line, and has room again later.
    struct Disk {
        room: usize,
        freed_after: usize,
        attempts: usize,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.attempts += 1;
            if self.attempts > self.freed_after {
                self.room = usize::MAX;
            }
            let fits = bytes.len().min(self.room);
            if fits == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= fits;
            self.written.lock().unwrap().write(&bytes[..fits])
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn rel76_after_a_full_disk_lines_are_whole_again_and_the_loss_is_told() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let disk = Disk { room: 10, freed_after: 4, attempts: 0, written: written.clone() };
        let queue = Queue::start("test", disk, dropped).unwrap();
        for line in ["first\n", "second\n", "third\n", "fourth\n"] {
            queue.put(line.into());
            queue.flush(Duration::from_secs(30));
        }
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("first\nseco\ndropped "), "{text}");
        assert!(text.ends_with("fourth\n"), "{text}");
    }
}
