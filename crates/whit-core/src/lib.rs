//! The seams of an event loop taken apart: the traits, the task and the handle that join whit's crates.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, which has everything joined already. Depend on `whit-core` when you write
//! a part of your own (an executor, a clock, a reactor, a network), or when your library wants to accept whatever its
//! user runs on.
//!
//! # Example
//!
//! Anything that accepts a [`Runnable`] is an executor. Here it is a plain queue:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//! use whit_core::{Runnable, Schedule, ScheduleInfo, spawn};
//!
//! #[derive(Default)]
//! struct Queue(Mutex<Vec<Runnable>>);
//!
//! impl Schedule for Queue {
//!     fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
//!         self.0.lock().unwrap().push(runnable);
//!     }
//! }
//!
//! let queue = Arc::new(Queue::default());
//! let task = spawn(&(queue.clone() as whit_core::Home), async { 1 + 2 });
//! let runnable = queue.0.lock().unwrap().pop();
//! runnable.unwrap().run();
//! assert_eq!(whit_core::block_on(task), 3);
//! ```
//!
//! # How it works
//!
//! One rule shapes every trait here: **it holds only non-generic, poll-level verbs on plain data; every future is one
//! concrete struct over a handle.** So each trait is dyn-compatible, nothing is boxed, and `Send` follows from the
//! handle that is used.
//!
//! | seam | asyncio's word | verbs |
//! | --- | --- | --- |
//! | [`Schedule`] | `call_soon` | queue a ready task |
//! | [`Blocking`] | `run_in_executor` | a `Schedule` whose tasks may block |
//! | [`Clock`] | `time`, `call_at` | `now`, `poll_until`, `cancel` |
//! | [`Reactor`] | `add_reader`, `add_writer` | `register`, `deregister`, `rearm`; readiness lives in [`Source`] |
//! | [`Park`] | `select(timeout)` | sleep until a deadline or an unpark |
//! | [`Network`] | `create_connection` | connect, listen, bind, resolve |
//! | [`Entropy`](entropy::Entropy) | `random` | choose; only simulations have one |
//! | [`Disk`] | – | open, list, rename, remove…; without one, files are the system's |
//!
//! [`Handle`] bundles them as one value; [`Handle::current`] is set for a thread while it drives a runtime.
//!
//! # Cancellation and panics
//!
//! Dropping a [`Task`] cancels it; its future is dropped where it would have been polled, and [`cleanup::collect`] waits for
//! that. A panic inside a task is
//! caught, re-raised at the await, and told to [`Schedule::unhandled`] if nobody awaits. A panic in the `Drop` of a
//! task's future is caught as well, and so is one of the waker that a finished task wakes.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! Unsafe code is confined to `task/` and `home.rs`, with a promise that homes make in `schedule.rs`.

pub mod budget;
pub mod cleanup;
mod clock;
mod disk;
pub mod entropy;
mod handle;
mod home;
mod inherited;
mod job;
mod network;
mod panics;
mod park;
mod reactor;
mod returns;
mod schedule;
mod source;
mod spin;
mod sync;
mod task;

pub use clock::{Clock, ManualClock, TimerKey};
pub use disk::{Disk, DiskFile, DiskWork, FileFacts, FileKind, OpenFlags};
pub use handle::{Enter, Handle, HandleBuilder, Missing};
pub use home::{drive, drive_alone, is_driving};
pub use inherited::{Inherited, Inheriting, Key};
pub use job::job;
pub use network::{Datagram, Listener, Network, SocketOptions, Stream};
pub use panics::{Panics, quietly, wake_all};
pub use park::{Park, ThreadPark, block_on};
pub use reactor::{BorrowedSource, Interest, RawSource, Reactor, SourceKey};
pub use returns::refill_returns;
pub use schedule::{Adoption, Blocking, Confined, Home, Schedule, ScheduleInfo};
pub use source::{Dir, Source, Tick, WaiterKey};
pub use spin::Spin;
pub use task::{FallibleTask, Kept, Meta, Runnable, Spawn, Task, TaskId, UnhandledPanic, current_task, spawn, trim};
