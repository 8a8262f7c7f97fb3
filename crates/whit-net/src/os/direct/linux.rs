//! The system calls themselves.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;

use rustix::net::{RecvFlags, SendFlags, SocketFlags};
use whit_core::refill_returns;

/// As `Read::read`.
#[inline]
pub(crate) fn read(socket: &impl AsFd, buf: &mut [u8]) -> io::Result<usize> {
    let read = rustix::net::recv(socket, buf, RecvFlags::empty());
    refill_returns();
    Ok(read?.0)
}

/// As `Write::write`.
#[inline]
pub(crate) fn write(socket: &impl AsFd, buf: &[u8]) -> io::Result<usize> {
    // A peer that is gone is an error and not a signal.
    let written = rustix::net::send(socket, buf, SendFlags::NOSIGNAL);
    refill_returns();
    Ok(written?)
}

/// As `Read::read_vectored`.
#[inline]
pub(crate) fn read_vectored(socket: &impl AsFd, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let read = rustix::io::readv(socket, bufs);
    refill_returns();
    Ok(read?)
}

/// As `Write::write_vectored`.
#[inline]
pub(crate) fn write_vectored(socket: &impl AsFd, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let written = rustix::io::writev(socket, bufs);
    refill_returns();
    Ok(written?)
}

/// As `UdpSocket::recv`.
#[inline]
pub(crate) fn recv(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<usize> {
    read(socket, buf)
}

/// As `UdpSocket::send`.
#[inline]
pub(crate) fn send(socket: &UdpSocket, buf: &[u8]) -> io::Result<usize> {
    write(socket, buf)
}

/// As `UdpSocket::recv_from`.
#[inline]
pub(crate) fn recv_from(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    let received = rustix::net::recvfrom(socket, buf, RecvFlags::empty());
    refill_returns();
    let (received, _, from) = received?;
    Ok((received, internet(from)?))
}

/// As `UdpSocket::send_to`.
#[inline]
pub(crate) fn send_to(socket: &UdpSocket, buf: &[u8], to: SocketAddr) -> io::Result<usize> {
    // Told apart here, so that each is inlined: with both behind one call, it would return before `refill_returns`.
    let sent = match &to {
        SocketAddr::V4(to) => rustix::net::sendto(socket, buf, SendFlags::NOSIGNAL, to),
        SocketAddr::V6(to) => rustix::net::sendto(socket, buf, SendFlags::NOSIGNAL, to),
    };
    refill_returns();
    Ok(sent?)
}

/// As `TcpListener::accept`, and the connection does not block.
#[inline]
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let accepted = rustix::net::acceptfrom_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK);
    refill_returns();
    let (socket, peer) = accepted?;
    Ok((socket.into(), internet(peer)?))
}

fn internet(address: Option<rustix::net::SocketAddrAny>) -> io::Result<SocketAddr> {
    let address = address.and_then(|address| SocketAddr::try_from(address).ok());
    address.ok_or_else(|| io::Error::other("the system gave an address that is neither IPv4 nor IPv6"))
}
