//! `Receiver` and what it makes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{RecvError, Slot, State, TryRecvError};
use crate::short_lock::{ShortGuard, ShortLock};
use crate::wait_list::Key;
use crate::{blocking, budget};

/// Receives every message that was sent since it was made. A clone goes on from where this one is.
pub struct Receiver<T> {
    pub(super) shared: Arc<ShortLock<State<T>>>,
    pub(super) next: u64,
}

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
        let state = self.shared.lock();
        let closed = state.senders == 0;
        match Self::next(&self.shared, &mut self.next, state) {
            Ok(taken) => taken.map_err(TryRecvError::Lagged),
            Err(_) if closed => Err(TryRecvError::Closed),
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

    /// The message at `next`, or how many were missed; or the lock, if there is none. `state` is the lock of `shared`.
    #[allow(clippy::type_complexity, reason = "used twice, right here")]
    fn next<'s>(
        shared: &ShortLock<State<T>>,
        next: &mut u64,
        mut state: ShortGuard<'s, State<T>>,
    ) -> Result<Result<T, u64>, ShortGuard<'s, State<T>>> {
        if *next < state.first {
            let missed = state.first - *next;
            *next = state.first;
            return Ok(Err(missed));
        }
        let at = (*next - state.first) as usize;
        let Some(slot) = state.queue.get_mut(at) else { return Err(state) };
        let message = slot.message.clone();
        slot.unseen -= 1;
        *next += 1;
        if at == 0 && slot.unseen == 0 {
            let (seen, wakers) = state.tidy();
            let unclaimed = Unclaimed { shared, next, message: Some(message) };
            drop(state);
            wakers.wake();
            drop(seen);
            return Ok(Ok(unclaimed.claim()));
        }
        Ok(Ok(message))
    }
}

/// The head of the queue, which goes back there if its taker panics, as a waker may. Then there may be one more than the
/// capacity.
struct Unclaimed<'r, T> {
    shared: &'r ShortLock<State<T>>,
    next: &'r mut u64,
    message: Option<T>,
}

impl<T> Unclaimed<'_, T> {
    fn claim(mut self) -> T {
        self.message.take().expect("claimed once")
    }
}

impl<T> Drop for Unclaimed<'_, T> {
    fn drop(&mut self) {
        let Some(message) = self.message.take() else { return };
        let mut state = self.shared.lock();
        if state.first == *self.next {
            state.first -= 1;
            // All others have seen it, or came later.
            state.queue.push_front(Slot { message, unseen: 1 });
        }
        // Where a forced message came in between, this one counts as missed.
        *self.next -= 1;
    }
}

impl<T> Receiver<T> {
    /// Messages that this receiver has yet to see.
    pub fn len(&self) -> usize {
        let state = self.shared.lock();
        (state.end() - self.next.max(state.first)) as usize
    }

    /// Whether it has seen everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        let mut state = self.shared.lock();
        state.receivers += 1;
        let from = self.next.saturating_sub(state.first) as usize;
        state.queue.iter_mut().skip(from).for_each(|slot| slot.unseen += 1);
        drop(state);
        Receiver { shared: self.shared.clone(), next: self.next }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.receivers -= 1;
        let from = self.next.saturating_sub(state.first) as usize;
        state.queue.iter_mut().skip(from).for_each(|slot| slot.unseen -= 1);
        let (seen, mut wakers) = state.tidy();
        if state.receivers == 0 {
            // Nobody is left to make room: they get their messages back.
            state.sending.pop_all(&mut wakers, |_| {});
        }
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Recv { receiver, key } = self.get_mut();
        ready!(budget::poll_proceed(cx));
        let mut state = receiver.shared.lock();
        // A message wakes all, and each looks again; the entry has done its work then.
        let stale = key.take_if(|key| !state.receiving.is_queued(*key)).map(|key| state.receiving.remove(key));
        let mut old = None;
        let polled = match Receiver::next(&receiver.shared, &mut receiver.next, state) {
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
