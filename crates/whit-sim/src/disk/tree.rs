//! `Tree`: the names on a disk: as programs see them, as they are safe, and what was done in between.
//!
//! Rules:
//! 1. Each directory has its names twice: `now` and `safe`. The journal leads from one to the other, oldest first; each change in
//!    it is done whole or not at all, a renaming from one directory to another too.
//! 2. A change touches the directories whose names it changes, and, if it moves a directory, that one. A change depends on all
//!    earlier ones that touch what it touches, and so on: so what is safe never has a name that was given away, nor a circle.
//! 3. A sync of a directory makes the changes that touch it safe, with all that they depend on. That of a file does not speak for
//!    its name.
//! 4. A crash does some of the journal: no change without those that it depends on.
//! 5. The journal is bounded: beyond that the oldest change is written by itself, as systems do.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

use whit_core::FileKind;

use super::bytes::Bytes;
use crate::decider::Choice;
use crate::exclusive::Exclusive;
use crate::world::World;

/// How many changes of names may be pending.
const JOURNAL_MOST: usize = 4096;

/// A file or a directory, whatever its names are.
#[derive(Clone)]
pub(super) enum Node {
    File(Arc<Inode<Bytes>>),
    Directory(Arc<Inode<Names>>),
}

pub(super) struct Inode<T> {
    pub(super) created: Duration,
    pub(super) of: Exclusive<T>,
}

#[derive(Default)]
pub(super) struct Names {
    now: BTreeMap<OsString, Node>,
    safe: BTreeMap<OsString, Node>,
    pub(super) modified: Duration,
    pub(super) readonly: bool,
}

pub(super) type Directory = Arc<Inode<Names>>;

pub(super) struct Tree {
    root: Directory,
    journal: VecDeque<Change>,
}

/// What is done at once: names that get another node, or none.
struct Change {
    edits: Vec<(Directory, OsString, Option<Node>)>,
    moved: Option<Directory>,
}

/// Where a name stands, or would.
pub(super) struct Place {
    pub(super) directory: Directory,
    pub(super) name: OsString,
}

impl Tree {
    pub(super) fn new() -> Tree {
        Tree { root: inode(Duration::ZERO), journal: VecDeque::new() }
    }

    /// What stands at `path`. Relative paths count from the root.
    pub(super) fn find(&self, path: &Path) -> io::Result<Node> {
        if path.as_os_str().is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.below_root(path)
    }

    fn below_root(&self, path: &Path) -> io::Result<Node> {
        Ok(self.walk(path)?.pop().unwrap_or_else(|| Node::Directory(self.root.clone())))
    }

    /// Where the last name of `path` stands, or would.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let Some(name) = path.file_name() else {
            // What ends in `..`, and the root: if they are there, they have no place of their own.
            return self.find(path).and_then(|_| Err(io::ErrorKind::InvalidInput.into()));
        };
        match self.below_root(path.parent().unwrap_or(Path::new("")))? {
            Node::Directory(directory) => Ok(Place { directory, name: name.to_owned() }),
            Node::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// The nodes from below the root to the end of `path`.
    fn walk(&self, path: &Path) -> io::Result<Vec<Node>> {
        let mut nodes: Vec<Node> = Vec::new();
        for part in path.components() {
            let within = match nodes.last() {
                None => &self.root,
                Some(Node::Directory(directory)) => directory,
                Some(Node::File(_)) => return Err(io::ErrorKind::NotADirectory.into()),
            };
            match part {
                Component::Normal(name) => {
                    let node = within.of.lock().get(name).ok_or(io::ErrorKind::NotFound)?;
                    nodes.push(node);
                }
                Component::ParentDir => drop(nodes.pop()),
                Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
            }
        }
        Ok(nodes)
    }

    /// Gives a name to a new or another node, or takes it away. Gives how many bytes are free now.
    pub(super) fn set(&mut self, place: Place, node: Option<Node>, now: Duration) -> u64 {
        self.change(Change { edits: vec![(place.directory, place.name, node)], moved: None }, now)
    }

    /// Moves what stands at one place to another. Gives how many bytes are free now.
    pub(super) fn rename(&mut self, from: Place, to: Place, node: Node, now: Duration) -> u64 {
        let moved = match &node {
            Node::Directory(directory) => Some(directory.clone()),
            Node::File(_) => None,
        };
        // The new name first: it is never without one.
        let edits = vec![(to.directory, to.name, Some(node)), (from.directory, from.name, None)];
        self.change(Change { edits, moved }, now)
    }

    fn change(&mut self, change: Change, now: Duration) -> u64 {
        let mut freed = 0;
        for (directory, name, node) in &change.edits {
            let mut names = directory.of.lock();
            names.modified = now;
            if let Some(Node::File(file)) = node {
                file.of.lock().names += 1;
            }
            if let Some(Node::File(file)) = set(&mut names.now, name, node) {
                let mut bytes = file.of.lock();
                bytes.names -= 1;
                freed += if bytes.is_gone() { bytes.len() } else { 0 };
            }
        }
        self.journal.push_back(change);
        if self.journal.len() > JOURNAL_MOST
            && let Some(oldest) = self.journal.pop_front()
        {
            oldest.make_safe();
        }
        freed
    }

    /// Whether `inner` is `outer`, or in it.
    pub(super) fn is_within(inner: &Directory, outer: &Directory) -> bool {
        if Arc::ptr_eq(inner, outer) {
            return true;
        }
        let directories: Vec<Directory> = outer
            .of
            .lock()
            .now
            .values()
            .filter_map(|node| match node {
                Node::Directory(directory) => Some(directory.clone()),
                Node::File(_) => None,
            })
            .collect();
        directories.iter().any(|outer| Tree::is_within(inner, outer))
    }

    /// Rule 3.
    pub(super) fn sync(&mut self, directory: &Directory) {
        let mut touched = vec![directory.clone()];
        let mut synced = vec![false; self.journal.len()];
        for (at, change) in self.journal.iter().enumerate().rev() {
            if change.touches(&touched) {
                synced[at] = true;
                let new: Vec<_> = change.directories().filter(|new| !contains(&touched, new)).cloned().collect();
                touched.extend(new);
            }
        }
        let mut synced = synced.into_iter();
        self.journal.retain(|change| {
            let is_synced = synced.next() == Some(true);
            if is_synced {
                change.make_safe();
            }
            !is_synced
        });
    }

    /// Rule 4; then what is in files, in the order of their names.
    pub(super) fn crash(&mut self, world: &World) {
        if !self.journal.is_empty() {
            let fate = world.choose(Choice::Disk, 3);
            let mut lost: Vec<Directory> = Vec::new();
            for change in self.journal.drain(..) {
                let keeps = match fate {
                    0 => true,
                    1 => false,
                    _ => !change.touches(&lost) && world.choose(Choice::Disk, 4) != 3,
                };
                if keeps {
                    change.make_safe();
                } else {
                    lost.extend(change.directories().cloned());
                }
            }
        }
        restore(&self.root);
        for (file, names) in files_of(&self.root) {
            let mut bytes = file.of.lock();
            bytes.crash(world);
            bytes.names = names;
        }
    }

    /// No file has a name any more. Gives how many bytes are free by that.
    pub(super) fn abandon(&self) -> u64 {
        let mut freed = 0;
        for (file, _) in files_of(&self.root) {
            let mut bytes = file.of.lock();
            bytes.names = 0;
            freed += if bytes.is_gone() { bytes.len() } else { 0 };
        }
        freed
    }

    /// Bytes of all files that have a name.
    pub(super) fn used(&self) -> u64 {
        files_of(&self.root).iter().map(|(file, _)| file.of.lock().len()).sum()
    }
}

