//! The body of a scope with its children, of either kind.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use whit_core::budget;

use crate::pool::Pool;
use crate::sync::{Mutex, lock};

/// Where children come in; shared by the scope's future and its handles. A child is a `C`, boxed.
pub(super) struct Inner<C: ?Sized> {
    state: Mutex<State<C>>,
}

struct State<C: ?Sized> {
    incoming: Vec<Pin<Box<C>>>,
    // There between two polls of the scope.
    waiting: Option<Waker>,
    over: bool,
}

impl<C: ?Sized> Inner<C> {
    pub(super) fn new() -> Arc<Inner<C>> {
        Arc::new(Inner { state: Mutex::new(State { incoming: Vec::new(), waiting: None, over: false }) })
    }

    /// Takes a child in; in a scope that is over, drops it.
    pub(super) fn spawn(&self, child: Pin<Box<C>>) {
        let mut state = lock(&self.state);
        if state.over {
            // Its drop is code of others.
            drop(state);
            drop(child);
        } else {
            state.incoming.push(child);
            let waiting = state.waiting.take();
            drop(state);
            if let Some(waiting) = waiting {
                waiting.wake();
            }
        }
    }
}

/// What polls the body and the children.
pub(super) struct Run<C: ?Sized + Future<Output = ()>, F: Future> {
    parts: Pool<(), Part<C, F>>,
    inner: Arc<Inner<C>>,
    output: Option<F::Output>,
}

enum Part<C: ?Sized, F> {
    Body(Pin<Box<F>>),
    Child(Pin<Box<C>>),
}

impl<C: ?Sized + Future<Output = ()>, F: Future> Run<C, F> {
    pub(super) fn new(inner: Arc<Inner<C>>, body: F) -> Run<C, F> {
        let mut parts = Pool::new();
        parts.insert((), Part::Body(Box::pin(body)));
        Run { parts, inner, output: None }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Run { parts, inner, output } = self;
        // A unit of the budget for each part that ends and each round of spawns.
        while budget::poll_proceed(cx).is_ready() {
            match parts.poll_next(cx) {
                Poll::Ready(Some(((), ended))) => {
                    if ended.is_some() {
                        *output = ended;
                    }
                }
                polled => {
                    let mut state = lock(&inner.state);
                    if state.incoming.is_empty() {
                        if polled.is_ready() {
                            state.over = true;
                            drop(state);
                            return Poll::Ready(output.take().expect("a scope was polled after it had completed"));
                        }
                        let old = state.waiting.replace(cx.waker().clone());
                        drop(state);
                        drop(old);
                        budget::refund();
                        return Poll::Pending;
                    }
                    let incoming = std::mem::take(&mut state.incoming);
                    drop(state);
                    incoming.into_iter().for_each(|child| parts.insert((), Part::Child(child)));
                }
            }
        }
        Poll::Pending
    }
}

impl<C: ?Sized + Future<Output = ()>, F: Future> Future for Part<C, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Part::Body(body) => body.as_mut().poll(cx).map(Some),
            Part::Child(child) => child.as_mut().poll(cx).map(|()| None),
        }
    }
}

impl<C: ?Sized + Future<Output = ()>, F: Future> Drop for Run<C, F> {
    fn drop(&mut self) {
        let mut state = lock(&self.inner.state);
        state.over = true;
        let incoming = std::mem::take(&mut state.incoming);
        let waiting = state.waiting.take();
        drop(state);
        drop((incoming, waiting));
    }
}

impl<C: ?Sized> fmt::Debug for Inner<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("over", &lock(&self.state).over).finish_non_exhaustive()
    }
}

impl<C: ?Sized + Future<Output = ()>, F: Future> fmt::Debug for Run<C, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InScope").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}
