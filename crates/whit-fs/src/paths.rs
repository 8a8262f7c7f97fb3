//! What is done to a path, as in `std::fs`: one hop to the pool each.

use std::fs::{self, Metadata, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::hop::{hop, hop_at};

macro_rules! at_path {
    ($($(#[doc = $text:literal])+ $name:ident, $doing:literal, $result:ty;)+) => {$(
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
            hop_at($doing, path.as_ref(), |path| fs::$name(path)).await
        }
    )+};
}

at_path! {
    /// All bytes of a file.
    read, "reading", Vec<u8>;
    /// A file as text, which must be UTF-8.
    read_to_string, "reading", String;
    /// Where a symbolic link leads to.
    read_link, "reading the link", PathBuf;
    /// Removes a file.
    remove_file, "removing", ();
    /// Removes an empty directory.
    remove_dir, "removing the directory", ();
    /// Removes a directory and all that is in it.
    remove_dir_all, "removing all of", ();
    /// Makes a directory, whose parent must exist.
    create_dir, "making the directory", ();
    /// Makes a directory and its parents, as far as they do not exist.
    create_dir_all, "making the directory", ();
    /// What the system knows of a file, of the target of a link.
    metadata, "looking at", Metadata;
    /// What the system knows of a file, of a link itself.
    symlink_metadata, "looking at", Metadata;
    /// The absolute path, without links.
    canonicalize, "finding the true path of", PathBuf;
    /// Whether it exists, followed through links.
    exists, "looking for", bool;
}

macro_rules! from_to {
    ($($(#[doc = $text:literal])+ $name:ident, $doing:literal, $function:path, $result:ty;)+) => {$(
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
            hop(move || {
                $function(&from, &to).map_err(|error| {
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
    copy, "copying", fs::copy, u64;
    /// Renames a file, in place of what is there.
    rename, "renaming", fs::rename, ();
    /// A second name for a file.
    hard_link, "linking", fs::hard_link, ();
}

/// What only Unix has.
#[cfg(unix)]
pub mod unix {
    use super::*;

    from_to! {
        /// A symbolic link: the second path is made, and leads to the first.
        symlink, "linking", std::os::unix::fs::symlink, ();
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
    hop_at("writing", path.as_ref(), move |path| fs::write(path, contents)).await
}

/// Changes the permissions of a file.
///
/// # Errors
///
/// As of [`std::fs::set_permissions`]; the text names the path.
pub async fn set_permissions(path: impl AsRef<Path>, permissions: Permissions) -> io::Result<()> {
    hop_at("changing the permissions of", path.as_ref(), move |path| fs::set_permissions(path, permissions)).await
}
