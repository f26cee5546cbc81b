//! `underpin completions`: the script that completes this command line in a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::exit::{Exit, Outcome};
use crate::output::Output;

/// Print the completion script for a shell
///
/// For bash: `underpin completions bash > ~/.local/share/bash-completion/completions/underpin`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs, output: Output) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "underpin", &mut script);
    output.result(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Done)
}
