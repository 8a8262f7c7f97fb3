//! The handle that the program has of a datagram socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use whit_core::{BorrowedSource, Datagram};

use super::Bound;
use crate::HostId;
use crate::net::address::shown;
use crate::net::errors;
use crate::net::fabric::Fabric;
use crate::net::hosts::SocketId;

/// A datagram socket. Sending never waits: what is too much for a link or a receiver is lost. After a crash of its host it is
/// inert.
pub(in crate::net) struct SimDatagram {
    fabric: Fabric,
    host: HostId,
    id: SocketId,
}

impl SimDatagram {
    pub(in crate::net) fn new(fabric: Fabric, host: HostId, id: SocketId) -> SimDatagram {
        SimDatagram { fabric, host, id }
    }

    fn send(&self, cx: &Context<'_>, buf: &[u8], to: Option<SocketAddr>) -> Poll<io::Result<usize>> {
        self.fabric.turn(|hosts, turn| {
            let Some(faults) = hosts.get(self.host).faults_of(self.id) else { return Poll::Pending };
            if turn.is_spurious(cx, faults.spurious) {
                return Poll::Pending;
            }
            hosts.send_datagram(self.host, self.id, buf, to, turn).map_or(Poll::Pending, Poll::Ready)
        })
    }

    fn recv(&self, cx: &Context<'_>, buf: &mut [u8], take: bool) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.fabric.turn(|hosts, turn| {
            let host = hosts.get(self.host);
            let Some(faults) = host.faults_of(self.id) else { return Poll::Pending };
            if turn.is_spurious(cx, faults.spurious) {
                return Poll::Pending;
            }
            host.datagrams.get_mut(&self.id).map_or(Poll::Pending, |bound| bound.poll_recv(cx, buf, take))
        })
    }

    fn ask<R>(&self, f: impl FnOnce(&mut Bound) -> io::Result<R>) -> io::Result<R> {
        self.fabric.turn(|hosts, _| {
            let host = hosts.get(self.host);
            host.datagrams.get_mut(&self.id).map_or_else(|| Err(errors::host_is_down(&host.name)), f)
        })
    }
}

impl Datagram for SimDatagram {
    fn connect(&self, peer: SocketAddr) -> io::Result<()> {
        self.fabric.turn(|hosts, _| hosts.get(self.host).connect_datagram(self.id, peer))
    }

    fn poll_send_to(&self, cx: &mut Context<'_>, buf: &[u8], to: SocketAddr) -> Poll<io::Result<usize>> {
        self.send(cx, buf, Some(to))
    }

    fn poll_recv_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.recv(cx, buf, true)
    }

    fn poll_peek_from(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.recv(cx, buf, false)
    }

    fn poll_send(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.send(cx, buf, None)
    }

    fn poll_recv(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.recv(cx, buf, true).map_ok(|(len, _)| len)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.ask(|bound| Ok(bound.binding.shown()))
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.ask(|bound| match bound.peer {
            Some(peer) => Ok(shown(peer, bound.binding.v6)),
            None => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.ask(|bound| {
            bound.broadcast = on;
            Ok(())
        })
    }

    /// A hop limit has no effect here: every host is one hop away.
    fn set_ttl(&self, _: u32) -> io::Result<()> {
        self.ask(|_| Ok(()))
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        None
    }
}

impl Drop for SimDatagram {
    fn drop(&mut self) {
        self.fabric.turn(|hosts, turn| hosts.close_datagram(self.host, self.id, turn));
    }
}

impl fmt::Debug for SimDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDatagram").field("id", &self.id).field("local", &self.local_addr().ok()).finish()
    }
}
