//! Tasks that are polled in their spawn.

use std::cell::Cell;
use std::future::{Future, pending, poll_fn};
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Poll, Waker};
use std::thread;

use futures_lite::FutureExt;
use futures_lite::future::{block_on, yield_now};
use whit_core::budget::{BUDGET, poll_proceed};
use whit_core::{Spawn, Task, cleanup, current_task};
use whit_executor::{Executor, LocalExecutor};

thread_local! {
    // For tasks that spawn on their own executor; each test has a thread.
    static LOCAL: LocalExecutor<'static> = const { LocalExecutor::new() };
}

fn spawn_local<T: 'static>(future: impl Future<Output = T> + 'static) -> Task<T> {
    LOCAL.with(|local| local.spawn_by(Spawn::new().eager(), future))
}

fn run_local<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    LOCAL.with(|local| block_on(local.run(local.spawn(future))))
}

#[test]
fn what_need_not_wait_has_ended_when_its_spawn_returns() {
    let local = LocalExecutor::new();
    block_on(local.run(async {
        let shared = Rc::new(Cell::new(0));
        let theirs = shared.clone();
        let task = local.spawn_by(Spawn::new().eager(), async move { theirs.set(42) });
        assert_eq!((shared.get(), task.is_finished()), (42, true));
        task.await;
    }));
    assert!(local.is_empty());
    let executor = Executor::new();
    block_on(executor.run(async {
        let task = executor.spawn_by(Spawn::new().eager().name("answer"), async { 42 });
        assert!(task.is_finished());
        assert_eq!(task.name(), Some("answer"));
        assert_eq!(task.await, 42);
    }));
    assert!(executor.is_empty());
}

#[test]
fn what_waits_goes_on_as_any_task() {
    let local = LocalExecutor::new();
    block_on(local.run(async {
        let polls = Rc::new(Cell::new(0));
        let theirs = polls.clone();
        let task = local.spawn_by(Spawn::new().eager(), async move {
            for _ in 0..3 {
                theirs.set(theirs.get() + 1);
                yield_now().await;
            }
        });
        assert_eq!((polls.get(), task.is_finished()), (1, false));
        task.await;
        assert_eq!(polls.get(), 3);
        // Neither queued nor lost: nobody wakes it, and cancelling reaches it.
        let waits = local.spawn_by(Spawn::new().eager(), pending::<()>());
        assert_eq!(waits.cancel().await, None);
    }));
    assert!(local.is_empty());
}

#[test]
fn the_caller_stays_who_it_is() {
    run_local(async {
        let me = current_task();
        let it = spawn_local(async { current_task() });
        assert_eq!(current_task(), me);
        let it = it.await;
        assert!(it.is_some() && it != me);
        // Woken before, during the poll of another: it is polled again, or this would hang.
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            spawn_local(async {}).detach();
            Poll::Pending
        })
        .await;
    });
}

#[test]
fn a_panic_is_the_tasks_own() {
    let executor = Executor::new();
    block_on(executor.run(async {
        let task = executor.spawn_by(Spawn::new().eager(), async { panic!("of the task") });
        let caught = catch_unwind(AssertUnwindSafe(|| block_on(task))).unwrap_err();
        assert_eq!(caught.downcast_ref::<&str>(), Some(&"of the task"));
    }));
}

/// Spawns the next one inside of itself, and says how deep they stood.
fn nest(executor: &'static Executor<'static>, left: usize, deep: &'static AtomicUsize, deepest: &'static AtomicUsize) {
    let depth = deep.fetch_add(1, SeqCst);
    deepest.fetch_max(depth, SeqCst);
    if left > 0 {
        executor.spawn_by(Spawn::new().eager(), async move { nest(executor, left - 1, deep, deepest) }).detach();
    }
    deep.fetch_sub(1, SeqCst);
}

#[test]
fn they_do_not_stand_in_each_other_without_end() {
    static EXECUTOR: Executor<'static> = Executor::new();
    static DEEP: AtomicUsize = AtomicUsize::new(0);
    static DEEPEST: AtomicUsize = AtomicUsize::new(0);
    block_on(EXECUTOR.run(async {
        nest(&EXECUTOR, 100_000, &DEEP, &DEEPEST);
        while !EXECUTOR.is_empty() {
            yield_now().await;
        }
    }));
    assert_eq!(DEEPEST.load(SeqCst), 16);
}

/// As [`nest`], each with much in its future, which debug builds copy from frame to frame.
fn nest_much(left: usize, ended: Rc<Cell<usize>>) {
    let task = async move {
        let much = black_box([0_u8; 6 << 10]);
        if left > 0 {
            nest_much(left - 1, ended.clone());
            yield_now().await;
        }
        black_box(&much);
        ended.set(ended.get() + 1);
    };
    spawn_local(task).detach();
}

#[test]
fn they_do_not_fill_the_stack() {
    let thread = thread::Builder::new().stack_size(768 << 10).spawn(|| {
        let ended = Rc::new(Cell::new(0));
        nest_much(100, ended.clone());
        LOCAL.with(|local| while local.try_tick() {});
        assert_eq!(ended.get(), 101);
    });
    thread.unwrap().join().unwrap();
}

