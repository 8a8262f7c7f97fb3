//! Looking on for a moment before sleep, where that has paid off of late.
//!
//! Waking a thread whose core sleeps takes 25 µs or more, and an answer from another thread may take less than one. So who was
//! asleep for a moment only, and was then woken by another thread, looks on for a while the next time before it sleeps. Who
//! finds nothing so gives it up for a number of sleeps that doubles each time, and who sleeps long gives it up at once. A thread
//! that is idle, or that waits for something slow, never looks on.
//!
//! Only as many threads as there are cores do so at once, and on a single core none, as the other thread could not run.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A sleep as short as this would better have been none; and no look lasts longer.
const MOMENT: Duration = Duration::from_micros(40);
/// Of so many sleeps one is timed: reading the clock twice is felt where every message is a sleep.
const TIME_EACH: u32 = 4;
/// The most sleeps to let pass after vain looks.
const PATIENCE_MOST: u32 = 1024;

/// What one thread has learned about its sleeps: whether to look on before the next.
///
/// It only ever delays a sleep, by up to 40 µs; whatever must happen between the last look and the sleep is the caller's.
///
/// ```
/// use whit_core::Spin;
///
/// let mut spin = Spin::new();
/// // Nothing is known yet, so no look is taken.
/// assert!(!spin.look_on(|| true));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Spin {
    worth: bool,
    // Sleeps to let pass, and how many it will be after the next vain look.
    pause: u32,
    patience: u32,
    sleeps: u32,
    began: Option<Instant>,
}

impl Spin {
    /// Nothing learned yet: no look is taken before the first short sleep.
    pub const fn new() -> Spin {
        Spin { worth: false, pause: 0, patience: 0, sleeps: 0, began: None }
    }

    /// Asks `found` again and again, for up to 40 µs, if that has paid off of late. True once it says so.
    #[inline]
    pub fn look_on(&mut self, found: impl FnMut() -> bool) -> bool {
        self.worth && self.look(found)
    }

    #[cold]
    fn look(&mut self, mut found: impl FnMut() -> bool) -> bool {
        // loom would try every number of looks.
        if cfg!(loom) || self.pause > 0 {
            self.pause = self.pause.saturating_sub(1);
            return false;
        }
        let Some(_looking) = Looking::start() else { return false };
        let end = Instant::now() + MOMENT;
        let mut hit = found();
        while !hit && Instant::now() < end {
            for _ in 0..8 {
                std::hint::spin_loop();
                hit = hit || found();
            }
        }
        self.patience = if hit { 0 } else { (self.patience * 2).clamp(2, PATIENCE_MOST) };
        self.pause = self.patience;
        hit
    }

    /// Before a sleep.
    #[inline]
    pub fn falls_asleep(&mut self) {
        self.sleeps = self.sleeps.wrapping_add(1);
        self.began = self.sleeps.is_multiple_of(TIME_EACH).then(Instant::now);
    }

    /// After a sleep; `by_another` says whether another thread ended it, and not an event that no look would have found.
    #[inline]
    pub fn wakes_up(&mut self, by_another: impl FnOnce() -> bool) {
        if let Some(began) = self.began.take() {
            self.worth = by_another() && began.elapsed() < MOMENT;
        }
    }
}

/// How many look on, in the whole process.
static LOOKING: AtomicUsize = AtomicUsize::new(0);

/// One of them, until it is dropped.
struct Looking;

impl Looking {
    fn start() -> Option<Looking> {
        static CORES: OnceLock<usize> = OnceLock::new();
        let cores = *CORES.get_or_init(|| thread::available_parallelism().map_or(1, usize::from));
        if cores == 1 {
            return None;
        }
        let looking = Looking;
        // One too many gives way again at once, by its drop.
        (LOOKING.fetch_add(1, Ordering::Relaxed) < cores).then_some(looking)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        LOOKING.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn sleep(spin: &mut Spin, length: Duration, by_another: bool) {
        for _ in 0..TIME_EACH {
            spin.falls_asleep();
            thread::sleep(length);
            spin.wakes_up(|| by_another);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "nothing is short there")]
    fn only_short_sleeps_that_others_end_are_worth_a_look() {
        let mut spin = Spin::new();
        sleep(&mut spin, MOMENT * 2, true);
        assert!(!spin.worth);
        sleep(&mut spin, Duration::ZERO, false);
        assert!(!spin.worth);
        // The machine may be busy, and the shortest sleep long.
        for _ in 0..1000 {
            sleep(&mut spin, Duration::ZERO, true);
            if spin.worth {
                return;
            }
        }
        panic!("not one sleep was short");
    }

    #[test]
    fn vain_looks_get_rare_and_a_find_makes_them_common() {
        let mut spin = Spin { worth: true, ..Spin::new() };
        let looks = |spin: &mut Spin, sleeps: u32, answer: bool| {
            let mut looks = 0;
            for _ in 0..sleeps {
                let mut asked = false;
                spin.look_on(|| {
                    asked = true;
                    answer
                });
                looks += u32::from(asked);
            }
            looks
        };
        if thread::available_parallelism().map_or(1, usize::from) == 1 {
            assert_eq!(looks(&mut spin, 100, true), 0);
            return;
        }
        assert_eq!(looks(&mut spin, 10, true), 10);
        let vain = looks(&mut spin, 1000, false);
        assert!((5..=10).contains(&vain), "{vain} looks of 1,000");
        let rest = spin.pause;
        assert_eq!(looks(&mut spin, rest + 10, true), 10);
    }
}
