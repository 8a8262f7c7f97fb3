//! The memory of ended tasks: used again, bounded, and given back.
//!
//! One test at a time, since the allocator counts for the whole process.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::pending;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Task, spawn, trim};

/// Counts the bytes that are allocated, and sees whether each block goes back as what it was asked for.
struct Counting;

static BYTES: AtomicIsize = AtomicIsize::new(0);
static MISTAKEN: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The block that is asked of the system, whose first part says how large ours is; and where ours begins in it.
fn around(layout: Layout) -> (Layout, usize) {
    Layout::new::<usize>().extend(layout).expect("a small size")
}

// SAFETY: passes everything on to the system's allocator, in blocks that are a little larger.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size() as isize, SeqCst);
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        let (whole, offset) = around(layout);
        // SAFETY: as the caller promised; there is room for both.
        unsafe {
            let block = System.alloc(whole);
            block.cast::<usize>().write(layout.size());
            block.add(offset)
        }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size() as isize, SeqCst);
        let (whole, offset) = around(layout);
        // SAFETY: as the caller promised; the block begins there.
        unsafe {
            let block = pointer.sub(offset);
            MISTAKEN.fetch_add(isize::from(block.cast::<usize>().read() != layout.size()), SeqCst);
            System.dealloc(block, whole);
        }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// What the depot may keep when it has been trimmed, and what the two magazines of one size may.
const DEPOT: isize = 256 << 10;
const MAGAZINES: isize = 2 * 64 * 520;

const MANY: usize = if cfg!(miri) { 300 } else { 30_000 };

#[derive(Default)]
struct Plain(Mutex<Vec<Runnable>>);

impl Schedule for Plain {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.0.lock().unwrap().push(runnable);
    }
}

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Bytes that are allocated, with as little in the depot as `trim` leaves.
fn trimmed() -> isize {
    (0..200).for_each(|_| trim());
    assert_eq!(MISTAKEN.load(SeqCst), 0, "a block goes back as what it was asked for");
    BYTES.load(SeqCst)
}

/// A task of about so many bytes, which waits for ever, with its runnable.
fn waits<const SIZE: usize>(home: &Home, plain: &Plain) -> (Runnable, Task<()>) {
    let room = [0u8; SIZE];
    let task = spawn(home, async move {
        pending::<()>().await;
        std::hint::black_box(&room);
    });
    (plain.0.lock().unwrap().pop().unwrap(), task)
}

/// One thread spawns and another ends: what is live does not grow with the number of tasks.
#[test]
fn tasks_that_end_elsewhere_leave_no_heap_behind() {
    let _alone = alone();
    let before = trimmed();
    let (send, receive): (Sender<(Runnable, Task<()>)>, Receiver<_>) = channel();
    let (told, tell) = channel::<()>();
    let ends = thread::spawn(move || {
        for (runnable, task) in receive {
            drop(runnable);
            drop(task);
            told.send(()).unwrap();
        }
    });
    let (plain, mut most) = (Arc::new(Plain::default()), 0);
    let home: Home = plain.clone();
    for round in 0..MANY {
        let parts = if round % 2 == 0 { waits::<40>(&home, &plain) } else { waits::<300>(&home, &plain) };
        send.send(parts).unwrap();
        if round % 16 == 15 {
            // So that there are never many at a time.
            (0..16).for_each(|_| tell.recv().unwrap());
            most = most.max(BYTES.load(SeqCst) - before);
        }
    }
    // Two sizes, at two threads, in the depot, and on their way; and the channels' own.
    assert!(most < 6 * MAGAZINES + (64 << 10), "{most} bytes for tasks of which 16 live at a time");
    drop(send);
    ends.join().unwrap();
}

/// A crowd that ends leaves no more than the depot's share, in every size.
#[test]
fn a_crowd_that_has_ended_is_given_back() {
    let _alone = alone();
    let before = trimmed();
    let plain = Arc::new(Plain::default());
    let home: Home = plain.clone();
    for _ in 0..2 {
        let mut crowd = Vec::new();
        for _ in 0..MANY / 3 {
            crowd.push(waits::<0>(&home, &plain));
            crowd.push(waits::<200>(&home, &plain));
            crowd.push(waits::<380>(&home, &plain));
        }
        let full = BYTES.load(SeqCst) - before;
        drop(crowd);
        let ended = BYTES.load(SeqCst) - before;
        let after = trimmed() - before;
        assert!(full > 2 * after || cfg!(miri), "it was a crowd: {full}, then {ended}, then {after}");
        assert!(after < DEPOT + 3 * MAGAZINES + (16 << 10), "{full}, then {ended}, then {after}");
    }
}

