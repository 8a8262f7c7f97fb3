//! Std's ways.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

pub(crate) fn read<S>(mut socket: &S, buf: &mut [u8]) -> io::Result<usize>
where
    for<'a> &'a S: Read,
{
    socket.read(buf)
}

pub(crate) fn write<S>(mut socket: &S, buf: &[u8]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    socket.write(buf)
}

pub(crate) fn read_vectored<S>(mut socket: &S, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize>
where
    for<'a> &'a S: Read,
{
    socket.read_vectored(bufs)
}

pub(crate) fn write_vectored<S>(mut socket: &S, bufs: &[IoSlice<'_>]) -> io::Result<usize>
where
    for<'a> &'a S: Write,
{
    socket.write_vectored(bufs)
}

pub(crate) fn recv(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<usize> {
    socket.recv(buf)
}

pub(crate) fn send(socket: &UdpSocket, buf: &[u8]) -> io::Result<usize> {
    socket.send(buf)
}

pub(crate) fn recv_from(socket: &UdpSocket, buf: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    socket.recv_from(buf)
}

pub(crate) fn send_to(socket: &UdpSocket, buf: &[u8], to: SocketAddr) -> io::Result<usize> {
    socket.send_to(buf, to)
}

/// The connection does not block.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (socket, peer) = listener.accept()?;
    socket.set_nonblocking(true)?;
    Ok((socket, peer))
}
