//! `TcpStream`: a connection, on the system's network or on any other.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use whit_core::{BorrowedSource, Handle, SocketOptions, Stream, budget};

use crate::addrs::{AsyncToSocketAddrs, lookup};
use crate::happy;
use crate::parts::Parts;
use crate::split::sealed::Shared;
use crate::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};

/// A TCP connection. Cloning it gives another handle of the same connection, which is closed with the last one.
///
/// Reads and writes are those of `futures-io`, for `TcpStream` and for `&TcpStream`, so that several tasks can share one
/// stream without a lock: any number may wait in each direction.
///
/// ```
/// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
/// use whit_net::{TcpListener, TcpStream};
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = TcpStream::connect(listener.local_addr()?).await?;
/// let (mut server, _) = listener.accept().await?;
///
/// client.write_all(b"hello").await?;
/// client.close().await?; // no more will be written; reading goes on
/// let mut heard = String::new();
/// server.read_to_string(&mut heard).await?;
/// assert_eq!(heard, "hello");
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// # Closing
///
/// `poll_close` (the `close` of the extension traits) ends the writing direction and leaves the other open: a half-close.
/// The peer then reads the end. Closing twice, or when the peer has gone already, is no error.
///
/// # Cancel safety
///
/// `read` and `write` futures can be dropped at any time without losing bytes, as they transfer in one step. Futures that
/// take several steps (`read_exact`, `write_all`) forget how far they had come.
///
/// # Fairness
///
/// Each transfer takes one unit of the task's [budget], so that a connection which always has something to say does not
/// starve the other tasks. When a direction becomes ready, every task that waits for it is woken and the first one to try wins.
#[derive(Clone)]
pub struct TcpStream {
    inner: Arc<dyn Stream>,
}

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// With several addresses (a name often has an IPv4 and an IPv6 one) the attempts overlap: families take turns, the next
    /// attempt starts 250 ms after the last or as soon as one has failed, and the first connection that stands is kept. This
    /// is RFC 8305, "happy eyeballs", timed by the current clock.
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// let stream = whit_net::TcpStream::connect("example.com:80").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// The name cannot be looked up, or no address could be connected to. The text names every address with what went
    /// wrong there; the kind is that of the last failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up and closes every socket. That is how to put a time-out around it: the system's own
    /// can be minutes.
    pub async fn connect<A: AsyncToSocketAddrs>(addrs: A) -> io::Result<TcpStream> {
        Self::connect_with(Parts::current(), addrs, &SocketOptions::default()).await
    }

    /// As [`connect`](TcpStream::connect), with the parts of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`connect`](TcpStream::connect).
    ///
    /// # Cancel safety
    ///
    /// As for [`connect`](TcpStream::connect).
    pub async fn connect_in<A: AsyncToSocketAddrs>(handle: &Handle, addrs: A) -> io::Result<TcpStream> {
        Self::connect_with(Parts::of(handle), addrs, &SocketOptions::default()).await
    }

    /// Connects to exactly this address.
    ///
    /// # Errors
    ///
    /// The connection was refused, timed out, or could not be begun; the text names the address.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up and closes the socket.
    pub async fn connect_to(addr: SocketAddr) -> io::Result<TcpStream> {
        Self::connect(addr).await
    }

    pub(super) async fn connect_with<A: AsyncToSocketAddrs>(
        parts: Parts,
        addrs: A,
        options: &SocketOptions,
    ) -> io::Result<TcpStream> {
        let mut addrs = lookup(&parts, addrs.to_addrs()).await?;
        if let Some(local) = options.bind {
            // A socket that is bound in one family cannot connect in the other.
            addrs.retain(|peer| peer.is_ipv4() == local.is_ipv4());
            if addrs.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    format!(
                        "connecting from {local} failed: all the peer's addresses are of the other family; bind to one of the same"
                    ),
                ));
            }
        }
        happy::connect(&parts, addrs, options).await.map(TcpStream::new)
    }

    /// Wraps a connection of any [`Network`](whit_core::Network).
    pub fn new(inner: Arc<dyn Stream>) -> TcpStream {
        TcpStream { inner }
    }

    /// The connection as its network sees it.
    pub fn get_ref(&self) -> &Arc<dyn Stream> {
        &self.inner
    }

    /// Receives bytes without taking them: the next read sees them again. 0 is the end.
    ///
    /// # Errors
    ///
    /// As for a read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_peek(cx, buf))).await
    }

    /// Ends one or both directions at once. Waiting reads then see the end.
    ///
    /// # Errors
    ///
    /// What the system says; `NotConnected` when the connection is gone already.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// What the system says; `NotConnected` when the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sends small writes at once, or gathers them (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// The hop limit of what is sent.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Sets the hop limit of what is sent.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// The descriptor, if the connection is the system's and not a simulation's: for `socket2::SockRef` and the like.
    pub fn raw(&self) -> Option<BorrowedSource<'_>> {
        self.inner.raw()
    }

    /// Splits into a reading and a writing half that borrow the stream: no allocation, no lock.
    pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        (ReadHalf::new(self), WriteHalf::new(self))
    }

    /// Splits into halves that own the stream together, for different tasks.
    ///
    /// Dropping the writing half ends the writing direction, also for other clones of this stream.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
        (OwnedReadHalf::new(self.clone()), OwnedWriteHalf::new(self))
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_read(cx, buf))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_read_vectored(cx, bufs))
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        proceed(cx, |cx| self.inner.poll_write_vectored(cx, bufs))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What is written is with the system already.
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.inner.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            done => Poll::Ready(done),
        }
    }
}

crate::forward::read_write_by_reference!(TcpStream);

impl Shared for TcpStream {
    fn end_writing(&self) {
        // Fails only if the connection is gone already, and then there is nothing to end.
        let _ = self.shutdown(Shutdown::Write);
    }

    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

/// Takes a unit of the task's budget unless the operation has to wait. Counted here for every network; the system's sockets
/// would count the same transfer once more.
#[inline]
pub(crate) fn proceed<T>(cx: &mut Context<'_>, operation: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    budget::poll_as_one(cx, operation)
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStream")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .finish()
    }
}
