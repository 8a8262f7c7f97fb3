//! What is known of a file: std's types, or what the disk in the handle knows, behind one face.

use std::fs;
use std::io;
use std::time::SystemTime;

use whit_core::{FileFacts, FileKind};

use crate::disk::unsupported;

/// What is known of a file, as [`std::fs::Metadata`]; what only one system knows is in [`as_std`](Metadata::as_std).
#[derive(Clone, Debug)]
pub struct Metadata(Known);

#[derive(Clone, Debug)]
enum Known {
    System(fs::Metadata),
    Disk(FileFacts),
}

/// Whether it is a file, a directory, a link…, as [`std::fs::FileType`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileType(Type);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Type {
    System(fs::FileType),
    Disk(FileKind),
}

/// Who may do what with a file, as [`std::fs::Permissions`]: those of the system come from there, by `From`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permissions(Allowed);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    System(fs::Permissions),
    Disk { readonly: bool },
}

impl Metadata {
    /// What it is.
    pub fn file_type(&self) -> FileType {
        match &self.0 {
            Known::System(known) => FileType(Type::System(known.file_type())),
            Known::Disk(facts) => FileType(Type::Disk(facts.kind)),
        }
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type().is_dir()
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        self.file_type().is_file()
    }

    /// Whether it is a symbolic link: [`symlink_metadata`](crate::symlink_metadata) alone can say so.
    pub fn is_symlink(&self) -> bool {
        self.file_type().is_symlink()
    }

    /// The length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "std's name; nobody asks a directory whether it is empty so")]
    pub fn len(&self) -> u64 {
        match &self.0 {
            Known::System(known) => known.len(),
            Known::Disk(facts) => facts.length,
        }
    }

    /// Who may do what with it.
    pub fn permissions(&self) -> Permissions {
        match &self.0 {
            Known::System(known) => known.permissions().into(),
            Known::Disk(facts) => Permissions(Allowed::Disk { readonly: facts.readonly }),
        }
    }

    /// When it changed last.
    ///
    /// # Errors
    ///
    /// The system does not know; so for the other times.
    pub fn modified(&self) -> io::Result<SystemTime> {
        match &self.0 {
            Known::System(known) => known.modified(),
            Known::Disk(facts) => Ok(facts.modified),
        }
    }

    /// When it was read last. Only the system's files know.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `modified`")]
    pub fn accessed(&self) -> io::Result<SystemTime> {
        match &self.0 {
            Known::System(known) => known.accessed(),
            Known::Disk(_) => Err(unsupported("Metadata::accessed")),
        }
    }

    /// When it was made.
    #[allow(clippy::missing_errors_doc, reason = "said once, at `modified`")]
    pub fn created(&self) -> io::Result<SystemTime> {
        match &self.0 {
            Known::System(known) => known.created(),
            Known::Disk(facts) => Ok(facts.created),
        }
    }

    /// std's, for what only one system knows (owner, inode…); `None` if the file is not the system's.
    pub fn as_std(&self) -> Option<&fs::Metadata> {
        match &self.0 {
            Known::System(known) => Some(known),
            Known::Disk(_) => None,
        }
    }
}

impl FileType {
    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        match &self.0 {
            Type::System(kind) => kind.is_dir(),
            Type::Disk(kind) => *kind == FileKind::Directory,
        }
    }

    /// Whether it is a file.
    pub fn is_file(&self) -> bool {
        match &self.0 {
            Type::System(kind) => kind.is_file(),
            Type::Disk(kind) => *kind == FileKind::File,
        }
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.as_std().is_some_and(fs::FileType::is_symlink)
    }

    /// std's, for what only one system knows (pipes, devices…); `None` if the file is not the system's.
    pub fn as_std(&self) -> Option<&fs::FileType> {
        match &self.0 {
            Type::System(kind) => Some(kind),
            Type::Disk(_) => None,
        }
    }
}

impl Permissions {
    /// Whether nobody may write.
    pub fn readonly(&self) -> bool {
        match &self.0 {
            Allowed::System(permissions) => permissions.readonly(),
            Allowed::Disk { readonly } => *readonly,
        }
    }

    /// Says whether nobody may write, for [`set_permissions`](crate::set_permissions). On Unix `false` lets everybody write.
    pub fn set_readonly(&mut self, readonly: bool) {
        match &mut self.0 {
            Allowed::System(permissions) => permissions.set_readonly(readonly),
            Allowed::Disk { readonly: old } => *old = readonly,
        }
    }

    /// std's, for what only one system knows (its mode…); `None` if the file is not the system's.
    pub fn as_std(&self) -> Option<&fs::Permissions> {
        match &self.0 {
            Allowed::System(permissions) => Some(permissions),
            Allowed::Disk { .. } => None,
        }
    }

    /// To give to the system.
    pub(crate) fn for_system(self) -> io::Result<fs::Permissions> {
        match self.0 {
            Allowed::System(permissions) => Ok(permissions),
            Allowed::Disk { .. } => Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "`set_permissions` got the permissions of a file that is not the system's; take those of a file that is",
            )),
        }
    }

    /// To give to a disk.
    pub(crate) fn for_disk(&self) -> io::Result<bool> {
        match self.0 {
            Allowed::System(_) => Err(unsupported("set_permissions with the system's permissions")),
            Allowed::Disk { readonly } => Ok(readonly),
        }
    }
}

impl From<fs::Metadata> for Metadata {
    fn from(known: fs::Metadata) -> Metadata {
        Metadata(Known::System(known))
    }
}

impl From<FileFacts> for Metadata {
    fn from(facts: FileFacts) -> Metadata {
        Metadata(Known::Disk(facts))
    }
}

impl From<fs::FileType> for FileType {
    fn from(kind: fs::FileType) -> FileType {
        FileType(Type::System(kind))
    }
}

impl From<FileKind> for FileType {
    fn from(kind: FileKind) -> FileType {
        FileType(Type::Disk(kind))
    }
}

impl From<fs::Permissions> for Permissions {
    fn from(permissions: fs::Permissions) -> Permissions {
        Permissions(Allowed::System(permissions))
    }
}
