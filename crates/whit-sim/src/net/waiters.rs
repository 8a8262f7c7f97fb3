//! Who waits for one direction of a socket.

use std::task::{Context, Waker};

use super::turn::Turn;

/// Wakers, one for each task that waits. All are woken when the direction becomes ready, as those of a real socket are.
#[derive(Debug, Default)]
pub(super) struct Waiters(Vec<Waker>);

impl Waiters {
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        if !self.0.iter().any(|waker| waker.will_wake(cx.waker())) {
            self.0.push(cx.waker().clone());
        }
    }

    pub(super) fn wake(&mut self, turn: &mut Turn<'_>) {
        turn.wake(self.0.drain(..));
    }

    /// For a socket that goes: its wakers are dropped outside the lock, and not woken.
    pub(super) fn discard(&mut self, turn: &mut Turn<'_>) {
        turn.discard(self.0.drain(..));
    }
}
