//! `LocalExecutor`: one thread runs its tasks, which need not be `Send`.
//!
//! On its own thread a spawn, a wake and an end touch plain memory only: see [`state`].

mod own_thread;
mod state;

use std::cell::OnceCell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use whit_core::budget::BUDGET;
use whit_core::{Home, Park, Spawn, Spin, Task, UnhandledPanic, budget, drive_alone, trim};

use self::state::{Driven, LocalState, Own};
use crate::look::Look;
use crate::sleepers::Ticket;
use crate::watch::{Watch, WatchEnd};
use crate::worker::{End, RootWaker, park_quietly};

/// Tasks between two looks at the injector and at the driver.
const LOOK_EACH: u32 = 61;

/// An executor for one thread, whose tasks need not be `Send` and may borrow for `'a`.
///
/// Wakes are accepted from any thread. Dropping it cancels every task and drops every future, on this thread.
///
/// ```
/// use std::rc::Rc;
/// use whit_executor::LocalExecutor;
///
/// let executor = LocalExecutor::new();
/// let shared = Rc::new(5);
/// let task = executor.spawn(async move { *shared });
/// assert_eq!(whit_core::block_on(executor.run(task)), 5);
/// ```
pub struct LocalExecutor<'a> {
    // The state as its own type and as a home, made at first use so that `new` is const.
    shared: OnceCell<(Arc<LocalState>, Home)>,
    // Invariant in `'a`.
    borrows: PhantomData<fn(&'a ()) -> &'a ()>,
    not_send: PhantomData<Rc<()>>,
}

