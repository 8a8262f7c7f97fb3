//! `Bytes`: what is in a file: as programs see it, as it is safe, and what was done in between.
//!
//! Rules:
//! 1. `now` is what reads see. `safe` is what a crash cannot take. `pending` leads from one to the other, oldest first.
//! 2. A sync that succeeds does `pending` to `safe`. One that fails forgets a part of it, as systems do that take a page for clean
//!    once they tried to write it: reads still see it, a crash loses it, and the next sync says nothing.
//! 3. A crash does to `safe` some of `pending`: each write whole, not at all, its front or its back up to a sector, without its
//!    middle, or as zeros of the right length. What becomes of one says nothing of the others.
//! 4. What is pending is bounded: beyond that the oldest is written by itself, as systems do.

use std::collections::VecDeque;
use std::time::Duration;

use crate::decider::Choice;
use crate::world::World;

/// What a disk writes whole or not at all, in bytes.
pub(super) const SECTOR: u64 = 512;
/// How much may be pending of one file: changes, and bytes in them.
const PENDING_MOST: usize = 4096;
const PENDING_BYTES_MOST: usize = 16 << 20;

#[derive(Default)]
pub(super) struct Bytes {
    now: Vec<u8>,
    safe: Vec<u8>,
    pending: VecDeque<Change>,
    // How many bytes are in them.
    pending_bytes: usize,
    pub(super) modified: Duration,
    pub(super) readonly: bool,
    /// Names that programs see.
    pub(super) names: u32,
    /// How often it is open.
    pub(super) open: u32,
}

enum Change {
    Write { at: u64, bytes: Vec<u8> },
    Length(u64),
}

impl Bytes {
    pub(super) fn len(&self) -> u64 {
        self.now.len() as u64
    }

    /// Whether nobody can come to it any more.
    pub(super) fn is_gone(&self) -> bool {
        self.names == 0 && self.open == 0
    }

    pub(super) fn all(&self) -> &[u8] {
        &self.now
    }

