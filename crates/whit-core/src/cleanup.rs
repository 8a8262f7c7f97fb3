//! Waiting for what a drop leaves behind: a dropped [`Task`](crate::Task) is cancelled at once, but its future is dropped
//! where it would have been polled, soon.
//!
//! [`collect`] runs a drop; each task whose handle is dropped in it, however deep, keeps a clone of one waker until its future
//! is gone. No list is kept: the clean-up is over when the last clone of that waker is, so nothing can be forgotten, and
//! whoever loses a waker ends the wait rather than hanging it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use crate::sync::{Mutex, lock};

#[cfg(not(loom))]
thread_local! {
    static COLLECTING: Cell<bool> = const { Cell::new(false) };
    // Made when the first task asks.
    static TOKEN: RefCell<Option<Arc<Token>>> = const { RefCell::new(None) };
}
// loom runs the threads of a model on one thread.
#[cfg(loom)]
loom::thread_local! {
    static COLLECTING: Cell<bool> = Cell::new(false);
    static TOKEN: RefCell<Option<Arc<Token>>> = RefCell::new(None);
}

/// Runs `f`, which drops something, and gives a future that is ready once all tasks whose handles were dropped in it have
/// dropped their futures.
///
/// Inside another `collect` the outer one collects, and the inner [`Cleanup`] is ready at once.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use whit_core::{Runnable, Schedule, ScheduleInfo, cleanup, spawn};
///
/// # #[derive(Default)]
/// # struct Queue(Mutex<Vec<Runnable>>);
/// # impl Schedule for Queue {
/// #     fn schedule(&self, runnable: Runnable, _: ScheduleInfo) { self.0.lock().unwrap().push(runnable); }
/// # }
/// let queue = Arc::new(Queue::default());
/// let task = spawn(&(queue.clone() as whit_core::Home), std::future::pending::<()>());
/// let ((), cleanup) = cleanup::collect(|| drop(task));
/// assert!(!cleanup.is_over()); // the future is still in the queue
/// let runnable = queue.0.lock().unwrap().pop();
/// runnable.unwrap().run();
/// assert!(cleanup.is_over());
/// ```
pub fn collect<R>(f: impl FnOnce() -> R) -> (R, Cleanup) {
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            COLLECTING.with(|collecting| collecting.set(false));
            // Only an unwinding `f` leaves one: those who wait for it are not to be mixed with the next.
            drop(TOKEN.with(RefCell::take));
        }
    }
    if is_collecting() {
        return (f(), Cleanup { state: None });
    }
    COLLECTING.with(|collecting| collecting.set(true));
    let end = End;
    let result = f();
    let token = TOKEN.with(RefCell::take);
    drop(end);
    (result, Cleanup { state: token.map(|token| token.state.clone()) })
}

/// A waker to be kept until a clean-up is over, if this thread is inside [`collect`]: for handles that cancel when dropped.
///
/// Being woken says nothing; only the drop of the last clone counts.
#[inline]
pub fn waker() -> Option<Waker> {
    is_collecting().then(token)
}

/// Whether this thread is inside [`collect`].
#[inline]
pub(crate) fn is_collecting() -> bool {
    COLLECTING.with(Cell::get)
}

#[cold]
fn token() -> Waker {
    TOKEN.with(|token| token.borrow_mut().get_or_insert_default().clone().into())
}

/// Ready when every task has dropped its future; made by [`collect`].
///
/// Dropping it leaves the tasks to themselves: they are cancelled all the same. Woken by the thread that drops the last future.
#[must_use = "dropped, it waits for nothing"]
pub struct Cleanup {
    // `None`: nothing was left behind.
    state: Option<Arc<State>>,
}

#[derive(Default)]
struct State {
    over: Mutex<Over>,
}

#[derive(Default)]
struct Over {
    over: bool,
    waiting: Option<Waker>,
}

/// Its last clone says that the clean-up is over.
#[derive(Default)]
struct Token {
    state: Arc<State>,
}

impl Cleanup {
    /// Whether nothing is left.
    pub fn is_over(&self) -> bool {
        self.state.as_ref().is_none_or(|state| lock(&state.over).over)
    }
}

impl Future for Cleanup {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(state) = &self.state else { return Poll::Ready(()) };
        let mut over = lock(&state.over);
        if over.over {
            return Poll::Ready(());
        }
        let old = over.waiting.replace(cx.waker().clone());
        drop(over);
        drop(old);
        Poll::Pending
    }
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {}

    fn wake_by_ref(self: &Arc<Self>) {}
}

impl Drop for Token {
    fn drop(&mut self) {
        let mut over = lock(&self.state.over);
        over.over = true;
        let waiting = over.waiting.take();
        drop(over);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }
}

impl fmt::Debug for Cleanup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleanup").field("is_over", &self.is_over()).finish()
    }
}
