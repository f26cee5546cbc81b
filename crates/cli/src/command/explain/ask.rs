//! Puts a question to the worlds of the tests, or to a database.

use std::path::PathBuf;

use underpin_access::{AskError, Live, Question, Story};

use super::{ExplainArgs, story};
use crate::args::{DatabaseArgs, ProjectArgs};
use crate::database::{Database, Purpose};
use crate::exit::{Exit, Failure, Outcome};
use crate::output::Output;
use crate::project::Project;
use crate::{runtime, suite, wiring};

pub(super) fn run(args: &ExplainArgs, who: &str, dir: PathBuf, output: Output) -> Outcome {
    let question = question(args)?;
    let story = match &args.database {
        None => {
            let suite = suite::open(&Project::find(&dir)?, output)?;
            suite.explain(who, &question).map_err(failure)?
        }
        Some(url) => {
            let database = DatabaseArgs { database: url.clone() };
            ask_database(&ProjectArgs { dir, database }, (who, &question), output)?
        }
    };
    output.json(&story);
    story::print(&story, output);
    Ok(Exit::Done)
}

fn ask_database(
    args: &ProjectArgs,
    (who, question): (&str, &Question),
    output: Output,
) -> Result<Story, Failure> {
    let project = Project::open(args, &[], output)?;
    let suite = suite::open(project.dir(), output)?;
    let database = Database::of(&project, Purpose::Command);
    wiring::refuse_without_database(&project, &database)?;
    let store = database.open(&project.config)?;
    let runtime = runtime()?;
    let schema = project.diagnose()?.into_schema(output)?;
    runtime.block_on(wiring::refuse_behind(&project, &store, &schema))?;
    output.note(format_args!("asking {}", database.shown()));
    let story = suite.explain_live(Live { store: &store, runtime: &runtime }, who, question);
    store.close();
    story.map_err(failure)
}

fn question(args: &ExplainArgs) -> Result<Question, Failure> {
    let actions = [
        ("read", &args.read),
        ("create", &args.create),
        ("update", &args.update),
        ("delete", &args.delete),
    ];
    let asked = actions.into_iter().find_map(|(name, target)| Some((name, target.as_ref()?)));
    let (operation, target) = asked.expect("invariant: clap wants one of them beside `--as`");
    let mut set = Vec::new();
    for one in &args.set {
        let Some((name, value)) = one.split_once('=') else {
            return Err(Failure::usage(format!("`{one}` sets nothing"))
                .with_help("write `--set FIELD=VALUE`, for example `--set status=PAID`"));
        };
        set.push((name.trim().to_owned(), value.to_owned()));
    }
    Ok(Question { operation, target: target.clone(), fields: args.fields.clone(), set })
}

fn failure(error: AskError) -> Failure {
    match error {
        AskError::Failed(error) => error.into(),
        AskError::Question { message, help } => {
            let failure = Failure::usage(message);
            match help {
                Some(help) => failure.with_help(help),
                None => failure,
            }
        }
    }
}
