//! `UnixDatagram`: datagrams between processes of one machine.

use std::future::poll_fn;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use whit_core::{Dir, Handle, budget};
use whit_reactor::Async;

use super::attach_at;
use crate::error::explain;
use crate::parts::Parts;
use crate::tcp::proceed;

/// A Unix datagram socket. Any number of tasks may use it in both directions, and cloning gives another handle of it.
///
/// Datagrams are neither lost nor reordered: a sender waits while the receiver's queue is full. Cancelling and fairness are
/// as for [`UdpSocket`](crate::UdpSocket).
///
/// ```
/// use whit_net::unix::UnixDatagram;
///
/// # futures_lite::future::block_on(async {
/// let (one, two) = UnixDatagram::pair()?;
/// one.send(b"hello").await?;
/// let mut buf = [0; 16];
/// assert_eq!(two.recv(&mut buf).await?, 5);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UnixDatagram {
    inner: Arc<Async<net::UnixDatagram>>,
}

impl UnixDatagram {
    /// Creates the socket `path` and receives there. The path stays behind when the socket is dropped.
    ///
    /// # Errors
    ///
    /// Something is at the path already (`AddrInUse`), or it cannot be made. The text names the path.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        Self::bind_with(None, path.as_ref())
    }

    /// As [`bind`](UnixDatagram::bind), with the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`bind`](UnixDatagram::bind).
    pub fn bind_in<P: AsRef<Path>>(handle: &Handle, path: P) -> io::Result<UnixDatagram> {
        Self::bind_with(Some(handle), path.as_ref())
    }

    fn bind_with(handle: Option<&Handle>, path: &Path) -> io::Result<UnixDatagram> {
        let explained = |error| explain(error, format_args!("binding a datagram socket to {}", path.display()));
        let socket = net::UnixDatagram::bind(path).map_err(explained)?;
        Ok(attach_at(path, handle, socket).map_err(explained)?.into())
    }

    /// A socket without a name: it can send, and receive from a peer it is connected with.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn unbound() -> io::Result<UnixDatagram> {
        net::UnixDatagram::unbound()?.try_into()
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, two) = net::UnixDatagram::pair()?;
        Ok((one.try_into()?, two.try_into()?))
    }

    /// Fixes the peer for [`send`](UnixDatagram::send) and [`recv`](UnixDatagram::recv). Does not wait.
    ///
    /// # Errors
    ///
    /// Nobody receives at the path. The text names it.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        let path = path.as_ref();
        self.inner
            .get_ref()
            .connect(path)
            .map_err(|error| explain(error, format_args!("connecting a datagram socket to {}", path.display())))
    }

    /// Sends one datagram to whoever receives at `path`.
    ///
    /// While the receiver's queue is full this tries again after 1 to 50 ms: without a connection no system tells the sender
    /// when there is room. A [connected](UnixDatagram::connect) socket is told.
    ///
    /// # Errors
    ///
    /// Nobody does, or the datagram is too long.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        let path = path.as_ref();
        let mut pause = Duration::from_millis(1);
        loop {
            poll_fn(budget::poll_proceed).await;
            match self.inner.get_ref().send_to(buf, path) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(explain(error, format_args!("sending a datagram to {}", path.display()))),
                sent => return sent,
            }
            Parts::current().sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// Receives one datagram and tells where it came from. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_io(Dir::Read, cx, |socket| socket.recv_from(buf)))).await
    }

    /// Sends one datagram to the connected peer.
    ///
    /// # Errors
    ///
    /// There is no peer, or it is gone.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_io(Dir::Write, cx, |socket| socket.send(buf)))).await
    }

    /// Receives one datagram. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_io(Dir::Read, cx, |socket| socket.recv(buf)))).await
    }

    /// Ends one or both directions at once.
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

    /// The address of the connected peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().peer_addr()
    }
}

impl AsFd for UnixDatagram {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.get_ref().as_fd()
    }
}

impl TryFrom<net::UnixDatagram> for UnixDatagram {
    type Error = io::Error;

    /// Takes std's socket over and makes it non-blocking.
    fn try_from(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
        Ok(Async::new(socket)?.into())
    }
}

impl From<Async<net::UnixDatagram>> for UnixDatagram {
    fn from(socket: Async<net::UnixDatagram>) -> UnixDatagram {
        UnixDatagram { inner: Arc::new(socket) }
    }
}

impl From<UnixDatagram> for Arc<Async<net::UnixDatagram>> {
    fn from(socket: UnixDatagram) -> Self {
        socket.inner
    }
}
