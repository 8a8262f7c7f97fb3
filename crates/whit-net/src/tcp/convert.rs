//! From and to std's sockets, and from `Async` ones.
//!
//! Into std goes a second descriptor of the same socket: a stream may have other handles, and may not be the system's.

use std::io;
use std::net;

use whit_core::{BorrowedSource, Handle};
use whit_reactor::Async;

use super::{TcpListener, TcpStream};
use crate::os::OsNetwork;

#[cfg(unix)]
use std::os::fd::OwnedFd as OwnedSource;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedSource;

impl TcpStream {
    /// As `TcpStream::try_from(stream)`, with the parts of `handle`.
    ///
    /// # Errors
    ///
    /// The reactor cannot watch the socket.
    pub fn from_std_in(handle: &Handle, stream: net::TcpStream) -> io::Result<TcpStream> {
        OsNetwork::over(handle).adopt_stream(stream).map(TcpStream::new)
    }
}

impl TcpListener {
    /// As `TcpListener::try_from(listener)`, with the parts of `handle`.
    ///
    /// # Errors
    ///
    /// The reactor cannot watch the socket.
    pub fn from_std_in(handle: &Handle, listener: net::TcpListener) -> io::Result<TcpListener> {
        OsNetwork::over(handle).adopt_listener(listener).map(TcpListener::new)
    }
}

impl TryFrom<net::TcpStream> for TcpStream {
    type Error = io::Error;

    /// Takes std's connection over and makes it non-blocking.
    fn try_from(stream: net::TcpStream) -> io::Result<TcpStream> {
        OsNetwork::default().adopt_stream(stream).map(TcpStream::new)
    }
}

impl TryFrom<net::TcpListener> for TcpListener {
    type Error = io::Error;

    /// Takes std's listener over and makes it non-blocking.
    fn try_from(listener: net::TcpListener) -> io::Result<TcpListener> {
        OsNetwork::default().adopt_listener(listener).map(TcpListener::new)
    }
}

impl From<Async<net::TcpStream>> for TcpStream {
    fn from(stream: Async<net::TcpStream>) -> TcpStream {
        TcpStream::new(crate::os::stream(stream))
    }
}

impl From<Async<net::TcpListener>> for TcpListener {
    fn from(listener: Async<net::TcpListener>) -> TcpListener {
        TcpListener::new(crate::os::listener(listener))
    }
}

impl TryFrom<&TcpStream> for net::TcpStream {
    type Error = io::Error;

    /// A second descriptor of the same connection. It is non-blocking, as the first; std's `set_nonblocking` changes both.
    fn try_from(stream: &TcpStream) -> io::Result<net::TcpStream> {
        duplicate(stream.raw()).map(Into::into)
    }
}

impl TryFrom<&TcpListener> for net::TcpListener {
    type Error = io::Error;

    /// A second descriptor of the same socket. It is non-blocking, as the first; std's `set_nonblocking` changes both.
    fn try_from(listener: &TcpListener) -> io::Result<net::TcpListener> {
        duplicate(listener.raw()).map(Into::into)
    }
}

pub(crate) fn duplicate(raw: Option<BorrowedSource<'_>>) -> io::Result<OwnedSource> {
    match raw {
        Some(raw) => raw.try_clone_to_owned(),
        None => Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "turning a socket into one of std's failed: it is not the system's but belongs to another network",
        )),
    }
}
