//! The pages of `docs/` that are made from the code, so that they cannot say anything else.

mod errors;

use std::fmt::Write;

use clap::{Arg, Command, CommandFactory};

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

/// Flags that every command has.
const SHARED: [&str; 3] = ["json", "quiet", "help"];

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

fn write_command(page: &mut String, command: &mut Command) {
    if command.is_hide_set() {
        return;
    }
    if command.has_subcommands() {
        command.get_subcommands_mut().for_each(|command| write_command(page, command));
        return;
    }
    let name = command.get_bin_name().unwrap_or_default().to_owned();
    let usage = command.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let about = command.get_long_about().or_else(|| command.get_about());
    let about = about.map(ToString::to_string).unwrap_or_default();
    let _ = write!(page, "\n## `{name}`\n\n{about}\n\n```text\n{usage}\n```\n");
    // Every command has the flags of the introduction; repeating them would bury its own.
    let own: Vec<&Arg> =
        command.get_arguments().filter(|arg| !SHARED.contains(&arg.get_id().as_str())).collect();
    if !own.is_empty() {
        let _ = write!(page, "\n| argument | meaning |\n|---|---|\n");
    }
    for arg in own {
        let _ = writeln!(page, "| `{}` | {} |", spelled(arg), meaning(arg));
    }
}

/// The argument as it is typed: `DIR`, `--address IP:PORT`, `-o, --output FILE`.
fn spelled(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let flags: Vec<String> = short.into_iter().chain(long).collect();
    let takes_value = arg.get_action().takes_values();
    let value = arg.get_value_names().filter(|_| takes_value);
    let value = value.map(|names| names.join(" ")).unwrap_or_default();
    format!("{} {value}", flags.join(", ")).trim().to_owned()
}

fn meaning(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let mut meaning = help.map(ToString::to_string).unwrap_or_default().replace('\n', " ");
    let words: Vec<String> =
        arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    if !words.is_empty() && arg.get_action().takes_values() {
        meaning = format!("{meaning}: {}", words.join(", "));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.display().to_string()).collect();
    if !defaults.is_empty() && arg.get_action().takes_values() {
        meaning = format!("{meaning}; `{}` unless said", defaults.join(" "));
    }
    meaning
}
