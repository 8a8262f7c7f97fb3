//! The sending half of a connection: what is written and not acknowledged yet.
//!
//! Numbers: the first byte is 0. `una` is the first that is not acknowledged, `next` the first that was never sent, `edge` the
//! first that the peer has no room for. The end of the stream takes one number, behind the last byte.

use std::collections::VecDeque;
use std::io::IoSlice;

use super::bytes::copy;

/// See the module text.
#[derive(Debug)]
pub(super) struct Outgoing {
    una: u64,
    next: u64,
    edge: u64,
    // From `una` on.
    buffer: VecDeque<u8>,
    capacity: usize,
    /// Nothing more will be written.
    pub(super) closing: bool,
    fin_sent: bool,
    fin_acked: bool,
    // After a loss: everything before it may have to be sent again.
    recover: u64,
}

/// What goes into one segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) seq: u64,
    pub(super) data: Vec<u8>,
    pub(super) fin: bool,
}

/// The most that a segment has, as on a loopback.
const SEGMENT: usize = 65_536;

impl Outgoing {
    pub(super) fn new(capacity: usize) -> Outgoing {
        Outgoing {
            una: 0,
            next: 0,
            edge: 0,
            buffer: VecDeque::new(),
            capacity,
            closing: false,
            fin_sent: false,
            fin_acked: false,
            recover: 0,
        }
    }

    pub(super) fn room(&self) -> usize {
        self.capacity - self.buffer.len()
    }

    pub(super) fn unacknowledged(&self) -> usize {
        self.buffer.len()
    }

