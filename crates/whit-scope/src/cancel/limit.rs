//! `move_on_after` and `fail_after`: a future and a deadline.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use super::Run;
use super::run::Start;
use super::scope::clock;

/// Gives `future` this much time, and goes on without it after that: trio's `move_on_after`.
///
/// `None` if the time was up. The time counts from this call. A value that is there beats a passed deadline; a time of zero lets
/// the future go as far as it can without waiting. The future is cancelled as [`Run`] says, with all that it spawned
/// and holds the handles of; this returns after that has ended.
///
/// Inside a scope that is cancelled itself it does not answer: a foreign cancellation is never taken for a time-out. (In a task
/// of its own, which nobody cancels as a whole, the answer is `None`.)
///
/// # Panics
///
/// If the current handle has no clock; [`CancelScope::new_in`](crate::CancelScope::new_in) takes one.
///
/// ```
/// # use std::sync::Arc;
/// # let handle = whit_core::Handle::builder().clock(Arc::new(whit_timers::current_clock())).build();
/// # let _entered = handle.enter();
/// use std::time::Duration;
/// use whit_scope::move_on_after;
///
/// whit_core::block_on(async {
///     let quick = move_on_after(Duration::from_secs(5), async { 5 });
///     assert_eq!(quick.await, Some(5));
///     let slow = move_on_after(Duration::from_millis(5), std::future::pending::<()>());
///     assert_eq!(slow.await, None);
/// });
/// ```
#[track_caller]
pub fn move_on_after<F: Future>(duration: Duration, future: F) -> MoveOn<F> {
    MoveOn { run: after("move_on_after", duration, future) }
}

/// As [`move_on_after`], until an instant; one that has passed is as a time of zero.
///
/// # Panics
///
/// If the current handle has no clock.
#[track_caller]
pub fn move_on_at<F: Future>(deadline: Instant, future: F) -> MoveOn<F> {
    MoveOn { run: Run::new(Start::Below(Some(deadline), clock("move_on_at")), future) }
}

/// Gives `future` this much time, and fails after that: trio's `fail_after`, asyncio's `timeout`.
///
/// As [`move_on_after`], but the answer says why.
///
/// # Errors
///
/// [`Cancelled`](crate::Cancelled), with the reason `Deadline` if the time was up.
///
/// # Panics
///
/// If the current handle has no clock.
#[track_caller]
pub fn fail_after<F: Future>(duration: Duration, future: F) -> Run<F> {
    after("fail_after", duration, future)
}

/// As [`fail_after`], until an instant; one that has passed is as a time of zero.
///
/// # Errors
///
/// [`Cancelled`](crate::Cancelled), with the reason `Deadline` if the time was up.
///
/// # Panics
///
/// If the current handle has no clock.
#[track_caller]
pub fn fail_at<F: Future>(deadline: Instant, future: F) -> Run<F> {
    Run::new(Start::Below(Some(deadline), clock("fail_at")), future)
}

pin_project! {
    /// A future's output, or `None` if the time was up; made by [`move_on_after`] and [`move_on_at`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless awaited"]
    pub struct MoveOn<F> {
        #[pin]
        run: Run<F>,
    }
}

impl<F: Future> Future for MoveOn<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().run.poll(cx).map(Result::ok)
    }
}

#[track_caller]
fn after<F>(what: &str, duration: Duration, future: F) -> Run<F> {
    let clock = clock(what);
    Run::new(Start::Below(clock.after(duration), clock), future)
}
