//! What a poll by hand says of a future, said of a task.

use std::future::Future;
use std::panic::Location;
use std::time::Duration;

use whit::Task;
use whit_sim::{Campaign, Controls};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// Half of the seeds have an order by chance, the other half priorities. Who turns in a circle is found out soon.
#[track_caller]
pub(crate) fn under_seeds<F: Future<Output = ()>>(body: impl Fn() -> F) {
    Campaign::new().seeds(1000).max_steps(100_000).run(body);
}

/// Everybody has gone as far as they can at this time.
pub(crate) async fn settled() {
    Controls::current().wait_all_blocked().await;
}

/// A number below `n`, of the seed.
pub(crate) fn choose(n: usize) -> usize {
    Controls::current().choose(n as u32) as usize
}

/// Gives others a turn, or two, or none.
pub(crate) async fn a_while() {
    for _ in 0..choose(3) {
        whit::yield_now().await;
    }
}

/// A task that has begun, and waits: it stands in its line when this returns.
#[track_caller]
#[allow(clippy::async_yields_async, reason = "the task is to be asked, and awaited later")]
pub(crate) fn waits<T: 'static>(future: impl Future<Output = T> + 'static) -> impl Future<Output = Task<T>> {
    let (caller, task) = (Location::caller(), whit::spawn_local(future));
    async move {
        settled().await;
        assert!(!task.is_finished(), "it should wait: {caller}");
        task
    }
}

/// It still waits, whoever else has gone on.
#[track_caller]
pub(crate) fn still<T>(task: &Task<T>) -> impl Future<Output = ()> {
    let caller = Location::caller();
    async move {
        settled().await;
        assert!(!task.is_finished(), "it should still wait: {caller}");
    }
}

/// It needs nothing more to be ready.
#[track_caller]
pub(crate) fn ready<T>(task: Task<T>) -> impl Future<Output = T> {
    let caller = Location::caller();
    async move {
        settled().await;
        assert!(task.is_finished(), "it should be ready: {caller}");
        task.await
    }
}
