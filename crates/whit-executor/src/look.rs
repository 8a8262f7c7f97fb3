//! How often a worker that has tasks looks at its driver.
//!
//! A look is a system call, which takes as long as a dozen short tasks. So it is made after some turns only, and not before some
//! time has passed as well: many short tasks need no more looks than a few long ones. A reading of the clock costs a tenth of a
//! look. While tasks keep the worker busy, sockets and timers wait for so many turns, or for so long and as many turns again.

use std::time::{Duration, Instant};

/// Between two looks, at least.
const PAUSE: Duration = Duration::from_micros(20);

/// Counts turns.
pub(crate) struct Look {
    each: u32,
    left: u32,
    last: Instant,
}

impl Look {
    /// A look after `each` turns; not before `each`, as the worker has just begun.
    pub(crate) fn new(each: u32) -> Look {
        Look { each, left: each, last: Instant::now() }
    }

    /// One turn more; true after `each` of them, when it is time for glances that cost less than a clock.
    #[inline]
    pub(crate) fn turn(&mut self) -> bool {
        self.left -= 1;
        if self.left > 0 {
            return false;
        }
        self.left = self.each;
        true
    }

    /// After such a turn: whether it is time for a look.
    pub(crate) fn is_due(&mut self) -> bool {
        let now = Instant::now();
        let due = now.saturating_duration_since(self.last) >= PAUSE;
        if due {
            self.last = now;
        }
        due
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn many_turns_and_some_time() {
        let mut look = Look::new(3);
        let turns: Vec<_> = (0..7).map(|_| look.turn()).collect();
        assert_eq!(turns, [false, false, true, false, false, true, false]);
        while !look.is_due() {}
        let first = look.last;
        while !look.is_due() {}
        assert!(look.last - first >= PAUSE);
    }
}
