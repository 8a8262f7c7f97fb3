//! `Epoch`: instants as nanoseconds since some start.
//!
//! All that is put in waits for that number: its place in the wheel comes from it. Std gives it by a subtraction that is called, with
//! three passages through memory, and takes as long as a lock. But an [`Instant`] tells its parts to a hasher, in registers:
//! whole seconds and nanoseconds. Std does not promise that. So each epoch tries a few instants first, and subtracts ever after if
//! what it was told is not their distance.
//!
//! Counted from a whole second: so a number is a product and a sum.

use std::hash::{Hash, Hasher};
use std::time::{Duration, Instant};

use crate::alarm::NEVER;

const SECOND: u64 = 1_000_000_000;

/// A start.
#[derive(Debug)]
pub(crate) struct Epoch {
    start: Instant,
    // The second in which that is, by its parts; `None` if they say something else.
    second: Option<i64>,
}

impl Epoch {
    /// The second before `now`, or `now`.
    pub(crate) fn new(now: Instant) -> Epoch {
        Epoch::by_parts(now).unwrap_or(Epoch { start: now, second: None })
    }

    fn by_parts(now: Instant) -> Option<Epoch> {
        let Parts { seconds, nanos, .. } = Parts::of(now);
        let start = now.checked_sub(Duration::from_nanos(u64::from(nanos)))?;
        let epoch = Epoch { start, second: Some(seconds) };
        let told = |nanos: u64| {
            let instant = start.checked_add(Duration::from_nanos(nanos));
            instant.is_some_and(|instant| Parts::of(instant).told == TOLD && epoch.nanos(instant) == nanos)
        };
        let tries = [0, 1, SECOND - 1, SECOND, SECOND + 1, 86_400 * SECOND + 7, 1 << 60];
        tries.into_iter().all(told).then_some(epoch)
    }

    /// Since the start, and 0 before it; what no such number can hold is its largest.
    #[inline]
    pub(crate) fn nanos(&self, instant: Instant) -> u64 {
        let (seconds, nanos) = match self.second {
            Some(second) => {
                let Parts { seconds, nanos, .. } = Parts::of(instant);
                if seconds < second {
                    return 0;
                }
                (seconds.abs_diff(second), nanos)
            }
            None => {
                let since = instant.saturating_duration_since(self.start);
                (since.as_secs(), since.subsec_nanos())
            }
        };
        if seconds < NEVER / SECOND { seconds * SECOND + u64::from(nanos) } else { NEVER - 1 }
    }

    /// The instant at which so much has passed; `None` if the system cannot name it.
    pub(crate) fn instant(&self, nanos: u64) -> Option<Instant> {
        self.start.checked_add(Duration::from_nanos(nanos))
    }
}

/// What an instant tells.
struct Parts {
    seconds: i64,
    nanos: u32,
    // How often of each, so that more or less is noticed: seconds in the upper half, nanoseconds in the lower.
    told: u32,
}

/// Each part once.
const TOLD: u32 = 1 << 16 | 1;

impl Parts {
    #[inline]
    fn of(instant: Instant) -> Parts {
        let mut parts = Parts { seconds: 0, nanos: 0, told: 0 };
        instant.hash(&mut parts);
        parts
    }
}

impl Hasher for Parts {
    #[inline]
    fn write_i64(&mut self, seconds: i64) {
        self.seconds = seconds;
        self.told += 1 << 16;
    }

    // Where an instant is a duration.
    #[inline]
    fn write_u64(&mut self, seconds: u64) {
        self.write_i64(seconds as i64);
    }

    #[inline]
    fn write_u32(&mut self, nanos: u32) {
        self.nanos = nanos;
        self.told += 1;
    }

    fn write(&mut self, _: &[u8]) {
        self.told = 0;
    }

    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_and_distances_agree(ahead: u64, back in 0..SECOND * 1000) {
            let quick = Epoch::new(Instant::now());
            let slow = Epoch { start: quick.start, second: None };
            prop_assert!(quick.second.is_some(), "std tells the parts of an instant otherwise than it did");
            for nanos in [ahead, ahead >> 8, ahead >> 32, ahead >> 60] {
                for instant in [quick.instant(nanos), quick.start.checked_sub(Duration::from_nanos(back))] {
                    prop_assert!(instant.is_none_or(|instant| quick.nanos(instant) == slow.nanos(instant)));
                }
                prop_assert_eq!(quick.nanos(quick.instant(nanos).unwrap()), nanos.min(NEVER - 1));
            }
        }
    }

    #[test]
    fn the_last_instant_has_a_number() {
        let epoch = Epoch::new(Instant::now());
        let far = (0..64).rev().find_map(|bit| epoch.start.checked_add(Duration::from_secs(1 << bit))).unwrap();
        assert_eq!(epoch.nanos(far), NEVER - 1);
    }
}
