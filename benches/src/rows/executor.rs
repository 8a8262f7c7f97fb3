//! Spawning, waking, yielding and joining.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures::channel::oneshot;
use futures::task::AtomicWaker;

use crate::meter::Meter;
use crate::runtimes::{Pool, Runtime};

/// Counts down, and wakes one task or one thread at zero.
struct Latch {
    left: AtomicUsize,
    task: AtomicWaker,
    thread: Option<Thread>,
}

impl Latch {
    fn new(count: usize) -> Arc<Latch> {
        Arc::new(Latch { left: AtomicUsize::new(count), task: AtomicWaker::new(), thread: None })
    }

    fn of_this_thread(count: usize) -> Arc<Latch> {
        let thread = Some(thread::current());
        Arc::new(Latch { left: AtomicUsize::new(count), task: AtomicWaker::new(), thread })
    }

    fn count_down(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.task.wake();
            self.thread.iter().for_each(Thread::unpark);
        }
    }

    fn is_open(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    async fn wait(&self) {
        poll_fn(|cx| {
            self.task.register(cx.waker());
            if self.is_open() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn wait_thread(&self) {
        while !self.is_open() {
            thread::park();
        }
    }
}

/// Measures in a task, not in the root.
fn in_task<R: Runtime, F: Future<Output = f64> + Send + 'static>(measure: F) -> f64 {
    R::root(async move { R::spawn(measure).await })
}

pub(crate) fn spawn_outside<R: Pool>(meter: Meter) -> f64 {
    R::start();
    meter.time(10_000, || {
        let latch = Latch::of_this_thread(10_000);
        for _ in 0..10_000 {
            let latch = latch.clone();
            R::spawn_outside(async move { latch.count_down() });
        }
        latch.wait_thread();
    })
}

pub(crate) fn spawn_inside<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(10_000, || async {
        let latch = Latch::new(10_000);
        for _ in 0..10_000 {
            let latch = latch.clone();
            R::detach(R::spawn(async move { latch.count_down() }));
        }
        latch.wait().await;
    }))
}

pub(crate) fn spawn_join<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(10_000, || async {
        let tasks: Vec<_> = (0..10_000usize).map(|number| R::spawn(async move { number })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        assert_eq!(sum, 49_995_000);
    }))
}

pub(crate) fn yields<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(200_000, || async {
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                R::spawn(async {
                    for _ in 0..1000 {
                        R::yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
    }))
}

pub(crate) fn ping_pong<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(1000, || async {
        let latch = Latch::new(1000);
        for _ in 0..1000 {
            let latch = latch.clone();
            R::detach(R::spawn(async move {
                let ((ping, pinged), (pong, ponged)) = (oneshot::channel(), oneshot::channel());
                R::detach(R::spawn(async move {
                    let ball: u8 = pinged.await.expect("thrown");
                    pong.send(ball).expect("awaited");
                }));
                ping.send(7u8).expect("awaited");
                assert_eq!(ponged.await, Ok(7));
                latch.count_down();
            }));
        }
        latch.wait().await;
    }))
}

fn link<R: Runtime>(left: usize, latch: Arc<Latch>) {
    match left {
        0 => latch.count_down(),
        _ => R::detach(R::spawn(async move { link::<R>(left - 1, latch) })),
    }
}

pub(crate) fn chained<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(1000, || async {
        let latch = Latch::new(1);
        link::<R>(1000, latch.clone());
        latch.wait().await;
    }))
}

async fn one_at_a_time<R: Runtime>() {
    for number in 0..1000usize {
        assert_eq!(R::spawn(async move { number }).await, number);
    }
}

pub(crate) fn spawn_await<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(1000, one_at_a_time::<R>))
}

pub(crate) fn spawn_await_root<R: Runtime>(meter: Meter) -> f64 {
    R::root(meter.time_async(1000, one_at_a_time::<R>))
}

