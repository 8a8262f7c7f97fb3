//! The limit: an edge-triggered epoll loop with nothing around it; two of them, with a listener each, for two workers. All
//! connections of a loop share one buffer, which stays warm, or `OWN` one each, as they do wherever each is a task.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::mpsc::Sender;
use std::time::Duration;

use rustix::event::epoll;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::{ANY, DATAGRAM, Service};
use crate::net::wait::wait;

/// The listener's mark among the connections'.
const LISTENER: u64 = u64::MAX;

pub(crate) fn serve<const THREADS: usize, const OWN: bool>(service: Service, ready: Sender<SocketAddr>) {
    if let Service::Datagrams = service {
        return datagrams(&ready).expect("loopback works");
    }
    let first = listener(ANY).expect("a port is free");
    let addr = first.local_addr().expect("bound");
    for _ in 1..THREADS {
        let more = listener(addr).expect("the port may be shared");
        std::thread::spawn(move || streams(service, OWN, more).expect("loopback works"));
    }
    ready.send(addr).expect("awaited");
    streams(service, OWN, first).expect("loopback works");
}

fn listener(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM.cloexec(), Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    socket.bind(&addr.into())?;
    socket.listen(1024)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A connection, and what of its last message could not be written yet.
struct Peer {
    stream: TcpStream,
    unsent: Vec<u8>,
    // Empty if all share one.
    own: Vec<u8>,
}

fn streams(service: Service, own: bool, listener: TcpListener) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &listener, epoll::EventData::new_u64(LISTENER), epoll::EventFlags::IN)?;
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let size = if let Service::Echo { buffer } = service { buffer } else { 1 };
    let mut shared = vec![0; size];
    let mut events = Vec::with_capacity(1024);
    loop {
        wait(&epoll, &mut events, Duration::from_secs(1))?;
        for event in events.drain(..) {
            let data = event.data;
            if data.u64() == LISTENER {
                let Ok((stream, _)) = listener.accept() else { continue };
                if let Service::Echo { .. } = service {
                    add(&epoll, stream, if own { size } else { 0 }, &mut peers)?;
                }
                continue;
            }
            let slot = &mut peers[data.u64() as usize];
            if slot.as_mut().is_some_and(|peer| peer.turn(&mut shared).is_err()) {
                *slot = None;
            }
        }
    }
}

fn add(epoll: &OwnedFd, stream: TcpStream, own: usize, peers: &mut Vec<Option<Peer>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let both = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
    epoll::add(epoll, &stream, epoll::EventData::new_u64(peers.len() as u64), both)?;
    peers.push(Some(Peer { stream, unsent: Vec::new(), own: vec![0; own] }));
    Ok(())
}

impl Peer {
    fn turn(&mut self, shared: &mut [u8]) -> Result<(), Errno> {
        let mut own = std::mem::take(&mut self.own);
        let done = self.go_on(if own.is_empty() { shared } else { &mut own });
        self.own = own;
        done
    }

    /// Reads and writes until the socket has nothing more to read, or takes no more.
    fn go_on(&mut self, buffer: &mut [u8]) -> Result<(), Errno> {
        if !self.unsent.is_empty() {
            let unsent = std::mem::take(&mut self.unsent);
            self.write(&unsent)?;
        }
        while self.unsent.is_empty() {
            let read = match rustix::io::read(&self.stream, &mut *buffer) {
                Ok(0) => return Err(Errno::CONNRESET),
                Ok(read) => read,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error),
            };
            self.write(&buffer[..read])?;
            if read < buffer.len() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            match rustix::io::write(&self.stream, bytes) {
                Ok(written) => bytes = &bytes[written..],
                Err(Errno::AGAIN) => {
                    self.unsent.extend_from_slice(bytes);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn datagrams(ready: &Sender<SocketAddr>) -> io::Result<()> {
    let socket = UdpSocket::bind(ANY)?;
    socket.set_nonblocking(true)?;
    ready.send(socket.local_addr()?).expect("awaited");
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, &socket, epoll::EventData::new_u64(0), epoll::EventFlags::IN | epoll::EventFlags::ET)?;
    let (mut buffer, mut events) = ([0; DATAGRAM], Vec::with_capacity(1));
    loop {
        wait(&epoll, &mut events, Duration::from_secs(1))?;
        while let Ok((read, from)) = socket.recv_from(&mut buffer) {
            socket.send_to(&buffer[..read], from)?;
        }
    }
}
