//! A model of how a watch is got up: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-executor --test loom_rouse`.
#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use whit_executor::rouse::{Number, Rouse};

/// Wakes up as a worker does.
fn wake_up(rouse: &Rouse, awake: &AtomicUsize) {
    awake.fetch_add(1, Ordering::SeqCst);
    rouse.rouse();
}

/// Watches until it sees somebody awake.
fn watch_until_awake(rouse: &Rouse, watch: Number, awake: &AtomicUsize) {
    while awake.load(Ordering::SeqCst) == 0 {
        assert!(!rouse.has_ended(watch));
        rouse.sleep(watch, Duration::ZERO, || awake.load(Ordering::SeqCst) == 0);
    }
}

/// A worker that wakes up beside a watch that goes to sleep: the watch sees it awake, sooner or later. loom reports a wait
/// without end.
#[test]
fn a_worker_that_wakes_up_is_seen() {
    loom::model(|| {
        let (rouse, awake) = (Arc::new(Rouse::default()), Arc::new(AtomicUsize::new(0)));
        let watch = rouse.begin();
        let worker = thread::spawn({
            let (rouse, awake) = (rouse.clone(), awake.clone());
            move || wake_up(&rouse, &awake)
        });
        watch_until_awake(&rouse, watch, &awake);
        worker.join().unwrap();
    });
}

/// The end comes through, however the watch sleeps.
#[test]
fn the_end_is_not_slept_through() {
    loom::model(|| {
        let (rouse, quiet) = (Arc::new(Rouse::default()), Arc::new(AtomicBool::new(true)));
        let watch = rouse.begin();
        let other = thread::spawn({
            let rouse = rouse.clone();
            move || rouse.end(watch)
        });
        while !rouse.has_ended(watch) {
            rouse.sleep(watch, Duration::ZERO, || quiet.load(Ordering::SeqCst));
        }
        other.join().unwrap();
    });
}

/// A new watch begins while the former sleeps, and a worker wakes up: the former returns, and the new one sees the worker.
#[test]
fn the_next_watch_ends_the_former_and_misses_nothing() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (rouse, awake) = (Arc::new(Rouse::default()), Arc::new(AtomicUsize::new(0)));
        let former = rouse.begin();
        let sleeping = thread::spawn({
            let rouse = rouse.clone();
            move || {
                while !rouse.has_ended(former) {
                    rouse.sleep(former, Duration::ZERO, || true);
                }
            }
        });
        let next = rouse.begin();
        let worker = thread::spawn({
            let (rouse, awake) = (rouse.clone(), awake.clone());
            move || wake_up(&rouse, &awake)
        });
        watch_until_awake(&rouse, next, &awake);
        worker.join().unwrap();
        sleeping.join().unwrap();
    });
}

/// The next watch alone is enough to end the former.
#[test]
fn the_next_watch_ends_the_former() {
    loom::model(|| {
        let rouse = Arc::new(Rouse::default());
        let former = rouse.begin();
        let sleeping = thread::spawn({
            let rouse = rouse.clone();
            move || {
                while !rouse.has_ended(former) {
                    rouse.sleep(former, Duration::ZERO, || true);
                }
            }
        });
        rouse.begin();
        sleeping.join().unwrap();
    });
}
