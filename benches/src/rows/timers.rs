//! Timers, and tasks that sleep: time, lateness and memory.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use crate::meter::{Meter, cpu_time, median, resident};
use crate::runtimes::Runtime;

async fn churn<R: Runtime>() {
    for _ in 0..1000 {
        let mut sleep = pin!(R::sleep(Duration::from_secs(1)));
        poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}

/// Create, poll once, drop.
pub(crate) fn create_drop<R: Runtime>(meter: Meter) -> f64 {
    R::root(async move { R::spawn(meter.time_async(1000, churn::<R>)).await })
}

/// The same beside 100,000 that sleep.
pub(crate) fn create_drop_beside<R: Runtime>(meter: Meter) -> f64 {
    R::root(async move {
        for _ in 0..100_000 {
            R::detach(R::spawn(R::sleep(Duration::from_secs(3600))));
        }
        for _ in 0..10 {
            R::yield_now().await;
        }
        R::spawn(meter.time_async(1000, churn::<R>)).await
    })
}

/// The same from two tasks on two threads at once. They never wait, so without a meeting one worker may run both in turn.
pub(crate) fn create_drop_two<R: Runtime>(meter: Meter) -> f64 {
    R::root(async move {
        let threads = Arc::new(Mutex::new([None; 2]));
        let tasks = [0, 1].map(|number| {
            let threads = threads.clone();
            R::spawn(async move {
                meet::<R>(number, &threads).await;
                meter.time_async(1000, churn::<R>).await
            })
        });
        let mut slowest: f64 = 0.0;
        for task in tasks {
            slowest = slowest.max(task.await);
        }
        slowest
    })
}

/// Returns in two tasks that run at the same time, on two threads.
async fn meet<R: Runtime>(number: usize, threads: &Mutex<[Option<ThreadId>; 2]>) {
    let stand = |here: Option<ThreadId>| {
        let mut threads = threads.lock().expect("nobody panics under it");
        threads[number] = here;
        matches!(*threads, [Some(one), Some(other)] if one != other)
    };
    loop {
        // Its worker is kept busy for a moment, so that another one takes the other task.
        let started = Instant::now();
        while started.elapsed() < Duration::from_millis(1) {
            if stand(Some(thread::current().id())) {
                return;
            }
        }
        stand(None);
        R::yield_now().await;
    }
}

/// Processor time for each of many that fire within a second.
pub(crate) fn fire<R: Runtime>(meter: Meter) -> f64 {
    let (count, within) = meter.pick((20_000u32, 100_000u64), (100_000, 1_000_000));
    R::root(async move {
        let before = cpu_time();
        let tasks: Vec<_> = (0..count)
            .map(|number| {
                // Spread without an order, the same for everybody.
                let micros = u64::from(number).wrapping_mul(2_654_435_761) % within;
                R::spawn(R::sleep(Duration::from_micros(micros)))
            })
            .collect();
        for task in tasks {
            task.await;
        }
        (cpu_time() - before) / f64::from(count)
    })
}

/// Median lateness of `sleep(1 ms)`, in nanoseconds.
pub(crate) fn lateness<R: Runtime>(meter: Meter) -> f64 {
    let rounds = meter.pick(50, 300);
    R::root(async move {
        let asked = Duration::from_millis(1);
        let mut late = Vec::new();
        for _ in 0..rounds {
            let started = Instant::now();
            R::sleep(asked).await;
            late.push(started.elapsed().saturating_sub(asked).as_nanos() as f64);
        }
        median(&mut late)
    })
}

/// Bytes of memory for each task that sleeps.
pub(crate) fn sleepers<R: Runtime>(meter: Meter) -> f64 {
    let count = meter.pick(100_000, 1_000_000);
    R::root(async move {
        R::sleep(Duration::from_millis(1)).await;
        let before = resident();
        for _ in 0..count {
            R::detach(R::spawn(R::sleep(Duration::from_secs(3600))));
        }
        // Each has been polled once, when one that was spawned last has slept.
        R::spawn(R::sleep(Duration::from_millis(300))).await;
        (resident() - before) / f64::from(count)
    })
}
