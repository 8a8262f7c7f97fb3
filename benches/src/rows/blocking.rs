//! Blocking pools: one job at a time, a burst of tiny ones, and a read of a file that is in memory.

use std::fs::File;
use std::future::Future;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

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

/// 4 KiB of a file that the system has in memory: ours.
fn page(file: &File) -> u8 {
    let mut page = [0; 4096];
    (&*file).seek(SeekFrom::Start(0)).expect("a file");
    (&*file).read_exact(&mut page).expect("this program is longer");
    assert_ne!(page, [0; 4096]);
    7
}

fn this_file() -> Arc<File> {
    Arc::new(File::open(std::env::current_exe().expect("known")).expect("readable"))
}

fn read<R: Runtime, F: Future<Output = u8> + Send>(meter: Meter, job: impl Fn(Arc<File>) -> F + Send + Copy) -> f64 {
    R::root(meter.time_async(100, || async move {
        let file = this_file();
        for _ in 0..100 {
            assert_eq!(job(file.clone()).await, 7);
        }
    }))
}

/// The limit: the call itself, in the task.
pub(crate) fn std_read(meter: Meter) -> f64 {
    let file = this_file();
    meter.time(100, || (0..100).for_each(|_| assert_eq!(page(&file), 7)))
}

/// rayon's pool, which is for computing: work is stolen, and nobody may block it for long.
pub(crate) fn rayon_burst(meter: Meter) -> f64 {
    burst::<crate::runtimes::Smol, _>(meter, || {
        let (sender, receiver) = futures::channel::oneshot::channel();
        rayon::spawn(move || sender.send(7).expect("awaited"));
        async { receiver.await.expect("sent") }
    })
}

macro_rules! pool {
    ($round_trip:ident, $burst:ident, $read:ident, $runtime:ty, $job:expr, |$file:ident| $page:expr) => {
        pub(crate) fn $round_trip(meter: Meter) -> f64 {
            round_trip::<$runtime, _>(meter, $job)
        }
        pub(crate) fn $burst(meter: Meter) -> f64 {
            burst::<$runtime, _>(meter, $job)
        }
        pub(crate) fn $read(meter: Meter) -> f64 {
            read::<$runtime, _>(meter, |$file| $page)
        }
    };
}

pool!(whit_round_trip, whit_burst, whit_read, crate::runtimes::Whit, || whit::unblock(|| 7), |file| whit::unblock(
    move || page(&file)
));
pool!(smol_round_trip, smol_burst, smol_read, crate::runtimes::Smol, || blocking::unblock(|| 7), |file| {
    blocking::unblock(move || page(&file))
});
pool!(
    tokio_round_trip,
    tokio_burst,
    tokio_read,
    crate::runtimes::Tokio<true>,
    || {
        let job = tokio::task::spawn_blocking(|| 7);
        async { job.await.expect("no job of ours panics") }
    },
    |file| {
        let job = tokio::task::spawn_blocking(move || page(&file));
        async { job.await.expect("no job of ours panics") }
    }
);
