//! `ShortLock`: for sections of some tens of nanoseconds, in which nothing waits and no foreign code runs but the `clone` of a
//! waker, or of a message that is broadcast. Unlocking is a plain store, where a lock that knows its sleepers needs a read-modify-write: that is half the price
//! of an uncontended section.
//!
//! Rules:
//! 1. Whoever changes `locked` from false to true is inside, until it stores false.
//! 2. Nobody is told that the lock is free. Whoever finds it locked looks again: for a moment without rest, as the one inside
//!    is nearly always running on another core; then letting other threads run; and then after sleeps that get longer, so
//!    that one inside that was pre-empted gets the processor, whatever the priorities are.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::const_unless_loom;

#[derive(Debug)]
pub(crate) struct ShortLock<T> {
    locked: AtomicBool,
    data: UnsafeCell<T>,
}

// SAFETY: it owns the data, and one thread at a time reaches it.
unsafe impl<T: Send> Send for ShortLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ShortLock<T> {}

impl<T> ShortLock<T> {
    const_unless_loom! {
        pub(crate) const fn new(data: T) -> ShortLock<T> {
            ShortLock { locked: AtomicBool::new(false), data: UnsafeCell::new(data) }
        }
    }

    /// There is no poisoning: every section leaves its data whole.
    #[inline]
    pub(crate) fn lock(&self) -> ShortGuard<'_, T> {
        if !self.try_lock() {
            self.lock_contended();
        }
        ShortGuard { lock: self, marker: PhantomData }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.locked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut patience = Patience::default();
        loop {
            patience.wait();
            // A look first: others' steps need the cache line.
            if !self.locked.load(Ordering::Relaxed) && self.try_lock() {
                return;
            }
        }
    }
}

pub(crate) struct ShortGuard<'l, T> {
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

/// How long to wait before the next look.
#[derive(Default)]
struct Patience {
    looks: u32,
}

#[cfg(not(loom))]
impl Patience {
    fn wait(&mut self) {
        match self.looks {
            looks if looks < SPINS.len() as u32 => (0..SPINS[looks as usize]).for_each(|_| std::hint::spin_loop()),
            looks if looks < SLEEPS_FROM => std::thread::yield_now(),
            looks => std::thread::sleep(std::time::Duration::from_micros(1 << (looks - SLEEPS_FROM).min(SLEEP_MOST))),
        }
        self.looks = self.looks.saturating_add(1);
    }
}

#[cfg(loom)]
impl Patience {
    fn wait(&mut self) {
        self.looks += 1;
        loom::thread::yield_now();
    }
}

/// Pauses of the processor before each of the first looks, some 10 microseconds in all. Short once, for a section that is just
/// ending. Then long: two threads that both come back at once spend their time on fetching the cache line from each other,
/// while a rest of some microseconds lets one do a hundred sections in peace.
#[cfg(not(loom))]
const SPINS: [u32; 5] = [4, 128, 128, 128, 256];
/// From this look on it sleeps; before, it lets others run.
#[cfg(not(loom))]
const SLEEPS_FROM: u32 = SPINS.len() as u32 + 10;
/// The longest sleep, as a power of two in microseconds.
#[cfg(not(loom))]
const SLEEP_MOST: u32 = 10;
