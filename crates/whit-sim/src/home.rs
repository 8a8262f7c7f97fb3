//! `HostHome`: where the tasks of one program on one host live. All the unsafe promises of this crate are in this file.

#![allow(unsafe_code, reason = "homes make promises to their tasks, and the seams ask for them by unsafe verbs")]

use std::fmt;
use std::io;
use std::num::NonZeroU64;
use std::sync::Arc;

use whit_core::{
    Adoption, Blocking, BorrowedSource, Confined, Interest, Kept, RawSource, Reactor, Runnable, Schedule, ScheduleInfo,
    Source, SourceKey, TaskId, UnhandledPanic,
};

use crate::HostId;
use crate::room::{Room, SeatId};
use crate::trace::Event;
use crate::world::World;

/// The home of a program's tasks; or of its closures that may block, which run in line with them.
pub(crate) struct HostHome {
    pub(crate) room: Arc<Room>,
    pub(crate) world: World,
    pub(crate) host: HostId,
    pub(crate) seat: SeatId,
    pub(crate) blocking: bool,
}

impl Schedule for HostHome {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.room.schedule(runnable, self.seat);
    }

    fn adopt(&self, runnable: &Runnable) -> Adoption {
        if !self.room.is_own_thread() {
            // The runnable becomes a stray, and the engine complains of it.
            return Adoption::decline();
        }
        let meta = runnable.meta();
        let (task, parent) = self.room.adopt(meta, self.seat, self.blocking);
        let (name, location, blocking) = (meta.name(), meta.location(), self.blocking);
        self.world.record(self.host, Event::Spawn { task, parent, name, location, blocking });
        // SAFETY: the engine keeps every home until the room is empty, and leaks them if it never is: see `Homes`.
        unsafe { Adoption::accept(self) }
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        // SAFETY: it is being kept.
        let (waker, meta) = unsafe { (task.waker(), task.meta()) };
        self.room.keep(&waker, meta);
        // On 32 bits the numbers of tasks come round after four thousand million of them.
        Some(meta.id().get() as usize)
    }

    unsafe fn release(&self, key: Option<usize>) {
        let id = key.and_then(|key| NonZeroU64::new(key as u64)).map(TaskId::from_number);
        if let Some(task) = self.room.release(id) {
            self.world.record(self.host, Event::End { task });
        }
    }

    fn confined(&self) -> Option<Confined> {
        // SAFETY: rule 2 of the room: a runnable, from wherever it comes, is run and dropped by the engine, which is on this
        // thread if the room is.
        self.room.is_own_thread().then(|| unsafe { Confined::to_this_thread() })
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        let name = panic.name().map(|name| format!("{name:?}, ")).unwrap_or_default();
        let message = panic.message().unwrap_or("a payload that is not text");
        self.room.unhandled(format!(
            "a task ({name}spawned at {}) panicked, and nobody awaits it: {message}",
            panic.location()
        ));
    }
}

impl Blocking for HostHome {}

impl fmt::Debug for HostHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostHome").field("host", &self.host).field("seat", &self.seat).finish_non_exhaustive()
    }
}

/// Every home of a simulation, kept until no task is left that counts on one.
#[derive(Default)]
pub(crate) struct Homes(Vec<Arc<HostHome>>);

impl Homes {
    pub(crate) fn add(&mut self, home: HostHome) -> Arc<HostHome> {
        let home = Arc::new(home);
        self.0.push(home.clone());
        home
    }
}

impl Drop for Homes {
    fn drop(&mut self) {
        // A task whose future could not be dropped (a thread took its runnable and never came back) keeps its home for ever.
        if self.0.first().is_some_and(|home| home.room.len() > 0) {
            std::mem::forget(std::mem::take(&mut self.0));
        }
    }
}

/// The reactor of a simulation: it has none of the system's descriptors, and says so.
pub(crate) struct NoReactor(pub(crate) Arc<Room>);

impl NoReactor {
    fn refuse(&self, call: &str) -> io::Error {
        let who = self.0.look_at_current(|known| match known {
            Some(known) => format!("the task that was spawned at {}", known.location),
            None => "the root future".to_owned(),
        });
        io::Error::new(
            io::ErrorKind::Unsupported,
            format!(
                "`{call}` was called inside a simulation by {who}, with a descriptor of the operating system (`whit::Async`, a Unix \
                 socket, a child process, a signal): the simulation cannot see nor repeat what comes from there; use the types of \
                 `whit::net`, or run this part outside"
            ),
        )
    }
}

impl Reactor for NoReactor {
    unsafe fn register(&self, _: RawSource, _: Arc<Source>) -> io::Result<SourceKey> {
        Err(self.refuse("Reactor::register"))
    }

    fn deregister(&self, _: BorrowedSource<'_>, _: SourceKey) -> io::Result<()> {
        Err(self.refuse("Reactor::deregister"))
    }

    fn rearm(&self, _: BorrowedSource<'_>, _: SourceKey, _: Interest) -> io::Result<()> {
        Err(self.refuse("Reactor::rearm"))
    }
}

impl fmt::Debug for NoReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoReactor")
    }
}
