//! A place for one value on its way from a child to somebody else.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::sync::{Mutex, lock};

/// Shared by two; the sender sets it once or gives up.
pub(crate) struct Slot<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Empty(Option<Waker>),
    Full(T),
    /// Taken, or given up.
    Over,
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Slot<T>> {
        Arc::new(Slot { state: Mutex::new(State::Empty(None)) })
    }

    /// `None` gives up. The first call counts.
    pub(crate) fn set(&self, value: Option<T>) {
        let mut state = lock(&self.state);
        let State::Empty(waiting) = &mut *state else { return };
        let waiting = waiting.take();
        *state = value.map_or(State::Over, State::Full);
        drop(state);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    pub(crate) fn is_set(&self) -> bool {
        !matches!(&*lock(&self.state), State::Empty(_))
    }

    /// The value, or `None` if the sender gave up.
    pub(crate) fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = lock(&self.state);
        if let State::Empty(waiting) = &mut *state {
            let old = waiting.replace(cx.waker().clone());
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, State::Over) {
            State::Full(value) => Poll::Ready(Some(value)),
            _ => Poll::Ready(None),
        }
    }
}

/// Tells who waits in [`TaskGroup::start`](crate::TaskGroup::start) that the child is ready.
///
/// Dropping it says that the child will not be.
#[must_use = "dropped, it tells that the child did not start"]
pub struct Ready<T> {
    pub(super) slot: Arc<Slot<T>>,
}

impl<T> Ready<T> {
    /// The child is ready; `value` is what `start` gives, such as the port that was bound.
    pub fn set(self, value: T) {
        self.slot.set(Some(value));
    }
}

impl<T> Drop for Ready<T> {
    fn drop(&mut self) {
        self.slot.set(None);
    }
}

/// The child ended, or dropped its [`Ready`], before it was ready. Its error, if it had one, is the group's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotStarted;

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the child ended before it said that it was ready; its error, if any, is reported by the group")
    }
}

impl Error for NotStarted {}

impl<T> fmt::Debug for Ready<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready { .. }")
    }
}
