//! `Source`: the readiness of one descriptor, shared by the reactor that sets it and the I/O type that uses it.
//!
//! Each direction has a *word* and a list of waiters under a short lock.
//!
//! The word: bit 0 `READY` (the last thing the reactor said and nobody disproved), bit 1 `CLOSED` (the reactor is gone;
//! never cleared), bit 2 `MAY_END` (the end of the stream may be there without a further event), and above them the *tick*,
//! which counts what the reactor said.
//!
//! Rules:
//! 1. The reactor sets: it adds `READY` and one tick in one atomic step, **then** locks the list, takes every waiter, unlocks
//!    and wakes them.
//! 2. An I/O type that found the descriptor not ready (`WouldBlock`) clears: it takes `READY` away only if the word still is
//!    the one it saw before the system call. A newer tick means that an edge came in between, and the bit stays.
//! 3. A waiter locks the list, puts its waker in, and looks at the word **once more before it unlocks**. Either it locked
//!    before the reactor did, and is woken by rule 1, or it locked after, and sees the word that rule 1 wrote before its lock.
//! 4. `CLOSED` is set as rule 1 sets `READY`; a waiter that sees it gets an error instead of waiting for ever.
//!
//! 5. A read that came back short has emptied the descriptor, but the end may be behind what it read, announced by the very
//!    event that made it ready. So `drained` clears only without `MAY_END`, which a reactor takes away if its events tell
//!    ends, and sets again with the event that tells one.
//!
//! The tick wraps after 2^61 events (2^29 on 32-bit systems): the wrap could hide an edge only from an I/O call that lasted
//! for that many.

use std::fmt;
use std::io;
use std::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::{Interest, wake_all};

const READY: usize = 1;
const CLOSED: usize = 2;
const MAY_END: usize = 4;
const ONE_TICK: usize = 8;

/// A direction of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// Towards us.
    Read,
    /// Away from us.
    Write,
}

/// What readiness looked like when it was seen; hand it to [`Source::clear`] if the operation then would block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tick(usize);

/// Names a waker in a source's list, so that a dropped future can take it out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterKey {
    // Each event empties the list; a key from before it names nothing.
    epoch: u64,
    at: usize,
}

/// The readiness of one descriptor in both directions, and who waits for it.
///
/// Any number of tasks may wait for each direction; an event wakes all of them.
pub struct Source {
    read: Direction,
    write: Direction,
}

#[derive(Default)]
struct Direction {
    word: AtomicUsize,
    waiters: Mutex<Waiters>,
}

#[derive(Default)]
struct Waiters {
    epoch: u64,
    // By key: one entry per waiting future; `None` where one was dropped.
    keyed: Vec<Option<Waker>>,
    free: Vec<usize>,
    // Without a key: one entry per task that polls.
    polled: Vec<Waker>,
}

impl Source {
    /// A source of which nothing is known yet: `writable` says whether to try a write before the reactor has said so.
    ///
    /// A fresh stream socket can be written; one that is connecting cannot.
    pub fn new(writable: bool) -> Source {
        let source = Source { read: Direction::default(), write: Direction::default() };
        source.read.word.store(MAY_END, Ordering::Relaxed);
        if writable {
            source.write.set(READY);
        }
        source
    }

    /// Readiness as last heard, without waiting.
    pub fn ready(&self, dir: Dir) -> Option<Tick> {
        let word = self.dir(dir).word.load(Ordering::Acquire);
        (word & READY != 0).then_some(Tick(word))
    }

    /// Waits until the direction is ready, for a task that polls: its waker is kept once, however often it asks.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the reactor has been shut down.
    pub fn poll_ready(&self, dir: Dir, cx: &mut Context<'_>) -> Poll<io::Result<Tick>> {
        self.dir(dir).wait(|waiters| {
            if !waiters.polled.iter().any(|w| w.will_wake(cx.waker())) {
                waiters.polled.push(cx.waker().clone());
            }
        })
    }

