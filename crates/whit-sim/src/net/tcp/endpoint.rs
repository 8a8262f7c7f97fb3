//! One end of a connection: its state, and what segments and the program do to it.
//!
//! ```text
//!   connect ──> Connecting ──syn ack──┐                 ┌── both ends have said all ──> Lingering (who said it first) or Dead
//!                                     ├──> Open ────────┤
//!   syn ──────> Embryo ──────ack──────┘                 └── reset, or nobody answers ──> Dead
//! ```
//!
//! 1. An end that is `Lingering` or `Dead` is there for the program's handle, if that is still held, and sends nothing by
//!    itself. A lingering one answers an end that is said again, and keeps its pair of addresses for a minute.
//! 2. What the program writes leaves as an event of the same moment: tame, writes of one moment travel as one segment, unless
//!    the segmentation of the link cuts it.
//! 3. So does the acknowledgement of what has come: with the program's reply, if that comes at once.
//! 4. A reset leaves its error for the next call, and after that a read tells the end and a write a broken pipe. What was
//!    received before can still be read.
//! 5. Who drops its handle before everything that came was read resets the connection. Otherwise the rest is sent and then the
//!    end; data that arrive after that are answered by a reset.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::incoming::Incoming;
use super::outgoing::{Outgoing, Piece};
use super::timer::Timing;
use crate::HostId;
use crate::decider::Choice;
use crate::net::hosts::SocketId;
use crate::net::packet::{Body, Kind, Segment};
use crate::net::turn::Turn;
use crate::net::waiters::Waiters;

/// See the module text.
#[derive(Debug)]
pub(in crate::net) struct Endpoint {
    pub(super) host: HostId,
    pub(super) id: SocketId,
    pub(super) peer_id: u64,
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    pub(super) state: State,
    pub(super) owner: Owner,
    /// Shows its addresses as IPv6.
    pub(super) v6: bool,
    /// Who has the peer's address, if anybody.
    pub(super) peer_host: Option<HostId>,
    /// Its address may be taken over by a listener that wants that too.
    pub(super) reuse: bool,
    pub(super) nodelay: bool,
    pub(super) ttl: u32,
    pub(super) out: Outgoing,
    pub(super) incoming: Incoming,
    pub(super) timing: Timing,
    pub(super) error: Option<io::ErrorKind>,
    /// The program reads no more.
    pub(super) read_shut: bool,
    /// The peer is to be told what has come.
    pub(super) owes_answer: bool,
    pub(super) readers: Waiters,
    pub(super) writers: Waiters,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net) enum State {
    Connecting,
    Embryo,
    Open,
    Lingering { until: Duration },
    Dead,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::net) enum Owner {
    /// The program has a handle.
    Program,
    /// It waits to be accepted.
    Listener(SocketId),
    /// The program has let it go; it says what is left to say.
    Nobody,
}

/// How long an end lingers: twice the longest life of a packet, as Linux has it.
pub(super) const LINGER: Duration = Duration::from_secs(60);

/// What arrives.
impl Endpoint {
    /// A segment that belongs to this connection.
    pub(super) fn arrives(&mut self, segment: Segment, turn: &mut Turn<'_>) {
        self.timing.heard(turn);
        match segment.kind {
            Kind::Rst => return self.reset(turn),
            Kind::SynAck => {
                if self.state == State::Connecting {
                    self.peer_id = segment.from_id;
                    self.state = State::Open;
                    self.out.acknowledge(0, segment.window);
                    self.timing.progress(0, turn);
                    self.keep_alive(turn);
                    self.writers.wake(turn);
                }
                // A second one says that the answer to the first was lost.
                self.owes_answer = true;
                return self.flush(turn);
            }
            Kind::Syn | Kind::Plain | Kind::Probe => {}
        }
        if self.state == State::Connecting || self.state == State::Dead {
            return;
        }
        if self.read_shut && self.out.closing && self.incoming.is_new(segment.seq, segment.data.len()) {
            // Nobody will ever read it, and there is no other way to say so.
            self.send(Kind::Rst, None, turn);
            return self.die(Some(io::ErrorKind::ConnectionReset), turn);
        }
        self.acknowledged(segment.ack, segment.window, turn);
        self.owes_answer |= segment.kind == Kind::Probe || !segment.data.is_empty() || segment.fin;
        if self.incoming.arrive(segment.seq, segment.data, segment.fin) {
            self.readers.wake(turn);
        }
        self.send_pieces(turn);
        self.perhaps_over(turn);
        if self.owes_answer {
            match self.state {
                // Rule 3.
                State::Open => self.flush_soon(turn),
                _ => self.send(Kind::Plain, None, turn),
            }
        }
    }

