//! A task that is ready to be polled, and which task a thread is running.
//!
//! A task's body does not know its metadata, which stands before it in the same allocation: that would be one more word in
//! every task. It asks the thread, by [`meta_of_body`].
//!
//! Rules:
//! 1. `async-task` polls a body, or drops it, in [`Runnable::run`] and in the drop of a [`Runnable`] only: every other way to
//!    end a task schedules it once more.
//! 2. Those two say in `CURRENT` whose task it is, and put back what was there when they return or unwind.
//! 3. So in the body's `poll` and `drop`, before it calls anybody else, `CURRENT` is its own, and its metadata is alive. After
//!    the body is gone the metadata may be too, while its awaiter is still to be woken: so the id stands there by value.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::task::Waker;

use crate::{Home, Meta, TaskId, budget, inherited};

#[derive(Clone, Copy)]
struct Current {
    id: Option<TaskId>,
    meta: *const Meta,
}

impl Current {
    const NONE: Current = Current { id: None, meta: ptr::null() };
}

#[cfg(not(loom))]
thread_local! {
    static CURRENT: Cell<Current> = const { Cell::new(Current::NONE) };
}
// loom runs the threads of a model on one thread.
#[cfg(loom)]
loom::thread_local! {
    static CURRENT: Cell<Current> = Cell::new(Current::NONE);
}

/// The task that this thread is polling, if it is polling one.
pub fn current_task() -> Option<TaskId> {
    CURRENT.try_with(Cell::get).ok().and_then(|current| current.id)
}

/// The metadata of the task whose body this thread polls or drops.
///
/// # Safety
///
/// Called by that body's `poll` or `drop`, before it calls anybody else; and the reference is not used after the body is gone.
#[inline]
pub(super) unsafe fn meta_of_body<'m>() -> &'m Meta {
    // SAFETY: rule 3.
    unsafe { &*CURRENT.with(Cell::get).meta }
}

/// Makes `meta`'s the current task, until it is dropped. The place is looked up once, not again for the way back.
struct Restore<'c>(&'c Cell<Current>, Current);

impl<'c> Restore<'c> {
    #[inline]
    fn after(current: &'c Cell<Current>, meta: &Meta) -> Restore<'c> {
        Restore(current, current.replace(Current { id: Some(meta.id()), meta }))
    }
}

impl Drop for Restore<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// A task that is ready to be polled. There is at most one per task at any time.
///
/// Dropping it instead of running it cancels the task.
#[must_use = "a dropped runnable cancels its task"]
pub struct Runnable(ManuallyDrop<async_task::Runnable<Meta>>);

impl Runnable {
    pub(crate) fn new(inner: async_task::Runnable<Meta>) -> Runnable {
        Runnable(ManuallyDrop::new(inner))
    }

    /// Polls the task once, as the [current task](current_task) and with a fresh [budget].
    ///
    /// True if it was woken while it ran, and so has been scheduled again. Panics of the task do not come out here.
    #[inline]
    pub fn run(self) -> bool {
        self.run_with(budget::BUDGET)
    }

    /// As [`run`](Runnable::run), with a [budget] of so many units: with a small one the task gives way between two operations.
    #[inline]
    pub fn run_with(self, units: u8) -> bool {
        let _nothing_inherited = inherited::suspend();
        CURRENT.with(|current| {
            let _restore = Restore::after(current, self.meta());
            let inner = self.into_inner();
            budget::with_units(units, || inner.run())
        })
    }

    /// Sends the task to its home again without running it.
    pub fn schedule(self) {
        self.into_inner().schedule();
    }

    /// What the task carries.
    #[inline]
    pub fn meta(&self) -> &Meta {
        self.0.metadata()
    }

    /// Where the task is scheduled.
    #[inline]
    pub fn home(&self) -> &Home {
        // SAFETY: whoever has a runnable has its future, which has not been dropped.
        unsafe { self.meta().home() }
    }

    /// The runnable as a pointer, for queues of one word a task. Lost, it leaks the task.
    pub fn into_raw(self) -> NonNull<()> {
        self.into_inner().into_raw()
    }

    /// The runnable of a pointer.
    ///
    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Runnable::into_raw), and this is called once for it.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Runnable {
        // SAFETY: as the caller promised; all our runnables have this metadata.
        Runnable::new(unsafe { async_task::Runnable::from_raw(pointer) })
    }

    /// A waker for the task.
    pub fn waker(&self) -> Waker {
        self.0.waker()
    }

    #[inline]
    fn into_inner(self) -> async_task::Runnable<Meta> {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: taken once, as `this` is not dropped.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        CURRENT.with(|current| {
            let _restore = Restore::after(current, self.meta());
            // SAFETY: here only, and not after `into_inner`, which forgets `self`.
            unsafe { ManuallyDrop::drop(&mut self.0) }
        });
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(self.meta()).finish()
    }
}
