//! TCP: `Async<TcpListener>` and `Async<TcpStream>`, and how a connect that does not block begins and ends.

use std::future::poll_fn;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::task::{Context, Poll};

use futures_core::Stream;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use whit_core::Dir;

use super::{AsSource, Async};

impl Async<TcpListener> {
    /// Listens on `address`; port 0 asks the system for a free one.
    ///
    /// # Errors
    ///
    /// The address is in use or not this machine's, or may not be used.
    pub fn bind<A: Into<SocketAddr>>(address: A) -> io::Result<Async<TcpListener>> {
        Async::new(TcpListener::bind(address.into())?)
    }

    /// The next connection and its peer. Cancel-safe: a connection that was taken from the system is returned.
    ///
    /// # Errors
    ///
    /// Out of descriptors, say: the connection waits in the system's queue then, and a later call gets it.
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, peer) = self.read_with(TcpListener::accept).await?;
        Ok((self.beside(stream)?, peer))
    }

    /// The connections, one after the other. It never ends; an error is an item, and the next item may be a connection.
    pub fn incoming(&self) -> impl Stream<Item = io::Result<Async<TcpStream>>> + Send + Unpin + '_ {
        incoming(self, |listener, cx| match listener.poll_io(Dir::Read, cx, TcpListener::accept) {
            Poll::Ready(accepted) => Poll::Ready(accepted.and_then(|(stream, _)| listener.beside(stream))),
            Poll::Pending => Poll::Pending,
        })
    }
}

impl Async<TcpStream> {
    /// Connects to `peer`. Cancel-safe: dropping the future closes the socket.
    ///
    /// # Errors
    ///
    /// Nobody listens there, it cannot be reached, or no descriptors are left.
    pub async fn connect<A: Into<SocketAddr>>(peer: A) -> io::Result<Async<TcpStream>> {
        let peer = peer.into();
        let socket = Socket::new(Domain::for_address(peer), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // Begun before a reactor hears of it: Linux reports a socket that is neither connected nor connecting as writable.
        start_connect(&socket, peer)?;
        let stream = Async::new_nonblocking(TcpStream::from(socket))?;
        poll_fn(|cx| stream.poll_connected(cx)).await?;
        Ok(stream)
    }

    /// Waits until the connect that [`start_connect`] has begun is over, and gives the peer. At once on a connected stream.
    ///
    /// # Errors
    ///
    /// Those of the connect; the system tells them once.
    pub fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<SocketAddr>> {
        // Writability says that the connect has ended; how it ended has to be asked. A spurious event finds no error and
        // no peer, and the wait goes on.
        self.poll_io(Dir::Write, cx, |socket| {
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            match socket.peer_addr() {
                Err(error) if error.kind() == io::ErrorKind::NotConnected => Err(io::ErrorKind::WouldBlock.into()),
                peer => peer,
            }
        })
    }

    /// Reads without taking: the next read gets the same bytes. Cancel-safe.
    ///
    /// # Errors
    ///
    /// Those of the connection.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|stream| stream.peek(buf)).await
    }
}

/// Begins to connect a non-blocking socket to `peer`; [`Async::poll_connected`] says how it ends. Registering the socket
/// comes after this.
///
/// # Errors
///
/// What is known at once: a bad address, no route, no memory.
pub fn start_connect(socket: &impl AsSource, peer: SocketAddr) -> io::Result<()> {
    match SockRef::from(&socket.as_source()).connect(&peer.into()) {
        Err(error) if !in_progress(&error) => Err(error),
        _ => Ok(()),
    }
}

/// A connect that has begun and will end with writability.
fn in_progress(error: &io::Error) -> bool {
    #[cfg(unix)]
    // A signal does not take a non-blocking connect back: it goes on.
    let begun = [rustix::io::Errno::INPROGRESS, rustix::io::Errno::INTR]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
    #[cfg(not(unix))]
    let begun = error.kind() == io::ErrorKind::WouldBlock;
    begun
}

impl<L> Async<L> {
    /// Registers what a listener accepted where the listener is.
    pub(super) fn beside<S: AsSource>(&self, accepted: S) -> io::Result<Async<S>> {
        Async::new_in(accepted, self.registration.reactor())
    }
}

/// A stream without an end, from a poll function.
pub(super) fn incoming<'a, L: Sync, S>(
    listener: &'a L,
    accept: impl FnMut(&L, &mut Context<'_>) -> Poll<io::Result<S>> + Send + Unpin + 'a,
) -> impl Stream<Item = io::Result<S>> + Send + Unpin + 'a {
    struct Incoming<'a, L, F>(&'a L, F);
    impl<L, S, F: FnMut(&L, &mut Context<'_>) -> Poll<io::Result<S>> + Unpin> Stream for Incoming<'_, L, F> {
        type Item = io::Result<S>;

        fn poll_next(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<S>>> {
            let this = &mut *self;
            (this.1)(this.0, cx).map(Some)
        }
    }
    Incoming(listener, accept)
}
