//! Faults that cost an event, or time: panicking wakers, reads that stop short, deadlines, races while arming.
#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use whit_core::{Dir, Interest, Park, Source};
use whit_reactor::{AsSource, Async, Reactor, SharedReactor};

struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[derive(Default)]
struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Parks until `done` says so, or the time is up.
fn drive(reactor: &Reactor, mut done: impl FnMut() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        if done() {
            return true;
        }
        let _ = catch_unwind(AssertUnwindSafe(|| reactor.park(Some(until))));
    }
    done()
}

/// Reads with a large buffer until `wanted` bytes are there.
fn read_all<T: AsSource>(reactor: &Reactor, io: &Async<T>, wanted: &[u8]) -> bool
where
    for<'a> &'a T: Read,
{
    let mut got = Vec::new();
    let mut buffer = [0; 100];
    let mut cx = Context::from_waker(Waker::noop());
    drive(reactor, || {
        while let Poll::Ready(read) = io.poll_read_stream(&mut cx, &mut buffer) {
            match read.unwrap() {
                0 => break,
                length => got.extend_from_slice(&buffer[..length]),
            }
        }
        got == wanted
    })
}

#[test]
fn a_waker_that_panics_costs_nobody_else_an_event() {
    for reactor in [Reactor::new().unwrap(), Reactor::oneshot().unwrap()] {
        let reactor = Arc::new(reactor);
        let shared: SharedReactor = reactor.clone();
        let pairs: Vec<_> = (0..8)
            .map(|_| {
                let (one, two) = UnixStream::pair().unwrap();
                (one, Async::new_in(two, &shared).unwrap())
            })
            .collect();
        let counts: Vec<_> = pairs.iter().map(|_| Arc::new(Count::default())).collect();
        for ((_, io), count) in pairs.iter().zip(&counts) {
            assert!(io.poll_readable(&mut Context::from_waker(&Arc::new(Panics).into())).is_pending());
            assert!(io.poll_readable(&mut Context::from_waker(&count.clone().into())).is_pending());
        }
        for (near, _) in &pairs {
            (&mut &*near).write_all(b"x").unwrap();
        }
        assert!(drive(&reactor, || counts.iter().all(|count| count.0.load(Ordering::SeqCst) > 0)));
    }
}

/// A wait takes some of the events that there are, those that came first; the next wait takes the rest.
#[test]
fn a_wait_takes_a_handful_and_in_the_order_of_the_events() {
    const SOURCES: usize = 150;
    for reactor in [Reactor::new().unwrap(), Reactor::oneshot().unwrap()] {
        let reactor = Arc::new(reactor);
        let shared: SharedReactor = reactor.clone();
        let pairs = (0..SOURCES).map(|_| {
            let (near, far) = UnixStream::pair().unwrap();
            (near, Async::new_in(far, &shared).unwrap(), Arc::new(Count::default()))
        });
        let pairs: Vec<_> = pairs.collect();
        // Away with the news that they are writable.
        (0..SOURCES).for_each(|_| reactor.park(Some(Instant::now())).unwrap());
        for (_, io, count) in &pairs {
            assert!(io.poll_readable(&mut Context::from_waker(&count.clone().into())).is_pending());
        }
        // Not in the order of registration.
        for (near, ..) in pairs.iter().rev() {
            (&mut &*near).write_all(b"x").unwrap();
        }
        let told = || pairs.iter().rev().map(|(.., count)| count.0.load(Ordering::SeqCst) == 1).collect::<Vec<_>>();
        let (mut before, mut waits) = (0, 0);
        while before < SOURCES {
            reactor.park(Some(Instant::now())).unwrap();
            let told = told();
            let now = told.iter().filter(|told| **told).count();
            assert!(told[..now].iter().all(|told| *told), "a later event overtook an earlier one");
            assert!((before + 1..=before + 64).contains(&now), "a wait took {} events", now - before);
            (before, waits) = (now, waits + 1);
        }
        assert_eq!(waits, 3);
    }
}

#[test]
fn bytes_behind_a_descriptor_that_was_sent_along_are_read() {
    let reactor = Arc::new(Reactor::new().unwrap());
    let (near, far) = UnixStream::pair().unwrap();
    let far = Async::new_in(far, &(reactor.clone() as SharedReactor)).unwrap();
    send_with_descriptor(&near, b"a");
    (&near).write_all(b"b").unwrap();
    assert!(read_all(&reactor, &far, b"ab"));
}

