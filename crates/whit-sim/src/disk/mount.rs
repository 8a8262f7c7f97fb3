//! `Mount`: the disk as the programs of one life of a host have it: the verbs of `whit_core::Disk`, and an open file.
//!
//! Rules:
//! 1. Each verb first looks whether its host still lives. What belongs to a host that crashed is inert: it reads and changes
//!    nothing. Writes go nowhere without an error, as nobody is there whom it could be told.
//! 2. Then it asks whether it shall fail, and then it is done at once: the time that it takes was waited for before.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use whit_core::{Disk, DiskFile, DiskWork, FileFacts, FileKind, OpenFlags};

use super::drive::{Drive, State};
use super::errors;
use super::settings::DiskFault;
use super::tree::{Node, Place, Tree, inode};
use crate::exclusive::Held;

/// A host's disk, until the host crashes.
#[derive(Clone)]
pub(crate) struct Mount {
    drive: Drive,
    life: u64,
}

struct OpenFile {
    mount: Mount,
    node: Node,
    flags: OpenFlags,
}

impl Mount {
    pub(super) fn new(drive: Drive, life: u64) -> Mount {
        Mount { drive, life }
    }

    fn alive(&self) -> io::Result<Held<'_, State>> {
        let state = self.drive.state();
        if state.life == self.life { Ok(state) } else { Err(errors::crashed()) }
    }

    /// The rules, for what cannot be done in part.
    fn begin(&self, work: DiskWork) -> io::Result<Held<'_, State>> {
        let mut state = self.alive()?;
        match self.drive.fault(&mut state, work) {
            None | Some(DiskFault::Short) => Ok(state),
            Some(fault) => Err(errors::of(fault)),
        }
    }

    /// As `begin`, with what is at two places and noted.
    fn names(&self, doing: &str, path: &Path) -> io::Result<Held<'_, State>> {
        let state = self.begin(DiskWork::Names)?;
        self.drive.note(|| format!("disk {doing} {}", path.display()));
        Ok(state)
    }

    fn taken(place: &Place) -> Option<Node> {
        place.directory.of.lock().get(&place.name)
    }
}

impl Disk for Mount {
    fn delay(&self, work: DiskWork) -> Duration {
        self.alive().map(drop).map_or(Duration::ZERO, |()| self.drive.delay(work))
    }

