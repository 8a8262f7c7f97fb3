//! Which thread runs on which core, and how many descriptors a process may open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where the server and the load run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// The server on one core, the load on another.
    Apart,
    /// Both on the same core: no wake crosses cores, so that only work counts.
    Together,
    /// Where the system puts them.
    Anywhere,
}

impl Place {
    /// Cores for the server and for the load, and a sentence if there are too few.
    fn cores(self) -> (Option<usize>, Option<usize>, Option<String>) {
        let allowed = sched_getaffinity(None).unwrap_or_default();
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let (first, second) = (cores.next(), cores.next());
        match self {
            Place::Apart if second.is_none() => {
                (first, first, Some("server and load shared a core, as there is only one".to_owned()))
            }
            Place::Apart => (first, second, None),
            Place::Together => (first, first, None),
            Place::Anywhere => (None, None, None),
        }
    }

    /// Keeps this thread, and those that it starts, where the load belongs.
    pub(crate) fn pin_load(self, notes: &mut Vec<String>) {
        let (_, load, note) = self.cores();
        notes.extend(note);
        notes.extend(load.and_then(pin));
    }

    /// Keeps this thread, and those that it starts, where the server belongs. To be called before
    /// [`pin_load`](Place::pin_load) in the thread that starts both, as a pinned thread sees one core only.
    pub(crate) fn server_core(self) -> Option<usize> {
        self.cores().0
    }
}

/// Keeps this thread on the core; a sentence if it may not.
pub(crate) fn pin(core: usize) -> Option<String> {
    let mut only = CpuSet::new();
    only.set(core);
    let failed = sched_setaffinity(None, &only).err()?;
    Some(format!("nothing was pinned, as a thread may not be kept on a core here: {failed}"))
}

/// Lets this process, and those that it starts, open that many descriptors.
pub(crate) fn descriptors(wanted: u64) -> Result<(), String> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let most = now.maximum.unwrap_or(u64::MAX);
    if most < wanted {
        return Err(format!("needs {wanted} descriptors, and the limit is {most}; raise it with `ulimit -Hn`"));
    }
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: now.maximum })
        .map_err(|error| format!("needs {wanted} descriptors, and the limit could not be raised: {error}"))
}