/// The depot has a bound of its own, whoever calls `trim` or not.
#[test]
fn a_huge_crowd_is_not_kept_whole() {
    if cfg!(miri) {
        return;
    }
    let _alone = alone();
    let before = trimmed();
    let plain = Arc::new(Plain::default());
    let home: Home = plain.clone();
    let crowd: Vec<_> = (0..100_000).map(|_| waits::<380>(&home, &plain)).collect();
    let full = BYTES.load(SeqCst) - before;
    drop(crowd);
    let ended = BYTES.load(SeqCst) - before;
    assert!(full > 45 << 20 && ended < 34 << 20, "{full}, then {ended}");
    let after = trimmed() - before;
    assert!(after < DEPOT + 3 * MAGAZINES + (16 << 10), "{full}, then {ended}, then {after}");
    // It goes on keeping what comes.
    if cfg!(not(whit_plain_memory)) {
        let mut made = 0;
        for _ in 0..3 {
            let before = ALLOCATIONS.get();
            let crowd: [_; 500] = std::array::from_fn(|_| waits::<380>(&home, &plain));
            made = ALLOCATIONS.get() - before;
            drop(crowd);
        }
        assert!(made < 10, "{made} allocations for tasks whose memory was there");
    }
}

/// A thread that ends leaves nothing of its own, whether it spawned the tasks or ended those of others.
#[test]
fn a_thread_that_ends_gives_its_magazines_back() {
    let _alone = alone();
    let plain = Arc::new(Plain::default());
    let home: Home = plain.clone();
    let round = || {
        let (plain, home) = (plain.clone(), home.clone());
        let ours: Vec<_> = (0..100).map(|_| waits::<100>(&home, &plain)).collect();
        let theirs = thread::spawn(move || {
            drop(ours);
            (0..50).map(|_| waits::<100>(&home, &plain)).collect::<Vec<_>>()
        });
        drop(theirs.join().unwrap());
    };
    round();
    let before = trimmed();
    (0..if cfg!(miri) { 2 } else { 20 }).for_each(|_| round());
    let grown = trimmed() - before;
    // The depot may have a magazine or two of this size where it had none.
    assert!(grown < MAGAZINES, "{grown} bytes in some rounds");
}

/// A block that was used comes again: that is what it is for.
#[test]
fn the_next_task_takes_the_memory_of_the_last() {
    if cfg!(any(miri, whit_plain_memory)) {
        return;
    }
    let _alone = alone();
    let plain = Arc::new(Plain::default());
    let home: Home = plain.clone();
    let first = waits::<100>(&home, &plain);
    let place = std::ptr::from_ref(first.1.meta());
    drop(first);
    let before = ALLOCATIONS.get();
    let second = waits::<100>(&home, &plain);
    assert_eq!(ALLOCATIONS.get(), before);
    assert!(std::ptr::eq(place, second.1.meta()));
    // Another size is another block.
    let third = waits::<200>(&home, &plain);
    drop(second);
    assert!(!std::ptr::eq(place, third.1.meta()));
}

/// Futures that are larger or more aligned than what is kept.
#[test]
fn what_does_not_fit_is_not_kept() {
    #[repr(align(64))]
    struct Aligned(u8);
    let _alone = alone();
    let plain = Arc::new(Plain::default());
    let home: Home = plain.clone();
    // The queue's own memory.
    drop([waits::<0>(&home, &plain), waits::<0>(&home, &plain)]);
    plain.0.lock().unwrap().reserve(8);
    let before = trimmed();
    for _ in 0..if cfg!(miri) { 10 } else { 300 } {
        drop(waits::<5000>(&home, &plain));
        let seen = Arc::<AtomicUsize>::default();
        let several: Vec<_> = (0..8)
            .map(|_| {
                let (aligned, seen) = (Aligned(1), seen.clone());
                let task = spawn(&home, async move {
                    let at = std::ptr::from_ref(&aligned).addr();
                    seen.fetch_add(usize::from(at.is_multiple_of(64) && aligned.0 == 1), SeqCst);
                    pending::<()>().await;
                    std::hint::black_box(&aligned);
                });
                plain.0.lock().unwrap().pop().unwrap().run();
                task
            })
            .collect();
        assert_eq!(seen.load(SeqCst), 8);
        drop(several);
        plain.0.lock().unwrap().drain(..).for_each(drop);
    }
    let kept = BYTES.load(SeqCst) - before;
    // The harness has threads beside this one, which are not quite still; a block that is kept would be more.
    assert!(kept < 4096, "{kept} bytes");
}
