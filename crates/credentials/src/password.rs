//! Passwords: which may be chosen, and hashing that cannot starve the rest of the server.
//!
//! Hashes are Argon2id (RFC 9106) with 19 MiB, two passes and one lane, in PHC strings. The work runs
//! on threads of its own that give way to requests, as many at once as there are permits, so that
//! neither requests nor memory suffer however many logins arrive; who waits too long is told to come
//! again.
//! Hashes of bcrypt are verified, so that accounts can be brought along, and replaced at the next
//! login.
//!
//! A password is compared in Unicode's normal form C and in its whole length.

mod frequent;
mod rules;
mod stored;
mod threads;

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use underpin_base::{Code, Error, Result, Secret};
use unicode_normalization::UnicodeNormalization as _;

use stored::Stored;
use threads::Threads;

pub use rules::{BYTES_MAX, CHARACTERS_MIN, Refused, Rules};

/// How long a request waits for its turn.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// Requests that wait for each permit; more could not have their turn in time.
const WAITING_MAX: usize = 64;

/// The hash that stands for accounts that do not exist. Its output is the SHA-256 of its salt, so
/// nobody knows a password for it.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$dW5kZXJwaW46IG5vYm9keQ$tHC9JHebg163rkKBO0NfQWgUeQKtttW/D82lRhVzX/4";

/// Hashes and verifies passwords, a bounded number at once.
#[derive(Debug)]
pub struct Hasher {
    permits: Arc<Semaphore>,
    n_permits: u32,
    waiting: AtomicUsize,
    threads: Threads,
}

/// What verifying a password found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is the password.
    pub matches: bool,
    /// Whether the stored hash is weaker than those made now: when the password matches, hash it
    /// again and store that.
    pub needs_upgrade: bool,
}

impl Hasher {
    /// A hasher that does at most `permits` passwords at once, and no more than the machine has
    /// cores. Each takes 19 MiB while it runs.
    #[must_use]
    pub fn new(permits: usize) -> Self {
        let n_cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        let n_permits = permits.clamp(1, n_cores);
        let permits = Arc::new(Semaphore::new(n_permits));
        let n_permits = u32::try_from(n_permits).unwrap_or(u32::MAX);
        let (waiting, threads) = (AtomicUsize::new(0), Threads::new(n_permits));
        Self { permits, n_permits, waiting, threads }
    }

    /// The hash of a new password, to be stored. Ask [`Rules`] first whether it may be chosen.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` when it is too long or holds U+0000; `OVERLOADED` when its turn did not
    /// come within a second.
    pub async fn hash(&self, password: &str) -> Result<String> {
        rules::check_form(password)
            .map_err(|refused| Error::validation(vec![refused.field_error("password")]))?;
        let password = Secret::new(normal_form(password));
        self.run(1, move || stored::hash(password.expose())).await?.map_err(Error::internal)
    }

    /// Whether `password` is the one that `stored` was made of: an Argon2 hash in a PHC string, or a
    /// hash of bcrypt (`$2a$`, `$2b$`, `$2y$`).
    ///
    /// A hash that is malformed or asks for too much work matches nothing, and takes as long as one
    /// of ours; [`is_supported`] finds those at import.
    ///
    /// # Errors
    /// `OVERLOADED` when its turn did not come within a second.
    pub async fn verify(&self, password: &str, stored: &str) -> Result<Verdict> {
        let Some(stored) = Stored::parse(stored) else {
            self.verify_nobody(password).await?;
            return Ok(Verdict { matches: false, needs_upgrade: false });
        };
        let needs_upgrade = stored.needs_upgrade();
        if rules::check_form(password).is_err() {
            return Ok(Verdict { matches: false, needs_upgrade });
        }
        let normal = normal_form(password);
        // Other systems hashed what was typed. Ours comes first, and is nearly always the same.
        let typed = (normal != password).then(|| password.to_owned());
        let candidates = Secret::new((normal, typed));
        let weight = stored.weight().min(self.n_permits);
        let work = move || {
            let (normal, typed) = candidates.expose();
            stored.matches(normal) || typed.as_ref().is_some_and(|typed| stored.matches(typed))
        };
        Ok(Verdict { matches: self.run(weight, work).await?, needs_upgrade })
    }

    /// Does the work of [`Hasher::verify`] for an account that does not exist, so that the time tells
    /// no difference.
    ///
    /// # Errors
    /// `OVERLOADED` as in [`Hasher::verify`].
    pub async fn verify_nobody(&self, password: &str) -> Result<()> {
        Box::pin(self.verify(password, NOBODY)).await.map(drop)
    }

    /// Runs `work` on a thread for hashing when `weight` permits are free. The permits are
    /// the work's: a request that goes away meanwhile does not let another one in early.
    async fn run<T: Send + 'static>(
        &self,
        weight: u32,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let permit = self.permit(weight).await?;
        let work = self.threads.run(move || {
            let result = work();
            drop(permit);
            result
        });
        work.await.ok_or_else(|| Error::internal("a password could not be checked"))
    }

    async fn permit(&self, weight: u32) -> Result<OwnedSemaphorePermit> {
        let n_waiting_max = WAITING_MAX * self.n_permits as usize;
        let waiting = Waiting::enter(&self.waiting, n_waiting_max).ok_or_else(overloaded)?;
        let turn = Arc::clone(&self.permits).acquire_many_owned(weight);
        let turn = tokio::time::timeout(WAIT_MAX, turn).await;
        drop(waiting);
        turn.map_err(|_elapsed| overloaded())?.map_err(Error::internal)
    }
}

/// Whether a hash that was made elsewhere can be verified here, within the bounds on its work.
#[must_use]
pub fn is_supported(stored: &str) -> bool {
    Stored::parse(stored).is_some()
}

/// Normal form C, as the OpaqueString profile of RFC 8265 has it: however a keyboard composes a
/// letter, it is the same password.
fn normal_form(password: &str) -> String {
    password.nfc().collect()
}

fn overloaded() -> Error {
    Error::new(Code::Overloaded, "too many passwords are being checked at present")
        .with_hint("try again in a few seconds")
}

/// A place in the queue, given back when it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(n_waiting: &'a AtomicUsize, n_max: usize) -> Option<Self> {
        let place = Self(n_waiting);
        (n_waiting.fetch_add(1, Ordering::Relaxed) < n_max).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
