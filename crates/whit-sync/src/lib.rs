//! Async events and semaphores that run on every executor.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-sync` under any other executor: it needs a waker and nothing else.
//!
//! # Example
//!
//! ```
//! use whit_sync::Semaphore;
//!
//! futures_lite::future::block_on(async {
//!     let semaphore = Semaphore::new(2);
//!     let one = semaphore.acquire().await;
//!     let two = semaphore.acquire().await;
//!     assert!(semaphore.try_acquire().is_none());
//!     drop(one);
//!     assert!(semaphore.try_acquire().is_some());
//!     drop(two);
//! });
//! ```
//!
//! # How it works
//!
//! A short lock around the state and its waiters, in the order of their coming; wakers are called outside of it. A release
//! hands permits to the one that waited longest; nobody overtakes.
//!
//! # Cancellation and panics
//!
//! Every future may be dropped at any time: a permit that was granted to it goes to the next. A future that was granted a
//! permit and is kept without being polled keeps the permit.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! Mutex, RwLock, Barrier, OnceCell, Condvar and the channels are not there yet, and there is no lock-free path.

#![forbid(unsafe_code)]

mod event;
mod semaphore;

pub use event::{Event, Wait};
pub use semaphore::{Acquire, AcquireArc, Semaphore, SemaphoreGuard, SemaphoreGuardArc};
