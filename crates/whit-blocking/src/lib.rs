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
    let blocking = blocking_of(handle.as_ref());
    // The closure finds the handle that was current where it was made.
    spawn.spawn(&(blocking as Home), job(handle, f))
}

/// A scheduler for what blocks, that anybody may share.
pub type SharedBlocking = Arc<dyn Blocking + Send + Sync>;

/// Where [`unblock`] would run a closure now: on the current handle's pool, or outside a runtime on the process-wide default.
///
/// ```
/// let task = whit_core::spawn(&(whit_blocking::current_blocking() as whit_core::Home), async { 2 + 2 });
/// assert_eq!(whit_core::block_on(task), 4);
/// ```
pub fn current_blocking() -> SharedBlocking {
    blocking_of(Handle::try_current().ok().as_ref())
}

fn blocking_of(handle: Option<&Handle>) -> SharedBlocking {
    static DEFAULT: OnceLock<Arc<Pool>> = OnceLock::new();
    match handle.and_then(|handle| handle.blocking().ok()) {
        Some(blocking) => blocking.clone(),
        None => DEFAULT.get_or_init(|| Arc::new(Pool::new())).clone(),
    }
}
