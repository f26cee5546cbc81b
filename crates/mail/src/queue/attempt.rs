//! One attempt at one mail: write it, send it, and say what is to become of it.

use std::error::Error as StdError;
use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::row::{CLAIM, Ending, Row, is_lost, later};
use super::{ComposeError, Counts, Job, Queue};
use crate::{Message, SendError, Stamp, cleaning};

/// How long writing a mail may take.
const COMPOSE_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an attempt may take, so that it ends while the row is surely ours.
const ATTEMPT_TIME_MAX: Duration = Duration::from_secs(100);
const _: () = assert!(ATTEMPT_TIME_MAX.as_secs() < CLAIM.as_secs());
/// How long a mail is tried for.
const TRIED_FOR: Duration = Duration::from_hours(24);
/// How often it is tried at most: a mail whose attempts end the process never gets old enough.
const ATTEMPTS_MAX: i64 = 300;
/// The first pause between two attempts; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_secs(30);
/// The longest pause of a mail that its recipient's server does not want at present.
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// The longest pause while our own server is not there: when it is back, people are waiting.
const OUTAGE_PAUSE_MAX: Duration = Duration::from_secs(600);
/// Pauses before what became of a mail is written down once more.
const NOTE_PAUSES: [Duration; 3] =
    [Duration::from_millis(100), Duration::from_secs(1), Duration::from_secs(5)];
/// Characters of an error that are kept.
const ERROR_CHARACTERS_MAX: usize = 900;

/// How an attempt ended.
enum Outcome {
    Sent,
    Dropped,
    Later(Trouble),
    Never(Trouble),
}

/// What stood in the way.
struct Trouble {
    /// For the row; it may name the recipient.
    in_full: String,
    /// For the log; it does not.
    shown: String,
    pause_max: Duration,
}

impl Trouble {
    fn of_sending(error: &SendError) -> Self {
        let pause_max = if error.is_of_server() { OUTAGE_PAUSE_MAX } else { PAUSE_MAX };
        Self { in_full: error.in_full(), shown: error.to_string(), pause_max }
    }

    fn of_writing(error: &dyn StdError) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            // Writing into a string does not fail.
            let _ = write!(text, ": {cause}");
            source = cause.source();
        }
        let text = cleaning::line(&text, ERROR_CHARACTERS_MAX);
        Self { in_full: text.clone(), shown: text, pause_max: PAUSE_MAX }
    }

    fn named(text: &str) -> Self {
        Self { in_full: text.to_owned(), shown: text.to_owned(), pause_max: PAUSE_MAX }
    }
}

impl From<SendError> for Outcome {
    fn from(error: SendError) -> Self {
        let trouble = Trouble::of_sending(&error);
        if error.is_final() { Self::Never(trouble) } else { Self::Later(trouble) }
    }
}

impl Queue {
    /// Works on a claimed row to its end.
    pub(super) async fn work<C, F>(&self, row: Row, compose: &C)
    where
        C: Fn(Job) -> F,
        F: Future<Output = Result<Option<Message>, ComposeError>> + Send + 'static,
    {
        let attempt = timeout(ATTEMPT_TIME_MAX, self.attempt(&row, compose));
        let late = |_| Outcome::Later(Trouble::named("sending the mail took too long"));
        let outcome = attempt.await.unwrap_or_else(late);
        let now = self.engine.now();
        let is_last = row.age(now) >= TRIED_FOR || row.attempts >= ATTEMPTS_MAX;
        let (kind, attempts) = (row.kind.as_str(), row.attempts);
        match outcome {
            Outcome::Sent => {
                self.note(&row, &Ending::Sent).await;
                tracing::debug!(mail = %row.id, kind, attempts, "a mail was sent");
                self.count(|counts: &mut Counts| counts.sent += 1);
            }
            Outcome::Dropped => {
                self.note(&row, &Ending::Dropped).await;
                self.count(|counts| counts.dropped += 1);
            }
            Outcome::Later(trouble) if !is_last => {
                let pause = pause(row.id, attempts, trouble.pause_max);
                let ending = Ending::PutOff { due: later(now, pause), error: &trouble.in_full };
                self.note(&row, &ending).await;
                let (cause, pause_s) = (trouble.shown, pause.as_secs());
                tracing::warn!(mail = %row.id, kind, attempts, pause_s, cause, "a mail was put off");
                self.count(|counts| counts.put_off += 1);
            }
            Outcome::Later(trouble) | Outcome::Never(trouble) => {
                self.note(&row, &Ending::GivenUp { error: &trouble.in_full }).await;
                let cause = trouble.shown;
                tracing::error!(mail = %row.id, kind, attempts, cause, "a mail was given up");
                self.count(|counts| counts.given_up += 1);
            }
        }
    }

