//! Starting a thread.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread. What it does is boxed, so that `std`'s part is compiled once and not for each kind of thread.
pub(crate) fn start(
    name: String,
    stack_size: Option<usize>,
    work: Box<dyn FnOnce() + Send>,
) -> io::Result<JoinHandle<()>> {
    let mut thread = Builder::new().name(name);
    if let Some(bytes) = stack_size {
        thread = thread.stack_size(bytes);
    }
    thread.spawn(work)
}
