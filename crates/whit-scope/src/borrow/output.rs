//! The output of a child, on its way to whoever has the handle.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::group::Slot;

/// The output of a child; made by [`Scope::spawn`](crate::Scope::spawn) and
/// [`LocalScope::spawn`](crate::LocalScope::spawn). Dropping it changes nothing: the scope waits for the child all the
/// same.
///
/// # Panics
///
/// Awaiting it panics if the scope's future was dropped before the child was ready, or if its output was taken before.
#[must_use = "if the output is not needed, drop it explicitly"]
pub struct Scoped<T> {
    slot: Arc<Slot<T>>,
}

/// A child that gives its output away, and the handle that gets it.
pub(super) fn split<F: Future>(future: F) -> (Scoped<F::Output>, impl Future<Output = ()> + use<F>) {
    let slot = Slot::new();
    let giver = Giver { slot: slot.clone() };
    let child = async move {
        let output = future.await;
        giver.slot.set(Some(output));
    };
    (Scoped { slot }, child)
}

/// Tells the handle when the child is dropped without an output.
struct Giver<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.slot.set(None);
    }
}

impl<T> Scoped<T> {
    /// Whether the child has ended.
    pub fn is_finished(&self) -> bool {
        self.slot.is_set()
    }
}

impl<T> Future for Scoped<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let output = ready!(self.slot.poll_take(cx));
        Poll::Ready(
            output.expect("the child of a scope has no output: its scope was dropped, or the output was taken before"),
        )
    }
}

impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}
