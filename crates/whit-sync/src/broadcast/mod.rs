//! `broadcast`: every receiver gets every message.
//!
//! One queue for all, under one short lock; each receiver has a position in it, and each message a count of those who have yet
//! to take it.
//!
//! Rules, all under the lock; wakers are called, and messages that nobody takes dropped, outside of it:
//! 1. A message goes to the tail, if there is room, and wakes all who wait for one. If there is none, the sender waits with the
//!    message in its own entry; or, forced, the head goes, seen or not.
//! 2. A receiver clones what stands at its position, and steps on. The last one takes the message out instead, which makes
//!    room: for a sender that waits, whose message is moved in from its entry. As all go through the queue in order, what the
//!    last one takes out is the head.
//! 3. Who is at the lock while no sender waits takes more than one message, if there are more: a sixteenth of the capacity, and
//!    no more than `TAKEN_MOST`. They stand in the receiver then, which gives them out without the lock, and count as seen:
//!    so a sender may be ahead of what the slowest receiver was given by so many more. Cores that work on the same channel
//!    would else fetch the lock from each other for each message, and that would be most of its price.
//! 4. Whatever was taken is in the receiver before a foreign waker is called: one that panics costs no message.
//! 5. A receiver that goes counts as one that has taken everything.
//!
//! Messages are cloned under the lock, since two threads must not clone the same one at once, unless it is `Sync`: a `Clone`
//! that uses the same channel waits for itself.

mod error;
mod receiver;
mod sender;

use std::collections::VecDeque;
use std::sync::Arc;

pub use crate::channel::{SendError, TrySendError};
pub use error::{RecvError, TryRecvError};
pub use receiver::{Receiver, Recv};
pub use sender::{Send, Sender};

use crate::short_lock::ShortLock;
use crate::wait_list::{WaitList, WakeList};

/// A channel that holds the last `capacity` messages at most, until every receiver has seen them.
///
/// [`send`](Sender::send) waits for the slowest receiver; [`force_send`](Sender::force_send) does not, and the receivers that
/// miss a message are told how many.
///
/// With a capacity of 32 or more, a receiver that is behind takes several messages at a time while no sender waits, a sixteenth
/// of the capacity and 16 at most, to give them out one by one. These count as seen, and none of them is missed any more.
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
    let shared = Arc::new(ShortLock::new(state));
    (Sender { shared: shared.clone() }, Receiver { shared, next: 0, taken: VecDeque::new() })
}

/// Rule 3.
const TAKEN_MOST: usize = 16;

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
    // Receivers that have yet to take it.
    unseen: usize,
}

impl<T> State<T> {
    fn end(&self) -> u64 {
        self.first + self.queue.len() as u64
    }

    /// Rule 3: how many a receiver takes at most.
    #[inline]
    fn batch(&self) -> usize {
        (self.capacity / 16).clamp(1, TAKEN_MOST)
    }

    /// Rule 2: the message at `next`, which is not before the first; none if there is none yet.
    #[inline]
    fn take(&mut self, next: &mut u64) -> Option<T>
    where
        T: Clone,
    {
        let at = (*next - self.first) as usize;
        let slot = self.queue.get_mut(at)?;
        if slot.unseen > 1 {
            let message = slot.message.clone();
            slot.unseen -= 1;
            *next += 1;
            return Some(message);
        }
        debug_assert_eq!(at, 0, "who has yet to take one before it has yet to take this one");
        (self.first, *next) = (self.first + 1, *next + 1);
        self.queue.pop_front().map(|slot| slot.message)
    }

    /// Rule 3: as many as `most` calls of `take`. The later a message, the more have yet to take it: so the last of them tells
    /// whether all are cloned or all are taken out, which is quick then.
    fn take_more(&mut self, next: &mut u64, most: usize, taken: &mut VecDeque<T>)
    where
        T: Clone,
    {
        let from = (*next - self.first) as usize;
        let to = self.queue.len().min(from + most);
        if from == to {
            return;
        }
        if self.queue[from].unseen > 1 {
            for slot in self.queue.range_mut(from..to) {
                taken.push_back(slot.message.clone());
                slot.unseen -= 1;
                *next += 1;
            }
        } else if self.queue[to - 1].unseen == 1 {
            debug_assert_eq!(from, 0, "who has yet to take one before it has yet to take this one");
            taken.extend(self.queue.drain(..to).map(|slot| slot.message));
            (self.first, *next) = (self.first + to as u64, *next + to as u64);
        } else {
            // Others stand within the handful.
            taken.extend((from..to).map_while(|_| self.take(next)));
        }
    }

    /// Rule 2: lets in who waits, as long as there is room.
    fn let_in(&mut self, wakers: &mut WakeList) {
        while self.receivers > 0
            && self.queue.len() < self.capacity
            && let Some((key, waker)) = self.sending.pop_front()
        {
            if let Some(message) = self.sending.get_mut(key).take() {
                self.put(message, wakers);
            }
            wakers.push(waker);
        }
    }

    /// Rule 5: a receiver goes that would take what is at `next`. What comes back nobody else will take.
    #[must_use]
    fn leave(&mut self, next: u64, wakers: &mut WakeList) -> Vec<T> {
        self.receivers -= 1;
        let from = next.saturating_sub(self.first) as usize;
        self.queue.iter_mut().skip(from).for_each(|slot| slot.unseen -= 1);
        let mut seen = Vec::new();
        while self.queue.front().is_some_and(|slot| slot.unseen == 0) {
            seen.extend(self.queue.pop_front().map(|slot| slot.message));
            self.first += 1;
        }
        self.let_in(wakers);
        if self.receivers == 0 {
            // Nobody is left to make room: they get their messages back.
            self.sending.pop_all(wakers, |_| {});
        }
        seen
    }

    /// Puts a message in, if somebody would see it and there is room.
    fn try_put(&mut self, message: T, wakers: &mut WakeList) -> Result<(), TrySendError<T>> {
        if self.receivers == 0 {
            return Err(TrySendError::Closed(message));
        }
        if self.queue.len() >= self.capacity {
            return Err(TrySendError::Full(message));
        }
        self.put(message, wakers);
        Ok(())
    }

    fn put(&mut self, message: T, wakers: &mut WakeList) {
        self.queue.push_back(Slot { message, unseen: self.receivers });
        self.receiving.pop_all(wakers, |()| {});
    }
}
