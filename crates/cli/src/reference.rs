//! The pages of `docs/` that are made from the code, so that they cannot say anything else.

mod errors;

use std::fmt::Write;

use clap::CommandFactory;

use crate::args::Cli;
use crate::config;
use crate::exit::EXIT_CODES;

const COMMANDS_INTRODUCTION: &str = "\
# Commands

Every command takes `--json` for one JSON document on standard output, and `--quiet` to hear of
errors alone. Results go to standard output, remarks and errors to standard error. Colour shows on
a terminal only, and never when `NO_COLOR` is set. Settings that have no flag come from
[underpin.toml and the environment](configuration.md).
";

/// Every generated page: its path in the repository, and its text.
#[must_use]
pub fn pages() -> Vec<(&'static str, String)> {
    vec![
        ("docs/configuration.md", config::reference::page()),
        ("docs/configuration.schema.json", config::reference::json_schema()),
        ("docs/.env.example", config::reference::env_example()),
        ("docs/commands.md", commands()),
        ("docs/errors.md", errors::errors()),
        ("docs/diagnostics.md", errors::diagnostics()),
    ]
}

/// The help of every command, in Markdown.
fn commands() -> String {
    let mut page = format!("{COMMANDS_INTRODUCTION}\n```text\n{EXIT_CODES}\n```\n");
    let mut cli = Cli::command();
    cli.build();
    for command in cli.get_subcommands_mut() {
        write_command(&mut page, command);
    }
    page
}

fn write_command(page: &mut String, command: &mut clap::Command) {
    if command.is_hide_set() {
        return;
    }
    let name = command.get_bin_name().unwrap_or_default().to_owned();
    if command.has_subcommands() {
        command.get_subcommands_mut().for_each(|command| write_command(page, command));
        return;
    }
    // Every command has the flags of the introduction; repeating them would bury its own.
    let mut command = ["json", "quiet", "help"]
        .into_iter()
        .fold(command.clone(), |command, flag| command.mut_arg(flag, |arg| arg.hide(true)));
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", help.join("\n").trim());
}
