//! `watch`: the latest value, for everybody who wants to know.
//!
//! The value is under a read-write lock, and has a version, which is changed while that lock is held for writing: so what a
//! reader sees and its version belong together. Who waits for a change looks at the version again after taking the lock of
//! the waiters; a sender takes that lock after the change. One of the two sees the other.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::task::{Context, Poll, ready};

pub use crate::channel::SendError;

use crate::budget;
use crate::short_lock::ShortLock;
use crate::wait_list::{Key, WaitList, WakeList};

/// A channel that holds one value, the latest.
///
/// ```
/// futures_lite::future::block_on(async {
///     let (sender, mut receiver) = whit_sync::watch::channel("starting");
///     assert_eq!(*receiver.borrow(), "starting");
///     sender.send("ready").unwrap();
///     receiver.changed().await.unwrap();
///     assert_eq!(*receiver.borrow_and_update(), "ready");
/// });
/// ```
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        value: RwLock::new(value),
        version: AtomicU64::new(0),
        senders: AtomicUsize::new(1),
        receivers: AtomicUsize::new(1),
        changes: ShortLock::new(WaitList::new()),
        ends: ShortLock::new(WaitList::new()),
    });
    (Sender { shared: shared.clone() }, Receiver { shared, seen: 0 })
}

struct Shared<T> {
    value: RwLock<T>,
    version: AtomicU64,
    senders: AtomicUsize,
    receivers: AtomicUsize,
    // Receivers that wait for a change.
    changes: ShortLock<WaitList<()>>,
    // Senders that wait for the last receiver to go.
    ends: ShortLock<WaitList<()>>,
}

impl<T> Shared<T> {
    fn read(&self) -> Ref<'_, T> {
        Ref(self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

fn wake_all(waiting: &ShortLock<WaitList<()>>) {
    let mut wakers = WakeList::default();
    let mut waiting = waiting.lock();
    waiting.pop_all(&mut wakers, |()| {});
    drop(waiting);
    wakers.wake();
}

/// Changes the value. Clones change the same one.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// Replaces the value and tells all receivers.
    ///
    /// # Errors
    ///
    /// There is no receiver; here is the value again, and the old one stays. To change it all the same, use
    /// [`send_replace`](Sender::send_replace).
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Replaces the value, whether there are receivers or not; gives the old one.
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|kept| std::mem::swap(kept, &mut value));
        value
    }

    /// Changes the value in place and tells all receivers.
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.send_if_modified(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place, and tells all receivers if the closure says that it did. What it said.
    ///
    /// The closure runs under the lock of the value: it must not use this channel. If it panics, nobody is told.
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        let mut value = self.shared.value.write().unwrap_or_else(PoisonError::into_inner);
        let modified = modify(&mut value);
        if modified {
            self.shared.version.fetch_add(1, Ordering::Release);
        }
        drop(value);
        if modified {
            wake_all(&self.shared.changes);
        }
        modified
    }

    /// The value. It cannot change while this is held, and nobody can send: keep it short.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read()
    }

    /// A receiver that has seen the value of now.
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { shared: self.shared.clone(), seen: self.shared.version() }
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.load(Ordering::Acquire)
    }

    /// Whether there is no receiver at the moment.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver. Cancel-safe.
    pub async fn closed(&self) {
        let shared = &*self.shared;
        let gone = || shared.receivers.load(Ordering::Acquire) == 0;
        Until { waiting: &shared.ends, done: gone, key: None }.await;
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Sender { shared: self.shared.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            wake_all(&self.shared.changes);
        }
    }
}

/// Reads the value, and waits for changes. A clone has seen what this one has.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Receiver<T> {
    /// The value, which does not count as seen. It cannot change while this is held: keep it short.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read()
    }

    /// The value, which counts as seen.
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let value = self.shared.read();
        self.seen = self.shared.version();
        value
    }

    /// Whether there is a value that was not seen.
    ///
    /// # Errors
    ///
    /// The senders have gone, and everything was seen.
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        // In this order: a last value that is sent before the end is seen, once the end is.
        let closed = self.is_closed();
        match self.shared.version() != self.seen {
            false if closed => Err(RecvError(())),
            changed => Ok(changed),
        }
    }

    /// Waits for a value that was not seen, which counts as seen then. Changes in quick succession are told once.
    ///
    /// Cancel-safe: a change that was not told yet is told the next time.
    ///
    /// # Errors
    ///
    /// The senders have gone, and everything was seen.
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        changed(&self.shared, &mut self.seen).await
    }

    /// Waits until the value is as asked for; the one of now, too.
    ///
    /// # Errors
    ///
    /// The senders have gone, and it is not.
    pub async fn wait_for(&mut self, mut condition: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        let Receiver { shared, seen } = self;
        let mut look = |seen: &mut u64| {
            let value = shared.read();
            *seen = shared.version();
            condition(&value).then_some(value)
        };
        loop {
            if let Some(value) = look(seen) {
                return Ok(value);
            }
            changed(shared, seen).await?;
        }
    }

    /// Whether the senders have gone.
    pub fn is_closed(&self) -> bool {
        self.shared.senders.load(Ordering::Acquire) == 0
    }
}

async fn changed<T>(shared: &Shared<T>, seen: &mut u64) -> Result<(), RecvError> {
    let before = *seen;
    let done = || shared.version() != before || shared.senders.load(Ordering::Acquire) == 0;
    Until { waiting: &shared.changes, done, key: None }.await;
    *seen = shared.version();
    if *seen == before { Err(RecvError(())) } else { Ok(()) }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { shared: self.shared.clone(), seen: self.seen }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.shared.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            wake_all(&self.shared.ends);
        }
    }
}

/// The value, borrowed; not for keeping across an await, which would not compile in a task.
pub struct Ref<'w, T>(RwLockReadGuard<'w, T>);

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// There will be no more changes: all senders have gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError(());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("waiting for a change failed: the watch channel has no sender left, and its last value was seen")
    }
}

impl Error for RecvError {}

/// Waits until `done`, woken by a [`wake_all`] that comes after what makes it so.
struct Until<'w, F> {
    waiting: &'w ShortLock<WaitList<()>>,
    done: F,
    key: Option<Key>,
}

impl<F: Fn() -> bool + Unpin> Future for Until<'_, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(budget::poll_proceed(cx));
        if (self.done)() {
            return Poll::Ready(());
        }
        let mut waiting = self.waiting.lock();
        let old = match self.key {
            Some(key) if waiting.is_queued(key) => waiting.set_waker(key, cx.waker()),
            stale => {
                let old = stale.and_then(|key| waiting.remove(key).1);
                self.key = Some(waiting.push_back((), cx.waker().clone()));
                old
            }
        };
        let done = (self.done)();
        drop(waiting);
        drop(old);
        if done {
            return Poll::Ready(());
        }
        budget::refund();
        Poll::Pending
    }
}

impl<F> Drop for Until<'_, F> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let entry = self.waiting.lock().remove(key);
            drop(entry);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("version", &self.shared.version()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unseen = self.shared.version() != self.seen;
        f.debug_struct("Receiver").field("unseen", &unseen).finish_non_exhaustive()
    }
}
