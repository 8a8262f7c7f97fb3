//! `UnixListener`: accepts connections from processes of this machine.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use whit_core::{Dir, Handle};
use whit_reactor::Async;

use super::{UnixStream, attach, attach_at};
use crate::error::explain;
use crate::tcp::proceed;

/// A listening Unix domain socket. Any number of tasks may accept from it, and cloning gives another handle of it.
///
/// Its path stays behind when it is dropped, and must be removed before somebody can bind to it again.
///
/// ```
/// use whit_net::unix::{UnixListener, UnixStream};
///
/// # futures_lite::future::block_on(async {
/// # let path = std::env::temp_dir().join(format!("whit-net-doc-{}", std::process::id()));
/// # let _ = std::fs::remove_file(&path);
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (server, _) = listener.accept().await?;
/// # drop((client, server));
/// std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct UnixListener {
    inner: Arc<Async<net::UnixListener>>,
    // What it accepts is registered where it is; `None` for the current or the process-wide reactor.
    handle: Option<Handle>,
}

impl UnixListener {
    /// Creates the socket `path` and listens there.
    ///
    /// # Errors
    ///
    /// Something is at the path already (`AddrInUse`), or it cannot be made. The text names the path.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        Self::bind_with(None, path.as_ref())
    }

    /// As [`bind`](UnixListener::bind), with the reactor of `handle`.
    ///
    /// # Errors
    ///
    /// As for [`bind`](UnixListener::bind).
    pub fn bind_in<P: AsRef<Path>>(handle: &Handle, path: P) -> io::Result<UnixListener> {
        Self::bind_with(Some(handle), path.as_ref())
    }

    fn bind_with(handle: Option<&Handle>, path: &Path) -> io::Result<UnixListener> {
        let explained = |error| explain(error, format_args!("listening on {}", path.display()));
        let listener = net::UnixListener::bind(path).map_err(explained)?;
        let inner = attach_at(path, handle, listener).map_err(explained)?;
        Ok(UnixListener { inner: Arc::new(inner), handle: handle.cloned() })
    }

    /// Waits for a connection and accepts it.
    ///
    /// # Errors
    ///
    /// An error concerns one connection, and the listener stays usable; what to do when no descriptor is left is told at
    /// [`TcpListener::accept`](crate::TcpListener::accept).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// The connections as a stream that never ends.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        let accepted = ready!(proceed(cx, |cx| self.inner.poll_io(Dir::Read, cx, net::UnixListener::accept)));
        let attached =
            accepted.and_then(|(stream, peer)| Ok((UnixStream::new(attach(self.handle.as_ref(), stream)?), peer)));
        Poll::Ready(attached.map_err(|error| explain(error, "accepting a connection on a Unix socket")))
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.get_ref().local_addr()
    }
}

/// The connections of a [`UnixListener`] as a stream that never ends. Errors are as for [`UnixListener::accept`].
#[derive(Clone, Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

impl Stream for Incoming<'_> {
    type Item = io::Result<UnixStream>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.listener.poll_accept(cx).map(|accepted| Some(accepted.map(|(stream, _)| stream)))
    }
}

impl AsFd for UnixListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.get_ref().as_fd()
    }
}

impl TryFrom<net::UnixListener> for UnixListener {
    type Error = io::Error;

    /// Takes std's listener over and makes it non-blocking.
    fn try_from(listener: net::UnixListener) -> io::Result<UnixListener> {
        Ok(Async::new(listener)?.into())
    }
}

impl From<Async<net::UnixListener>> for UnixListener {
    fn from(listener: Async<net::UnixListener>) -> UnixListener {
        UnixListener { inner: Arc::new(listener), handle: None }
    }
}

impl From<UnixListener> for Arc<Async<net::UnixListener>> {
    fn from(listener: UnixListener) -> Self {
        listener.inner
    }
}
