//! Unix domain sockets: streams, listeners and datagrams between processes of one machine.
//!
//! They are always the operating system's, on the current handle's reactor or on the process-wide one.

mod datagram;
mod listener;
mod stream;

pub use datagram::UnixDatagram;
pub use listener::{Incoming, UnixListener};
pub use stream::UnixStream;

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use whit_core::Handle;
use whit_reactor::Async;

/// Registers a socket with the reactor of `handle`, or with the current or the process-wide one.
fn attach<T: AsFd>(handle: Option<&Handle>, io: T) -> io::Result<Async<T>> {
    match handle.and_then(|handle| handle.reactor().ok()) {
        Some(reactor) => Async::new_in(io, reactor),
        None => Async::new(io),
    }
}

/// As [`attach`], for a socket that has just made `path`, which does not stay behind if there is no such reactor: in a
/// simulation, say.
fn attach_at<T: AsFd>(path: &Path, handle: Option<&Handle>, io: T) -> io::Result<Async<T>> {
    attach(handle, io).inspect_err(|_| drop(std::fs::remove_file(path)))
}
