//! UDP: `Async<UdpSocket>`.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use super::Async;

/// All of these are cancel-safe: a datagram is sent or received, or it is not.
impl Async<UdpSocket> {
    /// A socket bound to `address`; port 0 asks the system for a free one.
    ///
    /// # Errors
    ///
    /// The address is in use or not this machine's, or may not be used.
    pub fn bind<A: Into<SocketAddr>>(address: A) -> io::Result<Async<UdpSocket>> {
        Async::new(UdpSocket::bind(address.into())?)
    }

    /// Receives a datagram and says from whom. What does not fit into `buf` is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buf)).await
    }

    /// As [`recv_from`](Self::recv_from), without taking it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.peek_from(buf)).await
    }

    /// Sends `buf` as one datagram.
    ///
    /// # Errors
    ///
    /// It is too large, or what the system says.
    pub async fn send_to<A: Into<SocketAddr>>(&self, buf: &[u8], to: A) -> io::Result<usize> {
        let to = to.into();
        self.write_with(|socket| socket.send_to(buf, to)).await
    }

    /// Receives a datagram of the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buf)).await
    }

    /// As [`recv`](Self::recv), without taking it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.peek(buf)).await
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
