//! `RawSemaphore`: permits in one word, and those who wait for them in a list: what `Semaphore`, `Mutex` and `RwLock` are made of.
//!
//! The word: bit 0 `WAITERS`, bit 1 `CLOSED`, the free permits above them. The list has its own short lock
//! (`short_lock.rs`).
//!
//! Rules:
//! 1. While nobody waits, permits are taken by one compare-and-exchange on the word, and given back by one addition to it, both
//!    without the lock.
//! 2. `WAITERS` is set exactly while somebody is queued. It is set and cleared under the lock. While it is set, permits are
//!    taken by whoever holds the lock, and by nobody else; so nobody overtakes.
//! 3. To wait: lock, look at the word again, set `WAITERS` in the same step that finds too few permits, queue, unlock. What is
//!    given back was added before that step, and was seen by it; or the addition finds `WAITERS`, and whoever made it comes for
//!    the lock.
//! 4. Whoever comes for the lock hands permits to the queue: those that it brings, and those of the word. They go to the first,
//!    as long as there are enough for all that it asked for; a large request at the head holds up those behind it. What is left
//!    goes into the word, in the step that clears `WAITERS` if the queue is empty now. Who sees `WAITERS` before it has added
//!    anything brings its permits along under the lock; so where there is a queue, a permit goes from hand to hand, and the word
//!    is only read.
//! 5. A waiter that was served leaves the queue and keeps an entry that says so, until its future collects it or is dropped.
//!    Dropped, it gives its permits back by rule 1 or 4. Dropped while queued, it leaves, and the next may fit: rule 4.
//! 6. `CLOSED` is never cleared. Setting it empties the queue; those who were served before keep what they have.
//! 7. A request *at the front* (an upgrade of a lock that is already held in part) passes the queue, under the lock.
//! 8. Who finds too few permits and nobody waiting tries rule 1 for a moment longer, before rule 3. Most permits are held for
//!    less time than one turn in the queue takes; and a queue that exists is kept alive by those who come back before it has
//!    been served, so that each permit costs a change of tasks from then on. Where permits are held for long the moment is in
//!    vain; each semaphore keeps account of that, and tries it rarely then.
//!
//! Wakers are called, and dropped, outside of the lock.

use std::task::{Context, Poll, Waker, ready};

use crate::budget;
use crate::short_lock::{ShortGuard, ShortLock};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::const_unless_loom;
use crate::wait_list::{Key, WaitList, WakeList};

const WAITERS: usize = 1;
const CLOSED: usize = 2;
const ONE: usize = 4;

/// Rule 8: looks in a moment, and pauses of the processor before each; less than a microsecond in all.
#[cfg(not(loom))]
const LOOKS: u32 = 8;
#[cfg(not(loom))]
const PAUSES: u32 = 4;
/// After so many moments in vain, one in so many calls tries again.
#[cfg(not(loom))]
const VAIN_MOST: u8 = 16;

/// The most permits that a semaphore can count: then the word has a bit to spare.
pub(crate) const PERMITS_MOST: usize = usize::MAX >> 3;

#[derive(Debug)]
pub(crate) struct RawSemaphore {
    word: AtomicUsize,
    waiters: ShortLock<WaitList<Waiter>>,
    // Moments of rule 8 in a row that were in vain.
    #[cfg(not(loom))]
    vain: std::sync::atomic::AtomicU8,
}

#[derive(Debug)]
struct Waiter {
    count: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Queued,
    Served,
    Closed,
}

/// Why there is no permit at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Busy,
    Closed,
}

/// The semaphore has been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsClosed;

impl RawSemaphore {
    const_unless_loom! {
        pub(crate) const fn new(permits: usize) -> RawSemaphore {
            assert!(permits <= PERMITS_MOST, "a semaphore was to have more permits than it can count; give it `Semaphore::MAX_PERMITS` at most");
            RawSemaphore {
                word: AtomicUsize::new(permits * ONE),
                waiters: ShortLock::new(WaitList::new()),
                #[cfg(not(loom))]
                vain: std::sync::atomic::AtomicU8::new(0),
            }
        }
    }

