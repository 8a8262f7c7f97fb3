//! `Receiver` and what it makes.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{RecvError, State, TryRecvError};
use crate::short_lock::{ShortGuard, ShortLock};
use crate::wait_list::{Key, WakeList};
use crate::{blocking, budget};

/// Receives every message that was sent since it was made. A clone goes on from where this one is.
pub struct Receiver<T> {
    pub(super) shared: Arc<ShortLock<State<T>>>,
    // The position of the next one that is not in `taken`.
    pub(super) next: u64,
    // Rule 3.
    pub(super) taken: VecDeque<T>,
}

// No message is pinned.
impl<T> Unpin for Receiver<T> {}

impl<T: Clone> Receiver<T> {
    /// Receives the next message, and waits if there is none. Cancel-safe: nothing is taken before it is ready.
    ///
    /// # Errors
    ///
    /// [`RecvError::Lagged`] once after messages were missed; [`RecvError::Closed`] when the senders have gone and everything
    /// has been seen.
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv { receiver: self, key: None }
    }

    /// The next message, if there is one.
    ///
    /// # Errors
    ///
    /// There is none at the moment, or there will be none, or some were missed.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        if let Some(message) = self.taken.pop_front() {
            return Ok(message);
        }
        let Receiver { shared, next, taken } = self;
        match take(shared.lock(), next, taken) {
            Ok(message) => message.map_err(TryRecvError::Lagged),
            Err(state) if state.senders == 0 => Err(TryRecvError::Closed),
            Err(_) => Err(TryRecvError::Empty),
        }
    }

    /// As [`recv`](Receiver::recv), for a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// As there.
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        blocking::wait("recv_blocking", self.recv())
    }
}

/// The message at `next` and, into `taken`, those of rule 3; or how many were missed. If there is none: the lock.
#[allow(clippy::type_complexity, reason = "used twice, right here")]
fn take<'s, T: Clone>(
    mut state: ShortGuard<'s, State<T>>,
    next: &mut u64,
    taken: &mut VecDeque<T>,
) -> Result<Result<T, u64>, ShortGuard<'s, State<T>>> {
    if *next < state.first {
        let missed = state.first - *next;
        *next = state.first;
        return Ok(Err(missed));
    }
    let Some(message) = state.take(next) else { return Err(state) };
    let batch = state.batch();
    if batch == 1 && state.sending.is_empty() {
        return Ok(Ok(message));
    }
    // Rule 4. A `Clone` that panics costs nothing either, from here on.
    taken.push_back(message);
    if state.sending.is_empty() {
        state.take_more(next, batch - 1, taken);
    } else {
        let mut wakers = WakeList::default();
        state.let_in(&mut wakers);
        drop(state);
        wakers.wake();
    }
    Ok(Ok(taken.pop_front().expect("at least one was taken")))
}

impl<T> Receiver<T> {
    /// Messages that this receiver has yet to see.
    pub fn len(&self) -> usize {
        let state = self.shared.lock();
        (state.end() - self.next.max(state.first)) as usize + self.taken.len()
    }

    /// Whether it has seen everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Clone> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        let taken = self.taken.clone();
        let mut state = self.shared.lock();
        state.receivers += 1;
        let from = self.next.saturating_sub(state.first) as usize;
        state.queue.iter_mut().skip(from).for_each(|slot| slot.unseen += 1);
        drop(state);
        Receiver { shared: self.shared.clone(), next: self.next, taken }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut wakers = WakeList::default();
        let mut state = self.shared.lock();
        let seen = state.leave(self.next, &mut wakers);
        drop(state);
        wakers.wake();
        drop(seen);
    }
}

/// Made by [`Receiver::recv`].
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'r, T> {
    receiver: &'r mut Receiver<T>,
    key: Option<Key>,
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::poll_proceed(cx));
        let this = self.get_mut();
        match this.receiver.taken.pop_front() {
            Some(message) => Poll::Ready(Ok(message)),
            None => this.look(cx),
        }
    }
}

impl<T: Clone> Recv<'_, T> {
    fn look(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let Recv { receiver, key } = self;
        let Receiver { shared, next, taken } = &mut **receiver;
        let mut state = shared.lock();
        // A message wakes all, and each looks again; the entry has done its work then.
        let stale = key.take_if(|key| !state.receiving.is_queued(*key)).map(|key| state.receiving.remove(key));
        let mut old = None;
        let polled = match take(state, next, taken) {
            Ok(taken) => Poll::Ready(taken.map_err(RecvError::Lagged)),
            Err(state) if state.senders == 0 => Poll::Ready(Err(RecvError::Closed)),
            Err(mut state) => {
                match *key {
                    Some(key) => old = state.receiving.set_waker(key, cx.waker()),
                    None => *key = Some(state.receiving.push_back((), cx.waker().clone())),
                }
                budget::refund();
                Poll::Pending
            }
        };
        drop((stale, old));
        polled
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = self.receiver.shared.lock().receiving.remove(key);
            drop(entry);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}
