//! The engine on a real store.

mod keys;
mod replace;
mod rows;
mod world;
