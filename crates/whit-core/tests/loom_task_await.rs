//! Models of a task's awaiter, of cancellation, and of homes that keep tasks, as `loom_task.rs` is of its wakes and its end:
//! `RUSTFLAGS="--cfg loom --cfg loom_task" cargo test --release -p whit-core --test loom_task_await`.
#![cfg(all(loom, loom_task))]

#[path = "support/model.rs"]
mod support;

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize as Number, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::atomic::Ordering;
use loom::thread;
use support::*;
use whit_core::{Home, cleanup, spawn};

#[test]
fn an_awaiter_meets_the_completion() {
    model(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let output = block_on(task);
        touch(&output.own);
        drop(output);
        running.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Each waker that was left is dropped once, and the last is woken: block_on ends by that.
#[test]
fn other_awaiters_meet_the_completion() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        let mut output = None;
        for called in &called {
            if let Poll::Ready(ready) = poll_once(&mut task, &Waker::from(called.clone())) {
                output = ready;
                break;
            }
        }
        let output = match output {
            Some(output) => output,
            None => block_on(&mut task).expect("nobody cancels it"),
        };
        touch(&output.own);
        drop((output, task));
        running.join().unwrap();
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        assert_eq!(model.end(), 1);
    });
}

/// The former awaiter comes back: its place looks as it did, and is not.
#[test]
fn an_awaiter_that_comes_back_meets_the_completion() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let running = model.runs(runnable);
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        let pending = [0, 1, 0].iter().all(|&which| {
            // A new one each time, of the same address.
            poll_once(&mut task, &Waker::from(called[which].clone())).is_pending()
        });
        running.join().unwrap();
        if pending {
            assert!(called[0].0.load(Ordering::Relaxed), "whoever was there last is woken");
            assert!(poll_once(&mut task, Waker::noop()).is_ready());
        }
        drop(task);
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        assert_eq!(model.end(), 1);
    });
}

/// The handle leaves another awaiter and goes, while a waker goes and the task completes.
#[test]
fn everybody_leaves_a_task_whose_awaiter_was_moved() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let waker = runnable.waker();
        let called = [Arc::<Called>::default(), Arc::default()];
        let mut task = task.fallible();
        assert!(poll_once(&mut task, &Waker::from(called[0].clone())).is_pending());
        assert!(poll_once(&mut task, &Waker::from(called[1].clone())).is_pending());
        let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
        drop(task);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
        model.end();
    });
}

/// Cancelled as it runs, or before, or after: the canceller knows which, and the future is gone when it knows.
#[test]
fn a_cancel_meets_a_run() {
    for flags in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(flags, 0);
            let running = model.runs(runnable);
            let mut cancelling = pin!(task.cancel());
            let called = Arc::<Called>::default();
            let mut polled = cancelling.as_mut().poll(&mut Context::from_waker(&Waker::from(called.clone())));
            running.join().unwrap();
            model.run_all();
            if polled.is_pending() {
                assert!(called.0.load(Ordering::Relaxed), "the canceller is woken");
                polled = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            assert_eq!(model.ledger.futures.load(SeqCst), 1);
            let Poll::Ready(output) = polled else { panic!("the future is gone") };
            assert_eq!(output.is_some() as usize, model.ledger.outputs_made.load(SeqCst));
            drop(output);
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// What was written before a cancellation is seen by the drop that it leads to.
#[test]
fn a_cancel_comes_before_the_drop() {
    struct Reads(Arc<UnsafeCell<usize>>, Arc<Number>);
    // SAFETY: whoever is not alone with the cell is told by loom.
    unsafe impl Send for Reads {}
    impl Drop for Reads {
        fn drop(&mut self) {
            // SAFETY: whoever is not alone here is told by loom.
            self.0.with(|written| assert_eq!(unsafe { *written }, 1));
            // A panic does not get out of here.
            self.1.fetch_add(1, SeqCst);
        }
    }
    for gives_up in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::new(1, 0);
            drop((runnable, task));
            #[allow(clippy::arc_with_non_send_sync, reason = "loom's cells are not, and `Reads` says why it may")]
            let written = Arc::new(UnsafeCell::new(0));
            let dropped = Arc::<Number>::default();
            let reads = Reads(written.clone(), dropped.clone());
            let waits = poll_fn(move |_| {
                let _reads = &reads;
                Poll::<()>::Pending
            });
            let task = spawn(&(model.queue.clone() as Home), waits);
            let running = model.runs(model.pop().expect("it was scheduled"));
            touch(&written);
            if gives_up {
                drop(task);
            } else {
                let mut cancelling = pin!(task.cancel());
                _ = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            }
            running.join().unwrap();
            model.end();
            assert_eq!(dropped.load(SeqCst), 1);
        });
    }
}

#[test]
fn a_cancel_that_is_given_up_meets_a_run() {
    for flags in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(flags, 0);
            let running = model.runs(runnable);
            let called = Arc::<Called>::default();
            {
                let mut cancelling = pin!(task.cancel());
                drop(cancelling.as_mut().poll(&mut Context::from_waker(&Waker::from(called.clone()))));
            }
            running.join().unwrap();
            model.run_all();
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// One of the two makes the runnable.
#[test]
fn a_cancel_meets_a_wake() {
    model(|| {
        let (model, [waker], task) = Model::waiting(1);
        let waking = model.wakes(0, waker);
        let mut cancelling = pin!(task.cancel());
        let polled = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending(), "nobody runs it yet");
        waking.join().unwrap();
        model.run_all();
        let Poll::Ready(None) = cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it was closed before it was run")
        };
        assert_eq!(model.end(), 0);
    });
}

