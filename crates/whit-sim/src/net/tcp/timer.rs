//! What a connection does when time passes: sending again, asking a peer for room, giving up, and looking whether the peer
//! is still there. The figures are Linux's.
//!
//! One timer serves the handshake, what is on its way, and a peer without room, since no two of them are at once. It waits twice
//! as long each time; after so many tries that is two minutes for a handshake, and a quarter of an hour for data.

use std::io;
use std::time::Duration;

use super::endpoint::{Endpoint, Owner, State};
use crate::events::EventKey;
use crate::net::packet::Kind;
use crate::net::turn::Turn;

/// Until a handshake is tried for the second time.
const FIRST: Duration = Duration::from_secs(1);
/// The least and the most until data is sent again.
const LEAST: Duration = Duration::from_millis(200);
const MOST: Duration = Duration::from_secs(120);
/// Tries after the first.
const SYN_TRIES: u32 = 6;
const SYN_ACK_TRIES: u32 = 5;
const DATA_TRIES: u32 = 15;
const ORPHAN_TRIES: u32 = 8;
/// Between the questions to a peer that does not answer, and how many.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(75);
const KEEPALIVE_TRIES: u32 = 9;

/// The times of one end.
#[derive(Debug, Default)]
pub(super) struct Timing {
    timer: Option<EventKey>,
    flush: Option<EventKey>,
    tries: u32,
    // The way there and back, smoothed, once it has been measured; and what is being measured: the number that is to be
    // acknowledged, and since when.
    round_trip: Option<Duration>,
    measured: Option<(u64, Duration)>,
    // The last pause; and after a time-out, until something has been measured again, the least: the pauses before may have been
    // too short for the link.
    pause: Duration,
    patience: Duration,
    /// Whether this end had said all before the other.
    pub(super) ended_first: bool,
    keepalive: Option<Duration>,
    keepalive_timer: Option<EventKey>,
    unanswered: u32,
    heard: Duration,
}

impl Timing {
    pub(super) fn new(keepalive: Option<Duration>) -> Timing {
        Timing { keepalive, ..Timing::default() }
    }

    /// Something has come from the peer.
    pub(super) fn heard(&mut self, turn: &Turn<'_>) {
        self.heard = turn.world.now();
        self.unanswered = 0;
    }

    /// The peer has answered what was last asked.
    pub(super) fn answered(&mut self) {
        self.tries = 0;
    }

    /// Measures until `seq` is acknowledged, unless something is being measured.
    pub(super) fn measure(&mut self, seq: u64, turn: &Turn<'_>) {
        self.measured.get_or_insert((seq, turn.world.now()));
    }

    /// More was acknowledged.
    pub(super) fn progress(&mut self, ack: u64, turn: &Turn<'_>) {
        if std::mem::take(&mut self.tries) > 0 {
            self.patience = self.pause;
        }
        if let Some((seq, since)) = self.measured
            && ack >= seq
        {
            let took = turn.world.now() - since;
            self.round_trip = Some(self.round_trip.map_or(took, |before| (before * 7 + took) / 8));
            self.measured = None;
            self.patience = Duration::ZERO;
        }
        // What is on its way now is timed anew.
        turn.cancel(&mut self.timer);
    }

    pub(super) fn stop(&mut self, turn: &Turn<'_>) {
        turn.cancel(&mut self.timer);
        turn.cancel(&mut self.flush);
        turn.cancel(&mut self.keepalive_timer);
    }

    /// How long until the next try.
    fn next_pause(&self, first: Duration) -> Duration {
        (first.max(self.patience) * 2u32.pow(self.tries.min(16))).min(MOST)
    }
}

impl Endpoint {
    /// Sends what is written, once every task has had its turn.
    pub(super) fn flush_soon(&mut self, turn: &mut Turn<'_>) {
        if self.timing.flush.is_none() && self.state == State::Open {
            self.timing.flush = Some(self.later(turn, Duration::ZERO, |end, turn| {
                end.timing.flush = None;
                end.flush(turn);
            }));
        }
    }

    /// Sets the timer, if something waits for an answer and it is not set.
    pub(super) fn arm(&mut self, turn: &mut Turn<'_>) {
        let first = match self.state {
            State::Connecting | State::Embryo => FIRST,
            State::Open if self.out.is_in_flight() || self.out.is_stuck() => {
                LEAST + self.timing.round_trip.unwrap_or_default() * 2
            }
            State::Open | State::Lingering { .. } | State::Dead => return turn.cancel(&mut self.timing.timer),
        };
        if self.timing.timer.is_none() {
            let pause = self.timing.next_pause(first);
            self.timing.pause = pause;
            self.timing.timer = Some(self.later(turn, pause, |end, turn| {
                end.timing.timer = None;
                end.timed_out(turn);
            }));
        }
    }

    fn timed_out(&mut self, turn: &mut Turn<'_>) {
        // What is sent twice measures nothing: the answer may be to the first or the second.
        self.timing.measured = None;
        let tries = match (self.state, self.owner) {
            (State::Connecting, _) => SYN_TRIES,
            (State::Embryo, _) => SYN_ACK_TRIES,
            (_, Owner::Nobody) => ORPHAN_TRIES,
            _ => DATA_TRIES,
        };
        if self.timing.tries >= tries {
            return self.die(Some(io::ErrorKind::TimedOut), turn);
        }
        self.timing.tries += 1;
        match self.state {
            State::Connecting => self.send(Kind::Syn, None, turn),
            State::Embryo => self.send(Kind::SynAck, None, turn),
            _ if self.out.is_in_flight() => {
                self.out.lose();
                self.send_again(turn);
            }
            _ => self.send(Kind::Probe, None, turn),
        }
        self.arm(turn);
    }

    /// Starts to look whether the peer is still there, if that is asked for.
    pub(super) fn keep_alive(&mut self, turn: &mut Turn<'_>) {
        let Some(idle) = self.timing.keepalive else { return };
        turn.cancel(&mut self.timing.keepalive_timer);
        let silent = turn.world.now() - self.timing.heard;
        // While something is on its way, the other timer asks often enough.
        let pause = match self.timing.unanswered {
            0 if silent < idle => idle - silent,
            _ => KEEPALIVE_EVERY,
        };
        self.timing.keepalive_timer = Some(self.later(turn, pause, move |end, turn| {
            end.timing.keepalive_timer = None;
            if turn.world.now() - end.timing.heard >= idle && !end.out.is_in_flight() {
                if end.timing.unanswered >= KEEPALIVE_TRIES {
                    return end.die(Some(io::ErrorKind::TimedOut), turn);
                }
                end.timing.unanswered += 1;
                end.send(Kind::Probe, None, turn);
            }
            end.keep_alive(turn);
        }));
    }

    fn later(
        &self,
        turn: &Turn<'_>,
        after: Duration,
        what: impl FnOnce(&mut Endpoint, &mut Turn<'_>) + Send + 'static,
    ) -> EventKey {
        let (host, id) = (self.host, self.id);
        turn.later(after, move |hosts, turn| {
            hosts.get(host).with_stream(id, turn, what);
        })
    }
}
