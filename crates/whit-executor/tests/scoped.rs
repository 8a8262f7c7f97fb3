//! `run_scoped`: tasks that borrow from the caller's frame, on threads of their own.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use futures_lite::future::yield_now;
use whit_core::{Handle, ManualClock, block_on};
use whit_executor::{Executor, run_scoped};

/// Counts itself while it is there, in the frame of a test.
struct Here<'env>(&'env AtomicUsize);

impl<'env> Here<'env> {
    fn new(count: &'env AtomicUsize) -> Here<'env> {
        count.fetch_add(1, SeqCst);
        Here(count)
    }
}

impl Drop for Here<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[test]
fn tasks_borrow_from_the_caller_and_run_in_parallel() {
    let mut numbers: Vec<u32> = (0..1000).rev().collect();
    let together = Barrier::new(3);
    let together = &together;
    let parts = run_scoped(3, |executor| {
        let sort = |part: &'_ mut [u32]| part.sort_unstable();
        let tasks: Vec<_> = (numbers.chunks_mut(334))
            .map(|part| {
                executor.spawn(async move {
                    // Each in a poll at the same time: they would wait for ever on fewer threads.
                    together.wait();
                    sort(part);
                    yield_now().await;
                    part.len()
                })
            })
            .collect();
        async move {
            let mut parts = Vec::new();
            for task in tasks {
                parts.push(task.await);
            }
            parts
        }
    });
    assert_eq!(parts, [334, 334, 332]);
    assert!(numbers.chunks(334).all(|part| part.is_sorted()));
}

#[test]
fn tasks_spawn_tasks_on_any_number_of_threads() {
    type Tree<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;
    fn tree<'env>(executor: Arc<Executor<'env>>, count: &'env AtomicUsize, depth: u32) -> Tree<'env> {
        Box::pin(async move {
            count.fetch_add(1, SeqCst);
            if depth > 0 {
                let halves = [(); 2].map(|()| executor.spawn(tree(executor.clone(), count, depth - 1)));
                for half in halves {
                    half.await;
                }
            }
        })
    }
    for threads in [1, 2, 4] {
        let count = AtomicUsize::new(0);
        run_scoped(threads, |executor| tree(executor, &count, 9));
        assert_eq!(count.into_inner(), 1023);
    }
}

/// Tasks that are left, that hold the executor, that are being polled and that spawn more when they are dropped.
#[test]
fn nothing_is_left_when_it_returns() {
    struct SpawnsOnDrop<'env>(Arc<Executor<'env>>, &'env AtomicUsize);
    impl Drop for SpawnsOnDrop<'_> {
        fn drop(&mut self) {
            let late = Here::new(self.1);
            self.0.spawn(async move { drop(late) }).detach();
        }
    }
    for round in 0..if cfg!(miri) { 5 } else { 200 } {
        let here = AtomicUsize::new(0);
        let polled = AtomicBool::new(false);
        let (here, polled) = (&here, &polled);
        let count = run_scoped(1 + round % 4, |executor| async move {
            for n in 0..50 {
                let (guard, again) = (Here::new(here), executor.clone());
                let task = executor.spawn(async move {
                    let _guard = guard;
                    polled.store(true, SeqCst);
                    if n % 2 == 0 {
                        let _spawns = SpawnsOnDrop(again, here);
                        pending::<()>().await;
                    }
                    loop {
                        yield_now().await;
                    }
                });
                task.detach();
            }
            while !polled.load(SeqCst) {
                yield_now().await;
            }
            here.load(SeqCst)
        });
        assert_eq!((count >= 50, here.load(SeqCst)), (true, 0));
    }
}

/// One of two tasks that meet is polled on the other thread, and stays there while the root ends.
#[test]
fn it_waits_for_a_poll_that_takes_long() {
    let (main, together, ended) = (thread::current().id(), Barrier::new(2), AtomicBool::new(false));
    let long = async || {
        together.wait();
        if thread::current().id() != main {
            thread::sleep(Duration::from_millis(50));
            ended.store(true, SeqCst);
            pending::<()>().await;
        }
    };
    run_scoped(2, |executor| {
        let [one, two] = [executor.spawn(long()), executor.spawn(long())];
        futures_lite::future::or(one, two)
    });
    assert!(ended.load(SeqCst));
}

