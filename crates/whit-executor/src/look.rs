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

    /// After such a turn: if it is time for a look, the deadline for it, which is past, so that it does not wait.
    pub(crate) fn due(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let due = now.saturating_duration_since(self.last) >= PAUSE;
        due.then(|| {
            self.last = now;
            now
        })
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
        let mut next = || loop {
            if let Some(past) = look.due() {
                break past;
            }
        };
        let first = next();
        assert!(next() - first >= PAUSE);
    }
}
