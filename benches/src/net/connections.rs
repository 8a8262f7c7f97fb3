//! The load of the row of connections: open, wait until the server closes, open the next; a few at the same time.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use clap::Args;
use rustix::event::epoll;
use rustix::net::sockopt::set_socket_linger;

use super::load::Seen;
use super::wait::wait;

const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args, Clone, Debug)]
pub(crate) struct Connections {
    pub(crate) addr: SocketAddr,
    /// Warm-up, in milliseconds.
    #[arg(long)]
    pub(crate) warm: u64,
    /// Measured, in milliseconds.
    #[arg(long)]
    pub(crate) measured: u64,
}

/// Runs it; to be called in its own process.
pub(crate) fn run(wanted: &Connections) -> Result<(), String> {
    let seen = wanted.run().map_err(|error| format!("connecting to {} failed: {error}", wanted.addr))?;
    println!("{}", serde_json::to_string(&seen).map_err(|error| error.to_string())?);
    Ok(())
}

impl Connections {
    fn run(&self) -> io::Result<Seen> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let mut open = (0..AT_ONCE).map(|at| self.open(&epoll, at)).collect::<io::Result<Vec<_>>>()?;
        let (mut started, mut measuring) = (Instant::now(), false);
        let (mut closed, mut ever, mut heard) = (0, 0, started);
        let mut events = Vec::with_capacity(AT_ONCE);
        loop {
            let now = Instant::now();
            let since = now - started;
            if !measuring && since >= Duration::from_millis(self.warm) {
                println!("begin");
                (ever, closed, started, measuring) = (closed, 0, Instant::now(), true);
            } else if measuring && since >= Duration::from_millis(self.measured) {
                return Ok(Seen {
                    messages: closed,
                    ever: ever + closed,
                    nanos: since.as_nanos() as f64,
                    curve: Vec::new(),
                });
            }
            wait(&epoll, &mut events, Duration::from_millis(20))?;
            if !events.is_empty() {
                heard = now;
            } else if now - heard > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "no connection was closed for 5 s"));
            }
            for event in events.drain(..) {
                let data = event.data;
                let at = data.u64() as usize;
                open[at] = self.open(&epoll, at)?;
                closed += 1;
            }
        }
    }

    /// Closing it resets it, so that no port is kept waiting, and the ports do not run out.
    fn open(&self, epoll: &std::os::fd::OwnedFd, at: usize) -> io::Result<TcpStream> {
        let stream = TcpStream::connect(self.addr)?;
        set_socket_linger(&stream, Some(Duration::ZERO))?;
        let ends = epoll::EventFlags::IN | epoll::EventFlags::RDHUP | epoll::EventFlags::ET;
        epoll::add(epoll, &stream, epoll::EventData::new_u64(at as u64), ends)?;
        Ok(stream)
    }
}
