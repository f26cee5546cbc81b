//! Identifiers of rows and requests: UUID version 7 (RFC 9562, section 5.7).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use uuid::{Builder, ContextV7, Uuid};

use crate::Timestamp;

/// Makes row and request identifiers.
///
/// Both kinds sort by the time they were made in, so new rows land at the end of the primary key.
#[derive(Debug, Clone, Default)]
pub enum Ids {
    /// Random, from the operating system's generator.
    #[default]
    Random,
    /// Counted up from one, so that a test can name the identifiers it expects.
    Sequence(Arc<AtomicU64>),
}

thread_local! {
    // One context a thread: identifiers made within one millisecond by one thread stay ordered.
    static CONTEXT: ContextV7 = const { ContextV7::new() };
}

impl Ids {
    /// Identifiers that count up from one.
    #[must_use]
    pub fn sequence() -> Self {
        Self::Sequence(Arc::new(AtomicU64::new(0)))
    }

    /// The next identifier, made at `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Uuid {
        match self {
            Self::Random => {
                let seconds = u64::try_from(now.0.div_euclid(1_000_000)).unwrap_or(0);
                let nanos = u32::try_from(now.0.rem_euclid(1_000_000)).unwrap_or(0) * 1_000;
                CONTEXT.with(|context| {
                    Uuid::new_v7(uuid::Timestamp::from_unix(context, seconds, nanos))
                })
            }
            Self::Sequence(last) => {
                let millis = u64::try_from(now.0.div_euclid(1_000)).unwrap_or(0);
                let count = last.fetch_add(1, Ordering::SeqCst) + 1;
                let mut tail = [0; 10];
                tail[2..].copy_from_slice(&count.to_be_bytes());
                Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_one_thread_ascend() {
        let now = Timestamp(1_700_000_000_000_000);
        let made: Vec<Uuid> = (0..1_000).map(|_| Ids::Random.next(now)).collect();
        assert!(made.is_sorted());
        assert!(made.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn a_sequence_is_repeatable() {
        let now = Timestamp(0);
        let (left, right) = (Ids::sequence(), Ids::sequence());
        assert_eq!(left.next(now), right.next(now));
        assert_ne!(left.next(now), left.next(now));
    }
}
