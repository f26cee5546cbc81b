//! Commands that end by themselves: exit code, standard output and standard error, whole.

mod check;
mod completions;
mod db;
mod doctor;
mod explain;
mod key;
mod migrate;
mod new;
mod openapi;
mod seed;
mod test;
mod user;
