//! A model of the wait for what a drop left behind: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-core --test loom_cleanup`.
#![cfg(loom)]

use loom::future::block_on;
use loom::thread;
use whit_core::cleanup::{collect, waker};

/// Two clones go on two threads while the third waits: the last of them ends the wait.
#[test]
fn the_last_clone_ends_the_wait() {
    loom::model(|| {
        let (clones, cleanup) = collect(|| [waker().unwrap(), waker().unwrap()]);
        let threads = clones.map(|clone| thread::spawn(move || drop(clone)));
        block_on(cleanup);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