    pub(crate) fn available(&self) -> usize {
        self.word.load(Ordering::Acquire) / ONE
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// How many are queued.
    pub(crate) fn waiting(&self) -> usize {
        self.waiters.lock().len()
    }

    /// Rule 1.
    #[inline]
    pub(crate) fn try_acquire(&self, count: usize) -> Result<(), Refused> {
        self.update(|word| match word {
            _ if word & CLOSED != 0 => Err(Refused::Closed),
            _ if word & WAITERS != 0 || word / ONE < count => Err(Refused::Busy),
            _ => Ok(word - count * ONE),
        })
    }

    /// Rule 8.
    #[cfg(not(loom))]
    fn try_for_a_moment(&self, count: usize) -> bool {
        let vain = self.vain.load(Ordering::Relaxed);
        let skips = vain >= VAIN_MOST && !vain.is_multiple_of(VAIN_MOST);
        for _ in 0..if skips { 0 } else { LOOKS } {
            if self.word.load(Ordering::Relaxed) & (WAITERS | CLOSED) != 0 {
                return false;
            }
            (0..PAUSES).for_each(|_| std::hint::spin_loop());
            if self.word.load(Ordering::Relaxed) / ONE >= count && self.try_acquire(count).is_ok() {
                self.vain.store(0, Ordering::Relaxed);
                return true;
            }
        }
        // Never back to zero but by success.
        self.vain.store(vain.checked_add(1).unwrap_or(VAIN_MOST), Ordering::Relaxed);
        false
    }

    #[cfg(loom)]
    fn try_for_a_moment(&self, _: usize) -> bool {
        false
    }

    /// Rule 7, without waiting.
    pub(crate) fn try_acquire_at_front(&self, count: usize) -> bool {
        let _waiters = self.waiters.lock();
        self.update(|word| (word / ONE >= count).then(|| word - count * ONE).ok_or(())).is_ok()
    }

    /// Gives permits back that were acquired, or adds some. The caller makes sure that those that are free or held are no more
    /// than [`PERMITS_MOST`] in all.
    #[inline]
    pub(crate) fn give_back(&self, count: usize) {
        // A look is enough: the lock shows whether it is so still.
        if self.word.load(Ordering::Relaxed) & WAITERS != 0 {
            self.come_for_the_lock(count);
        } else if self.word.fetch_add(count * ONE, Ordering::AcqRel) & WAITERS != 0 {
            self.come_for_the_lock(0);
        }
    }

    /// Rule 6.
    pub(crate) fn close(&self) {
        let mut wakers = WakeList::default();
        let mut waiters = self.waiters.lock();
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
        waiters.pop_all(&mut wakers, |waiter| waiter.state = State::Closed);
        self.serve(waiters, 0, wakers);
    }

    #[cold]
    #[inline(never)]
    fn come_for_the_lock(&self, brought: usize) {
        self.serve(self.waiters.lock(), brought, WakeList::default());
    }

    /// Rule 4, with `brought` permits. Unlocks, then wakes.
    fn serve(&self, mut waiters: ShortGuard<'_, WaitList<Waiter>>, brought: usize, mut wakers: WakeList) {
        // The mark stays as it is while we have the lock. Permits may be added meanwhile; taken only if the queue is empty, and
        // then all of these go back untouched.
        let word = self.word.load(Ordering::Acquire);
        let found = word / ONE;
        let mut left = found + brought;
        while let Some(first) = waiters.front() {
            let waiter = waiters.get_mut(first);
            if waiter.count > left {
                break;
            }
            left -= waiter.count;
            waiter.state = State::Served;
            wakers.push(waiters.pop_front().and_then(|(_, waker)| waker));
        }
        let mark = if waiters.is_empty() { word & WAITERS } else { 0 };
        // Added by what it differs: others may add meanwhile.
        let change = (left * ONE).wrapping_sub(found * ONE).wrapping_sub(mark);
        if change != 0 {
            self.word.fetch_add(change, Ordering::AcqRel);
        }
        drop(waiters);
        wakers.wake();
    }

    #[inline]
    fn update<E>(&self, mut next: impl FnMut(usize) -> Result<usize, E>) -> Result<(), E> {
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            match self.word.compare_exchange_weak(word, next(word)?, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }
}

enum Next {
    Take,
    Wait,
    Fail,
}

/// What a future asks of a semaphore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) count: usize,
    /// Rule 7.
    pub(crate) front: bool,
}

impl Wanted {
    #[inline]
    pub(crate) fn new(count: usize) -> Wanted {
        Wanted { count, front: false }
    }

