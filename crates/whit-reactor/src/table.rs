//! The sources of a reactor by key, with a generation in each key.
//!
//! A slot is given to another source once its own is gone, while an event for the old one may be on its way. The generation
//! tells them apart. (Were it to wrap around within that time, the new source would be made ready for nothing, which costs one
//! system call that says so.)

use std::io;
use std::sync::Arc;

use slab::Slab;
use whit_core::{RawSource, Source};

// The top bit of a key stays clear: `sys` and `polling` use the highest numbers for their own descriptors.
const SLOT_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const GENERATIONS: usize = 1 << (usize::BITS - 1 - SLOT_BITS);
const SLOTS: usize = 1 << SLOT_BITS;

#[derive(Default)]
pub(crate) struct Table {
    slots: Slab<(usize, RawSource, Arc<Source>)>,
    generation: usize,
    /// No more sources.
    pub(crate) closed: bool,
}

impl Table {
    pub(crate) fn insert(&mut self, raw: RawSource, source: Arc<Source>) -> io::Result<usize> {
        if self.closed {
            return Err(io::Error::new(
                io::ErrorKind::NotConnected,
                "registering with a reactor failed: it has been shut down; do I/O only while its runtime runs",
            ));
        }
        let slot = self.slots.vacant_key();
        if slot >= SLOTS {
            return Err(io::Error::other(format!(
                "registering with a reactor failed: it holds {SLOTS} sources already"
            )));
        }
        self.generation = (self.generation + 1) % GENERATIONS;
        let key = self.generation << SLOT_BITS | slot;
        self.slots.insert((key, raw, source));
        Ok(key)
    }

    /// The source that was registered under this very key, if it still is.
    pub(crate) fn get(&self, key: usize) -> Option<(RawSource, &Arc<Source>)> {
        let (kept, raw, source) = self.slots.get(key % SLOTS)?;
        (*kept == key).then_some((*raw, source))
    }

    pub(crate) fn remove(&mut self, key: usize) -> Option<Arc<Source>> {
        self.get(key)?;
        Some(self.slots.remove(key % SLOTS).2)
    }

    pub(crate) fn sources(&self) -> Vec<Arc<Source>> {
        self.slots.iter().map(|(_, (_, _, source))| source.clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_own_source_only() {
        let mut table = Table::default();
        let (one, two) = (Arc::new(Source::new(true)), Arc::new(Source::new(true)));
        let first = table.insert(3, one.clone()).unwrap();
        assert!(Arc::ptr_eq(&table.remove(first).unwrap(), &one));
        let second = table.insert(3, two.clone()).unwrap();
        assert_eq!(first % SLOTS, second % SLOTS);
        assert!(table.get(first).is_none());
        assert!(table.remove(first).is_none());
        assert!(Arc::ptr_eq(table.get(second).unwrap().1, &two));
        assert!(second < usize::MAX / 2);
    }

    #[test]
    fn generations_wrap_without_touching_the_reserved_keys() {
        let mut table = Table { generation: GENERATIONS - 2, ..Table::default() };
        for _ in 0..4 {
            let key = table.insert(3, Arc::new(Source::new(true))).unwrap();
            assert!(key < usize::MAX / 2 + 1);
            assert!(table.get(key).is_some());
        }
        assert_eq!(table.len(), 4);
    }

    #[test]
    fn a_closed_table_takes_nobody() {
        let mut table = Table { closed: true, ..Table::default() };
        let error = table.insert(3, Arc::new(Source::new(true))).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotConnected);
    }
}
