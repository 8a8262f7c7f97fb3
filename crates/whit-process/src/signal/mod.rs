//! Signals as a stream, and Ctrl-C as a future. The names are async-signal's.
//!
//! ```
//! # #[cfg(unix)] {
//! use futures_lite::{StreamExt, future::block_on};
//! use whit_process::Command;
//! use whit_process::signal::{Signal, Signals};
//!
//! block_on(async {
//!     let mut signals = Signals::new([Signal::Usr1, Signal::Usr2])?;
//!     // A child that sends us a signal, and ends.
//!     let mut child = Command::new("sh").arg("-c").arg("kill -USR2 $PPID").spawn()?;
//!     assert_eq!(signals.next().await.unwrap()?, Signal::Usr2);
//!     assert!(child.status().await?.success());
//!     std::io::Result::Ok(())
//! })
//! .unwrap();
//! # }
//! ```
//!
//! # Two warnings
//!
//! A signal that was once caught is never given back to the system's default: when the last stream of it is gone, it is ignored.
//! And signals that come faster than they are read become one, as in the system.

#[cfg(unix)]
mod handler;
#[cfg(unix)]
mod names;
#[cfg(unix)]
mod stream;

use std::io;

#[cfg(unix)]
pub(crate) use handler::Handler;
#[cfg(unix)]
pub use names::Signal;
#[cfg(unix)]
pub use stream::Signals;

/// Waits for Ctrl-C (`SIGINT`), and catches it from this call on: it does not end the program any more.
///
/// ```no_run
/// # futures_lite::future::block_on(async {
/// let ctrl_c = whit_process::signal::ctrl_c();
/// println!("running until Ctrl-C");
/// ctrl_c.await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// # Errors
///
/// No descriptors are left, or the reactor has been shut down. On Windows always, with `Unsupported`.
///
/// # Cancel safety
///
/// A Ctrl-C that came while a dropped future waited is lost with it.
#[cfg_attr(not(unix), allow(clippy::manual_async_fn, reason = "elsewhere it listens before it is polled"))]
pub fn ctrl_c() -> impl Future<Output = io::Result<()>> + Send + use<> {
    #[cfg(unix)]
    {
        let signals = Signals::new([Signal::Int]);
        async {
            let mut signals = signals?;
            std::future::poll_fn(|cx| signals.poll(cx)).await.map(drop)
        }
    }
    #[cfg(not(unix))]
    async {
        let text = "waiting for Ctrl-C failed: it is not caught on this system yet; it ends the program";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}
