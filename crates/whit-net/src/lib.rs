//! TCP, UDP and Unix sockets over a network that can be exchanged.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, where this is `whit::net`. Depend on `whit-net` alone when your library needs
//! sockets and leaves the runtime to its user: it works under any `block_on`, inside tokio, and on a simulated network.
//!
//! # Example
//!
//! An echo server and its client, under a plain `block_on`:
//!
//! ```
//! use futures_lite::future::{block_on, zip};
//! use futures_lite::io::{AsyncReadExt, AsyncWriteExt, copy};
//! use whit_net::{TcpListener, TcpStream};
//!
//! block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!
//!     let server = async {
//!         let (stream, _) = listener.accept().await?;
//!         copy(&stream, &stream).await
//!     };
//!     let client = async {
//!         let mut stream = TcpStream::connect(address).await?;
//!         stream.write_all(b"echo!").await?;
//!         stream.close().await?; // we are done writing, the server reads the end
//!         let mut answer = String::new();
//!         stream.read_to_string(&mut answer).await?;
//!         std::io::Result::Ok(answer)
//!     };
//!
//!     let (copied, answer) = zip(server, client).await;
//!     assert_eq!((copied?, answer?), (5, "echo!".to_owned()));
//!     std::io::Result::Ok(())
//! })
//! .unwrap();
//! ```
//!
//! # How it works
//!
//! [`TcpStream`], [`TcpListener`] and [`UdpSocket`] are handles of what a [`Network`](whit_core::Network) made. Which one that
//! is, the constructors find out: the current [`Handle`](whit_core::Handle)'s network, or else [`OsNetwork`], the operating
//! system's, over the current handle's reactor and blocking pool or over process-wide ones that start by themselves. The
//! constructors that end in `_in` take the handle instead. So a program that is tested on a simulated network changes no type.
//!
//! The Unix sockets in `unix` are always the system's.
//!
//! Names are looked up by `getaddrinfo` on the blocking pool. A connect to several addresses tries them as RFC 8305 says
//! ("happy eyeballs"), timed by the current clock.
//!
//! # Cancellation and panics
//!
//! Every future may be dropped at any time: a connect closes its sockets, an accept or a receive has taken nothing. Nothing
//! here panics, apart from the lack of a thread for the process-wide defaults. Errors are sentences that name the address and
//! what to do; their [`kind`](std::io::Error::kind) is the system's, and their `source` is the system's error itself.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! No TLS. Socket options beyond the common ones are set with `socket2::SockRef` on [`TcpStream::raw`] and its like. On
//! Windows there are no Unix sockets.
//!
//! Of async-net's API two things are not here, because a TCP or UDP socket may be of another network than the system's and
//! have no descriptor then: `AsFd` and `AsRawFd` (`raw` gives an `Option` instead) and the way into `Arc<Async<…>>`
//! (`std::net::TcpStream::try_from(&stream)` gives a second descriptor instead). The Unix sockets have both.

#![forbid(unsafe_code)]

mod addrs;
mod descriptors;
mod error;
mod forward;
mod happy;
mod multicast;
mod os;
mod parts;
mod split;
mod tcp;
mod udp;
#[cfg(unix)]
pub mod unix;

pub use addrs::{AsyncToSocketAddrs, resolve, resolve_in};
pub use error::is_out_of_descriptors;
pub use os::OsNetwork;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp::{Incoming, TcpListener, TcpSocket, TcpStream};
pub use udp::UdpSocket;

/// From std, since every program that has sockets needs them.
#[doc(no_inline)]
pub use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What `attempt` gives for the first address where it succeeds, or the error of the last.
fn first_of<T>(
    addrs: &[std::net::SocketAddr],
    asked: &str,
    mut attempt: impl FnMut(std::net::SocketAddr) -> std::io::Result<T>,
) -> std::io::Result<T> {
    let mut failed = error::no_address(asked);
    for &addr in addrs {
        match attempt(addr) {
            Ok(made) => return Ok(made),
            Err(cause) => failed = error::explain(cause, format_args!("{asked} {addr}")),
        }
    }
    Err(failed)
}
