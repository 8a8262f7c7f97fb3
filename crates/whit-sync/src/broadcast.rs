//! `broadcast`: every receiver gets every message.
//!
//! One queue for all, under one short lock; each receiver has a position in it, and each message a count of those who have yet
//! to see it. The last one takes it away, which makes room for a sender that waits: its message is moved in from its entry.
//!
//! Messages are cloned under the lock: a `Clone` that uses the same channel waits for itself.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};

pub use crate::channel::{SendError, TrySendError};

use crate::wait_list::{Key, WaitList, WakeList};
use crate::{blocking, budget};

/// A channel that holds the last `capacity` messages at most, until every receiver has seen them.
///
/// [`send`](Sender::send) waits for the slowest receiver; [`force_send`](Sender::force_send) does not, and the receivers that
/// miss a message are told how many.
///
/// ```
/// futures_lite::future::block_on(async {
///     let (sender, mut one) = whit_sync::broadcast::channel(2);
///     let mut two = sender.subscribe();
///     sender.send("news").await.unwrap();
///     assert_eq!((one.recv().await, two.recv().await), (Ok("news"), Ok("news")));
/// });
/// ```
///
/// # Panics
///
/// With a capacity of 0.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a broadcast channel with a capacity of 0 can hold no message; give it at least 1");
    let state = State {
        queue: VecDeque::new(),
        first: 0,
        capacity,
        senders: 1,
        receivers: 1,
        sending: WaitList::new(),
        receiving: WaitList::new(),
    };
    let shared = Arc::new(Mutex::new(state));
    (Sender { shared: shared.clone() }, Receiver { shared, next: 0 })
}

struct State<T> {
    queue: VecDeque<Slot<T>>,
    // The number of the first message in the queue.
    first: u64,
    capacity: usize,
    senders: usize,
    receivers: usize,
    // The message of each; `None` once it was taken.
    sending: WaitList<Option<T>>,
    receiving: WaitList<()>,
}

struct Slot<T> {
    message: T,
    // Receivers that have yet to see it.
    unseen: usize,
}

impl<T> State<T> {
    fn end(&self) -> u64 {
        self.first + self.queue.len() as u64
    }

    /// Takes seen messages away, and lets waiting senders in. What comes back is to be dropped and woken outside of the lock.
    #[must_use]
    fn tidy(&mut self) -> (Vec<T>, WakeList) {
        let (mut seen, mut wakers) = (Vec::new(), WakeList::default());
        while self.queue.front().is_some_and(|slot| slot.unseen == 0) {
            seen.extend(self.queue.pop_front().map(|slot| slot.message));
            self.first += 1;
        }
        while self.receivers > 0
            && self.queue.len() < self.capacity
            && let Some((key, waker)) = self.sending.pop_front()
        {
            if let Some(message) = self.sending.get_mut(key).take() {
                self.put(message, &mut wakers);
            }
            wakers.push(waker);
        }
        (seen, wakers)
    }

    fn put(&mut self, message: T, wakers: &mut WakeList) {
        self.queue.push_back(Slot { message, unseen: self.receivers });
        while let Some((_, waker)) = self.receiving.pop_front() {
            wakers.push(waker);
        }
    }
}

/// Sends to all receivers. Clones send into the same channel; when the last is dropped, the receivers are told so once they
/// have seen everything.
pub struct Sender<T> {
    shared: Arc<Mutex<State<T>>>,
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
        let mut state = self.lock();
        if state.receivers == 0 {
            return Err(TrySendError::Closed(message));
        }
        if state.queue.len() >= state.capacity {
            return Err(TrySendError::Full(message));
        }
        let mut wakers = WakeList::default();
        state.put(message, &mut wakers);
        drop(state);
        wakers.wake();
        Ok(())
    }

    /// Sends at once, ahead of senders that wait: a full channel gives up its oldest message, which comes back. Receivers that
    /// have not seen it get [`RecvError::Lagged`].
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
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
        blocking::wait(self.send(message))
    }

    /// A receiver for everything that is sent from now on.
    pub fn subscribe(&self) -> Receiver<T> {
        let mut state = self.lock();
        state.receivers += 1;
        let next = state.end();
        drop(state);
        Receiver { shared: self.shared.clone(), next }
    }
}

