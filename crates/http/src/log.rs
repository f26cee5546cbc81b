//! One canonical line per request, written without waiting.
//!
//! A worker writes lines into its own buffer and hands it to a thread that owns the output: at once
//! when requests are few, a few times a second when they are many. When that thread cannot keep
//! up, lines are dropped, counted and reported: the log never slows a request down, and never takes
//! memory without bound.

mod line;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use line::{Facts, Line, agent};

/// Where lines go and how they look.
pub struct LogOptions {
    /// How they look.
    pub format: LogFormat,
    /// Where they go.
    pub output: Box<dyn Write + Send>,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object, for machines.
    Json,
    /// A short text, for a terminal.
    Text,
    /// No lines at all.
    Off,
}

/// A full buffer, or a part of one.
struct Batch {
    bytes: Vec<u8>,
    n_lines: u64,
}

/// Batches that may wait for the output.
const BATCHES_MAX: usize = 64;

/// A buffer this full is handed over at once.
const BATCH_BYTES: usize = 32 * 1024;

/// A buffer handed over longer ago than this is handed over with the next line.
const PAUSE: Duration = Duration::from_millis(50);

/// The way to the output, shared by all workers.
pub(crate) struct Log {
    format: LogFormat,
    sender: SyncSender<Batch>,
    n_dropped: Arc<AtomicU64>,
}

/// The thread that owns the output.
pub(crate) struct Flusher(JoinHandle<()>);

/// One worker's lines on their way.
pub(crate) struct LogBuffer {
    format: LogFormat,
    sender: SyncSender<Batch>,
    n_dropped: Arc<AtomicU64>,
    bytes: Vec<u8>,
    n_lines: u64,
    flushed: Instant,
}

impl Log {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(crate) fn start(options: LogOptions) -> io::Result<(Self, Flusher)> {
        let LogOptions { format, output } = options;
        let (sender, batches) = sync_channel(BATCHES_MAX);
        let n_dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&n_dropped);
        let thread = std::thread::Builder::new()
            .name("http-log".to_owned())
            .spawn(move || write_all(output, &batches, &counter, format))?;
        Ok((Self { format, sender, n_dropped }, Flusher(thread)))
    }

    /// A buffer for one worker.
    pub(crate) fn buffer(&self) -> LogBuffer {
        LogBuffer {
            format: self.format,
            sender: self.sender.clone(),
            n_dropped: Arc::clone(&self.n_dropped),
            bytes: Vec::new(),
            n_lines: 0,
            flushed: Instant::now(),
        }
    }
}

impl Flusher {
    /// Waits until everything handed over is written. Every [`Log`] and buffer must be gone.
    pub(crate) fn end(self) {
        if self.0.join().is_err() {
            tracing::error!("the log's writer ended by a panic");
        }
    }
}

impl LogBuffer {
    /// Adds a line.
    pub(crate) fn push(&mut self, line: &Line<'_>) {
        match self.format {
            LogFormat::Json => line.push_json(&mut self.bytes),
            LogFormat::Text => line.push_text(&mut self.bytes),
            LogFormat::Off => return,
        }
        self.n_lines += 1;
        if self.bytes.len() >= BATCH_BYTES || line.ended() >= self.flushed + PAUSE {
            self.flush(line.ended());
        }
    }

    /// Hands over what has gathered by `now`.
    pub(crate) fn flush(&mut self, now: Instant) {
        self.flushed = now;
        if self.n_lines == 0 {
            return;
        }
        let capacity = self.bytes.len().next_power_of_two().min(BATCH_BYTES * 2);
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(capacity));
        let n_lines = std::mem::take(&mut self.n_lines);
        if self.sender.try_send(Batch { bytes, n_lines }).is_err() {
            self.n_dropped.fetch_add(n_lines, Ordering::Relaxed);
        }
    }
}

fn write_all(
    mut output: Box<dyn Write + Send>,
    batches: &Receiver<Batch>,
    n_dropped: &AtomicU64,
    format: LogFormat,
) {
    let mut write = |batch: Batch| {
        let n_lost = n_dropped.swap(0, Ordering::Relaxed);
        let written = output
            .write_all(&batch.bytes)
            .and_then(|()| report_lost(&mut *output, n_lost, format))
            .and_then(|()| output.flush());
        if written.is_err() {
            // A full disk or a closed pipe: the next batch may fare better.
            n_dropped.fetch_add(n_lost + batch.n_lines, Ordering::Relaxed);
        }
    };
    for batch in batches {
        write(batch);
    }
    // Lines lost since the last batch.
    write(Batch { bytes: Vec::new(), n_lines: 0 });
}

fn report_lost(output: &mut dyn Write, n_lost: u64, format: LogFormat) -> io::Result<()> {
    match format {
        _ if n_lost == 0 => Ok(()),
        LogFormat::Json => writeln!(output, "{{\"event\":\"log\",\"dropped\":{n_lost}}}"),
        LogFormat::Text | LogFormat::Off => writeln!(output, "{n_lost} lines of the log dropped"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;
    use crate::headers::{Accept, RequestId};

    /// An output that takes nothing until it is opened.
    #[derive(Clone, Default)]
    struct Gate(Arc<Held>);

    #[derive(Default)]
    struct Held {
        /// Whether it is open, and what it took.
        state: Mutex<(bool, Vec<u8>)>,
        opened: Condvar,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let state = self.0.state.lock().unwrap();
            let mut state = self.0.opened.wait_while(state, |(open, _)| !*open).unwrap();
            state.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn push(buffer: &mut LogBuffer, facts: &Facts) {
        let line = Line {
            facts,
            method: "GET",
            path: "/",
            agent: "",
            peer: std::net::SocketAddr::from(([127, 0, 0, 1], 1)),
            status: 200,
            code: None,
            cause: None,
            bytes_out: 0,
            micros: 0,
        };
        buffer.push(&line);
        buffer.flush(Instant::now());
    }

    #[test]
    fn lines_that_the_output_cannot_take_are_dropped_and_counted() {
        let gate = Gate::default();
        let options = LogOptions { format: LogFormat::Json, output: Box::new(gate.clone()) };
        let (log, flusher) = Log::start(options).unwrap();
        let mut buffer = log.buffer();
        let at = underpin_base::Timestamp(0);
        let facts = Facts {
            started: Instant::now(),
            at,
            id: RequestId::new(&underpin_base::Ids::sequence(), at),
            trace: None,
            accept: Accept { json: true, problem: false },
            route: None,
            model: None,
            operation: None,
            actor: underpin_plan::ActorKind::Anonymous,
            n_statements: 0,
            n_rows: 0,
            bytes_in: 0,
            client: std::net::Ipv4Addr::LOCALHOST.into(),
            counted: None,
            caller: None,
            is_audited: false,
            is_secret: false,
            forgets_session: false,
        };
        let n_pushed = BATCHES_MAX as u64 * 3;
        for _ in 0..n_pushed {
            push(&mut buffer, &facts);
        }
        gate.0.state.lock().unwrap().0 = true;
        gate.0.opened.notify_all();
        drop((log, buffer));
        flusher.end();
        let text = String::from_utf8(gate.0.state.lock().unwrap().1.clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        let (dropped, written): (Vec<serde_json::Value>, Vec<_>) =
            lines.partition(|line: &serde_json::Value| line["event"] == "log");
        let n_dropped: u64 = dropped.iter().map(|line| line["dropped"].as_u64().unwrap()).sum();
        assert!(n_dropped > 0);
        assert_eq!(n_dropped + written.len() as u64, n_pushed);
    }
}
