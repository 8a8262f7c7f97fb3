//! `TcpListener`: accepts connections.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream as AsyncStream;
use whit_core::{BorrowedSource, Handle, Listener, SocketOptions};

use super::TcpStream;
use super::stream::proceed;
use crate::addrs::{AsyncToSocketAddrs, lookup};
use crate::error::explain;
use crate::parts::Parts;

/// A listening TCP socket. Any number of tasks may accept from it, and cloning gives another handle of the same socket.
///
/// See [`TcpStream`] for an example.
#[derive(Clone)]
pub struct TcpListener {
    inner: Arc<dyn Listener>,
}

impl TcpListener {
    /// Listens on the first of the addresses that is free. Port 0 lets the system choose:
    /// [`local_addr`](TcpListener::local_addr) tells which.
    ///
    /// The address is reused on Unix (`SO_REUSEADDR`), and 1,024 connections may wait to be accepted;
    /// [`TcpSocket`](crate::TcpSocket) has other settings.
    ///
    /// # Errors
    ///
    /// The name cannot be looked up, or each address is taken or not ours. The text names the last address tried.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up: no socket is left. Only the look-up of a name waits; with an address the first poll is
    /// ready.
    pub async fn bind<A: AsyncToSocketAddrs>(addrs: A) -> io::Result<TcpListener> {
        Self::bind_with(Parts::current(), addrs, &SocketOptions::default()).await
    }

    /// As [`bind`](TcpListener::bind), with the parts of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`bind`](TcpListener::bind).
    ///
    /// # Cancel safety
    ///
    /// As for [`bind`](TcpListener::bind).
    pub async fn bind_in<A: AsyncToSocketAddrs>(handle: &Handle, addrs: A) -> io::Result<TcpListener> {
        Self::bind_with(Parts::of(handle), addrs, &SocketOptions::default()).await
    }

    pub(super) async fn bind_with<A: AsyncToSocketAddrs>(
        parts: Parts,
        addrs: A,
        options: &SocketOptions,
    ) -> io::Result<TcpListener> {
        let addrs = lookup(&parts, addrs.to_addrs()).await?;
        crate::first_of(&addrs, "listening on", |addr| parts.network().listen(addr, options)).map(TcpListener::new)
    }

    /// Wraps a listening socket of any [`Network`](whit_core::Network).
    pub fn new(inner: Arc<dyn Listener>) -> TcpListener {
        TcpListener { inner }
    }

    /// The socket as its network sees it.
    pub fn get_ref(&self) -> &Arc<dyn Listener> {
        &self.inner
    }

    /// Waits for a connection and accepts it.
    ///
    /// # Errors
    ///
    /// An error concerns one connection, and the listener stays usable. A connection that has died before it was accepted
    /// is passed over. When no descriptor is left, the connection goes on waiting in the system's queue, and the next call
    /// fails at once with the same error: a server should then wait a little, so that other tasks can close theirs.
    ///
    /// ```no_run
    /// # async fn serve(stream: whit_net::TcpStream) {}
    /// # fn spawn(future: impl Future) {}
    /// # async fn example(listener: whit_net::TcpListener) -> std::io::Result<()> {
    /// loop {
    ///     match listener.accept().await {
    ///         Ok((stream, _)) => spawn(serve(stream)),
    ///         Err(error) if whit_net::is_out_of_descriptors(&error) => {
    ///             eprintln!("{error}");
    ///             whit_timers::sleep(std::time::Duration::from_millis(100)).await;
    ///         }
    ///         Err(error) => return Err(error),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection: it is accepted in the poll that returns it.
    ///
    /// # Fairness
    ///
    /// A new connection wakes every task that waits here, and the first one to try gets it. Each accept takes one unit of the
    /// task's [budget](whit_core::budget).
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// The connections as a stream that never ends; the addresses are in [`TcpStream::peer_addr`].
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        proceed(cx, |cx| self.inner.poll_accept(cx)).map(|accepted| match accepted {
            Ok((stream, peer)) => Ok((TcpStream::new(stream), peer)),
            Err(error) => Err(match self.local_addr() {
                Ok(local) => explain(error, format_args!("accepting a connection on {local}")),
                Err(_) => explain(error, "accepting a connection"),
            }),
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The hop limit for what it accepts.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Sets the hop limit for what it accepts.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// The descriptor, if the socket is the system's and not a simulation's.
    pub fn raw(&self) -> Option<BorrowedSource<'_>> {
        self.inner.raw()
    }
}

/// The connections of a [`TcpListener`] as a stream that never ends. Errors are as for [`TcpListener::accept`].
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl AsyncStream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpListener").field("local", &self.local_addr().ok()).finish()
    }
}
