//! Names, and addresses of both families.

use std::io::ErrorKind;

use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_net::{TcpSocket, UdpSocket, resolve_in};

use super::super::NetFaults;
use super::*;
use crate::net::Packet;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn hosts_have_names_and_unknown_ones_fail_as_really() {
    let bench = Bench::new(1);
    bench.run(async {
        let handle = bench.handle(A);
        let names = async |name: &str| resolve_in(&handle, name).await;
        assert_eq!(names("b:80").await.unwrap(), addresses(&["10.0.0.2:80", "[fd00::2]:80"]));
        assert_eq!(names("B.:80").await.unwrap(), addresses(&["10.0.0.2:80", "[fd00::2]:80"]));
        assert_eq!(names("localhost:80").await.unwrap(), addresses(&["[::1]:80", "127.0.0.1:80"]));
        assert_eq!(names("192.0.2.1:80").await.unwrap(), addresses(&["192.0.2.1:80"]));
        let real = std::net::ToSocketAddrs::to_socket_addrs("whit.invalid:80").unwrap_err();
        let error = names("whit.invalid:80").await.unwrap_err();
        assert_eq!(error.kind(), real.kind(), "{error} against {real}");
        assert_eq!(bench.now(), Duration::ZERO);

        bench.fabric.set_look_up(Latency::Constant(30 * MS));
        assert_eq!(names("old:80").await.unwrap(), addresses(&["10.0.0.3:80"]));
        assert_eq!(bench.now(), 30 * MS);
        // One that nobody waits for is no matter.
        drop(futures_lite::future::poll_once(names("old:80")).await);
        bench.settle();

        bench.fabric.set_faults(A, NetFaults::new().unresolved(1.0));
        assert!(names("b:80").await.unwrap_err().to_string().contains("Temporary failure"));
    });
}

#[test]
fn a_socket_of_all_addresses_takes_both_families_unless_it_says_no() {
    let bench = Bench::new(1);
    bench.run(async {
        let listener = bench.listen(B, "[::]:80").await;
        assert_eq!(listener.local_addr().unwrap(), "[::]:80".parse().unwrap());
        for (to, from) in [("10.0.0.2:80", "[::ffff:10.0.0.1]"), ("[fd00::2]:80", "[fd00::1]")] {
            let near = bench.connect(A, to.parse().unwrap()).await.unwrap();
            let (far, peer) = listener.accept().await.unwrap();
            let port = near.local_addr().unwrap().port();
            assert_eq!(peer, format!("{from}:{port}").parse().unwrap());
            assert_eq!(far.peer_addr().unwrap(), peer);
            assert!(far.local_addr().unwrap().is_ipv6());
        }
        let _v6 = TcpSocket::new_in(&bench.handle(B)).only_v6(true).listen("[::]:81").await.unwrap();
        assert_eq!(kind(bench.connect(A, "10.0.0.2:81".parse().unwrap()).await), ErrorKind::ConnectionRefused);
        bench.connect(A, "[fd00::2]:81".parse().unwrap()).await.unwrap();
        let _v4 = bench.listen(B, "0.0.0.0:81").await;
        bench.connect(A, "10.0.0.2:81".parse().unwrap()).await.unwrap();
    });
}

#[test]
fn addresses_that_are_not_there() {
    let bench = Bench::new(1);
    bench.run(async {
        let handle = bench.handle(A);
        let foreign = TcpSocket::new_in(&handle).listen("10.0.0.2:80").await;
        assert_eq!(kind(foreign), ErrorKind::AddrNotAvailable);
        let foreign = UdpSocket::bind_in(&handle, "10.0.0.2:80").await;
        assert_eq!(kind(foreign), ErrorKind::AddrNotAvailable);
        let old = HostId(2);
        assert_eq!(kind(bench.connect(old, "[fd00::2]:80".parse().unwrap()).await), ErrorKind::NetworkUnreachable);
        let udp = UdpSocket::bind_in(&bench.handle(old), "[::]:0").await.unwrap();
        assert_eq!(kind(udp.send_to(b"x", "[fd00::2]:80").await), ErrorKind::NetworkUnreachable);
        // A loopback address does not leave its host.
        let socket = TcpSocket::new_in(&handle).bind("127.0.0.1:0".parse().unwrap());
        assert_eq!(kind(socket.connect("10.0.0.2:80").await), ErrorKind::InvalidInput);
    });
}