    /// Waits until the direction is ready, for a future that takes its waker out with [`forget`](Source::forget) when dropped.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the reactor has been shut down.
    pub fn poll_ready_keyed(
        &self,
        dir: Dir,
        key: &mut Option<WaiterKey>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Tick>> {
        self.dir(dir).wait(|waiters| waiters.put(key, cx.waker()))
    }

    /// Takes a waker out again. A key from before the last event is ignored.
    pub fn forget(&self, dir: Dir, key: WaiterKey) {
        let mut waiters = lock(&self.dir(dir).waiters);
        let gone = (key.epoch == waiters.epoch).then(|| {
            waiters.free.push(key.at);
            waiters.keyed[key.at].take()
        });
        drop(waiters);
        drop(gone);
    }

    /// Whether an event came since the waiter was registered under `key`: its waker is no longer in the list.
    pub fn has_woken(&self, dir: Dir, key: WaiterKey) -> bool {
        lock(&self.dir(dir).waiters).epoch != key.epoch
    }

    /// The operation would block: the direction is not ready, unless something newer than `seen` was heard.
    pub fn clear(&self, dir: Dir, seen: Tick) {
        // Fails if a newer tick is there, and should.
        let _ = self.dir(dir).word.compare_exchange(seen.0, seen.0 & !READY, Ordering::AcqRel, Ordering::Acquire);
    }

    /// A read that was begun with the readiness `seen` came back short: there is nothing more for now. Rule 5.
    pub fn drained(&self, seen: Tick) {
        if seen.0 & MAY_END == 0 {
            self.clear(Dir::Read, seen);
        }
    }

    /// For reactors, when they register the source: the end of what can be read will be told by [`set_ended`](Source::set_ended).
    pub fn tells_end(&self) {
        self.read.word.fetch_and(!MAY_END, Ordering::AcqRel);
    }

    /// For reactors: there is an end to what can be read. Makes the direction ready as well.
    pub fn set_ended(&self) {
        self.read.set(MAY_END | READY);
        self.read.wake();
    }

    /// For reactors: the direction is ready. Wakes everybody who waits for it, on this thread.
    pub fn set_ready(&self, dir: Dir) {
        self.dir(dir).set(READY);
        self.dir(dir).wake();
    }

    /// For reactors: there will be no more events. Waiters, present and future, get an error.
    pub fn close(&self) {
        for direction in [&self.read, &self.write] {
            direction.set(CLOSED);
            direction.wake();
        }
    }

    /// Which directions have waiters at the moment: what a one-shot reactor must arm itself for.
    pub fn interest(&self) -> Interest {
        Interest { readable: self.read.is_awaited(), writable: self.write.is_awaited() }
    }

    fn dir(&self, dir: Dir) -> &Direction {
        match dir {
            Dir::Read => &self.read,
            Dir::Write => &self.write,
        }
    }
}

impl Direction {
    fn wait(&self, register: impl FnOnce(&mut Waiters)) -> Poll<io::Result<Tick>> {
        let look = || match self.word.load(Ordering::Acquire) {
            word if word & CLOSED != 0 => Some(Err(closed())),
            word if word & READY != 0 => Some(Ok(Tick(word))),
            _ => None,
        };
        if let Some(answer) = look() {
            return Poll::Ready(answer);
        }
        let mut waiters = lock(&self.waiters);
        register(&mut waiters);
        // Rule 3: before the unlock. A waker left in the list costs one spurious wake at most.
        match look() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }

    fn set(&self, bit: usize) {
        let _ = self
            .word
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |word| Some((word | bit).wrapping_add(ONE_TICK)));
    }

    fn wake(&self) {
        let mut waiters = lock(&self.waiters);
        if waiters.keyed.is_empty() && waiters.polled.is_empty() {
            return;
        }
        let epoch = waiters.epoch + 1;
        if waiters.keyed.len() + waiters.polled.len() == 1 {
            // The usual case: the lists keep their room, so that the next wait allocates nothing.
            let only = waiters.keyed.pop().flatten().or_else(|| waiters.polled.pop());
            waiters.free.clear();
            waiters.epoch = epoch;
            drop(waiters);
            return only.into_iter().for_each(Waker::wake);
        }
        let woken = std::mem::replace(&mut *waiters, Waiters { epoch, ..Waiters::default() });
        drop(waiters);
        wake_all(woken.keyed.into_iter().flatten().chain(woken.polled));
    }

    fn is_awaited(&self) -> bool {
        let waiters = lock(&self.waiters);
        waiters.keyed.len() > waiters.free.len() || !waiters.polled.is_empty()
    }
}

impl Waiters {
    fn put(&mut self, key: &mut Option<WaiterKey>, waker: &Waker) {
        if let Some(key) = key.filter(|key| key.epoch == self.epoch) {
            if let Some(kept) = &mut self.keyed[key.at] {
                kept.clone_from(waker);
            }
            return;
        }
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                self.keyed.push(None);
                self.keyed.len() - 1
            }
        };
        self.keyed[at] = Some(waker.clone());
        *key = Some(WaiterKey { epoch: self.epoch, at });
    }
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "waiting for readiness failed: the reactor of this source has been shut down; do I/O only while its runtime runs",
    )
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("readable", &self.ready(Dir::Read).is_some())
            .field("writable", &self.ready(Dir::Write).is_some())
            .field("awaited", &self.interest())
            .finish()
    }
}
