//! `File`: opening, what is asked of an open file, and reading and writing as a stream.

mod body;
mod open;
mod positional;

use std::fs;
use std::io::{self, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use whit_core::DiskWork;

use crate::cursor::Cursor;
use crate::disk::unsupported;
use crate::facts::{Metadata, Permissions};
use crate::hop::hop;
use crate::nowait::Nowait;
use body::Body;

pub use open::OpenOptions;

/// An open file: a reader, writer and seeker, with a buffer.
///
/// **Writing** is behind: a write takes its bytes along, up to 64 KiB, and returns; a job on the blocking pool writes them right
/// away, together with what comes meanwhile. An error is told by the next operation. [`flush`](AsyncWrite::poll_flush) and
/// closing wait until the system has everything, [`sync_all`](File::sync_all) until the disk has.
///
/// **Dropping loses nothing.** What was accepted is on its way when the file is dropped; the descriptor is closed after it. A
/// runtime waits for it when it ends, within its grace period; outside a runtime the drop itself waits. (A process that is killed,
/// aborted or ended by `exit` loses what was not flushed.) Inside a runtime the drop does not wait, so whoever opens the file next
/// may come before those bytes, and an error goes to stderr, as nobody else can be told: close first if either matters.
///
/// **Reading** takes what the system has in memory without a hop to the pool, on Linux; else a job reads 64 KiB ahead, or as much
/// as the buffer holds, up to 1 MiB. A write after that, or a seek, counts from what was given out.
///
/// Everything else, positional reads and writes too, comes after what was written before it.
///
/// # Cancel safety
///
/// Reading, writing, flushing: bytes are returned or stay, and are accepted or not. A dropped seek is done or not.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
/// use whit_fs::{File, OpenOptions};
///
/// futures_lite::future::block_on(async {
///     let path = std::env::temp_dir().join(format!("whit-file-{}", std::process::id()));
///     let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).await?;
///     file.write_all(b"hello file").await?;
///     file.seek(std::io::SeekFrom::Start(6)).await?;
///     let mut rest = String::new();
///     file.read_to_string(&mut rest).await?;
///     assert_eq!(rest, "file");
///     whit_fs::remove_file(path).await
/// })
/// .unwrap();
/// ```
#[derive(Debug)]
pub struct File {
    cursor: Arc<Cursor<Body>>,
}

impl File {
    /// Opens a file to read it.
    ///
    /// # Errors
    ///
    /// It is not there, or may not be read; the text names the path.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).open(path).await
    }

    /// Opens a file to write it: a new one, or an old one that is emptied.
    ///
    /// # Errors
    ///
    /// It may not be made or written; the text names the path.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path).await
    }

    /// Makes a file that must not exist, to read and write it.
    ///
    /// # Errors
    ///
    /// It exists, or may not be made; the text names the path.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path).await
    }

    /// Waits until everything, and what the system knows of the file, is on the disk.
    ///
    /// # Errors
    ///
    /// That of a write behind, or what the system says; so for the other methods.
    pub async fn sync_all(&self) -> io::Result<()> {
        self.op(DiskWork::Sync, Body::sync_all).await
    }

    /// As [`sync_all`](File::sync_all), without what is not needed to read it again (its times, say).
    #[allow(clippy::missing_errors_doc, reason = "said once, at `sync_all`")]
    pub async fn sync_data(&self) -> io::Result<()> {
        self.op(DiskWork::Sync, Body::sync_data).await
    }

    /// Makes the file as long as this, with zeros if it was shorter. The cursor stays.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `sync_all`")]
    pub async fn set_len(&self, length: u64) -> io::Result<()> {
        self.op(DiskWork::Write, move |file| file.set_len(length)).await
    }

    /// What the system knows of the file.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `sync_all`")]
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.op(DiskWork::Names, Body::metadata).await
    }

    /// Changes the permissions.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `sync_all`")]
    pub async fn set_permissions(&self, permissions: impl Into<Permissions>) -> io::Result<()> {
        let permissions = permissions.into();
        self.op(DiskWork::Names, move |file| file.set_permissions(permissions)).await
    }

    /// The system's file inside, for what only that can do. What was accepted and not flushed, it has not seen.
    ///
    /// # Errors
    ///
    /// It is a file of the disk in the handle, and not the system's.
    pub fn as_std(&self) -> io::Result<&fs::File> {
        self.cursor.io.system().ok_or_else(|| unsupported("File::as_std"))
    }

    /// One hop: what was written before, and then `f`. Dropped before it has begun, `f` does not run.
    async fn op<R: Send + 'static>(
        &self,
        work: DiskWork,
        f: impl FnOnce(&Body) -> io::Result<R> + Send + 'static,
    ) -> io::Result<R> {
        let cursor = self.cursor.clone();
        hop(self.cursor.io.disk().cloned(), work, move |_| {
            cursor.settle_and_tell()?;
            f(&cursor.io)
        })
        .await
    }

    fn over(body: Body) -> File {
        File { cursor: Arc::new(Cursor::new(body)) }
    }
}

impl Drop for File {
    fn drop(&mut self) {
        self.cursor.abandon();
    }
}

impl AsyncRead for File {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.cursor.poll_read(cx, buf)
    }
}

impl AsyncWrite for File {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cursor.poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cursor.poll_flush(cx)
    }

    /// Flushes. The descriptor is closed by the drop.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cursor.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(self: Pin<&mut Self>, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        self.cursor.poll_seek(cx, to)
    }
}

impl From<fs::File> for File {
    /// Takes std's file over, whatever disk the handle has. Other handles of the same open file share its cursor.
    fn from(file: fs::File) -> File {
        File::over(Body::System { file, nowait: Nowait::default() })
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for File {
    /// # Panics
    ///
    /// If it is not the system's; [`as_std`](File::as_std) answers with an error instead.
    #[track_caller]
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        match self.cursor.io.system() {
            Some(file) => file.as_fd(),
            None => panic!("{}", unsupported("File::as_fd")),
        }
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsHandle for File {
    /// # Panics
    ///
    /// If it is not the system's; [`as_std`](File::as_std) answers with an error instead.
    #[track_caller]
    fn as_handle(&self) -> std::os::windows::io::BorrowedHandle<'_> {
        match self.cursor.io.system() {
            Some(file) => file.as_handle(),
            None => panic!("{}", unsupported("File::as_handle")),
        }
    }
}
