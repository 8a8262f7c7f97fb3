//! A listening TCP socket of the operating system.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use whit_core::{BorrowedSource, Dir, Listener, Stream};
use whit_reactor::Async;

use super::stream::OsStream;
use super::{OsNetwork, direct, hops};

#[derive(Debug)]
pub(super) struct OsListener {
    io: Async<TcpListener>,
    // What it accepts is registered where it is.
    network: OsNetwork,
}

impl OsListener {
    pub(super) fn new(io: Async<TcpListener>, network: OsNetwork) -> OsListener {
        OsListener { io, network }
    }
}

impl Listener for OsListener {
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(Arc<dyn Stream>, SocketAddr)>> {
        loop {
            match ready!(self.io.poll_io(Dir::Read, cx, direct::accept)) {
                Ok((socket, peer)) => {
                    let stream = OsStream::connected(self.network.attach(socket)?);
                    return Poll::Ready(Ok((Arc::new(stream), peer)));
                }
                // It died in the queue, which the caller need not know. Each turn takes one from the queue.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        hops::set(self.io.get_ref(), self.local_addr()?, ttl)
    }

    fn ttl(&self) -> io::Result<u32> {
        hops::get(self.io.get_ref(), self.local_addr()?)
    }

    fn raw(&self) -> Option<BorrowedSource<'_>> {
        Some(super::borrow(self.io.get_ref()))
    }
}
