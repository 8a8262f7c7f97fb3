//! The future that `async-task` runs: the user's, with panics caught and its end reported.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::outcome::{Outcome, UnhandledPanic, quietly};
use super::runnable::meta_of_body;
use crate::Meta;

pin_project! {
    pub(crate) struct Body<F: Future> {
        // `None` once dropped: after completion, after a panic.
        #[pin]
        future: Option<F>,
    }

    impl<F: Future> PinnedDrop for Body<F> {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                // SAFETY: this is the drop of a body, and nobody was called.
                this.end(unsafe { meta_of_body() });
            }
        }
    }
}

impl<F: Future> Body<F> {
    /// The body of a task, for `async-task` alone.
    pub(super) fn new(future: F) -> Self {
        Body { future: Some(future) }
    }

    /// Drops the future and tells the home, once.
    fn end(self: Pin<&mut Self>, meta: &Meta) {
        let mut this = self.project();
        // The panic hook has told of a panic in here; to let it out would abort, or take the worker with it.
        if std::mem::needs_drop::<F>() {
            quietly(|| this.future.set(None));
        } else {
            this.future.set(None);
        }
        meta.release();
    }
}

impl<F: Future> Future for Body<F> {
    type Output = Outcome<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: this is the poll of a body, and nobody was called.
        let meta = unsafe { meta_of_body() };
        let this = self.as_mut().project();
        let future = this.future.as_pin_mut().expect("async-task does not poll a completed future");
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => {
                meta.pending(cx.waker());
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => Outcome::value(value),
            Err(payload) => {
                // SAFETY: the future is dropped below.
                let home = unsafe { meta.home() }.clone();
                Outcome::panicked(UnhandledPanic::new(meta, home, payload))
            }
        };
        self.end(meta);
        Poll::Ready(outcome)
    }
}