    fn acknowledged(&mut self, ack: u64, window: u64, turn: &mut Turn<'_>) {
        let asked = !self.out.is_in_flight();
        let progress = self.out.acknowledge(ack, window);
        if asked {
            // Whoever answers a question is there, if only to say that it has no room.
            self.timing.answered();
        }
        if progress {
            self.timing.progress(ack, turn);
            if self.out.room() > 0 {
                self.writers.wake(turn);
            }
            if self.out.is_recovering() {
                self.send_again(turn);
            }
        }
    }

    /// Both ends have said all that they had to say.
    fn perhaps_over(&mut self, turn: &mut Turn<'_>) {
        if self.state == State::Open && self.out.is_finished() && self.incoming.has_ended() {
            self.state = match self.timing.ended_first {
                true => State::Lingering { until: turn.world.now() + LINGER },
                false => State::Dead,
            };
            self.timing.stop(turn);
        }
    }

    fn reset(&mut self, turn: &mut Turn<'_>) {
        let error = match self.state {
            State::Connecting => Some(io::ErrorKind::ConnectionRefused),
            State::Lingering { .. } => None,
            // Who has read the end cannot be surprised by a reset any more, but in writing.
            _ if self.incoming.has_ended() => Some(io::ErrorKind::BrokenPipe),
            _ => Some(io::ErrorKind::ConnectionReset),
        };
        self.die(error, turn);
    }

    /// The connection is no more.
    pub(super) fn die(&mut self, error: Option<io::ErrorKind>, turn: &mut Turn<'_>) {
        self.state = State::Dead;
        self.error = error;
        self.out.abandon();
        self.timing.stop(turn);
        self.readers.wake(turn);
        self.writers.wake(turn);
    }
}

/// What is sent.
impl Endpoint {
    /// Nothing more will be written.
    pub(super) fn end_writing(&mut self, turn: &mut Turn<'_>) {
        if !self.out.closing {
            self.out.closing = true;
            self.writers.wake(turn);
            self.flush_soon(turn);
        }
    }

    /// Sends what may be sent, and if that is nothing, what is owed.
    pub(super) fn flush(&mut self, turn: &mut Turn<'_>) {
        self.send_pieces(turn);
        if self.owes_answer && self.state == State::Open {
            self.send(Kind::Plain, None, turn);
        }
    }

    fn send_pieces(&mut self, turn: &mut Turn<'_>) {
        if self.state != State::Open {
            return;
        }
        let cuts = self.peer_host.map_or(0.0, |peer| turn.links.segmentation(self.host, peer));
        while let Some(piece) = self.out.next_piece(|len| turn.shorten(Choice::Network, len, cuts)) {
            self.timing.measure(self.out.next(), turn);
            if piece.fin {
                self.timing.ended_first = !self.incoming.has_ended();
            }
            self.send(Kind::Plain, Some(piece), turn);
        }
        self.arm(turn);
    }

    pub(super) fn send(&mut self, kind: Kind, piece: Option<Piece>, turn: &mut Turn<'_>) {
        self.owes_answer = false;
        let piece = piece.unwrap_or(Piece { seq: self.out.next(), data: Vec::new(), fin: false });
        let (ack, window) = self.incoming.tell();
        let (from_id, to_id) = (self.id.0, self.peer_id);
        let Piece { seq, data, fin } = piece;
        let segment = Segment { kind, from_id, to_id, seq, ack, window, data, fin };
        turn.send(self.host, self.local, self.peer, Body::Segment(segment));
    }

    pub(super) fn send_again(&mut self, turn: &mut Turn<'_>) {
        let piece = self.out.first_again();
        self.send(Kind::Plain, Some(piece), turn);
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match (self.state, self.owner) {
            (State::Connecting, _) => "connecting",
            (State::Embryo, _) => "being connected",
            (State::Open, Owner::Program) => "open",
            (State::Open, Owner::Listener(_)) => "waits to be accepted",
            (State::Open, Owner::Nobody) => "closing",
            (State::Lingering { .. }, _) => "over, lingers",
            (State::Dead, _) => "over",
        };
        let (unread, unsent) = (self.incoming.available(), self.out.unacknowledged());
        write!(f, "tcp {} > {} {state}, {unread} bytes to read, {unsent} on their way", self.local, self.peer)
    }
}
