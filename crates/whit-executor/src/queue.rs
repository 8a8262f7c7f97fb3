//! The queue of one worker: a LIFO slot for the task woken last, and a deque that others steal half of. Spawned tasks and
//! those that yielded go to the tail of the deque: tasks start in the order of their spawning.
//!
//! One short mutex guards both. On two cores it is almost never contended, and an uncontended lock costs about as much as
//! the read-modify-writes of a lock-free ring; the LIFO slot can be stolen too, so a task in it never waits behind a worker
//! that blocks.

use std::collections::VecDeque;

use whit_core::{Runnable, ScheduleInfo};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

/// Runs of the LIFO slot in a row, before the deque has its turn: two tasks that wake each other must not starve the rest.
const LIFO_MOST: u32 = 3;

#[derive(Default)]
pub(crate) struct LocalQueue {
    inner: Mutex<Inner>,
    // How many tasks there are; written under the lock, read without, for a glance.
    length: AtomicUsize,
}

#[derive(Default)]
struct Inner {
    slot: Option<Runnable>,
    deque: VecDeque<Runnable>,
    lifo_runs: u32,
}

impl LocalQueue {
    /// Queues a woken task; true if others are waiting here as well, so that help would be welcome.
    pub(crate) fn push(&self, runnable: Runnable, info: ScheduleInfo) -> bool {
        let mut inner = lock(&self.inner);
        if info.woken_while_running || info.spawned {
            inner.deque.push_back(runnable);
        } else if let Some(former) = inner.slot.replace(runnable) {
            inner.deque.push_back(former);
        }
        self.note(&inner) > 1
    }

    pub(crate) fn extend(&self, tasks: impl Iterator<Item = Runnable>) {
        let mut inner = lock(&self.inner);
        inner.deque.extend(tasks);
        self.note(&inner);
    }

    /// The owner's next task.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut inner = lock(&self.inner);
        let lifo = inner.lifo_runs < LIFO_MOST || inner.deque.is_empty();
        let next = if lifo && inner.slot.is_some() {
            inner.lifo_runs += 1;
            inner.slot.take()
        } else {
            inner.lifo_runs = 0;
            let first = inner.deque.pop_front();
            first.or_else(|| inner.slot.take())
        };
        self.note(&inner);
        next
    }

    /// Any task, for who has no queue.
    pub(crate) fn pop_any(&self) -> Option<Runnable> {
        let mut inner = lock(&self.inner);
        let first = inner.deque.pop_front();
        let any = first.or_else(|| inner.slot.take());
        self.note(&inner);
        any
    }

    /// Moves half of the tasks to the thief; the first of them is the answer.
    pub(crate) fn steal_half(&self, thief: &LocalQueue) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut stolen = {
            let mut inner = lock(&self.inner);
            let half = inner.deque.len().div_ceil(2);
            let mut stolen: VecDeque<_> = inner.deque.drain(..half).collect();
            if stolen.is_empty() {
                stolen.extend(inner.slot.take());
            }
            self.note(&inner);
            stolen
        };
        let first = stolen.pop_front();
        if !stolen.is_empty() {
            thief.extend(stolen.into_iter());
        }
        first
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length.load(Ordering::SeqCst) == 0
    }

    fn note(&self, inner: &Inner) -> usize {
        let length = inner.deque.len() + usize::from(inner.slot.is_some());
        self.length.store(length, Ordering::SeqCst);
        length
    }
}
