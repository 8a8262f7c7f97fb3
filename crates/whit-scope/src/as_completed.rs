//! `as_completed` and `wait_first`: outputs as they come, and the rest back in one's hands.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use whit_core::budget;

use crate::pool::Pool;

/// Runs futures at once and gives their outputs in the order in which they come: asyncio's `as_completed`.
///
/// Each output comes with the index of its future. The children are polled while the stream is polled, and **only then**:
/// whoever awaits something else between two items lets them wait. A body that does so belongs into the children, or
/// into a [`TaskGroup`](crate::TaskGroup), whose children run by themselves.
///
/// # Cancel safety
///
/// Dropping the stream drops the children that are left. Giving up [`next`](AsCompleted::next) loses nothing.
///
/// # Panics
///
/// Polling it panics with the panic of a child.
///
/// ```
/// use std::time::Duration;
/// use whit_scope::as_completed;
///
/// whit_core::block_on(async {
///     let sleeps = [30, 10].map(|ms| async move {
///         whit_timers::sleep(Duration::from_millis(ms)).await;
///         ms
///     });
///     let mut outputs = as_completed(sleeps);
///     assert_eq!(outputs.next().await, Some((1, 10)));
///     assert_eq!(outputs.next().await, Some((0, 30)));
///     assert_eq!(outputs.next().await, None);
/// });
/// ```
pub fn as_completed<F: Future>(futures: impl IntoIterator<Item = F>) -> AsCompleted<F> {
    let mut all = AsCompleted { pool: Pool::new(), next: 0 };
    for future in futures {
        all.push(future);
    }
    all
}

/// Futures whose outputs are taken as they come; made by [`as_completed`], and handed back by [`wait_first`].
#[must_use = "futures do nothing unless awaited"]
pub struct AsCompleted<F: Future> {
    pool: Pool<usize, F>,
    next: usize,
}

impl<F: Future> AsCompleted<F> {
    /// The next output, with the index of its future; `None` once all have come. Cancel-safe.
    pub async fn next(&mut self) -> Option<(usize, F::Output)> {
        poll_fn(|cx| self.poll_one(cx)).await
    }

    /// Adds a future, and gives its index: one more than the last.
    pub fn push(&mut self, future: F) -> usize {
        let index = self.next;
        self.next += 1;
        self.pool.insert(index, future);
        index
    }

    /// How many outputs are still to come.
    pub fn len(&self) -> usize {
        self.pool.len()
    }

    /// Whether all outputs have come.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The futures that are not ready, by their indices in ascending order, to be polled elsewhere.
    pub fn into_futures(self) -> Vec<(usize, Pin<Box<F>>)> {
        let mut left: Vec<_> = self.pool.into_children().collect();
        left.sort_by_key(|(index, _)| *index);
        left
    }

    fn poll_one(&mut self, cx: &mut Context<'_>) -> Poll<Option<(usize, F::Output)>> {
        ready!(budget::poll_proceed(cx));
        let polled = self.pool.poll_next(cx);
        if polled.is_pending() {
            budget::refund();
        }
        polled
    }
}

// The children are boxed.
impl<F: Future> Unpin for AsCompleted<F> {}

impl<F: Future> Stream for AsCompleted<F> {
    type Item = (usize, F::Output);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_one(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), Some(self.len()))
    }
}

/// Runs futures at once until at least one is ready: asyncio's `wait(.., return_when=FIRST_COMPLETED)`.
///
/// What is not ready comes back, owned: go on with it, or drop it. Nothing is cancelled. If several are ready by the same poll,
/// all their outputs come. For no futures it is ready at once, and empty.
///
/// Two deadlines that are equal need not be one poll: where several threads run tasks, this one may be polled between the two
/// wake-ups, and has the second output in `pending`. On one thread all that is due fires before anybody is polled.
///
/// # Cancel safety
///
/// Dropping the returned future drops every child.
///
/// # Panics
///
/// With the panic of a child.
///
/// ```
/// use std::time::Duration;
/// use whit_scope::wait_first;
///
/// whit_core::block_on(async {
///     let sleeps = [30, 10].map(|ms| async move {
///         whit_timers::sleep(Duration::from_millis(ms)).await;
///         ms
///     });
///     let mut first = wait_first(sleeps).await;
///     assert_eq!(first.done, [(1, 10)]);
///     assert_eq!(first.pending.next().await, Some((0, 30)));
/// });
/// ```
pub fn wait_first<F: Future>(futures: impl IntoIterator<Item = F>) -> WaitFirst<F> {
    as_completed(futures).into()
}

/// The first outputs, and the rest; made by [`wait_first`], or from an [`AsCompleted`] to wait again.
#[must_use = "futures do nothing unless awaited"]
pub struct WaitFirst<F: Future> {
    // `None` once ready.
    children: Option<AsCompleted<F>>,
}

/// What [`wait_first`] found.
#[must_use = "dropping the pending futures cancels them"]
pub struct FirstDone<F: Future> {
    /// Outputs in the order in which they came, with the indices of their futures.
    pub done: Vec<(usize, F::Output)>,
    /// What is not ready yet.
    pub pending: AsCompleted<F>,
}

impl<F: Future> From<AsCompleted<F>> for WaitFirst<F> {
    fn from(children: AsCompleted<F>) -> Self {
        WaitFirst { children: Some(children) }
    }
}

impl<F: Future> Unpin for WaitFirst<F> {}

impl<F: Future> Future for WaitFirst<F> {
    type Output = FirstDone<F>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<FirstDone<F>> {
        let children = self.children.as_mut().expect("`wait_first` was polled after it had completed");
        let mut done = Vec::new();
        if !children.is_empty() {
            done.push(ready!(children.poll_one(cx)).expect("it is not empty"));
        }
        while let Poll::Ready(Some(output)) = children.pool.poll_next(cx) {
            done.push(output);
        }
        let pending = self.children.take().expect("it was there");
        Poll::Ready(FirstDone { done, pending })
    }
}

impl<F: Future> fmt::Debug for AsCompleted<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.len()).finish_non_exhaustive()
    }
}

impl<F: Future> fmt::Debug for WaitFirst<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitFirst").field(&self.children).finish()
    }
}

impl<F: Future<Output: fmt::Debug>> fmt::Debug for FirstDone<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirstDone").field("done", &self.done).field("pending", &self.pending).finish()
    }
}
