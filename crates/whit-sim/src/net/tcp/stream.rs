//! The handle that the program has of a connection.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Poll};

use whit_core::{BorrowedSource, Stream};

use super::endpoint::{Endpoint, State};
use crate::HostId;
use crate::net::address::shown;
use crate::net::errors;
use crate::net::fabric::Fabric;
use crate::net::faults::Faults;
use crate::net::hosts::SocketId;
use crate::net::turn::Turn;

/// A connection. After a crash of its host it is inert: nothing is ever ready, and dropping it says nothing to anybody.
pub(in crate::net) struct SimStream {
    fabric: Fabric,
    host: HostId,
    id: SocketId,
}

impl SimStream {
    pub(in crate::net) fn new(fabric: Fabric, host: HostId, id: SocketId) -> SimStream {
        SimStream { fabric, host, id }
    }

    fn poll<R>(
        &self,
        cx: &Context<'_>,
        f: impl FnOnce(&mut Endpoint, &Faults, &mut Turn<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        self.fabric.turn(|hosts, turn| {
            let host = hosts.get(self.host);
            let faults = host.faults;
            if !host.streams.contains_key(&self.id) || turn.is_spurious(cx, faults.spurious) {
                return Poll::Pending;
            }
            host.with_stream(self.id, turn, |end, turn| f(end, &faults, turn)).unwrap_or(Poll::Pending)
        })
    }

    fn ask<R>(&self, f: impl FnOnce(&mut Endpoint) -> io::Result<R>) -> io::Result<R> {
        self.fabric.turn(|hosts, turn| {
            let host = hosts.get(self.host);
            let asked = host.with_stream(self.id, turn, |end, _| f(end));
            asked.unwrap_or_else(|| Err(errors::host_is_down(&host.name)))
        })
    }

    fn read(&self, cx: &Context<'_>, bufs: &mut [IoSliceMut<'_>], take: bool) -> Poll<io::Result<usize>> {
        self.poll(cx, |end, faults, turn| end.poll_read(cx, bufs, take, faults, turn))
    }
}

impl Stream for SimStream {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(cx, |end, _, _| end.poll_connected(cx))
    }

    fn poll_read(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.read(cx, &mut [IoSliceMut::new(buf)], true)
    }

    fn poll_read_vectored(&self, cx: &mut Context<'_>, bufs: &mut [IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        self.read(cx, bufs, true)
    }

    fn poll_peek(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.read(cx, &mut [IoSliceMut::new(buf)], false)
    }

    fn poll_write(&self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(&self, cx: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll(cx, |end, faults, turn| end.poll_write(cx, bufs, faults, turn))
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.fabric.turn(|hosts, turn| {
            let shut = hosts.get(self.host).with_stream(self.id, turn, |end, turn| end.shutdown(how, turn));
            // A dying program says nothing, and need not hear anything.
            shut.unwrap_or(Ok(()))
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.ask(|end| Ok(shown(end.local, end.v6)))
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.ask(|end| match end.state {
            State::Open => Ok(shown(end.peer, end.v6)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        })
    }

    fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.ask(|end| {
            end.nodelay = nodelay;
            Ok(())
        })
    }

    fn nodelay(&self) -> io::Result<bool> {
        self.ask(|end| Ok(end.nodelay))
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.ask(|end| {
            end.ttl = ttl;
            Ok(())
        })
    }

    fn ttl(&self) -> io::Result<u32> {
        self.ask(|end| Ok(end.ttl))
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        None
    }
}

impl Drop for SimStream {
    fn drop(&mut self) {
        self.fabric.turn(|hosts, turn| hosts.get(self.host).close_stream(self.id, turn));
    }
}

impl fmt::Debug for SimStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStream").field("id", &self.id).field("local", &self.local_addr().ok()).finish()
    }
}
