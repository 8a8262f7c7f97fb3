//! `SharedPark`: one driver for several workers. One parks in it, the others sleep on their own.
//!
//! Each worker has a state: `RUNNING`, `IN_DRIVER`, `ASLEEP` or `NOTIFIED`.
//! 1. To park, a worker goes from `RUNNING` to `IN_DRIVER` if it gets hold of the driver, else to `ASLEEP`; if it finds
//!    `NOTIFIED` instead, it goes back to `RUNNING` and returns. After parking it is `RUNNING` whatever it was.
//! 2. To unpark, `NOTIFIED` is swapped in; the one before says whom to wake: the driver, the worker's own thread, or nobody.
//!    Both of these keep an unpark that comes before the park, so none is lost between the two steps of rule 1.
//! 3. A worker that leaves for good wakes one that is asleep, so that somebody takes the driver over.
//! 4. One of those asleep is the *watcher*: each 10 ms it looks whether the driver is free and has been since the last look,
//!    as whoever was in it is busy for so long, and then gets up; it comes to the driver when it parks again. So a task that
//!    blocks its worker keeps timers and sockets from nobody.
//! 5. If somebody is in the driver, and nobody has left it between two looks, all is quiet. The watcher says `DEEP`, passes a fence, looks once
//!    more, and sleeps without looking. Whoever leaves the driver counts that, passes a fence, and gets up a watcher that is
//!    `DEEP`, or one that is asleep if nobody watches. By the fences one of the two sees the other. So looking costs nothing
//!    while nothing happens.
//! 6. A worker that only wants a look, with a deadline that is past, stays `RUNNING` or `NOTIFIED`, and keeps the notification
//!    for the next time that it wants to sleep. So who is notified again and again, like a root that never waits, still
//!    looks.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

use whit_core::{Park, ThreadPark};

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, lock};

const RUNNING: usize = 0;
const IN_DRIVER: usize = 1;
const ASLEEP: usize = 2;
const NOTIFIED: usize = 3;

/// Nobody watches.
const NOBODY: usize = 0;
const LOOKING: usize = 1;
const DEEP: usize = 2;

/// The time between two looks of the watcher.
#[cfg(not(loom))]
const LOOK_EACH: std::time::Duration = std::time::Duration::from_millis(10);

/// A driver that several workers share; give each its own [`worker`](SharedPark::worker).
///
/// ```
/// use whit_core::ThreadPark;
/// use whit_executor::{Executor, SharedPark};
///
/// let (executor, shared) = (Executor::new(), SharedPark::new(ThreadPark::new()));
/// let task = executor.spawn(async { 42 });
/// assert_eq!(executor.block_on(&shared.worker(), task), 42);
/// ```
pub struct SharedPark<P> {
    inner: Arc<Inner<P>>,
}

struct Inner<P> {
    driver: P,
    driver_unparker: Waker,
    taken: AtomicBool,
    asleep: Mutex<Vec<Arc<Signal>>>,
    // How often somebody left the driver. Wraps.
    left: AtomicUsize,
    watcher: AtomicUsize,
    // The watcher that is `DEEP`; that word changes to and from `DEEP` under this lock only.
    deep: Mutex<Option<Arc<Signal>>>,
}

impl<P: Park> SharedPark<P> {
    /// Shares `driver`.
    pub fn new(driver: P) -> SharedPark<P> {
        let driver_unparker = driver.unparker();
        let inner = Inner {
            driver,
            driver_unparker,
            taken: AtomicBool::new(false),
            asleep: Mutex::default(),
            left: AtomicUsize::new(0),
            watcher: AtomicUsize::new(NOBODY),
            deep: Mutex::default(),
        };
        SharedPark { inner: Arc::new(inner) }
    }

    /// A park for one worker.
    pub fn worker(&self) -> WorkerPark<P> {
        let thread = ThreadPark::new();
        let signal = Arc::new(Signal {
            state: AtomicUsize::new(RUNNING),
            thread: thread.unparker(),
            driver: self.inner.driver_unparker.clone(),
        });
        WorkerPark { inner: self.inner.clone(), unparker: Waker::from(signal.clone()), signal, thread }
    }
}

/// One worker's share of a driver.
pub struct WorkerPark<P> {
    inner: Arc<Inner<P>>,
    thread: ThreadPark,
    signal: Arc<Signal>,
    unparker: Waker,
}

struct Signal {
    state: AtomicUsize,
    thread: Waker,
    driver: Waker,
}

