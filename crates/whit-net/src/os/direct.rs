//! Reading and writing a socket, on Linux without the C library.
//!
//! In a program with several threads the C library brackets `recv` and `send` with what cancelling a thread would need, which
//! nobody does in Rust: an eighth of the instructions that a small message costs outside the kernel. `rustix` makes the system
//! call itself.

use std::io;
use std::net::TcpStream;

/// As `Read::read`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn read(socket: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    let (read, _) = rustix::net::recv(socket, buf, rustix::net::RecvFlags::empty())?;
    Ok(read)
}

/// As `Write::write`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn write(socket: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    // A peer that is gone is an error and not a signal.
    Ok(rustix::net::send(socket, buf, rustix::net::SendFlags::NOSIGNAL)?)
}

/// As `Read::read`.
#[cfg(not(target_os = "linux"))]
pub(super) fn read(mut socket: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    io::Read::read(&mut socket, buf)
}

/// As `Write::write`.
#[cfg(not(target_os = "linux"))]
pub(super) fn write(mut socket: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    io::Write::write(&mut socket, buf)
}
