//! The queue that everybody shares: for tasks from threads that are no workers, and for what a worker's ring does not hold.
//!
//! A deque under a short lock, with whole batches moved under one: what overflows a ring and what a worker fetches is
//! mostly many tasks at once, which no lock-free queue moves as cheaply.

use std::collections::VecDeque;

use whit_core::Runnable;

use crate::padded::Padded;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

#[derive(Default)]
pub(crate) struct Injector {
    tasks: Mutex<VecDeque<Runnable>>,
    // Written under the lock, read without, for a glance.
    length: Padded<AtomicUsize>,
}

impl Injector {
    pub(crate) fn push(&self, runnable: Runnable) {
        self.with(|tasks| tasks.push_back(runnable));
    }

    pub(crate) fn push_batch(&self, batch: impl IntoIterator<Item = Runnable>) {
        self.with(|tasks| tasks.extend(batch));
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        if self.is_empty() { None } else { self.with(VecDeque::pop_front) }
    }

    /// The first task, and up to `most` further ones to `take_rest`, but no more than a fair share among `sharers`.
    pub(crate) fn pop_batch(&self, most: usize, sharers: usize, take_rest: impl FnMut(Runnable)) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        self.with(|tasks| {
            let first = tasks.pop_front();
            let share = most.min(tasks.len() / sharers.max(1));
            tasks.drain(..share).for_each(take_rest);
            first
        })
    }

    /// Up to `most` tasks to `take`, but no more than a fair share among `sharers`, rounded up.
    pub(crate) fn move_batch(&self, most: usize, sharers: usize, take: impl FnMut(Runnable)) {
        self.with(|tasks| {
            let share = most.min(tasks.len().div_ceil(sharers.max(1)));
            tasks.drain(..share).for_each(take);
        });
    }

    /// May be out of date, but not for one whose own fence orders it behind a push.
    pub(crate) fn is_empty(&self) -> bool {
        self.length.0.load(Ordering::Acquire) == 0
    }

    fn with<R>(&self, f: impl FnOnce(&mut VecDeque<Runnable>) -> R) -> R {
        let mut tasks = lock(&self.tasks);
        let result = f(&mut tasks);
        self.length.0.store(tasks.len(), Ordering::Release);
        result
    }
}
