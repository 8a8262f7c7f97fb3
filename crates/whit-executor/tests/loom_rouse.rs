//! A model of how a watch is got up: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-executor --test loom_rouse`.
#![cfg(loom)]

use std::time::Duration;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;
use whit_executor::rouse::Rouse;

/// A worker that wakes up beside a watch that goes to sleep: the watch sees it awake, sooner or later. loom reports a wait
/// without end.
#[test]
fn a_worker_that_wakes_up_is_seen() {
    loom::model(|| {
        let (rouse, awake) = (Arc::new(Rouse::default()), Arc::new(AtomicUsize::new(0)));
        let worker = thread::spawn({
            let (rouse, awake) = (rouse.clone(), awake.clone());
            move || {
                awake.fetch_add(1, Ordering::SeqCst);
                rouse.rouse();
            }
        });
        while awake.load(Ordering::SeqCst) == 0 {
            rouse.sleep(Duration::ZERO, || awake.load(Ordering::SeqCst) == 0);
        }
        worker.join().unwrap();
    });
}

/// The end comes through, however the watch sleeps.
#[test]
fn the_end_is_not_slept_through() {
    loom::model(|| {
        let (rouse, quiet) = (Arc::new(Rouse::default()), Arc::new(AtomicBool::new(true)));
        let other = thread::spawn({
            let rouse = rouse.clone();
            move || rouse.end()
        });
        while !rouse.has_ended() {
            rouse.sleep(Duration::ZERO, || quiet.load(Ordering::SeqCst));
        }
        other.join().unwrap();
    });
}
