//! `Reactor`: descriptors are registered once, for both directions, and events are handed to their sources.
//!
//! Delivery happens outside every lock: wakers may do what they like, except park in this very reactor and wait for
//! themselves. A waker that panics is caught, all other events are delivered, and then the panic goes on.
//!
//! One-shot mode: each report disarms the descriptor, and who still waits arms it again. What to arm for is asked of the
//! source *under the table's lock*, in `rearm` and after each report alike. A waiter is in its source's list before it calls
//! `rearm`; so of two tasks that arm the same descriptor at once, whichever comes second sees both.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use whit_core::{BorrowedSource, Interest, Panics, Park, RawSource, Source, SourceKey};

use crate::parking::Parking;
use crate::sync::lock;
use crate::sys::{Poller, Ready, TELLS_END, Waiter};
use crate::table::Table;

/// Watches descriptors for readiness, and is a [`Park`]: whoever parks in it waits for their events.
///
/// One thread parks at a time; a second one waits its turn. Unparking a thread that does not wait costs no system call.
///
/// ```
/// use std::net::UdpSocket;
/// use std::sync::Arc;
/// use whit_core::Park;
/// use whit_reactor::{Async, Reactor, SharedReactor};
///
/// let reactor = Arc::new(Reactor::new()?);
/// let far = Async::new_in(UdpSocket::bind("127.0.0.1:0")?, &(reactor.clone() as SharedReactor))?;
/// UdpSocket::bind("127.0.0.1:0")?.send_to(b"x", far.get_ref().local_addr()?)?;
/// let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
/// while far.poll_readable(&mut cx).is_pending() {
///     reactor.park(None)?;
/// }
/// # std::io::Result::Ok(())
/// ```
pub struct Reactor {
    shared: Arc<Shared>,
    waiter: Mutex<Waiter>,
    // Kept for its memory, so that a wait allocates nothing.
    spare: Mutex<Events>,
    unparker: Waker,
}

/// What a wait has found.
#[derive(Default)]
struct Events {
    ready: Vec<Ready>,
    // With the sources that they are for; empty between two deliveries.
    found: Vec<(Ready, Arc<Source>)>,
}

struct Shared {
    poller: Poller,
    edge: bool,
    closed: AtomicBool,
    table: Mutex<Table>,
    parking: Parking,
}

impl Reactor {
    /// A reactor with edges where the system has them (epoll, kqueue), one-shot elsewhere.
    ///
    /// # Errors
    ///
    /// The system has no descriptors to give: it takes two on Linux.
    pub fn new() -> io::Result<Reactor> {
        Reactor::with(|poller| poller.supports_edge())
    }

    /// A reactor that is armed anew for each wait, as on systems without edges: to test there what runs here.
    ///
    /// # Errors
    ///
    /// As for [`new`](Reactor::new).
    pub fn oneshot() -> io::Result<Reactor> {
        Reactor::with(|_| false)
    }

