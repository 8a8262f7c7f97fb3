//! hyper's `Read` and `Write` over futures-io's traits.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use hyper::rt::{Read, ReadBufCursor, Write};
use pin_project_lite::pin_project;

/// The most that one read takes, in bytes.
const READ_MOST: usize = 8 * 1024;

pin_project! {
    /// Gives a futures-io stream to hyper.
    #[derive(Clone, Debug)]
    pub struct WhitIo<T> {
        #[pin]
        inner: T,
        vectored: bool,
    }
}

impl<T> WhitIo<T> {
    /// Wraps `inner`, and tells hyper that its vectored writes take several buffers at once, as those of whit's sockets do.
    pub fn new(inner: T) -> WhitIo<T> {
        WhitIo { inner, vectored: true }
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
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, mut buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut bytes = [0; READ_MOST];
        let most = buf.remaining().min(READ_MOST);
        let length = ready!(self.project().inner.poll_read(cx, &mut bytes[..most]))?;
        buf.put_slice(&bytes[..length]);
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
