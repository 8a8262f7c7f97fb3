//! `ShortLock`: for sections of some tens of nanoseconds, in which nothing waits and no foreign code runs but the `clone` of a
//! waker, or of a message that is broadcast. Unlocking is a plain store, where a lock that knows its sleepers needs a read-modify-write: that is half the price
//! of an uncontended section.
//!
//! Rules:
//! 1. Whoever changes `locked` from false to true is inside, until it stores false.
//! 2. Nobody is told that the lock is free. Whoever finds it locked looks again: for a moment without rest, as the one inside
//!    is nearly always running on another core; then by rule 3; then letting other threads run; and then after sleeps that get
//!    longer, so that one inside that was pre-empted gets the processor, whatever the priorities are.
//! 3. Each section is counted, inside. Who sees the count go on stays away, for as long as it takes to wake a thread at most:
//!    somebody works in peace then, with the lock and the data in the cache of its core. Two that take turns would spend most
//!    of their time on fetching them from each other. Once nobody has come for a microsecond it is time to go in.

use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::sync::const_unless_loom;

#[derive(Debug)]
pub(crate) struct ShortLock<T> {
    locked: AtomicBool,
    // Sections so far, written inside: by it those who wait see whether others go in and out.
    sections: AtomicU32,
    data: UnsafeCell<T>,
}

// SAFETY: it owns the data, and one thread at a time reaches it.
unsafe impl<T: Send> Send for ShortLock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ShortLock<T> {}

impl<T> ShortLock<T> {
    const_unless_loom! {
        pub(crate) const fn new(data: T) -> ShortLock<T> {
            ShortLock { locked: AtomicBool::new(false), sections: AtomicU32::new(0), data: UnsafeCell::new(data) }
        }
    }

    /// There is no poisoning: every section leaves its data whole.
    #[inline]
    pub(crate) fn lock(&self) -> ShortGuard<'_, T> {
        if !self.try_lock() {
            self.lock_contended();
        }
        // No read-modify-write: nobody else writes to it.
        self.sections.store(self.sections.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
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
            patience.wait(&self.sections);
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
    fn wait(&mut self, sections: &AtomicU32) {
        match self.looks {
            0 => pause(4),
            1 => rest_while_busy(|| sections.load(Ordering::Relaxed)),
            looks if looks < SLEEPS_FROM => std::thread::yield_now(),
            looks => std::thread::sleep(std::time::Duration::from_micros(1 << (looks - SLEEPS_FROM).min(SLEEP_MOST))),
        }
        self.looks = self.looks.saturating_add(1);
    }
}

/// Rule 3.
#[cfg(not(loom))]
fn rest_while_busy(mut sections: impl FnMut() -> u32) {
    let mut before = sections();
    for _ in 0..RESTS_MOST {
        pause(REST);
        let now = sections();
        if now == before {
            return;
        }
        before = now;
    }
}

#[cfg(not(loom))]
fn pause(times: u32) {
    (0..times).for_each(|_| std::hint::spin_loop());
}

#[cfg(loom)]
impl Patience {
    fn wait(&mut self, _: &AtomicU32) {
        self.looks += 1;
        loom::thread::yield_now();
    }
}

/// Pauses of the processor between two looks at a busy lock, less than a microsecond. With fewer the looks disturb the one inside.
#[cfg(not(loom))]
const REST: u32 = 32;
/// The most of these rests, some 30 microseconds in all: as long as it takes to wake a thread.
#[cfg(not(loom))]
const RESTS_MOST: u32 = 40;
/// From this look on it sleeps; before, it lets others run.
#[cfg(not(loom))]
const SLEEPS_FROM: u32 = 12;
/// The longest sleep, as a power of two in microseconds.
#[cfg(not(loom))]
const SLEEP_MOST: u32 = 10;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn who_waits_stays_away_from_a_busy_lock_and_not_for_ever() {
        let looks = |step: u32, busy_until: u32| {
            let mut looks = 0;
            rest_while_busy(|| {
                looks += 1;
                assert!(looks < 1000, "nobody waits for so long");
                looks.min(busy_until) * step
            });
            looks
        };
        assert_eq!(looks(0, 0), 2, "nobody else comes");
        assert_eq!(looks(3, 5), 6, "five came, and then nobody");
        assert_eq!(looks(1, u32::MAX), RESTS_MOST + 1, "there is no end of them");
    }

    #[test]
    fn no_two_are_inside() {
        let lock = ShortLock::new(0_u64);
        let count = || {
            for turn in 0..20_000 {
                let mut counted = lock.lock();
                let before = *counted;
                if turn % 100 == 0 {
                    // Others run, on one core too.
                    std::thread::yield_now();
                }
                *counted = before + 1;
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(count);
            }
        });
        assert_eq!(*lock.lock(), 60_000);
    }
}
