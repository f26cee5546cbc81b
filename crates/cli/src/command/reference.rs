//! `underpin reference`: writes the reference pages that are made from the code.
//!
//! Hidden, because it serves the product's own repository: a test holds the committed pages
//! against these, and this command brings them up to date.

use std::path::PathBuf;

use clap::Args;

use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::project::shown;

/// Write the generated reference pages
#[derive(Debug, Args)]
pub(crate) struct ReferenceArgs {
    /// The folder that has `docs/`
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

pub(crate) fn run(args: &ReferenceArgs, output: Output) -> Outcome {
    for (path, text) in crate::reference::pages() {
        let shown = shown(&args.dir, path);
        std::fs::write(args.dir.join(path), text)
            .map_err(|error| Failure::failed(format!("cannot write {shown}: {error}")))?;
        output.line(shown);
    }
    Ok(Exit::Done)
}
