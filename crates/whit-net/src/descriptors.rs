//! From descriptors that somebody else has made, and for the Unix sockets also back to them.
//!
//! A TCP or UDP socket may belong to a network that has no descriptors: `raw` answers for those.

use std::io;
use std::panic::{RefUnwindSafe, UnwindSafe};

use crate::{TcpListener, TcpStream, UdpSocket};

#[cfg(unix)]
use std::os::fd::OwnedFd as OwnedSource;
#[cfg(windows)]
use std::os::windows::io::OwnedSocket as OwnedSource;

macro_rules! from_descriptor {
    ($($type:ty = $std:ty),+ $(,)?) => {$(
        impl TryFrom<OwnedSource> for $type {
            type Error = io::Error;

            /// Takes the descriptor over and makes it non-blocking. What kind of socket it is, nobody checks: a wrong one
            /// fails when it is used.
            fn try_from(descriptor: OwnedSource) -> io::Result<Self> {
                <$std>::from(descriptor).try_into()
            }
        }
    )+};
}

from_descriptor! {
    TcpListener = std::net::TcpListener,
    TcpStream = std::net::TcpStream,
    UdpSocket = std::net::UdpSocket,
}

#[cfg(unix)]
from_descriptor! {
    crate::unix::UnixListener = std::os::unix::net::UnixListener,
    crate::unix::UnixStream = std::os::unix::net::UnixStream,
    crate::unix::UnixDatagram = std::os::unix::net::UnixDatagram,
}

#[cfg(unix)]
macro_rules! raw {
    ($($type:ty),+) => {$(
        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsFd::as_fd(self).as_raw_fd()
            }
        }
    )+};
}

#[cfg(unix)]
raw!(crate::unix::UnixListener, crate::unix::UnixStream, crate::unix::UnixDatagram);

/// After a panic a socket is what it was: what it has of its own is behind locks that recover, and the rest is the system's.
macro_rules! unwind_safe {
    ($($type:ty),+) => {$(
        impl UnwindSafe for $type {}
        impl RefUnwindSafe for $type {}
    )+};
}

unwind_safe!(TcpListener, TcpStream, UdpSocket);
#[cfg(unix)]
unwind_safe!(crate::unix::UnixListener, crate::unix::UnixStream, crate::unix::UnixDatagram);
