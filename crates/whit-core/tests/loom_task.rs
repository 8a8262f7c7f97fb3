//! Models of a task's word, which is loom's only here:
//! `RUSTFLAGS="--cfg loom --cfg loom_task" cargo test --release -p whit-core --test loom_task`.
//!
//! Every model ends with the same questions: whether the future and its output were dropped once each, whether nobody holds a
//! waker any more, and whether the memory was freed once. Beside that loom itself sees to it that
//! polls and drops of a future are in an order, and that the memory is freed after everything else.
//!
//! With more than two threads, or a second registration, loom stops at [`SWITCHES`] switches of thread by force: without a bound
//! those models take minutes.
#![cfg(all(loom, loom_task))]

#[path = "support/model.rs"]
mod support;

use std::cell::Cell;

use loom::sync::atomic::Ordering;
use loom::thread;
use support::*;
use whit_core::{Home, drive_alone};

#[test]
fn a_wake_meets_a_run() {
    for by_ref in [false, true] {
        for yields in [0, 1] {
            model(move || {
                let (model, runnable, task) = Model::new(1, yields);
                let waker = runnable.waker();
                let waking = if by_ref { model.wakes_by_ref(0, waker) } else { model.wakes(0, waker) };
                runnable.run();
                model.run_all();
                waking.join().unwrap();
                finished(&model, task);
                assert_eq!(model.end(), 1);
            });
        }
    }
}

/// Polls on two threads: the second sees what the first has left in the future.
#[test]
fn the_next_poll_is_on_another_thread() {
    model(|| {
        let (model, runnable, task) = Model::new(1, 0);
        let waker = runnable.waker();
        let running = model.runs(runnable);
        model.flags[0].store(true, Ordering::Relaxed);
        waker.wake();
        model.run_all();
        running.join().unwrap();
        finished(&model, task);
        assert_eq!(model.end(), 1);
    });
}

#[test]
fn two_wakes_meet_a_run() {
    bounded(|| {
        let (model, runnable, task) = Model::new(2, 0);
        let wakers = [runnable.waker(), runnable.waker()];
        let [first, second] = wakers;
        let waking = [model.wakes(0, first), model.wakes_by_ref(1, second)];
        runnable.run();
        model.run_all();
        waking.into_iter().for_each(|thread| thread.join().unwrap());
        finished(&model, task);
        assert_eq!(model.end(), 1);
    });
}

/// One of them makes the runnable, and the poll sees what both have written.
#[test]
fn two_wakes_of_a_task_that_waits() {
    model(|| {
        let (model, [first, second], task) = Model::waiting(2);
        task.detach();
        let waking = model.wakes(0, first);
        model.flags[1].store(true, Ordering::Relaxed);
        second.wake();
        model.run_all();
        waking.join().unwrap();
        assert_eq!(model.end(), 1);
    });
}

/// Nobody is left who could wake it: one of the two sends it home to end.
#[test]
fn the_last_waker_meets_the_end_of_the_handle() {
    for cancel in [false, true] {
        model(move || {
            let (model, [waker], task) = Model::waiting(1);
            let going = thread::spawn(move || drop(waker));
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            going.join().unwrap();
            assert_eq!(model.end(), 0);
        });
    }
}

#[test]
fn the_last_two_wakers_go() {
    model(|| {
        let (model, [first, second], task) = Model::waiting(1);
        task.detach();
        let going = thread::spawn(move || drop(first));
        drop(second);
        going.join().unwrap();
        assert_eq!(model.end(), 0);
    });
}

/// A wake that gives the waker back, and a handle that goes.
#[test]
fn a_wake_meets_the_end_of_the_handle() {
    for cancel in [false, true] {
        model(move || {
            let (model, [waker], task) = Model::waiting(1);
            let waking = model.wakes(0, waker);
            if cancel {
                drop(task);
            } else {
                task.detach();
            }
            waking.join().unwrap();
            let made = model.end();
            assert!(cancel || made == 1, "detached, it runs to its end");
        });
    }
}

/// The last waker of a detached task goes while the task is polled: it must not wait for ever.
#[test]
fn the_last_waker_goes_during_a_poll() {
    for yields in [0, 1] {
        model(move || {
            let (model, runnable, task) = Model::new(1, yields);
            let waker = runnable.waker();
            task.detach();
            let going = thread::spawn(move || drop(waker));
            runnable.run();
            going.join().unwrap();
            assert_eq!(model.end(), 0);
        });
    }
}

/// A detach meets a poll that is pending, of a task that nobody else has.
#[test]
fn a_handle_goes_during_a_poll() {
    for cancel in [false, true] {
        for yields in [0, 1] {
            model(move || {
                let (model, runnable, task) = Model::new(1, yields);
                let running = model.runs(runnable);
                if cancel {
                    drop(task);
                } else {
                    task.detach();
                }
                running.join().unwrap();
                assert_eq!(model.end(), 0);
            });
        }
    }
}

/// The handle goes by a plain store, on the thread where all runnables are run: rule 9. A wake on another thread may have left
/// the runnable there, and nothing else behind.
#[test]
fn a_handle_goes_at_home_as_others_wake() {
    for by_ref in [false, true] {
        model(move || {
            let (model, [waker], task) = Model::waiting(1);
            let waking = if by_ref { model.wakes_by_ref(0, waker) } else { model.wakes(0, waker) };
            let (home, alone) = (model.queue.clone() as Home, Cell::new(true));
            // Else loom never lets the wake come first.
            thread::yield_now();
            // SAFETY: the other thread takes no runnable out of the queue.
            unsafe { drive_alone(&home, &*home, &alone, || task.detach()) };
            drop(home);
            waking.join().unwrap();
            assert_eq!(model.end(), 1);
        });
    }
}

/// With an output, and with a runnable that is dropped, so that there is none.
#[test]
fn a_handle_goes_as_the_task_ends() {
    for cancel in [false, true] {
        for completes in [false, true] {
            model(move || {
                let (model, runnable, task) = Model::new(0, 0);
                let ending = thread::spawn(move || {
                    if completes {
                        runnable.run();
                    } else {
                        drop(runnable);
                    }
                });
                if cancel {
                    drop(task);
                } else {
                    task.detach();
                }
                ending.join().unwrap();
                let made = model.end();
                assert!(cancel || made == completes as usize);
            });
        }
    }
}