    #[inline]
    pub(crate) fn at_front(count: usize) -> Wanted {
        Wanted { count, front: true }
    }
}

/// Where a future stands in the queue. It must be [given up](Place::give_up) when the future is dropped.
#[derive(Debug, Default)]
pub(crate) struct Place {
    key: Option<Key>,
}

impl Place {
    /// Ready once the permits are the caller's, who then gives them back.
    #[inline]
    pub(crate) fn poll(
        &mut self,
        semaphore: &RawSemaphore,
        wanted: Wanted,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), IsClosed>> {
        ready!(budget::poll_proceed(cx));
        if self.key.is_none() && !wanted.front && semaphore.try_acquire(wanted.count).is_ok() {
            return Poll::Ready(Ok(()));
        }
        let polled = self.look(semaphore, wanted, cx.waker());
        if polled.is_pending() {
            budget::refund();
        }
        polled
    }

    /// The future goes.
    #[inline]
    pub(crate) fn give_up(&mut self, semaphore: &RawSemaphore) {
        if let Some(key) = self.key.take() {
            Self::leave(semaphore, key);
        }
    }

    /// Rule 5.
    #[cold]
    fn leave(semaphore: &RawSemaphore, key: Key) {
        let mut waiters = semaphore.waiters.lock();
        let (waiter, waker) = waiters.remove(key);
        match waiter.state {
            State::Served => {
                drop(waiters);
                semaphore.give_back(waiter.count);
            }
            State::Queued => semaphore.serve(waiters, 0, WakeList::default()),
            State::Closed => drop(waiters),
        }
        drop(waker);
    }

    #[cold]
    fn look(&mut self, semaphore: &RawSemaphore, wanted: Wanted, waker: &Waker) -> Poll<Result<(), IsClosed>> {
        if let Some(key) = self.key {
            return self.look_again(semaphore, key, waker);
        }
        let Wanted { count, front } = wanted;
        if !front && semaphore.try_for_a_moment(count) {
            return Poll::Ready(Ok(()));
        }
        // Before the word is marked: a waker that panics in `clone` must not leave a mark without a waiter.
        let waker = waker.clone();
        let mut waiters = semaphore.waiters.lock();
        // Rule 3: the look and the mark are one step. `update` leaves in `next` what its last step did.
        let mut next = Next::Wait;
        let _ = semaphore.update(|word| {
            let may_take = front || word & WAITERS == 0;
            if word & CLOSED != 0 {
                next = Next::Fail;
                Err(())
            } else if may_take && word / ONE >= count {
                next = Next::Take;
                Ok(word - count * ONE)
            } else {
                next = Next::Wait;
                // Marked already, it stays so under the lock.
                if word & WAITERS != 0 { Err(()) } else { Ok(word | WAITERS) }
            }
        });
        match next {
            Next::Take => Poll::Ready(Ok(())),
            Next::Fail => Poll::Ready(Err(IsClosed)),
            Next::Wait => {
                let waiter = Waiter { count, state: State::Queued };
                let key = if front { waiters.push_front(waiter, waker) } else { waiters.push_back(waiter, waker) };
                self.key = Some(key);
                Poll::Pending
            }
        }
    }

    fn look_again(&mut self, semaphore: &RawSemaphore, key: Key, waker: &Waker) -> Poll<Result<(), IsClosed>> {
        let mut waiters = semaphore.waiters.lock();
        let state = waiters.get(key).state;
        let old = match state {
            State::Queued => waiters.set_waker(key, waker),
            State::Served | State::Closed => {
                self.key = None;
                waiters.remove(key).1
            }
        };
        drop(waiters);
        drop(old);
        match state {
            State::Queued => Poll::Pending,
            State::Served => Poll::Ready(Ok(())),
            State::Closed => Poll::Ready(Err(IsClosed)),
        }
    }
}
