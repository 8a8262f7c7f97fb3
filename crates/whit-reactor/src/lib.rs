//! An edge-triggered reactor with cached readiness, and `Async<T>` over it.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, or the sockets of `whit-net`. Depend on `whit-reactor` to wait for a descriptor of
//! your own, or to drive a loop by hand: [`Reactor`] is a [`Park`](whit_core::Park).
//!
//! # Example
//!
//! ```
//! use std::net::{TcpListener, TcpStream};
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//! use whit_reactor::Async;
//!
//! futures_lite::future::block_on(async {
//!     let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
//!     let mut near = Async::<TcpStream>::connect(listener.get_ref().local_addr()?).await?;
//!     let (mut far, _) = listener.accept().await?;
//!
//!     near.write_all(b"hello").await?;
//!     let mut heard = [0; 5];
//!     far.read_exact(&mut heard).await?;
//!     assert_eq!(&heard, b"hello");
//!     std::io::Result::Ok(())
//! })
//! .unwrap();
//! ```
//!
//! # How it works
//!
//! A descriptor is registered once, for both directions, edge-triggered. What the system said last is kept in its
//! [`Source`](whit_core::Source); operations try if it says ready, and wait for the next edge when they would block. On Linux
//! the wait is one `epoll_pwait` (`epoll_pwait2` for a deadline within milliseconds) and nothing else. Where there are no
//! edges, each wait arms the descriptor anew.
//!
//! # Cancellation and panics
//!
//! Dropping any future here loses nothing. A waker that panics comes out of `park`, after all other events
//! have been delivered.
//!
//! # Features
//!
//! `async-io`: `AsyncIoReactor`, which shares the reactor of async-io.
//!
//! # Limits
//!
//! Unsafe code is in `reactor.rs` and `sys/` (registering, and the wait of Linux), `asynchronous/` (which keeps that promise, and
//! `IoSafe`), `interrupt/` (the handler of Ctrl-C) and `async_io.rs`. Of async-io's API, `os` (kqueue and Windows waitables) and `Timer` are not here; for the
//! latter see `whit-timers`.

#[cfg(feature = "async-io")]
mod async_io;
mod asynchronous;
mod default;
#[cfg(loom)]
#[doc(hidden)]
#[path = "interrupt/gate.rs"]
pub mod gate;
#[cfg(not(loom))]
mod interrupt;
#[cfg(loom)]
#[doc(hidden)]
pub mod parking;
#[cfg(not(loom))]
mod parking;
mod reactor;
mod sync;
mod sys;
mod table;

#[cfg(feature = "async-io")]
pub use async_io::AsyncIoReactor;
pub use asynchronous::{
    AsSource, Async, IoSafe, Readable, ReadableOwned, Readiness, Writable, WritableOwned, start_connect,
};
pub use default::{SharedReactor, current_reactor};
#[cfg(not(loom))]
pub use interrupt::Interrupts;
pub use reactor::Reactor;
