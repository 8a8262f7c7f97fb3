//! `CancelToken`: a flag to be passed by hand.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use super::node::Node;
use super::run::Start;
use super::{Cancelled, Run, WaitCancelled};

/// A flag that many may look at, for those who pass it by hand; cancelling it cancels its children.
///
/// It stands in a tree of its own, whatever scope is current. Clones are the same token. [`CancelScope::token`] gives one for a
/// scope, and [`CancelScope::under`] makes a scope below one.
///
/// [`CancelScope::token`]: crate::CancelScope::token
/// [`CancelScope::under`]: crate::CancelScope::under
///
/// ```
/// use whit_scope::CancelToken;
///
/// let all = CancelToken::new();
/// let (one, other) = (all.child(), all.child());
/// one.cancel("not this one");
/// assert!(!all.is_cancelled() && !other.is_cancelled());
/// all.cancel("shutting down");
/// assert!(other.is_cancelled());
/// assert!(other.reason().unwrap().to_string().ends_with("shutting down"));
/// ```
#[derive(Clone)]
pub struct CancelToken {
    node: Arc<Node>,
}

impl CancelToken {
    /// A token that nobody has cancelled.
    pub fn new() -> CancelToken {
        CancelToken::at(Node::new(None, None))
    }

    pub(super) fn at(node: Arc<Node>) -> CancelToken {
        CancelToken { node }
    }

    pub(super) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// A token that is cancelled with this one, and can be alone.
    pub fn child(&self) -> CancelToken {
        CancelToken::at(Node::new(Some(self.node.clone()), None))
    }

    /// Cancels it and its children. The reason and the caller's line are what [`Cancelled`] tells. False if it was before.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.node.cancel(&Cancelled::explicit(reason, Location::caller()))
    }

    /// Whether it is cancelled.
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

    /// Runs `future` until it is ready or the token is cancelled.
    ///
    /// # Errors
    ///
    /// [`Cancelled`] in the second case; see [`Run`] for how.
    pub fn run<F>(&self, future: F) -> Run<F> {
        Run::new(Start::At(self.node.clone(), None), future)
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.reason()).finish_non_exhaustive()
    }
}
