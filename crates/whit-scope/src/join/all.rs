//! `join`: all outputs.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{Slots, TakeAll, Together};
use crate::turns::Turns;

/// Runs several futures at once and waits for all: asyncio's `gather`. The outputs come in the order of the arguments.
///
/// Takes a tuple of up to twelve futures, an array or a vector. The children are polled inside the task that awaits, and so
/// may borrow; on several workers they run one after the other. Each is dropped as soon as it is ready.
///
/// A poll costs what was woken: each child has a waker of its own (a few children get it once they have been polled often
/// enough for it to pay). A child that wakes itself again and again does not keep the others from their turn.
///
/// # Cancel safety
///
/// Dropping the returned future drops every child, and the outputs that had come.
///
/// # Panics
///
/// With the panic of a child, at once.
///
/// ```
/// use whit_scope::join;
///
/// whit_core::block_on(async {
///     assert_eq!(join((async { 1 }, async { "two" })).await, (1, "two"));
///     assert_eq!(join([1, 2, 3].map(|n| async move { n * n })).await, [1, 4, 9]);
///     assert_eq!(join((0..3).map(|n| async move { n }).collect::<Vec<_>>()).await, [0, 1, 2]);
/// });
/// ```
pub fn join<T: Together<Slots: TakeAll>>(futures: T) -> JoinAll<T::Slots> {
    let slots = futures.into_slots();
    JoinAll { left: slots.len(), turns: Turns::new(slots.len()), slots }
}

pin_project! {
    /// All the outputs; made by [`join`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct JoinAll<S> {
        #[pin]
        slots: S,
        turns: Turns,
        left: usize,
    }
}

impl<S: TakeAll> Future for JoinAll<S> {
    type Output = S::All;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::All> {
        let mut this = self.project();
        let (slots, left) = (&mut this.slots, this.left);
        this.turns.poll(cx, |index, cx| {
            *left -= usize::from(slots.as_mut().poll_one(index, cx));
            ControlFlow::<()>::Continue(())
        });
        if *left == 0 { Poll::Ready(this.slots.take_all()) } else { Poll::Pending }
    }
}

impl<S> fmt::Debug for JoinAll<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").field("left", &self.left).finish_non_exhaustive()
    }
}
