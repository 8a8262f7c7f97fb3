//! Nobody waits for long because others come more often: looks are counted, and no clock is read.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Instant;

use whit_core::{Park, Task, ThreadPark};
use whit_executor::{Executor, LocalExecutor};

/// As many as a reactor tells of at a look.
const AT_ONCE: usize = 64;
/// Tasks that wait for the driver again as soon as it has woken them: more than a worker's ring has room for.
const BUSY: usize = 400;
/// Tasks that come at once and run once.
const BURST: usize = 1000;
/// Looks by which the burst has run. By turns with the busy ones it takes some 30; one at a look, it takes 700.
const LOOKS_MOST: u32 = 100;

/// A driver that always has something: each look wakes those that have waited longest.
struct Traffic {
    waiting: Mutex<VecDeque<Waker>>,
    looks: AtomicU32,
    thread: ThreadPark,
}

impl Traffic {
    fn new() -> Arc<Traffic> {
        Arc::new(Traffic { waiting: Mutex::default(), looks: AtomicU32::new(0), thread: ThreadPark::new() })
    }

    fn looks(&self) -> u32 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Waits for the driver for ever, again and again.
    async fn busy(self: Arc<Traffic>) {
        poll_fn(|cx| {
            self.waiting.lock().unwrap().push_back(cx.waker().clone());
            Poll::<()>::Pending
        })
        .await
    }

    /// The look at which it is polled.
    async fn seen(self: Arc<Traffic>) -> u32 {
        self.looks()
    }
}

impl Park for Traffic {
    fn park(&self, _: Option<Instant>) -> io::Result<()> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.waiting.lock().unwrap();
        let count = waiting.len().min(AT_ONCE);
        let woken: Vec<_> = waiting.drain(..count).collect();
        drop(waiting);
        woken.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn unparker(&self) -> Waker {
        self.thread.unparker()
    }
}

/// Awaits the burst, and says how many looks its last one has taken.
async fn last(burst: Vec<Task<u32>>, since: u32) -> u32 {
    let mut last = 0;
    for task in burst {
        last = last.max(task.await - since);
    }
    last
}

/// What does not fit into the ring of a worker has its turn although events fill the ring again and again.
#[test]
fn what_overflows_a_ring_is_not_starved_by_events() {
    let (executor, traffic) = (Executor::new(), Traffic::new());
    let looks = executor.block_on(&traffic, async {
        (0..BUSY).for_each(|_| executor.spawn(traffic.clone().busy()).detach());
        let since = traffic.looks();
        last((0..BURST).map(|_| executor.spawn(traffic.clone().seen())).collect(), since).await
    });
    assert!(looks < LOOKS_MOST, "the last task of a burst has waited for {looks} looks at the driver");
}

/// The same for what other threads send to an executor of one thread.
#[test]
fn what_comes_from_other_threads_is_not_starved_by_events() {
    let (executor, traffic) = (LocalExecutor::new(), Traffic::new());
    let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let looks = executor.block_on(&traffic, async {
        (0..BUSY).for_each(|_| executor.spawn(traffic.clone().busy()).detach());
        let burst = (0..BURST).map(|_| {
            let (mut woken, wakers, traffic) = (false, wakers.clone(), traffic.clone());
            executor.spawn(poll_fn(move |cx| {
                if std::mem::replace(&mut woken, true) {
                    return Poll::Ready(traffic.looks());
                }
                wakers.lock().unwrap().push(cx.waker().clone());
                Poll::Pending
            }))
        });
        let burst: Vec<_> = burst.collect();
        // Until all of them wait.
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if wakers.lock().unwrap().len() < BURST { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        let wakers = std::mem::take(&mut *wakers.lock().unwrap());
        std::thread::spawn(move || wakers.into_iter().for_each(Waker::wake)).join().unwrap();
        let since = traffic.looks();
        last(burst, since).await
    });
    assert!(looks < LOOKS_MOST, "the last task of a burst has waited for {looks} looks at the driver");
}
