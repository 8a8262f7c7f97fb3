//! The end of a combinator that has its result before all children are ready: drop them, wait for what they leave, return.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use whit_core::cleanup::{Cleanup, collect};

/// Keeps the result while the clean-up goes on.
pub(crate) struct Stopping<T> {
    state: Option<(T, Cleanup)>,
}

impl<T> Stopping<T> {
    pub(crate) fn new() -> Stopping<T> {
        Stopping { state: None }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.state.is_some()
    }

    /// Drops what `drop` drops; `result` is returned after it has gone.
    pub(crate) fn begin(&mut self, result: T, drop: impl FnOnce()) {
        let ((), cleanup) = collect(drop);
        self.state = Some((result, cleanup));
    }

    /// The result, once. To be called after [`begin`](Stopping::begin).
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let (_, cleanup) = self.state.as_mut().expect("it has begun");
        ready!(Pin::new(cleanup).poll(cx));
        Poll::Ready(self.state.take().expect("it has begun").0)
    }
}
