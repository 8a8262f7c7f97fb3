//! Unix domain sockets: `Async<UnixListener>`, `Async<UnixStream>` and `Async<UnixDatagram>`.

use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use std::path::Path;
use std::task::Poll;

use futures_core::Stream;
use socket2::{Domain, SockAddr, Socket, Type};
use whit_core::Dir;

use super::Async;
use super::tcp::incoming;

impl Async<UnixListener> {
    /// Listens at `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// It exists, or may not be made.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixListener>> {
        Async::new(UnixListener::bind(path)?)
    }

    /// The next connection and its peer. Cancel-safe.
    ///
    /// # Errors
    ///
    /// Out of descriptors, say: the connection waits in the system's queue then, and a later call gets it.
    pub async fn accept(&self) -> io::Result<(Async<UnixStream>, SocketAddr)> {
        let (stream, peer) = self.read_with(UnixListener::accept).await?;
        Ok((self.beside(stream)?, peer))
    }

    /// The connections, one after the other. It never ends; an error is an item, and the next item may be a connection.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<UnixStream>>> + Send + Unpin + '_ {
        incoming(self, |listener, cx| match listener.poll_io(Dir::Read, cx, UnixListener::accept) {
            Poll::Ready(accepted) => Poll::Ready(accepted.and_then(|(stream, _)| listener.beside(stream))),
            Poll::Pending => Poll::Pending,
        })
    }
}

impl Async<UnixStream> {
    /// Connects to the listener at `path`, which takes no time: the first poll is ready, so there is nothing to cancel.
    ///
    /// # Errors
    ///
    /// Nobody listens there; `WouldBlock` if the listener's queue is full, which cannot be waited for.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixStream>> {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)?;
        Async::new_nonblocking(socket.into())
    }

    /// Two connected ends.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn pair() -> io::Result<(Async<UnixStream>, Async<UnixStream>)> {
        let (one, two) = UnixStream::pair()?;
        Ok((Async::new(one)?, Async::new(two)?))
    }
}

/// All of these are cancel-safe: a datagram is sent or received, or it is not.
impl Async<UnixDatagram> {
    /// A socket bound to `path`, which must not exist.
    ///
    /// # Errors
    ///
    /// It exists, or may not be made.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Async<UnixDatagram>> {
        Async::new(UnixDatagram::bind(path)?)
    }

    /// A socket without a name.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn unbound() -> io::Result<Async<UnixDatagram>> {
        Async::new(UnixDatagram::unbound()?)
    }

    /// Two connected ends.
    ///
    /// # Errors
    ///
    /// No descriptors are left.
    pub fn pair() -> io::Result<(Async<UnixDatagram>, Async<UnixDatagram>)> {
        let (one, two) = UnixDatagram::pair()?;
        Ok((Async::new(one)?, Async::new(two)?))
    }

    /// Receives a datagram and says from whom.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// Sends `buf` to the socket at `path`.
    ///
    /// # Errors
    ///
    /// Nobody is there, or what the system says.
    pub async fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        self.write_with(|socket| socket.send_to(buf, &path)).await
    }

    /// Receives a datagram of the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// Sends `buf` to the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// It is connected to nobody, or what the system says.
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(buf)).await
    }
}
