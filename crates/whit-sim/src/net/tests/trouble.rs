//! Partitions, crashes and faults of sockets, and what peers see of them.

use std::io::ErrorKind;

use futures_lite::future::{poll_once, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_net::{TcpSocket, UdpSocket, is_out_of_descriptors};

use super::super::NetFaults;
use super::*;

#[test]
fn a_short_partition_is_a_stall() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        bench.fabric.partition(&[A], &[B]);
        near.write_all(b"hello").await.unwrap();
        bench.sleep(10 * SEC).await;
        bench.fabric.heal();
        let healed = bench.now();
        let mut buf = [0; 5];
        far.read_exact(&mut buf).await.unwrap();
        let stall = bench.now() - healed;
        assert!(stall > MS && stall < 11 * SEC, "{stall:?}");
    });
}

#[test]
fn a_partition_takes_what_is_on_its_way() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        near.write_all(b"hello").await.unwrap();
        bench.sleep(5 * MS).await;
        bench.fabric.partition_one_way(&[A], &[B]);
        bench.sleep(2 * MS).await;
        bench.fabric.heal_between(&[B], &[A]);
        far.read_exact(&mut [0; 5]).await.unwrap();
        assert!(bench.now() < 60 * MS, "healed before it arrived");
        near.write_all(b"hello").await.unwrap();
        bench.sleep(5 * MS).await;
        bench.fabric.partition_one_way(&[A], &[B]);
        bench.sleep(10 * MS).await;
        bench.fabric.heal();
        let before = bench.now();
        far.read_exact(&mut [0; 5]).await.unwrap();
        assert!(bench.now() - before > 100 * MS, "sent again");
        // Nor does what was sent in the meantime profit from an end that comes before it would have arrived.
        bench.fabric.partition_one_way(&[A], &[B]);
        near.write_all(b"hello").await.unwrap();
        bench.sleep(5 * MS).await;
        bench.fabric.heal();
        let before = bench.now();
        far.read_exact(&mut [0; 5]).await.unwrap();
        assert!(bench.now() - before > 100 * MS, "sent again");
    });
}

#[test]
fn after_a_quarter_of_an_hour_a_writer_gives_up() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        bench.fabric.partition(&[A], &[B]);
        let before = bench.now();
        near.write_all(b"hello").await.unwrap();
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::TimedOut);
        let took = bench.now() - before;
        assert!(took > 900 * SEC && took < 1000 * SEC, "{took:?}");
        assert_eq!(kind(near.write(b"x").await), ErrorKind::BrokenPipe);
        // The other end has heard nothing, and learns when it speaks.
        bench.fabric.heal();
        far.write_all(b"hello").await.unwrap();
        assert_eq!(kind(far.read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
    });
}

#[test]
fn one_way_is_enough_to_be_lost() {
    let bench = Bench::new(1);
    bench.run(async {
        let (near, mut far) = bench.pair().await;
        bench.fabric.partition_one_way(&[A], &[B]);
        (&near).write_all(b"hello").await.unwrap();
        // What comes the other way proves nothing about what went this way.
        let chat = async {
            while far.write(b"x").await.is_ok() {
                bench.sleep(30 * SEC).await;
            }
        };
        let read = async {
            let before = bench.now();
            let error = (&near).read_to_end(&mut Vec::new()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(bench.now() - before < 1000 * SEC);
            bench.fabric.heal();
        };
        zip(chat, read).await;
    });
}

#[test]
fn keepalive_notices_a_peer_that_vanished() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let socket = TcpSocket::new_in(&bench.handle(A)).keepalive(60 * SEC);
        let mut near = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let _far = listener.accept().await.unwrap();
        bench.sleep(3600 * SEC).await;
        assert!(poll_once(near.read(&mut [0; 1])).await.is_none(), "all is well");
        bench.fabric.crash(B);
        let before = bench.now();
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::TimedOut);
        let took = bench.now() - before;
        assert!(took > 9 * 75 * SEC && took <= (60 + 9 * 75) * SEC, "{took:?}");

        // With something on its way it is the other timer that gives up, and the two do not keep each other busy.
        bench.fabric.restart(B);
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let mut near = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        bench.fabric.crash(B);
        near.write_all(b"hello").await.unwrap();
        let before = bench.now();
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::TimedOut);
        let took = bench.now() - before;
        assert!(took > 900 * SEC && took < 1000 * SEC, "{took:?}");
    });
}

#[test]
fn a_crashed_host_is_silent_and_a_restarted_one_knows_nobody() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, far) = bench.pair().await;
        bench.fabric.crash(B);
        drop(far);
        let hash = bench.world.hash();
        bench.sleep(60 * SEC).await;
        assert_eq!(bench.world.hash(), hash, "its destructors say nothing");
        assert!(poll_once(near.read(&mut [0; 1])).await.is_none());
        near.write_all(b"hello").await.unwrap();
        bench.sleep(5 * SEC).await;
        assert!(poll_once(near.read(&mut [0; 1])).await.is_none());
        bench.fabric.restart(B);
        assert_eq!(kind(near.read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
        bench.pair().await;
    });
}

