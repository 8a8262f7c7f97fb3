//! `Condvar`: waits for a change of what a `Mutex` guards.

use std::future::{Future, poll_fn};

use crate::MutexGuard;
use crate::notify::Notify;
use crate::sync::const_unless_loom;

/// A condition variable for [`Mutex`](crate::Mutex): asyncio's `Condition`, std's `Condvar`.
///
/// ```
/// use whit_sync::{Condvar, Mutex};
///
/// let (mutex, changed) = (Mutex::new(false), Condvar::new());
/// futures_lite::future::block_on(futures_lite::future::zip(
///     async {
///         let guard = changed.wait_while(mutex.lock().await, |done| !*done).await;
///         assert!(*guard);
///     },
///     async {
///         *mutex.lock().await = true;
///         changed.notify_one();
///     },
/// ));
/// ```
#[derive(Debug, Default)]
pub struct Condvar {
    notify: Notify,
}

impl Condvar {
    const_unless_loom! {
        /// Nobody waits.
        pub const fn new() -> Condvar {
            Condvar { notify: Notify::new() }
        }
    }

    /// Unlocks, waits for a notification, and locks again. No notification is missed in between.
    ///
    /// The condition may have changed back by then: ask again, or use [`wait_while`](Condvar::wait_while). The guard is given
    /// up at the call, not at the first poll.
    ///
    /// Cancel-safe: a notification that came for a dropped future goes to the next.
    pub fn wait<'m, T: ?Sized>(
        &self,
        guard: MutexGuard<'m, T>,
    ) -> impl Future<Output = MutexGuard<'m, T>> + use<'_, 'm, T> {
        let mutex = MutexGuard::source(&guard);
        let mut notified = self.notify.waiter();
        notified.enable();
        // In the queue before the unlock.
        drop(guard);
        async move {
            poll_fn(|cx| notified.poll_enabled(cx)).await;
            let guard = mutex.lock().await;
            // Dropped before this, it gives the notification to another.
            notified.done();
            guard
        }
    }

    /// Waits as long as `condition` is true.
    pub async fn wait_while<'m, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'m, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'m, T> {
        while condition(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// Wakes the one that waited longest, if anybody waits. Best called while the mutex is locked, or right after.
    pub fn notify_one(&self) {
        self.notify.notify_waiter();
    }

    /// Wakes everybody who waits.
    pub fn notify_all(&self) {
        self.notify.notify_all();
    }
}