fn message(panic: Box<dyn std::any::Any + Send>) -> &'static str {
    panic.downcast_ref::<&'static str>().copied().unwrap_or("?")
}

/// In the root, in what makes the root, in a task that is awaited, and in the drop of one.
#[test]
fn whatever_panics_it_goes_on_after_all_futures_were_dropped() {
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            resume_unwind(Box::new("spite"));
        }
    }
    for kind in 0..4 {
        let here = AtomicUsize::new(0);
        let count = &here;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            run_scoped(3, |executor: Arc<Executor<'_>>| {
                for _ in 0..10 {
                    let guard = Here::new(count);
                    executor.spawn(async move { (guard, pending::<()>().await) }).detach();
                }
                if kind == 0 {
                    resume_unwind(Box::new("spite"));
                }
                async move {
                    yield_now().await;
                    match kind {
                        1 => resume_unwind(Box::new("spite")),
                        2 => executor.spawn(async { resume_unwind(Box::new("spite")) }).await,
                        _ => {
                            let (spiteful, guard) = (Spiteful, Here::new(count));
                            executor.spawn(async move { (spiteful, guard, pending::<()>().await) }).detach();
                        }
                    }
                }
            });
        }));
        // What a drop of a leftover task panics with goes nowhere, as in every executor of ours.
        assert_eq!((kind, caught.map_err(message)), (kind, if kind == 3 { Ok(()) } else { Err("spite") }));
        assert_eq!(here.load(SeqCst), 0);
    }
}

#[test]
fn a_detached_panic_goes_to_the_hook() {
    let seen = Arc::new(Mutex::new(None));
    run_scoped(2, |executor| {
        let seen = seen.clone();
        executor.on_unhandled(move |panic| *seen.lock().unwrap() = panic.message().map(str::to_owned));
        async move {
            executor.spawn(async { resume_unwind(Box::new("spite")) }).detach();
            while !executor.is_empty() {
                yield_now().await;
            }
        }
    });
    assert_eq!(seen.lock().unwrap().as_deref(), Some("spite"));
}

#[test]
fn all_threads_are_in_the_callers_runtime() {
    let handle = Handle::builder().clock(Arc::new(ManualClock::new())).build();
    let entered = handle.enter();
    let together = Barrier::new(3);
    let has_clock = || {
        together.wait();
        Handle::current().clock().is_ok()
    };
    let has_clock = &has_clock;
    let all = run_scoped(3, async |executor| {
        let others = [(); 2].map(|()| executor.spawn(async move { has_clock() }));
        let mut all = has_clock();
        for other in others {
            all &= other.await;
        }
        all
    });
    drop(entered);
    assert!(all && Handle::try_current().is_err());
}

#[test]
fn calls_nest_and_borrow_from_the_frame_of_a_task() {
    let total = run_scoped(2, async |executor| {
        let task = executor.spawn(async {
            let local = [1, 2, 3];
            run_scoped(2, |inner| async {
                let (local, inner) = (&local, inner);
                drop(inner);
                ready(local.iter().sum::<i32>()).await
            })
        });
        task.await
    });
    assert_eq!(total, 6);
}

/// Whoever takes the executor along has a closed one.
#[test]
fn the_executor_is_closed_afterwards() {
    let count = AtomicUsize::new(0);
    let executor = run_scoped(2, |executor| ready(executor.clone()));
    let guard = Here::new(&count);
    let late = executor.spawn(async move { drop(guard) });
    assert_eq!((block_on(late.fallible()), count.load(SeqCst)), (None, 0));
}

#[test]
#[should_panic(expected = "no thread at all")]
fn no_threads_are_refused() {
    run_scoped(0, |_| ready(()));
}
