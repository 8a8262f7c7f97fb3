//! Cancellation: a tree of scopes, and who acts on it.
//!
//! Parts: a [`Node`](node::Node) is a place in the tree, with a flag, a deadline and those who wait for the flag. A
//! [`Run`](run::Run) is a future inside a scope; it alone drops what is cancelled. A [`Frame`](frame::Frame) stands for a run that
//! encloses what is polled, and is what spawned tasks inherit. A [`Root`](root::Root) is the run that nobody inherits, and that an
//! interruption cancels.
//!
//! Rules:
//! 1. A cancelled node stays cancelled, and so does everything below it. The reason is that of the node where it began.
//! 2. Cancelling goes through the tree twice. First it marks each node and wakes those who asked by `cancelled()`; then it
//!    marks each node as *delivered* and wakes its runs. So a run acts only after everybody inside who wanted to know has
//!    been woken, and its next poll reaches them.
//! 3. A run whose node is delivered polls its future once more. If that is still pending and nothing inside is shielded, it
//!    drops the future, waits for the tasks that were dropped with it, and answers `Cancelled`.
//! 4. A run inside another run of the same task does not answer if that one is cancelled too, or its deadline has passed: the
//!    outer one drops it and speaks for both. So of nested scopes the outermost reports, and no code in between runs on.
//! 5. A shield counts itself in every frame that encloses it, and a frame with such a count is not dropped. Inside is a tree
//!    of its own, which nothing outside reaches.
//! 6. Each node has a lock of its own, held for moments, and never two at once: marking goes from node to node by a list,
//!    however deep the tree. A node that is attached after its parent was marked starts cancelled.
//!
//! Nothing is posted again and again: a cancelled scope that waits for a shield uses no time.

mod frame;
mod limit;
mod node;
mod reason;
mod root;
mod run;
mod scope;
mod shield;
mod token;
mod wait;

pub(crate) use frame::{Hold, current_node, enclosing};
pub use limit::{MoveOn, fail_after, fail_at, move_on_after, move_on_at};
pub(crate) use node::Node;
pub use reason::{Cancelled, Reason};
pub use root::{Root, interrupt};
pub use run::Run;
pub use scope::{CancelScope, NotRescheduled, effective_deadline, is_cancelled};
pub use shield::{Shield, shield};
pub use token::CancelToken;
pub use wait::{WaitCancelled, cancelled};
