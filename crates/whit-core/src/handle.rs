//! `Handle`: the parts of a runtime as one value, and which one is current on a thread.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use crate::entropy::Entropy;
use crate::{Blocking, Clock, Disk, Home, Network, Reactor, Schedule, Task, home, job, spawn};

/// The parts of a runtime, bundled: cheap to clone, and each part may be missing.
///
/// ```
/// use std::sync::Arc;
/// use whit_core::{Clock, Handle, ManualClock};
///
/// let handle = Handle::builder().clock(Arc::new(ManualClock::new())).build();
/// let _entered = handle.enter();
/// assert!(Handle::current().clock().is_ok());
/// let missing = Handle::current().reactor().unwrap_err();
/// assert!(missing.to_string().contains("reactor"));
/// ```
#[derive(Clone)]
pub struct Handle {
    parts: Arc<Parts>,
}

#[derive(Clone, Default)]
struct Parts {
    schedule: Option<Home>,
    blocking: Option<Arc<dyn Blocking + Send + Sync>>,
    clock: Option<Arc<dyn Clock + Send + Sync>>,
    reactor: Option<Arc<dyn Reactor + Send + Sync>>,
    network: Option<Arc<dyn Network + Send + Sync>>,
    entropy: Option<Arc<dyn Entropy + Send + Sync>>,
    disk: Option<Arc<dyn Disk + Send + Sync>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

impl Handle {
    /// Starts a handle without any parts.
    pub fn builder() -> HandleBuilder {
        HandleBuilder { parts: Parts::default() }
    }

    /// The handle of the runtime that this thread drives.
    ///
    /// # Panics
    ///
    /// If there is none; [`try_current`](Handle::try_current) answers with an error instead.
    #[track_caller]
    pub fn current() -> Handle {
        match Handle::try_current() {
            Ok(handle) => handle,
            Err(missing) => panic!("{missing}"),
        }
    }

    /// The handle of the runtime that this thread drives, if there is one.
    ///
    /// # Errors
    ///
    /// [`Missing`] says that this thread is outside every runtime, and what to do.
    pub fn try_current() -> Result<Handle, Missing> {
        // A thread that is being torn down has left every runtime.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten().ok_or(Missing { part: None })
    }

    /// Calls `f` with the scheduler of the current handle if this thread drives it, as workers do; and with `None` elsewhere: outside
    /// of runtimes, where a handle was only entered, or where another executor is driven inside.
    ///
    /// It costs no atomic step, where [`try_current`](Handle::try_current) costs two.
    ///
    /// ```
    /// use whit_core::Handle;
    ///
    /// let _entered = Handle::builder().build().enter();
    /// assert!(Handle::with_driven_schedule(|home| home.is_none())); // nobody drives it
    /// ```
    #[inline]
    pub fn with_driven_schedule<R>(f: impl FnOnce(Option<&Home>) -> R) -> R {
        home::with_driven(is_current, f)
    }

    /// Lends the handle of the runtime that this thread drives to `f`, without counting a reference to it.
    ///
    /// ```
    /// use whit_core::Handle;
    ///
    /// let _entered = Handle::builder().build().enter();
    /// assert_eq!(Handle::with_current(|handle| handle.clock().is_ok()), Ok(false));
    /// ```
    ///
    /// # Errors
    ///
    /// [`Missing`] if this thread is outside every runtime; `f` is not called then.
    ///
    /// # Panics
    ///
    /// If `f` enters a handle, or leaves one.
    pub fn with_current<T>(f: impl FnOnce(&Handle) -> T) -> Result<T, Missing> {
        let lent = CURRENT.try_with(|current| current.borrow().as_ref().map(f));
        lent.ok().flatten().ok_or(Missing { part: None })
    }

    /// Whether the current handle's clock moves time by itself, as a simulation's does: there a thread must not wait, since nothing
    /// else happens meanwhile.
    pub fn is_simulated() -> bool {
        Handle::with_current(|handle| handle.clock().is_ok_and(|clock| clock.pass(Duration::ZERO))) == Ok(true)
    }

    /// Makes this the current handle of the thread until the guard is dropped. Guards must be dropped in reverse order.
    #[must_use = "the handle is current only until the guard is dropped"]
    pub fn enter(&self) -> Enter {
        let before = CURRENT.with(|current| current.borrow_mut().replace(self.clone()));
        Enter { before, not_send: PhantomData }
    }

