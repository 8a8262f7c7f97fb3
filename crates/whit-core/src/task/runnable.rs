//! A task that is ready to be polled.

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::Waker;

use super::cell::{self, Header};
use super::current::{self, Outside, Working};
use super::waker;
use crate::{Home, Meta, ScheduleInfo, budget, home, inherited};

/// A task that is ready to be polled. There is at most one per task at any time.
///
/// Dropping it instead of running it cancels the task.
#[must_use = "a dropped runnable cancels its task"]
pub struct Runnable(NonNull<Header>);

// SAFETY: a runnable is the right to poll a task, which may go to another thread if the future may: whoever spawned it has
// promised that, or that its home stays where it is.
unsafe impl Send for Runnable {}
// SAFETY: by reference it shows the metadata, and gives wakers.
unsafe impl Sync for Runnable {}
// A task's panic is caught before it gets out.
impl std::panic::UnwindSafe for Runnable {}
impl std::panic::RefUnwindSafe for Runnable {}

impl Runnable {
    /// # Safety
    ///
    /// The caller has made the runnable by a step on the task's word.
    #[inline]
    pub(super) unsafe fn of(cell: NonNull<Header>) -> Runnable {
        Runnable(cell)
    }

    /// Polls the task once, as the [current task](crate::current_task) and with a fresh [budget].
    ///
    /// True if it was woken while it ran, and so has been scheduled again. Panics of the task do not come out here.
    #[inline]
    pub fn run(self) -> bool {
        self.run_with(budget::BUDGET)
    }

    /// As [`run`](Runnable::run), with a [budget] of so many units: with a small one the task gives way between two operations.
    pub fn run_with(self, units: u8) -> bool {
        let again = self.poll(units);
        let woken = again.is_some();
        if let Some(runnable) = again {
            home::dispatch(runnable, ScheduleInfo { woken_while_running: true, ..ScheduleInfo::default() });
        }
        woken
    }

    /// As [`run_with`](Runnable::run_with), but if the task was woken while it ran it comes back, for executors that know where
    /// to queue it.
    // Not inline: a thread-local is dearer to reach from another crate.
    #[inline(never)]
    pub fn poll(self, units: u8) -> Option<Runnable> {
        if inherited::any() || current::is_working() {
            return self.poll_inside(units);
        }
        self.poll_outside(units)
    }

    #[inline(always)]
    fn poll_outside(self, units: u8) -> Option<Runnable> {
        let working = Working::new(self.meta().id());
        let _budget = budget::Units::new(units);
        self.poll_working(&working)
    }

    #[inline(always)]
    fn poll_working(self, working: &Working) -> Option<Runnable> {
        let cell = self.into_cell();
        // SAFETY: the runnable is taken apart, and made again if it is to run again.
        unsafe { cell::run(cell, working) }.then(|| Runnable(cell))
    }

    /// In the middle of another poll, or among inherited values: they must find all as it was.
    #[cold]
    #[inline(never)]
    fn poll_inside(self, units: u8) -> Option<Runnable> {
        let _nothing_inherited = inherited::suspend();
        let _outside = Outside::new();
        self.poll_outside(units)
    }

    /// In the middle of whatever this thread does, and as a part of that: the task lives on the caller's budget.
    #[inline(never)]
    pub(super) fn poll_in_spawn(self) -> Option<Runnable> {
        let _nothing_inherited = inherited::suspend();
        let _outside = Outside::new();
        let working = Working::new(self.meta().id());
        let _budget = budget::Units::shared();
        self.poll_working(&working)
    }

    /// Sends the task to its home again without running it.
    pub fn schedule(self) {
        go_home(self);
    }

    /// What the task carries.
    #[inline]
    pub fn meta(&self) -> &Meta {
        // SAFETY: whoever has a runnable has its task.
        unsafe { self.0.as_ref() }.meta()
    }

    /// Where the task is scheduled.
    #[inline]
    pub fn home(&self) -> &Home {
        // SAFETY: whoever has a runnable has its future, which has not been dropped.
        unsafe { self.meta().home() }
    }

    /// The runnable as a pointer, for queues of one word a task. Lost, it leaks the task.
    pub fn into_raw(self) -> NonNull<()> {
        self.into_cell().cast()
    }

    /// The runnable of a pointer.
    ///
    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Runnable::into_raw), and this is called once for it.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Runnable {
        Runnable(pointer.cast())
    }

    /// A waker for the task.
    pub fn waker(&self) -> Waker {
        // SAFETY: whoever has a runnable has its task.
        unsafe { waker::counted(self.0) }
    }

    #[inline]
    fn into_cell(self) -> NonNull<Header> {
        ManuallyDrop::new(self).0
    }
}

impl Drop for Runnable {
    #[cold]
    fn drop(&mut self) {
        let _nothing_inherited = inherited::suspend();
        let _outside = Outside::new();
        let _working = Working::new(self.meta().id());
        // SAFETY: this is the end of the runnable.
        unsafe { cell::cancel(self.0) };
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(self.meta()).finish()
    }
}

/// Sends a task home that was woken, or asked to end.
#[inline]
pub(super) fn go_home(runnable: Runnable) {
    home::dispatch(runnable, ScheduleInfo::default());
}
