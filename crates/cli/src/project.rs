//! A user's project: a folder with a schema, and what else stands in it.

use std::path::{Path, PathBuf};

use crate::args::ProjectArgs;
use crate::config::{self, Config, Override};
use crate::exit::Failure;
use crate::output::Output;

/// The schema, without which a folder is no project.
pub(crate) const SCHEMA_FILE: &str = "schema.graphql";

/// The definitions of the directives, for editors.
pub(crate) const DIRECTIVES_FILE: &str = ".underpin/directives.graphql";

/// The folder of the rows a new development database starts with.
pub(crate) const SEED_DIR: &str = "seed";

/// A project and how it runs.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    dir: PathBuf,
    /// The configuration.
    pub(crate) config: Config,
}

impl Project {
    /// The project in the folder of `args`, with `flags` over its configuration.
    pub(crate) fn open(
        args: &ProjectArgs,
        flags: &[Override],
        output: Output,
    ) -> Result<Self, Failure> {
        let dir = Self::find(&args.dir)?;
        let flags: Vec<Override> =
            args.database.overrides().into_iter().chain(flags.iter().cloned()).collect();
        let path = shown(&dir, config::FILE_NAME);
        let text = read_if_there(&dir.join(config::FILE_NAME), &path)?;
        let config = Config::read(&path, &text, &config::environment(), &flags)
            .map_err(|error| Failure::config(&error, output))?;
        Ok(Self { dir, config })
    }

    /// The folder, provided it is a project.
    pub(crate) fn find(dir: &Path) -> Result<PathBuf, Failure> {
        if !dir.is_dir() {
            return Err(Failure::usage(format!("there is no folder {}", dir.display()))
                .with_help("`underpin new NAME` makes a project"));
        }
        if !dir.join(SCHEMA_FILE).is_file() {
            return Err(Failure::usage(format!("{} has no {SCHEMA_FILE}", dir.display()))
                .with_help("name the project's folder, or make one with `underpin new NAME`"));
        }
        Ok(dir.to_owned())
    }

    /// The project's folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// The path of a file of the project.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// A file of the project as messages name it: without a leading `./`.
    pub(crate) fn shown(&self, name: &str) -> String {
        shown(&self.dir, name)
    }

    /// The text of the schema.
    pub(crate) fn schema_text(&self) -> Result<String, Failure> {
        let path = self.path(SCHEMA_FILE);
        std::fs::read_to_string(&path).map_err(|error| {
            Failure::usage(format!("cannot read {}: {error}", self.shown(SCHEMA_FILE)))
        })
    }
}

/// A path as messages name it.
pub(crate) fn shown(dir: &Path, name: &str) -> String {
    let path = if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    path.display().to_string()
}

/// The text of a file that need not be there.
fn read_if_there(path: &Path, shown: &str) -> Result<String, Failure> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::usage(format!("cannot read {shown}: {error}"))),
    }
}
