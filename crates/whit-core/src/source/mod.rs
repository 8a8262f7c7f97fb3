//! `Source`: the readiness of one descriptor, shared by the reactor that sets it and the I/O type that uses it.
//!
//! One *word* for both directions, and those who wait (`waiters`) under a short lock.
//!
//! The word: a `READY` bit for each direction (the last thing the reactor said and nobody disproved), `CLOSED` (the reactor is
//! gone; never cleared), `MAY_END` (the end of the stream may be there without a further event), `STEADY` (the reactor reports by
//! itself, waits need not be told to it), and above them the *tick*, which counts what the reactor said.
//!
//! Rules:
//! 1. The reactor sets: it adds the bits of one event and one tick in one atomic step, **then** locks the lists, takes every
//!    waiter of these directions, unlocks and wakes them.
//! 2. An I/O type that found the descriptor not ready (`WouldBlock`) clears: it takes the direction's `READY` away only if the
//!    tick still is the one it saw before the system call. A newer tick means that an edge came in between, perhaps one for the
//!    other direction only, and the bit stays; it costs a system call that says so, and no edge is lost.
//! 3. A waiter locks the lists, puts its waker in, and looks at the word **once more before it unlocks**. Either it locked
//!    before the reactor did, and is woken by rule 1, or it locked after, and sees the word that rule 1 wrote before its lock.
//! 4. `CLOSED` is set as rule 1 sets `READY`; a waiter that sees it gets an error instead of waiting for ever.
//!
//! 5. A read that came back short has emptied the descriptor, but the end may be behind what it read, announced by the very
//!    event that made it ready. So `drained` clears only without `MAY_END`, which a reactor takes away if its events tell
//!    ends, and sets again with the event that tells one.
//!
//! The tick wraps after 2^59 events (2^27 on 32-bit systems): the wrap could hide an edge only from an I/O call that lasted
//! for that many.

mod waiters;

pub use waiters::WaiterKey;

use std::fmt;
use std::io;
use std::task::{Context, Poll, Waker};

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::{Interest, wake_all};
use waiters::{Waiters, Woken};

const READ_READY: usize = 1;
const WRITE_READY: usize = 2;
const CLOSED: usize = 4;
const MAY_END: usize = 8;
const STEADY: usize = 16;
const ONE_TICK: usize = 32;

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

/// The readiness of one descriptor in both directions, and who waits for it.
///
/// Any number of tasks may wait for each direction; an event wakes all of them.
pub struct Source {
    word: AtomicUsize,
    waiters: Mutex<Both>,
}

#[derive(Default)]
struct Both {
    read: Waiters,
    write: Waiters,
}

impl Source {
    /// A source of which nothing is known yet: `writable` says whether to try a write before the reactor has said so.
    ///
    /// A fresh stream socket can be written; one that is connecting cannot.
    pub fn new(writable: bool) -> Source {
        let word = if writable { MAY_END | WRITE_READY } else { MAY_END };
        Source { word: AtomicUsize::new(word), waiters: Mutex::new(Both::default()) }
    }

    /// Readiness as last heard, without waiting.
    #[inline]
    pub fn ready(&self, dir: Dir) -> Option<Tick> {
        let word = self.word.load(Ordering::Acquire);
        (word & dir.ready() != 0).then_some(Tick(word))
    }

    /// Waits until the direction is ready, for a task that polls: its waker is kept once, however often it asks.
    ///
    /// It may be woken without an event: where more than a few tasks wait for one direction, all are woken now and then, to find
    /// out who no longer does.
    ///
    /// # Errors
    ///
    /// `NotConnected` when the reactor has been shut down.
    #[inline]
    pub fn poll_ready(&self, dir: Dir, cx: &mut Context<'_>) -> Poll<io::Result<Tick>> {
        match self.look(dir) {
            Poll::Pending => self.wait(dir, |waiters| waiters.put_polled(cx.waker())),
            ready => ready,
        }
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
        match self.look(dir) {
            Poll::Pending => self.wait(dir, |waiters| {
                waiters.put_keyed(key, cx.waker());
                None
            }),
            ready => ready,
        }
    }

    /// Takes a waker out again. A key from before the last event is ignored.
    pub fn forget(&self, dir: Dir, key: WaiterKey) {
        let gone = lock(&self.waiters).of(dir).forget(key);
        drop(gone);
    }

    /// Whether an event came since the waiter was registered under `key`: its waker is no longer in the list.
    pub fn has_woken(&self, dir: Dir, key: WaiterKey) -> bool {
        lock(&self.waiters).of(dir).has_woken(key)
    }