    fn open(&self, path: &Path, flags: OpenFlags) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.names("open", path)?;
        state.take_descriptor()?;
        let opened = self.drive.open(&mut state, path, flags);
        let node = opened.inspect_err(|_| state.open -= 1)?;
        if let Node::File(file) = &node {
            file.of.lock().open += 1;
        }
        Ok(Arc::new(OpenFile { mount: self.clone(), node, flags }))
    }

    fn facts(&self, path: &Path) -> io::Result<FileFacts> {
        let state = self.begin(DiskWork::Names)?;
        Ok(self.drive.facts(&state.tree.find(path)?))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(OsString, FileKind)>> {
        let state = self.begin(DiskWork::Names)?;
        match state.tree.find(path)? {
            Node::Directory(directory) => Ok(directory.of.lock().list()),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.names("create_dir", path)?;
        if state.tree.find(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let place = state.tree.place(path)?;
        may_change(&[&place])?;
        let now = self.drive.world().now();
        state.tree.set(place, Some(Node::Directory(inode(now))), now);
        Ok(())
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        let mut state = self.names("remove_dir", path)?;
        let place = state.tree.place(path)?;
        match Mount::taken(&place).ok_or(io::ErrorKind::NotFound)? {
            Node::File(_) => return Err(io::ErrorKind::NotADirectory.into()),
            Node::Directory(directory) if !directory.of.lock().is_empty() => {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            Node::Directory(_) => {}
        }
        may_change(&[&place])?;
        state.tree.set(place, None, self.drive.world().now());
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        let mut state = self.names("remove_file", path)?;
        let place = state.tree.place(path)?;
        if let Node::Directory(_) = Mount::taken(&place).ok_or(io::ErrorKind::NotFound)? {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        may_change(&[&place])?;
        state.used -= state.tree.set(place, None, self.drive.world().now());
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin(DiskWork::Names)?;
        self.drive.note(|| format!("disk rename {} to {}", from.display(), to.display()));
        let (from, to) = (state.tree.place(from)?, state.tree.place(to)?);
        let node = Mount::taken(&from).ok_or(io::ErrorKind::NotFound)?;
        let error = match (&node, &Mount::taken(&to)) {
            (Node::Directory(moved), _) if Tree::is_within(&to.directory, moved) => io::ErrorKind::InvalidInput,
            (_, Some(Node::Directory(old))) if Tree::is_within(&from.directory, old) => {
                io::ErrorKind::DirectoryNotEmpty
            }
            // Two names of one file: nothing is done, says POSIX.
            (Node::File(file), Some(Node::File(old))) if Arc::ptr_eq(file, old) => return Ok(()),
            (Node::Directory(one), Some(Node::Directory(old))) if Arc::ptr_eq(one, old) => return Ok(()),
            (Node::File(_), Some(Node::Directory(_))) => io::ErrorKind::IsADirectory,
            (Node::Directory(_), Some(Node::File(_))) => io::ErrorKind::NotADirectory,
            (Node::Directory(_), Some(Node::Directory(old))) if !old.of.lock().is_empty() => {
                io::ErrorKind::DirectoryNotEmpty
            }
            _ => {
                may_change(&[&from, &to])?;
                state.used -= state.tree.rename(from, to, node, self.drive.world().now());
                return Ok(());
            }
        };
        Err(error.into())
    }

    fn hard_link(&self, file: &Path, name: &Path) -> io::Result<()> {
        let mut state = self.names("hard_link", name)?;
        let node = state.tree.find(file)?;
        let place = state.tree.place(name)?;
        if Mount::taken(&place).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        if let Node::Directory(_) = node {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        may_change(&[&place])?;
        state.tree.set(place, Some(node), self.drive.world().now());
        Ok(())
    }

    fn set_readonly(&self, path: &Path, readonly: bool) -> io::Result<()> {
        let state = self.names("set_readonly", path)?;
        set_readonly(&state.tree.find(path)?, readonly);
        Ok(())
    }
}

impl DiskFile for OpenFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.mount.alive()?;
        let Node::File(file) = &self.node else { return Err(io::ErrorKind::IsADirectory.into()) };
        if !self.flags.read {
            return Err(errors::not_opened_so("read"));
        }
        check_offset(offset, 0)?;
        let bytes = file.of.lock();
        let length = buf.len().min(usize::try_from(bytes.len().saturating_sub(offset)).unwrap_or(usize::MAX));
        let length = match self.mount.drive.fault(&mut state, DiskWork::Read) {
            None => length,
            Some(DiskFault::Short) => self.mount.drive.shorten(length),
            Some(fault) => return Err(errors::of(fault)),
        };
        Ok(bytes.read(&mut buf[..length], offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let Ok(mut state) = self.mount.alive() else { return Ok(bytes.len()) };
        let Node::File(file) = &self.node else { return Err(errors::not_opened_so("written")) };
        if !(self.flags.write || self.flags.append) {
            return Err(errors::not_opened_so("written"));
        }
        let length = match self.mount.drive.fault(&mut state, DiskWork::Write) {
            None => bytes.len(),
            Some(DiskFault::Short) => self.mount.drive.shorten(bytes.len()),
            Some(fault) => return Err(errors::of(fault)),
        };
        if length == 0 {
            return Ok(0);
        }
        let mut of = file.of.lock();
        let offset = if self.flags.append { of.len() } else { offset };
        let end = check_offset(offset, length as u64)?;
        state.take(end.saturating_sub(of.len()))?;
        self.mount.drive.note(|| format!("disk write {length} at {offset}"));
        of.write(&bytes[..length], offset);
        of.modified = self.mount.drive.world().now();
        Ok(length)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.mount.begin(DiskWork::Write)?;
        let Node::File(file) = &self.node else { return Err(io::ErrorKind::InvalidInput.into()) };
        if !(self.flags.write || self.flags.append) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = file.of.lock();
        check_offset(length, 0)?;
        match length.checked_sub(bytes.len()) {
            Some(more) => state.take(more)?,
            None => state.used -= bytes.len() - length,
        }
        self.mount.drive.note(|| format!("disk set_len {length}"));
        bytes.set_len(length);
        bytes.modified = self.mount.drive.world().now();
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync_all()
    }

    /// There is nothing but data and length, which both make safe.
    fn sync_all(&self) -> io::Result<()> {
        let mut state = self.mount.alive()?;
        let fault = match self.mount.drive.fault(&mut state, DiskWork::Sync) {
            Some(DiskFault::Short) => None,
            fault => fault,
        };
        self.mount.drive.note(|| "disk sync".to_owned());
        match (&self.node, fault) {
            (Node::File(file), None) => file.of.lock().sync(),
            (Node::File(file), Some(_)) => file.of.lock().fail_to_sync(self.mount.drive.world()),
            (Node::Directory(directory), None) => state.tree.sync(directory),
            // What becomes of names, a crash will say.
            (Node::Directory(_), Some(_)) => {}
        }
        fault.map_or(Ok(()), |fault| Err(errors::of(fault)))
    }

    fn facts(&self) -> io::Result<FileFacts> {
        let _state = self.mount.begin(DiskWork::Names)?;
        Ok(self.mount.drive.facts(&self.node))
    }

    fn set_readonly(&self, readonly: bool) -> io::Result<()> {
        let _state = self.mount.begin(DiskWork::Names)?;
        set_readonly(&self.node, readonly);
        Ok(())
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        let Ok(mut state) = self.mount.alive() else { return };
        state.open -= 1;
        if let Node::File(file) = &self.node {
            let mut bytes = file.of.lock();
            bytes.open -= 1;
            if bytes.is_gone() {
                state.used -= bytes.len();
            }
        }
    }
}

/// The end, where numbers stay within what a system can count.
fn check_offset(offset: u64, length: u64) -> io::Result<u64> {
    let end = offset.checked_add(length).filter(|end| i64::try_from(*end).is_ok());
    end.ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

fn may_change(places: &[&Place]) -> io::Result<()> {
    let refuses = places.iter().any(|place| place.directory.of.lock().readonly);
    if refuses { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

fn set_readonly(node: &Node, readonly: bool) {
    match node {
        Node::File(file) => file.of.lock().readonly = readonly,
        Node::Directory(directory) => directory.of.lock().readonly = readonly,
    }
}

impl fmt::Debug for Mount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mount").field("life", &self.life).finish_non_exhaustive()
    }
}

impl fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenFile").field("node", &self.node.kind()).field("flags", &self.flags).finish_non_exhaustive()
    }
}