impl<'a> LocalExecutor<'a> {
    /// An executor without tasks, for this thread.
    pub const fn new() -> LocalExecutor<'a> {
        LocalExecutor { shared: OnceCell::new(), borrows: PhantomData, not_send: PhantomData }
    }

    /// Spawns a task. Dropping the [`Task`] cancels it.
    #[track_caller]
    pub fn spawn<T: 'a>(&self, future: impl Future<Output = T> + 'a) -> Task<T> {
        self.spawn_by(Spawn::new(), future)
    }

    /// Spawns a task as `spawn` says: with a name, for a caller at another line, or [eagerly](Spawn::eager).
    // Always inlined, for the reason that `spawn_unchecked` gives.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub fn spawn_by<T: 'a>(&self, spawn: Spawn<'_>, future: impl Future<Output = T> + 'a) -> Task<T> {
        let future = ManuallyDrop::new(future);
        let home = self.home_ref();
        // SAFETY: every runnable is run and dropped on this thread, as `state` shows; borrows end after this executor, whose
        // drop drops every future first.
        unsafe { spawn.spawn_unchecked(home, ManuallyDrop::into_inner(future)) }
    }

    /// Spawns many tasks.
    #[track_caller]
    pub fn spawn_many<T: 'a, F: Future<Output = T> + 'a>(
        &self,
        futures: impl IntoIterator<Item = F>,
        handles: &mut impl Extend<Task<T>>,
    ) {
        let spawn = Spawn::new();
        handles.extend(futures.into_iter().map(|future| self.spawn_by(spawn, future)));
    }

    /// Runs one task, if one is ready.
    pub fn try_tick(&self) -> bool {
        self.drive(|own| self.run_one(own, false))
    }

    /// Runs one task, and waits for one to be ready. Cancel-safe.
    pub async fn tick(&self) {
        self.until(|_, own| if self.run_one(own, false) { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// Runs tasks until `future` is ready, under any `block_on`. Cancel-safe.
    #[track_caller]
    pub fn run<T>(&self, future: impl Future<Output = T>) -> impl Future<Output = T> {
        self.run_at(Location::caller(), future)
    }

    async fn run_at<T>(&self, location: &'static Location<'static>, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        self.until(|cx, own| {
            if let Poll::Ready(output) = self.poll_root(location, || future.as_mut().poll(cx)) {
                return Poll::Ready(output);
            }
            for turn in 0..200u32 {
                if !self.run_one(own, turn.is_multiple_of(LOOK_EACH)) {
                    return Poll::Pending;
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await
    }

    /// The worker loop: polls `root` and runs tasks until `root` is ready, and parks in `park` in between.
    ///
    /// # Panics
    ///
    /// With the panic of `root`.
    #[track_caller]
    pub fn block_on<F: Future>(&self, park: &dyn Park, root: F) -> F::Output {
        self.block_on_at(Location::caller(), park, root)
    }

    /// The worker loop, for a caller at another line.
    pub fn block_on_at<F: Future>(&self, location: &'static Location<'static>, park: &dyn Park, root: F) -> F::Output {
        let mut root = pin!(root);
        let unparker = park.unparker();
        let woken = RootWaker::new(unparker.clone());
        let root_waker = Waker::from(woken.clone());
        self.state().pulse.on_this_thread();
        let _awake = Awake::new(self.state());
        self.drive(|own| {
            let (mut look, mut spin) = (Look::new(LOOK_EACH), Spin::new());
            loop {
                // Polls of the root count as well: one that wakes itself again and again must not keep timers and sockets
                // waiting.
                let look_elsewhere = look.turn();
                if look_elsewhere && let Some(past) = look.due() {
                    park_quietly(park, Some(past));
                }
                if woken.take() {
                    let mut cx = Context::from_waker(&root_waker);
                    let poll = || budget::with_budget(|| root.as_mut().poll(&mut cx));
                    if let Poll::Ready(output) = self.poll_root(location, poll) {
                        return output;
                    }
                }
                if self.run_one(own, look_elsewhere) || woken.is_set() {
                    continue;
                }
                if spin.look_on(|| woken.is_set() || self.state().has_work(own)) {
                    continue;
                }
                let ticket = self.state().sleepers.enter(unparker.clone(), false);
                if !self.state().has_work(own) && !woken.is_set() {
                    self.state().falls_asleep();
                    spin.falls_asleep();
                    trim();
                    park_quietly(park, None);
                    spin.wakes_up(|| woken.is_set_elsewhere() || self.state().has_work_from_elsewhere());
                    self.state().wakes_up();
                }
                self.leave(ticket);
            }
        })
    }

    /// A watch for polls that block, and what ends it. One at a time: a new one ends the one before.
    pub fn watch(&self) -> (Watch, WatchEnd) {
        Watch::new(self.state().clone())
    }

    /// Whether no task is left.
    pub fn is_empty(&self) -> bool {
        self.state().is_empty(self.own())
    }

    /// The executor as a home for `Send` tasks from any thread.
    pub fn home(&self) -> Home {
        self.home_ref().clone()
    }

    /// Calls `hook` for each panic that nobody awaits, instead of writing to stderr. The first hook stays.
    pub fn on_unhandled(&self, hook: impl Fn(&UnhandledPanic) + Send + Sync + 'static) {
        self.state().unhandled.set(hook);
    }

    /// Cancels every task and drops every future; later spawns come back cancelled. Not to be called from one of its tasks,
    /// which would wait for itself.
    pub fn close(&self) {
        self.drive(|own| self.state().close(own));
    }

    fn state(&self) -> &Arc<LocalState> {
        &self.shared().0
    }

    fn home_ref(&self) -> &Home {
        &self.shared().1
    }

    #[inline]
    fn shared(&self) -> &(Arc<LocalState>, Home) {
        self.shared.get_or_init(|| {
            let state = Arc::new(LocalState::new());
            (state.clone(), state)
        })
    }

    fn own(&self) -> &Own {
        self.state().own.get().expect("a local executor is not `Send`, so this is the thread that made it")
    }

    fn drive<R>(&self, f: impl FnOnce(&Own) -> R) -> R {
        let own = self.own();
        // In one of its own tasks, perhaps: the poll that it is in blocks nobody meanwhile.
        let _paused = self.state().pulse.pause();
        // SAFETY: the queue and the injector are emptied by this thread alone, until `close` takes the flag back.
        unsafe { drive_alone(self.home_ref(), &Driven { state: self.state(), own }, &own.alone, || f(own)) }
    }

    #[inline]
    fn run_one(&self, own: &Own, look_elsewhere: bool) -> bool {
        let state = self.state();
        let Some(runnable) = state.next(own, look_elsewhere) else { return false };
        if state.is_closing() {
            // Never polled, it has no waker that another thread could bring it home by.
            drop(runnable);
            return true;
        }
        state.pulse.begin(runnable.meta());
        let again = runnable.poll(BUDGET);
        state.pulse.end();
        if let Some(runnable) = again {
            own.push(runnable);
        }
        true
    }

    /// Polls the root, which was handed in at `location`.
    fn poll_root<T>(&self, location: &'static Location<'static>, poll: impl FnOnce() -> T) -> T {
        self.state().pulse.begin_root(location);
        let _end = End(&self.state().pulse);
        poll()
    }

    fn leave(&self, ticket: Ticket) {
        if self.state().sleepers.leave(ticket) {
            // Nobody else can run what is here.
            self.state().sleepers.found(|| false);
        }
    }

    /// Polls `step` as the driver of this executor; sleeps while nothing is queued.
    async fn until<T>(&self, mut step: impl FnMut(&mut Context<'_>, &Own) -> Poll<T>) -> T {
        self.state().pulse.on_this_thread();
        let mut asleep = Asleep { executor: self, ticket: None };
        poll_fn(|cx| {
            asleep.wake_up();
            let awake = Awake::new(self.state());
            let polled = self.drive(|own| step(cx, own));
            drop(awake);
            if polled.is_pending() {
                asleep.ticket = Some(self.state().sleepers.enter(cx.waker().clone(), false));
                if self.state().has_work(self.own()) {
                    cx.waker().wake_by_ref();
                }
            }
            polled
        })
        .await
    }
}

// As for `Executor`.
impl UnwindSafe for LocalExecutor<'_> {}
impl RefUnwindSafe for LocalExecutor<'_> {}

impl Default for LocalExecutor<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LocalExecutor<'_> {
    fn drop(&mut self) {
        if self.shared.get().is_some() {
            self.close();
        }
    }
}

impl fmt::Debug for LocalExecutor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalExecutor").field("is_empty", &self.is_empty()).finish()
    }
}

struct Asleep<'e, 'a> {
    executor: &'e LocalExecutor<'a>,
    ticket: Option<Ticket>,
}

impl Asleep<'_, '_> {
    fn wake_up(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.executor.leave(ticket);
        }
    }
}

impl Drop for Asleep<'_, '_> {
    fn drop(&mut self) {
        self.wake_up();
    }
}

/// The thread works for the executor, until this is dropped; and then goes on to if it did before.
struct Awake<'e> {
    state: &'e LocalState,
    before: bool,
}

impl<'e> Awake<'e> {
    fn new(state: &'e LocalState) -> Awake<'e> {
        let before = state.is_awake();
        state.wakes_up();
        Awake { state, before }
    }
}

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        if !self.before {
            self.state.falls_asleep();
        }
    }
}
