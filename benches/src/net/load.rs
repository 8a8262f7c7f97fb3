//! The load of the echo rows: one hand-written epoll loop that keeps one message under way on each connection.
//!
//! A process of its own, the same for every contender: `bench load …`. It says `begin` when the warm-up is over and the
//! measuring starts, and at the end a line of JSON.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use clap::Args;
use rustix::event::epoll;
use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::wait::wait;
use crate::sample::QUANTILES;

/// Connections that are opened before the first of them is used: fewer than any contender's backlog.
const AT_ONCE: usize = 50;
/// Nothing at all came for so long: the server is gone.
const PATIENCE: Duration = Duration::from_secs(5);
/// A datagram that did not come back within this was lost.
const LOST: Duration = Duration::from_millis(200);

#[derive(Args, Clone, Debug)]
pub(crate) struct Load {
    pub(crate) addr: SocketAddr,
    #[arg(long)]
    pub(crate) connections: usize,
    /// Bytes of a message.
    #[arg(long)]
    pub(crate) size: usize,
    /// Warm-up, in milliseconds.
    #[arg(long)]
    pub(crate) warm: u64,
    /// Measured, in milliseconds.
    #[arg(long)]
    pub(crate) measured: u64,
    #[arg(long)]
    pub(crate) udp: bool,
}

/// What the load saw.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Answers while it was measured.
    pub(crate) messages: u64,
    /// Answers of the whole process, so that what else was counted over its life can be divided.
    pub(crate) ever: u64,
    /// How long it was measured.
    pub(crate) nanos: f64,
    pub(crate) curve: Vec<f64>,
}

struct Peer {
    socket: OwnedFd,
    to_write: usize,
    to_read: usize,
    since: Instant,
}

/// Runs it; to be called in its own process.
pub(crate) fn run(load: &Load) -> Result<(), String> {
    let seen = load.run().map_err(|error| format!("the load on {} failed: {error}", load.addr))?;
    println!("{}", serde_json::to_string(&seen).map_err(|error| error.to_string())?);
    Ok(())
}

impl Load {
    fn run(&self) -> io::Result<Seen> {
        let mut peers = self.connect()?;
        let mut ever = peers.len() as u64;
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let both = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        for (at, peer) in peers.iter().enumerate() {
            epoll::add(&epoll, &peer.socket, epoll::EventData::new_u64(at as u64), both)?;
        }
        let (mut buffer, payload) = (vec![0; 64 * 1024], vec![7; self.size]);
        let mut histogram = Histogram::new();
        let (mut started, mut measuring) = (Instant::now(), false);
        let mut heard = started;
        let mut events = Vec::with_capacity(1024);
        loop {
            let now = Instant::now();
            let since = now - started;
            if !measuring && since >= Duration::from_millis(self.warm) {
                println!("begin");
                ever += histogram.total();
                (histogram, started, measuring) = (Histogram::new(), Instant::now(), true);
            } else if measuring && since >= Duration::from_millis(self.measured) && histogram.total() > 0 {
                let curve = QUANTILES.iter().map(|part| histogram.quantile(*part)).collect();
                let messages = histogram.total();
                return Ok(Seen { messages, ever: ever + messages, nanos: since.as_nanos() as f64, curve });
            }
            wait(&epoll, &mut events, Duration::from_millis(20))?;
            if !events.is_empty() {
                heard = now;
            } else if now - heard > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no answer came for 5 s"));
            } else if self.udp {
                peers.iter_mut().filter(|peer| now - peer.since > LOST).for_each(|peer| peer.next(self.size));
                peers.iter_mut().try_for_each(|peer| peer.write(&payload))?;
            }
            for event in events.drain(..) {
                let data = event.data;
                peers[data.u64() as usize].go_on(&payload, &mut buffer, &mut histogram)?;
            }
        }
    }

    /// Connects, and sends one message over each connection, so that the server has accepted it.
    fn connect(&self) -> io::Result<Vec<Peer>> {
        let (payload, mut back) = (vec![7; self.size], vec![0; self.size]);
        let mut peers = Vec::with_capacity(self.connections);
        while peers.len() < self.connections {
            let batch = AT_ONCE.min(self.connections - peers.len());
            if self.udp {
                for _ in 0..batch {
                    let socket = UdpSocket::bind("127.0.0.1:0")?;
                    socket.connect(self.addr)?;
                    socket.set_read_timeout(Some(PATIENCE))?;
                    socket.send(&payload)?;
                    socket.recv(&mut back)?;
                    socket.set_nonblocking(true)?;
                    peers.push(Peer::new(socket.into(), self.size));
                }
                continue;
            }
            let streams = (0..batch).map(|_| TcpStream::connect(self.addr)).collect::<io::Result<Vec<_>>>()?;
            for mut stream in streams {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.write_all(&payload)?;
                stream.read_exact(&mut back)?;
                stream.set_nonblocking(true)?;
                peers.push(Peer::new(stream.into(), self.size));
            }
        }
        Ok(peers)
    }
}

impl Peer {
    /// Registered with epoll, it is writable, and so the first event sends the first message.
    fn new(socket: OwnedFd, size: usize) -> Peer {
        Peer { socket, to_write: size, to_read: size, since: Instant::now() }
    }

    fn next(&mut self, size: usize) {
        (self.to_write, self.to_read, self.since) = (size, size, Instant::now());
    }

    fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        while self.to_write > 0 {
            match rustix::io::write(&self.socket, &payload[payload.len() - self.to_write..]) {
                Ok(written) => self.to_write -= written,
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// One read and one write for a message that comes in one piece. Edge-triggered: a short read has emptied the socket.
    fn go_on(&mut self, payload: &[u8], buffer: &mut [u8], histogram: &mut Histogram) -> io::Result<()> {
        if self.to_write > 0 {
            self.write(payload)?;
            if self.to_read == payload.len() && self.to_write > 0 {
                return Ok(());
            }
        }
        loop {
            let read = match rustix::io::read(&self.socket, &mut *buffer) {
                Ok(0) => return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed a connection")),
                Ok(read) => read,
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            self.to_read = self.to_read.saturating_sub(read);
            if self.to_read == 0 && self.to_write == 0 {
                histogram.add(self.since.elapsed().as_nanos() as u64);
                self.next(payload.len());
                self.write(payload)?;
            }
            if read < buffer.len() {
                return Ok(());
            }
        }
    }
}