impl Names {
    pub(super) fn get(&self, name: &OsStr) -> Option<Node> {
        self.now.get(name).cloned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.now.is_empty()
    }

    pub(super) fn list(&self) -> Vec<(OsString, FileKind)> {
        self.now.iter().map(|(name, node)| (name.clone(), node.kind())).collect()
    }
}

impl Node {
    pub(super) fn kind(&self) -> FileKind {
        match self {
            Node::File(_) => FileKind::File,
            Node::Directory(_) => FileKind::Directory,
        }
    }
}

impl Change {
    fn directories(&self) -> impl Iterator<Item = &Directory> {
        self.edits.iter().map(|(directory, ..)| directory).chain(&self.moved)
    }

    fn touches(&self, these: &[Directory]) -> bool {
        self.directories().any(|touched| contains(these, touched))
    }

    fn make_safe(&self) {
        for (directory, name, node) in &self.edits {
            set(&mut directory.of.lock().safe, name, node);
        }
    }
}

pub(super) fn inode<T: Default>(created: Duration) -> Arc<Inode<T>> {
    Arc::new(Inode { created, of: Exclusive::new(T::default()) })
}

fn set(names: &mut BTreeMap<OsString, Node>, name: &OsString, node: &Option<Node>) -> Option<Node> {
    match node {
        Some(node) => names.insert(name.clone(), node.clone()),
        None => names.remove(name),
    }
}

fn contains(these: &[Directory], one: &Directory) -> bool {
    these.iter().any(|this| Arc::ptr_eq(this, one))
}

/// What is safe is all that there is.
fn restore(directory: &Directory) {
    let mut names = directory.of.lock();
    names.now = names.safe.clone();
    let below: Vec<Node> = names.now.values().cloned().collect();
    drop(names);
    for node in below {
        if let Node::Directory(directory) = node {
            restore(&directory);
        }
    }
}

/// Each file once, with how many names it has, in the order of the first.
fn files_of(root: &Directory) -> Vec<(Arc<Inode<Bytes>>, u32)> {
    let (mut files, mut known) = (Vec::new(), BTreeMap::new());
    collect(root, &mut files, &mut known);
    files
}

fn collect(from: &Directory, files: &mut Vec<(Arc<Inode<Bytes>>, u32)>, known: &mut BTreeMap<usize, usize>) {
    let nodes: Vec<Node> = from.of.lock().now.values().cloned().collect();
    for node in nodes {
        match node {
            Node::Directory(directory) => collect(&directory, files, known),
            Node::File(file) => {
                // Addresses are compared, and never put in order: they differ from run to run.
                let at = *known.entry(Arc::as_ptr(&file) as usize).or_insert(files.len());
                match files.get_mut(at) {
                    Some((_, names)) => *names += 1,
                    None => files.push((file, 1)),
                }
            }
        }
    }
}
