//! `Barrier`: a number of tasks wait for each other, again and again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::task::{Context, Poll};

use crate::blocking;
use crate::wait_list::{Key, WaitList, WakeList};

/// Lets `n` tasks go on together.
///
/// ```
/// use whit_sync::Barrier;
///
/// let barrier = Barrier::new(2);
/// let (one, two) = futures_lite::future::block_on(futures_lite::future::zip(barrier.wait(), barrier.wait()));
/// assert!(one.is_leader() != two.is_leader());
/// ```
#[derive(Debug)]
pub struct Barrier {
    n: usize,
    waiting: Mutex<WaitList<()>>,
}

impl Barrier {
    /// A barrier for `n` tasks; 0 is taken as 1, as std's does.
    pub const fn new(n: usize) -> Barrier {
        Barrier { n, waiting: Mutex::new(WaitList::new()) }
    }

    /// Waits until `n` tasks do. The last one to come is the leader; all of them are let through, and the barrier is as new.
    ///
    /// Cancel-safe in that a dropped waiter no longer counts; if the others had been let through already, they stay so.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait { barrier: self, key: None }
    }

    /// As [`wait`](Barrier::wait), for a thread that may block.
    pub fn wait_blocking(&self) -> BarrierWaitResult {
        blocking::wait(self.wait())
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
    type Output = BarrierWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let mut waiting = crate::lock(&self.barrier.waiting);
        match self.key {
            None if waiting.len() + 1 >= self.barrier.n => {
                let mut wakers = WakeList::default();
                waiting.pop_all(&mut wakers, |()| {});
                drop(waiting);
                wakers.wake();
                Poll::Ready(BarrierWaitResult { leader: true })
            }
            None => {
                self.key = Some(waiting.push_back((), cx.waker().clone()));
                Poll::Pending
            }
            Some(key) if waiting.is_queued(key) => {
                let old = waiting.set_waker(key, cx.waker());
                drop(waiting);
                drop(old);
                Poll::Pending
            }
            Some(key) => {
                let entry = waiting.remove(key);
                drop(waiting);
                drop(entry);
                self.key = None;
                Poll::Ready(BarrierWaitResult { leader: false })
            }
        }
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = crate::lock(&self.barrier.waiting).remove(key);
            drop(entry);
        }
    }
}

/// What a task learns from a barrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// Whether this was the last one to come: one of each round is.
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}
