//! `Sender` and what it makes.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::{Receiver, SendError, State, TrySendError};
use crate::short_lock::{ShortGuard, ShortLock};
use crate::wait_list::{Key, WakeList};
use crate::{blocking, budget};

/// Sends to all receivers. Clones send into the same channel; when the last is dropped, the receivers are told so once they
/// have seen everything.
pub struct Sender<T> {
    pub(super) shared: Arc<ShortLock<State<T>>>,
}

impl<T: Clone> Sender<T> {
    /// Sends, and waits for room if there is none: for the slowest receiver. Whoever waited longest goes first.
    ///
    /// Cancel-safe: dropped before it is ready, the message was not sent, except when it had just got its room.
    ///
    /// # Errors
    ///
    /// There is no receiver; here is the message again.
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send { sender: self, message: Some(message), key: None }
    }

    /// Sends, if there is room.
    ///
    /// # Errors
    ///
    /// There is none, or no receiver; here is the message again.
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut wakers = WakeList::default();
        let mut state = self.lock();
        let sent = state.try_put(message, &mut wakers);
        drop(state);
        wakers.wake();
        sent
    }

    /// Sends at once, ahead of senders that wait: a full channel gives up its oldest message, which comes back. Receivers that
    /// have not seen it get [`RecvError::Lagged`](super::RecvError::Lagged).
    ///
    /// # Errors
    ///
    /// There is no receiver; here is the message again.
    pub fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        let mut state = self.lock();
        if state.receivers == 0 {
            return Err(SendError(message));
        }
        let full = state.queue.len() >= state.capacity;
        let oldest = if full { state.queue.pop_front() } else { None };
        state.first += u64::from(oldest.is_some());
        let mut wakers = WakeList::default();
        state.put(message, &mut wakers);
        drop(state);
        wakers.wake();
        Ok(oldest.map(|slot| slot.message))
    }

    /// As [`send`](Sender::send), for a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// There is no receiver; here is the message again.
    #[track_caller]
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
        blocking::wait("send_blocking", self.send(message))
    }

    /// A receiver for everything that is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.lock();
        state.receivers += 1;
        let next = state.end();
        drop(state);
        Receiver { shared: self.shared.clone(), next, taken: VecDeque::new() }
    }
}

impl<T> Sender<T> {
    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.lock().receivers
    }

    /// Messages that some receiver has yet to take.
    pub fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// Whether everybody has taken everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> ShortGuard<'_, State<T>> {
        self.shared.lock()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.lock().senders += 1;
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut wakers = WakeList::default();
        let mut state = self.lock();
        state.senders -= 1;
        if state.senders == 0 {
            state.receiving.pop_all(&mut wakers, |()| {});
        }
        drop(state);
        wakers.wake();
    }
}

/// Made by [`Sender::send`].
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'s, T> {
    sender: &'s Sender<T>,
    message: Option<T>,
    key: Option<Key>,
}

// The message is never pinned.
impl<T> Unpin for Send<'_, T> {}

impl<T: Clone> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(budget::poll_proceed(cx));
        let Send { sender, message, key } = self.get_mut();
        if let Some(entry) = *key {
            return sender.look_for_room(entry, key, cx);
        }
        let Some(message) = message.take() else { return Poll::Ready(Ok(())) };
        sender.put_or_wait(message, key, cx)
    }
}

impl<T: Clone> Sender<T> {
    fn put_or_wait(&self, message: T, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let mut wakers = WakeList::default();
        let mut state = self.lock();
        let polled = match state.try_put(message, &mut wakers) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(TrySendError::Closed(message)) => Poll::Ready(Err(SendError(message))),
            Err(TrySendError::Full(message)) => {
                *key = Some(state.sending.push_back(Some(message), cx.waker().clone()));
                budget::refund();
                Poll::Pending
            }
        };
        drop(state);
        wakers.wake();
        polled
    }

    fn look_for_room(&self, entry: Key, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let mut state = self.lock();
        if state.sending.is_queued(entry) {
            let old = state.sending.set_waker(entry, cx.waker());
            drop(state);
            drop(old);
            budget::refund();
            return Poll::Pending;
        }
        *key = None;
        let (left, waker) = state.sending.remove(entry);
        drop(state);
        drop(waker);
        // Still there if the last receiver went first.
        Poll::Ready(left.map_or(Ok(()), |message| Err(SendError(message))))
    }
}

impl<T> Drop for Send<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = self.sender.lock().sending.remove(key);
            drop(entry);
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}
