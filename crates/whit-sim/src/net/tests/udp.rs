//! Datagrams beyond what the conformance list shows: full receivers, broadcasts, who gets what.

use std::io::ErrorKind;

use futures_lite::future::poll_once;
use whit_net::UdpSocket;

use super::*;

async fn bind(bench: &Bench, host: HostId, address: &str) -> UdpSocket {
    UdpSocket::bind_in(&bench.handle(host), address).await.unwrap()
}

#[test]
fn a_receiver_that_is_full_drops() {
    let bench = Bench::new(1);
    bench.run(async {
        let to = bind(&bench, B, "10.0.0.2:53").await;
        let from = bind(&bench, A, "0.0.0.0:0").await;
        for _ in 0..300 {
            from.send_to(&[7; 1000], "10.0.0.2:53").await.unwrap();
        }
        bench.settle();
        let mut count = 0;
        while let Some(received) = poll_once(to.recv_from(&mut [0; 1000])).await {
            assert_eq!(received.unwrap().1.ip(), "10.0.0.1".parse::<IpAddr>().unwrap());
            count += 1;
        }
        assert_eq!(count, 212_992 / 1064);
        from.send_to(&[7; 1000], "10.0.0.2:53").await.unwrap();
        to.recv_from(&mut [0; 1000]).await.unwrap();
    });
}

#[test]
fn a_closed_port_is_told_to_whoever_is_connected_to_it() {
    let bench = Bench::new(1);
    bench.run(async {
        let loose = bind(&bench, A, "10.0.0.1:0").await;
        let fixed = bind(&bench, A, "10.0.0.1:0").await;
        fixed.connect("10.0.0.2:53").await.unwrap();
        loose.send_to(b"x", "10.0.0.2:53").await.unwrap();
        fixed.send(b"x").await.unwrap();
        let before = bench.now();
        assert_eq!(kind(fixed.recv(&mut [0; 1]).await), ErrorKind::ConnectionRefused);
        assert_eq!(bench.now() - before, 20 * MS);
        assert!(poll_once(fixed.recv(&mut [0; 1])).await.is_none(), "once");
        assert!(poll_once(loose.recv_from(&mut [0; 1])).await.is_none());
        // A host that is down says nothing.
        bench.fabric.crash(B);
        fixed.send(b"x").await.unwrap();
        bench.settle();
        assert!(poll_once(fixed.recv(&mut [0; 1])).await.is_none());
    });
}

#[test]
fn the_most_particular_socket_gets_it() {
    let bench = Bench::new(1);
    bench.run(async {
        let network = bench.fabric.network(B);
        let mut options = whit_core::SocketOptions::default();
        options.reuse_address = Some(true);
        let bind_shared = |address: &str| {
            UdpSocket::new(whit_core::Network::bind(&*network, address.parse().unwrap(), &options).unwrap())
        };
        let (all, one) = (bind_shared("0.0.0.0:53"), bind_shared("10.0.0.2:53"));
        let fixed = bind_shared("10.0.0.2:53");
        fixed.get_ref().connect("10.0.0.1:1000".parse().unwrap()).unwrap();
        let friend = bind(&bench, A, "10.0.0.1:1000").await;
        let stranger = bind(&bench, A, "10.0.0.1:1001").await;
        friend.send_to(b"f", "10.0.0.2:53").await.unwrap();
        stranger.send_to(b"s", "10.0.0.2:53").await.unwrap();
        let local = bind(&bench, B, "127.0.0.1:0").await;
        local.send_to(b"l", "127.0.0.1:53").await.unwrap();
        bench.settle();
        for (socket, expected) in [(&fixed, b"f"), (&one, b"s"), (&all, b"l")] {
            let mut buf = [0; 1];
            socket.recv_from(&mut buf).await.unwrap();
            assert_eq!(&buf, expected);
            assert!(poll_once(socket.recv_from(&mut buf)).await.is_none());
        }
    });
}

#[test]
fn a_broadcast_reaches_every_host_once_it_is_allowed() {
    let bench = Bench::new(1);
    bench.run(async {
        let hosts = [A, B, HostId(2)];
        let mut all = Vec::new();
        for host in hosts {
            all.push(bind(&bench, host, "0.0.0.0:67").await);
        }
        let elsewhere = bind(&bench, B, "0.0.0.0:68").await;
        let from = bind(&bench, A, "10.0.0.1:0").await;
        assert_eq!(kind(from.send_to(b"x", "255.255.255.255:67").await), ErrorKind::PermissionDenied);
        from.set_broadcast(true).unwrap();
        from.send_to(b"x", "255.255.255.255:67").await.unwrap();
        bench.settle();
        for socket in &all {
            assert_eq!(socket.recv_from(&mut [0; 1]).await.unwrap().1, from.local_addr().unwrap());
        }
        assert!(poll_once(elsewhere.recv_from(&mut [0; 1])).await.is_none());
    });
}

#[test]
fn a_v6_socket_of_all_addresses_shows_v4_mapped() {
    let bench = Bench::new(1);
    bench.run(async {
        let to = bind(&bench, B, "[::]:53").await;
        let from = bind(&bench, A, "10.0.0.1:1000").await;
        from.send_to(b"x", "10.0.0.2:53").await.unwrap();
        let (_, peer) = to.recv_from(&mut [0; 1]).await.unwrap();
        assert_eq!(peer, "[::ffff:10.0.0.1]:1000".parse().unwrap());
        to.send_to(b"y", peer).await.unwrap();
        assert_eq!(from.recv_from(&mut [0; 1]).await.unwrap().1, "10.0.0.2:53".parse().unwrap());
    });
}
