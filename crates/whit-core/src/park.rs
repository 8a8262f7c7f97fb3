//! `Park`: how a thread that has nothing to do sleeps. `ThreadPark` is the plainest one.
//!
//! `ThreadPark`'s state is one word: `EMPTY`, `PARKED` or `NOTIFIED`.
//! 1. `unpark` swaps in `NOTIFIED`. If it found `PARKED` it takes the lock (so that the parker is either not yet past its
//!    check or already waiting) and signals.
//! 2. `park` takes `NOTIFIED` and returns at once if it is there; otherwise, under the lock, it goes from `EMPTY` to `PARKED`
//!    and waits until `NOTIFIED` or the deadline. It leaves `EMPTY` behind in every case.
//! 3. An unpark before a park is kept (once); several are one.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, lock};
use crate::{Handle, Spin};

/// Sleeps until something happens: asyncio's `select(timeout)`.
///
/// Parks stack in layers: each narrows the deadline by what it knows, parks the layer below, and then fires what is due.
/// An executor sees `&dyn Park` and nothing else.
pub trait Park {
    /// Sleeps until `deadline`, an unpark, or an event of this layer or one below, whichever is first.
    ///
    /// `None` is no deadline; one that has passed polls for events without sleeping. May return early for no reason.
    ///
    /// # Errors
    ///
    /// When the system refuses to wait. The layer stays usable.
    fn park(&self, deadline: Option<Instant>) -> io::Result<()>;

    /// A waker that ends the current or else the next `park`.
    fn unparker(&self) -> Waker;
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<P: Park + ?Sized> Park for $pointer {
            fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
                (**self).park(deadline)
            }
            fn unparker(&self) -> Waker {
                (**self).unparker()
            }
        }
    )*};
}
forward!(&P, std::rc::Rc<P>, Arc<P>);

/// Parks the thread and knows no events: the bottom of a stack without I/O.
///
/// One thread parks at a time; any thread unparks.
#[derive(Clone)]
pub struct ThreadPark {
    inner: Arc<Inner>,
    // Made once: handing it out is a reference count.
    unparker: Waker,
}

struct Inner {
    state: AtomicUsize,
    lock: Mutex<()>,
    signal: Condvar,
}

const EMPTY: usize = 0;
const PARKED: usize = 1;
const NOTIFIED: usize = 2;

impl ThreadPark {
    /// A park that nobody has unparked yet.
    pub fn new() -> ThreadPark {
        let inner = Arc::new(Inner { state: AtomicUsize::new(EMPTY), lock: Mutex::new(()), signal: Condvar::new() });
        ThreadPark { unparker: Waker::from(inner.clone()), inner }
    }
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.inner.park(deadline);
        Ok(())
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl Inner {
    fn is_notified(&self) -> bool {
        self.state.load(Ordering::Relaxed) == NOTIFIED
    }

    fn park(&self, deadline: Option<Instant>) {
        if self.state.compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        let mut held = lock(&self.lock);
        if self.state.compare_exchange(EMPTY, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            // Notified in between: take it, and see what was written before it.
            self.state.swap(EMPTY, Ordering::Acquire);
            return;
        }
        while self.state.load(Ordering::Relaxed) == PARKED {
            match deadline {
                None => held = self.signal.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    held = self.signal.wait_timeout(held, left).unwrap_or_else(std::sync::PoisonError::into_inner).0;
                }
            }
        }
        self.state.swap(EMPTY, Ordering::Acquire);
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(NOTIFIED, Ordering::AcqRel) == PARKED {
            drop(lock(&self.lock));
            self.signal.notify_one();
        }
    }
}

impl fmt::Debug for ThreadPark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.inner.state.load(Ordering::Relaxed) {
            EMPTY => "empty",
            PARKED => "parked",
            _ => "notified",
        };
        f.debug_tuple("ThreadPark").field(&state).finish()
    }
}

/// Polls a future on this thread until it is ready, and parks the thread in between.
///
/// Where its last waits were answered within 40 µs, it looks on for so long before it parks (see [`Spin`]).
///
/// It drives nothing else: what the future waits for must be driven elsewhere (leaf types outside a runtime start a
/// process-wide default by themselves). Calls may nest.
///
/// # Panics
///
/// If it would have to wait inside a simulation, whose time stands still while it waits.
///
/// ```
/// assert_eq!(whit_core::block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    thread_local! {
        static PARK: RefCell<(ThreadPark, Spin)> = RefCell::new((ThreadPark::new(), Spin::new()));
    }
    let mut future = pin!(future);
    let mut run = |park: &ThreadPark, spin: &mut Spin| {
        let mut cx = Context::from_waker(&park.unparker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return output;
            }
            // Found or not, the park takes the notification.
            if spin.look_on(|| park.inner.is_notified()) {
                park.inner.park(None);
            } else {
                refuse_in_simulation(park);
                spin.falls_asleep();
                park.inner.park(None);
                spin.wakes_up(|| true);
            }
        }
    };
    PARK.with(|park| match park.try_borrow_mut() {
        Ok(mut park) => {
            let (park, spin) = &mut *park;
            run(park, spin)
        }
        // A nested call: the outer one's parker is not ours to empty.
        Err(_) => run(&ThreadPark::new(), &mut Spin::new()),
    })
}

/// A wait for what this very thread would have to do never ends, and says so instead.
#[cold]
fn refuse_in_simulation(park: &ThreadPark) {
    if Handle::is_simulated() && !park.inner.is_notified() {
        panic!(
            "`block_on` was called inside a simulation, which stands still while a thread waits: await the future instead"
        );
    }
}
