//! How a sample is taken: a warm-up, then batches until the time is used up; the median batch counts.

use std::future::Future;
use std::time::{Duration, Instant};

/// Given to each row: how long it may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    pub(crate) quick: bool,
}

impl Meter {
    fn budget(self) -> Duration {
        Duration::from_millis(if self.quick { 30 } else { 400 })
    }

    /// `quick` or `full`, as it is.
    pub(crate) fn pick<T>(self, quick: T, full: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Nanoseconds of one of the `ops` that `batch` does.
    pub(crate) fn time(self, ops: u64, mut batch: impl FnMut()) -> f64 {
        batch();
        let (mut batches, began) = (Batches::default(), Instant::now());
        while batches.wants_more(began.elapsed(), self.budget()) {
            let started = Instant::now();
            batch();
            batches.add(started.elapsed(), ops);
        }
        batches.median()
    }

    /// As [`time`](Meter::time), inside a task.
    pub(crate) async fn time_async<F: Future<Output = ()>>(self, ops: u64, mut batch: impl FnMut() -> F) -> f64 {
        batch().await;
        let (mut batches, began) = (Batches::default(), Instant::now());
        while batches.wants_more(began.elapsed(), self.budget()) {
            let started = Instant::now();
            batch().await;
            batches.add(started.elapsed(), ops);
        }
        batches.median()
    }
}

#[derive(Default)]
struct Batches(Vec<f64>);

impl Batches {
    fn wants_more(&self, elapsed: Duration, budget: Duration) -> bool {
        self.0.len() < 3 || elapsed < budget
    }

    fn add(&mut self, took: Duration, ops: u64) {
        self.0.push(took.as_nanos() as f64 / ops as f64);
    }

    fn median(mut self) -> f64 {
        median(&mut self.0)
    }
}

/// The middle value; of an even number the upper one of the two.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Processor time of this process so far, of all threads, in nanoseconds.
pub(crate) fn cpu_time() -> f64 {
    #[cfg(target_os = "linux")]
    {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
    }
    #[cfg(not(target_os = "linux"))]
    f64::NAN
}

/// Memory that this process has in use, in bytes.
pub(crate) fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split(' ').nth(1).and_then(|pages| pages.parse::<f64>().ok()).map_or(f64::NAN, |pages| pages * 4096.0)
}
