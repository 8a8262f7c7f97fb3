//! The atomics, locks and injector of this crate: std's and concurrent-queue's, or loom's when a model runs.

#[cfg(not(loom))]
pub(crate) use concurrent_queue::ConcurrentQueue;
#[cfg(loom)]
pub(crate) use loom::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};
#[cfg(not(loom))]
pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, atomic};

/// Locks, and goes on after a panic elsewhere: no foreign code runs under these locks but the clone of a task's own waker.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// In models a deque under a lock stands in for the queue: what is modelled is how it is used.
#[cfg(loom)]
pub(crate) struct ConcurrentQueue<T>(Mutex<std::collections::VecDeque<T>>);

#[cfg(loom)]
impl<T> ConcurrentQueue<T> {
    pub(crate) fn unbounded() -> Self {
        ConcurrentQueue(Mutex::new(std::collections::VecDeque::new()))
    }

    pub(crate) fn push(&self, value: T) -> Result<(), concurrent_queue::PushError<T>> {
        lock(&self.0).push_back(value);
        Ok(())
    }

    pub(crate) fn pop(&self) -> Result<T, concurrent_queue::PopError> {
        lock(&self.0).pop_front().ok_or(concurrent_queue::PopError::Empty)
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