    /// The operation would block: the direction is not ready, unless something newer than `seen` was heard.
    #[inline]
    pub fn clear(&self, dir: Dir, seen: Tick) {
        let cleared = |word: usize| (word / ONE_TICK == seen.0 / ONE_TICK).then_some(word & !dir.ready());
        // Fails if a newer tick is there, and should.
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, cleared);
    }

    /// A read that was begun with the readiness `seen` came back short: there is nothing more for now. Rule 5.
    #[inline]
    pub fn drained(&self, seen: Tick) {
        if seen.0 & MAY_END == 0 {
            self.clear(Dir::Read, seen);
        }
    }

    /// For reactors, when they register the source: the end of what can be read will be told by [`set_ended`](Source::set_ended).
    pub fn tells_end(&self) {
        self.word.fetch_and(!MAY_END, Ordering::AcqRel);
    }

    /// For reactors, when they register the source: every event will be told, so that [`Reactor::rearm`](crate::Reactor::rearm)
    /// would do nothing and need not be called.
    pub fn tells_all(&self) {
        self.word.fetch_or(STEADY, Ordering::AcqRel);
    }

    /// Whether a wait has to be told to the reactor.
    #[inline]
    pub fn must_rearm(&self) -> bool {
        self.word.load(Ordering::Relaxed) & STEADY == 0
    }

    /// For reactors: there is an end to what can be read. Makes the direction ready as well.
    pub fn set_ended(&self) {
        self.set_all(Interest { readable: true, writable: false }, true);
    }

    /// For reactors: the direction is ready. Wakes everybody who waits for it, on this thread.
    pub fn set_ready(&self, dir: Dir) {
        self.set_all(Interest { readable: dir == Dir::Read, writable: dir == Dir::Write }, false);
    }

    /// For reactors: what one event says, the directions that are `ready`, and whether there is an end to what can be read (which
    /// makes that direction ready as well). Wakes everybody who waits for one of them, on this thread.
    #[inline]
    pub fn set_all(&self, ready: Interest, ended: bool) {
        let mut bits = if ended { MAY_END | READ_READY } else { 0 };
        bits |= if ready.readable { READ_READY } else { 0 };
        bits |= if ready.writable { WRITE_READY } else { 0 };
        self.set(bits);
        self.wake(bits);
    }

    /// For reactors: there will be no more events. Waiters, present and future, get an error.
    pub fn close(&self) {
        self.set(CLOSED);
        self.wake(READ_READY | WRITE_READY);
    }

    /// Which directions have waiters at the moment: what a one-shot reactor must arm itself for.
    pub fn interest(&self) -> Interest {
        let waiters = lock(&self.waiters);
        Interest { readable: !waiters.read.is_empty(), writable: !waiters.write.is_empty() }
    }

    #[inline]
    fn look(&self, dir: Dir) -> Poll<io::Result<Tick>> {
        let word = self.word.load(Ordering::Acquire);
        if word & CLOSED != 0 {
            return Poll::Ready(Err(closed()));
        }
        if word & dir.ready() != 0 { Poll::Ready(Ok(Tick(word))) } else { Poll::Pending }
    }

    /// `register` gives back whom to wake.
    fn wait(&self, dir: Dir, register: impl FnOnce(&mut Waiters) -> Option<Box<[Waker]>>) -> Poll<io::Result<Tick>> {
        let mut waiters = lock(&self.waiters);
        let to_wake = register(waiters.of(dir));
        // Rule 3: before the unlock. A waker left in the list costs one spurious wake at most.
        let polled = self.look(dir);
        drop(waiters);
        if let Some(to_wake) = to_wake {
            wake_all(to_wake);
        }
        polled
    }

    #[inline]
    fn set(&self, bits: usize) {
        let set = |word: usize| Some((word | bits).wrapping_add(ONE_TICK));
        let _ = self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, set);
    }

    #[inline]
    fn wake(&self, bits: usize) {
        let mut woken = Woken::default();
        let mut waiters = lock(&self.waiters);
        if bits & READ_READY != 0 {
            waiters.read.take(&mut woken);
        }
        if bits & WRITE_READY != 0 {
            waiters.write.take(&mut woken);
        }
        drop(waiters);
        match woken {
            Woken { first: None, .. } => {}
            Woken { first: Some(only), rest } if rest.is_empty() => only.wake(),
            Woken { first, rest } => wake_all(first.into_iter().chain(rest)),
        }
    }
}

impl Both {
    fn of(&mut self, dir: Dir) -> &mut Waiters {
        match dir {
            Dir::Read => &mut self.read,
            Dir::Write => &mut self.write,
        }
    }
}

impl Dir {
    fn ready(self) -> usize {
        match self {
            Dir::Read => READ_READY,
            Dir::Write => WRITE_READY,
        }
    }
}

#[cold]
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
