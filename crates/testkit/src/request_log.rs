//! The server's log as a test reads it: the line of a request by the request's id.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// Lines are written a moment after the answer; one that takes longer never comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a server under test writes its log.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestLog(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    lines: Mutex<Lines>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Lines {
    /// What has come of a line that is not whole yet.
    partial: Vec<u8>,
    by_request: HashMap<String, Value>,
}

impl RequestLog {
    /// The line of the request, once it is written.
    ///
    /// # Panics
    /// When it does not come.
    #[track_caller]
    pub(crate) fn line(&self, request_id: &str) -> Value {
        let is_missing = |lines: &mut Lines| !lines.by_request.contains_key(request_id);
        let waited = self.0.arrived.wait_timeout_while(self.lines(), PATIENCE, is_missing);
        let (lines, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let line = lines.by_request.get(request_id).cloned();
        line.unwrap_or_else(|| panic!("the log has no line for the request {request_id}"))
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for RequestLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.lines();
        lines.partial.extend_from_slice(bytes);
        while let Some(end) = lines.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = lines.partial.drain(..=end).collect();
            let line: Value = serde_json::from_slice(&line).map_err(io::Error::other)?;
            if let Some(id) = line.get("id").and_then(Value::as_str) {
                lines.by_request.insert(id.to_owned(), line.clone());
            }
        }
        self.0.arrived.notify_all();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_by_their_request_however_they_come() {
        let mut log = RequestLog::default();
        log.write_all(b"{\"id\":\"a\",\"queries\":2}\n{\"id\":").unwrap();
        log.write_all(b"\"b\",\"queries\":3}\n").unwrap();
        assert_eq!(log.line("a")["queries"], 2);
        assert_eq!(log.line("b")["queries"], 3);
    }
}
