//! Children that come and go: a set of futures of one type, each under a key.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::ready::Ready;

pub(crate) struct Pool<K, F: Future> {
    // An empty place is reused; a late waker of its former child then polls the new one once too often.
    children: Vec<Option<(K, Pin<Box<F>>)>>,
    free: Vec<usize>,
    ready: Ready,
}

impl<K, F: Future> Pool<K, F> {
    pub(crate) fn new() -> Pool<K, F> {
        Pool { children: Vec::new(), free: Vec::new(), ready: Ready::new(0) }
    }

    pub(crate) fn len(&self) -> usize {
        self.children.len() - self.free.len()
    }

    /// To be polled after this: nobody is woken.
    pub(crate) fn insert(&mut self, key: K, future: F) {
        let child = Some((key, Box::pin(future)));
        let index = match self.free.pop() {
            Some(index) => {
                self.children[index] = child;
                index
            }
            None => {
                self.children.push(child);
                self.children.len() - 1
            }
        };
        self.ready.insert(index);
    }

    /// The next output; `None` if there is no child.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<(K, F::Output)>> {
        if self.len() == 0 {
            return Poll::Ready(None);
        }
        let (children, free) = (&mut self.children, &mut self.free);
        let done = self.ready.poll(cx, |index, cx| {
            let place = &mut children[index];
            let Some((_, future)) = place else { return ControlFlow::Continue(()) };
            let Poll::Ready(output) = future.as_mut().poll(cx) else { return ControlFlow::Continue(()) };
            free.push(index);
            let (key, _) = place.take().expect("its future was there");
            ControlFlow::Break((key, output))
        });
        done.map_or(Poll::Pending, |done| Poll::Ready(Some(done)))
    }

    /// What is left, in no order.
    pub(crate) fn into_children(self) -> impl Iterator<Item = (K, Pin<Box<F>>)> {
        self.children.into_iter().flatten()
    }
}
