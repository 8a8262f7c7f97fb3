//! A place in the tree of scopes: its flag, its deadline, and who waits for the flag.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use std::time::Instant;

use slab::Slab;
use whit_core::{Panics, wake_all};

use super::Cancelled;
use crate::sync::{Mutex, lock};

pub(crate) struct Node {
    parent: Option<Parent>,
    // A copy of `State::stage` for those who look without the lock; written under it.
    stage: AtomicU8,
    state: Mutex<State>,
}

struct Parent {
    node: Arc<Node>,
    // Where the parent keeps the way back here.
    place: usize,
}

#[derive(Default)]
struct State {
    cancelled: Option<Cancelled>,
    deadline: Option<Instant>,
    children: Slab<Weak<Node>>,
    // Emptied by the first pass; nobody enters after it.
    watchers: Slab<Waker>,
    // Each run stays until it ends. Woken by the second pass, by a new deadline and by the end of a shield.
    runs: Slab<Waker>,
    has_run: bool,
}

/// How far a cancellation has come.
const LIVE: u8 = 0;
const CANCELLED: u8 = 1;
const DELIVERED: u8 = 2;

impl Node {
    /// A child of `parent`, or the root of a tree.
    pub(crate) fn new(parent: Option<Arc<Node>>, deadline: Option<Instant>) -> Arc<Node> {
        let node = |parent, stage, cancelled| Node {
            parent,
            stage: AtomicU8::new(stage),
            state: Mutex::new(State { deadline, cancelled, ..State::default() }),
        };
        let Some(parent) = parent else { return Arc::new(node(None, LIVE, None)) };
        let mut state = lock(&parent.state);
        if let Some(cancelled) = &state.cancelled {
            let cancelled = cancelled.clone();
            drop(state);
            // Nobody waits in it yet, so there is nothing to deliver.
            let place = usize::MAX;
            return Arc::new(node(Some(Parent { node: parent, place }), DELIVERED, Some(cancelled)));
        }
        let place = state.children.vacant_key();
        let child = Arc::new(node(Some(Parent { node: parent.clone(), place }), LIVE, None));
        state.children.insert(Arc::downgrade(&child));
        drop(state);
        child
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.stage.load(Ordering::Acquire) != LIVE
    }

    /// Whether everybody who asked has been woken, so that runs may act.
    pub(crate) fn is_delivered(&self) -> bool {
        self.stage.load(Ordering::Acquire) == DELIVERED
    }

    pub(crate) fn cancelled(&self) -> Option<Cancelled> {
        if self.is_cancelled() { lock(&self.state).cancelled.clone() } else { None }
    }

    /// Cancels this node and all below it. False if it was cancelled before.
    pub(crate) fn cancel(self: &Arc<Self>, cancelled: &Cancelled) -> bool {
        let mut panics = Panics::default();
        let mut wakers = Vec::new();
        let mut marked: Vec<Arc<Node>> = Vec::new();
        let mut next = vec![self.clone()];
        while let Some(node) = next.pop() {
            let mut state = lock(&node.state);
            // Whoever cancelled it already goes on below it.
            if state.cancelled.is_none() {
                state.cancelled = Some(cancelled.clone());
                node.stage.store(CANCELLED, Ordering::Release);
                wakers.extend(state.watchers.drain());
                next.extend(state.children.iter().filter_map(|(_, child)| child.upgrade()));
                drop(state);
                marked.push(node);
            } else {
                // The lock goes before the node, which may be the last of it and look for its parent.
                drop(state);
            }
        }
        panics.wake(wakers);
        let mut runs = Vec::new();
        for node in &marked {
            let state = lock(&node.state);
            node.stage.store(DELIVERED, Ordering::Release);
            runs.extend(state.runs.iter().map(|(_, run)| run.clone()));
        }
        panics.wake(runs);
        panics.resume();
        !marked.is_empty()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        lock(&self.state).deadline
    }

