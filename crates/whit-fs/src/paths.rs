//! What is done to a path, as in `std::fs`: one hop to the pool each.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use whit_core::DiskWork::{Names, Read, Sync, Write};

use crate::disk::{self, Disk, unsupported};
use crate::facts::{Metadata, Permissions};
use crate::hop::{hop, hop_at};
use crate::whole;

macro_rules! at_path {
    ($($(#[doc = $text:literal])+ $name:ident, $work:ident, $doing:literal, $on_disk:expr, $result:ty;)+) => {$(
        $(#[doc = $text])+
        ///
        /// # Errors
        ///
        /// As of the function of the same name in [`std::fs`]; the text names the path.
        ///
        /// # Cancel safety
        ///
        /// Dropped before its job has begun, it does nothing; after that it is done, and nobody hears of it.
        pub async fn $name(path: impl AsRef<Path>) -> io::Result<$result> {
            let on_disk: fn(&Disk, &Path) -> io::Result<$result> = $on_disk;
            hop_at($work, $doing, path.as_ref(), move |disk, path| match disk {
                None => fs::$name(path).map(Into::into),
                Some(disk) => on_disk(disk, path),
            })
            .await
        }
    )+};
}

at_path! {
    /// All bytes of a file.
    read, Read, "reading", whole::read, Vec<u8>;
    /// A file as text, which must be UTF-8.
    read_to_string, Read, "reading", whole::read_to_string, String;
    /// Where a symbolic link leads to.
    read_link, Names, "reading the link", |_, _| Err(unsupported("read_link")), PathBuf;
    /// Removes a file.
    remove_file, Names, "removing", |disk, path| disk.remove_file(path), ();
    /// Removes an empty directory.
    remove_dir, Names, "removing the directory", |disk, path| disk.remove_dir(path), ();
    /// Removes a directory and all that is in it.
    remove_dir_all, Names, "removing all of", whole::remove_dir_all, ();
    /// Makes a directory, whose parent must exist.
    create_dir, Names, "making the directory", |disk, path| disk.create_dir(path), ();
    /// Makes a directory and its parents, as far as they do not exist.
    create_dir_all, Names, "making the directory", whole::create_dir_all, ();
    /// What the system knows of a file, of the target of a link.
    metadata, Names, "looking at", |disk, path| disk.facts(path).map(Metadata::from), Metadata;
    /// What the system knows of a file, of a link itself.
    symlink_metadata, Names, "looking at", |disk, path| disk.facts(path).map(Metadata::from), Metadata;
    /// The absolute path, without links.
    canonicalize, Names, "finding the true path of", whole::canonicalize, PathBuf;
    /// Whether it exists, followed through links.
    exists, Names, "looking for", whole::exists, bool;
}

macro_rules! from_to {
    ($($(#[doc = $text:literal])+ $name:ident, $work:ident, $doing:literal, $function:path, $on_disk:expr, $result:ty;)+) => {$(
        $(#[doc = $text])+
        ///
        /// # Errors
        ///
        /// As of the function of the same name in [`std`]; the text names both paths.
        ///
        /// # Cancel safety
        ///
        /// Dropped before its job has begun, it does nothing; after that it is done, and nobody hears of it.
        pub async fn $name(from: impl AsRef<Path>, to: impl AsRef<Path>) -> io::Result<$result> {
            let (from, to) = (from.as_ref().to_owned(), to.as_ref().to_owned());
            let on_disk: fn(&Disk, &Path, &Path) -> io::Result<$result> = $on_disk;
            hop(disk::current(), $work, move |disk| {
                let done = match disk {
                    None => $function(&from, &to),
                    Some(disk) => on_disk(disk, &from, &to),
                };
                done.map_err(|error| {
                    let asked = format_args!(concat!($doing, " {} to {}"), from.display(), to.display());
                    crate::error::explain(error, asked)
                })
            })
            .await
        }
    )+};
}

from_to! {
    /// Copies a file and its permissions; gives how many bytes.
    copy, Write, "copying", fs::copy, whole::copy, u64;
    /// Renames a file, in place of what is there.
    rename, Names, "renaming", fs::rename, |disk, from, to| disk.rename(from, to), ();
    /// A second name for a file.
    hard_link, Names, "linking", fs::hard_link, |disk, file, name| disk.hard_link(file, name), ();
}

/// What only Unix has.
#[cfg(unix)]
pub mod unix {
    use super::*;

    from_to! {
        /// A symbolic link: the second path is made, and leads to the first.
        symlink, Names, "linking", std::os::unix::fs::symlink, |_, _, _| Err(unsupported("unix::symlink")), ();
    }
}

/// Writes a whole file, in place of what is there. The bytes are given away, or copied.
///
/// # Errors
///
/// As of [`std::fs::write`]; the text names the path.
///
/// # Cancel safety
///
/// Dropped before its job has begun, it does nothing; after that it is done, and nobody hears of it.
pub async fn write(path: impl AsRef<Path>, contents: impl Into<Vec<u8>>) -> io::Result<()> {
    let contents = contents.into();
    hop_at(Write, "writing", path.as_ref(), move |disk, path| match disk {
        None => fs::write(path, contents),
        Some(disk) => whole::write(disk, path, &contents),
    })
    .await
}

/// Changes the permissions of a file.
///
/// # Errors
///
/// As of [`std::fs::set_permissions`]; the text names the path. A disk that is not the system's refuses the system's permissions.
pub async fn set_permissions(path: impl AsRef<Path>, permissions: impl Into<Permissions>) -> io::Result<()> {
    let permissions = permissions.into();
    hop_at(Names, "changing the permissions of", path.as_ref(), move |disk, path| match disk {
        None => fs::set_permissions(path, permissions.for_system()?),
        Some(disk) => disk.set_readonly(path, permissions.for_disk()?),
    })
    .await
}

/// Waits until the names in a directory are on the disk: what was made, renamed and removed there. [`File::sync_all`](crate::File::sync_all)
/// speaks for what is in a file, and not for its name.
///
/// On Windows, where a directory cannot be synced, it only looks whether it is there: the file system keeps a journal of names.
///
/// # Errors
///
/// It is no directory, or what the system says; the text names the path.
///
/// # Cancel safety
///
/// Dropped before its job has begun, it does nothing; after that it is done, and nobody hears of it.
pub async fn sync_dir(path: impl AsRef<Path>) -> io::Result<()> {
    hop_at(Sync, "syncing the directory", path.as_ref(), |disk, path| match disk {
        None if !fs::metadata(path)?.is_dir() => Err(io::ErrorKind::NotADirectory.into()),
        None if cfg!(windows) => Ok(()),
        None => fs::File::open(path)?.sync_all(),
        Some(disk) => whole::sync_dir(disk, path),
    })
    .await
}