#[test]
fn each_takes_a_unit_of_the_callers_budget() {
    run_local(async {
        let polled = Rc::new(Cell::new(0));
        let spawn = || {
            let polled = polled.clone();
            spawn_local(async move { polled.set(polled.get() + 1) }).detach();
        };
        (0..1_000).for_each(|_| spawn());
        assert_eq!(polled.get(), usize::from(BUDGET));
        yield_now().await;
        assert_eq!(polled.get(), 1_000);
        spawn();
        assert_eq!(polled.get(), 1_001, "a new run has a new budget");
    });
}

/// Spawns eight of itself, down to the leaves.
fn branch(depth: usize, polls: &Rc<Cell<usize>>) {
    polls.set(polls.get() + 1);
    for _ in 0..if depth > 0 { 8 } else { 0 } {
        let polls = polls.clone();
        spawn_local(async move { branch(depth - 1, &polls) }).detach();
    }
}

#[test]
fn a_tree_of_them_takes_no_more_than_the_budget_of_one() {
    let polls = Rc::new(Cell::new(0));
    let (tree, other) = (polls.clone(), polls.clone());
    LOCAL.with(|local| local.spawn(async move { branch(6, &tree) })).detach();
    let before_the_other = run_local(async move { other.get() });
    assert_eq!(before_the_other, usize::from(BUDGET) + 1);
    LOCAL.with(|local| while local.try_tick() {});
    assert_eq!(polls.get(), (0..=6).map(|depth| 8_usize.pow(depth)).sum());
}

#[test]
fn one_that_never_waits_has_a_limit_in_a_root_that_has_none() {
    let root = async {
        // No limit here: this root is polled by another's `block_on`.
        let task = spawn_local(poll_fn(|cx| {
            let units = (0..1_000).take_while(|_| poll_proceed(cx).is_ready()).count();
            Poll::Ready(units)
        }));
        assert_eq!(task.await, usize::from(BUDGET));
    };
    LOCAL.with(|local| block_on(local.run(root)));
}

#[test]
fn elsewhere_they_are_queued() {
    let executor = Arc::new(Executor::new());
    let polled = Arc::new(AtomicBool::new(false));
    let (theirs, polled_there) = (executor.clone(), polled.clone());
    let other = thread::spawn(move || {
        let seen = polled_there.clone();
        let task = theirs.spawn_by(Spawn::new().eager(), async move { seen.store(true, SeqCst) });
        assert!(!polled_there.load(SeqCst), "nobody drives it on this thread");
        task.detach();
    });
    other.join().unwrap();
    block_on(executor.run(async {
        while !polled.load(SeqCst) {
            yield_now().await;
        }
    }));
}

/// Spawns when it is dropped.
struct Late(Rc<Cell<bool>>);

impl Drop for Late {
    fn drop(&mut self) {
        let polled = self.0.clone();
        spawn_local(async move { polled.set(true) }).detach();
    }
}

#[test]
fn nothing_is_polled_while_the_executor_closes() {
    let polled = Rc::new(Cell::new(false));
    let late = Late(polled.clone());
    LOCAL.with(|local| {
        let waits = async move {
            pending::<()>().await;
            drop(late);
        };
        local.spawn(waits).detach();
        assert!(local.try_tick());
        local.close();
        assert!(local.is_empty() && !polled.get());
    });
}

/// Calls it when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

#[test]
fn a_clean_up_around_the_caller_is_not_that_of_the_task() {
    run_local(async {
        let waited = Rc::new(Cell::new(None));
        let seen = waited.clone();
        let spawns = OnDrop(move || {
            let (waits, seen) = (LOCAL.with(|local| local.spawn(pending::<()>())), seen.clone());
            let task = async move {
                let ((), cleanup) = cleanup::collect(|| drop(waits));
                seen.set(Some(!cleanup.is_over()));
                cleanup.await;
            };
            spawn_local(task).detach();
        });
        let ((), cleanup) = cleanup::collect(|| drop(spawns));
        cleanup.await;
        while waited.get().is_none() {
            yield_now().await;
        }
        assert_eq!(waited.get(), Some(true), "the future of its own task was there still");
    });
}

/// Goes to another thread, which wakes it at once: also in the middle of its first poll.
#[test]
fn wakes_from_elsewhere_during_the_first_poll_are_not_lost() {
    const TASKS: usize = 20_000;
    let (send, wakers) = mpsc::channel::<Waker>();
    let dropped = AtomicUsize::new(0);
    let executor = Executor::new();
    executor.on_unhandled(|_| {});
    let task = |number: usize| {
        let (mut polls, send, gone) = (0, send.clone(), OnDrop(|| _ = dropped.fetch_add(1, SeqCst)));
        poll_fn(move |cx| {
            let _gone = &gone;
            polls += 1;
            if polls == 3 {
                assert!(!number.is_multiple_of(7), "of the task");
                return Poll::Ready(());
            }
            send.send(cx.waker().clone()).unwrap();
            (0..number % 300).for_each(|_| std::hint::spin_loop());
            Poll::Pending
        })
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(move || wakers.iter().take(2 * TASKS).for_each(Waker::wake));
        scope.spawn(|| {
            while !over.load(SeqCst) {
                executor.try_tick();
            }
        });
        block_on(executor.run(async {
            for number in 0..TASKS {
                let task = executor.spawn_by(Spawn::new().eager(), task(number));
                match number % 3 {
                    0 => _ = AssertUnwindSafe(task).catch_unwind().await,
                    _ => task.detach(),
                }
            }
            while !executor.is_empty() {
                yield_now().await;
            }
        }));
        over.store(true, SeqCst);
    });
    assert_eq!(dropped.load(SeqCst), TASKS);
}
