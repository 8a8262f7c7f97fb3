//! Full magazines of free task memory, which all threads share.
//!
//! It keeps what it gets up to [`MOST`] bytes. An executor whose last thread goes to sleep for want of work calls [`trim`], which
//! gives half of what is above [`SOME`] back: a program that has become idle keeps little, and one that is busy keeps what it uses.
//! Not each thread that sleeps: one that finds nothing to do for a moment would give away what the others are about to use.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::memory::{self, CLASSES, Free, MAGAZINE, size};

const MOST: usize = 32 << 20;
const SOME: usize = 256 << 10;

static SHELVES: [Mutex<Shelf>; CLASSES] = [const { Mutex::new(Shelf { top: ptr::null_mut() }) }; CLASSES];
/// Bytes in all shelves. Changed under the lock of one of them only, so that it is true of each by itself.
static BYTES: AtomicUsize = AtomicUsize::new(0);

/// Magazines of one class, linked through their first blocks.
struct Shelf {
    top: *mut Free,
}

// SAFETY: the blocks are free memory, which belongs to whoever has them.
unsafe impl Send for Shelf {}

impl Shelf {
    fn pop(&mut self, class: usize) -> Option<NonNull<Free>> {
        let top = NonNull::new(self.top)?;
        // SAFETY: in the shelf, so free memory, which begins with this.
        self.top = unsafe { top.as_ref() }.below;
        BYTES.fetch_sub(MAGAZINE * size(class), Ordering::Relaxed);
        Some(top)
    }
}

/// A full magazine of that class, if there is one.
pub(super) fn take(class: usize) -> Option<NonNull<Free>> {
    // A crowd that grows finds nothing, again and again, and need not lock for that.
    if BYTES.load(Ordering::Relaxed) == 0 {
        return None;
    }
    shelf(class).pop(class)
}

/// Keeps a magazine, or gives its blocks back if there are enough.
///
/// # Safety
///
/// It is full, of that class, and the caller's.
pub(super) unsafe fn put(class: usize, mut magazine: NonNull<Free>) {
    let bytes = MAGAZINE * size(class);
    if BYTES.load(Ordering::Relaxed) + bytes > MOST {
        // SAFETY: as the caller promised.
        return unsafe { memory::give_back(class, magazine.as_ptr()) };
    }
    let mut shelf = shelf(class);
    // SAFETY: as the caller promised.
    unsafe { magazine.as_mut() }.below = shelf.top;
    shelf.top = magazine.as_ptr();
    BYTES.fetch_add(bytes, Ordering::Relaxed);
}

/// Gives a part of the memory back that ended tasks have left for the next. For executors: to be called before the last of their
/// threads that is awake sleeps for want of tasks. It is a look at one number if there is not much.
#[inline]
pub fn trim() {
    let bytes = BYTES.load(Ordering::Relaxed);
    if bytes > SOME {
        shrink(SOME + (bytes - SOME) / 2);
    }
}

#[cold]
#[inline(never)]
fn shrink(to: usize) {
    for class in (0..CLASSES).rev() {
        while BYTES.load(Ordering::Relaxed) > to {
            // The lock is not held while blocks are given back.
            let Some(magazine) = take(class) else { break };
            // SAFETY: taken.
            unsafe { memory::give_back(class, magazine.as_ptr()) };
        }
    }
}

fn shelf(class: usize) -> std::sync::MutexGuard<'static, Shelf> {
    SHELVES[class].lock().unwrap_or_else(PoisonError::into_inner)
}
