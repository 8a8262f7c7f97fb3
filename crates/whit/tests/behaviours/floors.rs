//! Where a behaviour is shown: on one thread, whose clock stands still until nothing is ready and then jumps to the next
//! deadline; and on four workers, where time is real and order is whatever it is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use whit::parts::core::{Clock, ManualClock};
use whit::{Builder, Handle, LocalExecutor, Task};

/// Shows it on both.
pub(crate) fn everywhere<F: Future<Output = ()> + Send + 'static>(check: impl Fn() -> F) {
    alone(|_| check());
    Builder::new().workers(4).run(async {
        // Hangs are failures; it is a busy machine.
        whit::timeout(Duration::from_secs(60), whit::spawn(check())).await.expect("it hangs on four workers");
    });
}

/// Shows it on one thread, where order and time are exact. For those who move the clock themselves: here it is.
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

/// What a future gives when it is polled once.
pub(crate) async fn polled<F: Future>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
    whit::future::poll_once(future.as_mut()).await
}

/// Gives the others turns until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        whit::yield_now().await;
    }
}

/// Gives the others turns enough for everything that is ready.
pub(crate) async fn settle() {
    for _ in 0..100 {
        whit::yield_now().await;
    }
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
