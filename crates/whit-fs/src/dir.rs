//! Directories: making them, and a stream of what is in them.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use whit_core::DiskWork::Names;
use whit_core::{FallibleTask, FileKind, budget};

use crate::disk::Disk;
use crate::error::explain;
use crate::facts::{FileType, Metadata};
use crate::hop::{hop, hop_at};
use crate::whole;

/// Entries that one hop to the pool reads.
const BATCH: usize = 64;

/// What is in a directory, in no order.
///
/// # Errors
///
/// It is not there, is no directory, or may not be read; the text names it.
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    let (read, state) = hop_at(Names, "reading the directory", path.as_ref(), |disk, path| match disk {
        None => Ok((VecDeque::new(), State::Idle(fs::read_dir(path)?))),
        Some(disk) => Ok((list(disk, path)?, State::Ended)),
    })
    .await?;
    Ok(ReadDir { path: Arc::from(path.as_ref()), read, state })
}

/// A stream of the entries of a directory; made by [`read_dir`]. It reads ahead, some dozens of entries for one hop to the pool.
///
/// # Cancel safety
///
/// Dropping the future of `next` loses nothing.
#[must_use = "streams do nothing unless polled"]
pub struct ReadDir {
    path: Arc<Path>,
    read: VecDeque<io::Result<DirEntry>>,
    state: State,
}

#[allow(clippy::large_enum_variant, reason = "large on some systems, where it is kept in place")]
enum State {
    Idle(fs::ReadDir),
    Busy(FallibleTask<(fs::ReadDir, VecDeque<io::Result<DirEntry>>, bool)>),
    Ended,
}

impl Stream for ReadDir {
    type Item = io::Result<DirEntry>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        ready!(budget::poll_proceed(cx));
        loop {
            if let Some(entry) = this.read.pop_front() {
                return Poll::Ready(Some(entry));
            }
            match std::mem::replace(&mut this.state, State::Ended) {
                State::Ended => return Poll::Ready(None),
                State::Idle(inner) => {
                    let path = this.path.clone();
                    this.state = State::Busy(whit_blocking::unblock(move || batch(inner, &path)).fallible());
                }
                State::Busy(mut task) => match Pin::new(&mut task).poll(cx) {
                    Poll::Pending => {
                        this.state = State::Busy(task);
                        budget::refund();
                        return Poll::Pending;
                    }
                    Poll::Ready(Some((inner, read, ended))) => {
                        this.read = read;
                        this.state = if ended { State::Ended } else { State::Idle(inner) };
                    }
                    Poll::Ready(None) => {
                        let text = format!(
                            "reading the directory {} failed: its blocking pool was shut down; read it while its runtime runs",
                            this.path.display()
                        );
                        return Poll::Ready(Some(Err(io::Error::other(text))));
                    }
                },
            }
        }
    }
}

fn batch(mut inner: fs::ReadDir, path: &Path) -> (fs::ReadDir, VecDeque<io::Result<DirEntry>>, bool) {
    let mut read = VecDeque::with_capacity(BATCH);
    while read.len() < BATCH {
        match inner.next() {
            None => return (inner, read, true),
            Some(entry) => read.push_back(match entry {
                Ok(entry) => Ok(DirEntry(Arc::new(Entry::System(entry)))),
                Err(error) => Err(explain(error, format_args!("reading the directory {}", path.display()))),
            }),
        }
    }
    (inner, read, false)
}

/// All at once: what is in memory needs no batches.
fn list(disk: &Disk, path: &Path) -> io::Result<VecDeque<io::Result<DirEntry>>> {
    let named = |(name, kind)| Ok(DirEntry(Arc::new(Entry::Disk { disk: disk.clone(), path: path.join(name), kind })));
    Ok(disk.list(path)?.into_iter().map(named).collect())
}

/// An entry of a directory.
#[derive(Clone, Debug)]
pub struct DirEntry(Arc<Entry>);

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "large on some systems; it stands in an `Arc`")]
enum Entry {
    System(fs::DirEntry),
    Disk { disk: Disk, path: PathBuf, kind: FileKind },
}

impl DirEntry {
    /// The path: that of the directory, and the name.
    pub fn path(&self) -> PathBuf {
        match &*self.0 {
            Entry::System(entry) => entry.path(),
            Entry::Disk { path, .. } => path.clone(),
        }
    }

    /// The name.
    pub fn file_name(&self) -> OsString {
        match &*self.0 {
            Entry::System(entry) => entry.file_name(),
            Entry::Disk { path, .. } => path.file_name().unwrap_or_default().to_owned(),
        }
    }

    /// What the system knows of it, of a link itself.
    ///
    /// # Errors
    ///
    /// It was removed meanwhile, or what the system says.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        let entry = self.clone();
        hop(self.disk().cloned(), Names, move |_| {
            let known = match &*entry.0 {
                Entry::System(entry) => entry.metadata().map(Metadata::from),
                Entry::Disk { disk, path, .. } => disk.facts(path).map(Metadata::from),
            };
            known.map_err(|error| explain(error, format_args!("looking at {}", entry.path().display())))
        })
        .await
    }

    /// Whether it is a file, a directory, a link… On most systems this asks nobody.
    ///
    /// # Errors
    ///
    /// It was removed meanwhile, or what the system says.
    pub async fn file_type(&self) -> io::Result<FileType> {
        if let Entry::Disk { kind, .. } = &*self.0 {
            return Ok(FileType::from(*kind));
        }
        let entry = self.clone();
        hop(None, Names, move |_| {
            let kind = match &*entry.0 {
                Entry::System(entry) => entry.file_type().map(FileType::from),
                Entry::Disk { kind, .. } => Ok(FileType::from(*kind)),
            };
            kind.map_err(|error| explain(error, format_args!("looking at {}", entry.path().display())))
        })
        .await
    }

    fn disk(&self) -> Option<&Disk> {
        match &*self.0 {
            Entry::System(_) => None,
            Entry::Disk { disk, .. } => Some(disk),
        }
    }
}

/// Makes directories, with settings.
///
/// ```
/// # futures_lite::future::block_on(async {
/// let folder = std::env::temp_dir().join(format!("whit-dir-builder-{}", std::process::id()));
/// whit_fs::DirBuilder::new().recursive(true).create(folder.join("a/b")).await?;
/// assert!(whit_fs::metadata(folder.join("a")).await?.is_dir());
/// whit_fs::remove_dir_all(folder).await?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Default)]
pub struct DirBuilder {
    recursive: bool,
    #[cfg(unix)]
    mode: Option<u32>,
}

impl DirBuilder {
    /// One directory, whose parent must exist.
    pub fn new() -> DirBuilder {
        DirBuilder::default()
    }

    /// Whether to make the parents too; that it exists is no error then.
    pub fn recursive(&mut self, recursive: bool) -> &mut DirBuilder {
        self.recursive = recursive;
        self
    }

    /// Permissions of what is made, less the process's mask. A disk that is not the system's keeps none.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut DirBuilder {
        self.mode = Some(mode);
        self
    }

    /// Makes it.
    ///
    /// # Errors
    ///
    /// As of [`std::fs::DirBuilder::create`]; the text names the path.
    pub async fn create(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(self.recursive);
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, mode);
        }
        let recursive = self.recursive;
        hop_at(Names, "making the directory", path.as_ref(), move |disk, path| match disk {
            None => builder.create(path),
            Some(disk) if recursive => whole::create_dir_all(disk, path),
            Some(disk) => disk.create_dir(path),
        })
        .await
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadDir")
            .field("path", &self.path)
            .field("read_ahead", &self.read.len())
            .finish_non_exhaustive()
    }
}
