//! Making a task.

use std::future::Future;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;

use super::cell;
use super::eager;
use super::handle::Task;
use super::runnable::Runnable;
use crate::{Home, Inherited, ScheduleInfo, home, inherited};

/// Spawns `future` on `home`.
///
/// The task is scheduled before this returns, and dropping the [`Task`] cancels it. The caller's line and the current task
/// are kept as its origin, and the task takes over what is [`Inherited`](crate::Inherited) there.
#[track_caller]
pub fn spawn<F>(home: &Home, future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Spawn::new().spawn(home, future)
}

/// Spawns a task with a name, or one whose future is not `Send` or borrows.
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// # use whit_core::{Home, Runnable, Schedule, ScheduleInfo};
/// # struct Drop_;
/// # impl Schedule for Drop_ { fn schedule(&self, runnable: Runnable, _: ScheduleInfo) { runnable.run(); } }
/// # let home: Home = Arc::new(Drop_);
/// let task = whit_core::Spawn::new().name("answer").spawn(&home, async { 42 });
/// assert_eq!(task.name(), Some("answer"));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is spawned until `spawn`"]
pub struct Spawn<'n> {
    pub(super) name: Option<&'n str>,
    pub(super) location: &'static Location<'static>,
    eager: bool,
}

impl<'n> Spawn<'n> {
    /// A task without a name, spawned by the line that called this.
    #[track_caller]
    #[allow(clippy::new_without_default, reason = "a default would lose the caller's line")]
    pub fn new() -> Spawn<'n> {
        Spawn { name: None, location: Location::caller(), eager: false }
    }

    /// Gives the task a name, for reports and traces.
    pub fn name(self, name: &'n str) -> Spawn<'n> {
        Spawn { name: Some(name), ..self }
    }

    /// Says which line spawned the task, for wrappers that know better.
    pub fn location(self, location: &'static Location<'static>) -> Spawn<'n> {
        Spawn { location, ..self }
    }

    /// Polls the task once in the spawn itself, before it returns, where that may be: asyncio's `eager_start`. A task that
    /// need not wait has ended then, without having been in a queue.
    ///
    /// It may be on a thread that drives the home, if that [admits it](crate::Schedule::admits_eager) as whit's executors
    /// do while they run: in a task of theirs, say, or in the root. It takes a unit of the caller's
    /// [budget](crate::budget), and then lives on it as well, so that a whole tree of such tasks takes no longer than one
    /// run of a task may; and up to 16 such polls stand in each other, fewer if they need much of the stack. Where it may
    /// not be, the task is queued as any other: this saves time, and promises no order.
    ///
    /// What the caller holds, a lock or a borrow, it holds in that poll too. If that takes long, the watch for blocked polls
    /// names the caller.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Spawn, drive};
    /// struct Queue;
    ///
    /// impl Schedule for Queue {
    ///     fn schedule(&self, _: Runnable, _: ScheduleInfo) {
    ///         // Whatever has to wait; here it is dropped.
    ///     }
    ///
    ///     fn admits_eager(&self) -> bool {
    ///         true
    ///     }
    /// }
    ///
    /// let home: Home = Arc::new(Queue);
    /// let task = drive(&home, &Queue, || Spawn::new().eager().spawn(&home, async { 42 }));
    /// assert!(task.is_finished());
    /// ```
    pub fn eager(self) -> Spawn<'n> {
        Spawn { eager: true, ..self }
    }

    /// Spawns `future` on `home`.
    pub fn spawn<F>(self, home: &Home, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // SAFETY: the future and its output are `Send` and `'static`.
        unsafe { self.spawn_unchecked(home, future) }
    }

    /// Spawns a future that need not be `Send`, on a home whose tasks never leave this thread (see
    /// [`Schedule::confined`](crate::Schedule::confined)).
    ///
    /// ```
    /// # use std::rc::Rc;
    /// # use std::sync::Arc;
    /// # use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Spawn};
    /// # struct Inline;
    /// # impl Schedule for Inline { fn schedule(&self, runnable: Runnable, _: ScheduleInfo) { runnable.run(); } }
    /// let anywhere: Home = Arc::new(Inline);
    /// let shared = Rc::new(5);
    /// // Whoever wakes such a task runs it, on whichever thread that is.
    /// assert!(Spawn::new().spawn_local(&anywhere, async move { *shared }).is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// The future comes back: the home makes no such promise, or makes it for another thread.
    pub fn spawn_local<F>(self, home: &Home, future: F) -> Result<Task<F::Output>, F>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match home.confined() {
            // SAFETY: nothing borrows, and the home has promised the rest.
            Some(confined) if confined.is_here() => Ok(unsafe { self.spawn_unchecked(home, future) }),
            _ => Err(future),
        }
    }

    /// Spawns a future that need not be `Send` nor `'static`.
    ///
    /// # Safety
    ///
    /// - If `future` or its output is not `Send`, the home runs and drops every [`Runnable`] of the task on this thread.
    /// - If `future` borrows, the home sees to it that it is dropped before what it borrows is gone: a home that keeps
    ///   an account by [`adopt`](crate::Schedule::adopt) knows, since [`release`](crate::Schedule::release) comes after that drop.
    // Always inlined, and without a place where the future has to be in memory on its way: there it would be read before it is
    // written through, and wait for that. So the future is a `ManuallyDrop`, which no unwinding drops, and nobody is given its address
    // (the rare branch below passes a copy). Not so without optimization, where each copy takes its own room on the caller's stack.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    pub unsafe fn spawn_unchecked<F: Future>(self, home: &Home, future: F) -> Task<F::Output> {
        let future = ManuallyDrop::new(future);
        if inherited::any() {
            let mut moved = MaybeUninit::uninit();
            moved.write(ManuallyDrop::into_inner(future));
            // SAFETY: it is there, and is not used again; the rest is as the caller promised.
            return unsafe { self.spawn_inheriting(home, moved.as_mut_ptr()) };
        }
        // SAFETY: as the caller promised.
        unsafe { self.spawn_bare(home, future) }
    }

    /// Out of the way of those who inherit nothing. As `spawn_unchecked`, which lends its safety section too; `future` points to one
    /// that is there, and that the caller uses no more.
    #[cold]
    #[inline(never)]
    unsafe fn spawn_inheriting<F: Future>(self, home: &Home, future: *mut F) -> Task<F::Output> {
        // SAFETY: as the caller promised; what is put around the future is `Send` and does not borrow.
        unsafe { self.spawn_bare(home, ManuallyDrop::new(Inherited::current().around(future.read()))) }
    }

    /// As `spawn_unchecked`, which lends its safety section too; nothing is inherited.
    #[cfg_attr(debug_assertions, inline)]
    #[cfg_attr(not(debug_assertions), inline(always))]
    unsafe fn spawn_bare<F: Future>(self, home: &Home, future: ManuallyDrop<F>) -> Task<F::Output> {
        let cell = cell::allocate(home, self, future);
        // SAFETY: the cell is new, and has one of each.
        let (runnable, task) = unsafe { (Runnable::of(cell), Task::of(cell)) };
        if self.eager {
            eager::begin(runnable, home);
        } else {
            begin(runnable, home);
        }
        task
    }
}

/// What does not depend on the future: compiled once, and not once for each future.
#[inline(never)]
fn begin(runnable: Runnable, home: &Home) {
    home::with(home, |schedule| {
        runnable.meta().adopted(&schedule.adopt(&runnable), home);
        schedule.schedule(runnable, ScheduleInfo { spawned: true, ..ScheduleInfo::default() });
    });
}