#[test]
fn handles_of_a_crashed_host_are_inert() {
    let bench = Bench::new(1);
    bench.run(async {
        let (_near, mut far) = bench.pair().await;
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let udp = UdpSocket::bind_in(&bench.handle(B), "10.0.0.2:80").await.unwrap();
        bench.fabric.crash(B);
        assert!(poll_once(far.read(&mut [0; 1])).await.is_none());
        assert!(poll_once(far.write(b"x")).await.is_none());
        assert!(poll_once(listener.accept()).await.is_none());
        assert!(poll_once(udp.recv_from(&mut [0; 1])).await.is_none());
        far.close().await.unwrap();
        let error = bench.connect(B, "10.0.0.1:80".parse().unwrap()).await.unwrap_err();
        assert!(error.to_string().contains("\"b\"") && error.kind() == ErrorKind::NetworkDown, "{error}");
        bench.fabric.restart(B);
        // Still those of the former life, also when their numbers could be mistaken.
        let again = bench.listen(B, "10.0.0.2:80").await;
        assert!(poll_once(listener.accept()).await.is_none());
        drop((far, listener, udp));
        bench.connect(A, again.local_addr().unwrap()).await.unwrap();
    });
}

#[test]
fn descriptors_run_out_and_come_back() {
    let bench = Bench::new(1);
    bench.fabric.set_faults(B, NetFaults::new().descriptors(2));
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let udp = UdpSocket::bind_in(&bench.handle(B), "10.0.0.2:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let near = bench.connect(A, address).await.unwrap();
        bench.sleep(SEC).await;
        let error = listener.accept().await.unwrap_err();
        assert!(is_out_of_descriptors(&error), "{error}");
        let error = bench.connect(B, "10.0.0.1:1".parse().unwrap()).await.unwrap_err();
        assert!(is_out_of_descriptors(&error), "{error}");
        drop(udp);
        let (far, from) = listener.accept().await.unwrap();
        assert_eq!(from, near.local_addr().unwrap());
        let bound = UdpSocket::bind_in(&bench.handle(B), "10.0.0.2:0").await;
        assert!(is_out_of_descriptors(&bound.unwrap_err()));
        drop(far);
        UdpSocket::bind_in(&bench.handle(B), "10.0.0.2:0").await.unwrap();
    });
}

#[test]
fn faults_shorten_and_wake_for_nothing_and_a_tame_run_has_none() {
    let run = |bench: Bench| {
        bench.fabric.links().segmentation(0.0);
        let faults = NetFaults::new().short_reads(0.5).short_writes(0.5).spurious(0.5).out_of_descriptors(0.3);
        bench.fabric.set_faults(A, faults);
        bench.run(async {
            let listener = bench.listen(B, "10.0.0.2:80").await;
            let mut failed = 0;
            let mut near = loop {
                match bench.connect(A, listener.local_addr().unwrap()).await {
                    Ok(stream) => break stream,
                    Err(error) if is_out_of_descriptors(&error) => failed += 1,
                    Err(error) => panic!("{error}"),
                }
            };
            let mut far = listener.accept().await.unwrap().0;
            let (mut short_writes, mut short_reads) = (0, 0);
            for _ in 0..40 {
                let written = near.write(b"0123456789").await.unwrap();
                short_writes += u32::from(written < 10);
                far.read_exact(&mut vec![0; written]).await.unwrap();
                far.write_all(b"0123456789").await.unwrap();
                bench.sleep(SEC).await;
                let mut len = 0;
                while len < 10 {
                    let read = near.read(&mut [0; 10]).await.unwrap();
                    short_reads += u32::from(read < 10 - len);
                    len += read;
                }
            }
            (failed, short_writes, short_reads)
        })
    };
    assert_eq!(run(Bench::tame()), (0, 0, 0));
    let all: Vec<_> = (0..10).map(|seed| run(Bench::new(seed))).collect();
    assert!(all.iter().any(|(failed, ..)| *failed > 0), "{all:?}");
    assert!(all.iter().all(|(_, writes, reads)| (5..35).contains(writes) && *reads > 5), "{all:?}");
}

#[test]
fn a_spurious_poll_has_nothing_although_there_is_something() {
    let run = |bench: Bench| {
        bench.fabric.set_faults(A, NetFaults::new().spurious(7.0));
        bench.run(async {
            let (near, mut far) = bench.pair().await;
            far.write_all(&[7; 100]).await.unwrap();
            bench.sleep(SEC).await;
            let mut spurious = 0;
            for _ in 0..100 {
                spurious += u32::from(poll_once(near.peek(&mut [0; 1])).await.is_none());
            }
            spurious
        })
    };
    assert_eq!(run(Bench::tame()), 0);
    assert!((80..100).contains(&run(Bench::new(1))), "at most nine in ten");
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let bench = Bench::new(seed);
        bench.fabric.links().latency(Latency::default()).loss(0.1).duplication(0.1).reordering(0.1);
        bench.fabric.set_faults(A, NetFaults::new().spurious(0.1).short_reads(0.1));
        bench.run(async {
            let (mut near, mut far) = bench.pair().await;
            for _ in 0..20 {
                near.write_all(&[7; 1000]).await.unwrap();
                far.read_exact(&mut [0; 1000]).await.unwrap();
                far.write_all(&[7; 100]).await.unwrap();
                near.read_exact(&mut [0; 100]).await.unwrap();
            }
        });
        bench.settle();
        (bench.world.hash(), bench.world.tape())
    };
    let (hash, tape) = run(5);
    assert!((0..20).all(|_| run(5) == (hash, tape.clone())));
    assert_ne!(run(6).0, hash);
}
