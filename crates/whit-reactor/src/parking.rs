//! Whether an unpark has to make a system call: one word, `EMPTY`, `PARKED` or `NOTIFIED`, and a bell.
//!
//! The bell is the reactor's own (an eventfd on Linux). A ring ends the wait that goes on, or else the next one; it is never
//! lost, and several may become one.
//!
//! Rules:
//! 1. Before a thread waits it [`enter`](Parking::enter)s: from `EMPTY` to `PARKED`. If it finds `NOTIFIED` instead, it looks
//!    for events without waiting. A thread that does not mean to wait (its deadline has passed) does not enter at all.
//! 2. After that it [`leave`](Parking::leave)s in every case: `EMPTY`, whatever was there. What the notifier wrote before it
//!    notified is visible from here on, and the caller of `park` looks at it next.
//! 3. [`notify`](Parking::notify) swaps in `NOTIFIED`. Only the one that found `PARKED` rings: in `EMPTY` nobody waits, and
//!    rule 1 keeps the next one from waiting; in `NOTIFIED` somebody else has rung or the wait has not begun.
//! 4. The ring of rule 3 may come after its wait has ended for another reason. Then it ends the next wait early, for nothing.
//!
//! One thread is between `enter` and `leave` at a time: the reactor holds a lock there.

#![allow(unreachable_pub, reason = "public to the model only")]

use crate::sync::atomic::{AtomicUsize, Ordering};

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;

/// The word.
#[derive(Debug)]
pub struct Parking(AtomicUsize);

impl Parking {
    /// Nobody waits, nobody notified.
    #[allow(clippy::new_without_default, reason = "internal")]
    pub fn new() -> Parking {
        Parking(AtomicUsize::new(EMPTY))
    }

    /// Rule 1: whether to wait. `false`: there is a notification to take, by `leave`.
    pub fn enter(&self) -> bool {
        self.0.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Rule 2.
    pub fn leave(&self) {
        self.0.swap(EMPTY, Ordering::AcqRel);
    }

    /// Rule 3: whether to ring.
    #[must_use]
    pub fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::AcqRel) == PARKED
    }
}
