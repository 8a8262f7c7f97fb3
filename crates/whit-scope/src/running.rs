//! What the `map_concurrent` family has in common: the children that run now, and what the others have left.

use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};

use whit_core::budget;

use crate::pool::Pool;

/// At most `limit` children, and a value of each that was ready, in the order of their coming.
pub(crate) struct Running<F: Future, T> {
    limit: usize,
    pool: Pool<usize, F>,
    values: Vec<Option<T>>,
    no_more: bool,
}

impl<F: Future, T> Running<F, T> {
    #[track_caller]
    pub(crate) fn new(limit: usize) -> Running<F, T> {
        assert!(limit > 0, "a limit of 0 would run nothing, ever; give 1 to run one after the other");
        Running { limit, pool: Pool::new(), values: Vec::new(), no_more: false }
    }

    /// All values, once `next` has no more children and all are ready; or the first error that `keep` makes of an
    /// output.
    pub(crate) fn poll<E>(
        &mut self,
        cx: &mut Context<'_>,
        mut next: impl FnMut(&mut Context<'_>) -> Poll<Option<F>>,
        keep: impl Fn(F::Output) -> Result<T, E>,
    ) -> Poll<Result<Vec<T>, E>> {
        // Items and children that are always ready must not keep the task in here: a unit of the budget for each
        // output.
        while budget::poll_proceed(cx).is_ready() {
            while !self.no_more && self.pool.len() < self.limit {
                match next(cx) {
                    Poll::Ready(Some(future)) => {
                        self.pool.insert(self.values.len(), future);
                        self.values.push(None);
                    }
                    Poll::Ready(None) => self.no_more = true,
                    Poll::Pending => break,
                }
            }
            match self.pool.poll_next(cx) {
                Poll::Ready(Some((index, output))) => self.values[index] = Some(keep(output)?),
                Poll::Ready(None) if self.no_more => {
                    let values = std::mem::take(&mut self.values);
                    return Poll::Ready(Ok(values.into_iter().map(|value| value.expect("all are ready")).collect()));
                }
                Poll::Ready(None) | Poll::Pending => {
                    budget::refund();
                    break;
                }
            }
        }
        Poll::Pending
    }

    /// Drops the children and the values.
    pub(crate) fn clear(&mut self) {
        self.pool = Pool::new();
        self.values = Vec::new();
    }
}

impl<F: Future, T> fmt::Debug for Running<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("running", &self.pool.len()).field("started", &self.values.len()).finish()
    }
}
