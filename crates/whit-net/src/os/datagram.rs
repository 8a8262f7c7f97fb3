//! A UDP socket of the operating system.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::task::{Context, Poll};

use whit_core::{BorrowedSource, Datagram, Dir};
use whit_reactor::Async;

use super::{direct, hops};

#[derive(Debug)]
pub(super) struct OsDatagram {
    io: Async<UdpSocket>,
}

impl OsDatagram {
    pub(super) fn new(io: Async<UdpSocket>) -> OsDatagram {
        OsDatagram { io }
    }
}

impl Datagram for OsDatagram {
    fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        // Connecting a datagram socket sends nothing and never waits.
        self.io.get_ref().connect(peer)
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Write, cx, |socket| direct::send_to(socket, buf, to))
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_io(Dir::Read, cx, |socket| direct::recv_from(socket, buf))
    }

    fn poll_peek_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_io(Dir::Read, cx, |socket| socket.peek_from(buf))
    }

    fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Write, cx, |socket| direct::send(socket, buf))
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Read, cx, |socket| direct::recv(socket, buf))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(on)
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        hops::set(self.io.get_ref(), self.local_addr()?, ttl)
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        Some(super::borrow(self.io.get_ref()))
    }
}
