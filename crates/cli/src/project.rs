//! A user's project: a folder with a schema, and what else stands in it.

use std::path::{Path, PathBuf};

use underpin_schema::Schema;

use crate::args::ProjectArgs;
use crate::config::{self, Config, Override};
use crate::diagnosis::Diagnosis;
use crate::exit::Failure;
use crate::invocation;
use crate::output::Output;
use crate::seed::file;

/// The schema, without which a folder is no project.
pub(crate) const SCHEMA_FILE: &str = "schema.graphql";

/// The definitions of the directives, for editors.
pub(crate) const DIRECTIVES_FILE: &str = ".underpin/directives.graphql";

/// The folder of the rows a new development database starts with.
pub(crate) const SEED_DIR: &str = "seed";

/// The folder of the access tests.
pub(crate) const TESTS_DIR: &str = "tests";

/// A project and how it runs.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    dir: PathBuf,
    /// The configuration.
    pub(crate) config: Config,
    /// The configuration file as messages name it, and its text.
    config_file: (String, String),
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
        let (path, text) = Self::read_config(&dir)?;
        let config = Config::read(&path, &text, &config::environment(), &flags)
            .map_err(|error| Failure::config(&error, output))?;
        Ok(Self { dir, config, config_file: (path, text) })
    }

    /// The project in `dir`, with a configuration that was read elsewhere.
    pub(crate) fn with_config(dir: &Path, config: Config) -> Result<Self, Failure> {
        Ok(Self { dir: Self::find(dir)?, config, config_file: Self::read_config(dir)? })
    }

    /// The folder, provided it is a project.
    pub(crate) fn find(dir: &Path) -> Result<PathBuf, Failure> {
        if !dir.is_dir() {
            return Err(Failure::usage(format!("there is no folder {}", dir.display()))
                .with_help("`underpin new NAME` makes a project"));
        }
        if !dir.join(SCHEMA_FILE).is_file() {
            let place = match dir.to_str() {
                Some(".") => "this folder".to_owned(),
                _ => dir.display().to_string(),
            };
            return Err(Failure::usage(format!("{place} has no {SCHEMA_FILE}"))
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

    /// The project's folder as an argument of a command that a user may copy, with a space before
    /// it; empty for the folder the user is in.
    pub(crate) fn dir_argument(&self) -> String {
        if self.dir == Path::new(".") {
            return String::new();
        }
        format!(" {}", invocation::quoted(self.dir.as_os_str()))
    }

    /// What an engine for this project runs with.
    pub(crate) fn engine_options(&self) -> underpin_engine::Options {
        underpin_engine::Options {
            limits: self.config.limits.clone(),
            ..underpin_engine::Options::default()
        }
    }

    /// The files in `seed/` that hold rows, by name.
    pub(crate) fn seed_files(&self) -> Result<Vec<PathBuf>, Failure> {
        file::files_in(&self.path(SEED_DIR)).map_err(|error| {
            Failure::failed(format!("cannot read {}: {error}", self.shown(SEED_DIR)))
        })
    }

    /// Brings the directives for editors up to date, where the project has them at all. That it
    /// fails in a folder that cannot be written is nothing to stop for.
    pub(crate) fn refresh_directives(&self) {
        let path = self.path(DIRECTIVES_FILE);
        let is_stale =
            std::fs::read_to_string(&path).is_ok_and(|text| text != underpin_schema::directives());
        if is_stale {
            let _ = std::fs::write(&path, underpin_schema::directives());
        }
    }

    /// A file of the project as messages name it: without a leading `./`.
    pub(crate) fn shown(&self, name: &str) -> String {
        shown(&self.dir, name)
    }

    /// What the schema says, or what is wrong with it.
    pub(crate) fn diagnose(&self) -> Result<Diagnosis, Failure> {
        Ok(Diagnosis::of(self.shown(SCHEMA_FILE), &Self::read_schema(&self.dir)?))
    }

    /// Holds what the configuration says of roles against the schema's.
    pub(crate) fn check_roles(&self, schema: &Schema, output: Output) -> Result<(), Failure> {
        let (path, text) = &self.config_file;
        let checked = self.config.check_roles(path, text, schema);
        checked.map_err(|error| Failure::config(&error, output))
    }

    /// The text of the schema in `dir`.
    pub(crate) fn read_schema(dir: &Path) -> Result<String, Failure> {
        std::fs::read_to_string(dir.join(SCHEMA_FILE)).map_err(|error| {
            Failure::usage(format!("cannot read {}: {error}", shown(dir, SCHEMA_FILE)))
        })
    }

    /// The configuration file in `dir` as messages name it, and its text.
    pub(crate) fn read_config(dir: &Path) -> Result<(String, String), Failure> {
        let path = shown(dir, config::FILE_NAME);
        let text = read_if_there(&dir.join(config::FILE_NAME), &path)?;
        Ok((path, text))
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
