//! The methods of sockets that async-io's users know, and reading and writing by value.
#![cfg(unix)]

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures_lite::future::{block_on, zip};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};
use whit_reactor::Async;

const ANY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn hello_through<R, W>(mut from: W, mut to: R) -> (R, W)
where
    R: futures_lite::AsyncRead + Unpin,
    W: futures_lite::AsyncWrite + Unpin,
{
    from.write_all(b"hello").await.unwrap();
    from.flush().await.unwrap();
    let mut heard = [0; 5];
    to.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
    (to, from)
}

#[test]
fn tcp_connects_accepts_peeks_and_talks_by_value_and_by_reference() {
    block_on(async {
        let listener = Async::<TcpListener>::bind(ANY).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let (near, far) = zip(Async::<TcpStream>::connect(address), listener.accept()).await;
        let (near, (far, peer)) = (near.unwrap(), far.unwrap());
        assert_eq!(near.get_ref().local_addr().unwrap(), peer);
        let (far, near) = hello_through(near, far).await;
        hello_through(&far, &near).await;
        (&near).write_all(b"abc").await.unwrap();
        let mut seen = [0; 3];
        while far.peek(&mut seen).await.unwrap() < 3 {}
        let mut taken = [0; 3];
        (&far).read_exact(&mut taken).await.unwrap();
        assert_eq!((&seen, &taken), (b"abc", b"abc"));

        let mut incoming = listener.incoming();
        let (near, far) = zip(Async::<TcpStream>::connect(address), incoming.next()).await;
        hello_through(near.unwrap(), far.unwrap().unwrap()).await;
    });
}

#[test]
fn a_connect_that_fails_says_why() {
    block_on(async {
        let gone = TcpListener::bind(ANY).unwrap().local_addr().unwrap();
        assert_eq!(Async::<TcpStream>::connect(gone).await.map(drop).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let nowhere: SocketAddr = "255.255.255.255:1".parse().unwrap();
        assert!(Async::<TcpStream>::connect(nowhere).await.is_err());
        assert!(Async::<TcpListener>::bind("192.0.2.1:1".parse::<SocketAddr>().unwrap()).is_err());
    });
}

#[test]
fn udp_sends_to_anybody_and_to_its_peer() {
    block_on(async {
        let (one, two) = (Async::<UdpSocket>::bind(ANY).unwrap(), Async::<UdpSocket>::bind(ANY).unwrap());
        let (at_one, at_two) = (one.get_ref().local_addr().unwrap(), two.get_ref().local_addr().unwrap());
        let mut buffer = [0; 9];
        one.send_to(b"hi", at_two).await.unwrap();
        assert_eq!(two.peek_from(&mut buffer).await.unwrap(), (2, at_one));
        assert_eq!(two.recv_from(&mut buffer).await.unwrap(), (2, at_one));
        one.get_ref().connect(at_two).unwrap();
        two.get_ref().connect(at_one).unwrap();
        two.send(b"abc").await.unwrap();
        assert_eq!(one.peek(&mut buffer).await.unwrap(), 3);
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 3);
        assert_eq!(&buffer[..3], b"abc");
    });
}

#[test]
fn unix_sockets_meet_at_a_path() {
    let folder = std::env::temp_dir().join(format!("whit-reactor-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    block_on(async {
        let path = folder.join("stream");
        assert_eq!(Async::<UnixStream>::connect(&path).await.map(drop).unwrap_err().kind(), ErrorKind::NotFound);
        let listener = Async::<UnixListener>::bind(&path).unwrap();
        let near = Async::<UnixStream>::connect(&path).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        hello_through(near, far).await;
        let near = Async::<UnixStream>::connect(&path).await.unwrap();
        let far = listener.incoming().next().await.unwrap().unwrap();
        hello_through(far, near).await;
        let (one, two) = Async::<UnixStream>::pair().unwrap();
        hello_through(one, two).await;

        let path = folder.join("datagram");
        let bound = Async::<UnixDatagram>::bind(&path).unwrap();
        Async::<UnixDatagram>::unbound().unwrap().send_to(b"x", &path).await.unwrap();
        assert_eq!(bound.recv_from(&mut [0; 4]).await.unwrap().0, 1);
        let (one, two) = Async::<UnixDatagram>::pair().unwrap();
        one.send(b"yz").await.unwrap();
        assert_eq!(two.recv(&mut [0; 4]).await.unwrap(), 2);
    });
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn waiting_may_own_its_share() {
    let (one, two) = UnixStream::pair().unwrap();
    let two = Arc::new(Async::new(two).unwrap());
    let waiting = std::thread::spawn({
        let (readable, writable) = (two.clone().readable_owned(), two.clone().writable_owned());
        move || block_on(async { (writable.await.unwrap(), readable.await.unwrap()) })
    });
    std::io::Write::write_all(&mut &one, b"x").unwrap();
    waiting.join().unwrap();
    assert_eq!(Arc::strong_count(&two), 1);
}

#[test]
fn what_reads_only_mutably_is_read_with_mut() {
    let command = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = command.unwrap();
    let stdin = Async::new(child.stdin.take().unwrap()).unwrap();
    let stdout = Async::new(child.stdout.take().unwrap()).unwrap();
    block_on(async {
        let (mut stdout, stdin) = hello_through(stdin, stdout).await;
        drop(stdin);
        let mut buffer = [0; 4];
        // SAFETY: a read does not touch the descriptor.
        assert_eq!(unsafe { stdout.read_with_mut(|out| out.read(&mut buffer)) }.await.unwrap(), 0);
        // SAFETY: nor does this.
        let failed = unsafe { stdout.write_with_mut(|_| Err::<(), _>(ErrorKind::BrokenPipe.into())) };
        assert_eq!(failed.await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
    child.wait().unwrap();
}

#[test]
fn std_types_come_in_and_go_out() {
    let (one, two) = UnixStream::pair().unwrap();
    let (one, two): (Async<UnixStream>, Async<UnixStream>) = (one.try_into().unwrap(), two.try_into().unwrap());
    let raw = one.as_fd().as_raw_fd();
    let fd: OwnedFd = one.try_into().unwrap();
    assert_eq!(fd.as_raw_fd(), raw);
    drop(fd);
    assert_eq!(block_on(two.read_with(|mut io| io.read(&mut [0; 1]))).unwrap(), 0);
}
