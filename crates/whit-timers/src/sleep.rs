//! `Sleep`: a future that is ready at an instant.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use whit_core::{Clock, TimerKey};

use crate::default::{SharedClock, clock_and_deadline, current_clock};

/// Waits for `duration`. A duration that no [`Instant`] can hold is for ever.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let started = Instant::now();
/// whit_core::block_on(whit_timers::sleep(Duration::from_millis(5)));
/// assert!(started.elapsed() >= Duration::from_millis(5));
/// ```
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    let (clock, deadline) = clock_and_deadline(duration);
    Sleep { clock, deadline, key: TimerKey::NONE }
}

/// Waits until `deadline`.
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { clock: current_clock(), deadline: Some(deadline), key: TimerKey::NONE }
}

/// Ready at its deadline, with the deadline as output; made by [`sleep`] and [`sleep_until`].
///
/// Registers at the first poll; a deadline that has passed is ready at once. Dropping it forgets the registration. It is
/// `Send` if its clock is.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Sleep<C: Clock = SharedClock> {
    clock: C,
    deadline: Option<Instant>,
    key: TimerKey,
}

impl<C: Clock> Sleep<C> {
    /// Ready when `clock` reaches `deadline`; `None` is never.
    pub fn new_in(clock: C, deadline: Option<Instant>) -> Sleep<C> {
        Sleep { clock, deadline, key: TimerKey::NONE }
    }

    /// When it will be ready; `None` is never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Moves the deadline; `None` is never. Takes effect at the next poll.
    pub fn reset(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
        if deadline.is_none() {
            self.clock.cancel(&mut self.key);
        }
    }

    pub(crate) fn clock(&self) -> &C {
        &self.clock
    }
}

impl<C: Clock> Unpin for Sleep<C> {}

impl<C: Clock> Future for Sleep<C> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = &mut *self;
        let Some(deadline) = this.deadline else { return Poll::Pending };
        this.clock.poll_until(&mut this.key, deadline, cx).map(|()| deadline)
    }
}

impl<C: Clock> Drop for Sleep<C> {
    fn drop(&mut self) {
        self.clock.cancel(&mut self.key);
    }
}
