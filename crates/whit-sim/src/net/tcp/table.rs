//! The connections of a host: how they begin, which of them a segment is for, and how they are let go.

use std::io;
use std::net::SocketAddr;

use whit_core::SocketOptions;

use super::endpoint::{Endpoint, Owner, State};
use super::incoming::Incoming;
use super::outgoing::Outgoing;
use super::timer::Timing;
use crate::HostId;
use crate::decider::Choice;
use crate::net::address::destination;
use crate::net::hosts::{Host, Hosts, SocketId};
use crate::net::packet::{Body, Kind, Segment};
use crate::net::turn::Turn;
use crate::net::waiters::Waiters;

/// How much a connection buffers in each direction, if nobody says otherwise.
const BUFFER: usize = 65_536;
/// The least that it buffers, whatever somebody says.
const LEAST_BUFFER: usize = 256;

impl Hosts {
    /// Begins a connection.
    pub(in crate::net) fn connect(
        &mut self,
        at: HostId,
        peer: SocketAddr,
        options: &SocketOptions,
        turn: &mut Turn<'_>,
    ) -> io::Result<SocketId> {
        let to = destination(peer);
        let peer_host = self.at(at, to.ip());
        let id = self.next_socket();
        let host = self.get(at);
        host.is_running()?;
        host.has_descriptor(turn)?;
        host.forget_lingered(turn.world.now());
        let local = host.connecting_address(peer, to, options)?;
        let mut end = Endpoint::new(at, id, local, to, options);
        end.peer_host = peer_host;
        end.v6 = peer.is_ipv6();
        host.open += 1;
        host.pairs.insert((local, to), id);
        end.send(Kind::Syn, None, turn);
        end.timing.measure(0, turn);
        end.arm(turn);
        host.streams.insert(id, end);
        Ok(id)
    }

    /// A segment of TCP arrives.
    pub(in crate::net) fn segment_arrives(
        &mut self,
        at: HostId,
        from: SocketAddr,
        to: SocketAddr,
        segment: Segment,
        turn: &mut Turn<'_>,
    ) {
        let host = self.get(at);
        host.forget_lingered(turn.world.now());
        let known = host.pairs.get(&(to, from)).copied();
        if segment.kind != Kind::Syn {
            return match known {
                Some(id) if segment.to_id == id.0 => host.belongs(id, segment, turn),
                _ => refuse(at, from, to, &segment, turn),
            };
        }
        if let Some(id) = known {
            let Some(end) = host.streams.get_mut(&id) else { return };
            match end.state {
                State::Embryo if end.peer_id == segment.from_id => return end.send(Kind::SynAck, None, turn),
                // The peer has come to this port again, with the other connection long over.
                State::Lingering { .. } | State::Dead => {
                    end.state = State::Dead;
                    host.settle(id);
                }
                // What is left of an earlier life of the peer: it will tell us that it knows nothing of it.
                State::Embryo | State::Open => return end.send(Kind::Plain, None, turn),
                State::Connecting => return refuse(at, from, to, &segment, turn),
            }
        }
        let Some(listener) = host.listener_for(to, turn) else { return refuse(at, from, to, &segment, turn) };
        let Some(options) = host.listeners.get(&listener).and_then(|found| found.takes_more()) else {
            // The queue is full: without an answer the peer tries again later.
            return turn.world.note(at, || format!("backlog of {to} is full"));
        };
        let (id, peer_host) = (self.next_socket(), self.at(at, from.ip()));
        let mut end = Endpoint::new(at, id, to, from, &options);
        (end.state, end.owner) = (State::Embryo, Owner::Listener(listener));
        (end.peer_id, end.peer_host) = (segment.from_id, peer_host);
        end.out.acknowledge(0, segment.window);
        end.send(Kind::SynAck, None, turn);
        end.timing.measure(0, turn);
        end.arm(turn);
        let host = self.get(at);
        let found = &host.listeners[&listener];
        (end.v6, end.ttl, end.reuse) = (found.binding.v6, found.ttl, found.reuse);
        host.pairs.insert((to, from), id);
        host.streams.insert(id, end);
    }
}

impl Host {
    /// Does something with a connection, if it is still there, and keeps the tables right.
    pub(in crate::net) fn with_stream<'t, R>(
        &mut self,
        id: SocketId,
        turn: &mut Turn<'t>,
        f: impl FnOnce(&mut Endpoint, &mut Turn<'t>) -> R,
    ) -> Option<R> {
        let end = self.streams.get_mut(&id)?;
        let before = end.state;
        let result = f(end, turn);
        if end.state != before
            && let State::Lingering { until } = end.state
        {
            self.lingering.push_back((until, id));
        }
        self.settle(id);
        Some(result)
    }

