//! The paths that are counted: each a loop, on one thread, so that the count is the same each time.

use std::future::{Future, ready};
use std::hint::black_box;
use std::task::{Context, Waker};
use std::time::Duration;

use whit::parts::core::{Dir, Source};
use whit::sync::{Mutex, Notify, RwLock, Semaphore, oneshot};

use crate::passes;

pub(crate) struct Path {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Passes through it so many times.
    run: fn(u32),
}

pub(crate) const ALL: &[Path] = &[
    Path { name: "spawn-run", what: "a task is spawned in a worker, and runs", run: spawn_run },
    Path { name: "spawn-await", what: "a task is spawned in a worker, and awaited", run: spawn_await },
    Path { name: "spawn-await-local", what: "the same on one thread", run: spawn_await_local },
    Path { name: "yield", what: "two tasks of a worker yield, once each", run: yields },
    Path { name: "yield-local", what: "the same on one thread", run: yields_local },
    Path { name: "wake", what: "a task wakes one of the same worker, and is woken", run: wake },
    Path { name: "oneshot", what: "make, send, receive", run: oneshots },
    Path { name: "mutex", what: "a free mutex is locked", run: mutex },
    Path { name: "rwlock-read", what: "a free lock is read", run: rwlock },
    Path { name: "semaphore", what: "a free permit is acquired", run: semaphore },
    Path { name: "notify", what: "notify, and await it", run: notify },
    Path { name: "channel", what: "into an unbounded channel, and out", run: channel },
    Path { name: "channel-bounded", what: "the same, bounded", run: channel_bounded },
    Path { name: "timer", what: "a sleep is made, polled, dropped", run: timer },
    Path { name: "readiness", what: "a source gets ready, and is cleared", run: readiness },
    Path { name: "block-on", what: "block_on of what is ready", run: block_on },
];

/// Runs one of them.
pub(crate) fn run(name: &str, times: u32) -> Result<(), String> {
    let path = ALL.iter().find(|path| path.name == name).ok_or_else(|| format!("no path is called `{name}`"))?;
    (path.run)(times);
    Ok(())
}

/// In a task of a runtime with a single worker, which is that of many workers with nobody to steal.
fn worker<F: Future<Output = ()> + Send + 'static>(future: F) {
    whit::Builder::new().workers(1).run(async { whit::spawn(future).await });
}

fn local<F: Future<Output = ()> + 'static>(future: F) {
    whit::run_local(async { whit::spawn_local(future).await });
}

fn spawn_run(times: u32) {
    worker(async move {
        // In batches, as a task that never gave way would fill the memory.
        for _ in 0..times / 100 {
            for number in 0..100 {
                whit::spawn(async move { black_box(number) }).detach();
            }
            whit::yield_now().await;
        }
    });
}

fn spawn_await(times: u32) {
    worker(passes::spawn_await(times));
}

fn spawn_await_local(times: u32) {
    local(async move {
        for number in 0..times {
            black_box(whit::spawn_local(async move { number }).await);
        }
    });
}

async fn yield_often(times: u32) {
    for _ in 0..times {
        whit::yield_now().await;
    }
}

fn yields(times: u32) {
    worker(async move {
        let other = whit::spawn(yield_often(times));
        yield_often(times).await;
        other.await;
    });
}

fn yields_local(times: u32) {
    local(async move {
        let other = whit::spawn_local(yield_often(times));
        yield_often(times).await;
        other.await;
    });
}

fn wake(times: u32) {
    worker(passes::wake(times));
}

/// Outside of any runtime, and so without a budget.
fn alone(future: impl Future<Output = ()>) {
    whit::block_on(future);
}

fn oneshots(times: u32) {
    alone(async {
        for number in 0..times {
            let (sender, receiver) = oneshot::channel();
            sender.send(number).expect("there is a receiver");
            black_box(receiver.await).expect("sent");
        }
    });
}

fn mutex(times: u32) {
    let lock = black_box(Mutex::new(0));
    alone(async {
        for _ in 0..times {
            *lock.lock().await += 1;
        }
    });
    black_box(lock);
}

fn rwlock(times: u32) {
    let lock = black_box(RwLock::new(0));
    alone(async {
        for _ in 0..times {
            black_box(*lock.read().await);
        }
    });
}

fn semaphore(times: u32) {
    let permits = black_box(Semaphore::new(3));
    alone(async {
        for _ in 0..times {
            drop(black_box(permits.acquire().await));
        }
    });
}

fn notify(times: u32) {
    let notify = black_box(Notify::new());
    alone(async {
        for _ in 0..times {
            notify.notify_one();
            notify.notified().await;
        }
    });
}

fn through(times: u32, (sender, receiver): (whit::channel::Sender<u32>, whit::channel::Receiver<u32>)) {
    alone(async {
        for number in 0..times / 100 {
            for _ in 0..100 {
                sender.try_send(number).expect("there is room");
            }
            for _ in 0..100 {
                black_box(receiver.recv().await).expect("sent");
            }
        }
    });
}

fn channel(times: u32) {
    through(times, whit::channel::unbounded());
}

fn channel_bounded(times: u32) {
    through(times, whit::channel::bounded(100));
}

fn timer(times: u32) {
    // Short, so that the clock is read: whether it need not be depends on the machine, and on how slowly the counts are taken.
    worker(passes::timer(times, Duration::from_millis(9)));
}

fn readiness(times: u32) {
    let (source, mut cx) = (black_box(Source::new(false)), Context::from_waker(Waker::noop()));
    for _ in 0..times {
        assert!(source.poll_ready(Dir::Read, &mut cx).is_pending());
        source.set_ready(Dir::Read);
        let seen = source.ready(Dir::Read).expect("it was just set");
        source.clear(Dir::Read, seen);
    }
}

fn block_on(times: u32) {
    for number in 0..times {
        black_box(whit::block_on(ready(black_box(number))));
    }
}
