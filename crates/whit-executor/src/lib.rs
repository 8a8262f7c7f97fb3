//! A work-stealing executor and a thread-local one that may borrow what their tasks use.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, which drives an executor on all cores and ends it cleanly. Depend on
//! `whit-executor` if you bring your own event loop or `block_on`.
//!
//! # Example
//!
//! ```
//! use whit_executor::Executor;
//!
//! let executor = Executor::new();
//! let sum = executor.run(async {
//!     let tasks: Vec<_> = (1..=10).map(|n| executor.spawn(async move { n * n })).collect();
//!     let mut sum = 0;
//!     for task in tasks {
//!         sum += task.await;
//!     }
//!     sum
//! });
//! assert_eq!(whit_core::block_on(sum), 385);
//! ```
//!
//! # How it works
//!
//! Each worker has a queue of its own with a slot for the task that was woken last; a wake on a worker's thread goes there.
//! Wakes and spawns from elsewhere go to one injector. A worker without work takes a batch from the injector, or steals half
//! of another's queue, and then sleeps; `sleepers` says how exactly as many are woken as are needed, and `state` how the end
//! drops every future, which is what lets tasks borrow.
//!
//! Tasks may borrow what outlives the executor. [`run_scoped`] makes one for the length of a call, with threads of its own, so that
//! tasks borrow from the caller's frame.
//!
//! # Cancellation and panics
//!
//! A dropped `Task` is cancelled. A task's panic goes to whoever awaits it, or to
//! [`on_unhandled`](Executor::on_unhandled); it never ends a worker.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! A task that blocks holds its worker, and the task that this worker woke last. Timers and sockets go on, if there is another
//! worker: it takes the driver over within 20 ms.

mod blocked;
mod census;
mod ending;
mod executor;
mod injector;
mod leaked;
mod local;
mod look;
mod padded;
mod pulse;
mod queue;
#[cfg(not(loom))]
mod ring;
#[cfg(loom)]
#[doc(hidden)]
pub mod ring;
#[cfg(not(loom))]
mod rouse;
#[cfg(loom)]
#[doc(hidden)]
pub mod rouse;
mod scoped;
mod shared_park;
mod sleepers;
mod spare;
mod state;
mod sync;
mod thread;
mod unhandled;
mod watch;
mod worker;

pub use blocked::{BlockedPoll, StackTrace};
pub use executor::Executor;
pub use leaked::{StaticExecutor, StaticLocalExecutor};
pub use local::LocalExecutor;
pub use scoped::run_scoped;
pub use shared_park::{SharedPark, WorkerPark};
pub use spare::Spare;
pub use watch::{Watch, WatchEnd};
pub use worker::park_quietly;
