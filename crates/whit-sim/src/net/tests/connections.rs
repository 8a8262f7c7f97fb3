//! Connections: how long they take to begin, what fills up, and what goes wrong in what order.

use std::io::ErrorKind;
use std::net::Shutdown;

use futures_lite::future::{poll_once, zip};
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_net::TcpSocket;

use super::super::Verdict;
use super::*;

#[test]
fn connecting_takes_a_round_trip_and_so_does_a_refusal() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let stream = bench.connect(A, "10.0.0.2:80".parse().unwrap()).await.unwrap();
        assert_eq!(bench.now(), 20 * MS);
        let (far, from) = listener.accept().await.unwrap();
        assert_eq!(bench.now(), 30 * MS, "the last part of the handshake is one way more");
        assert_eq!((from, far.peer_addr().unwrap()), (stream.local_addr().unwrap(), from));
        assert_eq!(kind(bench.connect(A, "10.0.0.2:81".parse().unwrap()).await), ErrorKind::ConnectionRefused);
        assert_eq!(bench.now(), 50 * MS);
    });
}

#[test]
fn nobody_answers_for_two_minutes() {
    let bench = Bench::new(1);
    bench.fabric.partition(&[A], &[B]);
    bench.run(async {
        for address in ["10.0.0.2:80", "192.0.2.1:80"] {
            let before = bench.now();
            assert_eq!(kind(bench.connect(A, address.parse().unwrap()).await), ErrorKind::TimedOut);
            assert_eq!(bench.now() - before, 127 * SEC, "{address}");
        }
    });
}

#[test]
fn a_full_backlog_lets_connections_wait() {
    let bench = Bench::new(1);
    bench.run(async {
        let socket = TcpSocket::new_in(&bench.handle(B)).backlog(1);
        let listener = socket.listen("10.0.0.2:80").await.unwrap();
        let address = listener.local_addr().unwrap();
        let _one = bench.connect(A, address).await.unwrap();
        let _two = bench.connect(A, address).await.unwrap();
        bench.sleep(100 * MS).await;
        // One more than the backlog, and the third must wait: it tries again after 1, 3 and 7 seconds.
        let started = bench.now();
        let accept = async {
            bench.sleep(2 * SEC).await;
            listener.accept().await.unwrap()
        };
        let (third, _) = zip(bench.connect(A, address), accept).await;
        third.unwrap();
        assert_eq!(bench.now() - started, 3 * SEC + 20 * MS);
        assert_eq!(kind(bench.connect(A, address).await), ErrorKind::TimedOut);
    });
}

#[test]
fn a_listener_that_goes_resets_those_that_wait() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let mut stream = bench.connect(A, listener.local_addr().unwrap()).await.unwrap();
        bench.sleep(SEC).await;
        drop(listener);
        assert_eq!(kind(stream.read(&mut [0; 1]).await), ErrorKind::ConnectionReset);
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0, "the error is told once");
        assert_eq!(kind(stream.write(b"x").await), ErrorKind::BrokenPipe);
        assert_eq!(kind(bench.connect(A, "10.0.0.2:80".parse().unwrap()).await), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_reader_that_does_not_read_stops_the_writer() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        let mut written = 0;
        while let Some(len) = poll_once(near.write(&[7; 10_000])).await {
            written += len.unwrap();
            bench.sleep(SEC).await;
        }
        assert_eq!(written, 2 * 65_536, "one buffer at each end");
        let mut read = vec![0; 20_000];
        far.read_exact(&mut read).await.unwrap();
        assert!(poll_once(near.write(&[7; 10_000])).await.is_none(), "little room is not told of");
        read.resize(20_000, 0);
        far.read_exact(&mut read).await.unwrap();
        bench.sleep(SEC).await;
        assert_eq!(near.write(&[7; 50_000]).await.unwrap(), 40_000);
    });
}

#[test]
fn buffers_are_as_large_as_they_were_asked_to_be() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = TcpSocket::new_in(&bench.handle(B)).recv_buffer(2_000).listen("10.0.0.2:80").await.unwrap();
        let socket = TcpSocket::new_in(&bench.handle(A)).send_buffer(1_000);
        let mut near = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        let _far = listener.accept().await.unwrap();
        let mut written = 0;
        while let Some(len) = poll_once(near.write(&[7; 300])).await {
            written += len.unwrap();
            bench.sleep(SEC).await;
        }
        assert_eq!(written, 3_000);
    });
}

#[test]
fn news_of_room_that_are_lost_are_asked_for() {
    let bench = Bench::new(1);
    bench.run(async {
        let (mut near, mut far) = bench.pair().await;
        let sent = vec![7; 200_000];
        let write = async {
            near.write_all(&sent).await.unwrap();
        };
        let read = async {
            bench.sleep(SEC).await;
            let lost = bench.fabric.rule(|packet| match packet.from_host() {
                "b" => Verdict::Drop,
                _ => Verdict::Pass,
            });
            let mut got = vec![0; 65_536];
            far.read_exact(&mut got).await.unwrap();
            bench.sleep(SEC).await;
            drop(lost);
            let mut rest = vec![0; 200_000 - got.len()];
            far.read_exact(&mut rest).await.unwrap();
        };
        zip(write, read).await;
        assert!(bench.now() < 10 * SEC, "{:?}", bench.now());
    });
}

