//! Which children of a combinator were woken: each has a waker of its own, so that a poll costs what was woken.
//!
//! Rules:
//! 1. A wake of child `i` puts `i` into `queue`, unless it is there already (`queued[i]`), and takes the parent's waker to
//!    wake it after the lock is released. So one parent's wake stands for all wakes until the parent looks.
//! 2. A poll of the parent leaves its waker and takes the whole queue in one section, in which the flags are cleared. A wake
//!    after it is seen by the next poll, for which that wake has woken the parent.
//! 3. Children are polled outside the lock, and only those that were woken before the poll: one that wakes itself does not
//!    keep the parent in it.
//! 4. A waker may outlive its child: then it causes a look at a slot that is empty, or at the next child in it.
//!
//! The lock is short and almost never contended; a lock-free list would save nothing that was seen in measurements.

use std::collections::VecDeque;
use std::mem;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};

use crate::sync::{Mutex, lock};

/// The wakers of a number of children that is fixed, or grows.
pub(crate) struct Ready {
    shared: Arc<Shared>,
    wakers: Vec<Waker>,
    // Taken from the queue and not polled yet.
    batch: VecDeque<usize>,
}

struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    parent: Option<Waker>,
    queue: VecDeque<usize>,
    queued: Vec<bool>,
}

/// What the waker of one child points to.
struct Child {
    shared: Arc<Shared>,
    index: usize,
}

impl Ready {
    /// `count` children, all of which are to be polled.
    pub(crate) fn new(count: usize) -> Ready {
        let state = State { parent: None, queue: (0..count).collect(), queued: vec![true; count] };
        let mut ready =
            Ready { shared: Arc::new(Shared { state: Mutex::new(state) }), wakers: Vec::new(), batch: VecDeque::new() };
        ready.wakers.reserve_exact(count);
        ready.grow(count);
        ready
    }

    /// Says that child `index`, which may be a new one, is to be polled. The parent is not woken: it is to poll after this.
    pub(crate) fn insert(&mut self, index: usize) {
        self.grow(index + 1);
        drop(self.shared.mark(index));
    }

    /// Calls `poll` for each child that was woken before this call, until it breaks; what is left is for the next call.
    pub(crate) fn poll<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(usize, &mut Context<'_>) -> ControlFlow<B>,
    ) -> Option<B> {
        self.shared.take(cx.waker(), &mut self.batch);
        while let Some(index) = self.batch.pop_front() {
            let mut cx = Context::from_waker(&self.wakers[index]);
            if let ControlFlow::Break(result) = poll(index, &mut cx) {
                return Some(result);
            }
        }
        None
    }

    fn grow(&mut self, count: usize) {
        for index in self.wakers.len()..count {
            self.wakers.push(Arc::new(Child { shared: self.shared.clone(), index }).into());
        }
    }
}

impl Shared {
    fn wake(&self, index: usize) {
        if let Some(parent) = self.mark(index) {
            parent.wake();
        }
    }

    /// Queues the child, and gives the parent's waker if it has not been told since it looked.
    fn mark(&self, index: usize) -> Option<Waker> {
        let mut state = lock(&self.state);
        if state.queued.len() <= index {
            state.queued.resize(index + 1, false);
        }
        if mem::replace(&mut state.queued[index], true) {
            return None;
        }
        state.queue.push_back(index);
        state.parent.take()
    }

    /// Leaves the parent's waker, and takes what was woken, behind what `batch` has left.
    fn take(&self, waker: &Waker, batch: &mut VecDeque<usize>) {
        let mut state = lock(&self.state);
        let old = match &state.parent {
            Some(parent) if parent.will_wake(waker) => None,
            _ => state.parent.replace(waker.clone()),
        };
        let State { queue, queued, .. } = &mut *state;
        queue.iter().for_each(|index| queued[*index] = false);
        if batch.is_empty() {
            mem::swap(queue, batch);
        } else {
            batch.append(queue);
        }
        drop(state);
        // A waker's drop is code of others.
        drop(old);
    }
}

impl Wake for Child {
    fn wake(self: Arc<Self>) {
        self.shared.wake(self.index);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.shared.wake(self.index);
    }
}
