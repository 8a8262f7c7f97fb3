//! `Executor`: any number of threads run its tasks.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use whit_core::{Home, Park, Spawn, Task, UnhandledPanic, drive};

use crate::sleepers::Ticket;
use crate::state::State;
use crate::watch::{Watch, WatchEnd};
use crate::worker::{Worker, block_on, prepare_sleep};

/// Tasks that a `run` future runs before it lets its own executor have a turn.
const RUNS_PER_POLL: usize = 200;

/// An executor whose tasks may borrow for `'a`, and which any number of threads may drive.
///
/// It does nothing by itself: drive it by [`run`](Executor::run) under any `block_on`, by [`block_on`](Executor::block_on)
/// over a [`Park`], or by [`tick`](Executor::tick). Dropping it cancels every task and drops every future before it returns.
///
/// ```
/// use whit_executor::Executor;
///
/// let numbers = vec![1, 2, 3];
/// let executor = Executor::new();
/// let sum = executor.spawn(async { numbers.iter().sum::<i32>() }); // borrows
/// assert_eq!(whit_core::block_on(executor.run(sum)), 6);
/// ```
pub struct Executor<'a> {
    // The state as its own type and as a home, made at first use so that `new` is const.
    shared: OnceLock<(Arc<State>, Home)>,
    // Invariant: what a task may borrow must not be shortened nor lengthened.
    borrows: PhantomData<fn(&'a ()) -> &'a ()>,
}

