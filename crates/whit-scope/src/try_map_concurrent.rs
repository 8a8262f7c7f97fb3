//! `try_map_concurrent`: many items, a bounded number at a time, until one fails.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

use crate::running::Running;
use crate::stop::Stopping;

/// Runs `f(item)` for every item, at most `limit` at once, and gives the values in the order of the items, or the first
/// error.
///
/// As [`map_concurrent`](crate::map_concurrent), but the first error takes no further item, drops the running children
/// **and waits until what they leave behind has ended**, as [`try_join`](crate::try_join) does. Children that are
/// dropped were in the middle of something: what has to be finished belongs into a [`shield`](crate::shield) inside of
/// a scope, or is done by [`map_concurrent`](crate::map_concurrent), which lets every child end and gives all the
/// `Result`s.
///
/// # Errors
///
/// The first error.
///
/// # Panics
///
/// If `limit` is zero; and with the panic of a child.
///
/// # Cancel safety
///
/// Dropping the returned future drops the running children and the rest of the items; nobody waits for tasks then.
///
/// ```
/// use whit_scope::try_map_concurrent;
///
/// # whit_core::block_on(async {
/// let parse = async |text: &str| text.parse::<u8>();
/// assert_eq!(try_map_concurrent(2, ["1", "2", "3"], parse).await, Ok(vec![1, 2, 3]));
/// assert!(try_map_concurrent(2, ["1", "two", "3"], parse).await.is_err());
/// # });
/// ```
#[track_caller]
pub fn try_map_concurrent<I, M, F, T, E>(limit: usize, items: I, f: M) -> TryMapConcurrent<I::IntoIter, M, F, T, E>
where
    I: IntoIterator,
    M: FnMut(I::Item) -> F,
    F: Future<Output = Result<T, E>>,
{
    TryMapConcurrent { items: items.into_iter(), f, running: Running::new(limit), stopping: Stopping::new() }
}

/// As [`try_map_concurrent`], for the items of a stream, which ends it. The stream is polled while fewer than `limit`
/// run.
///
/// The errors of a stream whose items are `Result`s go the same way, if `f` returns them: `async |item|
/// work(item?).await`.
///
/// # Errors
///
/// The first error.
///
/// # Panics
///
/// If `limit` is zero; and with the panic of a child or of the stream.
///
/// ```
/// use futures_lite::stream;
/// use whit_scope::try_map_stream_concurrent;
///
/// # whit_core::block_on(async {
/// let texts = stream::iter([Ok("1"), Ok("2"), Err("no more texts")]);
/// let numbers = try_map_stream_concurrent(2, texts, async |text| text?.parse::<u8>().map_err(|_| "not a number"));
/// assert_eq!(numbers.await, Err("no more texts"));
/// # });
/// ```
#[track_caller]
pub fn try_map_stream_concurrent<S, M, F, T, E>(limit: usize, items: S, f: M) -> TryMapStreamConcurrent<S, M, F, T, E>
where
    S: Stream,
    M: FnMut(S::Item) -> F,
    F: Future<Output = Result<T, E>>,
{
    TryMapStreamConcurrent { items, f, running: Running::new(limit), stopping: Stopping::new() }
}

/// Made by [`try_map_concurrent`].
#[must_use = "futures do nothing unless awaited"]
pub struct TryMapConcurrent<I, M, F: Future, T, E> {
    items: I,
    f: M,
    running: Running<F, T>,
    stopping: Stopping<E>,
}

// The children are boxed, and nothing else is ever pinned.
impl<I, M, F: Future, T, E> Unpin for TryMapConcurrent<I, M, F, T, E> {}

impl<I, M, F, T, E> Future for TryMapConcurrent<I, M, F, T, E>
where
    I: Iterator,
    M: FnMut(I::Item) -> F,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let TryMapConcurrent { items, f, running, stopping } = self.get_mut();
        poll(running, stopping, cx, |_| Poll::Ready(items.next().map(&mut *f)))
    }
}

pin_project! {
    /// Made by [`try_map_stream_concurrent`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct TryMapStreamConcurrent<S, M, F: Future, T, E> {
        #[pin]
        items: S,
        f: M,
        running: Running<F, T>,
        stopping: Stopping<E>,
    }
}

impl<S, M, F, T, E> Future for TryMapStreamConcurrent<S, M, F, T, E>
where
    S: Stream,
    M: FnMut(S::Item) -> F,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        poll(this.running, this.stopping, cx, |cx| this.items.as_mut().poll_next(cx).map(|item| item.map(&mut *this.f)))
    }
}

fn poll<F, T, E>(
    running: &mut Running<F, T>,
    stopping: &mut Stopping<E>,
    cx: &mut Context<'_>,
    next: impl FnMut(&mut Context<'_>) -> Poll<Option<F>>,
) -> Poll<Result<Vec<T>, E>>
where
    F: Future<Output = Result<T, E>>,
{
    if !stopping.has_begun() {
        match ready!(running.poll(cx, next, |output| output)) {
            Ok(values) => return Poll::Ready(Ok(values)),
            Err(error) => stopping.begin(error, || running.clear()),
        }
    }
    stopping.poll(cx).map(Err)
}

impl<I, M, F: Future, T, E> fmt::Debug for TryMapConcurrent<I, M, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryMapConcurrent").field(&self.running).finish()
    }
}

impl<S, M, F: Future, T, E> fmt::Debug for TryMapStreamConcurrent<S, M, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TryMapStreamConcurrent").field(&self.running).finish()
    }
}
