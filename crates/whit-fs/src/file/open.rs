//! `OpenOptions`: std's, with a future of the file.

use std::fs;
use std::io;
use std::path::Path;

use whit_core::{DiskWork, OpenFlags};

use super::File;
use super::body::{Body, OnDisk};
use crate::disk::unsupported;
use crate::hop::hop_at;
use crate::nowait::Nowait;

/// How a file is to be opened, as [`std::fs::OpenOptions`].
#[derive(Clone, Debug)]
pub struct OpenOptions {
    std: fs::OpenOptions,
    // The same for a disk that is not the system's: std's cannot be read.
    flags: OpenFlags,
    // Whether std's may say more than the flags, and who said it.
    more: Option<&'static str>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions::new()
    }
}

impl OpenOptions {
    /// Not for anything yet.
    pub fn new() -> OpenOptions {
        OpenOptions { std: fs::OpenOptions::new(), flags: OpenFlags::default(), more: None }
    }

    /// To be read.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.std.read(read);
        self.flags.read = read;
        self
    }

    /// To be written.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.std.write(write);
        self.flags.write = write;
        self
    }

    /// To be written at its end, wherever the cursor is.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.std.append(append);
        self.flags.append = append;
        self
    }

    /// Emptied, if it is there.
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.std.truncate(truncate);
        self.flags.truncate = truncate;
        self
    }

    /// Made, if it is not there.
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.std.create(create);
        self.flags.create = create;
        self
    }

    /// Made; an error if it is there.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.std.create_new(create_new);
        self.flags.create_new = create_new;
        self
    }

    /// Permissions of a new file, less the process's mask. A disk that is not the system's keeps none.
    #[cfg(unix)]
    pub fn mode(&mut self, mode: u32) -> &mut OpenOptions {
        std::os::unix::fs::OpenOptionsExt::mode(&mut self.std, mode);
        self
    }

    /// std's options inside, for what only one system has: flags, sharing. With them, only files of the system can be opened.
    pub fn as_std_mut(&mut self) -> &mut fs::OpenOptions {
        self.more = Some("OpenOptions::as_std_mut");
        &mut self.std
    }

    /// Opens it.
    ///
    /// # Errors
    ///
    /// As of [`std::fs::OpenOptions::open`]; the text names the path.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its job has begun, it does nothing; after that the file may be made or emptied, and is closed.
    pub async fn open(&self, path: impl AsRef<Path>) -> io::Result<File> {
        let options = self.clone();
        let opened = hop_at(DiskWork::Names, "opening", path.as_ref(), move |disk, path| match (disk, options.more) {
            (None, _) => Ok(Body::System { file: options.std.open(path)?, nowait: Nowait::default() }),
            (Some(disk), None) => OnDisk::open(disk, path, options.flags).map(Body::Disk),
            (Some(_), Some(call)) => Err(unsupported(call)),
        });
        opened.await.map(File::over)
    }
}

impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> OpenOptions {
        OpenOptions { std: options, flags: OpenFlags::default(), more: Some("OpenOptions::from") }
    }
}
