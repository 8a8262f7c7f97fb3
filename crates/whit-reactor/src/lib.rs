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
//!     let listener = Async::new(TcpListener::bind("127.0.0.1:0")?)?;
//!     let near = Async::new(TcpStream::connect(listener.get_ref().local_addr()?)?)?;
//!     let (far, _) = listener.read_with(|listener| listener.accept()).await?;
//!     let far = Async::new(far)?;
//!
//!     (&near).write_all(b"hello").await?;
//!     let mut heard = [0; 5];
//!     (&far).read_exact(&mut heard).await?;
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
//! None.
//!
//! # Limits
//!
//! Unsafe code is in `reactor.rs` (registering with `polling`), `sys/` and `asynchronous.rs` (which keeps its promise). Of
//! async-io's API the inherent methods of sockets (`Async::<TcpStream>::connect` and so on) and `os` are not here: see
//! `whit-net` for the former.

mod asynchronous;
mod default;
#[cfg(loom)]
#[doc(hidden)]
pub mod parking;
#[cfg(not(loom))]
mod parking;
mod reactor;
mod sync;
mod sys;
mod table;

pub use asynchronous::{AsSource, Async, Readiness};
pub use default::{SharedReactor, current_reactor};
pub use reactor::Reactor;
