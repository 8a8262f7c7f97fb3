//! `Drive`: the disk of one host, which outlives its programs, and what is done to it from outside.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use whit_core::{DiskWork, FileFacts, OpenFlags};

use super::bytes::Bytes;
use super::settings::{Disk, DiskFault};
use super::tree::{Inode, Node, Tree, inode};
use super::{Mount, errors};
use crate::decider::Choice;
use crate::exclusive::{Exclusive, Held};
use crate::world::World;
use crate::{HostId, Latency};

/// The disk of one host. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Drive(Arc<Shared>);

struct Shared {
    world: World,
    host: HostId,
    state: Exclusive<State>,
}

pub(super) struct State {
    pub(super) settings: Disk,
    pub(super) tree: Tree,
    /// How often the host has crashed: what belongs to an earlier life is inert.
    pub(super) life: u64,
    /// Bytes of all files that can be come to.
    pub(super) used: u64,
    pub(super) open: u32,
    next: VecDeque<(DiskWork, DiskFault)>,
    stalled_until: Duration,
}

impl Drive {
    /// A new disk.
    pub(crate) fn new(world: World, host: HostId, settings: Disk) -> Drive {
        let state = State {
            tree: Tree::new(),
            settings,
            life: 0,
            used: 0,
            open: 0,
            next: VecDeque::new(),
            stalled_until: Duration::ZERO,
        };
        let drive = Drive(Arc::new(Shared { world, host, state: Exclusive::new(state) }));
        drive.format();
        drive
    }

    /// The disk as a part of a handle, until the host crashes.
    pub(crate) fn mount(&self) -> Arc<Mount> {
        Arc::new(Mount::new(self.clone(), self.state().life))
    }

    /// The host crashes: what belongs to its programs is inert from here on, and what was not synced is lost or torn.
    pub(crate) fn crash(&self) {
        let mut state = self.state();
        state.life += 1;
        (state.open, state.stalled_until) = (0, Duration::ZERO);
        state.tree.crash(self.world());
        state.used = state.tree.used();
    }

    /// Other settings, from here on; files in them are put on the disk.
    pub(crate) fn set(&self, settings: Disk) {
        let files = settings.files.clone();
        self.state().settings = settings;
        for (path, contents) in files {
            self.put(&path, &contents).unwrap_or_else(|error| misplaced(&path, &error));
        }
    }

    /// Everything on it is gone, also what was synced. Files that are open stay as they are, without names.
    pub(crate) fn wipe(&self) {
        self.note(|| "disk wiped".to_owned());
        self.format();
    }

    pub(crate) fn fail_next(&self, work: DiskWork, fault: DiskFault) {
        self.state().next.push_back((work, fault));
    }

    pub(crate) fn set_fault(&self, work: DiskWork, fault: DiskFault, probability: f64) {
        self.state().settings.set_fault(work, fault, probability);
    }

    pub(crate) fn set_latency(&self, work: DiskWork, latency: Latency) {
        self.state().settings.set_latency(work, latency);
    }

