//! What both ends share: a queue, those who wait to send and those who wait to receive, under one short lock.
//!
//! What nearly every call does comes first and inlined: it looks whether anybody waits, and else uses the queue alone.
//!
//! Rules, all under the lock; wakers are called, and messages dropped, outside of it:
//! 1. A message goes to the receiver that waited longest: into its entry. If nobody waits, into the queue, if there is room.
//!    If there is none, the sender waits with the message in its own entry.
//! 2. A receiver takes from the head of the queue; the sender that waited longest then has its message moved to the tail, and
//!    is done. With a capacity of 0 the message is taken from the sender's entry.
//! 3. So while receivers wait, the queue is empty and no sender waits. While senders wait, the queue is full.
//! 4. A message that was handed to a receiver which is dropped before it took it goes back: to the next one who waits, or else
//!    to the head of the queue, which may then hold one more than its capacity. So does one that was taken by a call in which
//!    a waker panics. Messages stay in order, whoever gives them back first: see `queue.rs`.
//! 5. A sender that is dropped while it waits takes its message along. Dropped later, the message is already on its way.
//! 6. Closing ends the wait of all: senders keep their messages, and get them back in the error. Receivers wait only while the
//!    queue is empty (rule 3), so they have nothing left to come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use super::queue::{Handed, Queue};
use super::{RecvError, TryRecvError, TrySendError};
use crate::Event;
use crate::short_lock::{ShortGuard, ShortLock};
use crate::wait_list::{Key, WaitList, WakeList, wake};

#[derive(Debug)]
pub(super) struct Channel<T> {
    state: ShortLock<State<T>>,
    pub(super) capacity: Option<usize>,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
    pub(super) was_closed: Event,
}

#[derive(Debug)]
struct State<T> {
    queue: Queue<T>,
    // More than there is memory for, if the channel is unbounded.
    capacity: usize,
    closed: bool,
    // The message of each; `None` once it was taken.
    sending: WaitList<Option<T>>,
    // What each was given.
    receiving: WaitList<Option<Handed<T>>>,
}

impl<T> Channel<T> {
    /// With one sender and one receiver.
    pub(super) fn new(capacity: Option<usize>) -> Channel<T> {
        let state = State {
            queue: Queue::new(),
            capacity: capacity.unwrap_or(usize::MAX),
            closed: false,
            sending: WaitList::new(),
            receiving: WaitList::new(),
        };
        let (senders, receivers) = (AtomicUsize::new(1), AtomicUsize::new(1));
        Channel { state: ShortLock::new(state), capacity, senders, receivers, was_closed: Event::new() }
    }

