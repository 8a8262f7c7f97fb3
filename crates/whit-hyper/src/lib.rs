//! hyper's runtime traits on whit.
//!
//! # Should I use this crate?
//!
//! Yes, to run hyper 1.x on whit: hyper brings HTTP, and asks for an executor, a timer and its own I/O traits.
//!
//! # Example
//!
//! ```no_run
//! // Serving one connection; `service` is any of hyper's services.
//! # async fn example<S>(stream: impl futures_lite::AsyncRead + futures_lite::AsyncWrite + Unpin) {
//! let io = whit_hyper::WhitIo::new(stream);
//! // hyper::server::conn::http1::Builder::new().timer(whit_hyper::WhitTimer).serve_connection(io, service).await
//! # drop(io);
//! # }
//! ```
//!
//! # How it works
//!
//! [`WhitIo`] reads into a buffer of its own on the stack and copies what came, since hyper's buffer may be uninitialised and
//! futures-io's traits want it initialised: a copy of some KiB instead of unsafe code.
//!
//! # Cancellation and panics
//!
//! Those of the types inside.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! A read takes at most 8 KiB.

#![forbid(unsafe_code)]

mod executor;
mod io;
mod timer;

pub use executor::WhitExecutor;
pub use io::WhitIo;
pub use timer::WhitTimer;
