//! `Notify`: wakes one waiter or all, and remembers one wake-up that found nobody.
//!
//! Rules, all under the one lock:
//! 1. `notify_one` gives a notification to the one that waited longest; if nobody waits, it is kept, at most one of them.
//! 2. `notify_all` gives one to everybody who waits, and keeps none.
//! 3. A notification of rule 1 that was given to a future which is dropped before it was ready goes on by rule 1. One of
//!    rule 2 does not: everybody has had it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::blocking;
use crate::short_lock::{ShortGuard, ShortLock};
use crate::sync::const_unless_loom;
use crate::wait_list::{Key, WaitList, WakeList, wake};

/// Wakes waiting tasks, one or all.
///
/// ```
/// use whit_sync::Notify;
///
/// let notify = Notify::new();
/// // Nobody waits: kept for the next one who does.
/// notify.notify_one();
/// futures_lite::future::block_on(notify.notified());
/// ```
#[derive(Debug)]
pub struct Notify {
    state: ShortLock<State>,
}

#[derive(Debug)]
struct State {
    kept: bool,
    // Each entry says who woke it.
    waiting: WaitList<Given>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given {
    Nothing,
    One,
    All,
}

impl Notify {
    const_unless_loom! {
        /// Nobody waits, and nothing is kept.
        pub const fn new() -> Notify {
            Notify { state: ShortLock::new(State { kept: false, waiting: WaitList::new() }) }
        }
    }

    /// Wakes the one that waited longest, or the next one who comes to wait.
    pub fn notify_one(&self) {
        Self::give_one(self.state.lock(), true);
    }

    /// Wakes everybody who waits now, in the order of their coming: each [`notified`](Notify::notified) that has been polled
    /// or [enabled](Notified::enable).
    pub fn notify_all(&self) {
        let mut wakers = WakeList::default();
        let mut state = self.state.lock();
        state.waiting.pop_all(&mut wakers, |given| *given = Given::All);
        drop(state);
        wakers.wake();
    }

    /// Waits for a notification.
    ///
    /// Cancel-safe: a notification that came for a dropped future goes to the next. A future that got one and is kept without
    /// being polled keeps it. It loses its place in the queue when it is dropped.
    pub fn notified(&self) -> Notified<'_> {
        Notified { notify: self, key: None, keep: true }
    }

    /// As [`notified`](Notify::notified), for a thread that may block.
    #[track_caller]
    pub fn notified_blocking(&self) {
        blocking::wait("notified_blocking", self.notified());
    }

    /// For a condition variable, which keeps nothing.
    pub(crate) fn waiter(&self) -> Notified<'_> {
        Notified { notify: self, key: None, keep: false }
    }

    /// Wakes one if there is one; for a condition variable, nothing is kept.
    pub(crate) fn notify_waiter(&self) {
        Self::give_one(self.state.lock(), false);
    }

    /// Rule 1; unlocks.
    fn give_one(mut state: ShortGuard<'_, State>, keep: bool) {
        let mut woken = None;
        match state.waiting.pop_front() {
            Some((key, waker)) => {
                *state.waiting.get_mut(key) = Given::One;
                woken = waker;
            }
            None => state.kept |= keep,
        }
        drop(state);
        wake(woken);
    }
}

impl Default for Notify {
    fn default() -> Notify {
        Notify::new()
    }
}

/// Made by [`Notify::notified`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Notified<'n> {
    notify: &'n Notify,
    key: Option<Key>,
    // Whether a notification that it hands on may be kept.
    keep: bool,
}

impl Notified<'_> {
    /// Takes a place in the queue before the first poll: what is notified from now on counts. Whether it has been notified.
    ///
    /// Check your condition after this and before the await, and nothing falls in between.
    ///
    /// After a poll, or called again, it only looks: who is to be woken is as before.
    pub fn enable(&mut self) -> bool {
        match self.key {
            Some(key) => !self.notify.state.lock().waiting.is_queued(key),
            None => self.look(&mut Context::from_waker(Waker::noop()), false).is_ready(),
        }
    }

    /// As a poll, but the notification stays in its entry until [`done`](Notified::done): dropped before, it goes on by rule 3.
    pub(crate) fn poll_enabled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.look(cx, false)
    }

    /// The notification has been used.
    pub(crate) fn done(mut self) {
        let _ = self.look(&mut Context::from_waker(Waker::noop()), true);
    }

    fn look(&mut self, cx: &mut Context<'_>, take: bool) -> Poll<()> {
        let mut state = self.notify.state.lock();
        let Some(key) = self.key else {
            if std::mem::take(&mut state.kept) {
                if !take {
                    // Kept for the poll, in an entry of our own, which will wake nobody.
                    let key = state.waiting.push_front(Given::One, Waker::noop().clone());
                    state.waiting.pop_front();
                    self.key = Some(key);
                }
                return Poll::Ready(());
            }
            self.key = Some(state.waiting.push_back(Given::Nothing, cx.waker().clone()));
            return Poll::Pending;
        };
        let (queued, mut old) = (state.waiting.is_queued(key), None);
        if queued {
            old = state.waiting.set_waker(key, cx.waker());
        } else if take {
            old = state.waiting.remove(key).1;
            self.key = None;
        }
        drop(state);
        drop(old);
        if queued { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.look(cx, true)
    }
}

impl Drop for Notified<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.leave(key);
        }
    }
}

impl Notified<'_> {
    /// Rule 3.
    #[cold]
    fn leave(&self, key: Key) {
        let mut state = self.notify.state.lock();
        let (given, waker) = state.waiting.remove(key);
        match given {
            Given::One => Notify::give_one(state, self.keep),
            Given::Nothing | Given::All => drop(state),
        }
        drop(waker);
    }
}
