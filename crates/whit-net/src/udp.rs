//! `UdpSocket`: datagrams, on the system's network or on any other.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;

use socket2::SockRef;
use whit_core::{BorrowedSource, Datagram, Handle, SocketOptions};
use whit_reactor::Async;

use crate::addrs::{AsyncToSocketAddrs, lookup};
use crate::error::no_address;
use crate::os::{OsNetwork, hops};
use crate::parts::Parts;
use crate::tcp::{duplicate, proceed};

/// A UDP socket. Any number of tasks may use it in both directions, and cloning gives another handle of the same socket.
///
/// ```
/// use whit_net::UdpSocket;
///
/// # futures_lite::future::block_on(async {
/// let one = UdpSocket::bind("127.0.0.1:0").await?;
/// let two = UdpSocket::bind("127.0.0.1:0").await?;
/// one.send_to(b"hello", two.local_addr()?).await?;
///
/// let mut buf = [0; 16];
/// let (len, from) = two.recv_from(&mut buf).await?;
/// assert_eq!((&buf[..len], from), (&b"hello"[..], one.local_addr()?));
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
///
/// # Cancel safety
///
/// Every future here transfers a datagram in the poll that is ready, or none at all.
///
/// # Fairness
///
/// Each datagram takes one unit of the task's [budget](whit_core::budget). One that arrives wakes every task that waits
/// for one, and the first to try gets it.
#[derive(Clone)]
pub struct UdpSocket {
    inner: Arc<dyn Datagram>,
    // For looking names up later, where the socket was made.
    parts: Arc<Parts>,
}

impl UdpSocket {
    /// Binds to the first of the addresses that is free. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The name cannot be looked up, or each address is taken or not ours. The text names the last address tried.
    pub async fn bind<A: AsyncToSocketAddrs>(addrs: A) -> io::Result<UdpSocket> {
        Self::bind_with(Parts::current(), addrs).await
    }

    /// As [`bind`](UdpSocket::bind), with the parts of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`bind`](UdpSocket::bind).
    pub async fn bind_in<A: AsyncToSocketAddrs>(handle: &Handle, addrs: A) -> io::Result<UdpSocket> {
        Self::bind_with(Parts::of(handle), addrs).await
    }

    async fn bind_with<A: AsyncToSocketAddrs>(parts: Parts, addrs: A) -> io::Result<UdpSocket> {
        let addrs = lookup(&parts, addrs.to_addrs()).await?;
        let options = SocketOptions::default();
        let inner = crate::first_of(&addrs, "binding a UDP socket to", |addr| parts.network().bind(addr, &options))?;
        Ok(UdpSocket { inner, parts: Arc::new(parts) })
    }

    /// Wraps a datagram socket of any [`Network`](whit_core::Network). Names are looked up by the current one.
    pub fn new(inner: Arc<dyn Datagram>) -> UdpSocket {
        UdpSocket { inner, parts: Arc::new(Parts::current()) }
    }

    /// The socket as its network sees it.
    pub fn get_ref(&self) -> &Arc<dyn Datagram> {
        &self.inner
    }

    /// Fixes the peer: [`send`](UdpSocket::send) goes there, and only what comes from there is received.
    ///
    /// # Errors
    ///
    /// The name cannot be looked up, or no address can be reached from here. Nobody needs to listen there.
    pub async fn connect<A: AsyncToSocketAddrs>(&self, addrs: A) -> io::Result<()> {
        let addrs = lookup(&self.parts, addrs.to_addrs()).await?;
        crate::first_of(&addrs, "connecting a UDP socket to", |addr| self.inner.connect(addr))
    }

    /// Sends one datagram to the first of the addresses.
    ///
    /// # Errors
    ///
    /// The name cannot be looked up, the datagram is too long, or no route leads there.
    pub async fn send_to<A: AsyncToSocketAddrs>(&self, buf: &[u8], addrs: A) -> io::Result<usize> {
        let addrs = lookup(&self.parts, addrs.to_addrs()).await?;
        let Some(&to) = addrs.first() else {
            return Err(no_address("sending a datagram"));
        };
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_send_to(cx, buf, to))).await
    }

    /// Receives one datagram and tells where it came from. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_recv_from(cx, buf))).await
    }

    /// As [`recv_from`](UdpSocket::recv_from), and leaves the datagram for the next one who receives.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_peek_from(cx, buf))).await
    }

    /// Sends one datagram to the connected peer.
    ///
    /// # Errors
    ///
    /// The socket is not [connected](UdpSocket::connect), or an earlier datagram was refused (`ConnectionRefused`).
    pub async fn send(&self, buf: &[u8]) -> io::Result<usize> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_send(cx, buf))).await
    }

    /// Receives one datagram from the connected peer. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// As for [`send`](UdpSocket::send).
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| proceed(cx, |cx| self.inner.poll_recv(cx, buf))).await
    }

    /// As [`recv`](UdpSocket::recv), and leaves the datagram for the next one who receives.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](UdpSocket::recv_from).
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(self.peek_from(buf).await?.0)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The connected peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Whether datagrams may be sent to broadcast addresses.
    ///
    /// # Errors
    ///
    /// `Unsupported` on a network that is not the system's, which can only be told and not asked.
    pub fn broadcast(&self) -> io::Result<bool> {
        SockRef::from(&self.system()?).broadcast()
    }

    /// Allows or forbids datagrams to broadcast addresses.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.inner.set_broadcast(on)
    }

    /// The hop limit of what is sent.
    ///
    /// # Errors
    ///
    /// `Unsupported` on a network that is not the system's, which can only be told and not asked.
    pub fn ttl(&self) -> io::Result<u32> {
        hops::get(&self.system()?, self.local_addr()?)
    }

    /// Sets the hop limit of what is sent.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// The descriptor, if the socket is the system's and not a simulation's: with `socket2::SockRef` it has every option
    /// that is not here.
    pub fn raw(&self) -> Option<BorrowedSource<'_>> {
        self.inner.raw()
    }

    pub(crate) fn system(&self) -> io::Result<BorrowedSource<'_>> {
        self.inner.raw().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "using a socket option failed: this socket is not the system's but belongs to another network, which has no such option",
            )
        })
    }
}

impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = io::Error;

    /// Takes std's socket over and makes it non-blocking.
    fn try_from(socket: net::UdpSocket) -> io::Result<UdpSocket> {
        OsNetwork::default().adopt_datagram(socket).map(UdpSocket::new)
    }
}

impl From<Async<net::UdpSocket>> for UdpSocket {
    fn from(socket: Async<net::UdpSocket>) -> UdpSocket {
        UdpSocket::new(crate::os::datagram(socket))
    }
}

impl TryFrom<&UdpSocket> for net::UdpSocket {
    type Error = io::Error;

    /// A second descriptor of the same socket. It is non-blocking, as the first; std's `set_nonblocking` changes both.
    fn try_from(socket: &UdpSocket) -> io::Result<net::UdpSocket> {
        duplicate(socket.raw()).map(Into::into)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpSocket")
            .field("local", &self.local_addr().ok())
            .field("peer", &self.peer_addr().ok())
            .finish()
    }
}
