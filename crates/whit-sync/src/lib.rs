//! Locks, semaphores, events and channels that run on every executor.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, where this is `whit::sync`. Depend on `whit-sync` under any other executor: it needs
//! a waker and nothing else. Names are those of async-lock and async-channel; broadcast and watch come from tokio's.
//!
//! # Example
//!
//! ```
//! use whit_sync::{Mutex, bounded};
//!
//! futures_lite::future::block_on(async {
//!     let total = Mutex::new(0);
//!     let (sender, receiver) = bounded(10);
//!     for number in 1..=4 {
//!         sender.send(number).await.unwrap();
//!     }
//!     drop(sender);
//!     while let Ok(number) = receiver.recv().await {
//!         *total.lock().await += number;
//!     }
//!     assert_eq!(*total.lock().await, 10);
//! });
//! ```
//!
//! # How it works
//!
//! `Semaphore`, `Mutex` and `RwLock` are one word that says how many permits are free, changed by one atomic step while nobody
//! waits, and a list of waiters under a short lock. A release hands the permits to the one that waited longest; nobody
//! overtakes. Who finds a lock busy and nobody waiting tries for up to a microsecond before a queue is formed. Channels are a
//! queue under a short lock, and hand a message to the receiver that waited longest; who is behind in a large broadcast takes
//! several at a time. A oneshot is one allocation and one word.
//! Wakers are called, and messages dropped, outside of every lock.
//!
//! The short lock of all these lists and queues is held for some tens of nanoseconds, and unlocked by a plain store.
//! Who finds it locked looks again for some microseconds, then yields the processor, then sleeps between two looks.
//!
//! # Cancellation and panics
//!
//! Every future here may be dropped at any time: a permit, a lock, a notification or a message that was given to it goes to the
//! next. A future that was given one and is kept without being polled keeps it; of locks and semaphores that holds up all
//! others, of channels only that one message. Nothing is poisoned by a panic.
//!
//! # Features
//!
//! `budget`: operations count against the cooperative budget of `whit-core`, so that a task in a loop over a channel that is
//! never empty gives the others a turn. The facade asks for it.
//!
//! # Limits
//!
//! Being handed over in order costs throughput under contention against locks that let others barge in. A `*_blocking` call on
//! the only thread of an executor waits for ever; in a simulation, with feature `budget`, it panics instead, and says where.
//!
//! Unsafe code is in `mutex.rs`, `rwlock` and `short_lock.rs`: the access to what they guard; and in `oneshot/shared.rs`: the
//! allocation that both ends share.

#![deny(unsafe_code)]

mod acquire;
mod barrier;
mod blocking;
pub mod broadcast;
mod budget;
pub mod channel;
mod condvar;
mod event;
#[allow(unsafe_code, reason = "the access to what it guards")]
mod mutex;
mod notify;
mod once_cell;
pub mod oneshot;
mod priority_queue;
mod raw;
#[allow(unsafe_code, reason = "the access to what it guards")]
mod rwlock;
mod semaphore;
#[allow(unsafe_code, reason = "the access to what it guards")]
mod short_lock;
mod sync;
mod wait_list;
pub mod watch;

pub use barrier::{Barrier, BarrierError, BarrierWaitResult};
#[doc(no_inline)]
pub use channel::{Receiver, Sender, bounded, unbounded};
pub use condvar::Condvar;
pub use event::Event;
pub use mutex::{Mutex, MutexGuard, MutexGuardArc};
pub use notify::{Notified, Notify};
pub use once_cell::OnceCell;
pub use priority_queue::PriorityQueue;
pub use rwlock::{
    RwLock, RwLockReadGuard, RwLockReadGuardArc, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc,
    RwLockWriteGuard, RwLockWriteGuardArc,
};
pub use semaphore::{AcquireError, Semaphore, SemaphoreGuard, SemaphoreGuardArc};

/// The futures of this crate, by name.
pub mod futures {
    pub use crate::barrier::BarrierWait;
    pub use crate::event::EventWait;
    pub use crate::mutex::{Lock, LockArc};
    pub use crate::notify::Notified;
    pub use crate::rwlock::{Read, ReadArc, UpgradableRead, UpgradableReadArc, Upgrade, UpgradeArc, Write, WriteArc};
    pub use crate::semaphore::{Acquire, AcquireArc};
}

/// Locks std's mutex, and goes on after a panic elsewhere: every section under these locks leaves its data whole.
fn lock<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