    /// Takes at most `most` bytes, and no more than there is room for.
    pub(super) fn write(&mut self, bufs: &[IoSlice<'_>], most: usize) {
        let mut left = most.min(self.room());
        for buf in bufs {
            let taken = left.min(buf.len());
            self.buffer.extend(&buf[..taken]);
            left -= taken;
        }
    }

    /// The next piece to send for the first time, if there is one and the peer has room. `cut` may make it shorter.
    pub(super) fn next_piece(&mut self, cut: impl FnOnce(usize) -> usize) -> Option<Piece> {
        if self.fin_sent {
            return None;
        }
        let unsent = self.end() - self.next;
        let len = (unsent.min(self.edge.saturating_sub(self.next)) as usize).min(SEGMENT);
        let len = if len == 0 { 0 } else { cut(len) };
        let fin = self.closing && len as u64 == unsent;
        if len == 0 && !fin {
            return None;
        }
        let piece = Piece { seq: self.next, data: self.bytes(self.next, len), fin };
        self.next += len as u64 + u64::from(fin);
        self.fin_sent = fin;
        Some(piece)
    }

    /// What was sent first of all that is not acknowledged, to be sent again.
    pub(super) fn first_again(&self) -> Piece {
        let sent = (self.next - self.una - u64::from(self.fin_sent)) as usize;
        let len = sent.min(SEGMENT);
        Piece { seq: self.una, data: self.bytes(self.una, len), fin: self.fin_sent && len == sent }
    }

    /// Nothing has come back for too long: what is on its way counts as lost.
    pub(super) fn lose(&mut self) {
        self.recover = self.next;
    }

    /// Whether the peer has told that more of what was lost is still missing.
    pub(super) fn is_recovering(&self) -> bool {
        self.una < self.recover && self.is_in_flight()
    }

    /// The peer has everything before `ack`, and room for `window` bytes more. Whether that is news of data.
    pub(super) fn acknowledge(&mut self, ack: u64, window: u64) -> bool {
        if ack > self.next {
            return false;
        }
        // An edge never goes back: the peer has promised the room.
        self.edge = self.edge.max(ack.saturating_add(window));
        if ack <= self.una {
            return false;
        }
        self.fin_acked = self.fin_sent && ack == self.next;
        let bytes = ack - self.una - u64::from(self.fin_acked);
        self.buffer.drain(..bytes as usize);
        self.una = ack;
        true
    }

    pub(super) fn is_in_flight(&self) -> bool {
        self.una < self.next
    }

    /// Whether there is something to send, nothing on its way, and no room: then the peer must be asked.
    pub(super) fn is_stuck(&self) -> bool {
        !self.is_in_flight() && !self.fin_sent && self.next < self.end() && self.edge <= self.next
    }

    pub(super) fn is_finished(&self) -> bool {
        self.fin_acked
    }

    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Nothing will be sent any more.
    pub(super) fn abandon(&mut self) {
        self.buffer.clear();
        self.closing = true;
        self.fin_sent = true;
        (self.una, self.fin_acked) = (self.next, true);
    }

    /// The number behind the last byte.
    fn end(&self) -> u64 {
        self.una + self.buffer.len() as u64
    }

    fn bytes(&self, seq: u64, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        copy(&self.buffer, (seq - self.una) as usize, &mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(seq: u64, data: &[u8], fin: bool) -> Option<Piece> {
        Some(Piece { seq, data: data.to_vec(), fin })
    }

    fn whole(out: &mut Outgoing) -> Option<Piece> {
        out.next_piece(|len| len)
    }

    #[test]
    fn sends_what_the_peer_has_room_for() {
        let mut out = Outgoing::new(8);
        out.write(&[IoSlice::new(b"abc"), IoSlice::new(b"defghijk")], 100);
        assert_eq!((out.room(), whole(&mut out)), (0, None));
        assert!(out.is_stuck() && !out.acknowledge(0, 5) && !out.is_stuck());
        assert_eq!(out.next_piece(|_| 2), piece(0, b"ab", false));
        assert_eq!(whole(&mut out), piece(2, b"cde", false));
        assert_eq!(whole(&mut out), None);
        assert!(out.acknowledge(3, 2) && out.room() == 3 && !out.acknowledge(3, 2));
        // What was promised stays promised, and what nobody sent cannot be acknowledged.
        assert!(out.acknowledge(5, 3) && !out.acknowledge(5, 0) && !out.acknowledge(99, 9));
        assert_eq!(whole(&mut out), piece(5, b"fgh", false));
    }

    #[test]
    fn the_end_goes_with_the_last_byte_or_alone() {
        let mut out = Outgoing::new(8);
        out.acknowledge(0, 2);
        out.write(&[IoSlice::new(b"abc")], 100);
        out.closing = true;
        assert_eq!(whole(&mut out), piece(0, b"ab", false));
        assert!(out.acknowledge(2, 2));
        assert_eq!(whole(&mut out), piece(2, b"c", true));
        assert_eq!(out.first_again(), piece(2, b"c", true).unwrap());
        assert!(out.acknowledge(3, 2) && !out.is_finished());
        assert_eq!(out.first_again(), piece(3, b"", true).unwrap());
        assert!(out.acknowledge(4, 2) && out.is_finished() && !out.is_in_flight());
        assert_eq!(whole(&mut out), None);

        // The end needs no room.
        let mut out = Outgoing::new(8);
        out.closing = true;
        assert_eq!(whole(&mut out), piece(0, b"", true));
    }

    #[test]
    fn what_was_lost_is_sent_again_until_all_of_it_has_arrived() {
        let mut out = Outgoing::new(8);
        out.acknowledge(0, 8);
        out.write(&[IoSlice::new(b"abcd")], 100);
        assert_eq!(out.next_piece(|_| 2), piece(0, b"ab", false));
        assert_eq!(whole(&mut out), piece(2, b"cd", false));
        out.lose();
        assert!(out.is_recovering());
        assert_eq!(out.first_again(), piece(0, b"abcd", false).unwrap());
        assert!(out.acknowledge(2, 8) && out.is_recovering());
        assert!(out.acknowledge(4, 8) && !out.is_recovering());
    }
}
