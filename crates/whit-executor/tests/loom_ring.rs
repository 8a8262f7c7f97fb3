//! A model of the ring: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-executor --test loom_ring`.
#![cfg(loom)]

use std::sync::{Arc as PlainArc, Mutex as PlainMutex};

use loom::sync::Arc;
use loom::thread;
use whit_core::{Home, Runnable, Schedule, ScheduleInfo, spawn};
use whit_executor::ring::Ring;

fn bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// A home that only collects.
#[derive(Default)]
struct Collect(PlainMutex<Vec<Runnable>>);

impl Schedule for Collect {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.0.lock().unwrap().push(runnable);
    }
}

fn tasks(count: usize) -> std::vec::IntoIter<Runnable> {
    let collect = PlainArc::new(Collect::default());
    let home: Home = collect.clone();
    (0..count).for_each(|_| spawn(&home, async {}).detach());
    let tasks = std::mem::take(&mut *collect.0.lock().unwrap());
    tasks.into_iter()
}

fn id(task: Runnable) -> u64 {
    task.meta().id().get()
}

/// What a thief gets, with one steal.
fn steal(ring: &Ring) -> Vec<u64> {
    let own = Ring::new();
    let first = ring.steal_half(&own);
    first.into_iter().chain(std::iter::from_fn(|| own.pop())).map(id).collect()
}

/// Everybody's tasks together are those that were pushed, each once, and everybody's are in order.
fn check(expected: &[u64], shares: &[&[u64]]) {
    let mut all: Vec<_> = shares.concat();
    all.sort_unstable();
    assert_eq!(all, expected);
    for share in shares {
        assert!(share.is_sorted(), "{share:?}");
    }
}

/// The owner pops while others steal.
#[test]
fn each_task_comes_to_one() {
    bounded(3, || {
        let ring = Arc::new(Ring::new());
        let mut expected = Vec::new();
        for task in tasks(3) {
            expected.push(task.meta().id().get());
            ring.push(task).unwrap();
        }
        let thieves = [ring.clone(), ring.clone()].map(|ring| thread::spawn(move || steal(&ring)));
        let mut own: Vec<_> = ring.pop().into_iter().map(id).collect();
        let [one, two] = thieves.map(|thief| thief.join().unwrap());
        own.extend(std::iter::from_fn(|| ring.pop()).map(id));
        check(&expected, &[&own, &one, &two]);
    });
}

/// Rule 3: the owner fills slots anew, the first time round and the second, while somebody is in the middle of a steal.
#[test]
fn a_slot_is_not_written_anew_before_it_was_read() {
    bounded(4, || {
        let ring = Arc::new(Ring::new());
        let mut more = tasks(7);
        let mut expected: Vec<_> = Vec::new();
        for task in more.by_ref().take(4) {
            expected.push(task.meta().id().get());
            ring.push(task).unwrap();
        }
        let thief = thread::spawn({
            let ring = ring.clone();
            move || steal(&ring)
        });
        let mut own: Vec<_> = ring.pop().into_iter().map(id).collect();
        for task in more {
            expected.push(task.meta().id().get());
            if let Err(refused) = ring.push(task) {
                // As the worker does: half goes elsewhere.
                let mut half = Vec::new();
                half.extend(ring.pop_half(|task| own.push(id(task))).map(id));
                own.extend(half);
                ring.push(refused).unwrap();
            }
        }
        own.extend(std::iter::from_fn(|| ring.pop()).map(id));
        own.sort_unstable();
        check(&expected, &[&own, &thief.join().unwrap()]);
    });
}

/// Rule 1: what a thief sees is written, also on slots that are used for the first time.
#[test]
fn a_slot_is_written_before_it_is_seen() {
    bounded(4, || {
        let ring = Arc::new(Ring::new());
        let thief = thread::spawn({
            let ring = ring.clone();
            move || steal(&ring)
        });
        let mut expected = Vec::new();
        for task in tasks(2) {
            expected.push(task.meta().id().get());
            ring.push(task).unwrap();
        }
        let own: Vec<_> = std::iter::from_fn(|| ring.pop()).map(id).collect();
        check(&expected, &[&own, &thief.join().unwrap()]);
    });
}
