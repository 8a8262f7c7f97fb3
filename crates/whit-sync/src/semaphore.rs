//! `Semaphore`: permits, first come, first served.
//!
//! Rules, all under the one lock:
//! 1. Permits are given to waiters in the order of their numbers, and only whole requests: a large one at the head waits for
//!    all it asked for, and nobody behind it is served first.
//! 2. A granted waiter leaves the queue and stands in `granted` until its future takes the permits or is dropped; dropped, it
//!    gives them back.
//! 3. Permits that come back, and waiters that leave the queue, lead to rule 1 again. Wakers are called outside of the lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A number of permits: asyncio's `Semaphore`. A release goes to the one that waited longest.
///
/// See the crate page for an example.
pub struct Semaphore {
    state: Mutex<State>,
}

struct State {
    permits: usize,
    next: u64,
    waiting: BTreeMap<u64, (usize, Waker)>,
    granted: BTreeSet<u64>,
}

impl Semaphore {
    /// A semaphore with `permits` permits.
    pub const fn new(permits: usize) -> Semaphore {
        let state = State { permits, next: 0, waiting: BTreeMap::new(), granted: BTreeSet::new() };
        Semaphore { state: Mutex::new(state) }
    }

    /// Waits for a permit. Cancel-safe: dropped at any point, nothing is lost; but the place in the queue is.
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits for `count` permits at once.
    pub fn acquire_many(&self, count: usize) -> Acquire<'_> {
        Acquire { semaphore: self, request: Request { count, number: None } }
    }

    /// As [`acquire`](Semaphore::acquire), with a guard that owns the semaphore.
    pub fn acquire_arc(self: &Arc<Self>) -> AcquireArc {
        AcquireArc { semaphore: self.clone(), request: Request { count: 1, number: None } }
    }

    /// A permit, if one is there and nobody waits for it.
    pub fn try_acquire(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_take(1).then(|| SemaphoreGuard { semaphore: self, count: 1 })
    }

    /// As [`try_acquire`](Semaphore::try_acquire), with a guard that owns the semaphore.
    pub fn try_acquire_arc(self: &Arc<Self>) -> Option<SemaphoreGuardArc> {
        self.try_take(1).then(|| SemaphoreGuardArc { semaphore: self.clone(), count: 1 })
    }

    /// Adds permits for good.
    ///
    /// # Panics
    ///
    /// If there would be more than a `usize` can count.
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        let mut state = self.lock();
        let Some(permits) = state.permits.checked_add(count) else {
            drop(state);
            panic!("adding {count} permits to a semaphore would pass the most it can count");
        };
        state.permits = permits;
        Self::serve(state);
    }

    /// Permits that nobody has at the moment.
    pub fn available_permits(&self) -> usize {
        self.lock().permits
    }

    fn try_take(&self, count: usize) -> bool {
        let mut state = self.lock();
        let free = state.waiting.is_empty() && state.permits >= count;
        if free {
            state.permits -= count;
        }
        free
    }

    /// Rule 1; unlocks.
    fn serve(mut state: MutexGuard<'_, State>) {
        let mut wakers = Vec::new();
        while let Some((&number, &(count, _))) = state.waiting.first_key_value()
            && count <= state.permits
        {
            state.permits -= count;
            state.granted.insert(number);
            wakers.extend(state.waiting.remove(&number).map(|(_, waker)| waker));
        }
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue.
#[derive(Debug)]
struct Request {
    count: usize,
    number: Option<u64>,
}

impl Request {
    fn poll(&mut self, semaphore: &Semaphore, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = semaphore.lock();
        let number = match self.number {
            Some(number) if state.granted.remove(&number) => {
                self.number = None;
                return Poll::Ready(());
            }
            Some(number) => number,
            None if state.waiting.is_empty() && state.permits >= self.count => {
                state.permits -= self.count;
                return Poll::Ready(());
            }
            None => {
                state.next += 1;
                state.next
            }
        };
        self.number = Some(number);
        let old = state.waiting.insert(number, (self.count, cx.waker().clone()));
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// The future is dropped.
    fn give_up(&mut self, semaphore: &Semaphore) {
        let Some(number) = self.number.take() else { return };
        let mut state = semaphore.lock();
        if state.granted.remove(&number) {
            state.permits += self.count;
        }
        let old = state.waiting.remove(&number);
        Semaphore::serve(state);
        drop(old);
    }
}

/// Made by [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Acquire<'s> {
    semaphore: &'s Semaphore,
    request: Request,
}

impl<'s> Future for Acquire<'s> {
    type Output = SemaphoreGuard<'s>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<SemaphoreGuard<'s>> {
        let (semaphore, count) = (self.semaphore, self.request.count);
        self.request.poll(semaphore, cx).map(|()| SemaphoreGuard { semaphore, count })
    }
}

impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        self.request.give_up(self.semaphore);
    }
}

/// Made by [`Semaphore::acquire_arc`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct AcquireArc {
    semaphore: Arc<Semaphore>,
    request: Request,
}

impl Future for AcquireArc {
    type Output = SemaphoreGuardArc;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<SemaphoreGuardArc> {
        let (semaphore, count) = (self.semaphore.clone(), self.request.count);
        self.request.poll(&semaphore, cx).map(|()| SemaphoreGuardArc { semaphore, count })
    }
}

impl Drop for AcquireArc {
    fn drop(&mut self) {
        self.request.give_up(&self.semaphore);
    }
}

/// Permits; dropping it gives them back.
#[derive(Debug)]
#[must_use = "a dropped guard gives its permits back at once"]
pub struct SemaphoreGuard<'s> {
    semaphore: &'s Semaphore,
    count: usize,
}

impl SemaphoreGuard<'_> {
    /// Takes the permits out of circulation for good.
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.count);
    }
}

/// Permits, and a share in the semaphore; dropping it gives them back.
#[derive(Debug)]
#[must_use = "a dropped guard gives its permits back at once"]
pub struct SemaphoreGuardArc {
    semaphore: Arc<Semaphore>,
    count: usize,
}

impl SemaphoreGuardArc {
    /// Takes the permits out of circulation for good.
    pub fn forget(mut self) {
        self.count = 0;
    }
}

impl Drop for SemaphoreGuardArc {
    fn drop(&mut self) {
        self.semaphore.add_permits(self.count);
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Semaphore").field("permits", &state.permits).field("waiting", &state.waiting.len()).finish()
    }
}
