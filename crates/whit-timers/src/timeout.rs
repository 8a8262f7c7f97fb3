//! `timeout`: a future, or the time is up.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use whit_core::Clock;

use crate::Sleep;
use crate::default::{SharedClock, clock_and_deadline, current_clock};

/// Gives `future` this much time: asyncio's `wait_for`.
///
/// A value that is there beats an expired timer. Dropping the returned future drops `future`; so does the time-out, when the
/// returned future is dropped after it.
///
/// # Errors
///
/// [`Elapsed`] if the time is up first.
///
/// ```
/// use std::time::Duration;
///
/// let late = whit_timers::timeout(Duration::from_millis(5), std::future::pending::<()>());
/// assert!(whit_core::block_on(late).is_err());
/// ```
pub fn timeout<F: Future>(duration: Duration, future: F) -> Timeout<F> {
    let (clock, deadline) = clock_and_deadline(duration);
    Timeout { future, sleep: Sleep::new_in(clock, deadline), after: Some(duration) }
}

/// Gives `future` until `deadline`: asyncio's `timeout_at`.
///
/// # Errors
///
/// [`Elapsed`] if the time is up first.
pub fn timeout_at<F: Future>(deadline: Instant, future: F) -> Timeout<F> {
    Timeout { future, sleep: Sleep::new_in(current_clock(), Some(deadline)), after: None }
}

pin_project! {
    /// Made by [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct Timeout<F, C: Clock = SharedClock> {
        #[pin]
        future: F,
        sleep: Sleep<C>,
        after: Option<Duration>,
    }
}

impl<F: Future, C: Clock> Timeout<F, C> {
    /// Gives `future` until `clock` reaches `deadline`; `None` is never.
    pub fn new_in(clock: C, deadline: Option<Instant>, future: F) -> Timeout<F, C> {
        Timeout { future, sleep: Sleep::new_in(clock, deadline), after: None }
    }
}

impl<F: Future, C: Clock> Future for Timeout<F, C> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(this.sleep).poll(cx).map(|_| Err(Elapsed { after: *this.after }))
    }
}

/// The time was up before the future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed {
    after: Option<Duration>,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.after {
            Some(after) => write!(f, "the future was not ready within {after:?}"),
            None => f.write_str("the future was not ready by its deadline"),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}
