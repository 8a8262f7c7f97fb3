//! The future around a child, and `Child`, the handle on it.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use whit_core::{Inherited, Spawn};

use super::slot::Slot;
use super::state::{Ended, Shared};
use crate::cancel::Node;
use crate::unwind::{CatchUnwind, Panic, pin_and_drop};
use crate::{Cancelled, Reason, Run};

/// A handle on a child of a group, and a future of its value. It may be dropped, kept, and awaited after the group has ended.
///
/// # Errors
///
/// Awaiting it gives [`Cancelled`] if the child was cancelled, alone or with the group. So it does if the child failed or
/// panicked, with the reason `Failed` and the child's own line; what it failed with is the group's to tell.
///
/// # Cancel safety
///
/// Dropping it changes nothing. The value is given once.
pub struct Child<T> {
    slot: Arc<Slot<Result<T, Cancelled>>>,
    node: Arc<Node>,
}

impl<T> Child<T> {
    pub(super) fn new(slot: Arc<Slot<Result<T, Cancelled>>>, node: Arc<Node>) -> Child<T> {
        Child { slot, node }
    }

    /// The handle on a child that never began.
    pub(crate) fn ended() -> Child<T> {
        let slot = Slot::new();
        slot.set(None);
        Child { slot, node: Node::new(None, None) }
    }

    pub(super) fn slot(&self) -> &Arc<Slot<Result<T, Cancelled>>> {
        &self.slot
    }

    /// Cancels this child alone, with this reason and the caller's line. False if it was cancelled before.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.node.cancel(&Cancelled::explicit(reason, Location::caller()))
    }

    /// Whether it has ended, one way or the other.
    pub fn is_finished(&self) -> bool {
        self.slot.is_set()
    }
}

impl<T> Future for Child<T> {
    type Output = Result<T, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = ready!(self.slot.poll_take(cx));
        Poll::Ready(outcome.unwrap_or_else(|| Err(Cancelled::new(Reason::Ended))))
    }
}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// A child that has been counted in, and what starts it, which must be called once.
pub(super) fn new<T, E, F>(
    shared: Arc<Shared<E>>,
    location: &'static Location<'static>,
    future: F,
) -> (Child<T>, impl FnOnce() + Send + 'static)
where
    T: Send + 'static,
    E: Send + 'static,
    F: Future<Output = Result<T, E>> + Send + 'static,
{
    let node = Node::new(Some(shared.children.clone()), None);
    let child = Child { slot: Slot::new(), node: node.clone() };
    let slot = child.slot.clone();
    // It may start in the course of another child, whose values are not its own.
    let mut values = Inherited::current();
    let launch = move || {
        let home = shared.home.clone();
        let run = CatchUnwind::new(Run::speaking_for_itself(node, future));
        let parts = Parts { run, guard: Guard { shared, slot, location } };
        let task = values.enter(|| Spawn::new().location(location).spawn(&home, parts.drive()));
        // Its scope is what cancels it, and the group waits for it.
        task.detach();
    };
    (child, launch)
}

/// Dropped in this order, before the first poll as well as after: the guard must see the future gone.
struct Parts<F, T, E> {
    run: CatchUnwind<Run<F>>,
    guard: Guard<T, E>,
}

impl<T, E, F: Future<Output = Result<T, E>>> Parts<F, T, E> {
    async fn drive(self) {
        let (guard, run) = self.split();
        let outcome = pin_and_drop(run).await;
        guard.finish(outcome);
    }

    fn split(self) -> (Guard<T, E>, CatchUnwind<Run<F>>) {
        (self.guard, self.run)
    }
}

/// Counts the child out.
struct Guard<T, E> {
    shared: Arc<Shared<E>>,
    slot: Arc<Slot<Result<T, Cancelled>>>,
    location: &'static Location<'static>,
}

impl<T, E> Guard<T, E> {
    fn finish(self, outcome: Result<Result<Result<T, E>, Cancelled>, Panic>) {
        let failed = || Err(Cancelled::new(Reason::Failed { spawned: Some(self.location) }));
        let (ended, output) = match outcome {
            Ok(Ok(Ok(value))) => (Ended::Ok, Ok(value)),
            Ok(Ok(Err(error))) => (Ended::Failed(error), failed()),
            Ok(Err(cancelled)) => (Ended::Cancelled, Err(cancelled)),
            Err(panic) => (Ended::Panicked(panic), failed()),
        };
        self.shared.ended(self.location, ended);
        self.slot.set(Some(output));
    }
}

impl<T, E> Drop for Guard<T, E> {
    fn drop(&mut self) {
        // Nothing happens here if there was an outcome. If not, the executor dropped the task.
        self.slot.set(None);
        self.shared.gone();
    }
}
