//! Child processes and signals, awaited.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-process` alone to start programs and to wait for signals from any
//! executor: it works under a plain `block_on` and inside tokio.
//!
//! # Example
//!
//! ```
//! use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
//! use whit_process::{Command, Stdio};
//!
//! # #[cfg(unix)]
//! futures_lite::future::block_on(async {
//!     let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     let mut stdin = child.stdin.take().unwrap();
//!     stdin.write_all(b"through the cat").await?;
//!     stdin.close().await?; // no more: `cat` ends
//!
//!     let mut heard = String::new();
//!     child.stdout.take().unwrap().read_to_string(&mut heard).await?;
//!     assert_eq!(heard, "through the cat");
//!     assert!(child.status().await?.success());
//!     std::io::Result::Ok(())
//! })
//! .unwrap();
//! ```
//!
//! # How it works
//!
//! On Linux each child has a pidfd, a descriptor that the reactor reports as readable when the child has ended. Where there is
//! none (other systems, Linux before 5.3, sandboxes, no descriptor left), `SIGCHLD` writes into a pipe, one for each reactor,
//! and everybody who waits asks for their own child. On Windows a job on the blocking pool waits. The pipes to a child are
//! watched by the reactor, on Windows used by the pool.
//!
//! The reactor is that of the current [`Handle`](whit_core::Handle), and outside a runtime a process-wide one that starts by
//! itself.
//!
//! A child that is dropped while it runs is reaped when it ends, by the waker that the reactor calls: there are no zombies, and
//! no thread for them. Only if a runtime ends before such a child does, the process-wide reactor takes the child over.
//!
//! # Cancellation and panics
//!
//! Every future may be dropped at any time. A status is never lost; output that was collected is. Nothing here panics.
//!
//! # Features
//!
//! `pool`: the module `pool`, a pool of processes that run functions of this program; it adds serde and postcard.
//!
//! # Limits
//!
//! [`Command::spawn`] itself blocks for about a millisecond. On Windows a status is told by a pool thread per child that is
//! waited for, and there are no signals. Unsafe code is in `signal/handler.rs` and `wait/windows.rs`.

mod child;
mod command;
mod error;
#[cfg(all(unix, not(loom)))]
#[expect(unreachable_pub, reason = "public for its models")]
mod news;
#[cfg(all(unix, loom))]
#[doc(hidden)]
pub mod news;
#[cfg(feature = "pool")]
pub mod pool;
mod process;
pub mod signal;
mod stdio;
mod wait;

pub use std::process::{ExitStatus, Output, Stdio};

pub use child::Child;
pub use command::Command;
pub use stdio::{ChildStderr, ChildStdin, ChildStdout};

/// Switches for tests, which may change.
#[cfg(unix)]
#[doc(hidden)]
pub mod testing {
    /// Whether children that are started from now on are watched by `SIGCHLD`, even where there are pidfds.
    pub fn force_sigchld(force: bool) {
        crate::wait::force_sigchld(force);
    }
}
