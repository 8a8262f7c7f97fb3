//! A future that keeps its output until somebody takes it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// `Running` until ready; then the future is dropped at once and its output waits here.
    #[project = SlotProj]
    #[project_replace = SlotOwn]
    #[allow(unreachable_pub, reason = "named by types that stand behind the traits of `join`, and by nobody else")]
    pub enum Slot<F: Future> {
        Running { #[pin] future: F },
        Ready { output: F::Output },
        Taken,
    }
}

impl<F: Future> Slot<F> {
    pub(crate) fn new(future: F) -> Self {
        Slot::Running { future }
    }

    /// True if the output came just now.
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let SlotProj::Running { future } = self.as_mut().project() else { return false };
        match future.poll(cx) {
            Poll::Ready(output) => {
                self.set(Slot::Ready { output });
                true
            }
            Poll::Pending => false,
        }
    }

    /// The output. To be called once it is here.
    pub(crate) fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project_replace(Slot::Taken) {
            SlotOwn::Ready { output } => output,
            SlotOwn::Running { .. } | SlotOwn::Taken => panic!("a combinator was polled after it had completed"),
        }
    }

    /// Drops the future or the output.
    pub(crate) fn clear(mut self: Pin<&mut Self>) {
        self.set(Slot::Taken);
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> Slot<F> {
    /// The error, if the output is here and is one; a value stays.
    pub(crate) fn take_error(self: Pin<&mut Self>) -> Option<E> {
        match &*self {
            Slot::Ready { output: Err(_) } => self.take().err(),
            _ => None,
        }
    }
}
