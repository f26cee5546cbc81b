//! The commands, one file each: its arguments and its `run`.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod db;
pub(crate) mod dev;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod key;
pub(crate) mod migrate;
pub(crate) mod new;
pub(crate) mod openapi;
pub(crate) mod reference;
pub(crate) mod role;
pub(crate) mod seed;
pub(crate) mod serve;
pub(crate) mod test;
pub(crate) mod user;
