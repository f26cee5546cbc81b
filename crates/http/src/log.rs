//! One canonical line per request, written without waiting.
//!
//! A worker writes lines into its own buffer and hands full ones, or those that have waited for a
//! moment, to a thread that owns the output. When that thread cannot keep up, lines are dropped,
//! counted and reported: the log never slows a request down, and never takes memory without bound.

mod line;

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

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
        if self.bytes.len() >= BATCH_BYTES {
            self.flush();
        }
    }

    /// Hands over what has gathered.
    pub(crate) fn flush(&mut self) {
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
    for batch in batches {
        let n_lost = n_dropped.swap(0, Ordering::Relaxed);
        let mut written = output.write_all(&batch.bytes);
        if n_lost > 0 && written.is_ok() {
            written = match format {
                LogFormat::Json => writeln!(output, "{{\"event\":\"log\",\"dropped\":{n_lost}}}"),
                LogFormat::Text | LogFormat::Off => writeln!(output, "{n_lost} lines dropped"),
            };
        }
        if written.and_then(|()| output.flush()).is_err() {
            // A full disk or a closed pipe: the next batch may fare better.
            n_dropped.fetch_add(n_lost + batch.n_lines, Ordering::Relaxed);
        }
    }
}
