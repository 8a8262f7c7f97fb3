//! `TcpSocket`: a socket that is set up before it connects or listens.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use whit_core::{Handle, SocketOptions};

use super::{TcpListener, TcpStream};
use crate::addrs::AsyncToSocketAddrs;
use crate::parts::Parts;

/// Settings for a TCP socket that will connect or listen. What is not set is left to the system.
///
/// The socket is made when it connects or listens: with several addresses each attempt gets its own.
///
/// ```
/// use std::time::Duration;
/// use whit_net::TcpSocket;
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpSocket::new().backlog(16).nodelay(true).listen("127.0.0.1:0").await?;
/// let stream = TcpSocket::new()
///     .bind("127.0.0.1:0".parse().unwrap())
///     .keepalive(Duration::from_secs(60))
///     .connect(listener.local_addr()?)
///     .await?;
/// # drop(stream);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "settings do nothing until `connect` or `listen`"]
pub struct TcpSocket {
    options: SocketOptions,
    handle: Option<Handle>,
}

impl TcpSocket {
    /// No settings, and the current network.
    pub fn new() -> TcpSocket {
        TcpSocket::default()
    }

    /// No settings, and the network of `handle`.
    pub fn new_in(handle: &Handle) -> TcpSocket {
        TcpSocket { options: SocketOptions::default(), handle: Some(handle.clone()) }
    }

    /// Takes a local address over although connections of a former owner linger (`SO_REUSEADDR`).
    ///
    /// On Unix listeners do so unless this says no. On Windows it means that the address can be stolen from a live owner.
    pub fn reuse_address(mut self, on: bool) -> Self {
        self.options.reuse_address = Some(on);
        self
    }

    /// Lets several listeners share one address, with connections spread among them (`SO_REUSEPORT`). No effect on Windows,
    /// which has no such thing.
    pub fn reuse_port(mut self, on: bool) -> Self {
        self.options.reuse_port = on;
        self
    }

    /// Connections that may wait to be accepted; the system may have a lower limit of its own. By default 1,024.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.options.backlog = connections;
        self
    }

    /// The local address to connect from. Peers' addresses of the other family are then left out.
    pub fn bind(mut self, local: SocketAddr) -> Self {
        self.options.bind = Some(local);
        self
    }

    /// Probes a connection that has been silent for `idle` (whole seconds), to notice a peer that vanished (`SO_KEEPALIVE`).
    pub fn keepalive(mut self, idle: Duration) -> Self {
        self.options.keepalive = Some(idle);
        self
    }

    /// Sends small writes at once (`TCP_NODELAY`). What a listener accepts inherits it.
    pub fn nodelay(mut self, on: bool) -> Self {
        self.options.nodelay = Some(on);
        self
    }

    /// Size of the send buffer in bytes (`SO_SNDBUF`); the system rounds it, and Linux doubles it.
    pub fn send_buffer(mut self, bytes: usize) -> Self {
        self.options.send_buffer = Some(bytes);
        self
    }

    /// Size of the receive buffer in bytes (`SO_RCVBUF`); the system rounds it, and Linux doubles it.
    pub fn recv_buffer(mut self, bytes: usize) -> Self {
        self.options.recv_buffer = Some(bytes);
        self
    }

    /// Whether an IPv6 listener takes no IPv4 connections (`IPV6_V6ONLY`).
    pub fn only_v6(mut self, on: bool) -> Self {
        self.options.only_v6 = Some(on);
        self
    }

    /// Connects as [`TcpStream::connect`] does. The settings can be used again.
    ///
    /// # Errors
    ///
    /// As for [`TcpStream::connect`], and when the system refuses a setting.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up and closes every socket; the settings are still there.
    pub async fn connect<A: AsyncToSocketAddrs>(&self, addrs: A) -> io::Result<TcpStream> {
        TcpStream::connect_with(self.parts(), addrs, &self.options).await
    }

    /// Listens as [`TcpListener::bind`] does. The settings can be used again.
    ///
    /// # Errors
    ///
    /// As for [`TcpListener::bind`], and when the system refuses a setting.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up: no socket is left; the settings are still there.
    pub async fn listen<A: AsyncToSocketAddrs>(&self, addrs: A) -> io::Result<TcpListener> {
        TcpListener::bind_with(self.parts(), addrs, &self.options).await
    }

    fn parts(&self) -> Parts {
        self.handle.as_ref().map_or_else(Parts::current, Parts::of)
    }
}
