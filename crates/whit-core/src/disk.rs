//! `Disk`: files and directories, so that the same `File` runs on the system or on a simulation.
//!
//! An optional part of a [`Handle`](crate::Handle): without one, files are the system's, and are asked directly. The verbs may
//! block, as they are called inside blocking jobs. A disk that is slow in another time than the system's says so by
//! [`Disk::delay`], which is waited for before the job.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How a file is to be opened: std's `OpenOptions` as plain data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenFlags {
    /// To be read.
    pub read: bool,
    /// To be written.
    pub write: bool,
    /// To be written at its end, whatever the offset.
    pub append: bool,
    /// Emptied, if it is there.
    pub truncate: bool,
    /// Made, if it is not there.
    pub create: bool,
    /// Made; an error if it is there.
    pub create_new: bool,
}

/// What stands under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Bytes.
    File,
    /// Names.
    Directory,
}

/// What a disk knows of a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileFacts {
    /// What it is.
    pub kind: FileKind,
    /// Its length in bytes; 0 for a directory.
    pub length: u64,
    /// Whether it may not be opened to be written.
    pub readonly: bool,
    /// When it was made.
    pub created: SystemTime,
    /// When its bytes, or its names, changed last.
    pub modified: SystemTime,
}

impl FileFacts {
    /// Facts of something that is empty and may be written, and was made at `created`.
    pub fn new(kind: FileKind, created: SystemTime) -> FileFacts {
        FileFacts { kind, length: 0, readonly: false, created, modified: created }
    }
}

/// What a job is about to do: a disk may be slower with one than with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskWork {
    /// To look names up, or to change them.
    Names,
    /// To read.
    Read,
    /// To write, to what is still memory.
    Write,
    /// To wait until what was written is safe.
    Sync,
}

/// A disk: `std::fs` as verbs on plain data.
///
/// Paths come as the program gave them; what a relative one counts from, and what `..` means, is the disk's business. Errors are
/// bare, as a system's: who calls puts the sentence around them.
pub trait Disk: fmt::Debug {
    /// How long to wait on the handle's clock before a job that does `work`. Called once for each job.
    fn delay(&self, work: DiskWork) -> Duration {
        let _ = work;
        Duration::ZERO
    }

    /// Opens a file; or a directory, to be read, for [`DiskFile::sync_all`] alone.
    ///
    /// # Errors
    ///
    /// As a system's, with the same kinds; so for the other verbs.
    fn open(&self, path: &Path, flags: OpenFlags) -> io::Result<Arc<dyn DiskFile>>;
    /// What is known of what stands at `path`.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn facts(&self, path: &Path) -> io::Result<FileFacts>;
    /// The names in a directory.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn list(&self, path: &Path) -> io::Result<Vec<(OsString, FileKind)>>;
    /// Makes a directory, whose parent must exist.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty directory.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes a name of a file, which lives on while it is open or has another.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Renames, in place of what is there.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file a second name.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn hard_link(&self, file: &Path, name: &Path) -> io::Result<()>;
    /// Says whether what stands at `path` may be opened to be written.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `open`")]
    fn set_readonly(&self, path: &Path, readonly: bool) -> io::Result<()>;
}

/// An open file of a [`Disk`]. It has no cursor: whoever needs one keeps it. Dropping it closes it.
pub trait DiskFile: fmt::Debug + Send + Sync {
    /// Reads some bytes; 0 are the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some bytes: with [`OpenFlags::append`] at the end, whatever the offset.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Makes it as long as this, with zeros if it was shorter.
    fn set_len(&self, length: u64) -> io::Result<()>;
    /// Waits until what can be read is safe.
    fn sync_data(&self) -> io::Result<()>;
    /// Waits until all of it is safe; for a directory, its names.
    fn sync_all(&self) -> io::Result<()>;
    /// What is known of it.
    fn facts(&self) -> io::Result<FileFacts>;
    /// Says whether it may be opened to be written.
    fn set_readonly(&self, readonly: bool) -> io::Result<()>;
}
