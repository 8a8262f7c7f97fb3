//! The runs that enclose what is polled, innermost first; and what spawned tasks inherit of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use whit_core::{Inherited, Key, TaskId, current_task};

use super::node::Node;
use super::root;

static SCOPE: Key = Key::new();

/// Stands for one run while it is polled.
pub(crate) struct Frame {
    pub(crate) node: Arc<Node>,
    // Whose polls pass through the run. A task that was spawned inside sees the frame too, but is not dropped by the run.
    task: Option<TaskId>,
    outer: Option<Arc<Frame>>,
    // Shields and clean-ups inside: while there are any, the run keeps its future.
    holds: AtomicUsize,
}

/// The innermost scope of whichever task, without that of the root.
pub(super) fn current() -> Option<Arc<Frame>> {
    Inherited::current_value(&SCOPE)
}

/// Where a scope that is made now is attached, and whose cancellation is seen now.
pub(crate) fn current_node() -> Option<Arc<Node>> {
    match current() {
        Some(frame) => Some(frame.node.clone()),
        None => root::ground(),
    }
}

/// The innermost run that encloses what is polled now, and that would drop it.
pub(crate) fn enclosing() -> Option<Arc<Frame>> {
    let task = current_task();
    current().or_else(root::polled).filter(|frame| frame.task == task)
}

impl Frame {
    pub(crate) fn new(node: Arc<Node>, outer: Option<Arc<Frame>>) -> Arc<Frame> {
        Arc::new(Frame { node, task: current_task(), outer, holds: AtomicUsize::new(0) })
    }

    /// The current values, with this as the innermost frame.
    pub(crate) fn values(self: &Arc<Self>) -> Inherited {
        Inherited::current().with(&SCOPE, self.clone())
    }

    pub(crate) fn is_held(&self) -> bool {
        // Written by whoever is polled inside, or dropped anywhere; the wake that follows a drop publishes it.
        self.holds.load(Ordering::Acquire) > 0
    }

    /// Whether this run or one around it is about to drop what is inside: it is cancelled, or its deadline has come.
    pub(crate) fn is_ending(&self, now: Option<Instant>) -> bool {
        let past = |deadline: Instant| now.is_some_and(|now| deadline <= now);
        self.chain().any(|frame| frame.node.is_cancelled() || frame.node.deadline().is_some_and(past))
    }

    fn chain(&self) -> impl Iterator<Item = &Frame> {
        std::iter::successors(Some(self), |frame| frame.outer.as_deref())
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        let mut outer = self.outer.take();
        while let Some(mut frame) = outer.and_then(Arc::into_inner) {
            outer = frame.outer.take();
        }
    }
}

/// Keeps every run around it from dropping its future.
pub(crate) struct Hold {
    innermost: Option<Arc<Frame>>,
}

impl Hold {
    pub(crate) fn new(innermost: Option<Arc<Frame>>) -> Hold {
        let hold = Hold { innermost };
        hold.frames().for_each(|frame| {
            frame.holds.fetch_add(1, Ordering::AcqRel);
        });
        hold
    }

    fn frames(&self) -> impl Iterator<Item = &Frame> {
        self.innermost.as_deref().into_iter().flat_map(Frame::chain)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        for frame in self.frames() {
            let last = frame.holds.fetch_sub(1, Ordering::AcqRel) == 1;
            // Mostly we are inside the run's poll, which looks after it; but a future can be dropped elsewhere, too.
            if last && frame.node.is_cancelled() {
                frame.node.wake_runs();
            }
        }
    }
}
