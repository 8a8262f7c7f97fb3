//! A future that keeps its output until all of its siblings have one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// `Pending` until ready, then the output waits here; the future is dropped as soon as it is ready.
    #[project = SlotProj]
    #[allow(unreachable_pub, reason = "named by the types of `gather!`, and by nobody else")]
    #[derive(Debug)]
    pub enum Slot<F: Future> {
        Pending { #[pin] future: F },
        Ready { output: Option<F::Output> },
    }
}

impl<F: Future> Slot<F> {
    pub(crate) fn new(future: F) -> Self {
        Slot::Pending { future }
    }

    /// True once the output is here.
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        match self.as_mut().project() {
            SlotProj::Pending { future } => match future.poll(cx) {
                Poll::Ready(output) => {
                    self.set(Slot::Ready { output: Some(output) });
                    true
                }
                Poll::Pending => false,
            },
            SlotProj::Ready { .. } => true,
        }
    }

    /// A look at the output, if it is here.
    pub(crate) fn peek(self: Pin<&mut Self>) -> Option<&mut F::Output> {
        match self.project() {
            SlotProj::Ready { output } => output.as_mut(),
            SlotProj::Pending { .. } => None,
        }
    }

    /// The output, once.
    #[track_caller]
    pub(crate) fn take(self: Pin<&mut Self>) -> F::Output {
        match self.project() {
            SlotProj::Ready { output } => output.take().expect("a gathered future was polled after it had completed"),
            SlotProj::Pending { .. } => unreachable!("outputs are taken when all are ready"),
        }
    }
}
