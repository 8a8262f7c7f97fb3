//! The memory of tasks, used again: each thread keeps what ended on it, in lists by size.
//!
//! An allocation is the dearest part of a short task, and an allocator that gives the memory of ten thousand tasks back to the
//! system takes it page by page for the next ten thousand. Here it costs a few plain instructions.
//!
//! Rules:
//! 1. Every block is an allocation of its own, so that it may be freed on any thread, and kept or given back there.
//! 2. Blocks come in sizes that leave no room unused in glibc's chunks. A block that is larger, or aligned to more, is not kept.
//! 3. A thread keeps up to [`KEPT`] bytes. While it drives an executor it keeps up to [`KEPT_AT_WORK`], and [`trim`] gives the
//!    difference back: before it sleeps, and when it is done.
//!
//! `--cfg whit_plain_memory` switches it off, for tools that look for uses after a free.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::home;

const KEPT: usize = 256 << 10;
const KEPT_AT_WORK: usize = 16 << 20;

const ALIGN: usize = 16;
const CLASSES: usize = 33;

/// The list for blocks of that layout.
#[inline]
const fn class(layout: Layout) -> Option<usize> {
    let class = (layout.size() + 7) / 16;
    if layout.align() <= ALIGN && class < CLASSES && !cfg!(any(loom, whit_plain_memory)) { Some(class) } else { None }
}

/// Eight less than a multiple of 16: glibc's own word stands before each block.
#[inline]
const fn size(class: usize) -> usize {
    16 * class + 8
}

struct Lists {
    heads: [Cell<*mut Free>; CLASSES],
    bytes: Cell<usize>,
}

/// Stands in a free block.
struct Free {
    next: *mut Free,
}

thread_local! {
    static LISTS: Lists = const { Lists { heads: [const { Cell::new(ptr::null_mut()) }; CLASSES], bytes: Cell::new(0) } };
}

/// Memory of that layout.
#[inline]
pub(super) fn allocate(layout: Layout) -> NonNull<u8> {
    let kept = class(layout).and_then(|class| LISTS.try_with(|lists| lists.pop(class)).ok().flatten());
    kept.unwrap_or_else(|| anew(layout))
}

/// # Safety
///
/// The memory is of [`allocate`], with that layout, and not used any more.
#[inline]
pub(super) unsafe fn free(block: NonNull<u8>, layout: Layout) {
    let kept = class(layout).is_some_and(|class| {
        // SAFETY: as the caller promised.
        LISTS.try_with(|lists| unsafe { lists.push(class, block) }).unwrap_or(false)
    });
    if !kept {
        // SAFETY: as the caller promised.
        unsafe { give_back(block, layout) };
    }
}

/// Gives back what this thread keeps for its work only.
#[inline]
pub(crate) fn trim() {
    // A thread that is being torn down keeps nothing.
    let _ = LISTS.try_with(|lists| {
        if lists.bytes.get() > KEPT {
            lists.shrink(KEPT);
        }
    });
}

/// What is asked of the allocator for that layout.
fn whole(layout: Layout) -> Layout {
    match class(layout) {
        Some(class) => Layout::from_size_align(size(class), ALIGN).expect("a small size"),
        None => layout,
    }
}

#[cold]
#[inline(never)]
fn anew(layout: Layout) -> NonNull<u8> {
    let layout = whole(layout);
    // SAFETY: a task has a size.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// # Safety
///
/// As for [`free`].
#[cold]
#[inline(never)]
unsafe fn give_back(block: NonNull<u8>, layout: Layout) {
    // SAFETY: as the caller promised; it was allocated so.
    unsafe { dealloc(block.as_ptr(), whole(layout)) }
}

impl Lists {
    #[inline]
    fn pop(&self, class: usize) -> Option<NonNull<u8>> {
        let head = NonNull::new(self.heads[class].get())?;
        // SAFETY: what is in a list is a free block of ours, and begins with this.
        self.heads[class].set(unsafe { head.as_ref() }.next);
        self.bytes.set(self.bytes.get() - size(class));
        Some(head.cast())
    }

    /// False if it is too much.
    ///
    /// # Safety
    ///
    /// The block is of that class, allocated by [`anew`], and free.
    #[inline]
    unsafe fn push(&self, class: usize, block: NonNull<u8>) -> bool {
        let bytes = self.bytes.get() + size(class);
        if bytes > KEPT && (bytes > KEPT_AT_WORK || !home::is_driving_any()) {
            return false;
        }
        self.bytes.set(bytes);
        let block = block.cast::<Free>().as_ptr();
        // SAFETY: free memory, large and aligned enough for a pointer.
        unsafe { block.write(Free { next: self.heads[class].replace(block) }) };
        true
    }

    #[cold]
    #[inline(never)]
    fn shrink(&self, to: usize) {
        for class in (0..CLASSES).rev() {
            let layout = Layout::from_size_align(size(class), ALIGN).expect("a small size");
            while self.bytes.get() > to {
                let Some(block) = self.pop(class) else { break };
                // SAFETY: of that class, allocated so, and out of the list.
                unsafe { dealloc(block.as_ptr(), layout) };
            }
        }
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        self.shrink(0);
    }
}
