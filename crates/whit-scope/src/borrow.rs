//! `scope`: children that borrow from the frame around them, and are polled inside the parent.
//!
//! Rules:
//! 1. Children are polled by the scope's future and by nobody else, so whatever outlives that future outlives them: they may
//!    borrow it. Forgotten, the future polls nothing, and what it owns is never touched again. No unsafe code is needed.
//! 2. A spawn puts the child into `incoming`; the scope moves it among its children before it polls them. Outside a poll there
//!    is a waker for that; during one there is none, as the poll looks again before it ends.
//! 3. The scope keeps the children, and a child may keep the scope's handle, but `incoming` is emptied when the scope ends, so
//!    that there is no circle.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use whit_core::budget;

use crate::group::Slot;
use crate::pool::Pool;
use crate::sync::{Mutex, lock};

/// Runs `body` with a scope whose children may borrow what is around; ready when the body and all children are.
///
/// The children run inside the task that awaits, at once with the body but not in parallel: use
/// [`task_group`](crate::task_group) for that. Each has a waker of its own, and is polled when it was woken. They go on while
/// the body awaits, whatever that is.
///
/// # Cancel safety
///
/// Dropping the returned future drops the body and every child.
///
/// # Panics
///
/// With the panic of the body or of a child, at once.
///
/// ```
/// use whit_scope::scope;
///
/// whit_core::block_on(async {
///     let words = vec!["one".to_owned(), "two".to_owned()];
///     let words = &words;
///     let length = scope(|s| async move {
///         let children: Vec<_> = words.iter().map(|word| s.spawn(async move { word.len() })).collect();
///         whit_scope::join(children).await.into_iter().sum::<usize>()
///     });
///     assert_eq!(length.await, 6);
/// });
/// ```
///
/// A child cannot borrow from the body, which may end before it:
///
/// ```compile_fail
/// # use whit_scope::scope;
/// let _ = scope(|s| async move {
///     let local = 5;
///     s.spawn(async { &local; });
/// });
/// ```
pub fn scope<'env, R, F>(body: impl FnOnce(Scope<'env>) -> F) -> InScope<'env, F>
where
    F: Future<Output = R>,
{
    let inner = Arc::new(Inner { state: Mutex::new(State::default()) });
    let mut parts = Pool::new();
    parts.insert((), Part::Body(Box::pin(body(Scope { inner: inner.clone() }))));
    InScope { parts, inner, output: None }
}

/// Spawns children that may borrow for `'env`; given to the body of [`scope`]. Clones spawn into the same scope.
pub struct Scope<'env> {
    inner: Arc<Inner<'env>>,
}

struct Inner<'env> {
    state: Mutex<State<'env>>,
}

type BoxChild<'env> = Pin<Box<dyn Future<Output = ()> + Send + 'env>>;

#[derive(Default)]
struct State<'env> {
    incoming: Vec<BoxChild<'env>>,
    // There between two polls of the scope.
    waiting: Option<Waker>,
    over: bool,
}

impl<'env> Scope<'env> {
    /// Spawns a child. It sees the inherited values and the cancel scopes that are around [`scope`], not those around this call.
    ///
    /// In a scope that is over, the child is dropped.
    pub fn spawn<T: Send + 'env>(&self, future: impl Future<Output = T> + Send + 'env) -> Scoped<T> {
        let slot = Slot::new();
        let giver = Giver { slot: slot.clone() };
        let child = Box::pin(async move {
            let output = future.await;
            giver.slot.set(Some(output));
        });
        let mut state = lock(&self.inner.state);
        if state.over {
            // Its drop is code of others.
            drop(state);
            drop(child);
        } else {
            state.incoming.push(child);
            let waiting = state.waiting.take();
            drop(state);
            if let Some(waiting) = waiting {
                waiting.wake();
            }
        }
        Scoped { slot }
    }
}

/// Tells the handle when the child is dropped without an output.
struct Giver<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.slot.set(None);
    }
}

/// The output of a child; made by [`Scope::spawn`]. Dropping it changes nothing: the scope waits for the child all the same.
///
/// # Panics
///
/// Awaiting it panics if the scope's future was dropped before the child was ready, or if its output was taken before.
#[must_use = "if the output is not needed, drop it explicitly"]
pub struct Scoped<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Scoped<T> {
    /// Whether the child has ended.
    pub fn is_finished(&self) -> bool {
        self.slot.is_set()
    }
}

impl<T> Future for Scoped<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let output = ready!(self.slot.poll_take(cx));
        Poll::Ready(
            output.expect("the child of a scope has no output: its scope was dropped, or the output was taken before"),
        )
    }
}

/// The body of a scope with its children; made by [`scope`].
#[must_use = "futures do nothing unless awaited"]
pub struct InScope<'env, F: Future> {
    parts: Pool<(), Part<'env, F>>,
    inner: Arc<Inner<'env>>,
    output: Option<F::Output>,
}

enum Part<'env, F> {
    Body(Pin<Box<F>>),
    Child(BoxChild<'env>),
}

// Each part is boxed.
impl<F> Unpin for Part<'_, F> {}
impl<F: Future> Unpin for InScope<'_, F> {}

impl<F: Future> Future for Part<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Part::Body(body) => body.as_mut().poll(cx).map(Some),
            Part::Child(child) => child.as_mut().poll(cx).map(|()| None),
        }
    }
}

impl<F: Future> Future for InScope<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let InScope { parts, inner, output } = &mut *self;
        // A unit of the budget for each part that ends and each round of spawns.
        while budget::poll_proceed(cx).is_ready() {
            match parts.poll_next(cx) {
                Poll::Ready(Some(((), ended))) => {
                    if ended.is_some() {
                        *output = ended;
                    }
                }
                polled => {
                    let mut state = lock(&inner.state);
                    if state.incoming.is_empty() {
                        if polled.is_ready() {
                            state.over = true;
                            drop(state);
                            return Poll::Ready(output.take().expect("a scope was polled after it had completed"));
                        }
                        let old = state.waiting.replace(cx.waker().clone());
                        drop(state);
                        drop(old);
                        budget::refund();
                        return Poll::Pending;
                    }
                    let incoming = std::mem::take(&mut state.incoming);
                    drop(state);
                    incoming.into_iter().for_each(|child| parts.insert((), Part::Child(child)));
                }
            }
        }
        Poll::Pending
    }
}

impl<F: Future> Drop for InScope<'_, F> {
    fn drop(&mut self) {
        let mut state = lock(&self.inner.state);
        state.over = true;
        let incoming = std::mem::take(&mut state.incoming);
        let waiting = state.waiting.take();
        drop(state);
        drop((incoming, waiting));
    }
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Scope { inner: self.inner.clone() }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("over", &lock(&self.inner.state).over).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

impl<F: Future> fmt::Debug for InScope<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InScope").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}