/// Two threads have the task at the same time, and neither may miss the other: a run that is pending, a close and a wake.
#[test]
fn a_cancel_and_a_wake_meet_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::new(1, 0);
        let waking = model.wakes(0, runnable.waker());
        let running = model.runs(runnable);
        drop(task);
        waking.join().unwrap();
        running.join().unwrap();
        model.end();
    });
}

#[test]
fn a_dropped_runnable_meets_the_awaiter() {
    model(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let dropping = thread::spawn(move || drop(runnable));
        assert!(block_on(task.fallible()).is_none());
        dropping.join().unwrap();
        assert_eq!(model.end(), 0);
    });
}

/// A dropped runnable does not lose to a wake that comes at the same time.
#[test]
fn a_dropped_runnable_meets_a_wake() {
    model(|| {
        let (model, runnable, task) = Model::new(1, 0);
        let waking = model.wakes_by_ref(0, runnable.waker());
        drop(runnable);
        waking.join().unwrap();
        assert!(model.pop().is_none(), "it has ended");
        drop(task);
        assert_eq!(model.end(), 0);
    });
}

/// A waker may come after everything, or be the one who frees the memory.
#[test]
fn a_waker_outlives_the_rest() {
    bounded_by(2, || {
        let (model, runnable, task) = Model::new(0, 0);
        let waker = runnable.waker();
        let waking = thread::spawn(move || {
            let other = waker.clone();
            waker.wake();
            drop(other);
        });
        let running = model.runs(runnable);
        let output = block_on(task);
        touch(&output.own);
        drop(output);
        running.join().unwrap();
        waking.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Of a task that has ended, a waker and the handle are left.
#[test]
fn the_last_two_of_a_task_that_has_ended() {
    for claims in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::new(0, 0);
            let waker = runnable.waker();
            runnable.run();
            let going = thread::spawn(move || drop(waker));
            if claims {
                drop(block_on(task));
            } else {
                drop(task);
            }
            going.join().unwrap();
            assert_eq!(model.end(), 1);
        });
    }
}

/// Whoever waits for what a drop left behind learns of it, and not before the future is gone.
#[test]
fn a_cleanup_meets_the_end() {
    for moved in [false, true] {
        bounded(move || {
            let (model, runnable, task) = Model::new(0, 0);
            let called = Arc::<Called>::default();
            let mut task = task.fallible();
            if moved {
                assert!(poll_once(&mut task, &Waker::from(called.clone())).is_pending());
            }
            let running = model.runs(runnable);
            let ((), cleanup) = cleanup::collect(|| drop(task));
            block_on(cleanup);
            assert_eq!(model.ledger.futures.load(SeqCst), 1);
            running.join().unwrap();
            assert_eq!(Arc::strong_count(&called), 1);
            model.end();
        });
    }
}

/// An executor that ends takes a waker from its list, whenever that is.
#[test]
fn a_recall_meets_the_poll_that_is_kept() {
    for detached in [false, true] {
        model(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let queue = model.queue.clone();
            let recalling = thread::spawn(move || queue.recall());
            let task = if detached {
                task.detach();
                None
            } else {
                Some(task)
            };
            runnable.run();
            recalling.join().unwrap();
            model.run_all();
            drop(task);
            assert_eq!(model.end(), 0);
        });
    }
}

/// The list is counted from the end of that poll on, and not at all if the poll is the last.
#[test]
fn everybody_leaves_a_task_as_it_is_kept() {
    for cancel in [false, true] {
        bounded(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let waker = runnable.waker();
            let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert_eq!(model.end(), 0);
        });
    }
}

/// A kept task ends in its next poll, with a waker and a handle that go, and an awaiter or none, which was moved or was not.
#[test]
fn everybody_leaves_a_kept_task_as_it_ends() {
    for awaiters in 0..3 {
        bounded(move || {
            let (model, runnable, task) = Model::at(true, 1, 0);
            let waker = runnable.waker();
            runnable.run();
            let mut task = task.fallible();
            let called = [Arc::<Called>::default(), Arc::default()];
            for called in &called[..awaiters] {
                assert!(poll_once(&mut task, &Waker::from(called.clone())).is_pending());
            }
            model.flags[0].store(true, Ordering::Relaxed);
            waker.wake_by_ref();
            let runnable = model.pop().expect("it was woken");
            let threads = [model.runs(runnable), thread::spawn(move || drop(waker))];
            drop(task);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(called.iter().all(|called| Arc::strong_count(called) == 1));
            model.end();
        });
    }
}

/// A kept task is recalled, woken and run to its end, all at once.
#[test]
fn a_recall_meets_a_wake_and_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::at(true, 1, 0);
        let waker = runnable.waker();
        runnable.run();
        let waking = model.wakes(0, waker);
        let queue = model.queue.clone();
        let recalling = thread::spawn(move || queue.recall());
        model.run_all();
        waking.join().unwrap();
        recalling.join().unwrap();
        finished(&model, task);
        assert_eq!(model.end(), 1);
    });
}

/// A task that awaits another, on two threads: the awaiter is a waker of a task, too.
#[test]
fn a_task_awaits_a_task() {
    bounded(|| {
        let (model, runnable, task) = Model::new(0, 0);
        let mut task = Some(task);
        let outer = spawn(
            &(model.queue.clone() as Home),
            poll_fn(move |cx| {
                let polled = Pin::new(task.as_mut().expect("it ends once")).poll(cx);
                polled.map(|output| drop((output, task.take())))
            }),
        );
        let first = model.pop().expect("it was scheduled");
        let running = model.runs(runnable);
        first.run();
        running.join().unwrap();
        model.run_all();
        block_on(outer);
        assert_eq!(model.end(), 1);
    });
}