    /// Rule 1, without waiting.
    #[inline]
    pub(super) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = self.state.lock();
        if state.just_queues() {
            state.queue.push_back(message);
            return Ok(());
        }
        self.offer(state, message).map_err(|(refused, _)| refused)
    }

    /// Rule 1: to a full queue too, whose oldest message comes back.
    pub(super) fn force_send(&self, message: T) -> Result<Option<T>, TrySendError<T>> {
        match self.offer(self.state.lock(), message) {
            Ok(()) => Ok(None),
            Err((TrySendError::Full(message), mut state)) => match state.queue.hand_over() {
                Some(Handed { message: oldest, .. }) => {
                    state.queue.push_back(message);
                    Ok(Some(oldest))
                }
                None => Err(TrySendError::Full(message)),
            },
            Err((closed, _)) => Err(closed),
        }
    }

    /// Rule 1, and waiting: `message` is taken out when it is sent or waits in the entry.
    #[inline(always)]
    pub(super) fn poll_send(
        &self,
        message: &mut Option<T>,
        key: &mut Option<Key>,
        waker: &Waker,
    ) -> Poll<Result<(), T>> {
        if let Some(entry) = *key {
            return self.look_for_room(entry, key, waker);
        }
        let Some(sent) = message.take() else { return Poll::Ready(Ok(())) };
        let mut state = self.state.lock();
        if state.just_queues() {
            state.queue.push_back(sent);
            return Poll::Ready(Ok(()));
        }
        self.send_or_wait(state, sent, key, waker)
    }

    #[inline(never)]
    fn send_or_wait(
        &self,
        state: ShortGuard<'_, State<T>>,
        message: T,
        key: &mut Option<Key>,
        waker: &Waker,
    ) -> Poll<Result<(), T>> {
        match self.offer(state, message) {
            Ok(()) => Poll::Ready(Ok(())),
            Err((TrySendError::Closed(message), _)) => Poll::Ready(Err(message)),
            Err((TrySendError::Full(message), mut state)) => {
                *key = Some(state.sending.push_back(Some(message), waker.clone()));
                Poll::Pending
            }
        }
    }

    #[inline(never)]
    fn look_for_room(&self, entry: Key, key: &mut Option<Key>, waker: &Waker) -> Poll<Result<(), T>> {
        let mut state = self.state.lock();
        if state.sending.is_queued(entry) {
            let old = state.sending.set_waker(entry, waker);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        *key = None;
        let (left, waker) = state.sending.remove(entry);
        drop(state);
        drop(waker);
        // Rule 6: still there if the channel was closed first.
        Poll::Ready(left.map_or(Ok(()), Err))
    }

    /// Rule 5.
    pub(super) fn cancel_send(&self, key: Key) {
        let entry = self.state.lock().sending.remove(key);
        drop(entry);
    }

    /// Rule 2, without waiting.
    #[inline]
    pub(super) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = self.state.lock();
        if let Some(head) = state.just_takes() {
            return Ok(head);
        }
        self.take(state).map_err(|state| if state.closed { TryRecvError::Closed } else { TryRecvError::Empty })
    }

    /// Rule 2, and waiting.
    #[inline(always)]
    pub(super) fn poll_recv(&self, key: &mut Option<Key>, waker: &Waker) -> Poll<Result<T, RecvError>> {
        if let Some(entry) = *key {
            return self.look_for_message(entry, key, waker);
        }
        let mut state = self.state.lock();
        if let Some(head) = state.just_takes() {
            return Poll::Ready(Ok(head));
        }
        self.recv_or_wait(state, key, waker)
    }

    #[inline(never)]
    fn recv_or_wait(
        &self,
        state: ShortGuard<'_, State<T>>,
        key: &mut Option<Key>,
        waker: &Waker,
    ) -> Poll<Result<T, RecvError>> {
        match self.take(state) {
            Ok(message) => Poll::Ready(Ok(message)),
            Err(state) if state.closed => Poll::Ready(Err(RecvError)),
            Err(mut state) => {
                *key = Some(state.receiving.push_back(None, waker.clone()));
                Poll::Pending
            }
        }
    }

    #[inline(never)]
    fn look_for_message(&self, entry: Key, key: &mut Option<Key>, waker: &Waker) -> Poll<Result<T, RecvError>> {
        let mut state = self.state.lock();
        if state.receiving.is_queued(entry) {
            let old = state.receiving.set_waker(entry, waker);
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        *key = None;
        let (given, waker) = state.receiving.remove(entry);
        drop(state);
        drop(waker);
        Poll::Ready(given.map(|handed| handed.message).ok_or(RecvError))
    }

    /// Rule 4.
    pub(super) fn cancel_recv(&self, key: Key) {
        let mut state = self.state.lock();
        let (given, waker) = state.receiving.remove(key);
        match given {
            Some(handed) => Self::give_back(state, handed),
            None => drop(state),
        }
        drop(waker);
    }

    /// Rule 4. Unlocks.
    fn give_back(mut state: ShortGuard<'_, State<T>>, handed: Handed<T>) {
        if let Some((next, waker)) = state.receiving.pop_front() {
            *state.receiving.get_mut(next) = Some(handed);
            drop(state);
            wake(waker);
        } else {
            state.queue.give_back(handed);
        }
    }

    /// Rule 6. Whether it was open.
    pub(super) fn close(&self) -> bool {
        self.end_waits(self.state.lock())
    }

    /// Rule 6, and what is in the queue.
    pub(super) fn close_and_drain(&self) -> Vec<T> {
        let mut state = self.state.lock();
        let drained = state.queue.take_all();
        self.end_waits(state);
        drained.into()
    }

    /// The last receiver has gone: nobody will take what is left.
    pub(super) fn discard(&self) {
        let left = self.state.lock().queue.take_all();
        drop(left);
    }

    /// Rule 6. Unlocks. Whether it was open.
    fn end_waits(&self, mut state: ShortGuard<'_, State<T>>) -> bool {
        let mut wakers = WakeList::default();
        let was_open = !std::mem::replace(&mut state.closed, true);
        // Their messages stay with those who send.
        state.sending.pop_all(&mut wakers, |_| {});
        state.receiving.pop_all(&mut wakers, |_| {});
        drop(state);
        wakers.wake();
        self.was_closed.set();
        was_open
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Messages in the queue; those in the entries of waiting senders do not count.
    pub(super) fn len(&self) -> usize {
        self.state.lock().queue.len()
    }

    /// Whether a message that nobody waits for would find no room.
    pub(super) fn is_full(&self) -> bool {
        !self.state.lock().has_room()
    }

    /// Counts a handle that was made from a weak one; not if there is none left.
    pub(super) fn revive(count: &AtomicUsize) -> bool {
        count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |handles| (handles > 0).then(|| handles + 1)).is_ok()
    }

    /// Rule 1. If that cannot be now: why not, and the lock.
    #[allow(clippy::type_complexity, reason = "used thrice, right above")]
    fn offer<'c>(
        &'c self,
        mut state: ShortGuard<'c, State<T>>,
        message: T,
    ) -> Result<(), (TrySendError<T>, ShortGuard<'c, State<T>>)> {
        if state.closed {
            return Err((TrySendError::Closed(message), state));
        }
        if let Some((key, waker)) = state.receiving.pop_front() {
            let handed = state.queue.pass(message);
            *state.receiving.get_mut(key) = Some(handed);
            drop(state);
            wake(waker);
        } else if state.has_room() {
            state.queue.push_back(message);
        } else {
            return Err((TrySendError::Full(message), state));
        }
        Ok(())
    }

    /// Rule 2. If there is nothing: the lock.
    fn take<'c>(&'c self, mut state: ShortGuard<'c, State<T>>) -> Result<T, ShortGuard<'c, State<T>>> {
        let head = state.queue.hand_over();
        // Room was made; after rule 4 there may be one too many still.
        let served = if state.has_room() || head.is_none() { state.sending.pop_front() } else { None };
        let Some((key, waker)) = served else {
            return head.map(|handed| handed.message).ok_or(state);
        };
        let sent = state.sending.get_mut(key).take().expect("a queued sender has its message");
        let taken = match head {
            Some(head) => {
                state.queue.push_back(sent);
                head
            }
            None => state.queue.pass(sent),
        };
        let taken = Unclaimed { channel: self, handed: Some(taken) };
        drop(state);
        wake(waker);
        Ok(taken.claim())
    }
}

/// A message that goes back if its taker panics: rule 4.
struct Unclaimed<'c, T> {
    channel: &'c Channel<T>,
    handed: Option<Handed<T>>,
}

impl<T> Unclaimed<'_, T> {
    fn claim(mut self) -> T {
        self.handed.take().expect("claimed once").message
    }
}

impl<T> Drop for Unclaimed<'_, T> {
    fn drop(&mut self) {
        if let Some(handed) = self.handed.take() {
            Channel::give_back(self.channel.state.lock(), handed);
        }
    }
}

impl<T> State<T> {
    fn has_room(&self) -> bool {
        self.queue.len() < self.capacity
    }

    /// Whether sending is putting into the queue, and no more.
    #[inline]
    fn just_queues(&self) -> bool {
        self.has_room() && self.receiving.is_empty() && !self.closed
    }

    /// The head of the queue, if receiving is taking it, and no more.
    #[inline]
    fn just_takes(&mut self) -> Option<T> {
        if self.sending.len() | self.queue.returned() == 0 { self.queue.pop_front() } else { None }
    }
}
