//! Tasks at their edges: wakers that panic, runs inside of runs, wakes at the wrong time, threads that end.

mod support;
use std::cell::RefCell;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use support::Dropped;
use support::plain::{Plain, held, quiet};
use whit_core::{Adoption, Home, Kept, Runnable, Schedule, ScheduleInfo, Task, block_on, current_task, spawn};

/// A poll in which other tasks are run: what they wake, and that they are woken, is theirs.
#[test]
fn a_run_inside_a_run_keeps_the_notes_apart() {
    for (outer_wakes, inner_wakes, inner_panics) in
        [(false, false, false), (true, false, false), (false, true, false), (true, true, false), (true, true, true)]
    {
        let (plain, home) = Plain::new();
        let (inside, inside_home) = Plain::new();
        let mut inner_polls = 0;
        let inner = spawn(
            &inside_home,
            poll_fn(move |cx| {
                inner_polls += 1;
                if inner_wakes {
                    cx.waker().wake_by_ref();
                }
                assert!(!inner_panics || inner_polls < 3, "in the inner task");
                if inner_polls < 3 { Poll::Pending } else { Poll::Ready(()) }
            }),
        );
        let (kept, own) = (Arc::<Mutex<Option<Waker>>>::default(), inside.clone());
        let (keep, mut first) = (kept.clone(), true);
        let outer = spawn(
            &home,
            poll_fn(move |cx| {
                if !std::mem::take(&mut first) {
                    return Poll::Ready(());
                }
                *keep.lock().unwrap() = Some(cx.waker().clone());
                if outer_wakes {
                    let waker = cx.waker().clone();
                    waker.wake();
                }
                let id = current_task();
                let again = own.pop().map(Runnable::run);
                assert_eq!(again, Some(inner_wakes), "the wake of the outer is not the inner's");
                assert_eq!(current_task(), id);
                Poll::Pending
            }),
        );
        let again = plain.pop().map(Runnable::run);
        assert_eq!(again, Some(outer_wakes), "nor the other way round");
        assert_eq!(plain.0.lock().unwrap().len(), usize::from(outer_wakes));
        kept.lock().unwrap().take().unwrap().wake();
        assert_eq!(plain.run_all(), 1);
        block_on(outer);
        let polled = inside.run_all();
        assert_eq!(polled, if inner_wakes { 2 } else { 0 });
        if inner_wakes {
            assert_eq!(quiet(|| block_on(inner)).is_err(), inner_panics);
        } else {
            drop(inner);
            inside.run_all();
        }
        assert_eq!((plain.tasks(), inside.tasks()), (0, 0));
    }
}

/// A task that an inner run wakes, while its own poll goes on: that counts.
#[test]
fn an_inner_run_wakes_the_outer_task() {
    let (plain, home) = Plain::new();
    let (inside, inside_home) = Plain::new();
    let mut polls = 0;
    let outer = spawn(
        &home,
        poll_fn(move |cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            spawn(&inside_home, async move { waker.wake() }).detach();
            assert_eq!(inside.run_all(), 1);
            Poll::Pending
        }),
    );
    assert_eq!(plain.run_all(), 2);
    block_on(outer);
    assert_eq!(plain.tasks(), 0);
}

