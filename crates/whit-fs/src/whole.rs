//! What takes several steps on a disk that is not the system's: whole files and trees. On the system std does it.

use std::io;
use std::path::{Component, Path, PathBuf};

use whit_core::{DiskFile, FileKind, OpenFlags};

use crate::disk::Disk;

/// Bytes that one step moves at most.
const STEP_MOST: usize = 64 * 1024;

pub(crate) fn read(disk: &Disk, path: &Path) -> io::Result<Vec<u8>> {
    let file = disk.open(path, to_read())?;
    let mut bytes = Vec::new();
    loop {
        let from = bytes.len();
        bytes.resize(from + STEP_MOST, 0);
        let length = retry(|| file.read_at(&mut bytes[from..], from as u64))?;
        bytes.truncate(from + length);
        if length == 0 {
            return Ok(bytes);
        }
    }
}

pub(crate) fn read_to_string(disk: &Disk, path: &Path) -> io::Result<String> {
    String::from_utf8(read(disk, path)?)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("it is no UTF-8: {}", error.utf8_error())))
}

pub(crate) fn write(disk: &Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_all_at(&*disk.open(path, anew())?, bytes, 0)
}

pub(crate) fn copy(disk: &Disk, from: &Path, to: &Path) -> io::Result<u64> {
    let source = disk.open(from, to_read())?;
    let facts = source.facts()?;
    if facts.kind != FileKind::File {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the first is no file"));
    }
    let target = disk.open(to, anew())?;
    let mut bytes = vec![0; STEP_MOST];
    let mut at = 0;
    loop {
        let length = retry(|| source.read_at(&mut bytes, at))?;
        if length == 0 {
            break;
        }
        write_all_at(&*target, &bytes[..length], at)?;
        at += length as u64;
    }
    target.set_readonly(facts.readonly)?;
    Ok(at)
}

pub(crate) fn exists(disk: &Disk, path: &Path) -> io::Result<bool> {
    match disk.facts(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// There are no links, and relative paths count from the root: so this is arithmetic, and a look whether it is there.
pub(crate) fn canonicalize(disk: &Disk, path: &Path) -> io::Result<PathBuf> {
    disk.facts(path)?;
    let mut whole = PathBuf::from(std::path::MAIN_SEPARATOR_STR);
    for part in path.components() {
        match part {
            Component::Normal(name) => whole.push(name),
            Component::ParentDir => {
                whole.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Ok(whole)
}

pub(crate) fn create_dir_all(disk: &Disk, path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    match create_dir_if_missing(disk, path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_dir_all(disk, path.parent().ok_or(error)?)?;
            create_dir_if_missing(disk, path)
        }
        done => done,
    }
}

fn create_dir_if_missing(disk: &Disk, path: &Path) -> io::Result<()> {
    disk.create_dir(path).or_else(|error| match disk.facts(path) {
        Ok(facts) if facts.kind == FileKind::Directory => Ok(()),
        _ => Err(error),
    })
}

pub(crate) fn remove_dir_all(disk: &Disk, path: &Path) -> io::Result<()> {
    for (name, kind) in disk.list(path)? {
        let path = path.join(name);
        match kind {
            FileKind::File => disk.remove_file(&path)?,
            FileKind::Directory => remove_dir_all(disk, &path)?,
        }
    }
    disk.remove_dir(path)
}

pub(crate) fn sync_dir(disk: &Disk, path: &Path) -> io::Result<()> {
    if disk.facts(path)?.kind != FileKind::Directory {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    disk.open(path, to_read())?.sync_all()
}

/// Writes all of `bytes`, in as many steps as the file likes.
pub(crate) fn write_all_at(file: &dyn DiskFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let length = retry(|| file.write_at(bytes, offset))?;
        if length == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[length..];
        offset += length as u64;
    }
    Ok(())
}

fn to_read() -> OpenFlags {
    let mut flags = OpenFlags::default();
    flags.read = true;
    flags
}

fn anew() -> OpenFlags {
    let mut flags = OpenFlags::default();
    (flags.write, flags.create, flags.truncate) = (true, true, true);
    flags
}

fn retry(mut step: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match step() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
