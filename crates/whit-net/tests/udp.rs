//! UDP sockets over loopback.

mod support;

use std::io;

use futures_lite::future::{block_on, zip};
use support::Polled;
use whit_net::{TcpListener, TcpStream, UdpSocket};

#[test]
fn datagrams_go_both_ways() {
    block_on(async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let two = UdpSocket::bind(("127.0.0.1", 0)).await?;
        let mut buf = [0; 64];
        let (received, sent) = zip(two.recv_from(&mut buf), one.send_to(b"ping", two.local_addr()?)).await;
        assert_eq!((received?, sent?), ((4, one.local_addr()?), 4));
        assert_eq!(&buf[..4], b"ping");
        two.send_to(b"pong!", format!("127.0.0.1:{}", one.local_addr()?.port())).await?;
        assert_eq!(one.recv_from(&mut buf).await?, (5, two.local_addr()?));
        io::Result::Ok(())
    })
    .unwrap();
}

/// Each family has its own layout of addresses. Nothing to see on a machine without IPv6.
#[test]
fn addresses_of_ipv6_come_through() {
    block_on(async {
        let Ok(one) = UdpSocket::bind("[::1]:0").await else { return Ok(()) };
        let (two, mut buf) = (UdpSocket::bind("[::1]:0").await?, [0; 64]);
        one.send_to(b"ping", two.local_addr()?).await?;
        assert_eq!(two.recv_from(&mut buf).await?, (4, one.local_addr()?));
        let listener = TcpListener::bind("[::1]:0").await?;
        let client = TcpStream::connect(listener.local_addr()?).await?;
        assert_eq!(listener.accept().await?.1, client.local_addr()?);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_connected_socket_knows_its_peer() {
    block_on(async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let two = UdpSocket::bind("127.0.0.1:0").await?;
        assert_eq!(one.peer_addr().unwrap_err().kind(), io::ErrorKind::NotConnected);
        one.connect(two.local_addr()?).await?;
        two.connect(one.local_addr()?).await?;
        assert_eq!(one.peer_addr()?, two.local_addr()?);
        one.send(b"hello").await?;
        let mut buf = [0; 64];
        assert_eq!(two.peek(&mut buf).await?, 5);
        assert_eq!(two.peek_from(&mut buf).await?, (5, one.local_addr()?));
        assert_eq!(two.recv(&mut buf).await?, 5);
        assert_eq!(&buf[..5], b"hello");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn what_does_not_fit_is_lost() {
    block_on(async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let two = UdpSocket::bind("127.0.0.1:0").await?;
        one.send_to(b"long one", two.local_addr()?).await?;
        one.send_to(b"next", two.local_addr()?).await?;
        let mut buf = [0; 4];
        two.recv_from(&mut buf).await?;
        assert_eq!(&buf, b"long");
        two.recv_from(&mut buf).await?;
        assert_eq!(&buf, b"next");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_dropped_receive_loses_nothing() {
    block_on(async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let two = UdpSocket::bind("127.0.0.1:0").await?;
        let mut buf = [0; 4];
        let mut receiving = Polled::new(two.recv_from(&mut buf));
        assert!(receiving.poll().is_pending());
        one.send_to(b"keep", two.local_addr()?).await?;
        drop(receiving);
        two.recv_from(&mut buf).await?;
        assert_eq!(&buf, b"keep");
        io::Result::Ok(())
    })
    .unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_refused_datagram_is_told_to_a_connected_socket() {
    block_on(async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let (taken, address) = support::dead_address();
        drop(taken);
        one.connect(address).await?;
        one.send(b"anybody?").await?;
        let error = one.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn options_reach_the_socket() {
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        assert!(!socket.broadcast()?);
        socket.set_broadcast(true)?;
        assert!(socket.broadcast()?);
        socket.set_ttl(43)?;
        assert_eq!(socket.ttl()?, 43);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn goes_from_and_to_std() {
    block_on(async {
        let one = UdpSocket::try_from(std::net::UdpSocket::bind("127.0.0.1:0")?)?;
        let two = std::net::UdpSocket::bind("127.0.0.1:0")?;
        let again = std::net::UdpSocket::try_from(&one)?;
        assert_eq!(again.local_addr()?, one.local_addr()?);
        two.send_to(b"std", one.local_addr()?)?;
        assert_eq!(one.recv(&mut [0; 8]).await?, 3);
        let error = UdpSocket::bind(one.local_addr()?).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with("binding a UDP socket to 127.0.0.1:"), "{error}");
        io::Result::Ok(())
    })
    .unwrap();
}
