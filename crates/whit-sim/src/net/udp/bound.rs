//! A datagram socket in its host's table: what it receives, and from whom.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::{Context, Poll};

use whit_core::SocketOptions;

use crate::HostId;
use crate::net::address::{Binding, destination, shown};
use crate::net::errors;
use crate::net::faults::Faults;
use crate::net::hosts::{Host, Hosts, SocketId};
use crate::net::packet::Body;
use crate::net::turn::Turn;
use crate::net::waiters::Waiters;

/// See the module text.
#[derive(Debug)]
pub(in crate::net) struct Bound {
    host: HostId,
    pub(super) binding: Binding,
    /// Canonical.
    pub(super) peer: Option<SocketAddr>,
    pub(super) broadcast: bool,
    shares: bool,
    received: VecDeque<(Vec<u8>, SocketAddr)>,
    // Bytes received and not read, with what each costs beside its data; and how many there may be.
    held: usize,
    capacity: usize,
    // What an earlier datagram of this socket met.
    error: Option<io::ErrorKind>,
    readers: Waiters,
}

/// What a socket buffers if nobody says otherwise, as Linux has it.
const BUFFER: usize = 212_992;
/// The least, whatever somebody says.
const LEAST_BUFFER: usize = 2304;
/// What a datagram costs beside its data.
const OVERHEAD: usize = 64;

impl Hosts {
    pub(in crate::net) fn bind(
        &mut self,
        at: HostId,
        local: SocketAddr,
        options: &SocketOptions,
        turn: &mut Turn<'_>,
    ) -> io::Result<SocketId> {
        let id = self.next_socket();
        let host = self.get(at);
        host.has_descriptor(turn)?;
        let mut binding = Binding::new(local, options.only_v6 == Some(true));
        host.may_bind(&binding)?;
        let shares = options.reuse_port || options.reuse_address == Some(true);
        let is_free = |host: &Host, binding: &Binding, shares| {
            !host.datagrams.values().any(|other| other.binding.overlaps(binding) && !(shares && other.shares))
        };
        if binding.port == 0 {
            let free = host.free_port(|host, port| is_free(host, &Binding { port, ..binding }, false));
            binding.port = free.ok_or(io::ErrorKind::AddrInUse)?;
        } else if !is_free(host, &binding, shares) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        host.open += 1;
        let bound = Bound {
            host: at,
            binding,
            peer: None,
            broadcast: false,
            shares,
            received: VecDeque::new(),
            held: 0,
            capacity: options.recv_buffer.unwrap_or(BUFFER).max(LEAST_BUFFER),
            error: None,
            readers: Waiters::default(),
        };
        host.datagrams.insert(id, bound);
        Ok(id)
    }
}

/// What arrives.
impl Host {
    pub(in crate::net) fn datagram_arrives(
        &mut self,
        from: SocketAddr,
        to: SocketAddr,
        data: Vec<u8>,
        turn: &mut Turn<'_>,
    ) {
        if to.ip() == Ipv4Addr::BROADCAST {
            let all = self.datagrams.values_mut().filter(|bound| bound.rank(from, to).is_some());
            return all.for_each(|bound| bound.take(from, data.clone(), turn));
        }
        // The most particular one gets it: connected to the sender, then bound to this very address, then to all.
        let ranked = self.datagrams.iter().filter_map(|(id, bound)| Some((bound.rank(from, to)?, *id)));
        match ranked.max_by_key(|(rank, id)| (*rank, std::cmp::Reverse(*id))) {
            Some((_, id)) => {
                if let Some(bound) = self.datagrams.get_mut(&id) {
                    bound.take(from, data, turn);
                }
            }
            None => turn.send(self.id, to, from, Body::Unreachable),
        }
    }

    /// Nobody listens at `from`, where a socket of `to` had sent something. Only one that is connected there hears of it.
    pub(in crate::net) fn unreachable_arrives(&mut self, from: SocketAddr, to: SocketAddr, turn: &mut Turn<'_>) {
        let connected = self.datagrams.values_mut().filter(|bound| bound.peer == Some(from));
        for bound in connected.filter(|bound| bound.binding.port == to.port() && bound.binding.covers(to.ip())) {
            bound.error = Some(io::ErrorKind::ConnectionRefused);
            bound.readers.wake(turn);
        }
    }

    /// Fixes the peer, and with it the address that datagrams come from.
    pub(super) fn connect_datagram(&mut self, id: SocketId, peer: SocketAddr) -> io::Result<()> {
        let to = destination(peer);
        let source = self.source(to.ip());
        let Some(bound) = self.datagrams.get_mut(&id) else { return Err(errors::host_is_down(&self.name)) };
        if !bound.binding.speaks_to(to.ip()) {
            return Err(errors::wrong_family());
        }
        if !bound.binding.is_specific() {
            bound.binding.ip = source?;
        }
        bound.peer = Some(to);
        Ok(())
    }
}

