//! hyper's runtime traits on whit.
//!
//! # Should I use this crate?
//!
//! Yes, to run hyper 1.x on whit: hyper brings HTTP, and asks for an executor, a timer and its own I/O traits.
//!
//! # Example
//!
//! A server and a client on loopback, under a plain `block_on`; inside `whit::run` it is the same program:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::Bytes;
//! use hyper::rt::Executor;
//! use hyper::service::service_fn;
//! use hyper::{Request, Response, client, server};
//! use whit_hyper::{WhitExecutor, WhitIo, WhitTimer};
//! use whit_net::{TcpListener, TcpStream};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! whit_core::block_on(async {
//!     let executor = WhitExecutor::current();
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!
//!     executor.execute(async move {
//!         let (stream, _) = listener.accept().await.unwrap();
//!         let hello = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("hello"))) });
//!         // The timer closes a connection whose request does not come within hyper's 30 seconds.
//!         server::conn::http1::Builder::new().timer(WhitTimer).serve_connection(WhitIo::new(stream), hello).await
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut sender, connection) = client::conn::http1::handshake(WhitIo::new(stream)).await?;
//!     executor.execute(connection);
//!     let request = Request::get("/").header("host", "localhost").body(Empty::<Bytes>::new())?;
//!     let body = sender.send_request(request).await?.into_body().collect().await?;
//!     assert_eq!(body.to_bytes(), "hello");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # How it works
//!
//! [`WhitIo`] reads into a buffer of its own on the stack and copies what came, since hyper's buffer may be uninitialised and
//! futures-io's traits want it initialised: a copy of some KiB instead of unsafe code. The buffer has 1 KiB, and 8 while there
//! is more, as filling it costs more than reading a small request. [`WhitTimer`] sleeps on the clock of
//! the current handle, [`WhitExecutor`] spawns onto its scheduler.
//!
//! Outside every runtime, in tokio say, each of them takes a process-wide default that starts by itself: the clock of
//! `whit-timers`, and an executor with one thread, `whit-hyper`.
//!
//! # Cancellation and panics
//!
//! Those of the types inside. Dropping a connection of hyper closes its stream; what it spawned is detached and goes on, until
//! its runtime ends. A panic there goes to `on_unhandled` of the runtime.
//!
//! # Features
//!
//! None. Turn on what you need of hyper's: `http1`, `http2`, `client`, `server`.
//!
//! # Limits
//!
//! A read takes at most 8 KiB. Whether a stream writes several buffers at once has to be said: [`WhitIo::vectored`].

#![forbid(unsafe_code)]

mod default;
mod executor;
mod io;
mod timer;

pub use executor::WhitExecutor;
pub use io::WhitIo;
pub use timer::WhitTimer;
