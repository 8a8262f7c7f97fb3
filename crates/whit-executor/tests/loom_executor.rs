//! Models of sleeping, waking and ending: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-executor --test loom_executor`.
#![cfg(loom)]

use std::future::{pending, poll_fn};
use std::sync::Arc as PlainArc;
use std::sync::atomic::{AtomicUsize as Plain, Ordering::SeqCst};
use std::task::{Poll, Waker};

use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Mutex};
use loom::thread;
use whit_executor::Executor;

fn bounded(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// An executor whose shared state is never freed: its reference counts are std's, and loom would not see who was last.
fn executor() -> Arc<Executor<'static>> {
    let executor = Executor::new();
    std::mem::forget(executor.home());
    Arc::new(executor)
}

/// Set once, and waited for.
#[derive(Default)]
struct Flag {
    set: AtomicBool,
    waker: AtomicWaker,
}

impl Flag {
    fn set(&self) {
        self.set.store(true, Ordering::Release);
        self.waker.wake();
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            self.waker.register_by_ref(cx.waker());
            if self.set.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Rules 1 to 3 of `sleepers`: a spawn from another thread and a runner that goes to sleep do not miss each other.
#[test]
fn a_spawn_wakes_the_runner_that_sleeps() {
    bounded(3, || {
        let (executor, flag) = (executor(), Arc::new(Flag::default()));
        let other = thread::spawn({
            let (executor, flag) = (executor.clone(), flag.clone());
            move || executor.spawn(async move { flag.set() }).detach()
        });
        block_on(executor.run(flag.wait()));
        other.join().unwrap();
    });
}

/// Rule 4: two tasks that need each other at the same time get a runner each, though one wake may have called for both.
#[test]
fn a_runner_that_finds_work_calls_the_next() {
    bounded(2, || {
        let (executor, here) = (executor(), Arc::new(AtomicUsize::new(0)));
        let done: [Arc<Flag>; 2] = Default::default();
        let other = thread::spawn({
            let (executor, done) = (executor.clone(), done[0].clone());
            move || block_on(executor.run(done.wait()))
        });
        let spawning = thread::spawn({
            let (executor, done) = (executor.clone(), done.clone());
            move || {
                for _ in 0..2 {
                    let (here, done) = (here.clone(), done.clone());
                    let meet = async move {
                        // Holds its thread until the other is here, too.
                        if here.fetch_add(1, Ordering::AcqRel) == 1 {
                            done.iter().for_each(|flag| flag.set());
                        }
                        while here.load(Ordering::Acquire) < 2 {
                            thread::yield_now();
                        }
                    };
                    executor.spawn(meet).detach();
                }
            }
        });
        block_on(executor.run(done[1].wait()));
        other.join().unwrap();
        spawning.join().unwrap();
    });
}

/// A runner that has a task and takes over more from the injector hides neither from the one that goes to sleep: what it is kept
/// from by the task that it runs, the other one does.
#[test]
fn what_a_runner_takes_over_is_seen_by_the_other() {
    bounded(2, || {
        let (executor, ran) = (executor(), Arc::new(AtomicUsize::new(0)));
        let done: [Arc<Flag>; 2] = Default::default();
        let other = thread::spawn({
            let (executor, done) = (executor.clone(), done[0].clone());
            move || block_on(executor.run(done.wait()))
        });
        for holds in [true, false, false] {
            let (ran, done) = (ran.clone(), done.clone());
            let task = async move {
                if ran.fetch_add(1, Ordering::AcqRel) == 2 {
                    done.iter().for_each(|flag| flag.set());
                }
                while holds && ran.load(Ordering::Acquire) < 3 {
                    thread::yield_now();
                }
            };
            executor.spawn(task).detach();
        }
        block_on(executor.run(done[1].wait()));
        other.join().unwrap();
    });
}

/// Counts its drops, not among what is modelled.
struct Dropped(PlainArc<Plain>);
impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Rule 2 of `state`: also a future whose wake is half-way done is gone when `close` returns.
#[test]
fn no_future_is_left_when_close_returns() {
    bounded(3, || {
        let (executor, drops) = (executor(), PlainArc::new(Plain::new(0)));
        let waker: Arc<Mutex<Option<Waker>>> = Arc::new(Mutex::new(None));
        let (kept, dropped) = (waker.clone(), Dropped(drops.clone()));
        executor
            .spawn(async move {
                let _dropped = dropped;
                poll_fn(|cx| {
                    *kept.lock().unwrap() = Some(cx.waker().clone());
                    Poll::<()>::Pending
                })
                .await
            })
            .detach();
        executor.try_tick();
        let waker = waker.lock().unwrap().take().unwrap();
        // The word of the task is not loom's: without this gate loom would not try the wake that comes before the end.
        let gate = Arc::new(Mutex::new(()));
        let other = thread::spawn({
            let gate = gate.clone();
            move || {
                drop(gate.lock().unwrap());
                waker.wake();
            }
        });
        drop(gate.lock().unwrap());
        executor.close();
        assert_eq!(drops.load(SeqCst), 1);
        other.join().unwrap();
    });
}

/// Rule 4 of `state`: a spawn beside the end is dropped by somebody, and no runnable is left behind.
#[test]
fn a_spawn_beside_the_end_is_dropped() {
    bounded(3, || {
        let (executor, drops) = (executor(), PlainArc::new(Plain::new(0)));
        assert!(!executor.try_tick());
        let other = thread::spawn({
            let (executor, dropped) = (executor.clone(), Dropped(drops.clone()));
            move || {
                executor
                    .spawn(async move {
                        let _dropped = dropped;
                        pending::<()>().await
                    })
                    .detach();
            }
        });
        executor.close();
        other.join().unwrap();
        assert_eq!(drops.load(SeqCst), 1);
    });
}