    pub(super) fn read(&self, buf: &mut [u8], offset: u64) -> usize {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.now.len());
        let length = buf.len().min(self.now.len() - from);
        buf[..length].copy_from_slice(&self.now[from..from + length]);
        length
    }

    pub(super) fn write(&mut self, bytes: &[u8], at: u64) {
        self.change(Change::Write { at, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, length: u64) {
        if length != self.len() {
            self.change(Change::Length(length));
        }
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.pending_bytes += change.size();
        self.pending.push_back(change);
        while self.pending.len() > PENDING_MOST || (self.pending_bytes > PENDING_BYTES_MOST && self.pending.len() > 1) {
            let Some(oldest) = self.pending.pop_front() else { break };
            self.pending_bytes -= oldest.size();
            oldest.apply(&mut self.safe);
        }
    }

    /// Rule 2.
    pub(super) fn sync(&mut self) {
        for change in self.pending.drain(..) {
            change.apply(&mut self.safe);
        }
        self.pending_bytes = 0;
    }

    /// Rule 2.
    pub(super) fn fail_to_sync(&mut self, world: &World) {
        let forgotten = world.choose(Choice::Fault, self.pending.len() as u32 + 1) as usize;
        for change in self.pending.drain(self.pending.len() - forgotten..) {
            self.pending_bytes -= change.size();
        }
    }

    /// Rule 3. What is left is safe.
    pub(super) fn crash(&mut self, world: &World) {
        if !self.pending.is_empty() {
            // All and nothing are what finds most, so each has its share beside what is between them.
            let fate = world.choose(Choice::Disk, 3);
            for change in self.pending.drain(..) {
                match fate {
                    0 => change.apply(&mut self.safe),
                    1 => {}
                    _ => change.apply_torn(&mut self.safe, world),
                }
            }
        }
        self.now.clone_from(&self.safe);
        (self.names, self.open, self.pending_bytes) = (0, 0, 0);
    }
}

impl Change {
    fn size(&self) -> usize {
        match self {
            Change::Write { bytes, .. } => bytes.len(),
            Change::Length(_) => 0,
        }
    }

    fn apply(&self, to: &mut Vec<u8>) {
        match self {
            Change::Write { at, bytes } => put(to, *at, bytes),
            Change::Length(length) => to.resize(*length as usize, 0),
        }
    }

    fn apply_torn(&self, to: &mut Vec<u8>, world: &World) {
        let (at, bytes) = match self {
            Change::Write { at, bytes } => (*at, &**bytes),
            Change::Length(_) => {
                if world.choose(Choice::Disk, 2) == 0 {
                    self.apply(to);
                }
                return;
            }
        };
        let end = at + bytes.len() as u64;
        // The borders of sectors inside it, where it can be torn.
        let borders = (end.saturating_sub(1) / SECTOR - at / SECTOR) as u32;
        let cut = |border: u32| ((at / SECTOR + 1 + u64::from(border)) * SECTOR - at) as usize;
        let fates = if borders == 0 { 3 } else { 6 };
        match world.choose(Choice::Disk, fates) {
            0 => put(to, at, bytes),
            1 => {}
            2 => to.resize(to.len().max(end as usize), 0),
            3 => put(to, at, &bytes[..cut(world.choose(Choice::Disk, borders))]),
            4 => {
                let cut = cut(world.choose(Choice::Disk, borders));
                put(to, at + cut as u64, &bytes[cut..]);
            }
            _ => {
                let first = world.choose(Choice::Disk, borders);
                let last = first + world.choose(Choice::Disk, borders - first);
                put(to, at, &bytes[..cut(first)]);
                put(to, at + cut(last) as u64, &bytes[cut(last)..]);
            }
        }
    }
}

fn put(to: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let (from, end) = (at as usize, at as usize + bytes.len());
    if to.len() < end {
        to.resize(end, 0);
    }
    to[from..end].copy_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decider::Decider;

    #[test]
    fn what_is_pending_is_bounded_and_the_oldest_is_safe() {
        let world = World::new(Decider::seeded(1));
        let mut bytes = Bytes::default();
        for at in 0..PENDING_MOST as u64 + 10 {
            bytes.write(b"x", at);
        }
        assert_eq!((bytes.pending.len(), bytes.safe.len()), (PENDING_MOST, 10));
        bytes.fail_to_sync(&world);
        assert_eq!(bytes.pending_bytes, bytes.pending.len());
        bytes.sync();
        let half = vec![1; PENDING_BYTES_MOST / 2 + 1];
        for _ in 0..3 {
            bytes.write(&half, 0);
        }
        assert_eq!((bytes.pending.len(), bytes.pending_bytes), (1, half.len()));
        bytes.crash(&world);
        assert_eq!((bytes.len(), bytes.pending_bytes), (half.len() as u64, 0));
    }

    #[test]
    fn a_torn_write_is_one_of_few_things() {
        // 1,000 bytes from 100 on, over old ones, and further: torn at 512 or 1,024 or not.
        let mut seen = std::collections::BTreeMap::new();
        for seed in 0..500 {
            let mut bytes = Bytes::default();
            bytes.write(&[1; 700], 0);
            bytes.sync();
            bytes.write(&[2; 1000], 100);
            bytes.crash(&World::new(Decider::seeded(seed)));
            let all = bytes.all();
            // What stands in its first, second and third sector, and whether it is as long.
            let (first, second) = (all[100], all[512]);
            assert!(all[..100].iter().all(|byte| *byte == 1) && all[100..512].iter().all(|byte| *byte == first));
            assert!(all[512..700].iter().all(|byte| *byte == second));
            let third = all.get(1024).copied();
            assert!(all.len() == 700 || all.len() == 1024 || all.len() == 1100, "{}", all.len());
            *seen.entry((first, second, third)).or_insert(0) += 1;
        }
        // All; none; zeros behind; its front, up to either border; its back, from either; all but the middle.
        let fates = [
            (2, 2, Some(2)),
            (1, 1, None),
            (1, 1, Some(0)),
            (2, 1, None),
            (2, 2, None),
            (1, 2, Some(2)),
            (1, 1, Some(2)),
            (2, 1, Some(2)),
        ];
        assert!(fates.iter().all(|fate| seen.contains_key(fate)), "{seen:?}");
        assert_eq!(seen.len(), fates.len(), "{seen:?}");
    }
}
