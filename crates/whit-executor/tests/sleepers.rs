//! Who is woken for what waits in a worker's queue.

use std::future::pending;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use whit_core::ThreadPark;
use whit_executor::Executor;

/// A queue that comes to hold two wakes a sleeper, and so does one that comes to it again later; what its worker blocks on is
/// done by the other.
#[test]
fn the_second_of_a_queue_finds_a_worker_that_sleeps() {
    let executor = Arc::new(Executor::new());
    let other = executor.clone();
    // It has nothing to do but to help, and ends with the process.
    thread::spawn(move || other.block_on(&ThreadPark::new(), pending::<()>()));
    let spawner = executor.clone();
    executor.block_on(&ThreadPark::new(), async move {
        for _ in 0..3 {
            // Until the other one has fallen asleep.
            thread::sleep(Duration::from_millis(30));
            let inner = spawner.clone();
            let blocks = spawner.spawn(async move {
                let (first, done) = mpsc::channel();
                let second = first.clone();
                inner.spawn(async move { first.send(()).unwrap() }).detach();
                inner.spawn(async move { second.send(()).unwrap() }).detach();
                // Nobody else is told of these two, and the worker that has them does not go on.
                done.recv_timeout(Duration::from_secs(5))
            });
            blocks.await.expect("a queue of two, and somebody was told");
        }
    });
}
