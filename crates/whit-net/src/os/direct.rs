//! Reading and writing a socket, on Linux without the C library.
//!
//! In a program with several threads the C library brackets `recv` and `send` with what cancelling a thread would need, which
//! nobody does in Rust: an eighth of the instructions that a small message costs outside the kernel. `rustix` makes the system
//! call itself, and in this place, so that nothing has returned yet where [`refill_returns`] is called.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::TcpStream;

#[cfg(target_os = "linux")]
use whit_core::refill_returns;

/// As `Read::read`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn read(socket: &TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    let read = rustix::net::recv(socket, buf, rustix::net::RecvFlags::empty());
    refill_returns();
    Ok(read?.0)
}

/// As `Write::write`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn write(socket: &TcpStream, buf: &[u8]) -> io::Result<usize> {
    // A peer that is gone is an error and not a signal.
    let written = rustix::net::send(socket, buf, rustix::net::SendFlags::NOSIGNAL);
    refill_returns();
    Ok(written?)
}

/// As `Read::read_vectored`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn read_vectored(socket: &TcpStream, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let read = rustix::io::readv(socket, bufs);
    refill_returns();
    Ok(read?)
}

/// As `Write::write_vectored`.
#[cfg(target_os = "linux")]
#[inline]
pub(super) fn write_vectored(socket: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let written = rustix::io::writev(socket, bufs);
    refill_returns();
    Ok(written?)
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

/// As `Read::read_vectored`.
#[cfg(not(target_os = "linux"))]
pub(super) fn read_vectored(mut socket: &TcpStream, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    io::Read::read_vectored(&mut socket, bufs)
}

/// As `Write::write_vectored`.
#[cfg(not(target_os = "linux"))]
pub(super) fn write_vectored(mut socket: &TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    io::Write::write_vectored(&mut socket, bufs)
}
