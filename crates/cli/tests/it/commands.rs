//! Commands that end by themselves: exit code, standard output and standard error, whole.

mod completions;
mod explain;
mod new;
