//! A value that one thread may touch, in a place that all threads can see.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

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
        OwnThread { owner: this_thread(), value }
    }

    /// The value, on its own thread.
    pub(super) fn get(&self) -> Option<&T> {
        (self.owner == this_thread()).then_some(&self.value)
    }
}

/// A number for each thread. Not an address of something of the thread's, which a later thread may have again.
fn this_thread() -> NonZeroU64 {
    thread_local! {
        static NUMBER: Cell<Option<NonZeroU64>> = const { Cell::new(None) };
    }
    NUMBER.get().unwrap_or_else(|| {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).expect("2^64 threads are out of reach");
        NUMBER.set(Some(number));
        number
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_turned_away() {
        let value = OwnThread::new(Cell::new(1));
        assert!(value.get().is_some());
        std::thread::scope(|scope| scope.spawn(|| assert!(value.get().is_none())).join().unwrap());
    }
}
