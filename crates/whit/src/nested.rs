//! Which runtime a thread belongs to, so that a `run` inside a `run` can name the outer one.

use std::cell::Cell;
use std::marker::PhantomData;
use std::panic::Location;

thread_local! {
    static RUNNING: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
}

/// The line that started the runtime this thread works for; `None` outside every runtime.
pub fn running() -> Option<&'static Location<'static>> {
    RUNNING.get()
}

/// Marks this thread as a worker of the runtime started at `started`, until the guard is dropped.
pub(crate) fn enter(started: &'static Location<'static>) -> Running {
    Running { before: RUNNING.replace(Some(started)), not_send: PhantomData }
}

pub(crate) struct Running {
    before: Option<&'static Location<'static>>,
    not_send: PhantomData<*mut ()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(self.before);
    }
}
