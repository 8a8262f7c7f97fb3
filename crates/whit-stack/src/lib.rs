//! The stack of another thread of the same process, on Linux.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`, with its feature `blocked-stack`: then the report on a poll that blocks shows where.
//! Depend on `whit-stack` if you have a watchdog of your own.
//!
//! # Example
//!
//! ```
//! use std::sync::mpsc;
//! use std::thread;
//! use std::time::Duration;
//!
//! # if !whit_stack::is_supported() { return Ok(()) }
//! let (sender, id) = mpsc::channel();
//! let stuck = thread::spawn(move || {
//!     sender.send(whit_stack::thread_id()).unwrap();
//!     thread::sleep(Duration::from_millis(200));
//! });
//! thread::sleep(Duration::from_millis(50));
//! let stack = whit_stack::of_thread(id.recv().unwrap().unwrap())?;
//! assert!(stack.to_string().contains("sleep"));
//! # stuck.join().unwrap();
//! # Ok::<(), whit_stack::StackError>(())
//! ```
//!
//! # How it works
//!
//! [`of_thread`] sends a signal to the thread. Its handler does what a handler may do at any point of a program, and no more: it
//! notes the registers, lets the kernel copy the innermost 256 KiB of the stack, and returns. It takes no lock, allocates
//! nothing, and never waits, so that a thread that is inside `malloc` or holds any other lock goes on at once. The copy
//! is unwound afterwards, on the thread that asked, by the tables that the compiler wrote for panics (`.eh_frame`), which are
//! read by way of the kernel as well, so that a library that is being unloaded makes no harm. Names and lines are looked
//! up when they are asked for.
//!
//! The signal is the highest realtime one that nobody handles when the first stack is asked for, and stays ours for the life
//! of the process.
//!
//! **What the thread notices.** The handler is installed with `SA_RESTART`, so most system calls go on where they were.
//! Those that Linux never restarts end with `EINTR` (`std::io::ErrorKind::Interrupted`), as after any signal: `poll`, `select`,
//! `epoll_wait`, `nanosleep` and `clock_nanosleep`, `semop`, `msgrcv`, `io_getevents`, `sigtimedwait`, and sockets with a time-out
//! (`SO_RCVTIMEO`, `SO_SNDTIMEO`). `std` goes on by itself in `thread::sleep`, in locks and condition variables, and in `read_exact`,
//! `read_to_end` and `write_all`; a bare `sleep`, `usleep` or `poll` of C returns early. See `man 7 signal`.
//!
//! # Cancellation and panics
//!
//! Nothing here is asynchronous, and nothing panics. One stack at a time: a second caller waits for the first.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! - Linux on x86-64 and, compiled but never run so far, on 64-bit ARM. Elsewhere [`of_thread`] is an error.
//! - The innermost 256 KiB and 128 frames. Code without unwind tables ends the stack, and says so.
//! - A thread that blocks the signal, or waits for a disk in a way that no signal interrupts, does not answer.
//! - Looking up names takes the lock of the dynamic loader, which `dlopen` holds: a thread that is stuck in there makes
//!   *whoever asks for names* wait until it is done.
//! - The first look-up of names reads the program's debug information, which takes some 10 ms, and seconds if this crate and what it
//!   needs are compiled without optimization.
//! - Where the system refuses `process_vm_readv` (some sandboxes do), there is no stack.

mod error;
#[cfg(loom)]
#[doc(hidden)]
pub mod exchange;
#[cfg(all(
    not(loom),
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod exchange;
mod stack;
#[cfg(all(
    not(loom),
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
#[path = "linux/mod.rs"]
mod sys;
#[cfg(not(all(
    not(loom),
    target_os = "linux",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
#[path = "elsewhere.rs"]
mod sys;

pub use error::StackError;
pub use stack::{Frame, Stack, Symbol};

/// Whether there are stacks on this system.
pub const fn is_supported() -> bool {
    sys::SUPPORTED
}

/// The kernel's number of the calling thread, for [`of_thread`]; `None` where that is not supported.
pub fn thread_id() -> Option<u32> {
    sys::thread_id()
}

/// The stack of that thread, which goes on meanwhile: what it was at one moment.
///
/// Takes a fraction of a millisecond when it is not the first, and at most 120 ms if the thread does not answer.
///
/// # Errors
///
/// [`StackError`]: there is no such thread in this process, it does not answer, or this system has no stacks.
pub fn of_thread(id: u32) -> Result<Stack, StackError> {
    sys::of_thread(id)
}
