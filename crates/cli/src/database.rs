//! Which database a command works on, and how it is opened.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use underpin_store::{Options, Store, StoreError};

use crate::config::{Config, DatabaseUrl};
use crate::exit::Failure;
use crate::project::{Project, shown};

/// The database of `underpin dev`, when nobody chose one.
const DEV_DATABASE: &str = "data/dev.db";

/// Locked while `underpin dev` serves a project, so that other commands know which database is
/// meant. The system lets go of it when the process ends, however it ends.
const DEV_LOCK: &str = "data/dev.lock";

/// Who wants a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `underpin dev`.
    Dev,
    /// `underpin serve`.
    Serve,
    /// Any other command, which works on the database that is in use.
    Command,
}

/// A database, not yet opened.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    url: DatabaseUrl,
    path: PathBuf,
    shown: String,
}

impl Database {
    /// The database of the project for this purpose. The configuration decides where it says
    /// anything; otherwise `dev` has one of its own, and a command takes the one of the `dev` that
    /// is running, or else the one that is there.
    pub(crate) fn of(project: &Project, purpose: Purpose) -> Self {
        let config = &project.config;
        let dev = || DatabaseUrl::sqlite(DEV_DATABASE);
        let url = match purpose {
            _ if config.database_chosen => config.database.url.clone(),
            Purpose::Dev => dev(),
            Purpose::Serve => config.database.url.clone(),
            Purpose::Command => {
                let is_there = |url: &DatabaseUrl| project.dir().join(url.path()).is_file();
                let only_dev = is_there(&dev()) && !is_there(&config.database.url);
                if only_dev || DevLock::is_held(project) {
                    dev()
                } else {
                    config.database.url.clone()
                }
            }
        };
        Self::at(project.dir(), &url)
    }

    fn at(dir: &Path, url: &DatabaseUrl) -> Self {
        let shown = match url.path().to_str() {
            Some(relative) if url.path().is_relative() => shown(dir, relative),
            _ => url.path().display().to_string(),
        };
        // An absolute path replaces the folder.
        let path = if dir == Path::new(".") { url.path().into() } else { dir.join(url.path()) };
        Self { path, url: url.clone(), shown }
    }

    /// The database as a setting.
    pub(crate) fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file as messages name it.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether the file is there.
    pub(crate) fn exists(&self) -> bool {
        self.path.is_file()
    }

    /// Opens it, and makes it when it is not there.
    pub(crate) fn open(&self, config: &Config) -> Result<Store, Failure> {
        let mut options = Options::new(&self.path);
        options.cache_mib = config.database.cache_mib;
        options.queued_writes_max = config.limits.queued_writes_max;
        options.answer_bytes_max = config.limits.answer_bytes_max;
        options.statement_ms_max = config.limits.statement_ms_max;
        Store::open(&options).map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &StoreError) -> Failure {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        let failure = Failure::failed(message);
        match error {
            StoreError::Locked { .. } => {
                failure.with_help("end the program that has it open for itself, and try again")
            }
            StoreError::NotDatabase { .. } => {
                failure.with_help("name another file by `[database] url` or `--database`")
            }
            _ => failure.with_help("`underpin doctor` looks at everything the database needs"),
        }
    }
}

/// The lock of a `dev` that is running.
#[derive(Debug)]
pub(crate) struct DevLock {
    _file: File,
}

impl DevLock {
    /// Takes the lock for the life of this value.
    pub(crate) fn take(project: &Project) -> Result<Self, Failure> {
        let path = project.path(DEV_LOCK);
        let failed = |error: std::io::Error| {
            Failure::failed(format!("cannot make {}: {error}", project.shown(DEV_LOCK)))
        };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        let file = File::create(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::failed("another `underpin dev` serves this project already")
                    .with_help("stop it first"))
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    fn is_held(project: &Project) -> bool {
        let file = File::open(project.path(DEV_LOCK));
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}
