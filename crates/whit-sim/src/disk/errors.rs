//! Errors as a system tells them: with its numbers on Unix, so that programs which look at those find them.

use std::io;

use super::settings::DiskFault;

pub(super) fn of(fault: DiskFault) -> io::Error {
    match fault {
        DiskFault::Io => numbered(5, io::ErrorKind::Other, "the disk failed"),
        DiskFault::Full | DiskFault::Short => io::ErrorKind::StorageFull.into(),
        DiskFault::Descriptors => numbered(24, io::ErrorKind::Other, "no descriptor is left"),
    }
}

/// It was not opened for this.
pub(super) fn not_opened_so(asked: &'static str) -> io::Error {
    let text = format!("it was not opened to be {asked}");
    numbered(9, io::ErrorKind::PermissionDenied, text)
}

/// The program that asks died.
pub(super) fn crashed() -> io::Error {
    io::Error::other("the host of this file has crashed: what was open then reaches no disk any more")
}

fn numbered(number: i32, kind: io::ErrorKind, text: impl Into<String>) -> io::Error {
    if cfg!(unix) { io::Error::from_raw_os_error(number) } else { io::Error::new(kind, text.into()) }
}
