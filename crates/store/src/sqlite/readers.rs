//! Connections for reads: one for each thread that reads, and a few threads for long reads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::open::{Link, Opener, Purpose};
use crate::StoreError;

/// Connections that any thread may read with. A thread comes back to the same one, so there is no
/// contention while no more threads read than there are connections.
#[derive(Debug)]
pub(super) struct Readers {
    opener: Arc<Opener>,
    slots: Box<[Slot]>,
}

type Slot = Mutex<Place>;

/// Where a connection stands.
#[derive(Debug, Default)]
enum Place {
    /// None was opened yet, or the last one was given up, or a read has it at this moment.
    #[default]
    Vacant,
    Filled(Link),
    /// None will be opened any more.
    Closed,
}

static N_THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = N_THREADS.fetch_add(1, Ordering::Relaxed);
}

impl Readers {
    pub(super) fn new(opener: Arc<Opener>, n_slots: usize) -> Self {
        Self { opener, slots: (0..n_slots).map(|_| Slot::default()).collect() }
    }

    /// Runs `read` with a connection, opened if need be. A connection that met trouble with the
    /// storage is not used again.
    pub(super) fn with<T>(
        &self,
        read: impl FnOnce(&Link) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut place = self.take_place();
        let link = match std::mem::take(&mut *place) {
            Place::Filled(link) => link,
            Place::Vacant => self.opener.open(Purpose::Read)?,
            Place::Closed => {
                *place = Place::Closed;
                return Err(StoreError::Closed);
            }
        };
        // The place stays vacant while the read runs: should it panic, its connection goes with it.
        let result = read(&link);
        if !result.as_ref().err().is_some_and(super::is_broken) {
            *place = Place::Filled(link);
        }
        result
    }

    /// Closes every connection, waiting for the reads that run.
    pub(super) fn close(&self) {
        for slot in &self.slots {
            *lock(slot) = Place::Closed;
        }
    }

    fn take_place(&self) -> MutexGuard<'_, Place> {
        let n_slots = self.slots.len();
        let own = THREAD.with(|thread| thread % n_slots);
        for step in 0..n_slots {
            match self.slots[(own + step) % n_slots].try_lock() {
                Ok(place) => return place,
                Err(TryLockError::Poisoned(place)) => return place.into_inner(),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        lock(&self.slots[own])
    }
}

fn lock(slot: &Slot) -> MutexGuard<'_, Place> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}
