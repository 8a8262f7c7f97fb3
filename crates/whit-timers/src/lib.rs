//! A hierarchical timer wheel, sleeps, intervals and time-outs.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-timers` if you need timers alone: they work under every executor.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use whit_timers::{sleep, timeout};
//!
//! whit_core::block_on(async {
//!     sleep(Duration::from_millis(5)).await;
//!     let late = timeout(Duration::from_millis(5), std::future::pending::<()>()).await;
//!     assert_eq!(late.unwrap_err().to_string(), "the future was not ready within 5ms");
//! });
//! ```
//!
//! # How it works
//!
//! [`Timers`] is a layer over a [`Park`](whit_core::Park): it narrows the deadline to that of its wheel's next timer, parks
//! the layer below, and wakes what is due. There is a wheel for each processor, so that workers do not meet. Inserting and
//! cancelling cost the same however many timers there are, and a timer is as precise as the park, not rounded to the wheel's
//! ticks; where very many fire one after the other, they wait for up to half a millisecond to fire together. A duration of
//! 10 ms or more is counted from a present that may be up to 5 µs ahead, as reading the clock each time would take as long
//! as the rest. Futures take the clock of the current [`Handle`](whit_core::Handle); outside a runtime they start a
//! process-wide default with one thread, `whit-timers`.
//!
//! # Cancellation and panics
//!
//! Every future here may be dropped at any time: it forgets its registration. A waker that panics does not keep the
//! others from being woken.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! One thread fires all timers. At most 16 wheels: with more threads than that at once, some share a lock. A cancelled timer
//! that was the earliest still wakes that thread once. Leaking a future, by `mem::forget`, leaks its 40 bytes in a wheel.
//!
//! Unsafe code is in `short_lock.rs`, the access to what it guards, and in `late.rs`, the instruction that reads a processor's
//! counter.

#![deny(unsafe_code)]

#[cfg(loom)]
#[doc(hidden)]
pub mod alarm;
#[cfg(not(loom))]
mod alarm;
mod default;
mod epoch;
mod hold;
mod interval;
#[allow(unsafe_code, reason = "the instruction that reads the counter")]
mod late;
mod pace;
#[cfg(loom)]
#[doc(hidden)]
#[allow(unsafe_code, reason = "the access to what it guards")]
pub mod short_lock;
#[cfg(not(loom))]
#[allow(unsafe_code, reason = "the access to what it guards")]
mod short_lock;
mod sleep;
mod sync;
mod timeout;
mod timer;
mod timers;
mod wheel;

pub use default::{SharedClock, current_clock, now};
pub use hold::{hold, keep_busy};
pub use interval::{Interval, MissedTick, interval};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use timer::Timer;
pub use timers::Timers;