#[test]
fn every_byte_comes_once_and_in_order_whatever_the_link_does() {
    let mut took = Vec::new();
    for seed in 0..60 {
        let bench = Bench::new(seed);
        let link = bench.fabric.links();
        link.latency(Latency::Exponential(MS, 5 * MS)).loss(0.1).duplication(0.1).reordering(0.2).segmentation(0.7);
        bench.run(async {
            let (near, far) = bench.pair().await;
            let sent: Vec<u8> = (0..150_000u32).map(|i| (i.wrapping_mul(i) % 251) as u8).collect();
            let write = async {
                for chunk in sent.chunks(7_000) {
                    (&near).write_all(chunk).await.unwrap();
                }
                near.shutdown(Shutdown::Write).unwrap();
                (&near).read_to_end(&mut Vec::new()).await.unwrap()
            };
            let read = async {
                let mut got = Vec::new();
                (&far).read_to_end(&mut got).await.unwrap();
                (&far).write_all(b"thanks").await.unwrap();
                far.shutdown(Shutdown::Write).unwrap();
                got
            };
            let (thanks, got) = zip(write, read).await;
            assert_eq!(thanks, 6);
            assert!(got == sent, "seed {seed}: {} of {} bytes, or others", got.len(), sent.len());
        });
        bench.settle();
        took.push(bench.now());
    }
    took.sort();
    took.dedup();
    assert!(took.len() > 50, "seeds differ: {took:?}");
}

#[test]
fn what_is_written_at_one_moment_travels_as_one_unless_it_is_cut() {
    let pieces = |bench: Bench| {
        bench.run(async {
            let (mut near, mut far) = bench.pair().await;
            let mut seen = Vec::new();
            for _ in 0..50 {
                near.write_all(b"one").await.unwrap();
                near.write_all(b"two").await.unwrap();
                let (mut buf, mut len) = ([0; 6], 0);
                while len < 6 {
                    len += far.read(&mut buf[len..]).await.unwrap();
                    seen.push(len);
                }
            }
            seen
        })
    };
    assert_eq!(pieces(Bench::tame()), [6; 50]);
    let cut = pieces(Bench::new(3));
    assert!(cut.len() > 52 && cut.len() < 62, "one in eight is cut: {cut:?}");
}

#[test]
fn ports_that_a_host_chooses_run_out() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(A, "127.0.0.1:80").await;
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        let error = loop {
            match whit_core::Network::connect(&*bench.fabric.network(A), address, &whit_core::SocketOptions::default())
            {
                Ok(stream) => held.push(stream),
                Err(error) => break error,
            }
        };
        assert_eq!((held.len(), error.kind()), (28_232, ErrorKind::AddrNotAvailable));
    });
}

#[test]
fn an_end_lingers_for_a_minute() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let near = bench.connect(A, listener.local_addr().unwrap()).await.unwrap();
        let far = listener.accept().await.unwrap().0;
        drop((listener, far));
        bench.sleep(SEC).await;
        drop(near);
        bench.sleep(SEC).await;
        let socket = TcpSocket::new_in(&bench.handle(B)).reuse_address(false);
        assert_eq!(kind(socket.listen("10.0.0.2:80").await), ErrorKind::AddrInUse);
        bench.sleep(60 * SEC).await;
        socket.listen("10.0.0.2:80").await.unwrap();
    });
}

#[test]
fn what_is_left_over_from_an_earlier_connection_is_not_taken_for_the_new_ones() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "10.0.0.2:80").await;
        let address = listener.local_addr().unwrap();
        let connect = async || {
            let socket = TcpSocket::new_in(&bench.handle(A)).bind("10.0.0.1:1000".parse().unwrap());
            socket.connect(address).await.unwrap()
        };
        let mut near = connect().await;
        let mut far = listener.accept().await.unwrap().0;
        let slow = bench.fabric.rule(|packet| match packet.payload() {
            b"old" => Verdict::Delay(5 * SEC),
            _ => Verdict::Pass,
        });
        near.write_all(b"old").await.unwrap();
        bench.sleep(100 * MS).await;
        bench.fabric.crash(A);
        drop((near, slow));
        bench.fabric.restart(A);
        // The far end takes this for a mistake, asks, and hears that nobody knows its connection any more.
        let before = bench.now();
        let mut near = connect().await;
        assert_eq!(bench.now() - before, SEC + 20 * MS, "its second try");
        assert_eq!(kind(far.read(&mut [0; 3]).await), ErrorKind::ConnectionReset);
        let mut far = listener.accept().await.unwrap().0;
        bench.sleep(10 * SEC).await;
        near.write_all(b"new").await.unwrap();
        let mut buf = [0; 3];
        far.read_exact(&mut buf).await.unwrap();
        assert_eq!(&buf, b"new");
    });
}