    /// Spawns a task on this handle's scheduler.
    ///
    /// # Panics
    ///
    /// If the handle has no scheduler. A scheduler that has shut down cancels the task instead: awaiting it then panics,
    /// and [`Task::fallible`] gives `None`.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match self.schedule() {
            Ok(home) => spawn(home, future),
            Err(missing) => panic!("spawn failed: {missing}"),
        }
    }

    /// Runs a closure that may block, on this handle's blocking scheduler.
    ///
    /// # Panics
    ///
    /// If the handle has none.
    #[track_caller]
    pub fn unblock<T, F>(&self, f: F) -> Task<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        match self.blocking() {
            Ok(blocking) => spawn(&(blocking.clone() as Home), job(None, f)),
            Err(missing) => panic!("unblock failed: {missing}"),
        }
    }

    /// The scheduler.
    ///
    /// # Errors
    ///
    /// [`Missing`] if this handle has none; so for the other parts.
    pub fn schedule(&self) -> Result<&Home, Missing> {
        self.parts.schedule.as_ref().ok_or(Missing { part: Some("scheduler") })
    }

    /// The scheduler for what blocks.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `schedule`")]
    pub fn blocking(&self) -> Result<&Arc<dyn Blocking + Send + Sync>, Missing> {
        self.parts.blocking.as_ref().ok_or(Missing { part: Some("blocking pool") })
    }

    /// The clock.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `schedule`")]
    pub fn clock(&self) -> Result<&Arc<dyn Clock + Send + Sync>, Missing> {
        self.parts.clock.as_ref().ok_or(Missing { part: Some("clock") })
    }

    /// The reactor.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `schedule`")]
    pub fn reactor(&self) -> Result<&Arc<dyn Reactor + Send + Sync>, Missing> {
        self.parts.reactor.as_ref().ok_or(Missing { part: Some("reactor") })
    }

    /// The network.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `schedule`")]
    pub fn network(&self) -> Result<&Arc<dyn Network + Send + Sync>, Missing> {
        self.parts.network.as_ref().ok_or(Missing { part: Some("network") })
    }

    /// Where chance comes from, if it is to come from somewhere: runtimes leave this out.
    pub fn entropy(&self) -> Option<&Arc<dyn Entropy + Send + Sync>> {
        self.parts.entropy.as_ref()
    }

    /// The disk, if files are not the system's.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `schedule`")]
    pub fn disk(&self) -> Result<&Arc<dyn Disk + Send + Sync>, Missing> {
        self.parts.disk.as_ref().ok_or(Missing { part: Some("disk") })
    }

    /// A builder that starts with this handle's parts: to exchange one of them.
    pub fn to_builder(&self) -> HandleBuilder {
        HandleBuilder { parts: (*self.parts).clone() }
    }
}

/// Puts a [`Handle`] together.
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct HandleBuilder {
    parts: Parts,
}

impl HandleBuilder {
    /// Where tasks run.
    pub fn schedule(mut self, part: Arc<impl Schedule + Send + Sync + 'static>) -> Self {
        self.parts.schedule = Some(part);
        self
    }

    /// Where tasks run, for a home that is type-erased already.
    pub fn home(mut self, part: Home) -> Self {
        self.parts.schedule = Some(part);
        self
    }

    /// Where closures that block run.
    pub fn blocking(mut self, part: Arc<impl Blocking + Send + Sync + 'static>) -> Self {
        self.parts.blocking = Some(part);
        self
    }

    /// Where timers come from.
    pub fn clock(mut self, part: Arc<impl Clock + Send + Sync + 'static>) -> Self {
        self.parts.clock = Some(part);
        self
    }

    /// Where readiness comes from.
    pub fn reactor(mut self, part: Arc<impl Reactor + Send + Sync + 'static>) -> Self {
        self.parts.reactor = Some(part);
        self
    }

    /// Where connections come from.
    pub fn network(mut self, part: Arc<impl Network + Send + Sync + 'static>) -> Self {
        self.parts.network = Some(part);
        self
    }

    /// Where chance comes from.
    pub fn entropy(mut self, part: Arc<impl Entropy + Send + Sync + 'static>) -> Self {
        self.parts.entropy = Some(part);
        self
    }

    /// Where files are, instead of where the system has them.
    pub fn disk(mut self, part: Arc<impl Disk + Send + Sync + 'static>) -> Self {
        self.parts.disk = Some(part);
        self
    }

    /// The handle.
    pub fn build(self) -> Handle {
        Handle { parts: Arc::new(self.parts) }
    }
}

/// Restores the thread's former handle when dropped; made by [`Handle::enter`].
#[must_use = "the handle is current only until the guard is dropped"]
pub struct Enter {
    before: Option<Handle>,
    // The guard belongs to the thread that entered.
    not_send: PhantomData<*mut ()>,
}

impl Drop for Enter {
    fn drop(&mut self) {
        let before = self.before.take();
        // Drop the entered handle outside the borrow: it may be the last, and dropping its parts may ask for the current one.
        let entered = CURRENT.try_with(|current| std::mem::replace(&mut *current.borrow_mut(), before));
        drop(entered);
    }
}

/// There is no current handle, or it lacks a part. The text says which and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    part: Option<&'static str>,
}

fn is_current(home: &Home) -> bool {
    let is = |current: &RefCell<Option<Handle>>| {
        current
            .borrow()
            .as_ref()
            .and_then(|handle| handle.parts.schedule.as_ref())
            .is_some_and(|own| Arc::ptr_eq(own, home))
    };
    CURRENT.try_with(is).unwrap_or(false)
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            None => f.write_str(
                "this thread is not inside a runtime: call this from a future under `whit::run`, or enter a handle first with `Handle::enter`",
            ),
            Some(part) => write!(
                f,
                "the current handle has no {part}: add one where the runtime is built (`Handle::builder`), or pass one to the explicit constructor"
            ),
        }
    }
}

impl Error for Missing {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt("Handle", f)
    }
}

impl fmt::Debug for HandleBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt("HandleBuilder", f)
    }
}

impl fmt::Debug for Enter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter").field("before", &self.before).finish()
    }
}

impl Parts {
    fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("schedule", &self.schedule.is_some())
            .field("blocking", &self.blocking.is_some())
            .field("clock", &self.clock)
            .field("reactor", &self.reactor)
            .field("network", &self.network)
            .field("entropy", &self.entropy)
            .field("disk", &self.disk)
            .finish()
    }
}
