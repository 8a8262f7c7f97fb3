//! The future that `async-task` runs: the user's, with panics caught and its end reported.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::outcome::{Outcome, UnhandledPanic, quietly};
use crate::Meta;

pin_project! {
    pub(crate) struct Body<'m, F: Future> {
        // `None` once dropped: after completion, after a panic.
        #[pin]
        future: Option<F>,
        meta: &'m Meta,
    }

    impl<F: Future> PinnedDrop for Body<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            this.end();
        }
    }
}

impl<'m, F: Future> Body<'m, F> {
    pub(crate) fn new(future: F, meta: &'m Meta) -> Self {
        Body { future: Some(future), meta }
    }

    /// Drops the future and tells the home, once.
    fn end(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.future.is_none() {
            return;
        }
        // The panic hook has told of a panic in here; to let it out would abort, or take the worker with it.
        if std::mem::needs_drop::<F>() {
            quietly(|| this.future.set(None));
        } else {
            this.future.set(None);
        }
        this.meta.release();
    }
}

impl<F: Future> Future for Body<'_, F> {
    type Output = Outcome<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        let future = this.future.as_pin_mut().expect("async-task does not poll a completed future");
        let polled = catch_unwind(AssertUnwindSafe(|| future.poll(cx)));
        let outcome = match polled {
            Ok(Poll::Pending) => {
                this.meta.pending(cx.waker());
                return Poll::Pending;
            }
            Ok(Poll::Ready(value)) => Outcome::value(value),
            Err(payload) => {
                // SAFETY: the future is dropped below.
                let home = unsafe { this.meta.home() }.clone();
                Outcome::panicked(UnhandledPanic::new(this.meta, home, payload))
            }
        };
        self.end();
        Poll::Ready(outcome)
    }
}
