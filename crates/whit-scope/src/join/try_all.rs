//! `try_join`: all values, or the first error once the rest has been cleaned up.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Slots, Together, TryAll};
use crate::stop::Stopping;
use crate::turns::Turns;

/// Runs several futures of `Result`s at once, until all have their values or one has an error.
///
/// The first error drops the other children **and waits until what they leave behind has ended**: a [`Task`](whit_core::Task)
/// that is dropped is cancelled, but its future goes where it would have been polled, soon. When the error is returned,
/// nothing of the other children runs any more, and what they borrowed is free. If several errors come in one poll, that
/// of the child polled first is returned and the others are dropped.
///
/// Takes and polls as [`join`](crate::join) does.
///
/// # Errors
///
/// The first error.
///
/// # Cancel safety
///
/// Dropping the returned future drops every child; nobody waits for tasks then.
///
/// # Panics
///
/// With the panic of a child, at once.
///
/// ```
/// use whit_scope::try_join;
///
/// whit_core::block_on(async {
///     let both: Result<_, String> = try_join((async { Ok(1) }, async { Ok("two") })).await;
///     assert_eq!(both, Ok((1, "two")));
///     let failed: Result<(u8, u8), _> = try_join((async { Err("no") }, std::future::pending())).await;
///     assert_eq!(failed, Err("no"));
/// });
/// ```
pub fn try_join<T: Together<Slots: TryAll>>(futures: T) -> TryJoinAll<T::Slots, <T::Slots as TryAll>::Error> {
    let slots = futures.into_slots();
    TryJoinAll { left: slots.len(), turns: Turns::new(slots.len()), slots, stopping: Stopping::new() }
}

pin_project! {
    /// All the values, or the first error; made by [`try_join`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct TryJoinAll<S, E> {
        #[pin]
        slots: S,
        turns: Turns,
        left: usize,
        stopping: Stopping<E>,
    }
}

impl<S: TryAll> Future for TryJoinAll<S, S::Error> {
    type Output = Result<S::Values, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !this.stopping.has_begun() {
            let (slots, left) = (&mut this.slots, this.left);
            let failed = this.turns.poll(cx, |index, cx| {
                if !slots.as_mut().poll_one(index, cx) {
                    return ControlFlow::Continue(());
                }
                *left -= 1;
                slots.as_mut().take_error(index).map_or(ControlFlow::Continue(()), ControlFlow::Break)
            });
            match failed {
                None if *left == 0 => return Poll::Ready(Ok(this.slots.take_values())),
                None => return Poll::Pending,
                Some(error) => this.stopping.begin(error, || this.slots.clear()),
            }
        }
        Poll::Ready(Err(ready!(this.stopping.poll(cx))))
    }
}

impl<S, E> fmt::Debug for TryJoinAll<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TryJoinAll").field("left", &self.left).finish_non_exhaustive()
    }
}
