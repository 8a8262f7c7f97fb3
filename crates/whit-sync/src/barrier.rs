//! `Barrier`: a number of tasks wait for each other, again and again.
//!
//! Rules, all under the one lock:
//! 1. Who comes and is not the last one of a round queues. The last one empties the queue, which begins the next round, and
//!    writes into each entry which place it had.
//! 2. Who goes while it is queued no longer counts, and those behind it move up. Later it has its place, and nothing changes.
//! 3. `abort` and `reset` empty the queue too, and write that there is no place. After `abort` nobody queues until `reset`.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use crate::blocking;
use crate::wait_list::{Key, WaitList, WakeList};

/// Lets `n` tasks go on together: asyncio's `Barrier`, std's `Barrier`.
///
/// ```
/// use whit_sync::Barrier;
///
/// let barrier = Barrier::new(2);
/// let (one, two) = futures_lite::future::block_on(futures_lite::future::zip(barrier.wait(), barrier.wait()));
/// assert_eq!((one?.index(), two?.index()), (0, 1));
/// # Ok::<(), whit_sync::BarrierError>(())
/// ```
#[derive(Debug)]
pub struct Barrier {
    n: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    aborted: bool,
    // What came of each.
    waiting: WaitList<Outcome>,
}

/// The place, from the first to come to the last.
type Outcome = Result<usize, BarrierError>;

impl Barrier {
    /// A barrier for `n` tasks; 0 is taken as 1, as std's does.
    pub const fn new(n: usize) -> Barrier {
        Barrier { n, state: Mutex::new(State { aborted: false, waiting: WaitList::new() }) }
    }

    /// Waits until `n` tasks do. The last one to come is the leader; all of them are let through, and the barrier is as new.
    ///
    /// Cancel-safe in that a dropped waiter no longer counts; if the others had been let through already, they stay so.
    ///
    /// # Errors
    ///
    /// The others will not come: the barrier was [aborted](Barrier::abort), or it was [reset](Barrier::reset) meanwhile.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { barrier: self, key: None }
    }

    /// As [`wait`](Barrier::wait), for a thread that may block.
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn wait_blocking(&self) -> Result<BarrierWaitResult, BarrierError> {
        blocking::wait("wait_blocking", self.wait())
    }

    /// For a task that will never come to the barrier: ends the wait of the others, who would wait for it for ever, with an
    /// error. Whoever comes later gets one too, until [`reset`](Barrier::reset).
    pub fn abort(&self) {
        self.end_round(true);
    }

    /// Makes the barrier as new. Ends the wait of those who are at it, with an error.
    pub fn reset(&self) {
        self.end_round(false);
    }

    /// Whether it was [aborted](Barrier::abort), and not reset since.
    pub fn is_aborted(&self) -> bool {
        crate::lock(&self.state).aborted
    }

    /// How many wait at the moment.
    pub fn waiting(&self) -> usize {
        crate::lock(&self.state).waiting.len()
    }

    /// Rule 3.
    fn end_round(&self, aborted: bool) {
        let mut wakers = WakeList::default();
        let mut state = crate::lock(&self.state);
        state.aborted = aborted;
        state.waiting.pop_all(&mut wakers, |outcome| *outcome = Err(BarrierError(())));
        drop(state);
        wakers.wake();
    }
}

/// Made by [`Barrier::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct BarrierWait<'b> {
    barrier: &'b Barrier,
    key: Option<Key>,
}

impl Future for BarrierWait<'_> {
    type Output = Result<BarrierWaitResult, BarrierError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let n = self.barrier.n.max(1);
        let mut state = crate::lock(&self.barrier.state);
        let result = |outcome: Outcome| outcome.map(|index| BarrierWaitResult { index, n });
        match self.key {
            None if state.aborted => Poll::Ready(Err(BarrierError(()))),
            None if state.waiting.len() + 1 == n => {
                let (mut wakers, mut places) = (WakeList::default(), 0..);
                state.waiting.pop_all(&mut wakers, |outcome| *outcome = Ok(places.next().unwrap_or_default()));
                drop(state);
                wakers.wake();
                Poll::Ready(result(Ok(n - 1)))
            }
            None => {
                // Overwritten before anybody looks at it.
                self.key = Some(state.waiting.push_back(Ok(0), cx.waker().clone()));
                Poll::Pending
            }
            Some(key) if state.waiting.is_queued(key) => {
                let old = state.waiting.set_waker(key, cx.waker());
                drop(state);
                drop(old);
                Poll::Pending
            }
            Some(key) => {
                let (outcome, waker) = state.waiting.remove(key);
                drop(state);
                drop(waker);
                self.key = None;
                Poll::Ready(result(outcome))
            }
        }
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = crate::lock(&self.barrier.state).waiting.remove(key);
            drop(entry);
        }
    }
}

/// What a task learns from a barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    index: usize,
    n: usize,
}

impl BarrierWaitResult {
    /// Whether this was the last one to come: one of each round is.
    pub fn is_leader(&self) -> bool {
        self.index + 1 == self.n
    }

    /// Which one it was to come, from 0 on: each number below `n` is had by one of each round.
    pub fn index(&self) -> usize {
        self.index
    }
}

/// Not all came to the barrier: it was aborted, or reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierError(());

impl fmt::Display for BarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "waiting at a barrier failed: it was aborted or reset, so that not all will come; after `reset` it is as new",
        )
    }
}

impl Error for BarrierError {}
