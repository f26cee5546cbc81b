//! `underpin new`: a project that runs at once.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::{Look, Output};
use crate::project::{DIRECTIVES_FILE, SCHEMA_FILE};
use crate::{config, invocation};

/// Make a project: a schema, a configuration, tests and a few rows to look at
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The folder to make; its last part is the project's name
    name: PathBuf,
}

pub(crate) fn run(args: &NewArgs, output: Output) -> Outcome {
    let dir = &args.name;
    refuse_occupied(dir)?;
    let files = files(&project_name(dir)?);
    for (path, text) in &files {
        write(&dir.join(path), text)?;
    }
    output.json(&json!({
        "project": dir,
        "files": files.iter().map(|(path, _)| path).collect::<Vec<_>>(),
    }));
    output.line(format_args!("made {}\n", output.paint(Look::Bold, dir.display())));
    let cd = format!("cd {}", invocation::quoted(dir.as_os_str()));
    output.line(format_args!("  {}", output.paint(Look::Link, cd)));
    output.line(format_args!("  {}", output.paint(Look::Link, "underpin dev")));
    Ok(Exit::Done)
}

/// A folder may exist, but nothing of anybody's is overwritten.
fn refuse_occupied(dir: &Path) -> Result<(), Failure> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            return Err(Failure::usage(format!("{} is a file", dir.display()))
                .with_help("choose another name"));
        }
        Err(error) => {
            return Err(Failure::failed(format!("cannot read {}: {error}", dir.display())));
        }
    };
    // A fresh clone has `.git` and nothing else.
    let occupant = entries.flatten().map(|entry| entry.file_name()).find(|name| name != ".git");
    match occupant {
        None => Ok(()),
        Some(name) => {
            let (dir, name) = (dir.display(), name.display());
            Err(Failure::usage(format!("{dir} is not empty: it has `{name}`"))
                .with_help("choose another name, or an empty folder"))
        }
    }
}

fn project_name(dir: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(dir)
        .with_context(|| format!("cannot tell where {} is", dir.display()))?;
    let name = absolute.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| {
        Failure::usage(format!("{} has no name a project could have", dir.display()))
    })?;
    Ok(name.to_owned())
}

/// Path and text of every file.
fn files(name: &str) -> Vec<(&'static str, String)> {
    vec![
        (SCHEMA_FILE, include_str!("../template/schema.graphql").to_owned()),
        (config::FILE_NAME, config::reference::starter_file()),
        (DIRECTIVES_FILE, underpin_schema::directives().to_owned()),
        ("seed/lists.json", include_str!("../template/seed/lists.json").to_owned()),
        ("seed/tasks.csv", include_str!("../template/seed/tasks.csv").to_owned()),
        ("tests/access.yaml", include_str!("../template/tests/access.yaml").to_owned()),
        (".gitignore", include_str!("../template/gitignore").to_owned()),
        ("README.md", include_str!("../template/README.md").replace("{{name}}", name)),
    ]
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
