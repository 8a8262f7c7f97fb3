//! Three floors to test on: one thread with a clock that jumps, the simulation with its seeds, and four threads with a real clock.
//!
//! What is about order or time runs under seeds, by `simulate` and `under_seeds`:
//!
//! | tests | under seeds |
//! | --- | --- |
//! | `borrowing`, `group_policies`, `groups`, `joining`, `lending`, `limits`, `local_groups`, `mapping`, `scopes`, `task_locals` | in place, where they `simulate` |
//! | those of them on four threads, or polled by hand | `seeds`, `lending_seeds` |
//! | `lending_ends` | `lending_seeds` |
//! | `cancel_safety` | in place: each case is dropped at some time, too |
//!
//! Left out, and why:
//!
//! | what | why |
//! | --- | --- |
//! | `limits`: timers that pile up | it asks the clock what is left in it |
//! | `group_policies`: a limit's order | what is said is said of tasks in the order of coming |
//! | `joining`: `wait_first`, all of one poll | how many are found ready by one poll differs from seed to seed; the rest is |
//! | `joining`: how many polls and wakes | one waker's are counted |
//! | `groups`: the deepest tree; a long queue, a deep tree | thousands of steps a run, about the stack |
//! | `groups`, `lending_ends`: an executor that closes, what is leaked or forgotten | about the executor, about the process |
//! | `roots` | there is one interruption in a process |
//! | `scopes`, `task_locals`: closures that block | they wait for other threads |
//! | `loom_scope`, `escapes` | models; what does not compile |

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod book;

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread;
use std::time::{Duration, Instant};

use whit_core::{Clock, Handle, ManualClock, Park, Task, ThreadPark, block_on};
use whit_executor::{Executor, LocalExecutor};
use whit_scope::GroupError;
use whit_sim::Campaign;
use whit_sync::Event;
use whit_timers::Timers;

/// Half of them have an order by chance, the other half priorities.
const SEEDS: u64 = if cfg!(miri) { 4 } else { 1000 };

/// Runs what `start` gives in order, and again under a thousand seeds, each with an order of its own. Time is exact in both.
#[track_caller]
pub(crate) fn simulate<F: Future<Output = ()> + 'static>(start: impl Fn() -> F) {
    in_order(|_| start());
    under_seeds(start);
}

/// Under the seeds alone: for those who draw from them.
#[track_caller]
pub(crate) fn under_seeds<F: Future<Output = ()>>(start: impl Fn() -> F) {
    // Who turns in a circle is found out soon.
    Campaign::new().seeds(SEEDS).max_steps(100_000).run(start);
}

/// Runs a future as a task on one thread, where who was woken first runs first. When nothing is ready, the clock jumps to the
/// next deadline; if there is none, the test fails. For those whose order is that of coming, or who move the clock.
pub(crate) fn in_order<T: 'static, F: Future<Output = T> + 'static>(future: impl FnOnce(Arc<ManualClock>) -> F) -> T {
    let clock = Arc::new(ManualClock::new());
    let executor = LocalExecutor::new();
    let handle = Handle::builder().home(executor.home()).clock(clock.clone()).build();
    let _entered = handle.enter();
    let task = executor.spawn(future(clock.clone()));
    loop {
        while executor.try_tick() {}
        if task.is_finished() {
            return block_on(task);
        }
        let next = clock.next_deadline().expect("nothing is ready, nobody sleeps, and the test is not over");
        clock.advance(next - clock.now());
    }
}

/// Runs `future` as a task on four threads, with real time; fails after 30 seconds.
pub(crate) fn on_four_threads<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let timers = Arc::new(Timers::new(ThreadPark::new()));
    let executor = Executor::new();
    let handle = Handle::builder().home(executor.home()).clock(timers.clone()).build();
    let (stop, stopped) = (Event::new(), AtomicBool::new(false));
    let output = thread::scope(|scope| {
        scope.spawn(|| {
            while !stopped.load(SeqCst) {
                timers.park(None).unwrap();
            }
        });
        for _ in 0..4 {
            scope.spawn(|| {
                let _entered = handle.enter();
                block_on(executor.run(stop.wait()));
            });
        }
        let limit = whit_timers::timeout(Duration::from_secs(30), executor.spawn(future));
        let output = catch_unwind(AssertUnwindSafe(|| block_on(limit)));
        stopped.store(true, SeqCst);
        timers.unparker().wake();
        stop.set();
        output
    });
    match output {
        Ok(output) => output.expect("the test hangs"),
        Err(panic) => resume_unwind(panic),
    }
}

/// The time of the current handle's clock.
pub(crate) fn now() -> Instant {
    Handle::current().clock().unwrap().now()
}

pub(crate) async fn sleep(ms: u64) {
    whit_timers::sleep(Duration::from_millis(ms)).await;
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A list that many write to.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Writes `what` when dropped.
    pub(crate) fn on_drop(&self, what: &str) -> OnDrop {
        OnDrop(self.clone(), what.to_owned())
    }
}

pub(crate) struct OnDrop(Log, String);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1.clone());
    }
}

/// Counts the polls of a future.
pub(crate) async fn counted<F: Future>(polls: Arc<AtomicUsize>, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        polls.fetch_add(1, SeqCst);
        future.as_mut().poll(cx)
    })
    .await
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct Wakes(pub(crate) AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Polls by hand.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F, wakes: &Arc<Wakes>) -> Poll<F::Output> {
    let waker = wakes.clone().into();
    std::pin::Pin::new(future).poll(&mut Context::from_waker(&waker))
}

pub(crate) fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    Handle::current().spawn(future)
}

/// Milliseconds that `future` takes.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (u128, T) {
    let started = now();
    let output = future.await;
    ((now() - started).as_millis(), output)
}

pub(crate) fn failed<E>(first: E, rest: Vec<E>) -> GroupError<E> {
    GroupError::Failed { first, rest }
}

/// Writes `name` when it is dropped, and never ends by itself.
pub(crate) async fn lasting<T>(log: Log, name: &str) -> T {
    let _guard = log.on_drop(name);
    pending().await
}

/// Forgets a value for ever, where a sanitizer that looks for leaks still finds it.
pub(crate) fn forget<T>(value: T) {
    static FORGOTTEN: Mutex<Vec<AtomicPtr<()>>> = Mutex::new(Vec::new());
    let forgotten = Box::into_raw(Box::new(value)).cast();
    FORGOTTEN.lock().unwrap().push(AtomicPtr::new(forgotten));
}
