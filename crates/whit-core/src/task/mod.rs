//! Tasks: one allocation each, with metadata that says where home is.
//!
//! What happens to a task, in order:
//! 1. [`spawn`] allocates it, lets its home [`adopt`](crate::Schedule::adopt) it, and schedules it.
//! 2. Each wake makes a [`Runnable`], which goes home by `home::dispatch`; running it polls the future once.
//! 3. If its first poll does not complete it, its home may [`keep`](crate::Schedule::keep) it in a list.
//! 4. The future completes, panics (caught: the panic becomes the output), or is cancelled. In each case it is dropped, with
//!    panics caught, **before** the home is told by [`release`](crate::Schedule::release).
//! 5. The output waits in the task for [`Task`], or is dropped if that is gone. An output that is a panic nobody saw goes to
//!    [`unhandled`](crate::Schedule::unhandled).
//!
//! `state` has the protocol (`place` the awaiter's room), `cell` the memory and the poll, `handle`, `runnable` and `waker` the three things that refer to a
//! task, `current` which task a thread polls, `eager` the first poll inside a spawn, and `memory` and `depot` where the memory goes.

mod cell;
mod current;
mod depot;
mod eager;
mod handle;
mod kept;
mod memory;
mod meta;
mod origin;
mod outcome;
mod place;
mod runnable;
mod spawn;
mod state;
mod sync;
mod waker;

pub use current::current_task;
pub use depot::trim;
pub use handle::{FallibleTask, Task};
pub use kept::Kept;
pub use meta::{Meta, TaskId};
pub use outcome::UnhandledPanic;
pub use runnable::Runnable;
pub use spawn::{Spawn, spawn};
