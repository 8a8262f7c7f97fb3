//! `Timer`, with async-io's API: once or again and again, a future and a stream.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use whit_core::{Clock, budget};

use crate::Sleep;
use crate::default::current_clock;

/// Emits instants: once ([`after`](Timer::after), [`at`](Timer::at)) or again and again ([`interval`](Timer::interval)).
///
/// As a future it gives the next instant it was set to; as a stream, one after the other. Ticks that were missed come in a
/// burst. Dropping it forgets the registration.
///
/// ```
/// use std::time::Duration;
/// use whit_timers::Timer;
///
/// whit_core::block_on(Timer::after(Duration::from_millis(5)));
/// ```
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Timer {
    sleep: Sleep,
    period: Duration,
}

impl Timer {
    /// Never fires, until it is set to something else.
    pub fn never() -> Timer {
        Timer { sleep: Sleep::new_in(current_clock(), None), period: Duration::MAX }
    }

    /// Fires once, `duration` from now; never if no instant can hold that.
    pub fn after(duration: Duration) -> Timer {
        let mut timer = Timer::never();
        timer.set_after(duration);
        timer
    }

    /// Fires once, at `instant`.
    pub fn at(instant: Instant) -> Timer {
        let mut timer = Timer::never();
        timer.set_at(instant);
        timer
    }

    /// Fires each `period`, the first time one period from now.
    pub fn interval(period: Duration) -> Timer {
        let mut timer = Timer::never();
        timer.set_interval(period);
        timer
    }

    /// Fires at `start`, and each `period` after that.
    pub fn interval_at(start: Instant, period: Duration) -> Timer {
        let mut timer = Timer::never();
        timer.set_interval_at(start, period);
        timer
    }

    /// Whether it is set to fire at all.
    pub fn will_fire(&self) -> bool {
        self.sleep.deadline().is_some()
    }

    /// Sets it to fire once, `duration` from now.
    pub fn set_after(&mut self, duration: Duration) {
        let deadline = self.sleep.clock().after(duration);
        self.set(deadline, Duration::MAX);
    }

    /// Sets it to fire once, at `instant`.
    pub fn set_at(&mut self, instant: Instant) {
        self.set(Some(instant), Duration::MAX);
    }

    /// Sets it to fire each `period`, the first time one period from now.
    pub fn set_interval(&mut self, period: Duration) {
        let deadline = self.sleep.clock().after(period);
        self.set(deadline, period);
    }

    /// Sets it to fire at `start`, and each `period` after that.
    pub fn set_interval_at(&mut self, start: Instant, period: Duration) {
        self.set(Some(start), period);
    }

    /// Sets it to never.
    pub fn clear(&mut self) {
        self.set(None, Duration::MAX);
    }

    fn set(&mut self, deadline: Option<Instant>, period: Duration) {
        self.period = period;
        self.sleep.reset(deadline);
    }
}

impl Future for Timer {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = self.get_mut();
        // A period of zero would be ready for ever.
        ready!(budget::poll_proceed(cx));
        let fired = ready!(Pin::new(&mut this.sleep).poll(cx));
        this.sleep.reset(fired.checked_add(this.period));
        Poll::Ready(fired)
    }
}

impl Stream for Timer {
    type Item = Instant;

    /// Never ends; after the only shot of a one-shot timer it waits until it is set again.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll(cx).map(Some)
    }
}
