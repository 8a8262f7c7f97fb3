//! `OpenOptions`: std's, with a future of the file.

use std::fs;
use std::io;
use std::path::Path;

use super::File;
use crate::hop::hop_at;

/// How a file is to be opened, as [`std::fs::OpenOptions`].
#[derive(Clone, Debug)]
pub struct OpenOptions(fs::OpenOptions);

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions::new()
    }
}

impl OpenOptions {
    /// Not for anything yet.
    pub fn new() -> OpenOptions {
        OpenOptions(fs::OpenOptions::new())
    }

    /// To be read.
    pub fn read(&mut self, read: bool) -> &mut OpenOptions {
        self.0.read(read);
        self
    }

    /// To be written.
    pub fn write(&mut self, write: bool) -> &mut OpenOptions {
        self.0.write(write);
        self
    }

    /// To be written at its end, wherever the cursor is.
    pub fn append(&mut self, append: bool) -> &mut OpenOptions {
        self.0.append(append);
        self
    }

    /// Emptied, if it is there.
    pub fn truncate(&mut self, truncate: bool) -> &mut OpenOptions {
        self.0.truncate(truncate);
        self
    }

    /// Made, if it is not there.
    pub fn create(&mut self, create: bool) -> &mut OpenOptions {
        self.0.create(create);
        self
    }

    /// Made; an error if it is there.
    pub fn create_new(&mut self, create_new: bool) -> &mut OpenOptions {
        self.0.create_new(create_new);
        self
    }

    /// std's options inside, for what only one system has: permissions of a new file, flags, sharing.
    pub fn as_std_mut(&mut self) -> &mut fs::OpenOptions {
        &mut self.0
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
        let options = self.0.clone();
        hop_at("opening", path.as_ref(), move |path| options.open(path)).await.map(File::from)
    }
}

impl From<fs::OpenOptions> for OpenOptions {
    fn from(options: fs::OpenOptions) -> OpenOptions {
        OpenOptions(options)
    }
}
