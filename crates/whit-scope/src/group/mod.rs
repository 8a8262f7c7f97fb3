//! Task groups: children that run in parallel, and none that outlives its group.
//!
//! Parts: a [`State`](state::State) counts the children and keeps what they failed with; [`child`] is the future around each child;
//! [`run`](run) drives the body and waits. [`local`] is the group for one thread, which needs none of this.
//!
//! Rules:
//! 1. A child is counted from its spawn until its future has been dropped, however it ends: ready, failed, panicked, cancelled,
//!    or dropped by an executor that closes. What it ended with is noted, and what follows from it is done, before it is
//!    counted out. So when the count is zero, everything is known.
//! 2. The group has a scope, in which the body runs, and below it one for the children, each of which has one of its own.
//!    Cancelling is done there, and nowhere else: no task is aborted behind its back.
//! 3. While children are left, the runs around the group keep it (`Hold`), so that it may wait for them. It answers for
//!    itself only if no run around it does.
//! 4. The group is over once the body has ended and the count is zero; both are looked at under one lock, and after that
//!    nobody is counted in.

mod child;
mod error;
mod local;
mod run;
mod slot;
mod state;

pub use child::Child;
pub use error::GroupError;
pub use local::{LocalTaskGroup, local_task_group};
pub(crate) use run::drive;
pub use run::{GroupBuilder, task_group};
pub(crate) use slot::Slot;
pub use slot::{NotStarted, Ready};
pub use state::{Policy, TaskGroup};
