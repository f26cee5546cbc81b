//! `[log]`

use super::section::section;
use super::value::{LogFormat, LogLevel};

section! {
    /// What is logged, to the standard error stream. Tokens, bodies and values of fields never are.
    "log" => Log {
        /// `text` for people, `json` for machines: one object a line. `auto` is `text` on a
        /// terminal and `json` anywhere else.
        format: LogFormat = "auto";
        /// The least severe lines that are logged. `info` has one line for each request.
        level: LogLevel = "info";
    }
}
