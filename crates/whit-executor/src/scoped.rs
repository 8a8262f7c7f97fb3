//! `run_scoped`: an executor for the length of a call, whose tasks borrow from the frames above it.
//!
//! An async function cannot keep its caller's frame alive, since its future may be forgotten; a function that blocks
//! can. No unsafe code is needed for it: std's scoped threads end before their scope does, and an [`Executor`] that is
//! closed has no future left.
//!
//! The order at the end, also when the root panics: the other threads are told to stop, and leave after the poll they
//! are in; this thread closes the executor, which drops every future that is left; the threads are joined.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::thread;

use whit_core::{Handle, ThreadPark, wake_all};

use crate::Executor;
use crate::sync::{Mutex, lock};

/// Runs a root future on this thread, with an executor **whose tasks may borrow from the caller's frame**, and which
/// `threads` threads drive, this one among them. Returns when the root is ready and every task's future has been
/// dropped.
///
/// `root` is called with the executor in an `Arc`, so that tasks can have it and spawn more. A task that is still there
/// when the root is ready is cancelled: await those that matter. What the root's own frame holds cannot be borrowed, as
/// the root may end before its tasks.
///
/// The thread blocks meanwhile. **Do not call it in a task** but by `unblock`: a worker of a runtime that sits in here
/// runs no other task, and drives no timer. The other threads are started for each call, and end with it: for what takes
/// no longer than that, one thread is better. On all of them the caller's current [`Handle`] is current, so that timers
/// and sockets are those of the runtime around, if there is one.
///
/// Should a thread not start, those that did do the work.
///
/// # Panics
///
/// If `threads` is zero; and with the panic of the root, when all futures have been dropped. A task's panic goes to
/// whoever awaits it.
///
/// ```
/// let mut numbers = [3, 1, 2, 6, 5, 4];
/// let (left, right) = numbers.split_at_mut(3);
/// whit_executor::run_scoped(2, async |executor| {
///     let left = executor.spawn(async { left.sort() });
///     let right = executor.spawn(async { right.sort() });
///     left.await;
///     right.await;
/// });
/// assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
/// ```
///
/// A task cannot borrow from the root:
///
/// ```compile_fail
/// whit_executor::run_scoped(2, async |executor| {
///     let local = 5;
///     executor.spawn(async { local + 1 }).await
/// });
/// ```
#[track_caller]
pub fn run_scoped<'env, F: Future>(threads: usize, root: impl FnOnce(Arc<Executor<'env>>) -> F) -> F::Output {
    assert!(threads > 0, "no thread at all would run nothing, ever; give 1 to run everything on this one");
    let location = Location::caller();
    let executor = Arc::new(Executor::new());
    let stop = Stop::default();
    let handle = Handle::try_current().ok();
    thread::scope(|scope| {
        let _end = End { executor: &executor, stop: &stop };
        for number in 1..threads {
            let work = || {
                let _entered = handle.as_ref().map(Handle::enter);
                executor.block_on_at(location, &ThreadPark::new(), stop.wait());
            };
            let started = thread::Builder::new().name(format!("whit-scoped-{number}")).spawn_scoped(scope, work);
            if let Err(error) = started {
                eprintln!(
                    "whit: `run_scoped` goes on with {number} of {threads} threads, as another could not start: {error}"
                );
                break;
            }
        }
        let root = async { root(executor.clone()).await };
        executor.block_on_at(location, &ThreadPark::new(), root)
    })
}

/// The end of a call, by whichever way it is left.
struct End<'s, 'env> {
    executor: &'s Executor<'env>,
    stop: &'s Stop,
}

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        self.stop.set();
        self.executor.close();
    }
}

/// Tells the threads to leave.
#[derive(Default)]
struct Stop {
    state: Mutex<Stopped>,
}

#[derive(Default)]
struct Stopped {
    stopped: bool,
    waiting: Vec<Waker>,
}

impl Stop {
    fn set(&self) {
        let waiting = {
            let mut state = lock(&self.state);
            state.stopped = true;
            std::mem::take(&mut state.waiting)
        };
        wake_all(waiting);
    }

    /// A thread polls it first and when it is woken, so that it leaves one waker.
    async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = lock(&self.state);
            if state.stopped {
                return Poll::Ready(());
            }
            state.waiting.push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
