//! `UnixStream`: a connection between processes of one machine.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use socket2::{Domain, SockAddr, Socket, Type};
use whit_core::{Dir, Handle};
use whit_reactor::Async;

use super::attach;
use crate::error::explain;
use crate::os::direct;
use crate::parts::Parts;
use crate::split::sealed::Shared;
use crate::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::tcp::proceed;

/// A connection over a Unix domain socket. Cloning gives another handle of the same connection.
///
/// Reading, writing, closing, cancelling and fairness are as for [`TcpStream`](crate::TcpStream).
///
/// ```
/// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
/// use whit_net::unix::UnixStream;
///
/// # futures_lite::future::block_on(async {
/// let (mut one, mut two) = UnixStream::pair()?;
/// one.write_all(b"hello").await?;
/// drop(one);
/// let mut heard = String::new();
/// two.read_to_string(&mut heard).await?;
/// assert_eq!(heard, "hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UnixStream {
    inner: Arc<Async<net::UnixStream>>,
}

impl UnixStream {
    /// Connects to the listener at `path`. Waits while its queue is full, which Linux reports instead of waiting: then the
    /// connect is tried again after 1 to 50 ms.
    ///
    /// # Errors
    ///
    /// Nothing is at the path, nobody listens there, or it may not be used. The text names the path.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        Self::connect_with(Parts::current(), path.as_ref()).await
    }

    /// As [`connect`](UnixStream::connect), with the reactor and the clock of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`connect`](UnixStream::connect).
    ///
    /// # Cancel safety
    ///
    /// As for [`connect`](UnixStream::connect).
    pub async fn connect_in<P: AsRef<Path>>(handle: &Handle, path: P) -> io::Result<UnixStream> {
        Self::connect_with(Parts::of(handle), path.as_ref()).await
    }

    async fn connect_with(parts: Parts, path: &Path) -> io::Result<UnixStream> {
        let mut pause = Duration::from_millis(1);
        loop {
            match connect_at_once(path).and_then(|stream| attach(parts.handle(), stream)) {
                Ok(stream) => return Ok(UnixStream::new(stream)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    parts.sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_millis(50));
                }
                Err(error) => return Err(explain(error, format_args!("connecting to {}", path.display()))),
            }
        }
    }

    /// Two ends of a new connection.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, two) = net::UnixStream::pair()?;
        Ok((one.try_into()?, two.try_into()?))
    }

    pub(super) fn new(inner: Async<net::UnixStream>) -> UnixStream {
        UnixStream { inner: Arc::new(inner) }
    }

    /// Ends one or both directions at once. Waiting reads then see the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.get_ref().shutdown(how)
    }

    /// The address of this end; often unnamed.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().peer_addr()
    }

    /// Splits into a reading and a writing half that borrow the stream: no allocation, no lock.
    pub fn split(&mut self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        (ReadHalf::new(self), WriteHalf::new(self))
    }

    /// Splits into halves that own the stream together. Dropping the writing half ends the writing direction.
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        (OwnedReadHalf::new(self.clone()), OwnedWriteHalf::new(self))
    }
}

/// Connects without waiting: to a Unix socket that succeeds or fails on the spot.
fn connect_at_once(path: &Path) -> io::Result<net::UnixStream> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Ok(socket.into())
}

impl AsyncRead for &UnixStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_read_stream_with(cx, buf.len(), |socket| direct::read(socket, buf)))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_io(Dir::Read, cx, |socket| direct::read_vectored(socket, bufs)))
    }
}

impl AsyncWrite for &UnixStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_io(Dir::Write, cx, |socket| direct::write(socket, buf)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_io(Dir::Write, cx, |socket| direct::write_vectored(socket, bufs)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

crate::forward::read_write_by_reference!(UnixStream);

impl Shared for UnixStream {
    fn end_writing(&self) {
        // Fails only if the connection is gone already, and then there is nothing to end.
        let _ = self.shutdown(Shutdown::Write);
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl AsFd for UnixStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.get_ref().as_fd()
    }
}

impl TryFrom<net::UnixStream> for UnixStream {
    type Error = io::Error;

    /// Takes std's connection over and makes it non-blocking.
    fn try_from(stream: net::UnixStream) -> io::Result<UnixStream> {
        Ok(UnixStream::new(Async::new(stream)?))
    }
}

impl From<Async<net::UnixStream>> for UnixStream {
    fn from(stream: Async<net::UnixStream>) -> UnixStream {
        UnixStream::new(stream)
    }
}

impl From<UnixStream> for Arc<Async<net::UnixStream>> {
    fn from(stream: UnixStream) -> Self {
        stream.inner
    }
}
