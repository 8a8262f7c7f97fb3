//! From descriptors and back, and the names that come from std.
#![cfg(unix)]

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};

use futures_lite::future::block_on;
use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
use whit_net::unix::{UnixDatagram, UnixListener, UnixStream};
use whit_net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, TcpListener, TcpStream, UdpSocket};

#[test]
fn inet_sockets_are_made_from_descriptors() {
    block_on(async {
        let listener = TcpListener::try_from(OwnedFd::from(std::net::TcpListener::bind("127.0.0.1:0")?))?;
        let client = std::net::TcpStream::connect(listener.local_addr()?)?;
        let mut client = TcpStream::try_from(OwnedFd::from(client))?;
        let (mut server, _) = listener.accept().await?;
        // It waits instead of blocking this only thread.
        let mut heard = [0; 2];
        assert!(futures_lite::future::poll_once(client.read(&mut heard)).await.is_none());
        server.write_all(b"ab").await?;
        client.read_exact(&mut heard).await?;
        assert_eq!(&heard, b"ab");

        let udp = UdpSocket::try_from(OwnedFd::from(std::net::UdpSocket::bind("127.0.0.1:0")?))?;
        udp.send_to(b"abc", udp.local_addr()?).await?;
        assert_eq!(udp.recv(&mut [0; 9]).await?, 3);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_wrong_descriptor_fails_when_it_is_used() {
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    assert!(UdpSocket::try_from(OwnedFd::from(file)).is_err(), "a file cannot be watched");
    let pair = std::os::unix::net::UnixStream::pair().unwrap().0;
    let wrong = TcpListener::try_from(OwnedFd::from(pair)).unwrap();
    assert!(block_on(wrong.accept()).is_err());
}

#[test]
fn unix_sockets_come_from_descriptors_and_show_theirs() {
    block_on(async {
        let (one, two) = std::os::unix::net::UnixStream::pair()?;
        let raw = one.as_raw_fd();
        let (mut one, mut two) = (UnixStream::try_from(OwnedFd::from(one))?, UnixStream::try_from(OwnedFd::from(two))?);
        assert_eq!((one.as_raw_fd(), one.as_fd().as_raw_fd()), (raw, raw));
        one.write_all(b"x").await?;
        two.read_exact(&mut [0; 1]).await?;

        let (one, two) = std::os::unix::net::UnixDatagram::pair()?;
        let raw = one.as_raw_fd();
        let (one, two) = (UnixDatagram::try_from(OwnedFd::from(one))?, UnixDatagram::try_from(OwnedFd::from(two))?);
        assert_eq!(one.as_raw_fd(), raw);
        two.send(b"abc").await?;
        assert_eq!(one.recv(&mut [0; 9]).await?, 3);

        let path = std::env::temp_dir().join(format!("whit-net-conversions-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::try_from(OwnedFd::from(std::os::unix::net::UnixListener::bind(&path)?))?;
        assert!(listener.as_raw_fd() > 2);
        let near = UnixStream::connect(&path).await;
        let far = listener.accept().await;
        std::fs::remove_file(&path)?;
        drop((near?, far?));
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn sockets_may_cross_a_caught_panic() {
    fn crosses<T: UnwindSafe + RefUnwindSafe>() {}
    crosses::<TcpListener>();
    crosses::<TcpStream>();
    crosses::<UdpSocket>();
    crosses::<UnixListener>();
    crosses::<UnixStream>();
    crosses::<UnixDatagram>();
}

#[test]
fn the_names_of_std_are_at_hand() {
    let address: Result<SocketAddr, whit_net::AddrParseError> = "127.0.0.1:80".parse();
    assert_eq!(address, Ok(SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80))));
    let six = SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0));
    assert_eq!(six.ip(), IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert_ne!(whit_net::Shutdown::Read, whit_net::Shutdown::Write);
}
