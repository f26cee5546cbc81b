//! `underpin db`: work on databases of other programs.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;
use underpin_migrate::Detail;
use underpin_store::sqlite;

use crate::config::parse_database_url;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;

/// Work on databases of other programs
#[derive(Debug, Args)]
pub(crate) struct DbArgs {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    Pull(PullArgs),
}

/// Write the schema of an existing database, to serve its tables where they lie
///
/// Reads the database and changes nothing. The models get no rules: nobody but an administrator
/// sees a row until you write some. What cannot be served as it is stored is noted.
#[derive(Debug, Args)]
struct PullArgs {
    /// The database: `sqlite:` and a path
    #[arg(value_name = "URL")]
    url: String,
    /// The file to write; without it, the schema goes to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    force: bool,
}

pub(crate) fn run(args: &DbArgs, output: Output) -> Outcome {
    match &args.command {
        DbCommand::Pull(args) => pull(args, output),
    }
}

fn pull(args: &PullArgs, output: Output) -> Outcome {
    let url = parse_database_url(&args.url)
        .map_err(|expected| Failure::usage(format!("`{}` {expected}", args.url)))?;
    if let Some(path) = &args.output
        && path.exists()
        && !args.force
    {
        return Err(Failure::usage(format!("{} is there already", path.display()))
            .with_help("name another file, or write over it with `--force`"));
    }
    let found = sqlite::inspect(url.path(), Detail::Data)
        .map_err(|error| Failure::failed(error.to_string()).with_help("nothing was written"))?;
    let pulled = underpin_migrate::pull(&found);
    output.json(&json!({
        "file": args.output,
        "schema": if args.output.is_none() { Some(&pulled.text) } else { None },
        "notes": pulled.notes,
    }));
    match &args.output {
        None => output.result(pulled.text.trim_end()),
        Some(path) => {
            write(path, &pulled.text).map_err(|error| {
                Failure::failed(format!("cannot write {}: {error}", path.display()))
            })?;
            output.line(format_args!("wrote {}", path.display()));
        }
    }
    for note in &pulled.notes {
        output.note(format_args!("note: {note}"));
    }
    Ok(Exit::Done)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, text)
}
