//! A network that answers after the times it was told, on a clock that stands still.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use whit_core::{
    BorrowedSource, Clock, Datagram, Handle, Listener, ManualClock, Network, SocketOptions, Stream, Task, TimerKey,
};

/// How a connect to an address ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// It stands after this time.
    Connects(Duration),
    /// It fails after this time.
    Fails(Duration, io::ErrorKind),
    /// It cannot even be begun.
    CannotBegin(io::ErrorKind),
}

/// What happened, and when, counted from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Began(Duration, SocketAddr),
    Dropped(Duration, SocketAddr),
}

pub(crate) struct FakeNetwork {
    clock: Arc<ManualClock>,
    answers: HashMap<SocketAddr, Answer>,
    log: Arc<Log>,
}

struct Log {
    clock: Arc<ManualClock>,
    start: Instant,
    events: Mutex<Vec<Event>>,
}

impl FakeNetwork {
    pub(crate) fn new(answers: impl IntoIterator<Item = (SocketAddr, Answer)>) -> Arc<FakeNetwork> {
        let clock = Arc::new(ManualClock::new());
        let log = Log { clock: clock.clone(), start: clock.now(), events: Mutex::default() };
        Arc::new(FakeNetwork { clock, answers: answers.into_iter().collect(), log: Arc::new(log) })
    }

    pub(crate) fn handle(self: &Arc<Self>) -> Handle {
        Handle::builder().network(self.clone()).clock(self.clock.clone()).build()
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        &self.clock
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.log.events.lock().unwrap().clone()
    }
}

impl Log {
    fn put(&self, event: impl FnOnce(Duration) -> Event) {
        self.events.lock().unwrap().push(event(self.clock.now() - self.start));
    }
}

impl Network for FakeNetwork {
    fn connect(&self, peer: SocketAddr, _: &SocketOptions) -> io::Result<Arc<dyn Stream>> {
        self.log.put(|at| Event::Began(at, peer));
        let (after, failure) = match self.answers[&peer] {
            Answer::Connects(after) => (after, None),
            Answer::Fails(after, kind) => (after, Some(kind)),
            Answer::CannotBegin(kind) => return Err(kind.into()),
        };
        let deadline = self.clock.now() + after;
        let key = Mutex::default();
        Ok(Arc::new(FakeStream { clock: self.clock.clone(), log: self.log.clone(), peer, deadline, failure, key }))
    }

    fn listen(&self, _: SocketAddr, _: &SocketOptions) -> io::Result<Arc<dyn Listener>> {
        unsupported()
    }

    fn bind(&self, _: SocketAddr, _: &SocketOptions) -> io::Result<Arc<dyn Datagram>> {
        unsupported()
    }

    fn resolve(&self, host: String, port: u16) -> Task<io::Result<Vec<SocketAddr>>> {
        let found = match &*host {
            "two.example" => Ok(vec![SocketAddr::from(([1, 1, 1, 1], port)), SocketAddr::from(([2, 2, 2, 2], port))]),
            "none.example" => Ok(Vec::new()),
            _ => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        };
        spawn_ready(found)
    }
}

fn spawn_ready<T: Send + 'static>(value: T) -> Task<T> {
    struct AtOnce;
    impl whit_core::Schedule for AtOnce {
        fn schedule(&self, runnable: whit_core::Runnable, _: whit_core::ScheduleInfo) {
            runnable.run();
        }
    }
    whit_core::spawn(&(Arc::new(AtOnce) as whit_core::Home), std::future::ready(value))
}

struct FakeStream {
    clock: Arc<ManualClock>,
    log: Arc<Log>,
    peer: SocketAddr,
    deadline: Instant,
    failure: Option<io::ErrorKind>,
    key: Mutex<TimerKey>,
}

impl Drop for FakeStream {
    fn drop(&mut self) {
        self.clock.cancel(self.key.get_mut().unwrap());
        self.log.put(|at| Event::Dropped(at, self.peer));
    }
}

impl Stream for FakeStream {
    fn poll_connected(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.clock.poll_until(&mut self.key.lock().unwrap(), self.deadline, cx));
        Poll::Ready(self.failure.map_or(Ok(()), |kind| Err(kind.into())))
    }
    fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
    fn poll_read_vectored(&self, _: &mut Context<'_>, _: &mut [IoSliceMut<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
    fn poll_peek(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(0))
    }
    fn poll_write(&self, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_write_vectored(&self, _: &mut Context<'_>, bufs: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bufs.iter().map(|b| b.len()).sum()))
    }
    fn shutdown(&self, _: Shutdown) -> io::Result<()> {
        Ok(())
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        unsupported()
    }
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
    fn set_nodelay(&self, _: bool) -> io::Result<()> {
        unsupported()
    }
    fn nodelay(&self) -> io::Result<bool> {
        unsupported()
    }
    fn set_ttl(&self, _: u32) -> io::Result<()> {
        unsupported()
    }
    fn ttl(&self) -> io::Result<u32> {
        unsupported()
    }
    fn raw(&self) -> Option<BorrowedSource<'_>> {
        None
    }
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

impl fmt::Debug for FakeNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeNetwork").field("answers", &self.answers).finish_non_exhaustive()
    }
}

impl fmt::Debug for FakeStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeStream").field("peer", &self.peer).finish_non_exhaustive()
    }
}
