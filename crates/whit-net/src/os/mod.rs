//! `OsNetwork`: the operating system's sockets as a [`Network`].

mod datagram;
pub(crate) mod direct;
pub(crate) mod hops;
mod listener;
mod setup;
mod stream;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, OnceLock};

use whit_core::{
    Blocking, BorrowedSource, Datagram, Handle, Home, Listener, Network, Reactor, Runnable, Schedule, ScheduleInfo,
    SocketOptions, Stream, Task, spawn,
};
use whit_reactor::Async;

#[cfg(unix)]
use std::os::fd::AsFd as AsSource;
#[cfg(windows)]
use std::os::windows::io::AsSocket as AsSource;

/// The operating system's network: sockets on a reactor, and name look-ups (`getaddrinfo`) on a blocking scheduler.
///
/// Programs rarely name it: the types of this crate find it by themselves. Name it to build a runtime by hand:
///
/// ```
/// use std::sync::Arc;
/// use whit_core::Handle;
/// use whit_net::{OsNetwork, TcpListener, TcpStream};
///
/// # futures_lite::future::block_on(async {
/// let handle = Handle::builder().network(OsNetwork::global()).build();
/// let listener = TcpListener::bind_in(&handle, "127.0.0.1:0").await?;
/// let stream = TcpStream::connect_in(&handle, listener.local_addr()?).await?;
/// # drop(stream);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct OsNetwork {
    // `None`: the current handle's at each call, or else the process-wide default.
    reactor: Option<Arc<dyn Reactor + Send + Sync>>,
    blocking: Option<Arc<dyn Blocking + Send + Sync>>,
}

impl OsNetwork {
    /// The system's network with its readiness from `reactor` and its look-ups on `blocking`.
    pub fn new(reactor: Arc<dyn Reactor + Send + Sync>, blocking: Arc<dyn Blocking + Send + Sync>) -> OsNetwork {
        OsNetwork { reactor: Some(reactor), blocking: Some(blocking) }
    }

    /// The one that is used outside every runtime: on the process-wide reactor and blocking pool, which start by themselves.
    pub fn global() -> Arc<OsNetwork> {
        static GLOBAL: OnceLock<Arc<OsNetwork>> = OnceLock::new();
        GLOBAL.get_or_init(Arc::default).clone()
    }

    /// Over the parts of `handle`; what it lacks is as in [`global`](OsNetwork::global).
    pub fn over(handle: &Handle) -> OsNetwork {
        OsNetwork { reactor: handle.reactor().ok().cloned(), blocking: handle.blocking().ok().cloned() }
    }
}

impl OsNetwork {
    /// Registers a socket that is non-blocking already.
    fn attach<T: AsSource>(&self, io: T) -> io::Result<Async<T>> {
        match &self.reactor {
            Some(reactor) => Async::new_nonblocking_in(io, reactor),
            None => Async::new_nonblocking(io),
        }
    }
}

/// Sockets that others have made.
impl OsNetwork {
    pub(crate) fn adopt_stream(&self, socket: std::net::TcpStream) -> io::Result<Arc<dyn Stream>> {
        socket.set_nonblocking(true)?;
        self.attach(socket).map(stream)
    }

    pub(crate) fn adopt_listener(&self, socket: std::net::TcpListener) -> io::Result<Arc<dyn Listener>> {
        socket.set_nonblocking(true)?;
        Ok(Arc::new(listener::OsListener::new(self.attach(socket)?, self.clone())))
    }

    pub(crate) fn adopt_datagram(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn Datagram>> {
        socket.set_nonblocking(true)?;
        self.attach(socket).map(datagram)
    }
}

pub(crate) fn stream(io: Async<std::net::TcpStream>) -> Arc<dyn Stream> {
    Arc::new(stream::OsStream::connected(io))
}

pub(crate) fn listener(io: Async<std::net::TcpListener>) -> Arc<dyn Listener> {
    Arc::new(listener::OsListener::new(io, OsNetwork::default()))
}

pub(crate) fn datagram(io: Async<std::net::UdpSocket>) -> Arc<dyn Datagram> {
    Arc::new(datagram::OsDatagram::new(io))
}

impl Network for OsNetwork {
    fn connect(&self, peer: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Stream>> {
        let socket = setup::connecting(peer, options)?;
        let io = self.attach(socket.into())?;
        // Two ends of one port are allowed to meet only if the caller chose both.
        let may_meet_itself = options.bind.is_some_and(|local| local.port() != 0);
        Ok(Arc::new(stream::OsStream::connecting(io, may_meet_itself)))
    }

    fn listen(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Listener>> {
        let socket = setup::listening(local, options)?;
        Ok(Arc::new(listener::OsListener::new(self.attach(socket.into())?, self.clone())))
    }

    fn bind(&self, local: SocketAddr, options: &SocketOptions) -> io::Result<Arc<dyn Datagram>> {
        let socket = setup::datagram(local, options)?;
        Ok(Arc::new(datagram::OsDatagram::new(self.attach(socket.into())?)))
    }

    fn resolve(&self, host: String, port: u16) -> Task<io::Result<Vec<SocketAddr>>> {
        let known = host.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, port));
        let home = match (known, &self.blocking) {
            (Some(_), _) => at_once(),
            (None, Some(blocking)) => blocking.clone(),
            (None, None) => whit_blocking::current_blocking() as Home,
        };
        // One future for all ways, as each that is spawned anywhere takes long to compile.
        spawn(&home, async move {
            match known {
                Some(address) => Ok(vec![address]),
                None => (&*host, port).to_socket_addrs().map(Iterator::collect),
            }
        })
    }
}

impl fmt::Debug for OsNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OsNetwork").field("reactor", &self.reactor).field("blocking", &self.blocking.is_some()).finish()
    }
}

/// A home whose tasks run while they are spawned. Only for futures that are ready and call nothing: a schedule function must
/// not run other people's code.
fn at_once() -> Home {
    struct AtOnce;
    impl Schedule for AtOnce {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            runnable.run();
        }
    }
    static HOME: OnceLock<Home> = OnceLock::new();
    HOME.get_or_init(|| Arc::new(AtOnce)).clone()
}

/// The descriptor of one of std's sockets.
#[cfg(unix)]
fn borrow(socket: &impl AsSource) -> BorrowedSource<'_> {
    socket.as_fd()
}

/// The descriptor of one of std's sockets.
#[cfg(windows)]
fn borrow(socket: &impl AsSource) -> BorrowedSource<'_> {
    socket.as_socket()
}
