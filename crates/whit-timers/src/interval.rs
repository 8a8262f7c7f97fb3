//! `Interval`: ticks, and what happens to those that were missed.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use whit_core::{Clock, budget};

use crate::Sleep;
use crate::default::{SharedClock, current_clock};

/// What to do after a tick that came late by more than a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTick {
    /// Catch up: the ticks that were missed come at once. The default, as in tokio.
    #[default]
    Burst,
    /// Start anew: the next tick is one period after the late one was taken.
    Delay,
    /// Keep the beat: the next tick is the next multiple of the period that lies ahead.
    Skip,
}

/// Ticks each `period`; the first tick is at once, as in tokio. See [`Timer::interval`](crate::Timer::interval) for smol's.
///
/// # Panics
///
/// If `period` is zero.
///
/// ```
/// use std::time::Duration;
///
/// whit_core::block_on(async {
///     let mut interval = whit_timers::interval(Duration::from_millis(5));
///     let first = interval.tick().await;
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    assert!(
        !period.is_zero(),
        "an interval with a period of zero was asked for; it would tick without end: give a longer one"
    );
    let clock = current_clock();
    let first = clock.now();
    Interval { sleep: Sleep::new_in(clock, Some(first)), period, missed: MissedTick::default() }
}

/// Made by [`interval`].
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep<SharedClock>,
    period: Duration,
    missed: MissedTick,
}

impl Interval {
    /// Says what to do about missed ticks.
    #[must_use]
    pub fn missed(mut self, missed: MissedTick) -> Interval {
        self.missed = missed;
        self
    }

    /// The next tick: the instant it was meant for. Cancel-safe: a tick that was not taken is not lost.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Poll form of [`tick`](Interval::tick).
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(budget::poll_proceed(cx));
        let tick = ready!(Future::poll(std::pin::Pin::new(&mut self.sleep), cx));
        let now = self.sleep.clock().now();
        let next = tick.checked_add(self.period);
        let late = next.is_some_and(|next| next <= now);
        let next = match self.missed {
            MissedTick::Delay if late => now.checked_add(self.period),
            MissedTick::Skip if late => {
                let since = (now - tick).as_nanos() % self.period.as_nanos();
                // Less than a period, which is a `Duration`: the number fits.
                let since = Duration::new((since / 1_000_000_000) as u64, (since % 1_000_000_000) as u32);
                now.checked_add(self.period - since)
            }
            _ => next,
        };
        self.sleep.reset(next);
        Poll::Ready(tick)
    }

    /// The next tick is one period from now.
    pub fn reset(&mut self) {
        let next = self.sleep.clock().now().checked_add(self.period);
        self.sleep.reset(next);
    }
}
