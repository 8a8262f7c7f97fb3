//! Sockets over loopback, with a reactor that has its turn when the case says so: no connection, byte or datagram is lost.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::io::{Read, Write};
use std::net::{self, Ipv4Addr, Shutdown, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use whit::Handle;
use whit::net::{TcpListener, TcpSocket, TcpStream, UdpSocket};
use whit::parts::core::{Enter, ManualClock};
use whit::parts::{Park, Reactor};
use whit::prelude::*;

use crate::explorer::{Acts, End, Explorer, STRICT};

/// The kernel may have something before the reactor tells.
/// It keeps the waker of whoever waited, until the next event.
const SOCKETS: Explorer = Explorer { polls: 3, may_see_first: true, may_keep_waker: true, ..STRICT };

const LOOPBACK: SocketAddr = SocketAddr::new(net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

struct World {
    reactor: Arc<Reactor>,
    _entered: Enter,
}

fn world() -> World {
    let reactor = Arc::new(Reactor::new().unwrap());
    let handle = Handle::builder().reactor(reactor.clone()).clock(Arc::new(ManualClock::new())).build();
    World { reactor, _entered: handle.enter() }
}

impl World {
    /// The reactor's turn: it tells what has happened until now.
    fn turn(&self) {
        self.reactor.park(Some(Instant::now() + Duration::from_millis(1))).unwrap();
    }

    /// Runs a future to its end.
    #[track_caller]
    fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        let (mut future, started) = (pin!(future), Instant::now());
        loop {
            match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(output) => return output,
                Poll::Pending => self.turn(),
            }
            assert!(started.elapsed() < Duration::from_secs(30), "it never ends: something was lost");
        }
    }

    /// Both ends of a connection, the other one std's.
    fn pair(&self) -> (TcpStream, net::TcpStream) {
        let listener = net::TcpListener::bind(LOOPBACK).unwrap();
        let stream = self.finish(TcpStream::connect_to(listener.local_addr().unwrap())).unwrap();
        (stream, listener.accept().unwrap().0)
    }
}

/// A connection that came for a dropped accept comes out of the next one.
#[test]
fn an_accept() {
    struct Accepts {
        world: World,
        listener: TcpListener,
        client: RefCell<Option<net::TcpStream>>,
    }
    let accepts = || {
        let world = world();
        let listener = world.finish(TcpListener::bind(LOOPBACK)).unwrap();
        Accepts { world, listener, client: RefCell::default() }
    };
    let accept = |world: Rc<Accepts>| async move { world.listener.accept().await.unwrap() };
    let acts: Acts<'_, Accepts> = &[
        &|world| {
            let mut client = net::TcpStream::connect(world.listener.local_addr().unwrap()).unwrap();
            client.write_all(b"!").unwrap();
            *world.client.borrow_mut() = Some(client);
        },
        &|world| world.world.turn(),
    ];
    SOCKETS.explore(accepts, accept, acts, |world, mine| {
        let (mut stream, from) = mine.unwrap_or_else(|| world.world.finish(world.listener.accept()).unwrap());
        assert_eq!(from, world.client.borrow().as_ref().unwrap().local_addr().unwrap());
        let mut byte = [0];
        world.world.finish(stream.read_exact(&mut byte)).unwrap();
        assert_eq!(&byte, b"!");
        let mut another = pin!(world.listener.accept());
        assert!(another.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending(), "one, and not two");
    });
}

/// A connection whose connect is dropped is closed: the other side sees its end.
#[test]
fn a_connect() {
    struct Connects {
        world: World,
        listener: net::TcpListener,
    }
    let connects = || Connects { world: world(), listener: net::TcpListener::bind(LOOPBACK).unwrap() };
    let connect = |world: Rc<Connects>| {
        let to = world.listener.local_addr().unwrap();
        async move { TcpStream::connect_to(to).await.unwrap() }
    };
    let acts: Acts<'_, Connects> = &[&|world| world.world.turn()];
    // Over loopback there is nothing to wait for.
    let at_once = Explorer { may_miss: &[End::Waiting, End::WokenAndLeft], ..SOCKETS };
    at_once.explore(connects, connect, acts, |world, mine| {
        world.listener.set_nonblocking(mine.is_none()).unwrap();
        let Ok((mut peer, _)) = world.listener.accept() else { return };
        peer.set_nonblocking(false).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut heard = Vec::new();
        let wanted: &[u8] = match mine {
            Some(mut stream) => {
                world.world.finish(stream.write_all(b"!")).unwrap();
                b"!"
            }
            None => b"",
        };
        peer.read_to_end(&mut heard).unwrap();
        assert_eq!(heard, wanted, "and then the end");
    });
}