    async fn attempt<C, F>(&self, row: &Row, compose: &C) -> Outcome
    where
        C: Fn(Job) -> F,
        F: Future<Output = Result<Option<Message>, ComposeError>> + Send + 'static,
    {
        // A link that nobody can be sent would only be one more to guess.
        if let Err(error) = self.transport.reach().await {
            return error.into();
        }
        // In a task of its own, whose panic is no more than a failure.
        let mut writing = JoinSet::new();
        writing.spawn(compose(row.job()));
        let message = match timeout(COMPOSE_TIME_MAX, writing.join_next()).await {
            Ok(Some(Ok(Ok(Some(message))))) => message,
            Ok(Some(Ok(Ok(None)))) => return Outcome::Dropped,
            Ok(Some(Ok(Err(error)))) => {
                let trouble = Trouble::of_writing(&error);
                return match error {
                    ComposeError::Later(_) => Outcome::Later(trouble),
                    ComposeError::Never(_) => Outcome::Never(trouble),
                };
            }
            Ok(Some(Err(_)) | None) => {
                return Outcome::Later(Trouble::named("writing the mail ended by a panic"));
            }
            Err(_) => return Outcome::Later(Trouble::named("writing the mail took too long")),
        };
        let stamp = Stamp { id: row.id, at: self.engine.now() };
        match self.transport.send(stamp, &message).await {
            Ok(()) => Outcome::Sent,
            Err(error) => error.into(),
        }
    }

    /// Writes down what became of a row. While that fails the mail would be sent once more, so it
    /// is tried for as long as the row is surely ours.
    async fn note(&self, row: &Row, ending: &Ending<'_>) {
        let mut pauses = NOTE_PAUSES.into_iter();
        loop {
            match row.end(&self.engine, ending).await {
                Ok(()) => return,
                Err(error) if is_lost(&error) => {
                    tracing::warn!(mail = %row.id, "a mail was taken over by another process");
                    return;
                }
                Err(error) => match pauses.next() {
                    Some(pause) => sleep(pause).await,
                    None => {
                        tracing::error!(mail = %row.id, %error, "a mail's end could not be noted");
                        return;
                    }
                },
            }
        }
    }
}

/// How long to wait after so many attempts: twice as long each time, up to a bound, and up to a
/// fifth less, so that mails that failed together do not come back together.
fn pause(id: Uuid, attempts: i64, pause_max: Duration) -> Duration {
    let doublings = u32::try_from(attempts.clamp(1, 20)).unwrap_or(1) - 1;
    let full = PAUSE_MIN.saturating_mul(2_u32.saturating_pow(doublings)).min(pause_max);
    let (high, low) = id.as_u64_pair();
    let mixed = (high ^ low ^ u64::from(doublings)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let less = u32::try_from(mixed >> 44).unwrap_or(0) % 1_000;
    full - full * less / 5_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_bound_and_are_spread() {
        let id = Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0001);
        for (attempts, full) in [(1, 30), (2, 60), (3, 120), (7, 1_920), (8, 3_600), (300, 3_600)] {
            let pause = pause(id, attempts, PAUSE_MAX);
            let full = Duration::from_secs(full);
            assert!(pause <= full && pause > full * 4 / 5 - Duration::from_secs(1), "{attempts}");
        }
        assert!(pause(id, 99, OUTAGE_PAUSE_MAX) <= Duration::from_secs(600));
        let spread: std::collections::HashSet<Duration> =
            (0..100).map(|n| pause(Uuid::from_u128(n), 1, PAUSE_MAX)).collect();
        assert!(spread.len() > 80, "{}", spread.len());
    }
}
