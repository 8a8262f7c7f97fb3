//! What a system must supply.

use std::io;

/// Signals that are caught until this is dropped.
pub(super) struct Caught;

impl Caught {
    /// Catches them: the first calls `first` on a thread that may lock, the second ends the process.
    pub(super) fn new(_name: &str, _first: Box<dyn Fn() + Send + Sync>) -> io::Result<Caught> {
        let text = "Ctrl-C is not caught on this system yet; it ends the program";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }
}