/// The listener has no room, and so the connect waits; dropped, its socket goes with it.
#[test]
#[cfg(target_os = "linux")]
fn a_connect_that_waits() {
    struct Connects {
        world: World,
        to: SocketAddr,
        _listener: TcpListener,
        _in_line: Vec<net::TcpStream>,
    }
    let connects = || {
        let world = world();
        let listener = world.finish(TcpSocket::new().backlog(1).listen(LOOPBACK)).unwrap();
        let to = listener.local_addr().unwrap();
        let in_line = (0..8).map_while(|_| net::TcpStream::connect_timeout(&to, Duration::from_millis(20)).ok());
        let in_line = in_line.collect();
        assert_eq!(world.reactor.len(), 1);
        Connects { world, to, _listener: listener, _in_line: in_line }
    };
    let connect = |world: Rc<Connects>| {
        let to = world.to;
        async move { TcpStream::connect_to(to).await.map(drop) }
    };
    let acts: Acts<'_, Connects> = &[&|world| world.world.turn()];
    let waits = Explorer { polls: 2, may_miss: &[End::WokenAndLeft, End::Ready], ..SOCKETS };
    waits.explore(connects, connect, acts, |world, mine| {
        assert!(mine.is_none());
        assert_eq!(world.world.reactor.len(), 1, "only the listener is registered");
    });
}

#[test]
fn a_read() {
    struct Reads {
        world: World,
        stream: RefCell<TcpStream>,
        peer: RefCell<net::TcpStream>,
    }
    let reads = || {
        let world = world();
        let (stream, peer) = world.pair();
        Reads { world, stream: RefCell::new(stream), peer: RefCell::new(peer) }
    };
    let read = |world: Rc<Reads>| async move {
        let mut buffer = [0; 4];
        let count = world.stream.borrow_mut().read(&mut buffer).await.unwrap();
        buffer[..count].to_vec()
    };
    let acts: Acts<'_, Reads> =
        &[&|world| world.peer.borrow_mut().write_all(b"abc").unwrap(), &|world| world.world.turn(), &|world| {
            world.peer.borrow_mut().write_all(b"def").unwrap()
        }];
    SOCKETS.explore(reads, read, acts, |world, mine| {
        let mut all = mine.unwrap_or_default();
        world.peer.borrow().shutdown(Shutdown::Write).unwrap();
        world.world.finish(world.stream.borrow_mut().read_to_end(&mut all)).unwrap();
        assert_eq!(all, b"abcdef");
    });
}

#[test]
fn a_write() {
    struct Writes {
        world: World,
        stream: RefCell<TcpStream>,
        peer: RefCell<net::TcpStream>,
        /// Bytes that fill both buffers, and those that the peer has read.
        filled: usize,
        heard: Cell<usize>,
    }
    let writes = || {
        let world = world();
        let (mut stream, peer) = world.pair();
        let mut filled = 0;
        while let Some(count) = whit::block_on(whit::future::poll_once(stream.write(&[1; 65536]))) {
            filled += count.unwrap();
        }
        peer.set_nonblocking(true).unwrap();
        let (stream, peer) = (RefCell::new(stream), RefCell::new(peer));
        Writes { world, stream, peer, filled, heard: Cell::new(0) }
    };
    let write = |world: Rc<Writes>| async move { world.stream.borrow_mut().write(&[2; 1000]).await.unwrap() };
    let hears = |world: &Writes| {
        let mut buffer = [0; 65536];
        while let Ok(count @ 1..) = world.peer.borrow_mut().read(&mut buffer) {
            let ours = world.filled.saturating_sub(world.heard.get()).min(count);
            assert!(buffer[..ours].iter().all(|byte| *byte == 1) && buffer[ours..count].iter().all(|byte| *byte == 2));
            world.heard.set(world.heard.get() + count);
        }
    };
    let acts: Acts<'_, Writes> = &[&|world| hears(world), &|world| world.world.turn()];
    SOCKETS.explore(writes, write, acts, |world, mine| {
        let (wanted, started) = (world.filled + mine.unwrap_or(0), Instant::now());
        while world.heard.get() < wanted && started.elapsed() < Duration::from_secs(30) {
            hears(world);
        }
        // The end comes behind everything that was written.
        world.world.finish(world.stream.borrow_mut().close()).unwrap();
        world.peer.borrow().set_nonblocking(false).unwrap();
        hears(world);
        assert_eq!(world.heard.get(), wanted, "what it said that it took, and nothing if it was dropped");
    });
}

#[test]
fn a_datagram() {
    struct Receives {
        world: World,
        socket: UdpSocket,
        peer: net::UdpSocket,
    }
    let receives = || {
        let world = world();
        let socket = world.finish(UdpSocket::bind(LOOPBACK)).unwrap();
        let peer = net::UdpSocket::bind(LOOPBACK).unwrap();
        peer.connect(socket.local_addr().unwrap()).unwrap();
        Receives { world, socket, peer }
    };
    async fn receive(socket: &UdpSocket) -> u8 {
        let mut byte = [0];
        assert_eq!(socket.recv_from(&mut byte).await.unwrap().0, 1);
        byte[0]
    }
    let recv = |world: Rc<Receives>| async move { receive(&world.socket).await };
    let acts: Acts<'_, Receives> =
        &[&|world| assert_eq!(world.peer.send(&[1]).unwrap(), 1), &|world| world.world.turn(), &|world| {
            assert_eq!(world.peer.send(&[2]).unwrap(), 1)
        }];
    SOCKETS.explore(receives, recv, acts, |world, mine| {
        let first = mine.unwrap_or_else(|| world.world.finish(receive(&world.socket)));
        assert_eq!((first, world.world.finish(receive(&world.socket))), (1, 2));
    });
}
