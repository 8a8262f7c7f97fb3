//! One hop to the blocking pool, and the sentence around what went wrong there.

use std::io;
use std::path::{Path, PathBuf};

use whit_core::DiskWork;

use crate::disk::{self, Delay, Disk};
use crate::error::explain;

/// Runs `f` on the current handle's pool, or on the process-wide default; not before `disk` allows it. Dropped before it has
/// begun, it does not run.
pub(crate) async fn hop<R: Send + 'static>(
    disk: Option<Disk>,
    work: DiskWork,
    f: impl FnOnce(Option<&Disk>) -> io::Result<R> + Send + 'static,
) -> io::Result<R> {
    if let Some(disk) = &disk {
        Delay::of(disk, work).await;
    }
    whit_blocking::unblock(move || f(disk.as_ref())).fallible().await.unwrap_or_else(|| {
        Err(io::Error::other(
            "a file operation was not done: its blocking pool was shut down; use files only while their runtime runs",
        ))
    })
}

/// As [`hop`], for what is done to a path, of the system's or of the disk in the handle: errors say "`doing` `path` failed".
pub(crate) async fn hop_at<R: Send + 'static>(
    work: DiskWork,
    doing: &'static str,
    path: &Path,
    f: impl FnOnce(Option<&Disk>, &Path) -> io::Result<R> + Send + 'static,
) -> io::Result<R> {
    let path: PathBuf = path.to_owned();
    hop(disk::current(), work, move |disk| {
        f(disk, &path).map_err(|error| explain(error, format_args!("{doing} {}", path.display())))
    })
    .await
}
