//! The commands, one file each: its arguments and its `run`.

pub(crate) mod completions;
pub(crate) mod explain;
pub(crate) mod new;
pub(crate) mod reference;
