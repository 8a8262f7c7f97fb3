//! Models of who is woken: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-scope --test loom_scope`.
#![cfg(loom)]

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use loom::thread;
use whit_core::{Runnable, Schedule, ScheduleInfo};
use whit_scope::{CancelScope, GroupBuilder, Lent, Policy, Scope, TaskGroup, as_completed, cancelled, scope};

/// Every interleaving with up to three switches of thread by force.
fn model(f: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(f);
}

/// A flag that one thread sets and one future waits for.
#[derive(Default)]
struct Flag {
    set: AtomicBool,
    waiting: AtomicWaker,
}

impl Flag {
    fn set(&self) {
        self.set.store(true, SeqCst);
        self.waiting.wake();
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            self.waiting.register_by_ref(cx.waker());
            if self.set.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Two children that two threads wake: both outputs come, whatever the parent is doing.
#[test]
fn no_wake_of_a_child_is_lost() {
    model(|| {
        let flags: [Arc<Flag>; 2] = Default::default();
        let threads = flags.clone().map(|flag| thread::spawn(move || flag.set()));
        block_on(async {
            let mut outputs = as_completed(flags.iter().map(|flag| flag.wait()));
            assert!(outputs.next().await.is_some());
            assert!(outputs.next().await.is_some());
            assert!(outputs.next().await.is_none());
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

/// Whoever waits for the cancellation is polled with it before the run drops them, though both are woken from another thread.
#[test]
fn who_waits_for_a_cancellation_sees_it_before_the_drop() {
    model(|| {
        let scope = CancelScope::new();
        let seen = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let canceller = thread::spawn({
            let scope = scope.clone();
            move || scope.cancel("now")
        });
        let sees = {
            let seen = seen.clone();
            async move {
                let _why = cancelled().await;
                seen.store(true, std::sync::atomic::Ordering::Relaxed);
                pending::<()>().await;
            }
        };
        // Behind a waker of its own: the run is polled without it, if it was not woken.
        let outcome = block_on(scope.run(async { as_completed([sees]).next().await }));
        assert!(outcome.is_err() && seen.load(std::sync::atomic::Ordering::Relaxed));
        canceller.join().unwrap();
    });
}

/// Two who cancel, a parent and a child: the run ends, and one of the two was the first.
#[test]
fn two_cancellations_end_one_run() {
    model(|| {
        let outer = CancelScope::new();
        let inner = CancelScope::under(&outer.token());
        let other = thread::spawn({
            let outer = outer.clone();
            move || outer.cancel("from above")
        });
        let third = thread::spawn({
            let inner = inner.clone();
            move || inner.cancel("itself")
        });
        assert!(block_on(inner.run(pending::<()>())).is_err());
        assert!(other.join().unwrap());
        let first = third.join().unwrap();
        assert_eq!(first, inner.reason().unwrap().to_string().ends_with("itself"));
    });
}

/// A scheduler that gives each poll of a task a thread.
struct Threads;

impl Schedule for Threads {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        thread::spawn(move || runnable.run());
    }
}

/// A child that ends on another thread: its handle has the value, and the group ends.
#[test]
fn a_group_ends_after_its_child() {
    model(|| {
        let group = GroupBuilder::new().home(Arc::new(Threads)).run(|group: TaskGroup<()>| async move {
            let child = group.spawn(async { Ok(5) });
            drop(group.spawn(async { Ok(()) }));
            Ok(child.await)
        });
        assert_eq!(block_on(group), Ok(Ok(5)));
    });
}

/// With room for one, the second child starts when the first ends, wherever that is noticed.
#[test]
fn a_child_that_waits_for_its_turn_gets_it() {
    model(|| {
        let builder = GroupBuilder::new().home(Arc::new(Threads)).limit(1).policy(Policy::Supervise);
        let group = builder.run(|group: TaskGroup<()>| async move {
            let (one, two) = (group.spawn(async { Err::<(), _>(()) }), group.spawn(async { Ok(2) }));
            drop(one);
            Ok(two.await)
        });
        assert!(block_on(group).is_err());
    });
}

/// A child that another thread spawns into a borrowing scope, which may just be about to wait.
#[test]
fn a_spawn_from_elsewhere_is_noticed() {
    model(|| {
        let done = Arc::new(Flag::default());
        let body = |s: Scope<'static>| {
            let other = thread::spawn({
                let done = done.clone();
                move || drop(s.spawn(async move { done.set() }))
            });
            let done = done.clone();
            async move {
                done.wait().await;
                other.join().unwrap();
            }
        };
        block_on(scope(body));
    });
}

/// Lent data that loom watches: a read that is not before the end of it is a race.
struct Lendable {
    text: AtomicUsize,
    gone: Arc<Flag>,
}

impl Lendable {
    fn new() -> (Lendable, Arc<Flag>) {
        let gone = Arc::<Flag>::default();
        (Lendable { text: AtomicUsize::new(7), gone: gone.clone() }, gone)
    }

    fn read(&self) {
        assert_eq!(self.text.load(Relaxed), 7);
    }
}

impl Drop for Lendable {
    fn drop(&mut self) {
        self.text.with_mut(|text| *text = 0);
        self.gone.set();
    }
}

/// Reads once more when it is dropped.
struct Reader<'s>(&'s Lendable);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.read();
    }
}

/// A child reads while it runs, when its future is dropped, and when its value is, which nobody takes.
async fn reads(s: Lent<'_, Lendable, ()>, ends: bool) -> Result<(), ()> {
    drop(s.spawn(async move {
        let reader = Reader(s.data());
        if !ends {
            pending::<()>().await;
        }
        Ok(reader)
    }));
    Ok(())
}

/// The data comes back when nobody reads it any more, and its owner may write to it at once.
#[test]
fn lent_data_comes_back_after_its_readers() {
    model(|| {
        let (data, _gone) = Lendable::new();
        let all = GroupBuilder::new().home(Arc::new(Threads)).run_with(data, async |s| reads(s, true).await);
        let (mut data, outcome) = block_on(all);
        assert_eq!(outcome, Ok(()));
        data.text.with_mut(|text| *text = 8);
    });
}

/// The scope is dropped beside a child that ends, or is cancelled by that: the last of the two drops the data, and once.
#[test]
fn the_last_owner_drops_lent_data() {
    for ends in [true, false] {
        model(move || {
            let (data, gone) = Lendable::new();
            let builder = GroupBuilder::new().home(Arc::new(Threads));
            let mut all = Box::pin(builder.run_with(data, async move |s| reads(s, ends).await));
            let _ = all.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            drop(all);
            block_on(gone.wait());
        });
    }
}
