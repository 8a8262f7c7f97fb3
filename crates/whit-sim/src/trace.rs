//! What happened: a hash of it always, the text of it if somebody wants it.

use std::time::Duration;

use crate::HostId;
use crate::decider::mix;

/// A hash over all that happened, in order. It has no address, no wall clock and no number of the process in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hash(u64);

impl Hash {
    pub(crate) fn new() -> Hash {
        Hash(0x517C_C1B7_2722_0A95)
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0 = mix(self.0.rotate_left(23) ^ number);
    }

    pub(crate) fn text(&mut self, text: &str) {
        for chunk in text.as_bytes().chunks(8) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            self.number(u64::from_le_bytes(bytes));
        }
        self.number(text.len() as u64);
    }

    pub(crate) fn get(self) -> u64 {
        self.0
    }
}

/// The trace of a run.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: Hash,
}

impl Trace {
    pub(crate) fn new() -> Trace {
        Trace { hash: Hash::new() }
    }

    pub(crate) fn note(&mut self, now: Duration, host: HostId, event: &str) {
        self.hash.number(now.as_nanos() as u64);
        self.hash.number(host.0.into());
        self.hash.text(event);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash.get()
    }
}
