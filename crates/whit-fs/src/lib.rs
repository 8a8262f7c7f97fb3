//! Files, directories and standard streams, awaited.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-fs` alone to use files from any executor: it works under a plain
//! `block_on` and inside tokio.
//!
//! # Example
//!
//! ```
//! use futures_lite::{AsyncWriteExt, StreamExt};
//!
//! futures_lite::future::block_on(async {
//!     let folder = std::env::temp_dir().join(format!("whit-fs-{}", std::process::id()));
//!     whit_fs::create_dir_all(&folder).await?;
//!
//!     let mut file = whit_fs::File::create(folder.join("poem")).await?;
//!     file.write_all(b"roses are red\n").await?;
//!     file.close().await?; // now everybody sees it
//!
//!     let mut names = Vec::new();
//!     let mut entries = whit_fs::read_dir(&folder).await?;
//!     while let Some(entry) = entries.next().await {
//!         names.push(entry?.file_name());
//!     }
//!     assert_eq!(names, ["poem"]);
//!     assert_eq!(whit_fs::read_to_string(folder.join("poem")).await?, "roses are red\n");
//!     whit_fs::remove_dir_all(folder).await
//! })
//! .unwrap();
//! ```
//!
//! # How it works
//!
//! Files block: no system tells when one is ready. So everything is done on the blocking pool, that of the current
//! [`Handle`](whit_core::Handle), and outside a runtime a process-wide one. What takes a path takes one hop, however many system
//! calls it makes. A [`File`] has a buffer, and writes behind, so that small writes do not take a hop each; see there why
//! dropping it loses nothing. Reads first try, on Linux, to take what the system has in memory (`RWF_NOWAIT`), which needs no
//! hop.
//!
//! If the current handle has a [`Disk`](whit_core::Disk), files are there: that is how a program runs on the disks of a simulation,
//! unchanged. Who opens a file, or does something to a path, asks the handle once, and stays with the answer. What has no
//! meaning on such a disk is an error that names the call: symbolic links, and what `as_std` gives.
//!
//! # Cancellation and panics
//!
//! Dropping a future before its job has begun cancels it. After that it is done, and the result is dropped. Nothing here panics,
//! apart from the lack of a thread for the process-wide pool.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! No locks on files, no memory maps, no io_uring. What was written and not flushed is lost if the process is killed, aborts or
//! calls `exit`.

#![forbid(unsafe_code)]

mod cursor;
mod dir;
mod disk;
mod error;
mod facts;
mod file;
mod hop;
pub mod io;
#[cfg(loom)]
#[doc(hidden)]
pub mod model;
mod nowait;
mod paths;
mod sync;
mod whole;

#[cfg(unix)]
pub use paths::unix;
pub use paths::{
    canonicalize, copy, create_dir, create_dir_all, exists, hard_link, metadata, read, read_link, read_to_string,
    remove_dir, remove_dir_all, remove_file, rename, set_permissions, symlink_metadata, sync_dir, write,
};

pub use dir::{DirBuilder, DirEntry, ReadDir, read_dir};
pub use facts::{FileType, Metadata, Permissions};
pub use file::{File, OpenOptions};

/// Switches for tests and measurements, which may change.
#[doc(hidden)]
pub mod testing {
    /// Whether reads first try what the system has in memory.
    pub fn try_nowait(tries: bool) {
        crate::nowait::set_tries(tries);
    }
}
