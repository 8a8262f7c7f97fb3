//! From std's types and back.

use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};

use super::{AsSource, Async};

macro_rules! from_std {
    ($($(#[$meta:meta])* $type:ty),+ $(,)?) => {$(
        $(#[$meta])*
        impl TryFrom<$type> for Async<$type> {
            type Error = io::Error;

            fn try_from(io: $type) -> io::Result<Self> {
                Async::new(io)
            }
        }
    )+};
}

from_std! {
    TcpListener,
    TcpStream,
    UdpSocket,
    #[cfg(unix)] std::os::unix::net::UnixListener,
    #[cfg(unix)] std::os::unix::net::UnixStream,
    #[cfg(unix)] std::os::unix::net::UnixDatagram,
}

#[cfg(unix)]
impl<T: AsSource + Into<std::os::fd::OwnedFd>> TryFrom<Async<T>> for std::os::fd::OwnedFd {
    type Error = io::Error;

    fn try_from(io: Async<T>) -> io::Result<Self> {
        io.into_inner().map(Into::into)
    }
}

#[cfg(windows)]
impl<T: AsSource + Into<std::os::windows::io::OwnedSocket>> TryFrom<Async<T>> for std::os::windows::io::OwnedSocket {
    type Error = io::Error;

    fn try_from(io: Async<T>) -> io::Result<Self> {
        io.into_inner().map(Into::into)
    }
}

#[cfg(unix)]
impl<T: AsSource> std::os::fd::AsFd for Async<T> {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.get_ref().as_source()
    }
}

#[cfg(windows)]
impl<T: AsSource> std::os::windows::io::AsSocket for Async<T> {
    fn as_socket(&self) -> std::os::windows::io::BorrowedSocket<'_> {
        self.get_ref().as_source()
    }
}
