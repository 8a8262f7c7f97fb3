//! Blocking pools: one job at a time, and a burst of tiny ones.

use std::future::Future;

use crate::meter::Meter;
use crate::runtimes::Runtime;

fn round_trip<R: Runtime, F: Future<Output = u8> + Send>(meter: Meter, job: impl Fn() -> F + Send + Copy) -> f64 {
    R::root(meter.time_async(100, || async move {
        for _ in 0..100 {
            assert_eq!(job().await, 7);
        }
    }))
}

fn burst<R: Runtime, F: Future<Output = u8> + Send>(meter: Meter, job: impl Fn() -> F + Send + Copy) -> f64 {
    let jobs = meter.pick(10_000, 100_000);
    R::root(meter.time_async(jobs, || async move {
        let running: Vec<_> = (0..jobs).map(|_| job()).collect();
        for job in running {
            assert_eq!(job.await, 7);
        }
    }))
}

macro_rules! pool {
    ($round_trip:ident, $burst:ident, $runtime:ty, $job:expr) => {
        pub(crate) fn $round_trip(meter: Meter) -> f64 {
            round_trip::<$runtime, _>(meter, $job)
        }
        pub(crate) fn $burst(meter: Meter) -> f64 {
            burst::<$runtime, _>(meter, $job)
        }
    };
}

pool!(whit_round_trip, whit_burst, crate::runtimes::Whit, || whit::unblock(|| 7));
pool!(smol_round_trip, smol_burst, crate::runtimes::Smol, || blocking::unblock(|| 7));
pool!(tokio_round_trip, tokio_burst, crate::runtimes::Tokio<true>, || {
    let job = tokio::task::spawn_blocking(|| 7);
    async { job.await.expect("no job of ours panics") }
});
