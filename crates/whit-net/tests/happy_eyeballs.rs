//! Connecting to several addresses, on a network and a clock that do as they are told.

#[path = "support/fake.rs"]
mod fake;
mod support;

use std::io;
use std::net::SocketAddr;
use std::task::Poll;
use std::time::Duration;

use fake::Answer::{CannotBegin, Connects, Fails};
use fake::{Event, FakeNetwork};
use support::Polled;
use whit_net::TcpStream;

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_second_starts_after_250_ms_and_the_loser_is_dropped() {
    let (slow, quick) = (addr("[2001:db8::1]:80"), addr("192.0.2.1:80"));
    let network = FakeNetwork::new([(slow, Connects(ms(10_000))), (quick, Connects(ms(30)))]);
    let handle = network.handle();
    let mut connecting = Polled::new(TcpStream::connect_in(&handle, [slow, quick]));

    assert!(connecting.poll().is_pending());
    network.clock().advance(ms(249));
    assert_eq!(connecting.wakes(), 0);
    assert!(connecting.poll().is_pending());
    assert_eq!(network.events(), [Event::Began(ms(0), slow)]);

    network.clock().advance(ms(1));
    assert_eq!(connecting.wakes(), 1);
    assert!(connecting.poll().is_pending());
    assert_eq!(network.events()[1..], [Event::Began(ms(250), quick)]);

    network.clock().advance(ms(30));
    let Poll::Ready(Ok(stream)) = connecting.poll() else { panic!("the quick one stands") };
    assert_eq!(stream.peer_addr().unwrap(), quick);
    drop(connecting);
    assert_eq!(network.events()[2..], [Event::Dropped(ms(280), slow)]);
    // The stagger's timer and the loser's are gone.
    assert_eq!(network.clock().next_deadline(), None);
}

#[test]
fn a_failure_starts_the_next_at_once() {
    let (dead, none, good) = (addr("192.0.2.1:80"), addr("192.0.2.2:80"), addr("192.0.2.3:80"));
    let network = FakeNetwork::new([
        (dead, Fails(ms(10), io::ErrorKind::ConnectionRefused)),
        (none, CannotBegin(io::ErrorKind::NetworkUnreachable)),
        (good, Connects(ms(5))),
    ]);
    let handle = network.handle();
    let mut connecting = Polled::new(TcpStream::connect_in(&handle, vec![dead, none, good]));
    assert!(connecting.poll().is_pending());
    network.clock().advance(ms(10));
    assert!(connecting.poll().is_pending());
    let began: Vec<_> = network.events().into_iter().filter(|e| matches!(e, Event::Began(..))).collect();
    assert_eq!(began, [Event::Began(ms(0), dead), Event::Began(ms(10), none), Event::Began(ms(10), good)]);
    network.clock().advance(ms(5));
    assert!(connecting.poll().is_ready());
}

#[test]
fn the_first_may_still_win_after_the_second_has_begun() {
    let (first, second) = (addr("192.0.2.1:80"), addr("192.0.2.2:80"));
    let network = FakeNetwork::new([(first, Connects(ms(260))), (second, Connects(ms(500)))]);
    let handle = network.handle();
    let mut connecting = Polled::new(TcpStream::connect_in(&handle, [first, second]));
    for _ in 0..26 {
        assert!(connecting.poll().is_pending());
        network.clock().advance(ms(10));
    }
    let Poll::Ready(Ok(stream)) = connecting.poll() else { panic!("the first one stands") };
    assert_eq!(stream.peer_addr().unwrap(), first);
}

#[test]
fn all_failures_are_told_in_one_sentence() {
    let (one, two) = (addr("[2001:db8::1]:80"), addr("192.0.2.1:80"));
    let network = FakeNetwork::new([
        (one, Fails(ms(5), io::ErrorKind::ConnectionRefused)),
        (two, Fails(ms(5), io::ErrorKind::TimedOut)),
    ]);
    let handle = network.handle();
    let mut connecting = Polled::new(TcpStream::connect_in(&handle, [one, two]));
    assert!(connecting.poll().is_pending());
    network.clock().advance(ms(5));
    assert!(connecting.poll().is_pending());
    network.clock().advance(ms(5));
    let Poll::Ready(Err(error)) = connecting.poll() else { panic!("both have failed") };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let text = error.to_string();
    assert!(text.starts_with("connecting failed at each of 2 addresses: [2001:db8::1]:80: "), "{text}");
    assert!(text.contains("; 192.0.2.1:80: "), "{text}");
}

#[test]
fn a_dropped_connect_drops_every_attempt() {
    let (one, two) = (addr("192.0.2.1:80"), addr("192.0.2.2:80"));
    let network = FakeNetwork::new([(one, Connects(ms(10_000))), (two, Connects(ms(10_000)))]);
    let handle = network.handle();
    let mut connecting = Polled::new(TcpStream::connect_in(&handle, [one, two]));
    assert!(connecting.poll().is_pending());
    network.clock().advance(ms(250));
    assert!(connecting.poll().is_pending());
    drop(connecting);
    let dropped = network.events().iter().filter(|e| matches!(e, Event::Dropped(..))).count();
    assert_eq!(dropped, 2);
    assert_eq!(network.clock().next_deadline(), None);
}

#[test]
fn the_current_handle_serves_as_well_as_an_explicit_one() {
    let one = addr("192.0.2.1:80");
    let network = FakeNetwork::new([(one, Connects(ms(0)))]);
    let _entered = network.handle().enter();
    let Poll::Ready(Ok(stream)) = Polled::new(TcpStream::connect(one)).poll() else { panic!("it stands at once") };
    assert!(stream.raw().is_none());
    assert_eq!(std::net::TcpStream::try_from(&stream).unwrap_err().kind(), io::ErrorKind::Unsupported);
}

#[test]
fn names_are_looked_up_by_the_network() {
    let (one, two) = (addr("1.1.1.1:80"), addr("2.2.2.2:80"));
    let network = FakeNetwork::new([(one, CannotBegin(io::ErrorKind::HostUnreachable)), (two, Connects(ms(0)))]);
    let handle = network.handle();
    let Poll::Ready(Ok(stream)) = Polled::new(TcpStream::connect_in(&handle, "two.example:80")).poll() else {
        panic!("the second stands at once")
    };
    assert_eq!(stream.peer_addr().unwrap(), two);
    for (name, kind) in [("none.example:80", io::ErrorKind::InvalidInput), ("lost.example:80", io::ErrorKind::NotFound)]
    {
        let Poll::Ready(Err(error)) = Polled::new(TcpStream::connect_in(&handle, name)).poll() else {
            panic!("there is no address")
        };
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(&name[..name.len() - 3]), "{error}");
    }
}
