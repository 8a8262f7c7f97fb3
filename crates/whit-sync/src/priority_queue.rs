//! `PriorityQueue`: the greatest goes first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::Mutex;

use crate::blocking;
use crate::channel::{RecvError, SendError, TryRecvError, TrySendError};
use crate::semaphore::Semaphore;

/// A queue that gives its greatest item first, and of equal ones the oldest: asyncio's `PriorityQueue`, ordered as std's
/// `BinaryHeap`. For the smallest first, wrap items in [`std::cmp::Reverse`].
///
/// Share it by reference or in an `Arc`; everybody may push and pop.
///
/// ```
/// use whit_sync::PriorityQueue;
///
/// futures_lite::future::block_on(async {
///     let queue = PriorityQueue::unbounded();
///     queue.push(1).await.unwrap();
///     queue.push(3).await.unwrap();
///     queue.push(2).await.unwrap();
///     assert_eq!(queue.pop().await, Ok(3));
/// });
/// ```
pub struct PriorityQueue<T> {
    state: Mutex<State<T>>,
    // A permit for each item. Whoever takes one pops.
    items: Semaphore,
    // A permit for each free place.
    room: Option<Semaphore>,
}

struct State<T> {
    heap: BinaryHeap<Item<T>>,
    pushed: u64,
    closed: bool,
}

impl<T: Ord> PriorityQueue<T> {
    /// A queue for at most `capacity` items.
    ///
    /// # Panics
    ///
    /// With a capacity of 0, which could never hold one; or one above [`Semaphore::MAX_PERMITS`].
    #[track_caller]
    pub fn bounded(capacity: usize) -> PriorityQueue<T> {
        assert!(capacity > 0, "a priority queue with a capacity of 0 can never hold an item; give it at least 1");
        PriorityQueue { room: Some(Semaphore::new(capacity)), ..PriorityQueue::unbounded() }
    }

    /// A queue for any number of items.
    pub fn unbounded() -> PriorityQueue<T> {
        let state = State { heap: BinaryHeap::new(), pushed: 0, closed: false };
        PriorityQueue { state: Mutex::new(state), items: Semaphore::new(0), room: None }
    }

    /// Puts an item in, and waits for room if there is none.
    ///
    /// Cancel-safe: dropped before it is ready, the item is not in the queue.
    ///
    /// # Errors
    ///
    /// The queue is closed; here is the item again.
    pub async fn push(&self, item: T) -> Result<(), SendError<T>> {
        if let Some(room) = &self.room {
            match room.acquire().await {
                Ok(place) => place.use_up(),
                Err(_) => return Err(SendError(item)),
            }
        }
        self.put(item).map_err(SendError)
    }

    /// Puts an item in, if there is room.
    ///
    /// # Errors
    ///
    /// There is none, or the queue is closed; here is the item again.
    pub fn try_push(&self, item: T) -> Result<(), TrySendError<T>> {
        if let Some(room) = &self.room {
            match room.try_acquire() {
                Some(place) => place.use_up(),
                None if self.is_closed() => return Err(TrySendError::Closed(item)),
                None => return Err(TrySendError::Full(item)),
            }
        }
        self.put(item).map_err(TrySendError::Closed)
    }

    /// Takes the greatest item, and waits if there is none; whoever waited longest goes first.
    ///
    /// Cancel-safe: nothing is taken before it is ready.
    ///
    /// # Errors
    ///
    /// The queue is empty and closed.
    pub async fn pop(&self) -> Result<T, RecvError> {
        // Closed, it gives no more permits; what is left is anybody's.
        if let Ok(item) = self.items.acquire().await {
            item.use_up();
        }
        self.take().ok_or(RecvError)
    }

    /// The greatest item, if there is one that nobody else was promised.
    ///
    /// # Errors
    ///
    /// There is none at the moment, or there will be none.
    pub fn try_pop(&self) -> Result<T, TryRecvError> {
        match self.items.try_acquire() {
            Some(item) => item.use_up(),
            None if self.is_closed() => return self.take().ok_or(TryRecvError::Closed),
            None => return Err(TryRecvError::Empty),
        }
        self.take().ok_or(TryRecvError::Closed)
    }

    /// As [`push`](PriorityQueue::push), for a thread that may block.
    ///
    /// # Errors
    ///
    /// The queue is closed; here is the item again.
    #[track_caller]
    pub fn push_blocking(&self, item: T) -> Result<(), SendError<T>> {
        blocking::wait("push_blocking", self.push(item))
    }

    /// As [`pop`](PriorityQueue::pop), for a thread that may block.
    ///
    /// # Errors
    ///
    /// The queue is empty and closed.
    #[track_caller]
    pub fn pop_blocking(&self) -> Result<T, RecvError> {
        blocking::wait("pop_blocking", self.pop())
    }

    /// As [`close`](PriorityQueue::close), and takes what is in the queue: the greatest first, and of equal ones the oldest. What
    /// waited to be pushed comes back to those who push.
    pub fn close_and_drain(&self) -> Vec<T> {
        self.close();
        let left = std::mem::take(&mut crate::lock(&self.state).heap);
        left.into_sorted_vec().into_iter().rev().map(|item| item.item).collect()
    }

    fn put(&self, item: T) -> Result<(), T> {
        let mut state = crate::lock(&self.state);
        if state.closed {
            return Err(item);
        }
        let number = state.pushed;
        state.pushed += 1;
        state.heap.push(Item { item, number });
        drop(state);
        self.items.add_uncounted(1);
        Ok(())
    }

    fn take(&self) -> Option<T> {
        let item = crate::lock(&self.state).heap.pop()?;
        let Some(room) = &self.room else { return Some(item.item) };
        let mut unclaimed = Unclaimed { queue: self, item: Some(item) };
        room.add_uncounted(1);
        unclaimed.item.take().map(|item| item.item)
    }
}

/// An item that goes back to its place if its taker panics, as a waker may. Then there may be one more than the capacity.
struct Unclaimed<'q, T: Ord> {
    queue: &'q PriorityQueue<T>,
    item: Option<Item<T>>,
}

impl<T: Ord> Drop for Unclaimed<'_, T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            crate::lock(&self.queue.state).heap.push(item);
            self.queue.items.add_uncounted(1);
        }
    }
}

impl<T> PriorityQueue<T> {
    /// Nothing more can be pushed; what is in the queue can still be popped. Ends all waits.
    pub fn close(&self) {
        // First, so that nothing comes in after it.
        crate::lock(&self.state).closed = true;
        self.items.close();
        if let Some(room) = &self.room {
            room.close();
        }
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        crate::lock(&self.state).closed
    }

    /// Items in it.
    pub fn len(&self) -> usize {
        crate::lock(&self.state).heap.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> fmt::Debug for PriorityQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityQueue").field("len", &self.len()).field("closed", &self.is_closed()).finish()
    }
}

struct Item<T> {
    item: T,
    number: u64,
}

impl<T: Ord> Ord for Item<T> {
    fn cmp(&self, other: &Item<T>) -> Ordering {
        // The older one of two equals is the greater.
        self.item.cmp(&other.item).then_with(|| other.number.cmp(&self.number))
    }
}

impl<T: Ord> PartialOrd for Item<T> {
    fn partial_cmp(&self, other: &Item<T>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: Ord> PartialEq for Item<T> {
    fn eq(&self, other: &Item<T>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T: Ord> Eq for Item<T> {}
