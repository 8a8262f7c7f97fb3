//! A spawn is one allocation, and a wake is none.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use support::Queue;
use whit_core::{Home, block_on, spawn};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

fn allocations(f: impl FnOnce()) -> usize {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

#[test]
fn a_spawn_is_one_allocation_and_a_wake_none() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    // The queue's own memory, and the thread's things.
    queue.kept.lock().unwrap().reserve(8);
    let warm = spawn(&home, async {});
    queue.run_all();
    block_on(warm);
    let mut polls = 0;
    let yields = poll_fn(move |cx| {
        polls += 1;
        cx.waker().wake_by_ref();
        if polls < 1000 { Poll::Pending } else { Poll::Ready(polls) }
    });
    let mut task = None;
    assert_eq!(allocations(|| task = Some(spawn(&home, yields))), 1);
    assert_eq!(allocations(|| queue.run_all()), 0);
    assert_eq!(allocations(|| assert_eq!(block_on(task.take().unwrap()), 1000)), 0);
}

/// What glibc frees without a lock on any thread: 120 bytes. A task that shares one thing and gives nothing back fits.
#[test]
fn a_small_task_takes_no_more_than_120_bytes() {
    let queue = Arc::new(Queue::default());
    let home: Home = queue.clone();
    spawn(&home, async {}).detach();
    queue.run_all();
    let shared = Arc::new(5);
    LARGEST.set(0);
    let task = spawn(&home, async move { assert_eq!(*shared, 5) });
    assert!(LARGEST.get() <= 120, "{} bytes", LARGEST.get());
    queue.run_all();
    block_on(task);
}
