//! What a `File` is over: a file of the system, or one of the disk that was in the handle when it was opened.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use whit_core::{DiskFile, DiskWork, Handle, OpenFlags};

use crate::cursor::Io;
use crate::disk::{self, Disk};
use crate::facts::{Metadata, Permissions};
use crate::nowait::Nowait;
use crate::whole;

#[derive(Debug)]
pub(super) enum Body {
    System { file: fs::File, nowait: Nowait },
    // In a box, so that the system's files are no larger for it.
    Disk(Box<OnDisk>),
}

/// A file of a disk, with the cursor that such files lack.
#[derive(Debug)]
pub(super) struct OnDisk {
    disk: Disk,
    file: Arc<dyn DiskFile>,
    append: bool,
    // Relaxed: moved by whoever holds the cursor, under the lock or after it.
    at: AtomicU64,
}

impl OnDisk {
    pub(super) fn open(disk: &Disk, path: &std::path::Path, flags: OpenFlags) -> io::Result<Box<OnDisk>> {
        let file = disk.open(path, flags)?;
        Ok(Box::new(OnDisk { disk: disk.clone(), file, append: flags.append, at: AtomicU64::new(0) }))
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.file.facts()?.length)
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.load(Ordering::Relaxed).checked_add_signed(by),
            SeekFrom::End(by) => self.length()?.checked_add_signed(by),
        };
        match at.filter(|at| i64::try_from(*at).is_ok()) {
            Some(at) => {
                self.at.store(at, Ordering::Relaxed);
                Ok(at)
            }
            None => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("seeking to {to:?} leads to before the front of the file, or too far"),
            )),
        }
    }
}

impl Body {
    /// The disk that a job must wait for.
    pub(super) fn disk(&self) -> Option<&Disk> {
        match self {
            Body::System { .. } => None,
            Body::Disk(file) => Some(&file.disk),
        }
    }

    pub(super) fn system(&self) -> Option<&fs::File> {
        match self {
            Body::System { file, .. } => Some(file),
            Body::Disk(_) => None,
        }
    }

    pub(super) fn sync_all(&self) -> io::Result<()> {
        match self {
            Body::System { file, .. } => file.sync_all(),
            Body::Disk(on) => on.file.sync_all(),
        }
    }

    pub(super) fn sync_data(&self) -> io::Result<()> {
        match self {
            Body::System { file, .. } => file.sync_data(),
            Body::Disk(on) => on.file.sync_data(),
        }
    }

    pub(super) fn set_len(&self, length: u64) -> io::Result<()> {
        match self {
            Body::System { file, .. } => file.set_len(length),
            Body::Disk(on) => on.file.set_len(length),
        }
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        match self {
            Body::System { file, .. } => file.metadata().map(Metadata::from),
            Body::Disk(on) => on.file.facts().map(Metadata::from),
        }
    }

    pub(super) fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        match self {
            Body::System { file, .. } => file.set_permissions(permissions.for_system()?),
            Body::Disk(on) => on.file.set_readonly(permissions.for_disk()?),
        }
    }

    /// On Windows this moves the system's cursor.
    pub(super) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Body::System { file, .. } => std::os::unix::fs::FileExt::read_at(file, buf, offset),
            #[cfg(windows)]
            Body::System { file, .. } => std::os::windows::fs::FileExt::seek_read(file, buf, offset),
            Body::Disk(on) => on.file.read_at(buf, offset),
        }
    }

    /// On Windows this moves the system's cursor.
    pub(super) fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        match self {
            #[cfg(unix)]
            Body::System { file, .. } => std::os::unix::fs::FileExt::write_at(file, bytes, offset),
            #[cfg(windows)]
            Body::System { file, .. } => std::os::windows::fs::FileExt::seek_write(file, bytes, offset),
            Body::Disk(on) => on.file.write_at(bytes, offset),
        }
    }

    /// What is there without waiting; see `nowait`. A disk that is not the system's is always asked by a job.
    pub(super) fn read_now(&self, buf: &mut [u8], offset: Option<u64>) -> Option<io::Result<usize>> {
        match self {
            Body::System { file, nowait } => nowait.read(file, buf, offset),
            Body::Disk(_) => None,
        }
    }
}

impl Io for Body {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Body::System { file, .. } => { file }.read(buf),
            Body::Disk(on) => {
                let at = on.at.load(Ordering::Relaxed);
                let length = on.file.read_at(buf, at)?;
                on.at.store(at + length as u64, Ordering::Relaxed);
                Ok(length)
            }
        }
    }

    fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Body::System { file, .. } => { file }.write_all(bytes),
            Body::Disk(on) => {
                let at = on.at.load(Ordering::Relaxed);
                whole::write_all_at(&*on.file, bytes, at)?;
                let after = if on.append { on.length()? } else { at + bytes.len() as u64 };
                on.at.store(after, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Body::System { file, .. } => { file }.seek(to),
            Body::Disk(on) => on.seek(to),
        }
    }

    fn read_now(&self, buf: &mut [u8]) -> Option<io::Result<usize>> {
        self.read_now(buf, None)
    }

    fn start(&self, work: DiskWork, job: impl FnOnce() + Send + 'static) -> bool {
        match self {
            Body::System { .. } => {
                whit_blocking::unblock(job).detach();
                Handle::try_current().is_ok_and(|handle| handle.blocking().is_ok())
            }
            Body::Disk(on) => disk::start(&on.disk, work, job),
        }
    }
}
