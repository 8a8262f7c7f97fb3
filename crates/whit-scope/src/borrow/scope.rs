//! `scope`: children that are `Send`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::output::{Scoped, split};
use super::run::{Inner, Run};

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
    let inner = Inner::new();
    let body = body(Scope { inner: inner.clone() });
    InScope { run: Run::new(inner, body) }
}

/// Spawns children that may borrow for `'env`; given to the body of [`scope`]. Clones spawn into the same scope.
pub struct Scope<'env> {
    inner: Arc<Inner<Child<'env>>>,
}

type Child<'env> = dyn Future<Output = ()> + Send + 'env;

impl<'env> Scope<'env> {
    /// Spawns a child. It sees the inherited values and the cancel scopes that are around [`scope`], not those around this call.
    ///
    /// In a scope that is over, the child is dropped.
    pub fn spawn<T: Send + 'env>(&self, future: impl Future<Output = T> + Send + 'env) -> Scoped<T> {
        let (scoped, child) = split(future);
        self.inner.spawn(Box::pin(child));
        scoped
    }
}

/// The body of a scope with its children; made by [`scope`].
#[must_use = "futures do nothing unless awaited"]
pub struct InScope<'env, F: Future> {
    run: Run<Child<'env>, F>,
}

// The parts are boxed.
impl<F: Future> Unpin for InScope<'_, F> {}

impl<F: Future> Future for InScope<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.run.poll(cx)
    }
}

impl Clone for Scope<'_> {
    fn clone(&self) -> Self {
        Scope { inner: self.inner.clone() }
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<F: Future> fmt::Debug for InScope<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
