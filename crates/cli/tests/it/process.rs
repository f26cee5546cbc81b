//! Servers that run for a while: start, reload, stop.

mod client;
mod dev;
mod serve;
mod server;
