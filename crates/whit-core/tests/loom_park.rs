//! A model of `ThreadPark`: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-core --test loom_park`.
#![cfg(loom)]

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use whit_core::{Park, ThreadPark};

/// Rules 1 to 3: an unpark is never lost, and what was written before it is seen after the park. A lost one would be a
/// deadlock, which loom reports.
#[test]
fn an_unpark_is_never_lost() {
    loom::model(|| {
        let park = ThreadPark::new();
        let done = Arc::new(AtomicBool::new(false));
        let (unparker, written) = (park.unparker(), done.clone());
        let other = thread::spawn(move || {
            written.store(true, Ordering::Relaxed);
            unparker.wake();
        });
        while !done.load(Ordering::Relaxed) {
            park.park(None).unwrap();
        }
        other.join().unwrap();
    });
}
