//! A lock that nobody ever waits for: one thread uses it, so that contention could never end.

use std::sync::{Mutex, MutexGuard, TryLockError};

/// A value that is held.
pub(crate) type Held<'a, T> = MutexGuard<'a, T>;

/// A value behind a lock that panics when it is held already.
///
/// The seams of `whit-core` ask for `Send + Sync`, which is the only reason for a lock. It must not be held while foreign code
/// runs (wakers, destructors, closures of users): that code may come back here.
#[derive(Debug, Default)]
pub(crate) struct Exclusive<T>(Mutex<T>);

impl<T> Exclusive<T> {
    pub(crate) fn new(value: T) -> Exclusive<T> {
        Exclusive(Mutex::new(value))
    }

    /// The value.
    ///
    /// # Panics
    ///
    /// If it is held already.
    #[track_caller]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        match self.0.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => panic!(
                "the simulation was entered while it was at work already: by another thread, which it cannot repeat (use \
                 `whit::unblock` instead of threads), or by a waker or destructor that ran at the wrong place, which is a bug in whit-sim"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "entered while it was at work already")]
    fn who_comes_twice_is_told() {
        let value = Exclusive::new(1);
        let _held = value.lock();
        drop(value.lock());
    }
}
