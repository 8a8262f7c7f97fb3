//! `Event`: a flag to wait for.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::task::{Context, Poll};

use crate::blocking;
use crate::short_lock::ShortLock;
use crate::sync::const_unless_loom;
use crate::wait_list::{Key, WaitList, WakeList};

/// A flag that any number of tasks wait for: asyncio's `Event`.
///
/// ```
/// use whit_sync::Event;
///
/// let event = Event::new();
/// event.set();
/// futures_lite::future::block_on(event.wait());
/// ```
#[derive(Debug)]
pub struct Event {
    // Written under the lock; read without it where a stale answer does no harm.
    set: AtomicBool,
    waiting: ShortLock<WaitList<()>>,
}

impl Event {
    const_unless_loom! {
        /// A flag that is not set.
        pub const fn new() -> Event {
            Event { set: AtomicBool::new(false), waiting: ShortLock::new(WaitList::new()) }
        }
    }

    /// Sets the flag and wakes everybody who waits, in the order of their coming.
    pub fn set(&self) {
        // Pairs with the one in `clear`: what was written before this is seen by whoever clears the flag and then looks at it,
        // or else the flag is seen as cleared here.
        fence(Ordering::SeqCst);
        if self.is_set() {
            // Whoever set it has woken everybody, or is about to.
            return;
        }
        let mut wakers = WakeList::default();
        let mut waiting = self.waiting.lock();
        self.set.store(true, Ordering::Release);
        waiting.pop_all(&mut wakers, |()| {});
        drop(waiting);
        wakers.wake();
    }

    /// Takes the flag back. Who waited while it was set is let through all the same.
    pub fn clear(&self) {
        let _waiting = self.waiting.lock();
        self.set.store(false, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Waits until the flag is set. Cancel-safe.
    pub fn wait(&self) -> EventWait<'_> {
        EventWait { event: self, key: None }
    }

    /// As [`wait`](Event::wait), for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) {
        blocking::wait("wait_blocking", self.wait());
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

/// Made by [`Event::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct EventWait<'e> {
    event: &'e Event,
    key: Option<Key>,
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.key.is_none() && self.event.is_set() {
            return Poll::Ready(());
        }
        let mut waiting = self.event.waiting.lock();
        let old = match self.key {
            None if self.event.is_set() => return Poll::Ready(()),
            None => {
                self.key = Some(waiting.push_back((), cx.waker().clone()));
                return Poll::Pending;
            }
            Some(key) if waiting.is_queued(key) => waiting.set_waker(key, cx.waker()),
            Some(key) => {
                self.key = None;
                waiting.remove(key).1
            }
        };
        drop(waiting);
        drop(old);
        if self.key.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = self.event.waiting.lock().remove(key);
            drop(entry);
        }
    }
}