impl<P: Park> Park for WorkerPark<P> {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        let look = deadline.is_some_and(|deadline| deadline <= Instant::now());
        match self.inner.take() {
            // Also if it has been notified: rule 6.
            Some(driver) if look => return driver.0.driver.park(deadline),
            Some(driver) => return self.sleep(IN_DRIVER, || driver.0.driver.park(deadline)),
            // Who only wants a look at the driver need not wait for it: somebody is there already.
            None if look => return Ok(()),
            None => {}
        }
        let _listed = Listed::new(&self.inner.asleep, &self.signal);
        // The driver may have come free before we were in the list, where rule 3 would have found us.
        match self.inner.take() {
            Some(driver) => self.sleep(IN_DRIVER, || driver.0.driver.park(deadline)),
            None => self.sleep(ASLEEP, || self.watch(deadline)),
        }
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl<P> WorkerPark<P> {
    /// Sleeps, as the watcher if there is none: rules 4 and 5.
    fn watch(&self, deadline: Option<Instant>) -> io::Result<()> {
        let inner = &*self.inner;
        if inner.watcher.compare_exchange(NOBODY, LOOKING, Ordering::AcqRel, Ordering::Acquire).is_err() {
            return self.thread.park(deadline);
        }
        let looking = Looking(&inner.watcher);
        let mut seen = inner.left.load(Ordering::Acquire);
        while self.look(deadline)? {
            let left = inner.left.load(Ordering::Acquire);
            // Free for the whole time, and not just now, between two events.
            let free = !inner.taken.load(Ordering::Acquire);
            if left == seen && free {
                break;
            }
            if left == seen {
                *lock(&inner.deep) = Some(self.signal.clone());
                inner.watcher.store(DEEP, Ordering::Release);
                std::mem::forget(looking);
                fence(Ordering::SeqCst);
                let slept = match inner.left.load(Ordering::Acquire) == seen {
                    true => self.thread.park(deadline),
                    false => Ok(()),
                };
                self.end_deep();
                return slept;
            }
            seen = left;
        }
        Ok(())
    }

    /// Sleeps until the next look; false if it is over before.
    #[cfg(not(loom))]
    fn look(&self, deadline: Option<Instant>) -> io::Result<bool> {
        let next = Instant::now() + LOOK_EACH;
        let over = deadline.filter(|deadline| *deadline <= next);
        self.thread.park(over.or(Some(next)))?;
        Ok(over.is_none() && self.signal.state.load(Ordering::Acquire) == ASLEEP)
    }

    /// loom knows no time: each look is the last one.
    #[cfg(loom)]
    fn look(&self, _: Option<Instant>) -> io::Result<bool> {
        Ok(true)
    }

    /// No longer `DEEP`, unless whoever left the driver has said so already, and then perhaps somebody else is.
    fn end_deep(&self) {
        let mut deep = lock(&self.inner.deep);
        if deep.as_ref().is_some_and(|deep| Arc::ptr_eq(deep, &self.signal)) {
            *deep = None;
            self.inner.watcher.store(NOBODY, Ordering::Release);
        }
    }

    fn sleep(&self, how: usize, park: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let _awake = Awake(&self.signal.state);
        let entered = self.signal.state.compare_exchange(RUNNING, how, Ordering::AcqRel, Ordering::Acquire).is_ok();
        if entered { park() } else { Ok(()) }
    }
}

impl<P> Drop for WorkerPark<P> {
    fn drop(&mut self) {
        let heir = lock(&self.inner.asleep).first().cloned();
        if let Some(heir) = heir {
            heir.wake();
        }
    }
}

impl<P> Inner<P> {
    fn take(&self) -> Option<Taken<'_, P>> {
        // Lazily: a `Taken` that was made in vain would give back what is not ours when it drops.
        // Failing may be out of date; the lock of the list sees to it that one of two, the leaver or the sleeper, is not.
        let taken = self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        taken.is_ok().then(|| Taken(self))
    }
}

// Guards, since a driver may fail, and panic: it calls foreign wakers.

/// The worker is in the list until this is dropped.
struct Listed<'i> {
    asleep: &'i Mutex<Vec<Arc<Signal>>>,
    signal: &'i Arc<Signal>,
}

impl<'i> Listed<'i> {
    fn new(asleep: &'i Mutex<Vec<Arc<Signal>>>, signal: &'i Arc<Signal>) -> Listed<'i> {
        lock(asleep).push(signal.clone());
        Listed { asleep, signal }
    }
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        lock(self.asleep).retain(|signal| !Arc::ptr_eq(signal, self.signal));
    }
}

/// The worker is `RUNNING` once this is dropped.
struct Awake<'i>(&'i AtomicUsize);

impl Drop for Awake<'_> {
    fn drop(&mut self) {
        self.0.swap(RUNNING, Ordering::AcqRel);
    }
}

/// Nobody is `LOOKING` once this is dropped.
struct Looking<'i>(&'i AtomicUsize);

impl Drop for Looking<'_> {
    fn drop(&mut self) {
        self.0.store(NOBODY, Ordering::Release);
    }
}

/// The driver is ours until this is dropped.
struct Taken<'i, P>(&'i Inner<P>);

impl<P> Drop for Taken<'_, P> {
    fn drop(&mut self) {
        let inner = self.0;
        inner.taken.store(false, Ordering::Release);
        inner.left.fetch_add(1, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        let up = match inner.watcher.load(Ordering::Acquire) {
            DEEP => {
                let mut deep = lock(&inner.deep);
                let up = deep.take();
                if up.is_some() {
                    inner.watcher.store(NOBODY, Ordering::Release);
                }
                up
            }
            NOBODY => lock(&inner.asleep).first().cloned(),
            _ => None,
        };
        if let Some(up) = up {
            up.wake();
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            IN_DRIVER => self.driver.wake_by_ref(),
            ASLEEP => self.thread.wake_by_ref(),
            _ => {}
        }
    }
}

impl<P> fmt::Debug for SharedPark<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedPark").field("asleep", &lock(&self.inner.asleep).len()).finish_non_exhaustive()
    }
}

impl<P> fmt::Debug for WorkerPark<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerPark").field("state", &self.signal.state.load(Ordering::Relaxed)).finish_non_exhaustive()
    }
}
