//! The memory of tasks, used again.
//!
//! An allocation is the dearest part of a short task, and an allocator that gives the memory of ten thousand tasks back to the
//! system takes it page by page for the next ten thousand. Here it costs a few plain instructions.
//!
//! Each thread keeps free blocks by size, in two magazines a size. Tasks often end on another thread than the one that spawned
//! them, so full magazines go to a [`depot`] that all share, and who has none takes one there: Bonwick's magazines.
//!
//! Rules:
//! 1. Every block is an allocation of its own, so that it may be used, kept and given back on any thread.
//! 2. Blocks come in sizes that leave no room unused in glibc's chunks. A block that is larger, or aligned to more, is not kept.
//! 3. A thread keeps two magazines of each size; what the depot keeps is its affair.
//!
//! `--cfg whit_plain_memory` switches it off, for tools that look for uses after a free.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::depot;

const ALIGN: usize = 16;
/// Sizes up to half a kilobyte.
pub(super) const CLASSES: usize = 33;
/// Blocks in a full magazine.
pub(super) const MAGAZINE: usize = 64;

/// What stands in a free block: a magazine is a list of them, and the depot a list of magazines.
pub(super) struct Free {
    next: *mut Free,
    /// In the first block of a magazine that lies in the depot.
    pub(super) below: *mut Free,
}

/// Which blocks are for that layout; [`CLASSES`] if none are.
#[inline]
pub(super) const fn class(layout: Layout) -> usize {
    let class = (layout.size() + 7) / 16;
    let fits = layout.align() <= ALIGN && class < CLASSES && layout.size() >= size_of::<Free>();
    if fits && !cfg!(any(loom, miri, whit_plain_memory)) { class } else { CLASSES }
}

/// Eight less than a multiple of 16: glibc's own word stands before each block.
#[inline]
pub(super) const fn size(class: usize) -> usize {
    16 * class + 8
}

struct Rack {
    // Blocks are taken from the first, and come to it.
    first: Cell<*mut Free>,
    count: Cell<usize>,
    // Full, or null.
    second: Cell<*mut Free>,
}

struct Racks([Rack; CLASSES]);

thread_local! {
    static RACKS: Racks = const { Racks([const { Rack::new() }; CLASSES]) };
}

/// Memory of that layout, whose class this is.
#[inline]
pub(super) fn allocate(layout: Layout, class: usize) -> NonNull<u8> {
    let kept = RACKS.try_with(|racks| racks.0.get(class).and_then(|rack| rack.pop(class))).ok().flatten();
    kept.unwrap_or_else(|| anew(layout))
}

/// # Safety
///
/// The memory is of [`allocate`], with that layout, whose class this is, and not used any more.
#[inline]
pub(super) unsafe fn free(block: NonNull<u8>, layout: Layout, class: usize) {
    // SAFETY: as the caller promised.
    let keep = |racks: &Racks| racks.0.get(class).map(|rack| unsafe { rack.push(class, block) }).is_some();
    if !RACKS.try_with(keep).unwrap_or(false) {
        // SAFETY: as the caller promised; a thread that is being torn down keeps nothing.
        unsafe { dealloc(block.as_ptr(), whole(layout)) };
    }
}

/// What is asked of the allocator for that layout.
fn whole(layout: Layout) -> Layout {
    match class(layout) {
        CLASSES => layout,
        class => layout_of(class),
    }
}

fn layout_of(class: usize) -> Layout {
    Layout::from_size_align(size(class), ALIGN).expect("a small size")
}

#[cold]
#[inline(never)]
fn anew(layout: Layout) -> NonNull<u8> {
    let layout = whole(layout);
    // SAFETY: a task has a size.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Gives the blocks of a magazine back to the allocator.
///
/// # Safety
///
/// It is a list of free blocks of that class, or null, and the caller's.
#[cold]
pub(super) unsafe fn give_back(class: usize, mut magazine: *mut Free) {
    while let Some(block) = NonNull::new(magazine) {
        // SAFETY: a free block, which is not used after this.
        unsafe {
            magazine = block.as_ref().next;
            dealloc(block.as_ptr().cast(), layout_of(class));
        }
    }
}

impl Rack {
    const fn new() -> Rack {
        Rack { first: Cell::new(ptr::null_mut()), count: Cell::new(0), second: Cell::new(ptr::null_mut()) }
    }

    #[inline]
    fn pop(&self, class: usize) -> Option<NonNull<u8>> {
        let mut block = self.first.get();
        if block.is_null() {
            block = self.refill(class)?.as_ptr();
        }
        // SAFETY: what is in a magazine is a free block.
        self.first.set(unsafe { (*block).next });
        self.count.set(self.count.get() - 1);
        NonNull::new(block.cast())
    }

    /// # Safety
    ///
    /// The block is of that class, allocated by [`anew`], and free.
    #[inline]
    unsafe fn push(&self, class: usize, block: NonNull<u8>) {
        if self.count.get() == MAGAZINE {
            self.put_away(class);
        }
        let block = block.cast::<Free>().as_ptr();
        // SAFETY: free memory, large and aligned enough.
        unsafe { block.write(Free { next: self.first.replace(block), below: ptr::null_mut() }) };
        self.count.set(self.count.get() + 1);
    }

    /// The first is empty: the second takes its place, or one of the depot.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: usize) -> Option<NonNull<Free>> {
        let second = NonNull::new(self.second.replace(ptr::null_mut()));
        let full = second.or_else(|| depot::take(class))?;
        self.first.set(full.as_ptr());
        self.count.set(MAGAZINE);
        Some(full)
    }

    /// The first is full: it takes the place of the second, which goes to the depot.
    #[cold]
    #[inline(never)]
    fn put_away(&self, class: usize) {
        let second = self.second.replace(self.first.replace(ptr::null_mut()));
        self.count.set(0);
        if let Some(second) = NonNull::new(second) {
            // SAFETY: a full magazine of that class, which is nowhere else.
            unsafe { depot::put(class, second) };
        }
    }
}

impl Drop for Racks {
    fn drop(&mut self) {
        for (class, rack) in self.0.iter().enumerate() {
            for magazine in [rack.first.replace(ptr::null_mut()), rack.second.replace(ptr::null_mut())] {
                // SAFETY: this thread's, and out of the rack.
                unsafe { give_back(class, magazine) };
            }
            rack.count.set(0);
        }
    }
}
