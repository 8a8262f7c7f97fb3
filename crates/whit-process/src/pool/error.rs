//! What can go wrong with a pool, and with a job.

use std::error::Error;
use std::fmt;
use std::io;
use std::process::ExitStatus;

/// A pool could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// It was to have no processes.
    NoProcesses,
    /// [`init`](super::init) was not called.
    NotInitialised,
    /// There is no such pool on this system.
    Unsupported,
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PoolError::NoProcesses => "a pool of 0 processes was asked for, which could never run a job; give it at least 1",
            PoolError::NotInitialised => {
                "making a process pool failed: `whit_process::pool::init` was not called, and a child would run `main` as we do; call it first in `main`"
            }
            PoolError::Unsupported => "making a process pool failed: there is none on this system; use the blocking pool",
        })
    }
}

impl Error for PoolError {}

/// A job gave no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum JobError {
    /// Its process ended before it answered: it crashed, was killed, or called `exit`.
    Ended(ExitStatus),
    /// It panicked with this text. Its process lives.
    Panicked(String),
    /// It is not among those that [`init`](super::init) was given.
    Unregistered(String),
    /// Its arguments or its result cannot be written as postcard, or read again.
    Serde(String),
    /// Its process could not be started.
    Start(io::Error),
    /// Talking with its process failed.
    Io(io::Error),
}

impl fmt::Display for JobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JobError::Ended(status) => write!(f, "the job's process ended before it answered: {status}"),
            JobError::Panicked(text) => write!(f, "the job panicked: {text}"),
            JobError::Unregistered(name) => {
                write!(f, "the job `{name}` is not registered: give it to `whit_process::pool::init`")
            }
            JobError::Serde(text) => write!(f, "the job's arguments or result could not be passed on: {text}"),
            JobError::Start(error) => write!(f, "the job's process could not be started: {error}"),
            JobError::Io(error) => write!(f, "talking with the job's process failed: {error}"),
        }
    }
}

impl Error for JobError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            JobError::Start(error) | JobError::Io(error) => Some(error),
            _ => None,
        }
    }
}
