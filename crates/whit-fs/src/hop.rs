//! One hop to the blocking pool, and the sentence around what went wrong there.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::explain;

/// Runs `f` on the current handle's pool, or on the process-wide default. Dropped before it has begun, it does not run.
pub(crate) async fn hop<R: Send + 'static>(f: impl FnOnce() -> io::Result<R> + Send + 'static) -> io::Result<R> {
    whit_blocking::unblock(f).fallible().await.unwrap_or_else(|| {
        Err(io::Error::other(
            "a file operation was not done: its blocking pool was shut down; use files only while their runtime runs",
        ))
    })
}

/// As [`hop`], for what is done to a path: errors say "`doing` `path` failed".
pub(crate) async fn hop_at<R: Send + 'static>(
    doing: &'static str,
    path: &Path,
    f: impl FnOnce(&Path) -> io::Result<R> + Send + 'static,
) -> io::Result<R> {
    let path: PathBuf = path.to_owned();
    hop(move || f(&path).map_err(|error| explain(error, format_args!("{doing} {}", path.display())))).await
}
