//! Multicast groups, over loopback.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_lite::future::{block_on, or};
use whit_core::{BorrowedSource, Datagram};
use whit_net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 7, 7, 7);

/// What arrives within a moment.
async fn soon(socket: &UdpSocket) -> Option<Vec<u8>> {
    let mut buf = [0; 64];
    let heard = async { Some(socket.recv(&mut buf).await.unwrap()) };
    let length = or(heard, async {
        whit_timers::sleep(Duration::from_millis(100)).await;
        None
    })
    .await?;
    Some(buf[..length].to_vec())
}

/// A sender whose datagrams to groups go over loopback.
async fn sender() -> io::Result<UdpSocket> {
    let sender = UdpSocket::bind("127.0.0.1:0").await?;
    socket2::SockRef::from(&sender.raw().unwrap()).set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    Ok(sender)
}

#[test]
fn members_receive_until_they_leave() {
    block_on(async {
        let receiver = UdpSocket::bind("0.0.0.0:0").await?;
        let to = (GROUP, receiver.local_addr()?.port());
        let sender = sender().await?;
        sender.send_to(b"before", to).await?;
        assert_eq!(soon(&receiver).await, None);
        receiver.join_multicast_v4(GROUP, Ipv4Addr::LOCALHOST)?;
        sender.send_to(b"during", to).await?;
        assert_eq!(soon(&receiver).await.as_deref(), Some(&b"during"[..]));
        receiver.leave_multicast_v4(GROUP, Ipv4Addr::LOCALHOST)?;
        sender.send_to(b"after", to).await?;
        assert_eq!(soon(&receiver).await, None);
        io::Result::Ok(())
    })
    .unwrap();
}

/// What it does shows on a real interface only: over loopback everything comes back in any case.
#[test]
fn the_loop_is_set_and_read() {
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        assert!(socket.multicast_loop_v4()?);
        socket.set_multicast_loop_v4(false)?;
        assert!(!socket.multicast_loop_v4()?);
        assert!(!socket2::SockRef::from(&socket.raw().unwrap()).multicast_loop_v4()?, "the system has it so");
        socket.set_multicast_loop_v4(true)?;
        assert!(socket.multicast_loop_v4()?);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn hops_are_set_and_read() {
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        assert_eq!(socket.multicast_ttl_v4()?, 1);
        socket.set_multicast_ttl_v4(9)?;
        assert_eq!(socket.multicast_ttl_v4()?, 9);
        assert_eq!(socket.ttl()?, 64, "that of ordinary datagrams is another");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn groups_of_ipv6_are_joined_and_left() {
    block_on(async {
        // A machine without IPv6 has no such groups.
        let Ok(receiver) = UdpSocket::bind("[::]:0").await else { return };
        let group: Ipv6Addr = "ff01::7:7".parse().unwrap();
        let joined = receiver.join_multicast_v6(&group, 1);
        // Interface 1 is the loopback one on Linux, but it need not be up for IPv6.
        if let Err(error) = joined {
            assert!(error.to_string().starts_with("joining the multicast group ff01::7:7"), "{error}");
            return;
        }
        assert!(receiver.join_multicast_v6(&group, 1).is_err(), "it is in the group already");
        receiver.leave_multicast_v6(&group, 1).unwrap();
        let error = receiver.leave_multicast_v6(&group, 1).unwrap_err().to_string();
        assert!(error.starts_with("leaving the multicast group ff01::7:7 on the interface 1"), "{error}");
        assert!(receiver.multicast_loop_v6().unwrap());
        receiver.set_multicast_loop_v6(false).unwrap();
        assert!(!receiver.multicast_loop_v6().unwrap());
    });
}

#[test]
fn what_cannot_be_joined_is_named() {
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let error = socket.join_multicast_v4(Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::LOCALHOST).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("joining the multicast group 10.0.0.1 on the interface 127.0.0.1"), "{text}");
        let foreign = UdpSocket::new(Arc::new(Elsewhere));
        let error = foreign.join_multicast_v4(GROUP, Ipv4Addr::LOCALHOST).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    });
}

/// A socket of a network that has neither datagrams nor descriptors.
#[derive(Debug)]
struct Elsewhere;

impl Datagram for Elsewhere {
    fn connect(&self, _: SocketAddr) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
    fn poll_send_to(&self, _: &mut Context<'_>, _: &[u8], _: SocketAddr) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
    fn poll_recv_from(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        Poll::Pending
    }
    fn poll_peek_from(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        Poll::Pending
    }
    fn poll_send(&self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
    fn poll_recv(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }
    fn local_addr(&self) -> io::Result<SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(ErrorKind::Unsupported.into())
    }
    fn set_broadcast(&self, _: bool) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
    fn set_ttl(&self, _: u32) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
    fn raw(&self) -> Option<BorrowedSource<'_>> {
        None
    }
}
