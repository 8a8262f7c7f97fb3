//! `broadcast`: every receiver gets every message.
//!
//! One queue for all, under one short lock; each receiver has a position in it, and each message a count of those who have yet
//! to see it. The last one takes it away, which makes room for a sender that waits: its message is moved in from its entry.
//!
//! Messages are cloned under the lock: a `Clone` that uses the same channel waits for itself.

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