impl Bound {
    /// How particularly this socket is meant by a datagram; `None` if it is not.
    fn rank(&self, from: SocketAddr, to: SocketAddr) -> Option<u8> {
        let broadcast = to.ip() == Ipv4Addr::BROADCAST && self.binding.covers(Ipv4Addr::UNSPECIFIED.into());
        let meant = self.binding.port == to.port() && (self.binding.covers(to.ip()) || broadcast);
        match self.peer {
            _ if !meant => None,
            Some(peer) if peer != from => None,
            peer => Some(u8::from(peer.is_some()) * 2 + u8::from(self.binding.is_specific())),
        }
    }

    fn take(&mut self, from: SocketAddr, data: Vec<u8>, turn: &mut Turn<'_>) {
        let size = data.len() + OVERHEAD;
        if self.held + size > self.capacity {
            return turn.world.note(self.host, || format!("full: a datagram from {from} is dropped"));
        }
        self.held += size;
        self.received.push_back((data, from));
        self.readers.wake(turn);
    }

    pub(super) fn poll_recv(
        &mut self,
        cx: &Context<'_>,
        buf: &mut [u8],
        take: bool,
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error.into()));
        }
        let Some((data, from)) = self.received.front() else {
            self.readers.wait(cx);
            return Poll::Pending;
        };
        let (len, from) = (data.len().min(buf.len()), shown(*from, self.binding.v6));
        buf[..len].copy_from_slice(&data[..len]);
        if take {
            self.held -= data.len() + OVERHEAD;
            self.received.pop_front();
        }
        Poll::Ready(Ok((len, from)))
    }

    /// Where a datagram is to be sent, if it may be.
    pub(super) fn may_send(&mut self, len: usize, to: Option<SocketAddr>) -> io::Result<SocketAddr> {
        if let Some(error) = self.error.take() {
            return Err(error.into());
        }
        let to = to.map(destination).or(self.peer).ok_or_else(errors::no_destination)?;
        let longest = if to.is_ipv4() { 65_507 } else { 65_527 };
        match () {
            () if !self.binding.speaks_to(to.ip()) => Err(errors::wrong_family()),
            () if to.port() == 0 => Err(io::ErrorKind::InvalidInput.into()),
            () if len > longest => Err(errors::message_too_long()),
            () if to.ip() == Ipv4Addr::BROADCAST && !self.broadcast => Err(io::ErrorKind::PermissionDenied.into()),
            () => Ok(to),
        }
    }
}

/// What the program sends, and how it lets the socket go.
impl Hosts {
    pub(super) fn send_datagram(
        &mut self,
        at: HostId,
        id: SocketId,
        data: &[u8],
        to: Option<SocketAddr>,
        turn: &mut Turn<'_>,
    ) -> Option<io::Result<usize>> {
        let host = self.get(at);
        let to = match host.datagrams.get_mut(&id)?.may_send(data.len(), to) {
            Ok(to) => to,
            Err(error) => return Some(Err(error)),
        };
        let Binding { ip, port, .. } = host.datagrams[&id].binding;
        let to_all = to.ip() == Ipv4Addr::BROADCAST;
        let source = match ip.is_unspecified() {
            false => Ok(ip),
            true if to_all => {
                host.addresses.iter().find(|ip| ip.is_ipv4()).copied().ok_or(io::ErrorKind::NetworkUnreachable)
            }
            true => host.source(to.ip()).map_err(|error| error.kind()),
        };
        let from = match source {
            Ok(ip) if ip.is_loopback() && !host.is_own(to.ip()) => {
                return Some(Err(io::ErrorKind::InvalidInput.into()));
            }
            Ok(ip) => SocketAddr::new(ip, port),
            Err(error) => return Some(Err(error.into())),
        };
        turn.send(at, from, to, Body::Datagram(data.to_vec()));
        Some(Ok(data.len()))
    }

    pub(super) fn close_datagram(&mut self, at: HostId, id: SocketId, turn: &mut Turn<'_>) {
        let host = self.get(at);
        if let Some(mut bound) = host.datagrams.remove(&id) {
            bound.readers.discard(turn);
            host.open -= 1;
        }
    }
}

impl Host {
    pub(super) fn faults_of(&self, id: SocketId) -> Option<Faults> {
        self.datagrams.contains_key(&id).then_some(self.faults)
    }
}

/// What a crash leaves of a socket.
impl Bound {
    pub(in crate::net) fn vanish(&mut self, turn: &mut Turn<'_>) {
        self.readers.discard(turn);
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "udp {}", self.binding.shown())?;
        if let Some(peer) = self.peer {
            write!(f, " > {peer}")?;
        }
        write!(f, ", {} datagrams to read", self.received.len())
    }
}