/// A slot for the token, and who waits for it.
#[derive(Default)]
pub(crate) struct Place {
    filled: AtomicUsize,
    waker: AtomicWaker,
}

impl Place {
    pub(crate) fn put(&self) {
        self.filled.store(1, Ordering::Release);
        self.waker.wake();
    }

    pub(crate) async fn take(&self) {
        poll_fn(|cx| {
            self.waker.register(cx.waker());
            if self.filled.swap(0, Ordering::AcqRel) == 1 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

pub(crate) fn token_ring<R: Runtime>(meter: Meter) -> f64 {
    const LENGTH: usize = 100;
    in_task::<R, _>(meter.time_async(10_000, || async {
        let places: Arc<Vec<Place>> = Arc::new((0..LENGTH).map(|_| Place::default()).collect());
        let tasks: Vec<_> = (0..LENGTH)
            .map(|at| {
                let places = places.clone();
                R::spawn(async move {
                    for _ in 0..100 {
                        places[at].take().await;
                        places[(at + 1) % LENGTH].put();
                    }
                })
            })
            .collect();
        places[0].put();
        for task in tasks {
            task.await;
        }
    }))
}

pub(crate) fn thread_wake<R: Pool>(meter: Meter) -> f64 {
    R::start();
    let (place, back) = (Arc::new(Place::default()), Arc::new(Place::default()));
    let (theirs, answers) = (place.clone(), back.clone());
    R::spawn_outside(async move {
        loop {
            theirs.take().await;
            answers.put();
        }
    });
    meter.time(100, || {
        for _ in 0..100 {
            place.put();
            R::wait_outside(back.take());
        }
    })
}

fn tree<R: Runtime>(levels: u32) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if levels == 0 {
            return 1;
        }
        let children: Vec<_> = (0..6).map(|_| R::spawn(tree::<R>(levels - 1))).collect();
        let mut leaves = 0;
        for child in children {
            leaves += child.await;
        }
        leaves
    })
}

pub(crate) fn async_tree<R: Runtime>(meter: Meter) -> f64 {
    in_task::<R, _>(meter.time_async(55_986, || async { assert_eq!(tree::<R>(6).await, 46_656) }))
}

pub(crate) fn actors<R: Runtime>(meter: Meter) -> f64 {
    const EACH: usize = 1000;
    in_task::<R, _>(meter.time_async(8 * EACH as u64, || async {
        let (inboxes, boxes): (Vec<_>, Vec<_>) = (0..8).map(|_| async_channel::bounded::<usize>(16)).unzip();
        let consumers: Vec<_> = boxes
            .into_iter()
            .map(|inbox| {
                R::spawn(async move {
                    let mut sum = 0;
                    while let Ok(number) = inbox.recv().await {
                        sum += number;
                    }
                    sum
                })
            })
            .collect();
        for start in 0..8 {
            let inboxes = inboxes.clone();
            R::detach(R::spawn(async move {
                for number in 0..EACH {
                    inboxes[(start + number) % 8].send(1).await.expect("somebody reads");
                }
            }));
        }
        drop(inboxes);
        let mut sum = 0;
        for consumer in consumers {
            sum += consumer.await;
        }
        assert_eq!(sum, 8 * EACH);
    }))
}

/// The longest gap, in milliseconds, of a 10 ms heartbeat beside a task that blocks its worker.
pub(crate) fn heartbeat<R: Runtime>(meter: Meter) -> f64 {
    let blocked = Duration::from_millis(meter.pick(200, 1000));
    R::root(async move {
        let beat = R::spawn(async move {
            let (mut last, mut longest, began) = (Instant::now(), Duration::ZERO, Instant::now());
            while began.elapsed() < blocked + Duration::from_millis(50) {
                R::sleep(Duration::from_millis(10)).await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest.as_secs_f64() * 1e3
        });
        R::sleep(Duration::from_millis(25)).await;
        R::detach(R::spawn(async move { thread::sleep(blocked) }));
        beat.await
    })
}
