//! Reading what the system has in memory, without waiting: `preadv2` with `RWF_NOWAIT`, on Linux.
//!
//! A miss costs some microseconds for nothing. So after each miss in a row twice as many reads go to the pool without a try, up
//! to 64; a hit starts anew. A file whose system does not know the flag is not tried again.

use std::fs::File;
use std::io;
#[cfg(target_os = "linux")]
use std::io::IoSliceMut;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Tests and measurements want to see the pool alone.
static TRIES: AtomicBool = AtomicBool::new(true);

/// Whether reads are tried without waiting.
pub(crate) fn set_tries(tries: bool) {
    TRIES.store(tries, Ordering::Relaxed);
}

/// What is known of a file. Relaxed: a guess is all that it makes.
#[derive(Debug, Default)]
pub(crate) struct Nowait {
    misses: AtomicU32,
    to_skip: AtomicU32,
}

#[cfg(target_os = "linux")]
const NEVER: u32 = u32::MAX;
#[cfg(target_os = "linux")]
const SKIP_MOST_LOG2: u32 = 6;

impl Nowait {
    /// Reads at `offset`, or at the cursor. `None`: ask the pool.
    #[cfg(target_os = "linux")]
    pub(crate) fn read(&self, file: &File, buf: &mut [u8], offset: Option<u64>) -> Option<io::Result<usize>> {
        use rustix::io::{Errno, ReadWriteFlags, preadv2};

        if !TRIES.load(Ordering::Relaxed) {
            return None;
        }
        match self.to_skip.load(Ordering::Relaxed) {
            0 => {}
            NEVER => return None,
            left => {
                self.to_skip.store(left - 1, Ordering::Relaxed);
                return None;
            }
        }
        // Minus one, as the kernel sees it, stands for the cursor; no file is so long.
        let offset = match offset {
            None => u64::MAX,
            Some(offset) if i64::try_from(offset).is_ok() => offset,
            Some(_) => return None,
        };
        match preadv2(file, &mut [IoSliceMut::new(buf)], offset, ReadWriteFlags::NOWAIT) {
            Ok(length) => {
                self.misses.store(0, Ordering::Relaxed);
                Some(Ok(length))
            }
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::SPIPE) => {
                self.to_skip.store(NEVER, Ordering::Relaxed);
                None
            }
            // Nothing in memory, or an error that the pool will tell.
            Err(_) => {
                let misses = self.misses.load(Ordering::Relaxed).min(SKIP_MOST_LOG2);
                self.misses.store(misses + 1, Ordering::Relaxed);
                self.to_skip.store((1 << misses) - 1, Ordering::Relaxed);
                None
            }
        }
    }

    /// Other systems cannot tell.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn read(&self, _: &File, _: &mut [u8], _: Option<u64>) -> Option<io::Result<usize>> {
        let _ = (&self.misses, &self.to_skip, &TRIES);
        None
    }
}
