//! When a watch may sleep for long, and who gets it up.
//!
//! A watch looks at the workers at intervals as long as one of them is awake, and not at all while all of them sleep.
//!
//! Rules:
//! 1. The watch that wants to sleep for long says `deep`, passes a fence, and **then asks once more** whether all is quiet.
//!    Only if it is does it wait; and it waits under the lock, for the flag.
//! 2. A worker that wakes up is no longer counted as asleep (by whoever woke it, or by itself), passes a fence, and then looks
//!    whether the watch is `deep`; if so it sets the flag under the lock and signals.
//! 3. By the two fences one sees the other.

#![allow(unreachable_pub, reason = "public to the model only")]

use std::time::Duration;

use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, lock};

/// The bed of one watch.
#[derive(Debug, Default)]
pub struct Rouse {
    deep: AtomicBool,
    // True: get up.
    up: Mutex<bool>,
    signal: Condvar,
    ended: AtomicBool,
}

impl Rouse {
    /// Rule 2: for a worker that has just woken up.
    pub fn rouse(&self) {
        fence(Ordering::SeqCst);
        if self.deep.load(Ordering::Relaxed) {
            self.get_up();
        }
    }

    /// The watch has had its day.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.get_up();
    }

    /// A new watch begins.
    pub fn begin(&self) {
        self.ended.store(false, Ordering::Release);
        *lock(&self.up) = false;
    }

    /// Whether the watch is to end.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    fn get_up(&self) {
        *lock(&self.up) = true;
        self.signal.notify_all();
    }

    /// Rule 1: sleeps until roused, if all is `quiet`, and else for `interval`.
    pub fn sleep(&self, interval: Duration, quiet: impl Fn() -> bool) {
        self.deep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if quiet() {
            let mut up = lock(&self.up);
            while !*up {
                up = self.signal.wait(up).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
            *up = false;
            drop(up);
            self.deep.store(false, Ordering::Relaxed);
        } else {
            self.deep.store(false, Ordering::Relaxed);
            self.nap(interval);
        }
    }

    #[cfg(not(loom))]
    fn nap(&self, interval: Duration) {
        let mut up = lock(&self.up);
        if !*up {
            up = self.signal.wait_timeout(up, interval).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        // Taken here too: left standing, it would end each further nap at once.
        *up = false;
    }

    /// loom knows no time.
    #[cfg(loom)]
    fn nap(&self, _: Duration) {
        loom::thread::yield_now();
    }
}
