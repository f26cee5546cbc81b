//! Mails that were not sent but kept, for whoever develops: `dev` shows them.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use underpin_base::Timestamp;

use crate::{Message, Stamp};

/// Mails that are kept; older ones are let go.
const MAILS_MAX: usize = 200;

/// The last mails that would have been sent.
pub struct Caught {
    mails: Mutex<Mails>,
    on_mail: Box<dyn Fn(&CaughtMail) + Send + Sync>,
}

#[derive(Default)]
struct Mails {
    n_caught: u64,
    last: VecDeque<Arc<CaughtMail>>,
}

/// One mail that would have been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtMail {
    /// Its number, counted from one in the order in which mails were caught.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What would have been sent.
    pub message: Message,
}

impl Caught {
    /// Keeps mails, and calls `on_mail` with each of them.
    #[must_use]
    pub fn new(on_mail: impl Fn(&CaughtMail) + Send + Sync + 'static) -> Self {
        Self { mails: Mutex::default(), on_mail: Box::new(on_mail) }
    }

    /// The mails, the newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Arc<CaughtMail>> {
        self.lock().last.iter().rev().cloned().collect()
    }

    /// The mail with this number, while it is kept.
    #[must_use]
    pub fn mail(&self, number: u64) -> Option<Arc<CaughtMail>> {
        self.lock().last.iter().find(|mail| mail.number == number).cloned()
    }

    /// Keeps a mail.
    pub fn catch(&self, stamp: Stamp, message: &Message) {
        let caught = {
            let mut mails = self.lock();
            mails.n_caught += 1;
            let number = mails.n_caught;
            let mail = Arc::new(CaughtMail { number, at: stamp.at, message: message.clone() });
            if mails.last.len() == MAILS_MAX {
                mails.last.pop_front();
            }
            mails.last.push_back(Arc::clone(&mail));
            mail
        };
        (self.on_mail)(&caught);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Mails> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").field("n_caught", &self.lock().n_caught).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_last_mails_are_kept_and_all_are_told_of() {
        let told = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&told);
        let caught = Caught::new(move |mail| counter.store(mail.number, Ordering::SeqCst));
        let stamp = Stamp { id: Uuid::nil(), at: Timestamp(7) };
        for n in 1..=MAILS_MAX + 1 {
            let message = Message::new("a@b.example", &n.to_string(), String::new(), None).unwrap();
            caught.catch(stamp, &message);
            assert_eq!(told.load(Ordering::SeqCst), n as u64);
        }
        let mails = caught.mails();
        assert_eq!(mails.len(), MAILS_MAX);
        assert_eq!((mails[0].number, mails[0].message.subject()), (201, "201"));
        assert_eq!(caught.mail(1), None);
        assert_eq!(caught.mail(2).map(|mail| mail.message.subject().to_owned()), Some("2".into()));
    }
}
