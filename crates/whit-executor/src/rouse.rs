//! When a watch may sleep for long, and who gets it up.
//!
//! A watch looks at the workers at intervals as long as one of them is awake, and not at all while all of them sleep.
//!
//! Rules:
//! 1. The watch that wants to sleep for long counts as `deep`, passes a fence, and **then asks once more** whether all is
//!    quiet. Only if it is does it wait; and it waits under the lock, for the flag.
//! 2. A worker that wakes up is no longer counted as asleep (by whoever woke it, or by itself), passes a fence, and then looks
//!    whether a watch is `deep`; if so it sets the flag under the lock and signals.
//! 3. By the two fences one sees the other.
//! 4. Each watch has a number, and lasts as long as that is the current one. Its end moves the number on, and so does the next
//!    watch, which therefore ends the one before; both then signal under the lock.
//! 5. So for a moment there may be two on this bed. The one that has ended leaves the flag for the other, which is the only one
//!    that it is meant for, and is counted in `deep` for itself alone.

#![allow(unreachable_pub, reason = "public to the model only")]

use std::time::Duration;

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, lock};

/// The bed of one watch, and of the one before while it gets up.
#[derive(Debug, Default)]
pub struct Rouse {
    // How many want to sleep for long.
    deep: AtomicUsize,
    // True: get up.
    up: Mutex<bool>,
    signal: Condvar,
    // The number of the watch that is on; of none, if it has ended. Wraps.
    current: AtomicUsize,
}

/// The number of one watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number(usize);

impl Rouse {
    /// Rule 2: for a worker that has just woken up.
    pub fn rouse(&self) {
        fence(Ordering::SeqCst);
        if self.deep.load(Ordering::Relaxed) > 0 {
            self.get_up();
        }
    }

    /// A new watch begins; one that has not ended yet ends.
    pub fn begin(&self) -> Number {
        let former = self.current.fetch_add(1, Ordering::AcqRel);
        self.get_up();
        Number(former.wrapping_add(1))
    }

    /// That watch has had its day.
    pub fn end(&self, watch: Number) {
        let next = watch.0.wrapping_add(1);
        if self.current.compare_exchange(watch.0, next, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.get_up();
        }
    }

    /// Whether that watch is to end.
    pub fn has_ended(&self, watch: Number) -> bool {
        self.current.load(Ordering::Acquire) != watch.0
    }

    fn get_up(&self) {
        *lock(&self.up) = true;
        self.signal.notify_all();
    }

    /// Rule 1: the watch sleeps until roused, if all is `quiet`, and else for `interval`. True if it was until roused.
    pub fn sleep(&self, watch: Number, interval: Duration, quiet: impl Fn() -> bool) -> bool {
        self.deep.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        let quiet = quiet();
        if quiet {
            let mut up = lock(&self.up);
            while !*up && !self.has_ended(watch) {
                up = self.signal.wait(up).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            self.take(watch, up);
        }
        self.deep.fetch_sub(1, Ordering::Relaxed);
        if !quiet {
            self.nap(watch, interval);
        }
        quiet
    }

    /// Rule 5.
    fn take(&self, watch: Number, mut up: MutexGuard<'_, bool>) {
        if !self.has_ended(watch) {
            *up = false;
        }
    }

    #[cfg(not(loom))]
    fn nap(&self, watch: Number, interval: Duration) {
        let mut up = lock(&self.up);
        if !*up && !self.has_ended(watch) {
            up = self.signal.wait_timeout(up, interval).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        // Taken here too: left standing, it would end each further nap at once.
        self.take(watch, up);
    }

    /// loom knows no time.
    #[cfg(loom)]
    fn nap(&self, _: Number, _: Duration) {
        loom::thread::yield_now();
    }
}
