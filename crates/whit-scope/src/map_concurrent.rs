//! `map_concurrent`: many items, a bounded number at a time, and an output for each.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::running::Running;

/// Runs `f(item)` for every item, at most `limit` at once, and gives the outputs in the order of the items.
///
/// The next item is taken when a running one is ready, so that the iterator is never ahead by more than `limit`. Children are
/// polled inside the task that awaits, and so may borrow. For what has no output, `()` takes no memory. What can fail is for
/// [`try_map_concurrent`](crate::try_map_concurrent).
///
/// # Panics
///
/// If `limit` is zero; and with the panic of a child.
///
/// # Cancel safety
///
/// Dropping the returned future drops the running children and the rest of the items.
///
/// ```
/// use whit_scope::map_concurrent;
///
/// let squares = whit_core::block_on(map_concurrent(2, 1..=4, |n| async move { n * n }));
/// assert_eq!(squares, [1, 4, 9, 16]);
/// ```
#[track_caller]
pub fn map_concurrent<I, M, F>(limit: usize, items: I, f: M) -> MapConcurrent<I::IntoIter, M, F>
where
    I: IntoIterator,
    M: FnMut(I::Item) -> F,
    F: Future,
{
    MapConcurrent { items: items.into_iter(), f, running: Running::new(limit) }
}

/// As [`map_concurrent`], for the items of a stream, which ends it. The stream is polled while fewer than `limit` run.
///
/// # Panics
///
/// If `limit` is zero; and with the panic of a child or of the stream.
///
/// ```
/// use futures_lite::stream;
/// use whit_scope::map_stream_concurrent;
///
/// let squares = whit_core::block_on(map_stream_concurrent(2, stream::iter(1..=4), |n| async move { n * n }));
/// assert_eq!(squares, [1, 4, 9, 16]);
/// ```
#[track_caller]
pub fn map_stream_concurrent<S, M, F>(limit: usize, items: S, f: M) -> MapStreamConcurrent<S, M, F>
where
    S: Stream,
    M: FnMut(S::Item) -> F,
    F: Future,
{
    MapStreamConcurrent { items, f, running: Running::new(limit) }
}

/// Made by [`map_concurrent`].
#[must_use = "futures do nothing unless awaited"]
pub struct MapConcurrent<I, M, F: Future> {
    items: I,
    f: M,
    running: Running<F, F::Output>,
}

// The children are boxed, and nothing else is ever pinned.
impl<I, M, F: Future> Unpin for MapConcurrent<I, M, F> {}

impl<I: Iterator, M: FnMut(I::Item) -> F, F: Future> Future for MapConcurrent<I, M, F> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let MapConcurrent { items, f, running } = self.get_mut();
        let polled = running.poll(cx, |_| Poll::Ready(items.next().map(&mut *f)), Ok::<_, Infallible>);
        polled.map(|Ok(outputs)| outputs)
    }
}

pin_project! {
    /// Made by [`map_stream_concurrent`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct MapStreamConcurrent<S, M, F: Future> {
        #[pin]
        items: S,
        f: M,
        running: Running<F, F::Output>,
    }
}

impl<S: Stream, M: FnMut(S::Item) -> F, F: Future> Future for MapStreamConcurrent<S, M, F> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let next = |cx: &mut Context<'_>| this.items.as_mut().poll_next(cx).map(|item| item.map(&mut *this.f));
        this.running.poll(cx, next, Ok::<_, Infallible>).map(|Ok(outputs)| outputs)
    }
}

impl<I, M, F: Future> fmt::Debug for MapConcurrent<I, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapConcurrent").field(&self.running).finish()
    }
}

impl<S, M, F: Future> fmt::Debug for MapStreamConcurrent<S, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MapStreamConcurrent").field(&self.running).finish()
    }
}
