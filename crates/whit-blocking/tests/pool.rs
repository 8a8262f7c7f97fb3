//! Growing, shrinking, panicking and ending.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::time::{Duration, Instant};

use whit_blocking::{Pool, PoolBuilder, unblock};
use whit_core::{Handle, Home, Runnable, Schedule, ScheduleInfo, block_on, spawn};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_burst_is_done_and_the_pool_shrinks_to_nothing() {
    let pool = Arc::new(PoolBuilder::new().idle_timeout(Duration::from_millis(5)).build().unwrap());
    let (home, count): (Home, _) = (pool.clone(), Arc::new(AtomicUsize::new(0)));
    let jobs: Vec<_> = (0..10_000)
        .map(|_| {
            let count = count.clone();
            spawn(&home, async move { count.fetch_add(1, Ordering::Relaxed) })
        })
        .collect();
    block_on(async {
        for job in jobs {
            job.await;
        }
    });
    assert_eq!(count.load(Ordering::Relaxed), 10_000);
    let started = Instant::now();
    while pool.thread_count() > 0 {
        assert!(started.elapsed() < 10 * SECOND, "{pool:?}");
        std::thread::yield_now();
    }
    // And it starts again.
    assert_eq!(block_on(spawn(&home, async { 5 })), 5);
    pool.shutdown(10 * SECOND).unwrap();
    assert_eq!(pool.thread_count(), 0);
}

/// Each job comes right after the last, when its thread is looking out for it, about to wait, or waiting.
#[test]
fn a_job_that_comes_while_a_thread_goes_to_wait_is_not_left() {
    let pool = Arc::new(PoolBuilder::new().idle_timeout(20 * SECOND).max_threads(1).build().unwrap());
    let home: Home = pool.clone();
    let started = Instant::now();
    for round in 0..2000 {
        let done = Arc::new(AtomicUsize::new(0));
        spawn(&home, {
            let done = done.clone();
            async move { done.store(1, Ordering::SeqCst) }
        })
        .detach();
        while done.load(Ordering::SeqCst) == 0 {
            assert!(started.elapsed() < 10 * SECOND, "round {round}: {pool:?}");
            // Without a rest: the next one must come within microseconds.
            std::hint::spin_loop();
        }
        let (ended, gap) = (Instant::now(), Duration::from_micros(round % 30));
        while ended.elapsed() < gap {
            std::hint::spin_loop();
        }
    }
}

#[test]
fn as_many_block_at_once_as_the_cap_allows() {
    let pool = Arc::new(PoolBuilder::new().max_threads(3).build().unwrap());
    let home: Home = pool.clone();
    let (meet, at_once, most) =
        (Arc::new(Barrier::new(3)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let jobs: Vec<_> = (0..9)
        .map(|_| {
            let (meet, at_once, most) = (meet.clone(), at_once.clone(), most.clone());
            spawn(&home, async move {
                most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Three must be here at once for this to go on.
                meet.wait();
                at_once.fetch_sub(1, Ordering::SeqCst);
            })
        })
        .collect();
    block_on(async {
        for job in jobs {
            job.await;
        }
    });
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert_eq!(pool.thread_count(), 3);
}

#[test]
fn panics_are_raised_at_the_await_and_the_thread_goes_on() {
    let caught = catch_unwind(AssertUnwindSafe(|| block_on(unblock(|| panic!("in the job"))))).unwrap_err();
    assert_eq!(caught.downcast_ref(), Some(&"in the job"));
    assert_eq!(block_on(unblock(|| 3)), 3);
}

#[test]
fn shutdown_drops_the_queue_and_names_who_does_not_end() {
    let pool = Arc::new(PoolBuilder::new().max_threads(1).build().unwrap());
    let home: Home = pool.clone();
    let (started, has_started) = mpsc::channel();
    let (go, wait) = mpsc::channel::<()>();
    let running = spawn(&home, async move {
        started.send(()).unwrap();
        let _ = wait.recv();
        1
    });
    let queued = spawn(&home, async { 2 });
    has_started.recv().unwrap();
    let error = pool.shutdown(Duration::from_millis(5)).unwrap_err();
    assert!(error.to_string().contains("tests/pool.rs"), "{error}");
    assert_eq!(block_on(queued.fallible()), None);
    assert_eq!(block_on(spawn(&home, async { 3 }).fallible()), None);
    drop(go);
    assert_eq!(block_on(running), 1);
    pool.shutdown(10 * SECOND).unwrap();
}

#[test]
fn the_handle_goes_with_the_job() {
    let pool = Arc::new(Pool::new());
    let handle = Handle::builder().blocking(pool.clone()).build();
    let _entered = handle.enter();
    assert!(block_on(unblock(|| Handle::current().blocking().is_ok())));
    assert_eq!(pool.thread_count(), 1);
    assert!(PoolBuilder::new().max_threads(0).build().unwrap_err().to_string().contains("at least 1"));
}

#[test]
fn a_pool_that_cannot_be_is_refused() {
    let error = PoolBuilder::new().max_threads(0).build().unwrap_err();
    assert!(error.to_string().contains("0 threads"), "{error}");
    let error = PoolBuilder::new().name("a\0b").build().unwrap_err();
    assert!(error.to_string().contains("NUL"), "{error}");
}

/// A job that goes to the pool through a home of somebody else, whose `schedule` panics when the job wants to go on. It is lost
/// then, as that home asked for; but the thread goes on, and the pool knows how many there are.
#[test]
fn a_home_that_panics_takes_no_thread_along() {
    struct Fickle(Arc<Pool>, AtomicUsize);
    impl Schedule for Fickle {
        fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
            assert!(self.1.fetch_add(1, Ordering::SeqCst) == 0, "scheduled again");
            self.0.schedule(runnable, info);
        }
    }
    let pool = Arc::new(PoolBuilder::new().max_threads(1).build().unwrap());
    let home: Home = pool.clone();
    for _ in 0..3 {
        let fickle: Home = Arc::new(Fickle(pool.clone(), AtomicUsize::new(0)));
        spawn(&fickle, futures_lite::future::yield_now()).detach();
        assert_eq!(block_on(spawn(&home, async { 6 })), 6, "behind it, on the same thread");
    }
    assert_eq!(pool.thread_count(), 1);
    pool.shutdown(10 * SECOND).unwrap();
    assert_eq!(pool.thread_count(), 0);
}
