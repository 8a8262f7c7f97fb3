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

impl<T> AsRef<T> for Async<T> {
    fn as_ref(&self) -> &T {
        self.get_ref()
    }
}

/// The conversions of descriptors, which Unix and Windows call by other names.
macro_rules! descriptors {
    ($system:path { $as_trait:ident $as_fn:ident $borrowed:ident, $raw_trait:ident $raw_fn:ident $raw:ident, $owned:ident }) => {
        use $system::{$as_trait, $borrowed, $owned, $raw, $raw_trait};

        impl<T: AsSource> $as_trait for Async<T> {
            fn $as_fn(&self) -> $borrowed<'_> {
                self.get_ref().as_source()
            }
        }

        impl<T: $raw_trait> $raw_trait for Async<T> {
            fn $raw_fn(&self) -> $raw {
                self.get_ref().$raw_fn()
            }
        }

        impl<T: $as_trait + From<$owned>> TryFrom<$owned> for Async<T> {
            type Error = io::Error;

            /// Takes the descriptor over and makes it non-blocking. Whether it is what `T` stands for, nobody checks.
            fn try_from(descriptor: $owned) -> io::Result<Self> {
                Async::new(descriptor.into())
            }
        }

        impl<T: Into<$owned>> TryFrom<Async<T>> for $owned {
            type Error = io::Error;

            /// Takes the descriptor out; it stays non-blocking.
            fn try_from(io: Async<T>) -> io::Result<Self> {
                io.into_inner().map(Into::into)
            }
        }
    };
}

#[cfg(unix)]
descriptors! { std::os::fd { AsFd as_fd BorrowedFd, AsRawFd as_raw_fd RawFd, OwnedFd } }
#[cfg(windows)]
descriptors! { std::os::windows::io { AsSocket as_socket BorrowedSocket, AsRawSocket as_raw_socket RawSocket, OwnedSocket } }
