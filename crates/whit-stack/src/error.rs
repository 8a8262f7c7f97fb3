//! Why there is no stack.

use std::error::Error;
use std::fmt;
use std::io;

/// Why there is no stack. The text says what was asked, what went wrong and what to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum StackError {
    /// Only Linux on x86-64 and 64-bit ARM has stacks of other threads.
    Unsupported,
    /// Every realtime signal has a handler already, or none can be installed.
    NoSignal(io::Error),
    /// The signal could not be sent: there is no such thread in this process, say.
    NoThread(u32, io::Error),
    /// The thread did not take the signal in time: it blocks it, or waits for a disk.
    NoAnswer(u32),
    /// The system does not let the process read its own memory by `process_vm_readv`.
    NoCopy(io::Error),
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackError::Unsupported => {
                f.write_str("stacks of other threads are to be had on Linux only, on x86-64 and 64-bit ARM")
            }
            StackError::NoSignal(error) => write!(
                f,
                "no realtime signal is free to ask a thread for its stack: {error}; leave one without a handler"
            ),
            StackError::NoThread(id, error) => write!(
                f,
                "the thread {id} was asked for its stack and could not be reached: {error}; it must be one of this process that still runs"
            ),
            StackError::NoAnswer(id) => write!(
                f,
                "the thread {id} was asked for its stack and did not answer in time: it blocks realtime signals, or waits for a device; see /proc/self/task/{id}/stat"
            ),
            StackError::NoCopy(error) => write!(
                f,
                "a thread was asked for its stack, and the system did not let it be copied: {error}; allow process_vm_readv in the sandbox"
            ),
        }
    }
}

impl Error for StackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StackError::NoSignal(error) | StackError::NoThread(_, error) | StackError::NoCopy(error) => Some(error),
            StackError::Unsupported | StackError::NoAnswer(_) => None,
        }
    }
}
