//! Listening: the queue of a listener, and the handle that the program has.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use whit_core::{BorrowedSource, Listener, SocketOptions, Stream};

use super::SimStream;
use super::endpoint::{Endpoint, Owner};
use crate::HostId;
use crate::net::address::{Binding, shown};
use crate::net::errors;
use crate::net::fabric::Fabric;
use crate::net::hosts::{Host, Hosts, SocketId};
use crate::net::turn::Turn;
use crate::net::waiters::Waiters;

/// A listener in its host's table.
#[derive(Debug)]
pub(in crate::net) struct Listening {
    pub(super) binding: Binding,
    pub(super) reuse: bool,
    pub(super) shares: bool,
    pub(super) ttl: u32,
    /// Connections that stand, and wait.
    pub(super) queue: VecDeque<SocketId>,
    pub(super) acceptors: Waiters,
    // What those that it accepts inherit.
    options: SocketOptions,
}

/// What Linux allows at most (`somaxconn`).
const MOST_BACKLOG: u32 = 4096;

impl Listening {
    /// The options for one more connection; `None` if too many wait. As on Linux one more than the backlog may.
    pub(super) fn takes_more(&self) -> Option<SocketOptions> {
        (self.queue.len() <= self.options.backlog.min(MOST_BACKLOG) as usize).then(|| self.options.clone())
    }
}

impl Listening {
    /// The host is down.
    pub(in crate::net) fn vanish(&mut self, turn: &mut Turn<'_>) {
        self.acceptors.discard(turn);
    }
}

impl Hosts {
    pub(in crate::net) fn listen(
        &mut self,
        at: HostId,
        local: SocketAddr,
        options: &SocketOptions,
        turn: &mut Turn<'_>,
    ) -> io::Result<SocketId> {
        let id = self.next_socket();
        let host = self.get(at);
        host.has_descriptor(turn)?;
        host.forget_lingered(turn.world.now());
        let reuse = options.reuse_address.unwrap_or(true);
        let binding = Binding::new(local, options.only_v6 == Some(true));
        let binding = host.listening_address(binding, reuse, options.reuse_port)?;
        let listening = Listening {
            binding,
            reuse,
            shares: options.reuse_port,
            ttl: 64,
            queue: VecDeque::new(),
            acceptors: Waiters::default(),
            options: options.clone(),
        };
        host.open += 1;
        host.listeners.insert(id, listening);
        turn.world.note(at, || format!("listens on {}", binding.shown()));
        Ok(id)
    }
}

impl Host {
    fn poll_accept(
        &mut self,
        id: SocketId,
        cx: &Context<'_>,
        turn: &mut Turn<'_>,
    ) -> Poll<io::Result<(SocketId, SocketAddr)>> {
        let spurious = self.faults.spurious;
        let Some(listening) = self.listeners.get_mut(&id) else { return Poll::Pending };
        if turn.is_spurious(cx, spurious) {
            return Poll::Pending;
        }
        if listening.queue.is_empty() {
            listening.acceptors.wait(cx);
            return Poll::Pending;
        }
        // Without a descriptor it stays in the queue.
        self.has_descriptor(turn)?;
        let accepted = self.listeners.get_mut(&id).and_then(|listening| listening.queue.pop_front());
        let end = accepted.and_then(|accepted| self.streams.get_mut(&accepted));
        let end = end.expect("what waits in a queue is in the table");
        end.owner = Owner::Program;
        self.open += 1;
        Poll::Ready(Ok((end.id, shown(end.peer, end.v6))))
    }

    fn close_listener(&mut self, id: SocketId, turn: &mut Turn<'_>) {
        let Some(mut listening) = self.listeners.remove(&id) else { return };
        listening.acceptors.discard(turn);
        self.open -= 1;
        let left = self.streams.values().filter(|end| end.owner == Owner::Listener(id));
        for orphan in left.map(|end| end.id).collect::<Vec<_>>() {
            self.with_stream(orphan, turn, Endpoint::abandon);
        }
    }
}

impl fmt::Display for Listening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tcp {} listens, {} wait to be accepted", self.binding.shown(), self.queue.len())
    }
}

/// The program's handle of a listener.
pub(in crate::net) struct SimListener {
    fabric: Fabric,
    host: HostId,
    id: SocketId,
}

impl SimListener {
    pub(in crate::net) fn new(fabric: Fabric, host: HostId, id: SocketId) -> SimListener {
        SimListener { fabric, host, id }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Listening) -> R) -> io::Result<R> {
        self.fabric.turn(|hosts, _| {
            let host = hosts.get(self.host);
            host.listeners.get_mut(&self.id).map(f).ok_or_else(|| errors::host_is_down(&host.name))
        })
    }
}

impl Listener for SimListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Arc<dyn Stream>, SocketAddr)>> {
        let accepted = self.fabric.turn(|hosts, turn| hosts.get(self.host).poll_accept(self.id, cx, turn));
        accepted.map_ok(|(id, peer)| {
            let stream: Arc<dyn Stream> = Arc::new(SimStream::new(self.fabric.clone(), self.host, id));
            (stream, peer)
        })
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.with(|listening| listening.binding.shown())
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.with(|listening| listening.ttl = ttl)
    }

    fn ttl(&self) -> io::Result<u32> {
        self.with(|listening| listening.ttl)
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        None
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.fabric.turn(|hosts, turn| hosts.get(self.host).close_listener(self.id, turn));
    }
}

impl fmt::Debug for SimListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimListener").field("id", &self.id).field("local", &self.local_addr().ok()).finish()
    }
}
