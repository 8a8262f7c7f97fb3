//! `ShortLock`: for sections of some tens of nanoseconds, in which nothing waits and no foreign code runs but the `clone` of a
//! waker. Unlocking is a plain store, where a lock that knows its sleepers needs a read-modify-write; and nothing is poisoned,
//! which std's lock looks for at both ends. Together that is one instruction in eight of a timer that is made and dropped.
//!
//! Rules:
//! 1. Whoever changes `locked` from false to true is inside, until it stores false.
//! 2. Nobody is told that the lock is free. Whoever has to have it looks again: at once for about a microsecond, then after
//!    letting other threads run, and then after sleeps that get longer, so that one inside that was pre-empted gets the
//!    processor, whatever the priorities are.
//!
//! `whit-sync` has one like it; neither crate depends on the other.

#![allow(unreachable_pub, reason = "public to the model only")]

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A lock around what it guards.
#[derive(Debug)]
pub struct ShortLock<T> {
    locked: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: it owns the data, and one thread at a time reaches it.
unsafe impl<T: Send> Send for ShortLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ShortLock<T> {}

impl<T> ShortLock<T> {
    /// Free.
    pub fn new(data: T) -> ShortLock<T> {
        ShortLock { locked: AtomicBool::new(false), data: UnsafeCell::new(data) }
    }

    /// There is no poisoning: every section leaves its data whole.
    #[inline]
    pub fn lock(&self) -> ShortGuard<'_, T> {
        match self.try_lock() {
            Some(guard) => guard,
            None => self.lock_contended(),
        }
    }

    /// `None` if somebody is inside.
    #[inline]
    pub fn try_lock(&self) -> Option<ShortGuard<'_, T>> {
        let locked = self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        // Made by a call: one that is made and not given out would unlock.
        locked.is_ok().then(|| ShortGuard { lock: self, marker: PhantomData })
    }

    #[cold]
    fn lock_contended(&self) -> ShortGuard<'_, T> {
        for looks in 0.. {
            wait(looks);
            // A look first: others' steps need the cache line.
            if !self.locked.load(Ordering::Relaxed)
                && let Some(guard) = self.try_lock()
            {
                return guard;
            }
        }
        unreachable!("it looks without end")
    }
}

/// Being inside.
#[derive(Debug)]
pub struct ShortGuard<'l, T> {
    lock: &'l ShortLock<T>,
    // Shared between threads it lends a `&T`, so it must not be `Sync` for more than a `&mut T` is.
    marker: PhantomData<&'l mut T>,
}

impl<T> Deref for ShortGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: rule 1, this guard is inside.
        self.lock.data.with_mut(|data| unsafe { &*data })
    }
}

impl<T> DerefMut for ShortGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: rule 1, this guard is inside, and borrowed mutably.
        self.lock.data.with_mut(|data| unsafe { &mut *data })
    }
}

impl<T> Drop for ShortGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.locked.store(false, Ordering::Release);
    }
}

/// Before the next look, after so many.
#[cfg(not(loom))]
fn wait(looks: u32) {
    match looks {
        looks if looks < SPINS => (0..PAUSES).for_each(|_| std::hint::spin_loop()),
        looks if looks < SLEEPS => std::thread::yield_now(),
        looks => std::thread::sleep(std::time::Duration::from_micros(1 << (looks - SLEEPS).min(SLEEP_MOST))),
    }
}

#[cfg(loom)]
fn wait(_: u32) {
    loom::thread::yield_now();
}

/// So many looks come each after so many pauses of the processor.
#[cfg(not(loom))]
const SPINS: u32 = 10;
#[cfg(not(loom))]
const PAUSES: u32 = 16;
/// From this look on it sleeps; before, it lets others run.
#[cfg(not(loom))]
const SLEEPS: u32 = SPINS + 10;
/// The longest sleep, as a power of two in microseconds: the driver may be inside for milliseconds, when very many are due.
#[cfg(not(loom))]
const SLEEP_MOST: u32 = 6;
