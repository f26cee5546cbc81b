//! Watches the files of a project and tells when somebody saved one.
//!
//! Editors save in many ways: in place, by renaming a new file over the old one, in several writes.
//! So the folder is watched instead of the file, and a change counts once nothing has happened for
//! a moment. What changed is kept as flags, so nothing piles up while a reload is at work.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::config;
use crate::project::{SCHEMA_FILE, SEED_DIR};

/// How long nothing may happen before what did happen counts as one save.
const QUIET: Duration = Duration::from_millis(30);

/// A watch, until it is dropped.
pub(crate) struct Watch {
    _watcher: RecommendedWatcher,
    seen: Arc<Seen>,
}

/// What was saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saved {
    /// `schema.graphql`.
    pub(crate) schema: bool,
    /// `underpin.toml`.
    pub(crate) config: bool,
    /// A file in `seed/`.
    pub(crate) seed: bool,
}

#[derive(Default)]
struct Seen {
    schema: AtomicBool,
    config: AtomicBool,
    seed: AtomicBool,
    any: Notify,
}

impl Watch {
    /// Watches the project in `dir`.
    ///
    /// # Errors
    /// When the system has no watches left to give.
    pub(crate) fn start(dir: &Path) -> notify::Result<Self> {
        let seen = Arc::new(Seen::default());
        let noted = Arc::clone(&seen);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if let Ok(event) = event
                && !event.kind.is_access()
            {
                noted.note(&event);
            }
        })?;
        // Not recursive: the database below writes all the time.
        watcher.watch(dir, RecursiveMode::NonRecursive)?;
        let seed = dir.join(SEED_DIR);
        if seed.is_dir() {
            watcher.watch(&seed, RecursiveMode::NonRecursive)?;
        }
        Ok(Self { _watcher: watcher, seen })
    }

    /// Ready once something was saved.
    pub(crate) async fn saved(&self) -> Saved {
        self.seen.any.notified().await;
        while tokio::time::timeout(QUIET, self.seen.any.notified()).await.is_ok() {}
        Saved {
            schema: self.seen.schema.swap(false, Ordering::SeqCst),
            config: self.seen.config.swap(false, Ordering::SeqCst),
            seed: self.seen.seed.swap(false, Ordering::SeqCst),
        }
    }
}

impl Seen {
    fn note(&self, event: &Event) {
        for path in &event.paths {
            let flag = match path.file_name().and_then(|name| name.to_str()) {
                Some(SCHEMA_FILE) => &self.schema,
                Some(config::FILE_NAME) => &self.config,
                Some(name) if in_seed(path) && is_rows(name) => &self.seed,
                _ => continue,
            };
            flag.store(true, Ordering::SeqCst);
            self.any.notify_one();
        }
    }
}

fn in_seed(path: &Path) -> bool {
    path.parent().is_some_and(|parent| parent.file_name().is_some_and(|name| name == SEED_DIR))
}

/// Whether a file holds rows, as opposed to what editors leave beside it.
fn is_rows(name: &str) -> bool {
    !name.starts_with('.') && (name.ends_with(".json") || name.ends_with(".csv"))
}
