//! The way of a line to where it is kept. Whoever logs puts the line into a bounded queue and
//! goes on; one thread for each place writes. A pipe nobody reads or a full disk costs lines,
//! which are counted, and never a request.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

/// Lines that may wait, and what they may weigh together.
const MOST_LINES: usize = 8192;
const MOST_BYTES: usize = 4 * 1024 * 1024;

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
        let writer = Writer { sink, torn: false, reported: 0, shared: shared.clone(), dropped };
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
        let (done, told) = sync_channel(1);
        // With a full queue its lines are on their way, or stuck: neither is worth a wait.
        if self.sender.try_send(Item::Flush(done)).is_ok() {
            let _ = told.recv_timeout(patience);
        }
    }
}

struct Writer<W, D> {
    sink: W,
    /// Whether the last write may have left part of a line.
    torn: bool,
    reported: u64,
    shared: Arc<Shared>,
    dropped: D,
}

impl<W: Write, D: Fn(u64) -> String> Writer<W, D> {
    fn run(mut self, items: &Receiver<Item>) {
        while let Ok(item) = items.recv() {
            match item {
                Item::Line(line) => {
                    self.shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
                    self.line(&line);
                }
                Item::Flush(done) => {
                    self.report();
                    let _ = self.sink.flush();
                    let _ = done.try_send(());
                }
            }
        }
    }

    fn line(&mut self, line: &str) {
        self.report();
        if self.write(line).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Says once how many lines are missing, as soon as something can be said again.
    fn report(&mut self) {
        let lost = self.shared.lost.load(Ordering::Relaxed);
        if lost > self.reported && self.write(&(self.dropped)(lost - self.reported)).is_ok() {
            self.reported = lost;
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        if self.torn {
            self.sink.write_all(b"\n")?;
        }
        // Whatever fails now may have failed in the middle.
        self.torn = true;
        self.sink.write_all(line.as_bytes())?;
        self.torn = false;
        Ok(())
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
        let most = MOST_LINES + 1;
        for number in 0..most + 1000 {
            queue.put(format!("{number}\n").into());
        }
        assert!(queue.lost() >= 999, "{}", queue.lost());
        queue.flush(Duration::ZERO);
        let_through.send(()).unwrap();
        // The queue is full at first, and then there is room for this.
        while written.lock().unwrap().is_empty() {
            std::thread::yield_now();
        }
        let lost = queue.lost();
        queue.put("last\n".into());
        queue.flush(Duration::from_secs(30));
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        // The loss is told before the first line where the thread began late.
        assert!(text.contains("0\n1\n2\n"), "{text:.40}");
        assert!(text.contains("dropped "), "{lost} lost and nobody told");
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
