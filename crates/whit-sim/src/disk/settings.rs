//! `Disk`: how the disk of a host is to be: its size, its speed, its faults, what is on it.

use std::path::PathBuf;
use std::time::Duration;

use whit_core::DiskWork;

use crate::Latency;
use crate::decider::Choice;
use crate::world::World;

/// What can go wrong with what a program asks of its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiskFault {
    /// It fails: `EIO`. A sync that fails makes only a part safe, or nothing, **and the next one does not make up for it**: what
    /// it should have written is taken for written, as on Linux.
    Io,
    /// There is no room: `ENOSPC`.
    Full,
    /// No descriptor is left: `EMFILE`.
    Descriptors,
    /// A read or a write moves fewer bytes than it could, at least one. No matter for anything else.
    Short,
}

/// How the disk of a host is to be: by default large (1 GiB), as fast as memory, without faults, and empty but for `/tmp` and
/// the directory for temporary files of this system.
///
/// Files live in memory, and outlive the host's programs. **A crash of the host is a loss of power**: what was not synced is kept,
/// lost or torn, as the seed wants it.
/// - Bytes, and the length, are safe after `File::sync_data` or `sync_all` of that file. Of those that are not, each write is
///   there, or not, or only a part of it, in sectors of 512 bytes; a file may also be as long as it was and have zeros in it.
/// - Names (what was made, renamed, linked and removed) are safe after `whit_fs::sync_dir` of the directory they are in, or `sync_all` of
///   that directory opened as a file; a name that moved, after that of either directory. A file's own sync does not speak for its
///   name, as it would on some systems. Names of one directory are lost from the latest back; a renaming is done whole or not.
/// - A program that ends by itself loses nothing.
///
/// Beyond 4,096 changes, or 16 MiB, of one file, and 4,096 changes of names, that are not synced, the oldest is made safe by itself. There are no links but
/// hard ones, no owners and modes, no times of reading; what only the files of the system have is an error that names the call.
/// Whether something may be written survives a crash, whether it was synced or not.
///
/// ```
/// use std::time::Duration;
/// use whit_sim::{Disk, DiskFault, DiskWork, Latency};
///
/// let disk = Disk::new()
///     .latency(DiskWork::Read, Duration::from_micros(100))
///     .latency(DiskWork::Sync, Latency::Bimodal(Duration::from_millis(2), Duration::from_secs(1), 0.01))
///     .fault(DiskWork::Read, DiskFault::Short, 0.1)
///     .capacity(1 << 20)
///     .file("/etc/app.conf", "threads = 4");
/// # let _ = disk;
/// ```
#[derive(Clone, Debug)]
#[must_use = "settings do nothing until a host has them"]
pub struct Disk {
    pub(super) capacity: u64,
    pub(super) descriptors: u32,
    pub(super) latencies: Vec<(DiskWork, Latency)>,
    pub(super) faults: Vec<(DiskWork, DiskFault, f64)>,
    pub(super) files: Vec<(PathBuf, Vec<u8>)>,
}

impl Default for Disk {
    fn default() -> Self {
        Disk::new()
    }
}

impl Disk {
    /// Large, as fast as memory, without faults.
    pub fn new() -> Disk {
        Disk { capacity: 1 << 30, descriptors: 1024, latencies: Vec::new(), faults: Vec::new(), files: Vec::new() }
    }

    /// How many bytes all files together may have. Names cost nothing.
    pub fn capacity(mut self, bytes: u64) -> Disk {
        self.capacity = bytes;
        self
    }

    /// How many files the host may have open at once.
    pub fn descriptors(mut self, most: u32) -> Disk {
        self.descriptors = most;
        self
    }

    /// How long each job that does `work` takes. Jobs do not wait for each other. A job is what `whit-fs` makes one of: an operation
    /// on an open file, whatever was written behind meanwhile, or all that is done to a path (`fs::write` is one job, of
    /// [`DiskWork::Write`]). It is done at one instant, when its time is over: no crash comes between its steps.
    pub fn latency(mut self, work: DiskWork, latency: impl Into<Latency>) -> Disk {
        self.set_latency(work, latency.into());
        self
    }

    /// The probability of a fault, for each system call that does `work`; 0 for none.
    pub fn fault(mut self, work: DiskWork, fault: DiskFault, probability: f64) -> Disk {
        self.set_fault(work, fault, probability);
        self
    }

    /// A file that is there from the beginning, and after each [`wipe`](crate::DiskControls::wipe), with the directories above it.
    pub fn file(mut self, path: impl Into<PathBuf>, contents: impl Into<Vec<u8>>) -> Disk {
        self.files.push((path.into(), contents.into()));
        self
    }

    pub(super) fn set_latency(&mut self, work: DiskWork, latency: Latency) {
        self.latencies.retain(|(of, _)| *of != work);
        self.latencies.push((work, latency));
    }

    pub(super) fn set_fault(&mut self, work: DiskWork, fault: DiskFault, probability: f64) {
        self.faults.retain(|(of, which, _)| (*of, *which) != (work, fault));
        if probability > 0.0 {
            self.faults.push((work, fault, probability));
        }
    }

    pub(super) fn draw_delay(&self, world: &World, work: DiskWork) -> Duration {
        let latency = self.latencies.iter().find(|(of, _)| *of == work);
        latency.map_or(Duration::ZERO, |(_, latency)| latency.draw_of(world, Choice::Disk))
    }

    pub(super) fn draw_fault(&self, world: &World, work: DiskWork) -> Option<DiskFault> {
        let mut faults = self.faults.iter().filter(|(of, ..)| *of == work);
        faults.find(|(.., probability)| world.chance(Choice::Fault, *probability)).map(|(_, fault, _)| *fault)
    }
}
