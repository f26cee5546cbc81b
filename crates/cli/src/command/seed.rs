//! `underpin seed`: writes rows from files into the database.

use std::path::PathBuf;

use clap::Args;

use crate::args::ProjectArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::project::{Project, SEED_DIR};
use crate::wiring::{self, Need};
use crate::{runtime, seed};

/// Add rows from JSON and CSV files to the database
///
/// A file is named after a model: `products.json` holds a list of objects, `products.csv` a line of
/// field names and a line for each row. Relations are written as keys. Rows whose key is in the
/// database are passed over, so seeding again does no harm.
#[derive(Debug, Args)]
pub(crate) struct SeedArgs {
    #[command(flatten)]
    project: ProjectArgs,
    /// The files; without any, those in `seed/`
    #[arg(value_name = "FILES")]
    files: Vec<PathBuf>,
}

pub(crate) fn run(args: &SeedArgs, output: Output) -> Outcome {
    let project = Project::open(&args.project, &[], output)?;
    let paths = if args.files.is_empty() { project.seed_files()? } else { args.files.clone() };
    if paths.is_empty() {
        return Err(Failure::usage(format!("there are no files in {}", project.shown(SEED_DIR)))
            .with_help("name files, or put some there: `products.json`, `products.csv`"));
    }
    let runtime = runtime()?;
    runtime.block_on(async {
        let opened = wiring::open(&project, Need::Rows, output).await?;
        let progress = output.progress(0, "seeding");
        let seeded = seed::seed(&opened.engine, &paths, &progress).await;
        opened.engine.close();
        seeded.report(output);
        output.json(&seeded.object());
        output.line(format_args!("{}: {}", opened.database.shown(), seeded.summary()));
        Ok(if seeded.is_complete() { Exit::Done } else { Exit::Failed })
    })
}
