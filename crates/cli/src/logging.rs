//! Sets up the log of the process.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

use crate::config::{Log, LogFormat};

/// Sends events to standard error from here on, as `log` says. A log that is already set up stays:
/// a program that embeds the server has its own.
pub(crate) fn start(log: &Log) {
    let level = LevelFilter::from_level(log.level.tracing());
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false);
    // The only error is that there is a log already.
    let _ = if is_json(log.format) {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}

/// Whether lines are JSON objects.
pub(crate) fn is_json(format: LogFormat) -> bool {
    match format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    }
}
