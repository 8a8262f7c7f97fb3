//! How long the driver sleeps for an alarm: a little less when timers are few, and a little more when they are many. Pure.
//!
//! *Early.* Systems wake a thread late on purpose, to wake several at once: Linux by up to 50 µs, which it calls the timer slack. So the
//! driver asks for a bit less than it means, and learns how much from how late it came. Waking up too early costs a second
//! sleep, for which it asks exactly; it never spins.
//!
//! *Gather.* Getting up costs some ten microseconds of processor time, and as much as twenty timers. So after each turn the driver lets
//! timers gather, for a time in proportion to how many it has fired. One that is alone is not held up: it is behind nobody.
//!
//! Times are nanoseconds since the start of the timers.

/// Time to gather for each timer that was fired, and at most.
const GATHER_EACH: u64 = 16_000;
const GATHER_MAX: u64 = 500_000;

/// Not more than this is asked for less, as it were more than the slack and the wake-up together.
const EARLY_MAX: u64 = 60_000;
/// So late is punctual.
const PUNCTUAL: u64 = 20_000;
/// So late says nothing of the system: the thread had something else to do.
const BUSY: u64 = 200_000;

/// What the driver has learnt.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// When the driver looked at the clock.
    seen: u64,
    /// What it asked for last.
    asked: u64,
    early: u64,
    gather: u64,
}

impl Pace {
    /// Until when to sleep for an alarm.
    pub(crate) fn ask(&mut self, alarm: u64) -> u64 {
        let early = alarm.saturating_sub(self.early);
        // What would be past already is asked for exactly.
        let ask = if early > self.seen { early } else { alarm };
        self.asked = ask.max(self.gather);
        self.asked
    }

    /// The driver is back, `now`, and the alarm is what it may have waited for.
    pub(crate) fn back(&mut self, now: u64, alarm: u64) {
        let for_alarm = self.asked > self.seen && self.asked > self.gather && self.asked <= alarm;
        self.seen = now;
        // Woken by something else, or not asleep at all.
        if !for_alarm || now < self.asked {
            return;
        }
        if now < alarm {
            self.early -= self.early / 8;
        } else if (PUNCTUAL..BUSY).contains(&(now - alarm)) {
            self.early = (self.early + (now - alarm - PUNCTUAL) / 8).min(EARLY_MAX);
        }
    }

    /// So many have been fired, `now`.
    pub(crate) fn fired(&mut self, now: u64, count: usize) {
        let gather = (count as u64).saturating_mul(GATHER_EACH).min(GATHER_MAX);
        self.gather = self.gather.max(now + gather);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sleeps for one timer after the other, `period` apart, on a system with this slack and this time to wake up. How
    /// often it slept, and how late each was.
    fn alone(pace: &mut Pace, period: u64, slack: u64, latency: u64) -> (usize, Vec<u64>) {
        let (mut now, mut sleeps, mut late) = (0, 0, Vec::new());
        for _ in 0..200 {
            let alarm = now + period;
            while now < alarm {
                now = pace.ask(alarm).max(now) + slack + latency;
                sleeps += 1;
                pace.back(now, alarm);
            }
            late.push(now - alarm);
            pace.fired(now, 1);
        }
        (sleeps, late)
    }

    #[test]
    fn learns_the_slack_of_the_system() {
        let (sleeps, late) = alone(&mut Pace::default(), 1_000_000, 50_000, 10_000);
        assert_eq!((sleeps, late[0]), (200, 60_000));
        assert!(late[50..].iter().all(|late| *late < 30_000), "{late:?}");
    }

    #[test]
    fn a_punctual_system_is_asked_for_what_is_meant() {
        let mut pace = Pace::default();
        let (sleeps, late) = alone(&mut pace, 1_000_000, 0, 5_000);
        assert!(sleeps == 200 && late.iter().all(|late| *late == 5_000) && pace.early == 0);
    }

    #[test]
    fn forgets_the_slack_when_there_is_none_any_more() {
        let mut pace = Pace::default();
        alone(&mut pace, 1_000_000, 50_000, 10_000);
        assert!(pace.early > 30_000);
        let (sleeps, late) = alone(&mut Pace { seen: 0, gather: 0, ..pace }, 1_000_000, 0, 5_000);
        // Each time it was too early it slept once more, and no more often.
        assert!((201..230).contains(&sleeps), "{sleeps}");
        assert!(late.iter().all(|late| *late <= 5_000));
    }

    #[test]
    fn many_gather_and_few_do_not() {
        let mut pace = Pace::default();
        pace.fired(0, 1000);
        assert_eq!(pace.ask(10), GATHER_MAX);
        // A turn in between, for another reason, changes nothing.
        pace.fired(100, 1);
        assert_eq!(pace.ask(120), GATHER_MAX);
        pace.seen = GATHER_MAX;
        pace.fired(GATHER_MAX, 1);
        assert_eq!(pace.ask(GATHER_MAX + 1_000_000), GATHER_MAX + 1_000_000);
        assert_eq!(pace.ask(GATHER_MAX + 1), GATHER_MAX + GATHER_EACH);
    }
}
