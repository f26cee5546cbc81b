//! Plans and pulled schemas against real SQLite databases.

#![expect(clippy::unwrap_used, reason = "a test says what must hold")]

mod cases;
mod crash;
mod database;
mod introspection;
mod property;
mod pull;
mod record;
mod shapes;