    /// Takes out of the tables what has no place there any more.
    pub(super) fn settle(&mut self, id: SocketId) {
        let Some(end) = self.streams.get(&id) else { return };
        if end.state != State::Dead {
            return;
        }
        if self.pairs.get(&(end.local, end.peer)) == Some(&id) {
            self.pairs.remove(&(end.local, end.peer));
        }
        // What is dead and waits to be accepted is accepted yet, and tells its story then. An embryo is in no queue.
        let in_queue = |listener| self.listeners.get(listener).is_some_and(|found| found.queue.contains(&id));
        let is_wanted = match &end.owner {
            Owner::Program => true,
            Owner::Listener(listener) => in_queue(listener),
            Owner::Nobody => false,
        };
        if !is_wanted {
            self.streams.remove(&id);
        }
    }

    /// A segment for a connection that is known.
    fn belongs(&mut self, id: SocketId, segment: Segment, turn: &mut Turn<'_>) {
        let Some(end) = self.streams.get_mut(&id) else { return };
        if end.state == State::Embryo && segment.kind != Kind::Rst {
            // The handshake is over, if there is still a place in the queue; else the peer has to say so again.
            let Owner::Listener(listener) = end.owner else { return };
            let Some(found) = self.listeners.get_mut(&listener).filter(|found| found.takes_more().is_some()) else {
                return;
            };
            end.state = State::Open;
            end.timing.progress(0, turn);
            end.keep_alive(turn);
            found.queue.push_back(id);
            found.acceptors.wake(turn);
        }
        self.with_stream(id, turn, |end, turn| end.arrives(segment, turn));
    }

    /// Who listens there: one bound to this very address before one bound to all, and among those who share by chance.
    fn listener_for(&self, to: SocketAddr, turn: &Turn<'_>) -> Option<SocketId> {
        let covers = |specific| {
            let all = self.listeners.iter().filter(move |(_, found)| {
                let binding = &found.binding;
                binding.port == to.port() && binding.covers(to.ip()) && binding.is_specific() == specific
            });
            all.map(|(id, _)| *id).collect::<Vec<_>>()
        };
        let found = Some(covers(true)).filter(|found| !found.is_empty()).unwrap_or_else(|| covers(false));
        let choice = turn.world.choose(Choice::Network, found.len() as u32);
        found.get(choice as usize).copied()
    }

    /// The program drops its handle of a connection.
    pub(in crate::net) fn close_stream(&mut self, id: SocketId, turn: &mut Turn<'_>) {
        if !self.streams.contains_key(&id) {
            return;
        }
        self.open -= 1;
        self.with_stream(id, turn, Endpoint::let_go);
    }
}

impl Endpoint {
    pub(super) fn new(
        host: HostId,
        id: SocketId,
        local: SocketAddr,
        peer: SocketAddr,
        options: &SocketOptions,
    ) -> Endpoint {
        let size = |asked: Option<usize>| asked.unwrap_or(BUFFER).max(LEAST_BUFFER);
        Endpoint {
            host,
            id,
            peer_id: 0,
            local,
            peer,
            state: State::Connecting,
            owner: Owner::Program,
            v6: false,
            peer_host: None,
            reuse: options.reuse_address == Some(true),
            nodelay: options.nodelay.unwrap_or(false),
            ttl: 64,
            out: Outgoing::new(size(options.send_buffer)),
            incoming: Incoming::new(size(options.recv_buffer)),
            timing: Timing::new(options.keepalive),
            error: None,
            read_shut: false,
            owes_answer: false,
            readers: Waiters::default(),
            writers: Waiters::default(),
        }
    }

    /// Nobody has a handle of it any more: rule 5 of the endpoint.
    pub(super) fn let_go(&mut self, turn: &mut Turn<'_>) {
        self.owner = Owner::Nobody;
        self.read_shut = true;
        match self.state {
            State::Open if self.incoming.available() > 0 => {
                self.send(Kind::Rst, None, turn);
                self.die(None, turn);
            }
            State::Open => self.end_writing(turn),
            State::Connecting | State::Embryo => self.die(None, turn),
            State::Lingering { .. } | State::Dead => {}
        }
        self.readers.discard(turn);
        self.writers.discard(turn);
    }

    /// The host is down.
    pub(in crate::net) fn vanish(&mut self, turn: &mut Turn<'_>) {
        self.timing.stop(turn);
        self.readers.discard(turn);
        self.writers.discard(turn);
    }
}

/// What becomes of those that nobody has accepted when their listener goes.
impl Endpoint {
    pub(super) fn abandon(&mut self, turn: &mut Turn<'_>) {
        self.owner = Owner::Nobody;
        if self.state == State::Open {
            self.send(Kind::Rst, None, turn);
        }
        self.die(None, turn);
    }
}

/// Tells the sender of a segment that there is no such connection.
pub(super) fn refuse(at: HostId, from: SocketAddr, to: SocketAddr, segment: &Segment, turn: &mut Turn<'_>) {
    if segment.kind == Kind::Rst {
        return;
    }
    let (from_id, to_id) = (segment.to_id, segment.from_id);
    let reset = Segment { kind: Kind::Rst, from_id, to_id, seq: 0, ack: 0, window: 0, data: Vec::new(), fin: false };
    turn.send(at, to, from, Body::Segment(reset));
}
