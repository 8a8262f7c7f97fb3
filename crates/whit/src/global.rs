//! `spawn` and `spawn_local`: onto the current runtime, or onto a process-wide default where there is none.

use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use whit_core::{Handle, Home, Spawn, Task, ThreadPark};
use whit_executor::{Executor, LocalExecutor};

use crate::threads;

/// Spawns a task onto the current runtime. **Dropping the [`Task`] cancels it**; `detach` lets it run on until the runtime
/// ends.
///
/// Outside a runtime it goes to a process-wide executor with one thread, `whit-default`, which starts at first use and
/// whose tasks are not dropped at the end of the process.
///
/// # Panics
///
/// If that thread cannot be started.
#[track_caller]
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn spawn<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_as(Spawn::new(), future)
}

/// Spawns a task with a name, for reports and traces: asyncio's `create_task(.., name=..)`. Else as [`spawn`].
///
/// # Panics
///
/// As [`spawn`].
///
/// ```
/// let task = whit::spawn_named("answer", async { 42 });
/// assert_eq!(task.name(), Some("answer"));
/// assert_eq!(whit::block_on(task), 42);
/// ```
#[track_caller]
#[inline]
pub fn spawn_named<F>(name: &str, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_as(Spawn::new().name(name), future)
}

/// Spawns a task and polls it once before this returns, where that may be: asyncio's `eager_start`. Else as [`spawn`].
///
/// Worth it for what mostly need not wait, and for tasks that spawn tasks: one that ends in that poll was never in a queue.
/// What the caller holds it holds meanwhile, a lock or a borrow. On a thread that is no worker, deep inside of other such
/// spawns, when the caller has had its share of the time, in a drop that a scope waits for, and in a simulation the task is
/// queued as any other: it saves time, and promises no order. See [`Spawn::eager`](whit_core::Spawn::eager).
///
/// # Panics
///
/// As [`spawn`].
///
/// ```
/// whit::run(async {
///     let task = whit::spawn_eager(async { 42 });
///     assert!(task.is_finished());
///     assert_eq!(task.await, 42);
/// });
/// ```
#[track_caller]
#[inline]
pub fn spawn_eager<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_as(Spawn::new().eager(), future)
}

#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn spawn_as<F>(spawn: Spawn<'_>, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // No unwinding is to find it in memory, for the reason that `Spawn::spawn_unchecked` gives.
    let future = ManuallyDrop::new(future);
    Handle::with_driven_schedule(|home| match home {
        Some(home) => spawn.spawn(home, ManuallyDrop::into_inner(future)),
        None => spawn_elsewhere(spawn, &mut Some(ManuallyDrop::into_inner(future))),
    })
}

/// From a thread that is not a worker of the current runtime, or outside of any. Takes the future.
#[cold]
#[inline(never)]
fn spawn_elsewhere<F>(spawn: Spawn<'_>, future: &mut Option<F>) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let future = future.take().expect("it was handed over");
    spawn.spawn(&current_home().unwrap_or_else(default_home), future)
}

fn current_home() -> Option<Home> {
    Handle::try_current().ok()?.schedule().ok().cloned()
}

fn default_home() -> Home {
    static EXECUTOR: Executor<'static> = Executor::new();
    // Not a `Once`: a thread that could not be started is tried again by the next spawn.
    static STARTED: Mutex<bool> = Mutex::new(false);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*started {
        let work = || {
            let handle = Handle::builder().home(EXECUTOR.home()).build();
            let _entered = handle.enter();
            EXECUTOR.block_on(&ThreadPark::new(), std::future::pending::<()>());
        };
        if let Err(error) = threads::start("whit-default".into(), None, Box::new(work)) {
            panic!("whit::spawn outside a runtime could not start its thread: {error}; call it inside `whit::run`");
        }
        *started = true;
    }
    EXECUTOR.home()
}

thread_local! {
    // Filled by guards alone, which empty it again, so that nothing is left to drop at the end of a thread, and no access has to ask
    // whether it was dropped.
    static LOCAL: RefCell<ManuallyDrop<Option<Rc<LocalExecutor<'static>>>>> = const { RefCell::new(ManuallyDrop::new(None)) };
}

/// Spawns a task that need not be `Send` onto the thread of the current [`run_local`](crate::run_local).
///
/// # Panics
///
/// Outside `run_local`: a thread that others share cannot promise to keep a task.
#[track_caller]
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
pub fn spawn_local<F>(future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_as(Spawn::new(), future)
}

/// [`spawn_local`] as [`spawn_eager`]: the task is polled once before this returns, where that may be.
///
/// # Panics
///
/// As [`spawn_local`].
///
/// ```
/// whit::run_local(async {
///     let task = whit::spawn_local_eager(async { 42 });
///     assert!(task.is_finished());
/// });
/// ```
#[track_caller]
#[inline]
pub fn spawn_local_eager<F>(future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    spawn_local_as(Spawn::new().eager(), future)
}

#[track_caller]
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
fn spawn_local_as<F>(spawn: Spawn<'_>, future: F) -> Task<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    // No unwinding is to find it in memory, for the reason that `Spawn::spawn_unchecked` gives.
    let future = ManuallyDrop::new(future);
    if let Some(executor) = local() {
        return executor.spawn_by(spawn, ManuallyDrop::into_inner(future));
    }
    // Boxed, so that the usual way above stays the only one to spawn a future of this type, and is compiled in place.
    spawn_local_elsewhere(spawn, Box::pin(ManuallyDrop::into_inner(future)))
}

#[inline]
fn local() -> Option<Rc<LocalExecutor<'static>>> {
    LOCAL.with(|local| (**local.borrow()).clone())
}

/// A home of another make may keep to one thread as well.
#[cold]
#[track_caller]
fn spawn_local_elsewhere<T: 'static>(spawn: Spawn<'_>, future: Pin<Box<dyn Future<Output = T>>>) -> Task<T> {
    if let Some(home) = current_home()
        && let Ok(task) = spawn.spawn_local(&home, future)
    {
        return task;
    }
    panic!(
        "whit::spawn_local was called outside `whit::run_local`: start the program with `run_local`, or use `spawn` with a future that is `Send`"
    )
}

/// Makes `executor` the one that `spawn_local` uses on this thread, until the guard is dropped.
pub(crate) fn enter_local(executor: Rc<LocalExecutor<'static>>) -> EnteredLocal {
    EnteredLocal(exchange(Some(executor)))
}

pub(crate) struct EnteredLocal(Option<Rc<LocalExecutor<'static>>>);

impl Drop for EnteredLocal {
    fn drop(&mut self) {
        drop(exchange(self.0.take()));
    }
}

fn exchange(executor: Option<Rc<LocalExecutor<'static>>>) -> Option<Rc<LocalExecutor<'static>>> {
    LOCAL.with(|local| ManuallyDrop::into_inner(local.replace(ManuallyDrop::new(executor))))
}
