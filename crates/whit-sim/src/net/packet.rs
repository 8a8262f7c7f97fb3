//! What travels: segments of TCP, datagrams, and the news that a port is closed.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::HostId;

/// One packet on its way, as [rules](crate::Verdict) see it.
#[derive(Clone)]
pub struct Packet {
    /// For the trace: doubles of a packet have the same.
    pub(super) number: u64,
    pub(super) from_host: HostId,
    pub(super) from_name: Arc<str>,
    pub(super) to_host: HostId,
    pub(super) to_name: Arc<str>,
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) body: Body,
}

#[derive(Clone)]
pub(super) enum Body {
    Segment(Segment),
    Datagram(Vec<u8>),
    /// To whoever sent a datagram to where nobody listens. Comes from there.
    Unreachable,
}

/// A segment of TCP. Each end of a connection has a number of its own, in the place of the random first sequence number: so
/// what is left over from an earlier connection between the same addresses is told from what belongs to this one.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) kind: Kind,
    pub(super) from_id: u64,
    pub(super) to_id: u64,
    /// Of the first byte of `data`.
    pub(super) seq: u64,
    /// The byte that is expected next.
    pub(super) ack: u64,
    /// How many more may be sent from `ack` on.
    pub(super) window: u64,
    pub(super) data: Vec<u8>,
    /// Nothing comes after `data`. Takes a sequence number.
    pub(super) fin: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Syn,
    SynAck,
    /// Data, an acknowledgement, or both.
    Plain,
    /// As `Plain`, and wants an answer.
    Probe,
    Rst,
}

/// What bandwidth counts beside the data: the headers.
const HEADERS: usize = 40;

impl Packet {
    /// The name of the host that sent it.
    pub fn from_host(&self) -> &str {
        &self.from_name
    }

    /// The name of the host that it is meant for.
    pub fn to_host(&self) -> &str {
        &self.to_name
    }

    /// The address and port that it comes from.
    pub fn from(&self) -> SocketAddr {
        self.from
    }

    /// The address and port that it goes to.
    pub fn to(&self) -> SocketAddr {
        self.to
    }

    /// What the receiving program is to read: a datagram, or a piece of a TCP stream. Empty for what only the protocol needs.
    pub fn payload(&self) -> &[u8] {
        match &self.body {
            Body::Segment(segment) => &segment.data,
            Body::Datagram(data) => data,
            Body::Unreachable => &[],
        }
    }

    /// Whether it belongs to a TCP connection; otherwise to UDP.
    pub fn is_tcp(&self) -> bool {
        matches!(self.body, Body::Segment(_))
    }

    /// Whether it asks for a new TCP connection.
    pub fn is_connect(&self) -> bool {
        matches!(&self.body, Body::Segment(segment) if segment.kind == Kind::Syn)
    }

    pub(super) fn size(&self) -> usize {
        self.payload().len() + HEADERS
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.from_host == self.to_host
    }
}

impl fmt::Display for Packet {
    /// One line for the trace. The numbers of the ends are those of the sockets, which are the same in each run.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.is_tcp() { "tcp" } else { "udp" };
        write!(f, "{protocol} {} > {} ", self.from, self.to)?;
        match &self.body {
            Body::Segment(segment) => segment.fmt(f),
            Body::Datagram(data) => write!(f, "{} bytes", data.len()),
            Body::Unreachable => f.write_str("port unreachable"),
        }
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({self})")
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Syn => return f.write_str("syn"),
            Kind::Rst => return f.write_str("rst"),
            Kind::SynAck => f.write_str("syn ")?,
            Kind::Probe => f.write_str("probe ")?,
            Kind::Plain => {}
        }
        if !self.data.is_empty() {
            write!(f, "{}+{} ", self.seq, self.data.len())?;
        }
        if self.fin {
            f.write_str("fin ")?;
        }
        write!(f, "ack {} window {}", self.ack, self.window)
    }
}
