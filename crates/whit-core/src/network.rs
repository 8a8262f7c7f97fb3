//! `Network`: connecting, listening and resolving, so that the same `TcpStream` runs on the system or on a simulation.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::{BorrowedSource, Task};

/// What a socket is to be before it connects or listens. `Default` is what the system does by itself, except that listeners
/// reuse their address, as std's do on Unix.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SocketOptions {
    /// `SO_REUSEADDR`. `None`: on for listeners on Unix, else off.
    pub reuse_address: Option<bool>,
    /// `SO_REUSEPORT`, where the system has it.
    pub reuse_port: bool,
    /// Connections that may wait to be accepted.
    pub backlog: u32,
    /// The local address to bind before connecting.
    pub bind: Option<SocketAddr>,
    /// `TCP_NODELAY`.
    pub nodelay: Option<bool>,
    /// `SO_KEEPALIVE` with this idle time.
    pub keepalive: Option<Duration>,
    /// `SO_SNDBUF`, in bytes.
    pub send_buffer: Option<usize>,
    /// `SO_RCVBUF`, in bytes.
    pub recv_buffer: Option<usize>,
    /// `IPV6_V6ONLY`.
    pub only_v6: Option<bool>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        SocketOptions {
            reuse_address: None,
            reuse_port: false,
            backlog: 1024,
            bind: None,
            nodelay: None,
            keepalive: None,
            send_buffer: None,
            recv_buffer: None,
            only_v6: None,
        }
    }
}

/// A network: asyncio's `create_connection` and `sock_*`, as verbs on plain data.
pub trait Network: fmt::Debug {
    /// Starts to connect. The stream that comes back is not connected until [`Stream::poll_connected`] says so; dropping it
    /// gives up.
    ///
    /// # Errors
    ///
    /// What the system says at once: no descriptors left, an address family it does not know.
    fn connect(&self, peer: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Stream>>;

    /// Listens on `local`; port 0 lets the network choose.
    ///
    /// # Errors
    ///
    /// The address is taken or not ours, or there are no descriptors left.
    fn listen(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Listener>>;

    /// Binds a datagram socket to `local`; port 0 lets the network choose.
    ///
    /// # Errors
    ///
    /// As for [`listen`](Network::listen).
    fn bind(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Datagram>>;

    /// Looks `host` up. The task is ready at once where no look-up is needed.
    fn resolve(&self, host: String, port: u16) -> Task<io::Result<Vec<SocketAddr>>>;
}

/// A connection, or one in the making. Any number of tasks may poll each direction.
pub trait Stream: fmt::Debug + Send + Sync {
    /// Ready when the connection stands, or an error says why it does not.
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
    /// Reads some bytes; 0 is the end.
    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
    /// Reads into several buffers.
    fn poll_read_vectored(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>]) -> Poll<io::Result<usize>>;
    /// Reads without taking.
    fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
    /// Writes some bytes.
    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;
    /// Writes from several buffers.
    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;
    /// Ends one or both directions.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
    /// The address of this end.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// The address of the other end.
    fn peer_addr(&self) -> io::Result<SocketAddr>;
    /// Sets `TCP_NODELAY`.
    fn set_nodelay(&self, nodelay: bool) -> io::Result<()>;
    /// Reads `TCP_NODELAY`.
    fn nodelay(&self) -> io::Result<bool>;
    /// Sets the hop limit.
    fn set_ttl(&self, ttl: u32) -> io::Result<()>;
    /// Reads the hop limit.
    fn ttl(&self) -> io::Result<u32>;
    /// The descriptor, if the connection is the system's.
    fn raw(&self) -> Option<BorrowedSource<'_>>;
}

/// A listening socket. Any number of tasks may poll it.
pub trait Listener: fmt::Debug + Send + Sync {
    /// Accepts a connection.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Arc<dyn Stream>, SocketAddr)>>;
    /// The address it listens on.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// Sets the hop limit of what it accepts.
    fn set_ttl(&self, ttl: u32) -> io::Result<()>;
    /// Reads the hop limit.
    fn ttl(&self) -> io::Result<u32>;
    /// The descriptor, if the socket is the system's.
    fn raw(&self) -> Option<BorrowedSource<'_>>;
}

/// A datagram socket. Any number of tasks may poll each direction.
pub trait Datagram: fmt::Debug + Send + Sync {
    /// Fixes the peer for `poll_send` and `poll_recv`.
    fn connect(&self, peer: SocketAddr) -> io::Result<()>;
    /// Sends one datagram to `to`.
    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>>;
    /// Receives one datagram; what does not fit into `buf` is lost.
    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>>;
    /// Receives without taking.
    fn poll_peek_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>>;
    /// Sends one datagram to the connected peer.
    fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>>;
    /// Receives one datagram from the connected peer.
    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>>;
    /// The address of this end.
    fn local_addr(&self) -> io::Result<SocketAddr>;
    /// The connected peer.
    fn peer_addr(&self) -> io::Result<SocketAddr>;
    /// Allows or forbids broadcasts.
    fn set_broadcast(&self, on: bool) -> io::Result<()>;
    /// Sets the hop limit.
    fn set_ttl(&self, ttl: u32) -> io::Result<()>;
    /// The descriptor, if the socket is the system's.
    fn raw(&self) -> Option<BorrowedSource<'_>>;
}
