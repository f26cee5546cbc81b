//! A document of a provider, remembered.
//!
//! It is asked for by one caller at a time, at most once per pause, and is used for a while even when
//! the provider does not answer. Callers that the remembered document serves never wait.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedMutexGuard};
use underpin_base::{Clock, Timestamp};

use crate::error::DocumentError;

const SECOND: i64 = 1_000_000;

/// How long a document is taken for current.
const FRESH_MICROS: i64 = 3_600 * SECOND;

/// How long a document is used when no newer one can be had.
const STALE_MICROS_MAX: i64 = 24 * 3_600 * SECOND;

/// Seconds between two requests for one document.
const PAUSE_SECONDS: i64 = 30;

/// The document, and when it was asked for.
#[derive(Debug)]
pub(crate) struct Remembered<T> {
    clock: Clock,
    held: RwLock<Option<Held<T>>>,
    /// When it was asked for last, whatever came of it. Held while asking.
    asked: Arc<Mutex<Option<Timestamp>>>,
}

#[derive(Debug)]
struct Held<T> {
    document: Arc<T>,
    since: Timestamp,
}

impl<T: Send + Sync + 'static> Remembered<T> {
    pub(crate) fn new(clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock, held: RwLock::new(None), asked: Arc::default() })
    }

    /// The document, asked for by `ask` where there is none, an old one, or one that `serves` not.
    ///
    /// A document that came but does not serve is returned too; the caller sees what it lacks.
    pub(crate) async fn get(
        self: &Arc<Self>,
        serves: impl Fn(&T) -> bool,
        ask: impl Future<Output = Result<T, DocumentError>> + Send + 'static,
    ) -> Result<Arc<T>, DocumentError> {
        let fresh = || self.held(FRESH_MICROS).filter(|document| serves(document));
        if let Some(document) = fresh() {
            return Ok(document);
        }
        let asked = Arc::clone(&self.asked).lock_owned().await;
        // Whoever asked in the meantime may have brought it.
        if let Some(document) = fresh() {
            return Ok(document);
        }
        // A task of its own, since it is asked on behalf of all: a caller who hangs up in the middle
        // must not leave the others with a pause and nothing to show for it.
        let renewing = Arc::clone(self).renew(asked, ask);
        tokio::spawn(renewing).await.map_err(|_| DocumentError::Interrupted)?
    }

    async fn renew(
        self: Arc<Self>,
        mut asked: OwnedMutexGuard<Option<Timestamp>>,
        ask: impl Future<Output = Result<T, DocumentError>> + Send + 'static,
    ) -> Result<Arc<T>, DocumentError> {
        let now = self.clock.now();
        // A clock that was set back makes no pause longer.
        let pause = 0..PAUSE_SECONDS * SECOND;
        if asked.is_some_and(|asked| pause.contains(&(now.0 - asked.0))) {
            let pause = DocumentError::Paused { seconds: PAUSE_SECONDS };
            return self.held(STALE_MICROS_MAX).ok_or(pause);
        }
        *asked = Some(now);
        match ask.await {
            Ok(document) => Ok(self.hold(document, now)),
            Err(error) => match self.held(STALE_MICROS_MAX) {
                Some(document) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a provider's document could not be renewed; the old one is used"
                    );
                    Ok(document)
                }
                None => Err(error),
            },
        }
    }

    fn held(&self, age_micros_max: i64) -> Option<Arc<T>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref()?;
        let is_usable = self.clock.now().0 - held.since.0 < age_micros_max;
        is_usable.then(|| Arc::clone(&held.document))
    }

    fn hold(&self, document: T, since: Timestamp) -> Arc<T> {
        let document = Arc::new(document);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        *held = Some(Held { document: Arc::clone(&document), since });
        document
    }
}
