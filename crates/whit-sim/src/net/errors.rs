//! Errors with the kinds of the real ones, and with the system's number where programs look at it.

use std::io;

/// `EMFILE`, as `is_out_of_descriptors` of whit-net knows it.
pub(super) fn out_of_descriptors() -> io::Error {
    io::Error::from_raw_os_error(if cfg!(windows) { 10024 } else { 24 })
}

/// A datagram longer than the protocol allows.
pub(super) fn message_too_long() -> io::Error {
    io::Error::from_raw_os_error(match () {
        () if cfg!(windows) => 10040,
        () if cfg!(any(target_os = "linux", target_os = "android")) => 90,
        () => 40,
    })
}

/// A datagram to nobody: sent by a socket that is not connected.
pub(super) fn no_destination() -> io::Error {
    io::Error::from_raw_os_error(match () {
        () if cfg!(windows) => 10039,
        () if cfg!(any(target_os = "linux", target_os = "android")) => 89,
        () => 39,
    })
}

/// An address of the other family than the socket's.
pub(super) fn wrong_family() -> io::Error {
    io::Error::from_raw_os_error(match () {
        () if cfg!(windows) => 10047,
        () if cfg!(any(target_os = "linux", target_os = "android")) => 97,
        () => 47,
    })
}

/// A name that nobody has. std gives its look-ups' errors a kind that cannot be named, but can be had.
pub(super) fn unknown_name() -> io::Error {
    look_up("Name or service not known")
}

/// Nobody who knows names could be asked.
pub(super) fn names_unavailable() -> io::Error {
    look_up("Temporary failure in name resolution")
}

fn look_up(why: &str) -> io::Error {
    let unnamed = io::Error::from_raw_os_error(i32::MAX).kind();
    io::Error::new(unnamed, format!("failed to lookup address information: {why}"))
}

/// What destructors of a crashed host are told; it has no other code that could ask.
pub(super) fn host_is_down(host: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::NetworkDown,
        format!("using the network of host {host:?} failed: it has crashed, and was not restarted yet"),
    )
}
