//! Links: latency, order, bandwidth, rules, and the loopback.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use futures_lite::future::poll_once;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_net::UdpSocket;

use super::super::Verdict;
use super::*;

/// Numbers that `a` sends to `b` at once, in the order in which they arrive, and how long that took.
fn numbers(bench: &Bench, count: u8, size: usize) -> (Vec<u8>, Duration) {
    bench.run(async {
        let to = UdpSocket::bind_in(&bench.handle(B), "10.0.0.2:53").await.unwrap();
        let from = UdpSocket::bind_in(&bench.handle(A), "10.0.0.1:0").await.unwrap();
        let before = bench.now();
        for number in 0..count {
            from.send_to(&vec![number; size], to.local_addr().unwrap()).await.unwrap();
        }
        bench.settle();
        let took = bench.now() - before;
        let (mut seen, mut buf) = (Vec::new(), vec![0; size]);
        while let Some(received) = poll_once(to.recv_from(&mut buf)).await {
            assert_eq!(received.unwrap().0, size);
            seen.push(buf[0]);
        }
        (seen, took)
    })
}

#[test]
fn latency_alone_keeps_the_order_and_reordering_does_not() {
    let bench = Bench::new(1);
    bench.fabric.links().latency(Latency::Uniform(MS, 100 * MS));
    let in_order: Vec<u8> = (0..100).collect();
    assert_eq!(numbers(&bench, 100, 1).0, in_order);
    bench.fabric.link(A, B).reordering(0.2);
    let (mut seen, _) = numbers(&bench, 100, 1);
    assert_ne!(seen, in_order);
    seen.sort();
    assert_eq!(seen, in_order);
}

#[test]
fn some_are_lost_and_some_come_twice() {
    let bench = Bench::new(1);
    bench.fabric.link_one_way(A, B).loss(0.3);
    let lost = 200 - numbers(&bench, 200, 1).0.len();
    assert!((40..80).contains(&lost), "{lost}");
    bench.fabric.link_one_way(A, B).loss(0.0).duplication(0.3);
    let twice = numbers(&bench, 200, 1).0.len() - 200;
    assert!((40..80).contains(&twice), "{twice}");
}

#[test]
fn a_bandwidth_is_shared_and_its_queue_is_not_endless() {
    let bench = Bench::new(1);
    bench.fabric.link_one_way(A, B).bandwidth(10_400);
    let (seen, took) = numbers(&bench, 10, 1000);
    assert_eq!((seen.len(), took), (10, SEC + 10 * MS), "1,040 bytes each with headers");
    let (seen, took) = numbers(&bench, 30, 1000);
    assert_eq!((seen.len(), took), (21, 2100 * MS + 10 * MS), "what would wait for more than two seconds is lost");
}

#[test]
fn tcp_gets_through_a_bandwidth_that_it_fills() {
    let bench = Bench::new(1);
    bench.fabric.links().bandwidth(100_000);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        let write = async {
            near.write_all(&vec![7; 1_000_000]).await.unwrap();
            near.close().await.unwrap();
        };
        let mut got = Vec::new();
        zip(write, far.read_to_end(&mut got)).await.1.unwrap();
        assert_eq!(got.len(), 1_000_000);
    });
    assert!(bench.now() > 10 * SEC && bench.now() < 15 * SEC, "{:?}", bench.now());
}

#[test]
fn a_link_that_is_set_by_itself_keeps_what_it_is() {
    let bench = Bench::new(1);
    bench.fabric.link_one_way(A, B).latency(MS);
    bench.fabric.links().latency(50 * MS);
    bench.run(async {
        bench.listen(B, "10.0.0.2:80").await;
        assert!(bench.connect(A, "10.0.0.2:80".parse().unwrap()).await.is_err());
    });
    assert_eq!(bench.now(), 51 * MS, "there and back");
}

#[test]
fn a_rule_sees_every_packet_and_ends_with_its_guard() {
    let bench = Bench::new(1);
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let noting = seen.clone();
    let watch = bench.fabric.rule(move |packet| {
        noting.lock().unwrap().insert(format!("{} {} {}", packet.from_host(), packet.is_tcp(), packet.is_connect()));
        Verdict::Pass
    });
    let slow = bench.fabric.rule(|packet| match packet.is_connect() {
        true => Verdict::Delay(500 * MS),
        false => Verdict::Pass,
    });
    bench.run(async {
        bench.pair().await;
        assert_eq!(bench.now(), 530 * MS);
        drop(slow);
        bench.fabric.rule(|packet| if packet.payload() == b"no" { Verdict::Drop } else { Verdict::Pass }).keep();
        let before = bench.now();
        let (near, far) = bench.pair().await;
        assert_eq!(bench.now() - before, 30 * MS);
        (&near).write_all(b"no").await.unwrap();
        bench.sleep(60 * SEC).await;
        assert!(poll_once((&far).read(&mut [0; 2])).await.is_none());
    });
    drop(watch);
    let seen: Vec<_> = seen.lock().unwrap().iter().cloned().collect();
    assert_eq!(seen, ["a true false", "a true true", "b true false"]);
}

#[test]
fn the_loopback_takes_no_time_and_has_no_faults() {
    let bench = Bench::new(1);
    bench.fabric.links().loss(0.5).latency(SEC).segmentation(1.0);
    let never = bench.fabric.rule(|packet| panic!("{packet:?} is between hosts"));
    bench.fabric.partition(&[A, B], &[A, B]);
    bench.run(async {
        for address in ["127.0.0.1:80", "[::1]:80", "10.0.0.1:80", "[fd00::1]:80", "127.1.2.3:80"] {
            let listener = bench.listen(A, address).await;
            let mut near = bench.connect(A, listener.local_addr().unwrap()).await.unwrap();
            let mut far = listener.accept().await.unwrap().0;
            near.write_all(b"hello").await.unwrap();
            assert_eq!(far.read(&mut [0; 9]).await.unwrap(), 5);
            assert_eq!(far.peer_addr().unwrap(), near.local_addr().unwrap());
        }
        // Each host has its own.
        let _listener = bench.listen(B, "127.0.0.1:80").await;
        assert_eq!(kind(bench.connect(A, "127.0.0.1:80".parse().unwrap()).await), ErrorKind::ConnectionRefused);
        assert_eq!(bench.now(), Duration::ZERO);
        // But somebody may ask for more.
        bench.fabric.link(A, A).latency(SEC);
        assert!(bench.connect(A, "127.0.0.1:80".parse().unwrap()).await.is_err());
        assert_eq!(bench.now(), 2 * SEC);
    });
    drop(never);
}
