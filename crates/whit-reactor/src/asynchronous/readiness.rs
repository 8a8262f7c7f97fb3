//! Waiting for a direction to be ready, with a future that borrows its `Async` or one that owns a share of it.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use whit_core::{Dir, WaiterKey};

use super::Async;

/// What [`Async::readable`] gives.
pub type Readable<'a, T> = Readiness<&'a Async<T>, T>;
/// What [`Async::writable`] gives.
pub type Writable<'a, T> = Readiness<&'a Async<T>, T>;
/// What [`Async::readable_owned`] gives.
pub type ReadableOwned<T> = Readiness<Arc<Async<T>>, T>;
/// What [`Async::writable_owned`] gives.
pub type WritableOwned<T> = Readiness<Arc<Async<T>>, T>;

/// Ready when the direction is. Dropping it takes its waker out.
#[must_use = "futures do nothing unless awaited"]
pub struct Readiness<A: Deref<Target = Async<T>>, T> {
    io: A,
    dir: Dir,
    key: Option<WaiterKey>,
}

impl<A: Deref<Target = Async<T>>, T> Readiness<A, T> {
    pub(super) fn new(io: A, dir: Dir) -> Self {
        Readiness { io, dir, key: None }
    }
}

impl<A: Deref<Target = Async<T>> + Unpin, T> Future for Readiness<A, T> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let source = &this.io.registration.source;
        // An event came for this waiter: that is its answer, whoever used the readiness meanwhile.
        if this.key.is_some_and(|key| source.has_woken(this.dir, key)) {
            this.key = None;
            return Poll::Ready(Ok(()));
        }
        let polled = source.poll_ready_keyed(this.dir, &mut this.key, cx);
        this.io.registration.rearm_if(polled.is_pending())?;
        polled.map_ok(drop)
    }
}

impl<A: Deref<Target = Async<T>>, T> Drop for Readiness<A, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.io.registration.source.forget(self.dir, key);
        }
    }
}

impl<A: Deref<Target = Async<T>>, T> fmt::Debug for Readiness<A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("dir", &self.dir).finish_non_exhaustive()
    }
}
