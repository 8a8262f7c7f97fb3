//! When so much time will have passed, without reading the clock each time.
//!
//! Reading the system's clock takes a processor as long as half of all that is done for a timer, as it waits until whatever
//! came before has ended. It counts its cycles too (x86's *time stamp counter*), which is read without that wait, in less
//! than half the time. So a thread keeps what the clock said, made later by [`LEAD`], with the count from just before. While
//! the counter is no further than by [`LASTS`], what is kept is the present or later, and a deadline that is counted from it
//! is not early. Then the clock is read again.
//!
//! Rules:
//! 1. The counter is read before the clock, which is read when all before is done: so no more has passed since than the
//!    counter says.
//! 2. No cycle is longer than a nanosecond, which is tried once; and all processors count alike, as they do if the kernel takes
//!    its own time from them, which is asked once.
//! 3. The counter may be read early, before instructions that the processor has not ended yet: a few hundred at the most.
//!    `LEAD` is longer than `LASTS` by more than they take.
//! 4. A counter that was set back seems to be far ahead, as the difference has no sign.
//!
//! Short durations are counted from what the clock says: for them `LEAD` would be much.

use std::time::{Duration, Instant};

/// From here on a deadline may be late by `LEAD`.
const LONG: Duration = Duration::from_millis(10);
/// How much later than the clock what is kept may be: what `Clock::after` allows.
#[cfg(any(test, all(target_os = "linux", target_arch = "x86_64", not(miri))))]
const LEAD: Duration = Duration::from_micros(5);
/// How many cycles it lasts; as many nanoseconds at the most.
#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
const LASTS: u64 = 4_000;

/// The instant at which `duration` will have passed, or for a long one up to five microseconds after that.
#[inline]
pub(crate) fn after(duration: Duration) -> Option<Instant> {
    if duration >= LONG
        && let Some(kept) = counted::kept()
    {
        return kept.checked_add(duration);
    }
    after_reading(duration)
}

/// Reads the clock.
#[inline(never)]
fn after_reading(duration: Duration) -> Option<Instant> {
    let later = if duration >= LONG { counted::read() } else { None };
    later.unwrap_or_else(Instant::now).checked_add(duration)
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
mod counted {
    use std::arch::x86_64::_rdtsc;
    use std::cell::Cell;
    use std::fs;
    use std::sync::OnceLock;
    use std::time::{Duration, Instant};

    use super::{LASTS, LEAD};

    thread_local! {
        // The count from just before, and what the clock said, made later.
        pub(super) static KEPT: Cell<(u64, Option<Instant>)> = const { Cell::new((0, None)) };
    }

    /// What is kept, if it is the present still, or later.
    #[inline]
    pub(super) fn kept() -> Option<Instant> {
        KEPT.with(|kept| {
            let (since, kept) = kept.get();
            kept.filter(|_| cycles().wrapping_sub(since) < LASTS)
        })
    }

    /// What is to be kept, anew; `None` if nothing can be counted here.
    pub(super) fn read() -> Option<Instant> {
        static USABLE: OnceLock<bool> = OnceLock::new();
        if !*USABLE.get_or_init(|| kernel_counts() && is_fast_enough()) {
            return None;
        }
        let since = cycles();
        let kept = Instant::now().checked_add(LEAD);
        KEPT.set((since, kept));
        kept
    }

    /// Whether the kernel takes its time from the counter, and so has found it even on all processors.
    fn kernel_counts() -> bool {
        let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        source.is_ok_and(|source| source.trim() == "tsc")
    }

    /// Whether it counts a cycle in a nanosecond, or more.
    fn is_fast_enough() -> bool {
        let (started, since) = (Instant::now(), cycles());
        while started.elapsed() < Duration::from_micros(20) {}
        // Before the time: whoever is interrupted in between finds the counter too slow, and not too fast.
        let counted = cycles().wrapping_sub(since);
        u128::from(counted) >= started.elapsed().as_nanos()
    }

    #[inline]
    fn cycles() -> u64 {
        // SAFETY: every x86-64 processor has the instruction.
        unsafe { _rdtsc() }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64", not(miri))))]
mod counted {
    use std::time::Instant;

    pub(super) fn kept() -> Option<Instant> {
        None
    }

    pub(super) fn read() -> Option<Instant> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(9_999);

    /// Looks at the clock before and after, so often that what is kept is fresh, old and in between.
    #[test]
    fn never_early_and_hardly_late() {
        for round in 0..200_000 {
            for (duration, lead) in [(SHORT, Duration::ZERO), (LONG, LEAD), (LONG * 1000, LEAD)] {
                let before = Instant::now();
                let deadline = after(duration).unwrap();
                let present = deadline - duration;
                assert!(present >= before, "early by {:?} in round {round}", before - present);
                let most = Instant::now() + lead;
                assert!(present <= most, "late by {:?} more than it may in round {round}", present - most);
            }
        }
    }

    #[test]
    fn what_no_instant_can_hold_is_none() {
        assert_eq!([after(Duration::MAX), after(Duration::MAX)], [None; 2]);
    }

    #[cfg(all(target_os = "linux", target_arch = "x86_64", not(miri)))]
    #[test]
    fn what_is_kept_lasts_neither_long_nor_beyond_a_counter_set_back() {
        let Some(first) = counted::read() else { return };
        let keeps = || counted::read().is_some() && counted::kept().is_some();
        assert!((0..100).any(|_| keeps()), "nothing is kept");
        std::thread::sleep(Duration::from_micros(50));
        assert_eq!(counted::kept(), None);
        counted::KEPT.set((u64::MAX, Some(first)));
        assert_eq!(counted::kept(), None);
    }
}
