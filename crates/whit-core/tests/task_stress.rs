//! Many tasks, with threads that run, wake, cancel, detach and await them at the same time: everything is dropped once, and no
//! wake is lost, since the test would not end.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Task, UnhandledPanic, block_on, cleanup, spawn};

const TASKS: usize = if cfg!(miri) { 60 } else { 30_000 };
const RUNNERS: usize = 3;

/// A home that counts its tasks by keeping no account, and what is made and dropped.
#[derive(Default)]
struct Pool {
    tasks: Mutex<VecDeque<Runnable>>,
    came: Condvar,
    over: AtomicBool,
    wakers: Mutex<Vec<(bool, Waker)>>,
    futures: AtomicUsize,
    outputs: AtomicUsize,
    outputs_made: AtomicUsize,
    panics: AtomicUsize,
    panics_seen: AtomicUsize,
}

impl Schedule for Pool {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.tasks.lock().unwrap().push_back(runnable);
        self.came.notify_one();
    }

    fn unhandled(&self, _: &UnhandledPanic) {
        self.panics_seen.fetch_add(1, SeqCst);
    }
}

struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % n
    }
}

/// Waits some times, each time for a wake of its own or of others, and is then ready or panics.
struct Job {
    pool: Arc<Pool>,
    random: Random,
    left: usize,
    /// Its wakers are dropped, not woken.
    abandoned: bool,
    // Not atomic: two polls at a time, or one that does not see the last, are a race and a wrong sum.
    polls: Box<usize>,
    polled: usize,
}

struct Output {
    pool: Arc<Pool>,
    own: Box<usize>,
}

impl Future for Job {
    type Output = Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Output> {
        assert_eq!(*self.polls, self.polled);
        *self.polls += 1;
        self.polled += 1;
        if self.left > 0 {
            self.left -= 1;
            let what = if self.abandoned { 0 } else { self.random.below(4) };
            if what < 3 {
                let mut wakers = self.pool.wakers.lock().unwrap();
                wakers.extend((0..=what).map(|_| (self.abandoned, cx.waker().clone())));
            } else {
                cx.waker().wake_by_ref();
            }
            return Poll::Pending;
        }
        if self.random.below(16) == 0 {
            self.pool.panics.fetch_add(1, SeqCst);
            panic!("in the task");
        }
        self.pool.outputs_made.fetch_add(1, SeqCst);
        Poll::Ready(Output { pool: self.pool.clone(), own: Box::new(7) })
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        *self.polls += 1;
        self.pool.futures.fetch_add(1, SeqCst);
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        *self.own += 1;
        self.pool.outputs.fetch_add(1, SeqCst);
    }
}

/// A waker that is another each time.
#[derive(Default)]
struct Awaiter(AtomicUsize);

impl Wake for Awaiter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

fn run(pool: &Pool, seed: u64) {
    let mut random = Random(seed);
    while !pool.over.load(SeqCst) {
        let tasks = pool.tasks.lock().unwrap();
        let mut tasks = pool.came.wait_while(tasks, |tasks| tasks.is_empty() && !pool.over.load(SeqCst)).unwrap();
        let Some(runnable) = tasks.pop_front() else { continue };
        drop(tasks);
        // Now and then one is lost on its way.
        if random.below(50) > 0 {
            runnable.run();
        }
    }
}

fn wake(pool: &Pool, seed: u64) {
    let mut random = Random(seed);
    while !pool.over.load(SeqCst) {
        let mut wakers = pool.wakers.lock().unwrap();
        let which = random.below(wakers.len().max(1));
        let taken = (!wakers.is_empty()).then(|| wakers.swap_remove(which));
        drop(wakers);
        match taken {
            None => thread::yield_now(),
            Some((true, waker)) => drop(waker),
            Some((false, waker)) => match random.below(3) {
                0 => waker.wake(),
                1 => waker.wake_by_ref(),
                _ => {
                    let other = waker.clone();
                    waker.wake();
                    drop(other);
                }
            },
        }
    }
}

/// Polls with another waker each time.
fn poll_changing(task: &mut Task<Output>, most: usize, awaiters: &mut Vec<Arc<Awaiter>>) -> Option<()> {
    for _ in 0..most {
        let awaiter = Arc::<Awaiter>::default();
        awaiters.push(awaiter.clone());
        if Pin::new(&mut *task).poll(&mut Context::from_waker(&Waker::from(awaiter))).is_ready() {
            return Some(());
        }
        thread::yield_now();
    }
    None
}

fn handle(pool: &Pool, mut task: Task<Output>, abandoned: bool, random: &mut Random) {
    let mut awaiters = Vec::new();
    let action = if abandoned { random.below(4) } else { random.below(8) };
    let seen = catch_unwind(AssertUnwindSafe(|| match action {
        0 => drop(task),
        1 => task.detach(),
        2 => {
            let most = random.below(3);
            match poll_changing(&mut task, most, &mut awaiters) {
                None => task.detach(),
                Some(()) => drop(task),
            }
        }
        3 => {
            let most = random.below(3);
            poll_changing(&mut task, most, &mut awaiters);
            let ((), cleanup) = cleanup::collect(|| drop(task));
            block_on(cleanup);
        }
        4 => drop(block_on(task.cancel())),
        5 => drop(block_on(task)),
        6 => {
            let mut task = task.fallible();
            drop(block_on(&mut task));
            assert!(task.is_finished());
        }
        _ => _ = poll_changing(&mut task, usize::MAX, &mut awaiters),
    }));
    if let Err(panic) = seen {
        // The other panic says that the task's runnable was lost.
        if panic.downcast_ref() == Some(&"in the task") {
            pool.panics_seen.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn everything_is_dropped_once_whatever_meets() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text != "in the task" && !text.contains("was cancelled before it completed") {
            hook(info);
        }
    }));
    let pool = Arc::<Pool>::default();
    let home: Home = pool.clone();
    thread::scope(|scope| {
        for seed in 1..=RUNNERS as u64 {
            let pool = &pool;
            scope.spawn(move || run(pool, seed));
        }
        scope.spawn(|| wake(&pool, 77));
        scope.spawn(|| wake(&pool, 78));
        let spawners: Vec<_> = (1..3)
            .map(|thread| {
                let (pool, home) = (&pool, &home);
                scope.spawn(move || {
                    let mut random = Random(1000 + thread);
                    for _ in 0..TASKS / 2 {
                        let abandoned = random.below(8) == 0;
                        let left = random.below(4) + usize::from(abandoned);
                        let seeded = Random(random.0);
                        let (polls, polled) = (Box::new(0), 0);
                        let job = Job { pool: pool.clone(), random: seeded, left, abandoned, polls, polled };
                        let task = spawn(home, job);
                        handle(pool, task, abandoned, &mut random);
                    }
                })
            })
            .collect();
        spawners.into_iter().for_each(|spawner| spawner.join().unwrap());
        // Each job and each task holds the pool; this thread has two.
        while Arc::strong_count(&pool) > 2 {
            thread::yield_now();
        }
        pool.over.store(true, SeqCst);
        drop(pool.tasks.lock().unwrap());
        pool.came.notify_all();
    });
    assert_eq!(pool.futures.load(SeqCst), TASKS / 2 * 2);
    assert_eq!(pool.outputs.load(SeqCst), pool.outputs_made.load(SeqCst));
    assert_eq!(pool.panics_seen.load(SeqCst), pool.panics.load(SeqCst));
    assert_eq!(Arc::strong_count(&pool), 2);
}