    /// The earliest deadline from here to the root.
    pub(crate) fn effective_deadline(&self) -> Option<Instant> {
        let mut node = self;
        let mut earliest = node.deadline();
        while let Some(parent) = &node.parent {
            node = &parent.node;
            earliest = match (earliest, node.deadline()) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        earliest
    }

    /// Sets the deadline and wakes the runs, which set their timers. False, and nothing is done, if it is too late: it is
    /// cancelled, or every run has ended.
    pub(crate) fn reschedule(&self, deadline: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        if state.cancelled.is_some() || (state.has_run && state.runs.is_empty()) {
            return false;
        }
        state.deadline = deadline;
        drop(state);
        self.wake_runs();
        true
    }

    pub(crate) fn wake_runs(&self) {
        let runs: Vec<Waker> = lock(&self.state).runs.iter().map(|(_, run)| run.clone()).collect();
        wake_all(runs);
    }

    /// `Ready` if it is cancelled; otherwise the waker is kept under `key` until it is.
    pub(crate) fn poll_cancelled(&self, key: &mut Option<usize>, waker: &Waker) -> Poll<Cancelled> {
        let mut state = lock(&self.state);
        if let Some(cancelled) = &state.cancelled {
            *key = None;
            return Poll::Ready(cancelled.clone());
        }
        let old = keep(&mut state.watchers, key, waker);
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Forgets a waker of [`poll_cancelled`](Node::poll_cancelled).
    pub(crate) fn forget(&self, key: &mut Option<usize>) {
        let Some(key) = key.take() else { return };
        let mut state = lock(&self.state);
        // After the first pass the list is empty, and stays so.
        let old = state.watchers.try_remove(key);
        drop(state);
        drop(old);
    }

    /// A run is pending; it is woken when it may act.
    pub(crate) fn enter(&self, key: &mut Option<usize>, waker: &Waker) {
        let mut state = lock(&self.state);
        state.has_run = true;
        let old = keep(&mut state.runs, key, waker);
        drop(state);
        drop(old);
    }

    /// A run has ended.
    pub(crate) fn leave(&self, key: &mut Option<usize>) {
        let mut state = lock(&self.state);
        state.has_run = true;
        let old = key.take().map(|key| state.runs.remove(key));
        drop(state);
        drop(old);
    }

    fn detach(&mut self) -> Option<Arc<Node>> {
        let Parent { node, place } = self.parent.take()?;
        let mut state = lock(&node.state);
        state.children.try_remove(place);
        drop(state);
        Some(node)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // By a loop: a chain of scopes may be longer than a stack is deep.
        let mut parent = self.detach();
        while let Some(mut node) = parent.and_then(Arc::into_inner) {
            parent = node.detach();
        }
    }
}

/// Puts a clone of `waker` under `key`, and gives the one that it replaces.
fn keep(wakers: &mut Slab<Waker>, key: &mut Option<usize>, waker: &Waker) -> Option<Waker> {
    match key {
        None => {
            *key = Some(wakers.insert(waker.clone()));
            None
        }
        Some(key) if wakers[*key].will_wake(waker) => None,
        Some(key) => Some(std::mem::replace(&mut wakers[*key], waker.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{Future, pending};
    use std::task::Context;

    use crate::{CancelScope, Reason, cancelled, move_on_at};

    fn counts(node: &Node) -> (usize, usize, usize) {
        let state = lock(&node.state);
        (state.children.len(), state.watchers.len(), state.runs.len())
    }

    /// Children, watchers and runs that go away leave nothing, in whatever order and stage.
    #[test]
    fn nothing_is_left_behind() {
        let mut cx = Context::from_waker(Waker::noop());
        let handle = whit_core::Handle::builder().clock(Arc::new(whit_core::ManualClock::new())).build();
        let _entered = handle.enter();
        let node = Node::new(None, None);
        for cancel in [false, true] {
            let inside = async {
                let inner = CancelScope::new().run(pending::<()>());
                let limited = move_on_at(std::time::Instant::now() + std::time::Duration::from_secs(9), cancelled());
                crate::join((inner, limited, cancelled())).await
            };
            let mut run = Box::pin(super::super::Run::speaking_for_itself(node.clone(), inside));
            assert!(run.as_mut().poll(&mut cx).is_pending());
            assert_eq!(counts(&node), (2, 1, 1));
            if cancel {
                node.cancel(&Cancelled::new(Reason::Dropped));
                assert_eq!(counts(&node), (2, 0, 1));
            }
            drop(run);
            assert_eq!(counts(&node), (0, 0, 0));
        }
    }
}
