//! A model of the shards' lock: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-timers --test loom_short_lock`.
//!
//! loom watches who is inside the cell, and whether what one did there is known to the next.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use whit_timers::short_lock::ShortLock;

/// Two threads that both have to have it: each sees what the other has done, whole.
#[test]
fn one_at_a_time() {
    loom::model(|| {
        let lock = Arc::new(ShortLock::new((0, 0)));
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let lock = lock.clone();
                thread::spawn(move || {
                    let mut inside = lock.lock();
                    inside.0 += 1;
                    inside.1 += 1;
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*lock.lock(), (2, 2));
    });
}

/// Who only tries gets it or not; and who does not get it leaves it to the one inside.
#[test]
fn one_that_is_turned_away_opens_nothing() {
    loom::model(|| {
        let lock = Arc::new(ShortLock::new(0));
        let tries = {
            let lock = lock.clone();
            thread::spawn(move || {
                // Twice: the first time must not make the second succeed.
                (0..2).filter(|_| lock.try_lock().map(|mut inside| *inside += 1).is_some()).count()
            })
        };
        {
            let mut inside = lock.lock();
            let before = *inside;
            thread::yield_now();
            *inside = before + 1;
        }
        let tried = tries.join().unwrap();
        assert_eq!(*lock.lock(), 1 + tried);
    });
}
