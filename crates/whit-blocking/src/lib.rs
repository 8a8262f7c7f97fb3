//! A thread pool for blocking work that grows on demand and shrinks to nothing.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-blocking` to call blocking code from any executor.
//!
//! # Example
//!
//! ```
//! let sum = whit_core::block_on(whit_blocking::unblock(|| (1..=10).sum::<i32>()));
//! assert_eq!(sum, 55);
//! ```
//!
//! # How it works
//!
//! One queue under one lock. A job that finds nobody idle starts a thread, up to the cap. Of the idle threads one is woken at a
//! time; it wakes the next when it takes a job and leaves others behind, so a burst of tiny jobs does not wake a thread each.
//! A thread that has been idle for the time-out ends.
//!
//! # Cancellation and panics
//!
//! Dropping the task before its job has started drops the closure; after that the job runs to its end and the result is
//! dropped. A panic is re-raised where the task is awaited.
//!
//! # Features
//!
//! `rayon`: `RayonBlocking`, a rayon pool that takes blocking work.
//!
//! # Limits
//!
//! [`Unblock`] is for readers, writers and seekers; the `blocking` crate's is for iterators too.

#![forbid(unsafe_code)]

mod pool;
#[cfg(feature = "rayon")]
mod rayon;
mod unblock;

use std::sync::{Arc, OnceLock};

use whit_core::{Blocking, Handle, Home, Spawn, Task, job};

pub use pool::{Pool, PoolBuilder, PoolError, Stragglers};
#[cfg(feature = "rayon")]
pub use rayon::RayonBlocking;
pub use unblock::Unblock;

/// Runs a closure that may block, on the current handle's pool, or on a process-wide default: asyncio's `to_thread`.
///
/// Dropping the task before the closure has started cancels it.
///
/// # Panics
///
/// Awaiting the task re-raises the closure's panic.
#[track_caller]
pub fn unblock<T, F>(f: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    unblock_as(Spawn::new(), f)
}

/// As [`unblock`], spawned as `spawn` says.
fn unblock_as<T, F>(spawn: Spawn<'_>, f: F) -> Task<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let handle = Handle::try_current().ok();
    let blocking = handle.as_ref().and_then(|handle| handle.blocking().ok().cloned()).unwrap_or_else(default_pool);
    // The closure finds the handle that was current where it was made.
    spawn.spawn(&(blocking as Home), job(handle, f))
}

fn default_pool() -> Arc<dyn Blocking + Send + Sync> {
    static DEFAULT: OnceLock<Arc<Pool>> = OnceLock::new();
    DEFAULT.get_or_init(|| Arc::new(Pool::new())).clone()
}