    /// No faults by chance any more, none to come, and no stall.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.settings.faults.clear();
        state.next.clear();
        state.stalled_until = Duration::ZERO;
    }

    /// Jobs that come from now on are not done before so much time has gone by.
    pub(crate) fn stall(&self, by: Duration) {
        let until = self.world().now().saturating_add(by);
        let mut state = self.state();
        state.stalled_until = state.stalled_until.max(until);
    }

    /// The bytes of a file, as programs see them.
    pub(crate) fn contents(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.state().tree.find(path)? {
            Node::File(file) => Ok(file.of.lock().all().to_vec()),
            Node::Directory(_) => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    /// Puts a file on the disk, which is safe, with the directories above it.
    pub(crate) fn put(&self, path: &Path, contents: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if let Some(parent) = path.parent() {
            self.make_dirs(&mut state, parent)?;
        }
        let place = state.tree.place(path)?;
        let mut flags = OpenFlags::default();
        (flags.write, flags.create, flags.truncate) = (true, true, true);
        let Node::File(file) = self.open(&mut state, path, flags)? else {
            return Err(io::ErrorKind::IsADirectory.into());
        };
        let mut bytes = file.of.lock();
        bytes.write(contents, 0);
        bytes.sync();
        drop(bytes);
        state.used += contents.len() as u64;
        state.tree.sync(&place.directory);
        Ok(())
    }

    /// Opens what is at `path`, as `flags` say; does not count it as open.
    pub(super) fn open(&self, state: &mut State, path: &Path, flags: OpenFlags) -> io::Result<Node> {
        let writes = flags.write || flags.append;
        let makes = flags.create || flags.create_new;
        let asks_nothing = !flags.read && !writes;
        let changes_unwritten = (makes || flags.truncate) && !writes;
        let empties_and_appends = flags.append && flags.truncate && !flags.create_new;
        if asks_nothing || changes_unwritten || empties_and_appends {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let found = match state.tree.find(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && makes => {
                let place = state.tree.place(path)?;
                if place.directory.of.lock().readonly {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                let now = self.world().now();
                let file: Arc<Inode<Bytes>> = inode(now);
                file.of.lock().modified = now;
                state.tree.set(place, Some(Node::File(file.clone())), now);
                return Ok(Node::File(file));
            }
            found => found?,
        };
        match &found {
            _ if flags.create_new => return Err(io::ErrorKind::AlreadyExists.into()),
            Node::Directory(_) if writes => return Err(io::ErrorKind::IsADirectory.into()),
            Node::Directory(_) => {}
            Node::File(file) => {
                let mut bytes = file.of.lock();
                if bytes.readonly && writes {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                if flags.truncate {
                    state.used -= bytes.len();
                    bytes.set_len(0);
                    bytes.modified = self.world().now();
                }
            }
        }
        Ok(found)
    }

    pub(super) fn facts(&self, node: &Node) -> FileFacts {
        // A date that is plain, and the same in each run.
        let time = |since_start: Duration| SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800) + since_start;
        let mut facts = FileFacts::new(node.kind(), time(Duration::ZERO));
        match node {
            Node::File(file) => {
                let bytes = file.of.lock();
                (facts.length, facts.readonly) = (bytes.len(), bytes.readonly);
                (facts.created, facts.modified) = (time(file.created), time(bytes.modified));
            }
            Node::Directory(directory) => {
                let names = directory.of.lock();
                facts.readonly = names.readonly;
                (facts.created, facts.modified) = (time(directory.created), time(names.modified));
            }
        }
        facts
    }

    /// How long a job that does `work` must wait.
    pub(super) fn delay(&self, work: DiskWork) -> Duration {
        let state = self.state();
        let stalled = state.stalled_until.saturating_sub(self.world().now());
        stalled + state.settings.draw_delay(self.world(), work)
    }

    /// Whether what is about to be done shall go wrong.
    pub(super) fn fault(&self, state: &mut State, work: DiskWork) -> Option<DiskFault> {
        let at = state.next.iter().position(|(of, _)| *of == work);
        let planned = at.and_then(|at| state.next.remove(at)).map(|(_, fault)| fault);
        let fault = planned.or_else(|| state.settings.draw_fault(self.world(), work))?;
        self.note(|| format!("disk fault {fault:?} of {work:?}"));
        Some(fault)
    }

    /// How many of `length` bytes are moved.
    pub(super) fn shorten(&self, length: usize) -> usize {
        let less = u32::try_from(length.saturating_sub(1)).unwrap_or(u32::MAX - 1);
        length - self.world().choose(Choice::Fault, less.saturating_add(1)) as usize
    }

    pub(super) fn state(&self) -> Held<'_, State> {
        self.0.state.lock()
    }

    pub(super) fn world(&self) -> &World {
        &self.0.world
    }

    pub(super) fn note(&self, event: impl FnOnce() -> String) {
        self.world().note(self.0.host, event);
    }

    fn format(&self) {
        let mut state = self.state();
        state.used -= state.tree.abandon();
        state.tree = Tree::new();
        let temporary = std::env::temp_dir();
        for path in [Path::new("/tmp"), &temporary] {
            self.make_dirs(&mut state, path).unwrap_or_else(|error| misplaced(path, &error));
        }
        let files = state.settings.files.clone();
        drop(state);
        for (path, contents) in files {
            self.put(&path, &contents).unwrap_or_else(|error| misplaced(&path, &error));
        }
    }

    /// Makes a directory and those above it, which are safe.
    fn make_dirs(&self, state: &mut State, path: &Path) -> io::Result<()> {
        if path.file_name().is_none() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_dirs(state, parent)?;
        }
        let place = state.tree.place(path)?;
        let directory = place.directory.clone();
        let there = directory.of.lock().get(&place.name);
        match there {
            Some(Node::Directory(_)) => Ok(()),
            Some(Node::File(_)) => Err(io::ErrorKind::NotADirectory.into()),
            None => {
                state.tree.set(place, Some(Node::Directory(inode(self.world().now()))), self.world().now());
                state.tree.sync(&directory);
                Ok(())
            }
        }
    }
}

impl State {
    /// Room for so many more bytes, which are taken.
    pub(super) fn take(&mut self, more: u64) -> io::Result<()> {
        match self.used.checked_add(more).filter(|used| *used <= self.settings.capacity) {
            Some(used) => {
                self.used = used;
                Ok(())
            }
            None => Err(errors::of(DiskFault::Full)),
        }
    }

    /// One more open file.
    pub(super) fn take_descriptor(&mut self) -> io::Result<()> {
        if self.open >= self.settings.descriptors {
            return Err(errors::of(DiskFault::Descriptors));
        }
        self.open += 1;
        Ok(())
    }
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what is on it, which may be much.
        let state = self.state();
        f.debug_struct("Drive")
            .field("host", &self.0.host)
            .field("used", &state.used)
            .field("open", &state.open)
            .finish_non_exhaustive()
    }
}

#[track_caller]
fn misplaced(path: &Path, error: &io::Error) {
    panic!(
        "the file {} cannot be put on a simulated disk: {error}; give it a path that no other file is in the way of",
        path.display()
    );
}
