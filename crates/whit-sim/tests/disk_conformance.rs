//! The list of what files promise, which `whit-fs` runs on the system's, on simulated disks: tame ones, and ones that are slow and
//! read and write less than was asked for.

use std::path::Path;
use std::time::Duration;

use whit_sim::{Disk, DiskFault, DiskWork, Latency, Sim};

#[path = "../../whit-fs/tests/conformance/mod.rs"]
#[macro_use]
mod conformance;

conformance_tests!(on_simulated_disks);

fn on_simulated_disks(test: impl AsyncFn(&Path)) {
    let ms = Duration::from_millis;
    let slow = Disk::new()
        .latency(DiskWork::Names, ms(1))
        .latency(DiskWork::Read, Latency::Uniform(ms(0), ms(2)))
        .latency(DiskWork::Write, Latency::Uniform(ms(0), ms(3)))
        .latency(DiskWork::Sync, ms(10));
    let short = Disk::new().fault(DiskWork::Read, DiskFault::Short, 0.3).fault(DiskWork::Write, DiskFault::Short, 0.3);
    for (seed, disk) in
        [(0, Disk::new()), (1, Disk::new()), (2, slow.clone()), (3, slow), (4, short.clone()), (5, short)]
    {
        let sim = Sim::new(seed);
        sim.disk("root").set(disk);
        sim.run(async {
            let folder = std::env::temp_dir().join("new");
            whit::fs::create_dir(&folder).await.unwrap();
            test(&folder).await;
        });
    }
}
