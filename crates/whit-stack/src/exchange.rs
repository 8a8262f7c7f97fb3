//! How a question goes to a signal handler, and an answer comes back: one word, and a place that one of the two may touch.
//!
//! The word is `IDLE`, the id of the thread that is `ASKED`, `ANSWERING` or `ANSWERED`.
//! 1. Whoever asks holds a lock, so there is one at a time. It goes from `IDLE` to `ASKED`, and then sends the signal.
//! 2. The handler goes from `ASKED`, if it is its thread that is asked, to `ANSWERING`. From then on the place is the handler's,
//!    until it says `ANSWERED`. If it finds anything else, the signal is late or not ours, and it touches nothing.
//! 3. Whoever asks looks for `ANSWERED`; then the place is its own, until it says `IDLE`.
//! 4. If that takes too long it goes from `ASKED` back to `IDLE`. If that fails, the handler is in the middle of it: the place
//!    is not touched, and nobody asks anything until it has finished; the next to ask takes that answer for void.

#![allow(unreachable_pub, reason = "public to the model only")]

#[cfg(loom)]
use loom::{cell::UnsafeCell as Place, sync::atomic};
#[cfg(not(loom))]
use std::{cell::UnsafeCell, sync::atomic};

use atomic::{AtomicUsize, Ordering};

/// As loom's cell.
#[cfg(not(loom))]
#[derive(Debug)]
struct Place<T>(UnsafeCell<T>);

#[cfg(not(loom))]
impl<T> Place<T> {
    fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

const IDLE: usize = 0;
const ANSWERING: usize = 1;
const ANSWERED: usize = 2;

/// Thread ids have 22 bits at most.
const fn asked(thread: u32) -> usize {
    (thread as usize) << 2 | 3
}

/// A question to one thread at a time, and the place for its answer.
#[derive(Debug)]
pub struct Exchange<T> {
    word: AtomicUsize,
    place: Place<T>,
}

// SAFETY: the word sees to it that one of the two, who asks or who answers, touches the place: rules 2 to 4.
unsafe impl<T: Send> Sync for Exchange<T> {}

impl<T> Exchange<T> {
    #[cfg(not(loom))]
    pub const fn new(place: T) -> Exchange<T> {
        Exchange { word: AtomicUsize::new(IDLE), place: Place(UnsafeCell::new(place)) }
    }

    #[cfg(loom)]
    pub fn new(place: T) -> Exchange<T> {
        Exchange { word: AtomicUsize::new(IDLE), place: Place::new(place) }
    }

    /// Rule 1, by one thread at a time: false if an answer that nobody waits for is still being given.
    #[must_use]
    pub fn ask(&self, thread: u32) -> bool {
        // An answer that came too late: void.
        let _ = self.word.compare_exchange(ANSWERED, IDLE, Ordering::Acquire, Ordering::Relaxed);
        self.word.compare_exchange(IDLE, asked(thread), Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Rule 2, in the handler.
    pub fn answer(&self, thread: u32, answer: impl FnOnce(&mut T)) {
        if self.word.compare_exchange(asked(thread), ANSWERING, Ordering::Acquire, Ordering::Relaxed).is_err() {
            return;
        }
        // SAFETY: it is `ANSWERING`, by us, and so ours until we say `ANSWERED`: rule 2.
        self.place.with_mut(|place| answer(unsafe { &mut *place }));
        self.word.store(ANSWERED, Ordering::Release);
    }

    /// Rule 3, by whoever has asked: uses the answer, if it is there.
    pub fn take<R>(&self, f: impl FnOnce(&T) -> R) -> Option<R> {
        if self.word.load(Ordering::Acquire) != ANSWERED {
            return None;
        }
        // SAFETY: it is `ANSWERED`, and so ours until we say `IDLE`: rule 3.
        let taken = self.place.with(|place| f(unsafe { &*place }));
        self.word.store(IDLE, Ordering::Release);
        Some(taken)
    }

    /// Rule 4: nobody waits any more. False if the answer is being given, or is there.
    #[must_use]
    pub fn withdraw(&self, thread: u32) -> bool {
        self.word.compare_exchange(asked(thread), IDLE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
