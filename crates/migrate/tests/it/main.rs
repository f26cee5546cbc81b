//! Plans and pulled schemas against real SQLite databases.

mod database;
mod introspection;
mod property;
mod pull;
mod shapes;
