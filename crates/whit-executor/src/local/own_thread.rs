//! A value that one thread may touch, in a place that all threads can see.

use std::num::NonZeroU64;

use crate::thread;

/// A value for the thread that made it; others are turned away.
pub(super) struct OwnThread<T> {
    owner: NonZeroU64,
    value: T,
}

// SAFETY: `get` lends the value to the thread that made it only, and numbers of threads are never used again. It may be
// dropped by another thread, which `T: Send` allows, and by then nobody has a reference.
unsafe impl<T: Send> Sync for OwnThread<T> {}

impl<T> OwnThread<T> {
    pub(super) fn new(value: T) -> OwnThread<T> {
        OwnThread { owner: thread::number(), value }
    }

    /// The value, on its own thread.
    pub(super) fn get(&self) -> Option<&T> {
        (self.owner == thread::number()).then_some(&self.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn others_are_turned_away() {
        let value = OwnThread::new(Cell::new(1));
        assert!(value.get().is_some());
        std::thread::scope(|scope| scope.spawn(|| assert!(value.get().is_none())).join().unwrap());
    }
}
