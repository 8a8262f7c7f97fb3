//! Jobs: functions with a name, by which a child finds them.

use std::fmt;
use std::sync::OnceLock;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::JobError;
use super::frame::{DONE, PANICKED, SERDE, UNREGISTERED, frame};

/// The argument by which a child knows what it is.
#[cfg_attr(windows, expect(dead_code, reason = "no children there"))]
pub(super) const CHILD: &str = "--whit-process-pool-child";

static JOBS: OnceLock<Vec<&'static dyn AnyJob>> = OnceLock::new();

/// A function that may run in a child, and its name. Several arguments are a tuple.
///
/// ```
/// use whit_process::pool::Job;
///
/// fn add((a, b): (i32, i32)) -> i32 {
///     a + b
/// }
///
/// static ADD: Job<(i32, i32), i32> = Job::new("add", add);
/// ```
pub struct Job<A, R> {
    name: &'static str,
    function: fn(A) -> R,
}

impl<A, R> Job<A, R> {
    /// A job. The name is its own among those that are given to [`init`], and up to 255 bytes long.
    ///
    /// # Panics
    ///
    /// If the name is longer; when compiled, if it is made for a `static`.
    pub const fn new(name: &'static str, function: fn(A) -> R) -> Job<A, R> {
        assert!(name.len() <= u8::MAX as usize, "the name of a job is longer than 255 bytes");
        Job { name, function }
    }
}

impl<A: Serialize, R: DeserializeOwned> Job<A, R> {
    pub(super) fn request(&self, arguments: &A) -> Result<Vec<u8>, JobError> {
        let arguments = postcard::to_stdvec(arguments).map_err(serde)?;
        frame(&[&[self.name.len() as u8], self.name.as_bytes(), &arguments])
    }

    pub(super) fn result(&self, answer: &[u8]) -> Result<R, JobError> {
        let Some((kind, bytes)) = answer.split_first() else { return Err(JobError::Serde("an empty answer".into())) };
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match *kind {
            DONE => postcard::from_bytes(bytes).map_err(serde),
            PANICKED => Err(JobError::Panicked(text())),
            UNREGISTERED => Err(JobError::Unregistered(self.name.into())),
            _ => Err(JobError::Serde(text())),
        }
    }
}

/// A [`Job`] of any type; nothing else is one.
pub trait AnyJob: sealed::AnyJob + Sync {}

mod sealed {
    pub trait AnyJob {
        fn name(&self) -> &'static str;
        /// The kind of the answer, and its bytes.
        fn call(&self, arguments: &[u8]) -> (u8, Vec<u8>);
    }
}

impl<A: DeserializeOwned, R: Serialize> AnyJob for Job<A, R> {}

impl<A: DeserializeOwned, R: Serialize> sealed::AnyJob for Job<A, R> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn call(&self, arguments: &[u8]) -> (u8, Vec<u8>) {
        let arguments = match postcard::from_bytes(arguments) {
            Ok(arguments) => arguments,
            Err(error) => return (SERDE, error.to_string().into_bytes()),
        };
        // Nothing of ours is broken by a panic in it.
        let called = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (self.function)(arguments)));
        match called.as_ref().map(postcard::to_stdvec) {
            Ok(Ok(result)) => (DONE, result),
            Ok(Err(error)) => (SERDE, error.to_string().into_bytes()),
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
                (PANICKED, text.unwrap_or("with no text").as_bytes().to_vec())
            }
        }
    }
}

/// Says which jobs there are. **To be called first in `main`**: in a child of a pool it runs jobs and does not return.
///
/// # Panics
///
/// If it is called twice, or two jobs have one name.
#[track_caller]
pub fn init(jobs: &[&'static dyn AnyJob]) {
    for (i, job) in jobs.iter().enumerate() {
        assert!(jobs[..i].iter().all(|other| other.name() != job.name()), "two jobs are called `{}`", job.name());
    }
    assert!(JOBS.set(jobs.to_vec()).is_ok(), "whit_process::pool::init was called twice");
    #[cfg(unix)]
    if std::env::args_os().nth(1).is_some_and(|argument| argument == CHILD) {
        super::serve::serve();
    }
}

pub(super) fn is_initialised() -> bool {
    JOBS.get().is_some()
}

/// In a child: the answer to a request.
#[cfg(unix)]
pub(super) fn answer(request: &[u8]) -> (u8, Vec<u8>) {
    let named = request.split_first().and_then(|(length, rest)| rest.split_at_checked(usize::from(*length)));
    let Some((name, arguments)) = named else { return (SERDE, b"the request is cut off".to_vec()) };
    let jobs = JOBS.get().map_or(&[][..], Vec::as_slice);
    match jobs.iter().find(|job| job.name().as_bytes() == name) {
        Some(job) => job.call(arguments),
        None => (UNREGISTERED, Vec::new()),
    }
}

fn serde(error: postcard::Error) -> JobError {
    JobError::Serde(error.to_string())
}

impl<A, R> fmt::Debug for Job<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}
