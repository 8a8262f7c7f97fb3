//! `Async<T>` as futures-io's reader and writer: by shared reference where `&T` can read and write, and by value.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use whit_core::Dir;

use super::{Async, poll_op};

/// Types whose `Read` and `Write`, their own and those of references to them, never close nor exchange their descriptor; so
/// an [`Async`] of them can be read and written by value. The name is async-io's.
///
/// # Safety
///
/// The implementor promises exactly that.
pub unsafe trait IoSafe {}

macro_rules! io_safe {
    ($($(#[$meta:meta])* $type:ty),+ $(,)?) => {$(
        $(#[$meta])*
        // SAFETY: std's methods only read and write.
        unsafe impl IoSafe for $type {}
    )+};
}

io_safe! {
    std::net::TcpStream,
    std::fs::File,
    std::io::Stdin,
    std::io::Stdout,
    std::io::Stderr,
    std::io::StdinLock<'_>,
    std::io::StdoutLock<'_>,
    std::io::StderrLock<'_>,
    std::io::PipeReader,
    std::io::PipeWriter,
    std::process::ChildStdin,
    std::process::ChildStdout,
    std::process::ChildStderr,
    #[cfg(unix)] std::os::unix::net::UnixStream,
}

// SAFETY: what `T` promises holds behind a reference and a box as well.
unsafe impl<T: ?Sized + IoSafe> IoSafe for &T {}
// SAFETY: as above.
unsafe impl<T: ?Sized + IoSafe> IoSafe for &mut T {}
// SAFETY: as above.
unsafe impl<T: ?Sized + IoSafe> IoSafe for Box<T> {}
// SAFETY: `Cow` has no `Read` or `Write` that would make a `T` of its own out of a borrowed one; what `T` promises holds.
unsafe impl<T: Clone + IoSafe> IoSafe for std::borrow::Cow<'_, T> {}
// SAFETY: a buffer only reads what is inside.
unsafe impl<T: IoSafe + Read> IoSafe for std::io::BufReader<T> {}
// SAFETY: a buffer only writes to what is inside.
unsafe impl<T: IoSafe + Write> IoSafe for std::io::BufWriter<T> {}
// SAFETY: as above.
unsafe impl<T: IoSafe + Write> IoSafe for std::io::LineWriter<T> {}

impl<T> AsyncRead for &Async<T>
where
    for<'a> &'a T: Read,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_io(Dir::Read, cx, |mut io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(Dir::Read, cx, |mut io| io.read_vectored(bufs))
    }
}

impl<T> AsyncWrite for &Async<T>
where
    for<'a> &'a T: Write,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_io(Dir::Write, cx, |mut io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_io(Dir::Write, cx, |mut io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_io(Dir::Write, cx, |mut io| io.flush())
    }

    /// Flushes only, as async-io does: to end a direction, shut the socket down.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T> Async<T> {
    fn poll_mut<R>(
        self: Pin<&mut Self>,
        dir: Dir,
        cx: &mut Context<'_>,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> Poll<io::Result<R>>
    where
        T: IoSafe,
    {
        // SAFETY: every `op` below is a method of `Read` or `Write`, and `T` promises to leave its descriptor alone in those.
        poll_op(self.get_mut(), dir, cx, |io, _| op(unsafe { io.get_mut() }))
    }
}

impl<T: IoSafe + Read> AsyncRead for Async<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_mut(Dir::Read, cx, |io| io.read(buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_mut(Dir::Read, cx, |io| io.read_vectored(bufs))
    }
}

impl<T: IoSafe + Write> AsyncWrite for Async<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_mut(Dir::Write, cx, |io| io.write(buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_mut(Dir::Write, cx, |io| io.write_vectored(bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_mut(Dir::Write, cx, Write::flush)
    }

    /// Flushes only, as async-io does: to end a direction, shut the socket down.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}