    fn with(edge: impl FnOnce(&Poller) -> bool) -> io::Result<Reactor> {
        let failed = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!(
                    "making a reactor failed: {error}; it needs a few descriptors of its own, so close some or raise the limit (`ulimit -n`)"
                ),
            )
        };
        let poller = Poller::new().map_err(failed)?;
        let shared = Arc::new(Shared {
            edge: edge(&poller),
            poller,
            closed: AtomicBool::new(false),
            table: Mutex::default(),
            parking: Parking::new(),
        });
        let unparker = Waker::from(shared.clone());
        Ok(Reactor { shared, waiter: Mutex::new(Waiter::new()), spare: Mutex::default(), unparker })
    }

    /// No more events: everybody who waits, now or later, gets `NotConnected`, and registering fails with it.
    ///
    /// Every park that has begun returns. Later ones end by their deadline or an unpark only, so that layers above can go on.
    ///
    /// # Panics
    ///
    /// If a waker does; all others have been woken then.
    pub fn close(&self) {
        let sources = {
            let mut table = lock(&self.shared.table);
            table.closed = true;
            table.sources()
        };
        self.shared.closed.store(true, Ordering::SeqCst);
        let mut panics = Panics::default();
        panics.catch(|| self.unparker.wake_by_ref());
        for source in sources {
            panics.catch(|| source.close());
        }
        panics.resume();
    }

    /// How many sources are registered.
    pub fn len(&self) -> usize {
        lock(&self.shared.table).len()
    }

    /// Whether no source is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Park for Reactor {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        let shared = &self.shared;
        let closed_before = shared.closed.load(Ordering::SeqCst);
        let mut waiter = lock(&self.waiter);
        if !closed_before && shared.closed.load(Ordering::SeqCst) {
            return Ok(());
        }
        let mut events = std::mem::take(&mut *lock(&self.spare));
        let mut timeout = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if timeout != Some(Duration::ZERO) && !shared.parking.enter() {
            timeout = Some(Duration::ZERO);
        }
        let waited = waiter.wait(&shared.poller, timeout, &mut events.ready);
        shared.parking.leave();
        drop(waiter);
        let panics = shared.deliver(&mut events);
        *lock(&self.spare) = events;
        panics.resume();
        waited
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl whit_core::Reactor for Reactor {
    unsafe fn register(&self, raw: RawSource, source: Arc<Source>) -> io::Result<SourceKey> {
        let shared = &self.shared;
        if shared.edge {
            source.tells_all();
        }
        if shared.edge && TELLS_END {
            source.tells_end();
        }
        // First into the table: the event may come at once.
        let key = lock(&shared.table).insert(raw, source)?;
        // SAFETY: the caller keeps the descriptor open until it has been deregistered.
        let added = shared.poller.add(unsafe { BorrowedSource::borrow_raw(raw) }, key, shared.edge);
        if let Err(error) = added {
            let source = lock(&shared.table).remove(key);
            drop(source);
            return Err(error);
        }
        Ok(SourceKey(key))
    }

    fn deregister(&self, raw: BorrowedSource<'_>, key: SourceKey) -> io::Result<()> {
        // Out of the table first: with that, no delivery touches the descriptor any more.
        let source = lock(&self.shared.table).remove(key.0);
        if source.is_none() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.shared.poller.delete(raw)
    }

    fn rearm(&self, _: BorrowedSource<'_>, key: SourceKey, interest: Interest) -> io::Result<()> {
        if self.shared.edge { Ok(()) } else { self.shared.arm(key.0, interest) }
    }
}

impl Shared {
    /// Tells the sources, all of them, whatever their wakers do; the events are gone after that.
    fn deliver(&self, events: &mut Events) -> Panics {
        let Events { ready, found } = events;
        let table = lock(&self.table);
        // Without those that were deregistered while their event was on the way.
        found.extend(ready.drain(..).filter_map(|event| Some((event, table.get(event.key)?.1.clone()))));
        drop(table);
        let (mut panics, mut next) = (Panics::default(), 0);
        while next < found.len() {
            // One catch for as many as there are without a panic.
            panics.catch(|| {
                while let Some((event, source)) = found.get(next) {
                    next += 1;
                    source.set_all(Interest { readable: event.readable, writable: event.writable }, event.last);
                }
            });
        }
        if !self.edge {
            // One shot served one direction; somebody may still wait for the other. Failing, it has been closed: nobody does.
            found.iter().for_each(|(event, _)| drop(self.arm(event.key, Interest::default())));
        }
        while !found.is_empty() {
            // The last reference, perhaps, and wakers in it.
            panics.catch(|| while found.pop().is_some() {});
        }
        panics
    }

    /// One-shot mode: arms for `wanted` and for whatever else is waited for, asked under the lock.
    fn arm(&self, key: usize, wanted: Interest) -> io::Result<()> {
        let table = lock(&self.table);
        let Some((raw, source)) = table.get(key) else { return Ok(()) };
        let waiting = source.interest();
        let interest =
            Interest { readable: waiting.readable || wanted.readable, writable: waiting.writable || wanted.writable };
        if interest == Interest::default() {
            return Ok(());
        }
        // SAFETY: a descriptor in the table has not been deregistered, so it is open; the lock keeps it there.
        let raw = unsafe { BorrowedSource::borrow_raw(raw) };
        self.poller.arm(raw, key, interest)
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.parking.notify()
            && let Err(error) = self.poller.notify()
        {
            eprintln!("whit: a sleeping reactor could not be woken: {error}");
        }
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("edge", &self.shared.edge).field("sources", &self.len()).finish_non_exhaustive()
    }
}