impl<'a> Executor<'a> {
    /// An executor without tasks.
    pub const fn new() -> Executor<'a> {
        Executor { shared: OnceLock::new(), borrows: PhantomData }
    }

    /// Spawns a task. Dropping the [`Task`] cancels it. On an executor that was closed the task comes back cancelled.
    #[track_caller]
    pub fn spawn<T: Send + 'a>(&self, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        self.spawn_by(Spawn::new(), future)
    }

    /// Spawns a task as `spawn` says: with a name, for a caller at another line, or [eagerly](Spawn::eager).
    // Always inlined, for the reason that `spawn_unchecked` gives.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn spawn_by<T: Send + 'a>(&self, spawn: Spawn<'_>, future: impl Future<Output = T> + Send + 'a) -> Task<T> {
        let future = ManuallyDrop::new(future);
        let home = self.home_ref();
        // SAFETY: the future and its output are `Send`. They may borrow for `'a`, which outlives this executor, and dropping
        // the executor drops every future before it returns: rule 2 in `state`. Forgetting it leaks them instead; nobody
        // runs them then, since whoever drives the executor borrows it.
        unsafe { spawn.spawn_unchecked(home, ManuallyDrop::into_inner(future)) }
    }

    /// Spawns many tasks.
    #[track_caller]
    pub fn spawn_many<T: Send + 'a, F: Future<Output = T> + Send + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        let spawn = Spawn::new();
        handles.extend(futures.into_iter().map(|future| self.spawn_by(spawn, future)));
    }

    /// Runs one task, if one is ready in any queue.
    pub fn try_tick(&self) -> bool {
        let state = self.state();
        let Some(runnable) = state.pop_any() else { return false };
        if state.is_closing() {
            drop(runnable);
        } else {
            runnable.run();
        }
        true
    }

    /// Runs one task, and waits for one to be ready. Cancel-safe.
    pub async fn tick(&self) {
        let mut nap = Nap { state: self.state(), ticket: None, searcher: false };
        poll_fn(|cx| {
            nap.end();
            if self.try_tick() {
                return Poll::Ready(());
            }
            if !nap.begin(cx.waker().clone()) {
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }

    /// Runs tasks until `future` is ready, under any `block_on`; several at once, on several threads, share the work.
    ///
    /// Cancel-safe: dropping it hands its tasks to the other runners. A `run` future that was woken but is kept without
    /// being polled again holds back the wake-ups of the others: poll it, or drop it.
    #[track_caller]
    pub fn run<T>(&self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        self.run_at(Location::caller(), future)
    }

    async fn run_at<T>(&self, location: &'static Location<'static>, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut runner = Sleep { worker: Worker::new(self.state().clone(), false), ticket: None };
        poll_fn(|cx| {
            runner.worker.on_this_thread();
            runner.wake_up();
            let home = self.home_ref();
            let output = runner.worker.drive(home, |worker| {
                if let Poll::Ready(output) = worker.poll_root(location, || future.as_mut().poll(cx)) {
                    return Some(Poll::Ready(output));
                }
                for _ in 0..RUNS_PER_POLL {
                    if !worker.run_one() {
                        return None;
                    }
                }
                Some(Poll::Pending)
            });
            match output {
                Some(Poll::Ready(output)) => return Poll::Ready(output),
                Some(Poll::Pending) => cx.waker().wake_by_ref(),
                None if runner.fall_asleep(cx.waker().clone()) => {}
                None => cx.waker().wake_by_ref(),
            }
            Poll::Pending
        })
        .await
    }

    /// The worker loop: this thread polls `root` and runs tasks until `root` is ready, and parks in `park` in between.
    ///
    /// # Panics
    ///
    /// With the panic of `root`. Panics of tasks, of the park, and of wakers called in it do not come out.
    #[track_caller]
    pub fn block_on<F: Future>(&self, park: &dyn Park, root: F) -> F::Output {
        self.block_on_at(Location::caller(), park, root)
    }

    /// The worker loop, for a caller at another line.
    pub fn block_on_at<F: Future>(&self, location: &'static Location<'static>, park: &dyn Park, root: F) -> F::Output {
        block_on(self.state(), false, self.home_ref(), park, location, root)
    }

    /// The worker loop of a spare: one that stands in while all others are stuck, and does not count among them; until a
    /// [`Spare`](crate::Spare), say, is ready.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Executor::block_on).
    #[track_caller]
    pub fn block_on_as_spare<F: Future>(&self, park: &dyn Park, root: F) -> F::Output {
        block_on(self.state(), true, self.home_ref(), park, Location::caller(), root)
    }

    /// A watch for polls that block, and what ends it. One at a time: a new one ends the one before.
    pub fn watch(&self) -> (Watch, WatchEnd) {
        Watch::new(self.state().clone())
    }

    /// Whether no task is left.
    pub fn is_empty(&self) -> bool {
        self.state().is_empty()
    }

    /// The executor as a home for tasks that do not borrow.
    pub fn home(&self) -> Home {
        self.home_ref().clone()
    }

    /// Calls `hook` for each panic that nobody awaits, instead of writing to stderr. The first hook stays.
    pub fn on_unhandled(&self, hook: impl Fn(&UnhandledPanic) + Send + Sync + 'static) {
        self.state().unhandled.set(hook);
    }

    /// Cancels every task and drops every future on this thread; later spawns come back cancelled.
    ///
    /// Waits for polls that are under way: for ever, if one never returns, or if it is called from one of its own tasks.
    pub fn close(&self) {
        self.close_until(None);
    }

    /// Closes, but gives up after `grace`.
    ///
    /// # Errors
    ///
    /// The tasks that were still being polled, by id, name and spawn line.
    pub fn close_timeout(&self, grace: Duration) -> Result<(), Vec<String>> {
        let left = self.close_until(Instant::now().checked_add(grace));
        if left.is_empty() { Ok(()) } else { Err(left) }
    }

    fn close_until(&self, deadline: Option<Instant>) -> Vec<String> {
        // Inside a worker of ours, too, wakes must go to where `State::close` drains.
        drive(self.home_ref(), &**self.state(), || self.state().close(deadline))
    }

    fn state(&self) -> &Arc<State> {
        &self.shared().0
    }

    fn home_ref(&self) -> &Home {
        &self.shared().1
    }

    fn shared(&self) -> &(Arc<State>, Home) {
        self.shared.get_or_init(|| {
            let state = Arc::new(State::new());
            (state.clone(), state)
        })
    }
}

// Tasks' panics are caught, and no lock of ours is held while they run.
impl UnwindSafe for Executor<'_> {}
impl RefUnwindSafe for Executor<'_> {}

impl Default for Executor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Executor<'_> {
    fn drop(&mut self) {
        if self.shared.get().is_some() {
            self.close();
        }
    }
}

impl fmt::Debug for Executor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("is_empty", &self.is_empty()).finish()
    }
}

/// Waits for work in a future, without a queue of its own.
struct Nap<'e> {
    state: &'e State,
    ticket: Option<Ticket>,
    searcher: bool,
}

impl Nap<'_> {
    /// False if there is work.
    fn begin(&mut self, waker: Waker) -> bool {
        self.ticket = prepare_sleep(self.state, &mut self.searcher, false, waker);
        self.ticket.is_some()
    }

    /// It will look for work now, or is gone: in both cases it no longer searches on a notifier's behalf.
    fn end(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.searcher |= self.state.sleepers.leave(ticket);
        }
        if std::mem::take(&mut self.searcher) {
            self.state.sleepers.found(|| self.state.has_work());
        }
    }
}

impl Drop for Nap<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

/// A worker in a future: it sleeps by a waker between polls.
struct Sleep {
    worker: Worker,
    ticket: Option<Ticket>,
}

impl Sleep {
    fn wake_up(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.worker.end_sleep(ticket);
        }
    }

    /// False if there is work.
    fn fall_asleep(&mut self, waker: Waker) -> bool {
        self.ticket = self.worker.prepare_sleep(waker);
        self.ticket.is_some()
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.wake_up();
    }
}
