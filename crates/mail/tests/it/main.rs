//! Mail over real connections, to servers that do what a test says.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod guide;
mod queue;
mod server;
mod smtp;
mod tls;
