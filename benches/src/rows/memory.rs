//! Memory of what does nothing.

use std::time::Duration;

use crate::meter::{Meter, resident};
use crate::runtimes::Runtime;

/// Bytes for each task that waits for ever.
pub(crate) fn idle_task<R: Runtime>(meter: Meter) -> f64 {
    let count = meter.pick(100_000, 1_000_000);
    R::root(async move {
        R::sleep(Duration::from_millis(1)).await;
        let before = resident();
        for _ in 0..count {
            R::detach(R::spawn(std::future::pending::<()>()));
        }
        // Each has been polled once, when one that was spawned last has slept.
        R::spawn(R::sleep(Duration::from_millis(100))).await;
        (resident() - before) / f64::from(count)
    })
}

/// Bytes for each of many that are made and kept.
fn each<T>(meter: Meter, make: impl Fn() -> T) -> f64 {
    let count: usize = meter.pick(20_000, 100_000);
    let mut kept = Vec::with_capacity(count);
    // The list itself is in memory before, and counts for nobody.
    kept.resize_with(count, || None);
    let before = resident();
    kept.iter_mut().for_each(|slot| *slot = Some(make()));
    let after = resident();
    drop(kept);
    (after - before) / count as f64
}

macro_rules! idle {
    ($name:ident, $make:expr) => {
        pub(crate) fn $name(meter: Meter) -> f64 {
            each(meter, || $make)
        }
    };
}

idle!(whit_bounded, whit::channel::bounded::<usize>(100));
idle!(tokio_bounded, tokio::sync::mpsc::channel::<usize>(100));
idle!(smol_bounded, async_channel::bounded::<usize>(100));
idle!(futures_bounded, futures::channel::mpsc::channel::<usize>(100));
idle!(flume_bounded, flume::bounded::<usize>(100));
idle!(kanal_bounded, kanal::bounded_async::<usize>(100));
