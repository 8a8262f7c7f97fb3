//! The end of a combinator that has its result before all children are ready: drop them, wait for what they leave, return.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use whit_core::cleanup::{Cleanup, collect};

use crate::cancel::{Hold, enclosing};

/// Keeps the result while the clean-up goes on.
pub(crate) struct Stopping<T> {
    state: Option<State<T>>,
}

struct State<T> {
    result: T,
    cleanup: Cleanup,
    // Scopes around this wait for it as for a shield: what has been dropped here already is not dropped by them.
    _hold: Option<Hold>,
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
        let hold = (!cleanup.is_over()).then(|| Hold::new(enclosing()));
        self.state = Some(State { result, cleanup, _hold: hold });
    }

    /// The result, once. To be called after [`begin`](Stopping::begin).
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<T> {
        let state = self.state.as_mut().expect("it has begun");
        ready!(Pin::new(&mut state.cleanup).poll(cx));
        Poll::Ready(self.state.take().expect("it has begun").result)
    }
}
