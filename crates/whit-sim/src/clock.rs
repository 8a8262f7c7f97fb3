//! `HostClock`: the world's time as one host sees it.

use std::fmt;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use whit_core::{Clock, TimerKey};

use crate::events::EventKey;
use crate::world::World;

/// How a host's clock differs from the true one.
///
/// ```
/// use std::time::Duration;
/// use whit_sim::Skew;
///
/// // Two seconds ahead at the start, and 50 millionths too fast.
/// let skew = Skew::ahead(Duration::from_secs(2)).drift(50.0);
/// # let _ = skew;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skew {
    // Nanoseconds ahead.
    offset: i64,
    // Parts of a thousand million that it goes too fast: whole numbers, so that it is exact however late it is.
    drift: i64,
}

impl Skew {
    /// A clock that is ahead by so much at the start, up to a year.
    pub fn ahead(by: Duration) -> Skew {
        Skew { offset: by.min(YEAR).as_nanos() as i64, drift: 0 }
    }

    /// A clock that is behind by so much at the start, up to a year.
    pub fn behind(by: Duration) -> Skew {
        Skew { offset: -(by.min(YEAR).as_nanos() as i64), drift: 0 }
    }

    /// And goes too fast by so many parts of a million; too slow if they are negative. At most half as fast again, or half as
    /// fast.
    #[must_use]
    pub fn drift(self, parts_per_million: f64) -> Skew {
        // What is not a number becomes 0.
        Skew { drift: (parts_per_million.clamp(-500_000.0, 500_000.0) * 1e3).round() as i64, ..self }
    }

    /// The host's time of a true one, since the start, in nanoseconds.
    fn seen(self, true_time: Duration) -> i128 {
        let nanos = true_time.as_nanos() as i128;
        nanos + nanos * i128::from(self.drift) / BILLION + i128::from(self.offset)
    }

    /// The first true time at which the host's clock shows at least `seen`.
    fn true_time(self, seen: i128) -> Duration {
        let nanos = (seen - i128::from(self.offset)).clamp(0, MOST);
        let mut at = nanos * BILLION / (BILLION + i128::from(self.drift));
        // Rounding is less than two steps off.
        while at > 0 && self.seen(nanos_to_duration(at - 1)) >= seen {
            at -= 1;
        }
        while at < MOST && self.seen(nanos_to_duration(at)) < seen {
            at += 1;
        }
        nanos_to_duration(at)
    }
}

const BILLION: i128 = 1_000_000_000;
/// Nanoseconds that no run will see the end of: some 30 million years.
const MOST: i128 = 1 << 80;

/// How far an `Instant` of ours is from the system's: room for clocks that are behind. A deadline that was made with
/// `Instant::now` is always past inside a simulation, instead of a bit different in each run.
pub(crate) const YEAR: Duration = Duration::from_secs(365 * 86_400);

fn nanos_to_duration(nanos: i128) -> Duration {
    let nanos = nanos.max(0);
    u64::try_from(nanos / BILLION).map_or(Duration::MAX, |secs| Duration::new(secs, (nanos % BILLION) as u32))
}

/// The clock of one host.
pub(crate) struct HostClock {
    world: World,
    skew: Skew,
}

impl HostClock {
    pub(crate) fn new(world: World, skew: Skew) -> HostClock {
        HostClock { world, skew }
    }

    fn true_time(&self, instant: Instant) -> Duration {
        let base = self.world.base();
        let seen = match instant.checked_duration_since(base) {
            Some(after) => after.as_nanos() as i128,
            None => -((base - instant).as_nanos() as i128),
        };
        self.skew.true_time(seen)
    }
}

impl Clock for HostClock {
    fn now(&self) -> Instant {
        let seen = self.skew.seen(self.world.now_in_job());
        let base = self.world.base();
        if seen < 0 { base - nanos_to_duration(-seen) } else { base + nanos_to_duration(seen) }
    }

    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let when = self.true_time(deadline);
        let event = self.world.poll_timer(key.get().map(EventKey::from_number), when, cx.waker());
        *key = event.map_or(TimerKey::NONE, |event| TimerKey::new(event.number()));
        if event.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn pass(&self, duration: Duration) -> bool {
        self.world.pass(duration);
        true
    }

    fn held_until(&self) -> Option<Instant> {
        self.world.has_held().then(|| self.now())
    }

    fn cancel(&self, key: &mut TimerKey) {
        if let Some(number) = std::mem::take(key).get() {
            self.world.cancel(EventKey::from_number(number));
        }
    }
}

impl fmt::Debug for HostClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostClock").field("now", &self.world.now()).field("skew", &self.skew).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decider::Decider;
    use std::task::Waker;

    #[test]
    fn skewed_there_and_back() {
        let second = Duration::from_secs(1);
        for skew in
            [Skew::default(), Skew::ahead(second), Skew::behind(second).drift(70.0), Skew::default().drift(-333.3)]
        {
            for nanos in [0, 1, 17, 1_000_000_007, 86_400_000_000_000_123u64] {
                let time = Duration::from_nanos(nanos);
                let back = skew.true_time(skew.seen(time));
                assert!(back <= time && skew.seen(back) >= skew.seen(time), "{skew:?} {time:?} {back:?}");
                assert!(time - back < Duration::from_nanos(3));
            }
        }
        assert!(Skew::default().true_time(i128::MAX) > 1000 * YEAR);
    }

    #[test]
    fn exact_and_reset() {
        let world = World::new(Decider::seeded(0));
        let clock = HostClock::new(world.clone(), Skew::default());
        let start = clock.now();
        let (mut key, mut cx) = (TimerKey::NONE, Context::from_waker(Waker::noop()));
        let at = |nanos| start + Duration::from_nanos(nanos);
        assert!(clock.poll_until(&mut key, at(7), &mut cx).is_pending());
        assert!(clock.poll_until(&mut key, at(9), &mut cx).is_pending());
        assert!(world.step() && clock.now() == at(9) && !world.step());
        assert!(clock.poll_until(&mut key, at(9), &mut cx).is_ready() && key.is_none());
        assert!(clock.poll_until(&mut key, start, &mut cx).is_ready());
        // A moved one, to the past: nothing is left of it.
        assert!(clock.poll_until(&mut key, at(20), &mut cx).is_pending());
        assert!(clock.poll_until(&mut key, start, &mut cx).is_ready() && !world.step());
        assert!(clock.poll_until(&mut key, at(20), &mut cx).is_pending());
        clock.cancel(&mut key);
        assert!(key.is_none() && !world.step());
    }
}
