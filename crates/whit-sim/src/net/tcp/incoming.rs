//! The receiving half of a connection: what has come and was not read yet, in order, and what came too early.

use std::collections::{BTreeMap, VecDeque};
use std::io::IoSliceMut;

use super::bytes::copy;

/// See the module text.
#[derive(Debug)]
pub(super) struct Incoming {
    // The number of the byte that comes next. Counts the end of the stream.
    next: u64,
    buffer: VecDeque<u8>,
    capacity: usize,
    // What came before what is to be read before it.
    ahead: BTreeMap<u64, Vec<u8>>,
    // The number of the end of the stream, once it is known.
    fin: Option<u64>,
    ended: bool,
    // What the peer was told last: the first number that there is no room for.
    told: u64,
}

impl Incoming {
    pub(super) fn new(capacity: usize) -> Incoming {
        Incoming {
            next: 0,
            buffer: VecDeque::new(),
            capacity,
            ahead: BTreeMap::new(),
            fin: None,
            ended: false,
            told: 0,
        }
    }

    /// A piece has arrived, perhaps a second time. Whether there is more to read now, or the end.
    pub(super) fn arrive(&mut self, seq: u64, mut data: Vec<u8>, fin: bool) -> bool {
        if fin {
            self.fin = Some(seq + data.len() as u64);
        }
        let before = self.next;
        let end = self.edge();
        // A peer that keeps to its window sends nothing beyond it.
        data.truncate(end.saturating_sub(seq) as usize);
        if seq == self.next && self.ahead.is_empty() {
            // As nearly always.
            self.next += data.len() as u64;
            self.buffer.extend(data);
        } else if self.is_new(seq, data.len()) {
            self.ahead.entry(seq).and_modify(|old| *old = longer(old, &data)).or_insert(data);
        }
        while let Some(first) = self.ahead.first_entry().filter(|first| *first.key() <= self.next) {
            let (seq, data) = first.remove_entry();
            let known = (self.next - seq) as usize;
            if known < data.len() {
                self.buffer.extend(&data[known..]);
                self.next += (data.len() - known) as u64;
            }
        }
        if self.fin == Some(self.next) && !self.ended {
            self.ended = true;
            self.next += 1;
        }
        self.next > before
    }

    /// What the peer is to be told: the number that comes next, and how much room there is.
    pub(super) fn tell(&mut self) -> (u64, u64) {
        self.told = self.edge();
        (self.next, self.told + u64::from(self.ended) - self.next)
    }

    /// Whether so much room has come about since the peer was told last that it should hear of it.
    pub(super) fn has_news(&self) -> bool {
        !self.ended && self.edge() - self.told >= (self.capacity as u64 / 2).max(1)
    }

    /// Reads at most `most` bytes; with `take` they are gone then.
    pub(super) fn read(&mut self, bufs: &mut [IoSliceMut<'_>], most: usize, take: bool) -> usize {
        let most = most.min(self.buffer.len());
        let mut from = 0;
        for buf in bufs {
            let len = buf.len().min(most - from);
            copy(&self.buffer, from, &mut buf[..len]);
            from += len;
        }
        if take {
            self.buffer.drain(..from);
        }
        from
    }

    pub(super) fn available(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the peer has ended the stream, and all of it has come.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether `len` bytes at `seq` have anything that did not come before.
    pub(super) fn is_new(&self, seq: u64, len: usize) -> bool {
        len > 0 && seq + len as u64 > self.next
    }

    /// The first number that there is no room for.
    fn edge(&self) -> u64 {
        let next = self.next - u64::from(self.ended);
        next + (self.capacity - self.buffer.len()) as u64
    }
}

fn longer(old: &[u8], new: &[u8]) -> Vec<u8> {
    if new.len() > old.len() { new.to_vec() } else { old.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(incoming: &mut Incoming) -> String {
        let mut buf = [0; 100];
        let len = incoming.read(&mut [IoSliceMut::new(&mut buf)], usize::MAX, true);
        String::from_utf8(buf[..len].to_vec()).unwrap()
    }

    #[test]
    fn puts_in_order_what_came_in_any() {
        let pieces = [(0, "ab"), (2, "cd"), (1, "bcd"), (4, "e"), (0, "a"), (2, "c")];
        // Every rotation, and each of them backwards.
        for turn in 0..pieces.len() * 2 {
            let mut order = pieces;
            order.rotate_left(turn % pieces.len());
            if turn >= pieces.len() {
                order.reverse();
            }
            let mut incoming = Incoming::new(10);
            for (seq, data) in order {
                incoming.arrive(seq, data.as_bytes().to_vec(), seq == 4);
            }
            assert!(incoming.has_ended(), "{order:?}");
            assert_eq!(text(&mut incoming), "abcde", "{order:?}");
            assert!(!incoming.arrive(4, b"e".to_vec(), true));
            assert_eq!(incoming.tell().0, 6);
        }
    }

    #[test]
    fn takes_no_more_than_there_is_room_for_and_tells_of_more_room() {
        let mut incoming = Incoming::new(4);
        assert_eq!(incoming.tell(), (0, 4));
        assert!(incoming.arrive(0, b"abcdef".to_vec(), false));
        assert_eq!(incoming.tell(), (4, 0));
        let mut buf = [0; 1];
        assert_eq!(incoming.read(&mut [IoSliceMut::new(&mut buf)], 9, true), 1);
        assert!(!incoming.has_news());
        assert_eq!(incoming.read(&mut [IoSliceMut::new(&mut buf)], 9, true), 1);
        assert!(incoming.has_news());
        assert_eq!(incoming.tell(), (4, 2));
        assert_eq!(text(&mut incoming), "cd");
    }

    #[test]
    fn looking_takes_nothing_and_several_buffers_are_filled() {
        let mut incoming = Incoming::new(9);
        incoming.arrive(0, b"abcde".to_vec(), false);
        let (mut one, mut two) = ([0; 2], [0; 2]);
        let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(incoming.read(&mut bufs, 3, false), 3);
        assert_eq!((&one, &two), (b"ab", &[b'c', 0]));
        assert_eq!(text(&mut incoming), "abcde");
    }
}
