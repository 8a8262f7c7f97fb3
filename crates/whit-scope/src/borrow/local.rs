//! `scope_local`: children that need not be `Send`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::output::{Scoped, split};
use super::run::{Inner, Run};

/// As [`scope`](crate::scope), for children that need not be `Send`; the returned future is not `Send` either.
///
/// The children are polled inside the task that awaits, may share an `Rc`, and may borrow what is around. If the first
/// error is to end the others, take [`local_task_group`](crate::local_task_group).
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
/// use std::rc::Rc;
/// use whit_scope::scope_local;
///
/// whit_core::block_on(async {
///     let shared = Rc::new(5);
///     let sum = scope_local(|s| async move {
///         let (one, two) = (shared.clone(), shared);
///         let one = s.spawn(async move { *one });
///         one.await + *two
///     });
///     assert_eq!(sum.await, 10);
/// });
/// ```
pub fn scope_local<'env, R, F>(body: impl FnOnce(LocalScope<'env>) -> F) -> InLocalScope<'env, F>
where
    F: Future<Output = R>,
{
    let inner = Inner::new();
    let body = body(LocalScope { inner: inner.clone() });
    InLocalScope { run: Run::new(inner, body) }
}

/// Spawns children that may borrow for `'env` and need not be `Send`; given to the body of [`scope_local`]. Clones
/// spawn into the same scope.
///
/// It stays on its thread, as its children do:
///
/// ```compile_fail
/// # use whit_scope::scope_local;
/// let _ = scope_local(|s| async move {
///     std::thread::spawn(move || drop(s.spawn(async {})));
/// });
/// ```
pub struct LocalScope<'env> {
    inner: Arc<Inner<Child<'env>>>,
}

type Child<'env> = dyn Future<Output = ()> + 'env;

impl<'env> LocalScope<'env> {
    /// Spawns a child. It sees the inherited values and the cancel scopes that are around [`scope_local`], not those
    /// around this call.
    ///
    /// In a scope that is over, the child is dropped.
    pub fn spawn<T: 'env>(&self, future: impl Future<Output = T> + 'env) -> Scoped<T> {
        let (scoped, child) = split(future);
        self.inner.spawn(Box::pin(child));
        scoped
    }
}

/// The body of a local scope with its children; made by [`scope_local`].
#[must_use = "futures do nothing unless awaited"]
pub struct InLocalScope<'env, F: Future> {
    run: Run<Child<'env>, F>,
}

// The parts are boxed.
impl<F: Future> Unpin for InLocalScope<'_, F> {}

impl<F: Future> Future for InLocalScope<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.run.poll(cx)
    }
}

impl Clone for LocalScope<'_> {
    fn clone(&self) -> Self {
        LocalScope { inner: self.inner.clone() }
    }
}

impl fmt::Debug for LocalScope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl<F: Future> fmt::Debug for InLocalScope<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
