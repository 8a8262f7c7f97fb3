//! The handles of a task: `Task`, and `FallibleTask` for those who expect cancellation.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, ready};

use super::cell::{self, Header};
use super::outcome::open;
use super::runnable::{Runnable, go_home};
use super::waker::after;
use crate::{Meta, TaskId, cleanup, quietly};

/// A spawned task: a future of its output. **Dropping it cancels the task**; [`detach`](Task::detach) lets it run on.
///
/// Cancelling is not synchronous: the future is dropped where it would have been polled, soon. [`cancel`](Task::cancel)
/// waits for that.
///
/// # Panics
///
/// Awaiting re-raises the task's panic. Awaiting a task that was cancelled from elsewhere (its executor was dropped, its
/// runtime ended) panics with a text that says so; [`fallible`](Task::fallible) gives `None` instead. A panic of the waker that
/// it is polled with stays in the thread that calls it.
///
/// # Cancel safety
///
/// Polling by `&mut` may be given up at any time; the output is not lost.
#[must_use = "a dropped task is cancelled; await it, or let it go on with `detach`"]
pub struct Task<T>(FallibleTask<T>);

impl<T> Task<T> {
    /// # Safety
    ///
    /// The cell has a handle that nobody holds, and its future's output is a `T`.
    #[inline]
    pub(super) unsafe fn of(cell: NonNull<Header>) -> Task<T> {
        Task(FallibleTask { cell, output: PhantomData })
    }

    /// Lets the task run on by itself. A panic then goes to [`Schedule::unhandled`](crate::Schedule::unhandled).
    pub fn detach(self) {
        self.0.detach();
    }

    /// Cancels the task and waits until its future has been dropped. `Some` if it had completed before, or does so in the poll
    /// that it is in.
    ///
    /// Cancel-safe: dropped before it is ready, the task is cancelled all the same, and nobody waits for that.
    ///
    /// # Panics
    ///
    /// If the task had panicked, with its panic.
    pub async fn cancel(self) -> Option<T> {
        self.0.cancel().await
    }

    /// A handle that answers `None` where this one panics because of a cancellation.
    pub fn fallible(self) -> FallibleTask<T> {
        self.0
    }

    /// Whether the task has completed or been cancelled. It may still be running its last poll when cancelled.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.meta().id()
    }

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.meta().name()
    }

    /// All that the task knows of itself: its id, its name, the line that spawned it, and which task did.
    pub fn meta(&self) -> &Meta {
        self.0.meta()
    }

    /// As [`meta`](Task::meta), by the name that it has in the `async-task` crate.
    pub fn metadata(&self) -> &Meta {
        self.meta()
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        match ready!(Pin::new(&mut self.0).poll(cx)) {
            Some(value) => Poll::Ready(value),
            None => panic!(
                "{} was cancelled before it completed: its executor was dropped or its runtime ended; await `task.fallible()` to get `None` instead",
                self.meta()
            ),
        }
    }
}

/// A [`Task`] that answers `None` when the task was cancelled. Dropping it cancels the task.
#[must_use = "a dropped task is cancelled; await it, or let it go on with `detach`"]
pub struct FallibleTask<T> {
    // One word: ten thousand handles in a `Vec` stay below the size that glibc's allocator takes from the system anew.
    cell: NonNull<Header>,
    output: PhantomData<T>,
}

// SAFETY: a handle takes the output to its thread, and else touches the task's word and its metadata only.
unsafe impl<T: Send> Send for FallibleTask<T> {}
// SAFETY: by reference it shows the metadata, and whether the task has finished.
unsafe impl<T> Sync for FallibleTask<T> {}
impl<T> Unpin for FallibleTask<T> {}
// A task's panic is caught before it gets here.
impl<T> std::panic::UnwindSafe for FallibleTask<T> {}
impl<T> std::panic::RefUnwindSafe for FallibleTask<T> {}

impl<T> FallibleTask<T> {
    /// Lets the task run on by itself. A panic then goes to [`Schedule::unhandled`](crate::Schedule::unhandled).
    pub fn detach(self) {
        let this = std::mem::ManuallyDrop::new(self);
        let header = this.header();
        if header.control().is_untouched() && header.meta().is_at_home_alone() {
            return header.control().leave_untouched();
        }
        this.forget_awaiter();
        this.let_go(false);
    }

    /// Cancels the task and waits until its future has been dropped. `Some` if it had completed before, or does so in the poll
    /// that it is in.
    ///
    /// Cancel-safe: dropped before it is ready, the task is cancelled all the same, and nobody waits for that.
    ///
    /// # Panics
    ///
    /// If the task had panicked, with its panic.
    pub async fn cancel(mut self) -> Option<T> {
        if self.header().control().close() {
            // SAFETY: that step has made the runnable.
            go_home(unsafe { Runnable::of(self.cell) });
        }
        poll_fn(|cx| Pin::new(&mut self).poll(cx)).await
    }

    /// Whether the task has completed or been cancelled.
    pub fn is_finished(&self) -> bool {
        self.header().control().is_finished()
    }

    /// All that the task knows of itself.
    pub fn meta(&self) -> &Meta {
        self.header().meta()
    }

    #[inline]
    fn header(&self) -> &Header {
        // SAFETY: the task stays while it has a handle.
        unsafe { self.cell.as_ref() }
    }

    /// Whoever has polled the handle does not wait any more, and the task may last.
    #[inline]
    fn forget_awaiter(&self) {
        if self.header().control().has_awaiter() {
            quietly(|| self.header().control().forget_awaiter());
        }
    }

    /// Called once, at the end.
    #[inline]
    fn let_go(&self, cancel: bool) {
        let gone = loop {
            if let Some(gone) = self.header().control().drop_handle(cancel) {
                break gone;
            }
            if self.header().control().claim_output() {
                // SAFETY: claimed.
                unsafe { cell::drop_output(self.cell) };
            }
        };
        // SAFETY: answered right above.
        unsafe { after(self.cell, gone) };
    }
}

impl<T> Drop for FallibleTask<T> {
    #[inline]
    fn drop(&mut self) {
        // Somebody wants to know when the future is gone: the awaiter of a cancelled task is kept until then.
        if let Some(waker) = cleanup::waker() {
            // It may take the place of an awaiter whose drop panics, which must not keep the task.
            quietly(|| _ = self.header().control().register(&waker));
        } else {
            self.forget_awaiter();
        }
        self.let_go(true);
    }
}

impl<T> Future for FallibleTask<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let control = self.header().control();
        if !control.is_done() && control.register(cx.waker()) {
            return Poll::Pending;
        }
        // SAFETY: claimed, and of this type, as `of` was promised.
        let output = control.claim_output().then(|| open(unsafe { cell::read_output::<T>(self.cell) }));
        Poll::Ready(output)
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("meta", self.meta()).field("finished", &self.is_finished()).finish()
    }
}

impl<T> fmt::Debug for FallibleTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallibleTask").field("meta", self.meta()).field("finished", &self.is_finished()).finish()
    }
}
