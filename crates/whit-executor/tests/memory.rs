//! The memory that ended tasks leave for the next ones is given back when nobody is at work any more, and not before.
#![cfg(not(any(loom, miri, whit_plain_memory)))]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use futures_lite::future::{block_on, poll_once};
use whit_core::{Park, Task, ThreadPark};
use whit_executor::{Executor, LocalExecutor};

/// Counts the bytes that are allocated.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), SeqCst);
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), SeqCst);
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static GLOBAL: Counting = Counting;

/// At a hundred bytes each, far more than what is kept in any case.
const CROWD: usize = 20_000;
/// Less than half of what is above that.
const MUCH: usize = 500_000;

/// One test at a time, since all threads share what is kept.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A park in which nobody sleeps for long: each park wakes the root.
#[derive(Default)]
struct Restless {
    root: Mutex<Option<Waker>>,
    parks: AtomicU32,
    thread: ThreadPark,
}

impl Restless {
    /// Ready after so many parks.
    async fn parks(&self, count: u32) {
        let last = self.parks.load(SeqCst) + count;
        poll_fn(|cx| {
            *self.root.lock().unwrap() = Some(cx.waker().clone());
            if self.parks.load(SeqCst) < last { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

impl Park for Restless {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.parks.fetch_add(u32::from(deadline.is_none()), SeqCst);
        let root = self.root.lock().unwrap().take();
        root.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn unparker(&self) -> Waker {
        self.thread.unparker()
    }
}

async fn goes(park: &Restless, spawn: impl Fn() -> Task<()>) {
    let crowd: Vec<_> = (0..CROWD).map(|_| spawn()).collect();
    for task in crowd {
        task.await;
    }
    let full = BYTES.load(SeqCst);
    park.parks(20).await;
    assert!(BYTES.load(SeqCst) + MUCH < full, "{full} bytes, then {}", BYTES.load(SeqCst));
}

#[test]
fn it_goes_when_a_thread_by_itself_sleeps() {
    let _alone = alone();
    let (executor, park) = (Executor::new(), Restless::default());
    executor.block_on(&park, goes(&park, || executor.spawn(async {})));
    let (executor, park) = (LocalExecutor::new(), Restless::default());
    executor.block_on(&park, goes(&park, || executor.spawn(async {})));
}

/// A worker that falls asleep again and again beside one that is busy gives nothing away: it is what the other is about to use.
#[test]
fn it_stays_while_a_worker_is_busy() {
    let _alone = alone();
    let executor = Executor::new();
    let mut sleeper = pin!(executor.run(pending::<()>()));
    let full = block_on(executor.run(async {
        (0..CROWD).for_each(|_| executor.spawn(async {}).detach());
        while !executor.is_empty() {
            assert!(poll_once(&mut sleeper).await.is_none());
        }
        let full = BYTES.load(SeqCst);
        for _ in 0..20 {
            assert!(poll_once(&mut sleeper).await.is_none());
        }
        assert!(BYTES.load(SeqCst) + 1000 > full, "{full} bytes, then {}", BYTES.load(SeqCst));
        full
    }));
    // The busy one has gone.
    for _ in 0..20 {
        assert!(block_on(poll_once(&mut sleeper)).is_none());
    }
    assert!(BYTES.load(SeqCst) + MUCH < full, "{full} bytes, then {}", BYTES.load(SeqCst));
}
