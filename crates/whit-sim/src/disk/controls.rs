//! `DiskControls`: what a test does to the disk of a host while it runs.

use std::io;
use std::path::Path;
use std::time::Duration;

use whit_core::DiskWork;

use super::drive::Drive;
use super::settings::{Disk, DiskFault};
use crate::Latency;

/// The disk of a host, as a test has it: it can look at it, break it and mend it. Cheap to clone.
///
/// Here a file is replaced, and the directory is not synced: in one seed or another a crash brings the old one back.
///
/// ```
/// use whit::fs::{self, File};
/// use whit::prelude::*;
/// use whit_sim::{Disk, Sim};
///
/// let after_a_crash = |seed| {
///     let sim = Sim::new(seed);
///     sim.host("db").disk(Disk::new().file("/db/state", "old"));
///     let controls = sim.controls();
///     sim.run(async move {
///         let program = controls.on("db", async {
///             let mut file = File::create("/db/new").await.unwrap();
///             file.write_all(b"new").await.unwrap();
///             file.sync_all().await.unwrap();
///             fs::rename("/db/new", "/db/state").await.unwrap();
///             // Missing: fs::sync_dir("/db").await.unwrap();
///         });
///         program.await;
///         controls.crash("db");
///         controls.disk("db").read("/db/state").unwrap()
///     })
/// };
/// assert!((0..100).any(|seed| after_a_crash(seed) == b"old"));
/// assert!((0..100).any(|seed| after_a_crash(seed) == b"new"));
/// // Torn it never is.
/// assert!((0..100).all(|seed| after_a_crash(seed).len() == 3));
/// ```
#[derive(Clone, Debug)]
pub struct DiskControls(Drive);

impl DiskControls {
    pub(crate) fn new(drive: Drive) -> DiskControls {
        DiskControls(drive)
    }

    /// Other settings, from here on. What is on the disk stays, and files in the settings are put there.
    ///
    /// # Panics
    ///
    /// If a file cannot be put where it belongs, as another is in the way.
    #[track_caller]
    pub fn set(&self, settings: Disk) {
        self.0.set(settings);
    }

    /// The next system call that does `work` has this fault. Several are had one after the other.
    pub fn fail_next(&self, work: DiskWork, fault: DiskFault) {
        self.0.fail_next(work, fault);
    }

    /// The probability of a fault, for each system call that does `work`; 0 for none.
    pub fn fault(&self, work: DiskWork, fault: DiskFault, probability: f64) {
        self.0.set_fault(work, fault, probability);
    }

    /// How long each job that does `work` takes.
    pub fn latency(&self, work: DiskWork, latency: impl Into<Latency>) {
        self.0.set_latency(work, latency.into());
    }

    /// Jobs that come from now on are not done before so much time has gone by. Those that wait already are not held up.
    pub fn stall(&self, by: Duration) {
        self.0.stall(by);
    }

    /// No more faults by chance, and the end of a stall; [`fail_next`](DiskControls::fail_next) is forgotten. Latency stays.
    pub fn heal(&self) {
        self.0.heal();
    }

    /// Takes everything off the disk, also what was synced, and puts the files of the settings on it. Between a crash and a restart
    /// this is a new disk; files that are open go on without a name.
    ///
    /// # Panics
    ///
    /// If a file of the settings cannot be put where it belongs.
    #[track_caller]
    pub fn wipe(&self) {
        self.0.wipe();
    }

    /// The bytes of a file, as programs see them.
    ///
    /// # Errors
    ///
    /// It is not there, or is a directory.
    pub fn read(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = path.as_ref();
        self.0.contents(path).map_err(|error| explain("reading", path, &error))
    }

    /// Puts a file on the disk, in place of what is there, with the directories above it. It is safe.
    ///
    /// # Errors
    ///
    /// A directory stands there, or a file where a directory should.
    pub fn write(&self, path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
        let path = path.as_ref();
        self.0.put(path, contents.as_ref()).map_err(|error| explain("writing", path, &error))
    }
}

fn explain(doing: &str, path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{doing} {} on a simulated disk failed: {error}", path.display()))
}
