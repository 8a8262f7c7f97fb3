//! `CancelScope`: a handle on a place in the tree.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whit_core::{Clock, Handle, Missing};

use super::frame::{current, current_node};
use super::node::Node;
use super::run::Start;
use super::{CancelToken, Cancelled, Run, WaitCancelled};

pub(crate) type SharedClock = Arc<dyn Clock + Send + Sync>;

/// A region of code that can be cancelled as a whole, at a deadline or by hand: trio's `CancelScope`.
///
/// Scopes form a tree. A new one stands below the scope that is current where it is made, and is cancelled with it; so are the
/// scopes of tasks that were spawned inside. What is cancelled stays so: there is no exception that could be swallowed, and
/// whoever goes on awaiting inside is dropped at the next `await`. Clones are handles on the same scope.
///
/// ```
/// use whit_scope::CancelScope;
///
/// whit_core::block_on(async {
///     let scope = CancelScope::new();
///     let stop = scope.clone();
///     let outcome = scope.run(async move {
///         stop.cancel("enough");
///         std::future::pending::<()>().await
///     });
///     assert!(outcome.await.unwrap_err().to_string().ends_with("enough"));
/// });
/// ```
#[derive(Clone)]
pub struct CancelScope {
    node: Arc<Node>,
    clock: Option<SharedClock>,
}

impl CancelScope {
    /// A scope below the current one, without a deadline of its own. Its clock is that of the current handle, if it has one.
    #[allow(clippy::new_without_default, reason = "what it makes depends on where it is called")]
    pub fn new() -> CancelScope {
        let clock = Handle::try_current().ok().and_then(|handle| handle.clock().cloned().ok());
        CancelScope { node: Node::new(current_node(), None), clock }
    }

    /// A scope below the current one whose deadline is `duration` from now. A time that no [`Instant`] can hold is never.
    ///
    /// # Panics
    ///
    /// If the current handle has no clock; [`new_in`](CancelScope::new_in) takes one.
    #[track_caller]
    pub fn after(duration: Duration) -> CancelScope {
        let clock = clock("CancelScope::after");
        let deadline = clock.after(duration);
        CancelScope::new_in(clock, deadline)
    }

    /// A scope below the current one with a clock and a deadline; `None` is never.
    pub fn new_in(clock: Arc<dyn Clock + Send + Sync>, deadline: Option<Instant>) -> CancelScope {
        CancelScope { node: Node::new(current_node(), deadline), clock: Some(clock) }
    }

    /// A scope below `token` and nothing else.
    pub fn under(token: &CancelToken) -> CancelScope {
        CancelScope { node: Node::new(Some(token.node().clone()), None), ..CancelScope::new() }
    }

    /// The innermost scope of what this thread is polling, if there is one. In a shield, that is the shield's. A [`Root`](crate::Root)
    /// is not one.
    pub fn current() -> Option<CancelScope> {
        let node = current()?.node.clone();
        let clock = Handle::try_current().ok().and_then(|handle| handle.clock().cloned().ok());
        Some(CancelScope { node, clock })
    }

    /// Runs `future` inside this scope.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] if the scope was cancelled before the future was ready; see [`Run`] for how.
    pub fn run<F>(&self, future: F) -> Run<F> {
        Run::new(Start::At(self.node.clone(), self.clock.clone()), future)
    }

    /// Cancels this scope and everything below it. The reason and the caller's line are what [`Cancelled`] tells. False if it
    /// was cancelled before; then nothing changes.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.node.cancel(&Cancelled::explicit(reason, Location::caller()))
    }

    /// Whether it is cancelled. A deadline counts when the scope's run has noticed it.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Why it was cancelled, if it was.
    pub fn reason(&self) -> Option<Cancelled> {
        self.node.cancelled()
    }

    /// Waits until it is cancelled.
    pub fn cancelled(&self) -> WaitCancelled {
        WaitCancelled::new(Some(self.node.clone()))
    }

    /// Its own deadline; `None` is never.
    pub fn deadline(&self) -> Option<Instant> {
        self.node.deadline()
    }

    /// The earliest deadline of this scope and those around it, up to a shield.
    pub fn effective_deadline(&self) -> Option<Instant> {
        self.node.effective_deadline()
    }

    /// Moves its own deadline; `None` is never. Its runs are woken, and set their timers.
    ///
    /// # Errors
    ///
    /// If the scope was cancelled already or everything that ran in it has ended, or if it has no clock.
    pub fn reschedule(&self, deadline: Option<Instant>) -> Result<(), NotRescheduled> {
        if self.clock.is_none() && deadline.is_some() {
            return Err(NotRescheduled::NoClock);
        }
        if self.node.reschedule(deadline) { Ok(()) } else { Err(NotRescheduled::Over) }
    }

    /// A token for this same scope, for those who pass it by hand.
    pub fn token(&self) -> CancelToken {
        CancelToken::at(self.node.clone())
    }
}

impl fmt::Debug for CancelScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("cancelled", &self.reason())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}

/// Whether the innermost scope of what this thread is polling is cancelled; false in a shield. Outside every scope: whether the
/// program was [interrupted](crate::interrupt).
///
/// A closure that blocks may ask, too: it inherits the scope of whoever calls `unblock`.
pub fn is_cancelled() -> bool {
    current().map_or_else(super::root::is_interrupted, |frame| frame.node.is_cancelled())
}

/// The earliest deadline of the scopes around what this thread is polling, up to a shield: how much time there is at most.
pub fn effective_deadline() -> Option<Instant> {
    current()?.node.effective_deadline()
}

/// Why a deadline could not be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotRescheduled {
    /// The scope was cancelled, or everything that ran in it has ended.
    Over,
    /// The scope was made outside every runtime, and without a clock.
    NoClock,
}

impl fmt::Display for NotRescheduled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NotRescheduled::Over => "the deadline cannot be moved: the scope is cancelled or has ended; make a new scope",
            NotRescheduled::NoClock => {
                "the deadline cannot be set: the scope has no clock; make it inside a runtime, or with `CancelScope::new_in`"
            }
        })
    }
}

impl Error for NotRescheduled {}

/// The clock of the current handle, for `what`.
#[track_caller]
pub(super) fn clock(what: &str) -> SharedClock {
    let clock = || -> Result<SharedClock, Missing> { Handle::try_current()?.clock().cloned() };
    clock().unwrap_or_else(|missing| panic!("{what} needs a clock, but {missing}"))
}