/// Woken by its own drop, in every way in which a future is dropped: that makes no runnable, and the waker is given back.
#[test]
fn a_future_that_wakes_itself_as_it_is_dropped() {
    struct Wakes(Option<Waker>);
    impl Drop for Wakes {
        fn drop(&mut self) {
            let waker = self.0.take().expect("it was polled");
            waker.wake_by_ref();
            waker.wake();
        }
    }
    for (completes, cancels) in [(true, false), (false, true), (false, false)] {
        let (plain, home) = Plain::new();
        let (mut wakes, mut polls) = (Wakes(None), 0);
        let task = spawn(
            &home,
            poll_fn(move |cx| {
                wakes.0.get_or_insert_with(|| cx.waker().clone());
                polls += 1;
                if polls == 1 {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                assert!(completes || cancels, "in the task");
                if completes { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
        assert!(plain.pop().unwrap().run());
        if cancels {
            drop(task);
            assert_eq!(plain.run_all(), 1);
        } else {
            assert_eq!(plain.run_all(), 1);
            assert_eq!(quiet(|| block_on(task)).is_ok(), completes);
        }
        assert_eq!((plain.tasks(), plain.run_all()), (0, 0));
    }
}

/// A runnable that is dropped in the middle of a poll of another task.
#[test]
fn a_runnable_is_dropped_in_a_poll() {
    let (plain, home) = Plain::new();
    let (count, held) = held();
    let victim = spawn(&home, async move {
        let _held = held;
        pending::<()>().await;
    });
    let runnable = plain.pop().unwrap();
    let mut runnable = Some(runnable);
    let other = spawn(
        &home,
        poll_fn(move |cx| match runnable.take() {
            Some(runnable) => {
                cx.waker().wake_by_ref();
                drop(runnable);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }),
    );
    assert!(plain.pop().unwrap().run(), "it has woken itself before");
    assert_eq!(count.load(SeqCst), 1);
    assert!(block_on(victim.fallible()).is_none());
    assert_eq!(plain.run_all(), 1);
    block_on(other);
    assert_eq!(plain.tasks(), 0);
}

/// A task whose runnable is dropped has ended for whoever asks, also while its future is being dropped.
#[test]
fn a_dropped_runnable_ends_the_task_at_once() {
    #[derive(Clone, Default)]
    struct Asks(Arc<Mutex<Option<Task<()>>>>, Arc<Mutex<Option<bool>>>);
    struct AsksInDrop(Asks);
    impl Drop for AsksInDrop {
        fn drop(&mut self) {
            *self.0.1.lock().unwrap() = self.0.0.lock().unwrap().as_ref().map(Task::is_finished);
        }
    }
    let (plain, home) = Plain::new();
    let asks = Asks::default();
    let asking = AsksInDrop(asks.clone());
    let task = spawn(&home, async move {
        let _asking = asking;
        pending::<()>().await;
    });
    assert!(!task.is_finished());
    *asks.0.lock().unwrap() = Some(task);
    drop(plain.pop());
    assert_eq!(*asks.1.lock().unwrap(), Some(true));
    drop(asks.0.lock().unwrap().take());
    assert_eq!(plain.tasks(), 0);
}

/// A drop in the middle of a poll wakes the task that is being polled.
#[test]
fn a_runnable_that_is_dropped_in_a_poll_wakes_the_poller() {
    struct Wakes(Arc<Mutex<Option<Waker>>>);
    impl Drop for Wakes {
        fn drop(&mut self) {
            self.0.lock().unwrap().take().expect("it is being polled").wake();
        }
    }
    let (plain, home) = Plain::new();
    let waker = Arc::<Mutex<Option<Waker>>>::default();
    let wakes = Wakes(waker.clone());
    spawn(&home, async move { drop(wakes) }).detach();
    let mut runnable = plain.pop();
    let task = spawn(
        &home,
        poll_fn(move |cx| match runnable.take() {
            Some(runnable) => {
                *waker.lock().unwrap() = Some(cx.waker().clone());
                drop(runnable);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }),
    );
    assert_eq!(plain.run_all(), 2);
    block_on(task);
    assert_eq!(plain.tasks(), 0);
}

/// A task that has its own handle, and lets go of it in its poll.
#[test]
fn a_task_that_cancels_itself() {
    for detaches in [false, true] {
        let (plain, home) = Plain::new();
        let own = Arc::<Mutex<Option<Task<()>>>>::default();
        let (mine, mut polls) = (own.clone(), 0);
        let task = spawn(
            &home,
            poll_fn(move |cx| {
                polls += 1;
                cx.waker().wake_by_ref();
                match mine.lock().unwrap().take() {
                    Some(task) if detaches => task.detach(),
                    Some(task) => drop(task),
                    None => assert!(detaches, "a cancelled task is not polled"),
                }
                if polls < 3 { Poll::Pending } else { Poll::Ready(()) }
            }),
        );
        *own.lock().unwrap() = Some(task);
        assert_eq!(plain.run_all(), if detaches { 3 } else { 1 });
        assert_eq!((plain.tasks(), Arc::strong_count(&own)), (0, 1));
    }
}

/// A cancellation that is given up, at every step.
#[test]
fn a_cancel_that_is_dropped_half_way() {
    for polls in [0, 1, 2] {
        let (plain, home) = Plain::new();
        let (count, held) = held();
        let task = spawn(&home, async move {
            let _held = held;
            pending::<()>().await;
        });
        plain.run_all();
        {
            let mut cancelling = pin!(task.cancel());
            for _ in 0..polls {
                assert!(cancelling.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
        }
        // Nobody has a waker: it was closed, or was left alone and closed by that.
        assert_eq!((plain.run_all(), count.load(SeqCst), plain.tasks()), (1, 1, 0));
    }
}

/// Handles, wakers and runnables that lie in a thread's own things, and go when those do, in whichever order that is.
#[test]
fn a_thread_ends_with_tasks_in_its_pockets() {
    struct Pockets(Vec<Task<()>>, Vec<Waker>, Vec<Runnable>);
    impl Drop for Pockets {
        fn drop(&mut self) {
            assert_eq!(current_task(), None);
            for waker in &self.1 {
                waker.wake_by_ref();
            }
        }
    }
    thread_local! {
        static BEFORE: RefCell<Pockets> = const { RefCell::new(Pockets(Vec::new(), Vec::new(), Vec::new())) };
        static AFTER: RefCell<Pockets> = const { RefCell::new(Pockets(Vec::new(), Vec::new(), Vec::new())) };
    }
    let (plain, home) = Plain::new();
    let (counts, spawner) = (Arc::<AtomicUsize>::default(), home.clone());
    let (there, count) = (plain.clone(), counts.clone());
    let thread = std::thread::spawn(move || {
        // One before this thread has to do with tasks, and one after, so that one of them outlives the other's things.
        BEFORE.with(|_| {});
        let fill = |pockets: &RefCell<Pockets>| {
            let mut pockets = pockets.borrow_mut();
            for kind in 0..3 {
                let held = Dropped { count: count.clone(), bad: false };
                let task = spawn(&spawner, async move {
                    let _held = held;
                    pending::<()>().await;
                });
                let runnable = there.pop().unwrap();
                if kind < 2 {
                    pockets.1.push(runnable.waker());
                }
                match kind {
                    0 => pockets.0.push(task),
                    _ => task.detach(),
                }
                match kind {
                    2 => pockets.2.push(runnable),
                    _ => _ = runnable.run(),
                }
            }
        };
        BEFORE.with(fill);
        AFTER.with(fill);
    });
    thread.join().unwrap();
    plain.run_all();
    assert_eq!(counts.load(SeqCst), 6);
    // The thread's own two are gone as well.
    drop(home);
    assert_eq!(Arc::strong_count(&plain), 1);
}

/// A waker that is kept long after the end does nothing, and frees the memory when it goes.
#[test]
fn a_wake_after_the_end() {
    let (plain, home) = Plain::new();
    let task = spawn(&home, async { 5 });
    let waker = plain.0.lock().unwrap()[0].waker();
    assert!(waker.will_wake(&waker.clone()));
    plain.run_all();
    waker.wake_by_ref();
    assert_eq!(block_on(task), 5);
    waker.wake_by_ref();
    assert_eq!((plain.run_all(), plain.tasks()), (0, 1));
    let other = waker.clone();
    waker.wake();
    other.wake();
    assert_eq!((plain.run_all(), plain.tasks()), (0, 0));
}

/// A home that keeps its tasks in a list has them until it recalls them, whoever else does.
#[test]
fn a_kept_task_waits_though_nobody_else_has_it() {
    #[derive(Default)]
    struct Keeps {
        ready: Plain,
        kept: Mutex<Option<Kept>>,
    }
    impl Schedule for Keeps {
        fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
            self.ready.schedule(runnable, info);
        }
        fn adopt(&self, _: &Runnable) -> Adoption {
            // SAFETY: the test goes on until the task has ended.
            unsafe { Adoption::accept(self) }
        }
        unsafe fn keep(&self, task: Kept) -> Option<usize> {
            *self.kept.lock().unwrap() = Some(task);
            Some(5)
        }
        unsafe fn release(&self, key: Option<usize>) {
            assert_eq!(key.is_some(), self.kept.lock().unwrap().take().is_some());
        }
    }
    for (detached_before, completes) in [(true, false), (false, false), (true, true), (false, true)] {
        let keeps = Arc::new(Keeps::default());
        let home: Home = keeps.clone();
        let (count, held) = held();
        let mut polls = 0;
        let task = spawn(
            &home,
            poll_fn(move |_| {
                let _held = &held;
                polls += 1;
                if completes && polls == 2 { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
        let mut task = Some(task);
        if detached_before {
            task.take().unwrap().detach();
        }
        keeps.ready.run_all();
        task.into_iter().for_each(Task::detach);
        assert_eq!((keeps.ready.run_all(), count.load(SeqCst)), (0, 0), "it is kept");
        // SAFETY: it is in the list.
        let waker = unsafe { keeps.kept.lock().unwrap().unwrap().waker() };
        waker.wake();
        if completes {
            assert_eq!(keeps.ready.run_all(), 1);
        } else {
            drop(keeps.ready.pop());
        }
        assert_eq!(count.load(SeqCst), 1);
    }
}

/// Nobody could wake it any more: it ends where it would have been polled, and is not polled.
#[test]
fn what_nobody_has_is_not_polled_again() {
    for waker_goes_last in [false, true] {
        let (plain, home) = Plain::new();
        let (polls, counted) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (count, held) = (polls.clone(), Dropped { count: counted.clone(), bad: false });
        let task = spawn(
            &home,
            poll_fn(move |_| {
                let _held = &held;
                count.fetch_add(1, SeqCst);
                Poll::<()>::Pending
            }),
        );
        let waker = plain.0.lock().unwrap()[0].waker();
        plain.run_all();
        if waker_goes_last {
            task.detach();
            drop(waker);
        } else {
            drop(waker);
            task.detach();
        }
        assert_eq!((plain.run_all(), plain.tasks()), (1, 0));
        assert_eq!((polls.load(SeqCst), counted.load(SeqCst)), (1, 1));
    }
}

/// A handle of a longer life is one of a shorter.
#[test]
fn outputs_may_be_shortened() {
    fn shorten<'a>(task: Task<&'static str>, _: &'a str) -> Task<&'a str> {
        task
    }
    let (plain, home) = Plain::new();
    let local = String::from("here");
    let task = shorten(spawn(&home, async { "there" }), &local);
    plain.run_all();
    assert_eq!(block_on(task), "there");
}
