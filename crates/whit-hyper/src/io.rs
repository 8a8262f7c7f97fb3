//! hyper's `Read` and `Write` over futures-io's traits.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use pin_project_lite::pin_project;

/// What one read takes at most, in bytes: as much as a request without a body needs, and more while there is more.
///
/// The bytes go through a buffer on the stack, which has to be filled with something first. For a small request that costs more
/// than reading it, if the buffer is large.
const FEW: usize = 1024;
const MANY: usize = 8 * 1024;

pin_project! {
    /// Gives a futures-io stream to hyper.
    #[derive(Clone, Debug)]
    pub struct WhitIo<T> {
        #[pin]
        inner: T,
        vectored: bool,
        // The last read took all that it might, so that there is more, perhaps.
        more: bool,
    }
}

impl<T> WhitIo<T> {
    /// Wraps `inner`, and tells hyper that its vectored writes take several buffers at once, as those of whit's sockets do.
    pub fn new(inner: T) -> WhitIo<T> {
        WhitIo { inner, vectored: true, more: false }
    }

    /// Says whether the vectored writes of `inner` take several buffers at once; futures-io's traits cannot be asked.
    ///
    /// If not (a writer that keeps the default method, which takes the first buffer alone), hyper copies a head and its body
    /// together instead, and sends both with one write.
    #[must_use]
    pub fn vectored(mut self, vectored: bool) -> WhitIo<T> {
        self.vectored = vectored;
        self
    }

    /// The stream inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream, taken out.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead> Read for WhitIo<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.more { self.read_by::<MANY>(cx, buf) } else { self.read_by::<FEW>(cx, buf) }
    }
}

impl<T: AsyncRead> WhitIo<T> {
    fn read_by<const MOST: usize>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.project();
        let mut bytes = [0; MOST];
        let most = buf.remaining().min(MOST);
        let length = ready!(this.inner.poll_read(cx, &mut bytes[..most]))?;
        buf.put_slice(&bytes[..length]);
        *this.more = length == most || length > FEW;
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite> Write for WhitIo<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}
