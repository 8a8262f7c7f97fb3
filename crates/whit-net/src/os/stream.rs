//! A TCP connection of the operating system.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use whit_core::{BorrowedSource, Dir, Stream};
use whit_reactor::Async;

use super::{direct, hops};

#[derive(Debug)]
pub(super) struct OsStream {
    io: Async<TcpStream>,
    may_meet_itself: bool,
    // Set once, by whoever sees it first: spares later polls the questions.
    connected: AtomicBool,
}

impl OsStream {
    /// A socket whose connect has begun.
    pub(super) fn connecting(io: Async<TcpStream>, may_meet_itself: bool) -> OsStream {
        OsStream { io, may_meet_itself, connected: AtomicBool::new(false) }
    }

    /// A socket that is connected: one that was accepted.
    pub(super) fn connected(io: Async<TcpStream>) -> OsStream {
        OsStream { io, may_meet_itself: true, connected: AtomicBool::new(true) }
    }
}

impl Stream for OsStream {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connected.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let peer = ready!(self.io.poll_connected(cx))?;
        // A connect to a free port of this machine may be given that very port as its own, and then meets itself.
        if !self.may_meet_itself && self.local_addr()? == peer {
            return Poll::Ready(Err(io::ErrorKind::ConnectionRefused.into()));
        }
        self.connected.store(true, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_read_stream_with(cx, buf.len(), |socket| direct::read(socket, buf))
    }

    fn poll_read_vectored(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Read, cx, |socket| direct::read_vectored(socket, bufs))
    }

    fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Read, cx, |socket| socket.peek(buf))
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Write, cx, |socket| direct::write(socket, buf))
    }

    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.io.poll_io(Dir::Write, cx, |socket| direct::write_vectored(socket, bufs))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        hops::set(self.io.get_ref(), self.local_addr()?, ttl)
    }

    fn ttl(&self) -> io::Result<u32> {
        hops::get(self.io.get_ref(), self.local_addr()?)
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        Some(super::borrow(self.io.get_ref()))
    }
}
