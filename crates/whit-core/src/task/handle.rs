//! The handles of a task: `Task`, and `FallibleTask` for those who expect cancellation.

use std::fmt;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use super::outcome::Outcome;
use crate::{Meta, TaskId, cleanup};

/// A spawned task: a future of its output. **Dropping it cancels the task**; [`detach`](Task::detach) lets it run on.
///
/// Cancelling is not synchronous: the future is dropped where it would have been polled, soon. [`cancel`](Task::cancel)
/// waits for that.
///
/// # Panics
///
/// Awaiting re-raises the task's panic. Awaiting a task that was cancelled from elsewhere (its executor was dropped, its
/// runtime ended) panics with a text that says so; [`fallible`](Task::fallible) gives `None` instead. A waker that it is
/// polled with and that panics when it is called aborts the process: async-task's choice, since the task is half-way then.
///
/// # Cancel safety
///
/// Polling by `&mut` may be given up at any time; the output is not lost.
#[must_use = "a dropped task is cancelled; await it, or let it go on with `detach`"]
pub struct Task<T>(FallibleTask<T>);

impl<T> Task<T> {
    pub(crate) fn new(task: async_task::Task<Outcome<T>, Meta>) -> Task<T> {
        Task(FallibleTask { inner: Some(task) })
    }

    /// Lets the task run on by itself. A panic then goes to [`Schedule::unhandled`](crate::Schedule::unhandled).
    pub fn detach(self) {
        self.0.detach();
    }

    /// Cancels the task and waits until its future has been dropped. `Some` if it had completed before.
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

    /// As [`meta`](Task::meta), by async-task's name.
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
    // `None` only while a method that consumes it, or the drop, is at work.
    // One word: ten thousand handles in a `Vec` stay below the size that glibc's allocator takes from the system anew.
    inner: Option<async_task::Task<Outcome<T>, Meta>>,
}

// `poll` counts on it: a handle of async-task's is a pointer, and all state is in the task.
const _: () = assert!(size_of::<FallibleTask<u64>>() == size_of::<usize>());

impl<T> Unpin for FallibleTask<T> {}
// As async-task's: a task's panic is caught before it gets here.
impl<T> std::panic::UnwindSafe for FallibleTask<T> {}
impl<T> std::panic::RefUnwindSafe for FallibleTask<T> {}

impl<T> FallibleTask<T> {
    /// Lets the task run on by itself. A panic then goes to [`Schedule::unhandled`](crate::Schedule::unhandled).
    pub fn detach(mut self) {
        self.take().detach();
    }

    /// Cancels the task and waits until its future has been dropped. `Some` if it had completed before.
    ///
    /// Cancel-safe: dropped before it is ready, the task is cancelled all the same, and nobody waits for that.
    ///
    /// # Panics
    ///
    /// If the task had panicked, with its panic.
    pub async fn cancel(mut self) -> Option<T> {
        self.take().fallible().cancel().await.map(Outcome::unwrap)
    }

    /// Whether the task has completed or been cancelled.
    pub fn is_finished(&self) -> bool {
        self.inner.as_ref().is_none_or(async_task::Task::is_finished)
    }

    /// All that the task knows of itself.
    pub fn meta(&self) -> &Meta {
        self.inner.as_ref().expect(TAKEN).metadata()
    }
}

const TAKEN: &str = "a handle is taken apart by methods that consume it";

impl<T> FallibleTask<T> {
    fn take(&mut self) -> async_task::Task<Outcome<T>, Meta> {
        self.inner.take().expect(TAKEN)
    }
}

impl<T> Drop for FallibleTask<T> {
    fn drop(&mut self) {
        // Somebody wants to know when the future is gone: the awaiter of a cancelled task is kept until then.
        if let Some(waker) = cleanup::waker()
            && let Some(inner) = self.inner.take()
        {
            // Ready or not: an output is dropped here, and otherwise the waker waits in the task.
            let _ = pin!(inner.fallible().cancel()).poll(&mut Context::from_waker(&waker));
        }
    }
}

impl<T> Future for FallibleTask<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let inner = self.inner.as_mut().expect(TAKEN);
        // async-task's fallible handle has no metadata, and its other handle panics where this one answers `None`. So it is made
        // fallible for the moment of the poll.
        // SAFETY: of the two copies of the handle, one is never dropped and the other is not used meanwhile. A poll changes the
        // task and not the handle, which is a pointer to it (see the assertion above).
        let mut fallible = ManuallyDrop::new(unsafe { std::ptr::read(inner) }.fallible());
        Pin::new(&mut *fallible).poll(cx).map(|outcome| outcome.map(Outcome::unwrap))
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
