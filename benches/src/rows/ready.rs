//! `block_on` of a future that is ready: what it costs to enter and to leave.

use std::future::ready;

use crate::meter::Meter;

fn time(meter: Meter, mut block_on: impl FnMut() -> u8) -> f64 {
    meter.time(1000, || {
        for _ in 0..1000 {
            assert_eq!(std::hint::black_box(block_on()), 7);
        }
    })
}

pub(crate) fn whit(meter: Meter) -> f64 {
    time(meter, || whit::block_on(ready(7)))
}

pub(crate) fn tokio(meter: Meter) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("tokio starts");
    time(meter, || runtime.block_on(ready(7)))
}

pub(crate) fn smol(meter: Meter) -> f64 {
    time(meter, || async_io::block_on(ready(7)))
}

pub(crate) fn monoio(meter: Meter) -> f64 {
    let mut runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().enable_timer().build().expect("starts");
    time(meter, || runtime.block_on(ready(7)))
}

pub(crate) fn compio(meter: Meter) -> f64 {
    let runtime = compio::runtime::Runtime::new().expect("compio starts");
    time(meter, || runtime.block_on(ready(7)))
}

#[cfg(target_os = "linux")]
pub(crate) fn glommio(meter: Meter) -> f64 {
    let executor = glommio::LocalExecutorBuilder::default().make().expect("glommio starts");
    time(meter, || executor.run(ready(7)))
}
