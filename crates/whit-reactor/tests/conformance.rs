//! What every reactor must do: edges, one-shot, the process-wide default, and async-io's where the feature is on.
#![cfg(unix)]

use std::future::Future;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use whit_core::Park;
use whit_reactor::{Async, Reactor, SharedReactor};

/// Both reactors that can be driven by hand, each with a thread that parks in it while `test` runs; and async-io's.
fn each(test: impl Fn(&SharedReactor)) {
    #[cfg(feature = "async-io")]
    test(&(Arc::new(whit_reactor::AsyncIoReactor::new()) as SharedReactor));
    for reactor in [Reactor::new(), Reactor::oneshot()] {
        let reactor = Arc::new(reactor.unwrap());
        let (done, parked) = (Arc::new(AtomicBool::new(false)), reactor.clone());
        let unparker = reactor.unparker();
        let driver = thread::spawn({
            let done = done.clone();
            move || {
                while !done.load(Ordering::SeqCst) {
                    parked.park(None).unwrap();
                }
            }
        });
        test(&(reactor.clone() as SharedReactor));
        done.store(true, Ordering::SeqCst);
        unparker.wake();
        driver.join().unwrap();
        assert!(reactor.is_empty());
    }
}

fn pair(reactor: &SharedReactor) -> (Async<UnixStream>, Async<UnixStream>) {
    let (one, two) = UnixStream::pair().unwrap();
    (Async::new_in(one, reactor).unwrap(), Async::new_in(two, reactor).unwrap())
}

#[derive(Default)]
struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn bytes_come_through_in_order_when_buffers_are_full() {
    each(|reactor| {
        let (one, two) = pair(reactor);
        let bytes: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
        thread::scope(|scope| {
            scope.spawn(|| {
                whit_core::block_on(async {
                    let mut rest = &bytes[..];
                    while !rest.is_empty() {
                        let length = one.write_with(|mut io| io.write(rest)).await.unwrap();
                        rest = &rest[length..];
                    }
                    one.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
                });
            });
            let mut got = Vec::new();
            let mut buffer = [0; 10_000];
            loop {
                let read = std::future::poll_fn(|cx| two.poll_read_stream(cx, &mut buffer));
                match whit_core::block_on(read).unwrap() {
                    0 => break,
                    length => got.extend_from_slice(&buffer[..length]),
                }
            }
            assert!(got == bytes);
        });
    });
}

#[test]
fn an_event_wakes_every_waiter_of_its_direction() {
    each(|reactor| {
        let (one, two) = pair(reactor);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| whit_core::block_on(two.readable()).unwrap());
            }
            one.get_ref().write_all(b"x").unwrap();
        });
    });
}

#[test]
fn a_dropped_waiter_takes_nobody_elses_wake() {
    each(|reactor| {
        let (one, two) = pair(reactor);
        let mut dropped = two.readable();
        assert!(Pin::new(&mut dropped).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let count = Arc::new(Count::default());
        let mut kept = two.readable();
        assert!(Pin::new(&mut kept).poll(&mut Context::from_waker(&count.clone().into())).is_pending());
        drop(dropped);
        one.get_ref().write_all(b"x").unwrap();
        whit_core::block_on(kept).unwrap();
    });
}

#[test]
fn an_edge_between_the_read_and_the_wait_is_not_lost() {
    each(|reactor| {
        let (one, two) = pair(reactor);
        thread::scope(|scope| {
            scope.spawn(|| {
                for round in 0..5000 {
                    whit_core::block_on(one.write_with(|mut io| io.write(&[round as u8]))).unwrap();
                }
                one.get_ref().shutdown(std::net::Shutdown::Write).unwrap();
            });
            let mut got = 0;
            let mut buffer = [0; 7];
            loop {
                let read = std::future::poll_fn(|cx| two.poll_read_stream(cx, &mut buffer));
                match whit_core::block_on(read).unwrap() {
                    0 => break,
                    length => got += length,
                }
            }
            assert_eq!(got, 5000);
        });
    });
}

#[test]
fn closing_ends_every_wait_with_an_error() {
    for reactor in [Reactor::new(), Reactor::oneshot()] {
        let reactor = Arc::new(reactor.unwrap());
        let shared: SharedReactor = reactor.clone();
        let (_one, two) = pair(&shared);
        let count = Arc::new(Count::default());
        let mut waiting = pin!(two.read_with(|mut io| io.read(&mut [0; 1])));
        let waker = count.clone().into();
        let mut cx = Context::from_waker(&waker);
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        reactor.close();
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        match waiting.as_mut().poll(&mut cx) {
            Poll::Ready(Err(error)) => assert_eq!(error.kind(), ErrorKind::NotConnected),
            other => panic!("{other:?}"),
        }
        let (late, _other) = UnixStream::pair().unwrap();
        assert_eq!(Async::new_in(late, &shared).map(drop).unwrap_err().kind(), ErrorKind::NotConnected);
        // A later park ends by its deadline, so that timers above can go on.
        reactor.park(Some(Instant::now() + Duration::from_millis(5))).unwrap();
    }
}

#[test]
fn an_unpark_before_the_park_is_kept_and_deadlines_hold() {
    let reactor = Reactor::new().unwrap();
    reactor.unparker().wake();
    reactor.park(None).unwrap();
    let started = Instant::now();
    let until = started + Duration::from_millis(20);
    while Instant::now() < until {
        reactor.park(Some(until)).unwrap();
    }
    reactor.park(Some(started)).unwrap();
    for _ in 0..200 {
        let unparker = reactor.unparker();
        thread::scope(|scope| {
            scope.spawn(|| unparker.wake());
            reactor.park(None).unwrap();
        });
    }
}

#[test]
fn the_default_serves_any_executor_and_gives_the_descriptor_back() {
    let (one, two) = UnixStream::pair().unwrap();
    let two = Async::new(two).unwrap();
    let writer = thread::spawn(move || {
        (&one).write_all(b"x").unwrap();
        one
    });
    futures_lite::future::block_on(async {
        two.readable().await.unwrap();
        assert_eq!(two.read_with(|mut io| io.read(&mut [0; 4])).await.unwrap(), 1);
    });
    drop(two.into_inner().unwrap());
    drop(writer.join().unwrap());
}

#[test]
fn what_cannot_be_watched_is_an_error() {
    let file = std::fs::File::open("Cargo.toml").unwrap();
    assert!(Async::new(file).is_err());
}
