//! `Reactor`: descriptors are registered once, for both directions, and events are handed to their sources.
//!
//! Parking, one word: `EMPTY`, `PARKED`, `NOTIFIED`.
//! 1. `park` goes from `EMPTY` to `PARKED`; if it finds `NOTIFIED`, it only looks for events without waiting. After the wait it
//!    leaves `EMPTY` behind, whatever was there.
//! 2. An unpark swaps in `NOTIFIED`, and makes a system call only if it found `PARKED`. That call reaches the wait or the
//!    next one, so it does not matter on which side of the wait it comes.
//!
//! A stale event for a key that was given to another source meanwhile makes that source ready for nothing: its next
//! operation would block, and clears it. So keys need no generation.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Instant;

use polling::{Event, PollMode, Poller};
use slab::Slab;
use whit_core::{BorrowedSource, Dir, Interest, Park, RawSource, Source, SourceKey};

use crate::sys::{Notifier, Ready, TELLS_END, Waiter, add_edge};

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;

/// Watches descriptors for readiness, and is a [`Park`]: whoever parks in it waits for their events.
///
/// One thread parks at a time; a second one waits its turn.
pub struct Reactor {
    shared: Arc<Shared>,
    waiting: Mutex<Waiting>,
    unparker: Waker,
}

struct Shared {
    poller: Poller,
    edge: bool,
    closed: AtomicBool,
    sources: Mutex<Slab<(RawSource, Arc<Source>)>>,
    state: AtomicUsize,
    notifier: Notifier,
}

struct Waiting {
    waiter: Waiter,
    ready: Vec<Ready>,
}

impl Reactor {
    /// A reactor with edges where the system has them (epoll, kqueue), one-shot elsewhere.
    ///
    /// # Errors
    ///
    /// The system has no descriptors to give.
    pub fn new() -> io::Result<Reactor> {
        Reactor::with(|poller| poller.supports_edge())
    }

    /// A reactor that is armed anew for each wait, as on systems without edges: for tests.
    ///
    /// # Errors
    ///
    /// The system has no descriptors to give.
    pub fn oneshot() -> io::Result<Reactor> {
        Reactor::with(|_| false)
    }

    fn with(edge: impl FnOnce(&Poller) -> bool) -> io::Result<Reactor> {
        let poller = Poller::new()?;
        let (waiter, notifier) = Waiter::new(&poller)?;
        let shared = Arc::new(Shared {
            edge: edge(&poller),
            poller,
            closed: AtomicBool::new(false),
            sources: Mutex::default(),
            state: AtomicUsize::new(EMPTY),
            notifier,
        });
        let waiting = Mutex::new(Waiting { waiter, ready: Vec::new() });
        Ok(Reactor { unparker: Waker::from(shared.clone()), shared, waiting })
    }

    /// No more events: everybody who waits, now or later, gets `NotConnected`, and registering fails with it.
    pub fn close(&self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        let sources: Vec<_> = lock(&self.shared.sources).iter().map(|(_, (_, source))| source.clone()).collect();
        sources.iter().for_each(|source| source.close());
        self.unparker.wake_by_ref();
    }

    /// How many sources are registered.
    pub fn len(&self) -> usize {
        lock(&self.shared.sources).len()
    }

    /// Whether no source is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Park for Reactor {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        let mut waiting = lock(&self.waiting);
        let Waiting { waiter, ready } = &mut *waiting;
        ready.clear();
        let entered = self.shared.state.compare_exchange(EMPTY, PARKED, Ordering::AcqRel, Ordering::Acquire).is_ok();
        // Notified before: look, but do not wait.
        let deadline = if entered { deadline } else { Some(deadline.unwrap_or_else(Instant::now).min(Instant::now())) };
        let waited = waiter.wait(&self.shared.poller, deadline, ready);
        self.shared.state.swap(EMPTY, Ordering::AcqRel);
        self.shared.deliver(ready);
        waited
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl whit_core::Reactor for Reactor {
    unsafe fn register(&self, raw: RawSource, source: Arc<Source>) -> io::Result<SourceKey> {
        let shared = &self.shared;
        let key = lock(&shared.sources).insert((raw, source.clone()));
        if shared.edge && TELLS_END {
            source.tells_end();
        }
        let added = if shared.edge {
            // SAFETY: the caller keeps the descriptor open until it has been deregistered.
            add_edge(&shared.poller, unsafe { borrow(raw) }, key)
        } else {
            // SAFETY: as above.
            unsafe { shared.poller.add_with_mode(raw, Event::none(key), PollMode::Oneshot) }
        };
        if let Err(error) = added {
            lock(&shared.sources).remove(key);
            return Err(error);
        }
        if shared.closed.load(Ordering::SeqCst) {
            source.close();
        }
        Ok(SourceKey(key))
    }

    fn deregister(&self, raw: BorrowedSource<'_>, key: SourceKey) -> io::Result<()> {
        let deleted = self.shared.poller.delete(raw);
        let source = lock(&self.shared.sources).try_remove(key.0);
        drop(source);
        deleted
    }

    fn rearm(&self, raw: BorrowedSource<'_>, key: SourceKey, interest: Interest) -> io::Result<()> {
        if self.shared.edge {
            return Ok(());
        }
        self.shared.poller.modify(raw, Event::new(key.0, interest.readable, interest.writable))
    }
}

impl Shared {
    fn deliver(&self, ready: &[Ready]) {
        for event in ready {
            let Some((raw, source)) = lock(&self.sources).get(event.key).cloned() else { continue };
            if event.ended {
                source.set_ended();
            } else if event.readable {
                source.set_ready(Dir::Read);
            }
            if event.writable {
                source.set_ready(Dir::Write);
            }
            let interest = source.interest();
            if !self.edge && !interest.is_empty() {
                // One shot served one direction; somebody still waits for the other.
                let sources = lock(&self.sources);
                if sources.get(event.key).is_some_and(|(now, _)| *now == raw) {
                    // SAFETY: a descriptor in the list has not been deregistered, so it is open; the lock keeps it there.
                    let raw = unsafe { borrow(raw) };
                    // Deleted from the poller a moment ago, perhaps: then nobody waits any more.
                    drop(self.poller.modify(raw, Event::new(event.key, interest.readable, interest.writable)));
                }
            }
        }
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(NOTIFIED, Ordering::AcqRel) == PARKED
            && let Err(error) = self.notifier.notify(&self.poller)
        {
            eprintln!("whit: a sleeping reactor could not be woken: {error}");
        }
    }
}

#[cfg(unix)]
unsafe fn borrow<'a>(raw: RawSource) -> BorrowedSource<'a> {
    // SAFETY: the caller's promise.
    unsafe { BorrowedSource::borrow_raw(raw) }
}

#[cfg(windows)]
unsafe fn borrow<'a>(raw: RawSource) -> BorrowedSource<'a> {
    // SAFETY: the caller's promise.
    unsafe { BorrowedSource::borrow_raw(raw) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A waker that panics during delivery poisons `waiting`, whose content is cleared before each use.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("edge", &self.shared.edge).field("sources", &self.len()).finish_non_exhaustive()
    }
}