#[test]
fn who_shares_a_port_gets_a_share() {
    let bench = Bench::new(1);
    bench.run(async {
        let socket = TcpSocket::new_in(&bench.handle(B)).reuse_port(true);
        let listeners = [socket.listen("10.0.0.2:80").await.unwrap(), socket.listen("10.0.0.2:80").await.unwrap()];
        let alone = bench.handle(B);
        assert_eq!(kind(TcpSocket::new_in(&alone).listen("10.0.0.2:80").await), ErrorKind::AddrInUse);
        let mut held = Vec::new();
        for _ in 0..40 {
            held.push(bench.connect(A, "10.0.0.2:80".parse().unwrap()).await.unwrap());
        }
        bench.sleep(SEC).await;
        for listener in &listeners {
            let mut count = 0;
            while let Some(accepted) = futures_lite::future::poll_once(listener.accept()).await {
                held.push(accepted.unwrap().0);
                count += 1;
            }
            assert!(count > 8, "{count}");
        }
    });
}

#[test]
fn a_particular_listener_goes_before_one_of_all_addresses() {
    let bench = Bench::new(1);
    bench.run(async {
        // Two of them can be there at once if they share.
        let socket = TcpSocket::new_in(&bench.handle(B)).reuse_port(true);
        let all = socket.listen("0.0.0.0:80").await.unwrap();
        let one = socket.listen("10.0.0.2:80").await.unwrap();
        let mut near = bench.connect(A, "10.0.0.2:80".parse().unwrap()).await.unwrap();
        near.write_all(b"x").await.unwrap();
        let mut far = one.accept().await.unwrap().0;
        far.read_exact(&mut [0; 1]).await.unwrap();
        assert!(futures_lite::future::poll_once(all.accept()).await.is_none());
    });
}

#[test]
fn packets_are_shown_in_one_line() {
    let bench = Bench::new(1);
    let texts = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = texts.clone();
    let watch = bench.fabric.rule(move |packet: &Packet| {
        seen.lock().unwrap().push(format!("{packet:?}"));
        crate::Verdict::Pass
    });
    bench.run(async {
        let (mut near, _far) = bench.pair().await;
        near.write_all(b"hello").await.unwrap();
        near.close().await.unwrap();
        bench.sleep(SEC).await;
    });
    drop(watch);
    let texts = texts.lock().unwrap();
    let (syn, data) = (&texts[0], &texts[3]);
    assert_eq!(syn, "Packet(tcp 10.0.0.1:32768 > 10.0.0.2:32768 syn)");
    assert_eq!(data, "Packet(tcp 10.0.0.1:32768 > 10.0.0.2:32768 0+5 fin ack 0 window 65536)");
}

#[test]
fn every_socket_can_be_seen() {
    let bench = Bench::new(1);
    assert_eq!(bench.fabric.netstat(), "");
    bench.run(async {
        let (mut near, _far) = bench.pair().await;
        let _listener = bench.listen(B, "[::]:80").await;
        let _waiting = bench.connect(A, "10.0.0.2:80".parse().unwrap()).await.unwrap();
        let udp = UdpSocket::bind_in(&bench.handle(A), "0.0.0.0:53").await.unwrap();
        udp.connect("10.0.0.3:53").await.unwrap();
        near.write_all(b"hello").await.unwrap();
        bench.sleep(SEC).await;
        near.write_all(b"!").await.unwrap();
        bench.fabric.crash(HostId(2));
        let expected = [
            "on host \"a\":",
            "  tcp 10.0.0.1:32768 > 10.0.0.2:32768 open, 0 bytes to read, 1 on their way",
            "  tcp 10.0.0.1:32769 > 10.0.0.2:80 open, 0 bytes to read, 0 on their way",
            "  udp 10.0.0.1:53 > 10.0.0.3:53, 0 datagrams to read",
            "on host \"b\":",
            "  tcp [::]:80 listens, 1 wait to be accepted",
            "  tcp 10.0.0.2:32768 > 10.0.0.1:32768 open, 5 bytes to read, 0 on their way",
            "  tcp 10.0.0.2:80 > 10.0.0.1:32769 waits to be accepted, 0 bytes to read, 0 on their way",
            "on host \"old\", which is down:",
        ];
        assert_eq!(bench.fabric.netstat().lines().collect::<Vec<_>>(), expected);
    });
}
