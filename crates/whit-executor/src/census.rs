//! How many tasks there are, without a place that all workers write to.
//!
//! Each worker counts the tasks that were spawned on its thread, and those whose futures ended there; others share a pair of
//! counters. A task mostly ends elsewhere than where it was spawned, so only the sums mean something.
//!
//! Rules:
//! 1. A task is counted as started before it can be seen by another thread, and as ended after its future was dropped.
//! 2. Only the owner writes a worker's pair, so that a plain load and a `Release` store do for a step. The shared pair takes
//!    read-modify-writes.
//! 3. Who asks whether any task is left adds up all that ended **first**, by `Acquire` loads, and then all that started. If an
//!    end is seen, so is its start, since they are ordered by way of the queues. So the sums can only differ in one direction,
//!    and if they are equal there was a moment without a task.

use crate::padded::Padded;
use crate::sync::atomic::{AtomicUsize, Ordering};

#[derive(Default)]
pub(crate) struct Census(Padded<Counts>);

#[derive(Default)]
struct Counts {
    started: AtomicUsize,
    ended: AtomicUsize,
}

impl Census {
    /// By the owner.
    pub(crate) fn start(&self) {
        step(&self.0.0.started);
    }

    /// By the owner.
    pub(crate) fn end(&self) {
        step(&self.0.0.ended);
    }

    /// By anybody, on a pair that nobody owns.
    pub(crate) fn start_shared(&self) {
        self.0.0.started.fetch_add(1, Ordering::Release);
    }

    /// By anybody, on a pair that nobody owns.
    pub(crate) fn end_shared(&self) {
        self.0.0.ended.fetch_add(1, Ordering::Release);
    }

    /// Adds the counts of a worker that leaves, to a pair that nobody owns.
    pub(crate) fn inherit(&self, from: &Census) {
        self.0.0.started.fetch_add(from.0.0.started.load(Ordering::Acquire), Ordering::Release);
        self.0.0.ended.fetch_add(from.0.0.ended.load(Ordering::Acquire), Ordering::Release);
    }

    /// Rule 3: at least as many as were alive at some moment of the call, and nought only if nobody was.
    pub(crate) fn left<'c>(all: impl Iterator<Item = &'c Census> + Clone) -> usize {
        let sum = |of: fn(&Counts) -> &AtomicUsize| {
            all.clone().fold(0usize, |sum, census| sum.wrapping_add(of(&census.0.0).load(Ordering::Acquire)))
        };
        let ended = sum(|counts| &counts.ended);
        sum(|counts| &counts.started).wrapping_sub(ended)
    }
}

fn step(count: &AtomicUsize) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// Rule 3: while one task lives, no coming and going of others makes the sums equal. By stress: loom does not try the
    /// orders that matter here.
    #[test]
    fn a_task_that_lives_is_counted_whoever_comes_and_goes() {
        let (all, done) = (<[Census; 4]>::default(), AtomicBool::new(false));
        all[0].start();
        std::thread::scope(|scope| {
            for worker in &all[1..3] {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        worker.start();
                        // It ends elsewhere, as far as the counts go.
                        all[3].end_shared();
                    }
                });
            }
            let lows = (0..300_000).map(|_| Census::left(all.iter())).min();
            done.store(true, Ordering::Relaxed);
            assert!(lows.is_some_and(|low| low >= 1), "{lows:?}");
        });
        assert_eq!(Census::left(all.iter()), 1);
    }
}
