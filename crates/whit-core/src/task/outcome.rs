//! What a task ends with: a value, or a panic that somebody should see.

use std::any::Any;
use std::fmt;
use std::panic::Location;

use crate::{Home, Meta, TaskId, quietly};

/// A panic of a task whose handle was detached or dropped; given to [`Schedule::unhandled`](crate::Schedule::unhandled).
pub struct UnhandledPanic {
    payload: Box<dyn Any + Send>,
    id: TaskId,
    name: Option<Box<str>>,
    location: &'static Location<'static>,
    home: Home,
}

impl UnhandledPanic {
    pub(crate) fn new(meta: &Meta, home: Home, payload: Box<dyn Any + Send>) -> UnhandledPanic {
        let (id, name, location) = (meta.id(), meta.name().map(Box::from), meta.location());
        UnhandledPanic { payload, id, name, location, home }
    }

    /// What `panic!` was given.
    pub fn payload(&self) -> &(dyn Any + Send) {
        &*self.payload
    }

    /// The panic's message, if it was text.
    pub fn message(&self) -> Option<&str> {
        let payload = self.payload();
        payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(|text| &**text))
    }

    /// The task that panicked.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The line that spawned it.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }
}

impl fmt::Display for UnhandledPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = self.name() {
            write!(f, " ({name:?})")?;
        }
        let message = self.message().unwrap_or("a payload that is not text");
        write!(f, ", spawned at {}, panicked and nobody awaits it: {message}", self.location)
    }
}

impl fmt::Debug for UnhandledPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnhandledPanic")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("location", &format_args!("{}", self.location))
            .field("message", &self.message())
            .finish()
    }
}

/// What a task ends with. Boxed: panics are rare and outputs often small.
pub(super) type Outcome<T> = Result<T, Box<UnhandledPanic>>;

/// The value, or the panic goes on here.
pub(super) fn open<T>(outcome: Outcome<T>) -> T {
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic.payload))
}

/// Drops what nobody has asked for. The panic hook has told of a panic in there; to let it out would harm whoever comes by.
pub(super) fn discard<T>(outcome: Outcome<T>) {
    match outcome {
        Ok(value) => {
            if std::mem::needs_drop::<T>() {
                quietly(|| drop(value));
            }
        }
        Err(panic) => tell(panic),
    }
}

#[cold]
fn tell(panic: Box<UnhandledPanic>) {
    quietly(|| panic.home.unhandled(&panic));
    quietly(|| drop(panic));
}
