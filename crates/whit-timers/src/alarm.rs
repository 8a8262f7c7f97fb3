//! Until when the parked thread may sleep, and whether it has to be woken: one word, a deadline and the bit `PARKED`.
//!
//! Each shard knows its earliest deadline, `told`, under its own lock. The alarm is the least of them, so that nobody has to
//! look at all shards but the one thread that parks, the *driver*, and it only when something is due.
//!
//! Rules:
//! 1. Whoever registers a deadline before its shard's `told` lowers `told` under the shard's lock, and after that
//!    [`lower`](Alarm::lower)s the alarm. All others do not touch the alarm: it goes off before their deadline anyway.
//! 2. Cancelling raises nothing. So a deadline that was the earliest and was cancelled wakes the driver once, for nothing;
//!    and many that come and go one after the other wake it once in the time of one of them, not each time.
//! 3. To park, the driver [`enter`](Alarm::enter)s: it sets `PARKED` and reads the deadline in one step. Whoever lowers the
//!    alarm after that finds the bit, clears it in the same step, and unparks the driver. Who comes second finds no bit, and
//!    need not unpark: the driver is on its way. An unpark that comes before the park below is kept by that layer.
//! 4. After parking the driver [`leave`](Alarm::leave)s. If the alarm is due it [`reset`](Alarm::reset)s it to never, *then* visits
//!    each shard under its lock, where it raises `told` to what is left, and at last lowers the alarm to the least `told`.
//!    Who registered before the visit is part of that; who comes after it has taken the shard's lock after the reset, so
//!    that what he lowers is not wiped out.
//!
//! The word needs no ordering of its own: rule 3 is about one word, and rule 4 about locks.

#![allow(unreachable_pub, reason = "public to the model only")]

use crate::sync::atomic::{AtomicU64, Ordering};

/// A deadline that is never reached. Deadlines are nanoseconds, below this number.
pub const NEVER: u64 = u64::MAX >> 1;
const PARKED: u64 = 1;

/// The word.
#[derive(Debug)]
pub struct Alarm(AtomicU64);

impl Alarm {
    /// Nobody parks, no deadline.
    #[allow(clippy::new_without_default, reason = "internal")]
    pub fn new() -> Alarm {
        Alarm(AtomicU64::new(NEVER << 1))
    }

    /// Rule 3: the deadline until which to park.
    pub fn enter(&self) -> u64 {
        self.0.fetch_or(PARKED, Ordering::Relaxed) >> 1
    }

    /// Rule 4: the deadline at which to look at the shards.
    pub fn leave(&self) -> u64 {
        self.0.fetch_and(!PARKED, Ordering::Relaxed) >> 1
    }

    /// Rule 4, before the shards are visited.
    pub fn reset(&self) {
        self.0.store(NEVER << 1, Ordering::Relaxed);
    }

    /// Rules 1 and 4: goes off at `deadline`, if not before. Whether to unpark the driver.
    #[must_use]
    pub fn lower(&self, deadline: u64) -> bool {
        let word = deadline << 1;
        let before = self.0.fetch_min(word, Ordering::Relaxed);
        // If it was the same deadline and `PARKED`, the bit is gone now: so unpark, for nothing.
        before > word && before & PARKED != 0
    }
}