#[test]
fn bytes_behind_urgent_data_are_read() {
    let reactor = Arc::new(Reactor::new().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = Async::new_in(listener.accept().unwrap().0, &(reactor.clone() as SharedReactor)).unwrap();
    let socket = socket2::SockRef::from(&near);
    socket.set_tcp_nodelay(true).unwrap();
    (&near).write_all(b"abc").unwrap();
    socket.send_out_of_band(b"U").unwrap();
    (&near).write_all(b"def").unwrap();
    assert!(read_all(&reactor, &far, b"abcdef"));
}

#[test]
fn deadlines_are_not_rounded_to_milliseconds() {
    let reactor = Reactor::new().unwrap();
    // The best of many: the machine is shared.
    let late = (0..50).map(|_| {
        let until = Instant::now() + Duration::from_micros(1_100);
        while Instant::now() < until {
            reactor.park(Some(until)).unwrap();
        }
        until.elapsed()
    });
    let best = late.min().unwrap();
    eprintln!("late by {best:?} at best");
    assert!(best < Duration::from_micros(400), "{best:?}");
}

#[test]
fn registering_with_a_closed_reactor_fails() {
    let reactor = Arc::new(Reactor::new().unwrap());
    reactor.close();
    let (one, _two) = UnixStream::pair().unwrap();
    let error = Async::new_in(one, &(reactor.clone() as SharedReactor)).map(drop).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
}

/// One-shot: a task that armed for its own direction only, as seen before another task came, must not disarm that one.
#[test]
fn two_tasks_that_arm_at_once_are_both_served() {
    let reactor = Reactor::oneshot().unwrap();
    let (one, _two) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    let source = Arc::new(Source::new(false));
    // SAFETY: `one` is open until the end of this test, and deregistered before.
    let key = unsafe { whit_core::Reactor::register(&reactor, one.as_raw_fd(), source.clone()).unwrap() };
    let count = Arc::new(Count::default());
    let waker = count.clone().into();
    let mut cx = Context::from_waker(&waker);
    assert!(source.poll_ready(Dir::Read, &mut Context::from_waker(Waker::noop())).is_pending());
    assert!(source.poll_ready(Dir::Write, &mut cx).is_pending());
    for writable in [true, false] {
        let interest = Interest { readable: true, writable };
        whit_core::Reactor::rearm(&reactor, one.as_fd(), key, interest).unwrap();
    }
    assert!(drive(&reactor, || count.0.load(Ordering::SeqCst) == 1));
    whit_core::Reactor::deregister(&reactor, one.as_fd(), key).unwrap();
}

/// One-shot: what nobody has asked for is not reported, else a loop over many sockets would never sleep.
#[test]
fn nothing_is_reported_before_it_is_armed() {
    let reactor = Reactor::oneshot().unwrap();
    let (one, mut two) = UnixStream::pair().unwrap();
    two.write_all(b"x").unwrap();
    let source = Arc::new(Source::new(false));
    // SAFETY: `one` is open until the end of this test, and deregistered before.
    let key = unsafe { whit_core::Reactor::register(&reactor, one.as_raw_fd(), source.clone()).unwrap() };
    reactor.park(Some(Instant::now() + Duration::from_millis(20))).unwrap();
    assert_eq!((source.ready(Dir::Read), source.ready(Dir::Write)), (None, None));
    whit_core::Reactor::rearm(&reactor, one.as_fd(), key, Interest { readable: true, writable: false }).unwrap();
    assert!(drive(&reactor, || source.ready(Dir::Read).is_some()));
    assert_eq!(source.ready(Dir::Write), None);
    whit_core::Reactor::deregister(&reactor, one.as_fd(), key).unwrap();
}

/// The system forgets what was taken out, so that it can be put in again, there or in another reactor.
#[test]
fn what_was_taken_out_can_be_registered_again() {
    for reactor in [Reactor::new(), Reactor::oneshot()] {
        let reactor = Arc::new(reactor.unwrap());
        let shared = reactor.clone() as SharedReactor;
        let (one, mut two) = UnixStream::pair().unwrap();
        let one = Async::new_in(one, &shared).unwrap().into_inner().unwrap();
        let one = Async::new_in(one, &shared).unwrap();
        two.write_all(b"again").unwrap();
        assert!(read_all(&reactor, &one, b"again"));
    }
}

fn send_with_descriptor(near: &UnixStream, bytes: &[u8]) {
    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
    let fds = [near.as_fd()];
    let mut space = [std::mem::MaybeUninit::uninit(); 64];
    let mut buffer = SendAncillaryBuffer::new(&mut space);
    assert!(buffer.push(SendAncillaryMessage::ScmRights(&fds)));
    sendmsg(near, &[std::io::IoSlice::new(bytes)], &mut buffer, SendFlags::empty()).unwrap();
}
