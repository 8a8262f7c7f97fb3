//! How an executor ends: a word that goes from `OPEN` to `CLOSING` to `CLOSED`, and never back. The rules are in
//! [`state`](crate::state).

use crate::sync::atomic::{AtomicUsize, Ordering, fence};

const OPEN: usize = 0;
const CLOSING: usize = 1;
const CLOSED: usize = 2;

pub(crate) struct Ending(AtomicUsize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Open,
    /// Tasks are dropped instead of run.
    Closing,
    /// Nobody drains any more.
    Closed,
}

impl Ending {
    pub(crate) fn new() -> Ending {
        Ending(AtomicUsize::new(OPEN))
    }

    /// Rule 1; nothing happens if it has begun before.
    pub(crate) fn begin(&self) {
        let _ = self.0.compare_exchange(OPEN, CLOSING, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Rule 4: the caller drains once more after this.
    pub(crate) fn complete(&self) {
        self.0.store(CLOSED, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// Rule 3: whether tasks are dropped instead of run.
    #[inline]
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire) != OPEN
    }

    /// Rule 4: for a scheduler that has just pushed, in the order of all fences.
    #[inline]
    pub(crate) fn phase_after_push(&self) -> Phase {
        fence(Ordering::SeqCst);
        match self.0.load(Ordering::SeqCst) {
            OPEN => Phase::Open,
            CLOSING => Phase::Closing,
            _ => Phase::Closed,
        }
    }
}
