//! Where a behaviour is shown: on one thread, in the order of coming, whose clock stands still until nothing is ready and then
//! jumps to the next deadline; in the simulation, under a thousand seeds, each of which has an order of its own and makes tasks
//! give way between any two operations; and on four workers, where time is real and order is whatever it is.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, Instant};

use whit::parts::core::budget::unconstrained;
use whit::parts::core::{Clock, ManualClock};
use whit::{Builder, Handle, LocalExecutor, Task};
use whit_sim::Campaign;

/// Half of them have an order by chance, the other half priorities.
const SEEDS: u64 = if cfg!(any(miri, whit_tsan)) { 4 } else { 1000 };

/// Shows it on all three.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(check: impl Fn() -> F) {
    in_exact_time(&check);
    Builder::new().workers(4).run(async {
        // Hangs are failures; it is a busy machine.
        whit::timeout(Duration::from_secs(60), whit::spawn(check())).await.expect("it hangs on four workers");
    });
}

/// Shows it on the two whose time is exact.
pub(crate) fn in_exact_time<F: Future<Output = ()> + 'static>(check: impl Fn() -> F) {
    alone(|_| check());
    // Who turns in a circle is found out soon.
    Campaign::new().seeds(SEEDS).max_steps(100_000).run(check);
}

/// Shows it on one thread alone, where order and time are exact. For those who move the clock themselves: here it is.
pub(crate) fn alone<F: Future<Output = ()> + 'static>(check: impl FnOnce(Arc<ManualClock>) -> F) {
    let (clock, executor) = (Arc::new(ManualClock::new()), LocalExecutor::new());
    let handle = Handle::builder().home(executor.home()).clock(clock.clone()).build();
    let _entered = handle.enter();
    let task = executor.spawn(check(clock.clone()));
    loop {
        while executor.try_tick() {}
        if task.is_finished() {
            return whit::block_on(task);
        }
        let next = clock.next_deadline().expect("it hangs: nothing is ready, nobody sleeps, and it is not over");
        clock.advance(next - clock.now());
    }
}

/// A task that stands in line already: its future has been polled once here, and waits.
pub(crate) async fn in_line<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    let mut future = Box::pin(future);
    assert!(polled(&mut future).await.is_none(), "it should wait");
    whit::spawn(future)
}

/// What a future gives when it is polled once. Without a budget: with one that is used up it would give way, and not have stood
/// in line.
pub(crate) async fn polled<F: Future>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
    poll_fn(|cx| match unconstrained(|| future.as_mut().poll(cx)) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Gives the others turns until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        settle().await;
    }
}

/// Gives the others turns enough for everything that is ready: turns alone are not enough where others have priority over them.
pub(crate) async fn settle() {
    for _ in 0..20 {
        whit::yield_now().await;
    }
    sleep(1).await;
}

pub(crate) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(crate) async fn sleep(millis: u64) {
    whit::sleep(ms(millis)).await;
}

/// The time of the clock that this runs on.
pub(crate) fn now() -> Instant {
    Handle::current().clock().expect("inside a runtime").now()
}

/// Milliseconds that `future` takes.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (u128, T) {
    let started = now();
    let output = future.await;
    ((now() - started).as_millis(), output)
}

/// A list that many write to.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl fmt::Display) {
        self.0.lock().unwrap().push(what.to_string());
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// What was written, in the order of the alphabet: where the order in time is not the point.
    pub(crate) fn sorted(&self) -> Vec<String> {
        let mut lines = self.take();
        lines.sort();
        lines
    }

    /// Writes `what` when it is dropped.
    pub(crate) fn on_drop(&self, what: &'static str) -> OnDrop {
        OnDrop(self.clone(), what)
    }
}

pub(crate) struct OnDrop(Log, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}