impl<T> Sender<T> {
    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.lock().receivers
    }

    /// Messages that some receiver has yet to see.
    pub fn len(&self) -> usize {
        self.lock().queue.len()
    }

    /// Whether everybody has seen everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        crate::lock(&self.shared)
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
            while let Some((_, waker)) = state.receiving.pop_front() {
                wakers.push(waker);
            }
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

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Send { sender, message, key } = self.get_mut();
        ready!(budget::poll_proceed(cx));
        let mut state = sender.lock();
        if let Some(entry) = *key {
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
            return Poll::Ready(left.map_or(Ok(()), |message| Err(SendError(message))));
        }
        let Some(message) = message.take() else { return Poll::Ready(Ok(())) };
        if state.receivers == 0 {
            return Poll::Ready(Err(SendError(message)));
        }
        if state.queue.len() >= state.capacity {
            *key = Some(state.sending.push_back(Some(message), cx.waker()));
            budget::refund();
            return Poll::Pending;
        }
        let mut wakers = WakeList::default();
        state.put(message, &mut wakers);
        drop(state);
        wakers.wake();
        Poll::Ready(Ok(()))
    }
}

impl<T> Drop for Send<'_, T> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = self.sender.lock().sending.remove(key);
            drop(entry);
        }
    }
}

/// Receives every message that was sent since it was made. A clone goes on from where this one is.
pub struct Receiver<T> {
    shared: Arc<Mutex<State<T>>>,
    next: u64,
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
        let state = crate::lock(&self.shared);
        let closed = state.senders == 0;
        match Self::next(&mut self.next, state) {
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
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        blocking::wait(self.recv())
    }

    /// The message at `next`, or how many were missed; or the lock, if there is none.
    #[allow(clippy::type_complexity, reason = "used twice, right here")]
    fn next<'s>(
        next: &mut u64,
        mut state: MutexGuard<'s, State<T>>,
    ) -> Result<Result<T, u64>, MutexGuard<'s, State<T>>> {
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
            drop(state);
            wakers.wake();
            drop(seen);
        }
        Ok(Ok(message))
    }
}

impl<T> Receiver<T> {
    /// Messages that this receiver has yet to see.
    pub fn len(&self) -> usize {
        let state = crate::lock(&self.shared);
        (state.end() - self.next.max(state.first)) as usize
    }

    /// Whether it has seen everything.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        let mut state = crate::lock(&self.shared);
        state.receivers += 1;
        let from = self.next.saturating_sub(state.first) as usize;
        state.queue.iter_mut().skip(from).for_each(|slot| slot.unseen += 1);
        drop(state);
        Receiver { shared: self.shared.clone(), next: self.next }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = crate::lock(&self.shared);
        state.receivers -= 1;
        let from = self.next.saturating_sub(state.first) as usize;
        state.queue.iter_mut().skip(from).for_each(|slot| slot.unseen -= 1);
        let (seen, mut wakers) = state.tidy();
        if state.receivers == 0 {
            // Nobody is left to make room: they get their messages back.
            while let Some((_, waker)) = state.sending.pop_front() {
                wakers.push(waker);
            }
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
        let mut state = crate::lock(&receiver.shared);
        // A message wakes all, and each looks again; the entry has done its work then.
        let stale = key.take_if(|key| !state.receiving.is_queued(*key)).map(|key| state.receiving.remove(key));
        let mut old = None;
        let polled = match Receiver::next(&mut receiver.next, state) {
            Ok(taken) => Poll::Ready(taken.map_err(RecvError::Lagged)),
            Err(state) if state.senders == 0 => Poll::Ready(Err(RecvError::Closed)),
            Err(mut state) => {
                match *key {
                    Some(key) => old = state.receiving.set_waker(key, cx.waker()),
                    None => *key = Some(state.receiving.push_back((), cx.waker())),
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
            let entry = crate::lock(&self.receiver.shared).receiving.remove(key);
            drop(entry);
        }
    }
}

/// Why [`Receiver::recv`] gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders have gone, and everything has been seen.
    Closed,
    /// So many messages were given up before they were seen. The next one is the oldest there is.
    Lagged(u64),
}

/// Why [`Receiver::try_recv`] gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none at the moment.
    Empty,
    /// All senders have gone, and everything has been seen.
    Closed,
    /// So many messages were given up before they were seen. The next one is the oldest there is.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => {
                f.write_str("receiving failed: the broadcast channel has no sender left, and is empty")
            }
            RecvError::Lagged(missed) => {
                write!(f, "receiving was too slow: {missed} messages were given up for newer ones; go on with the next")
            }
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("receiving at once failed: there is no message yet; wait with `recv`"),
            TryRecvError::Closed => RecvError::Closed.fmt(f),
            TryRecvError::Lagged(missed) => RecvError::Lagged(*missed).fmt(f),
        }
    }
}

impl Error for RecvError {}
impl Error for TryRecvError {}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}
