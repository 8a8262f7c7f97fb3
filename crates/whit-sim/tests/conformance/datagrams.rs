//! Datagrams.

use super::same;

same!(
    there_and_back,
    too_short_a_buffer,
    nothing_at_all,
    too_long,
    connected,
    refused,
    peeks,
    cancelled_receives,
    addresses,
    families,
);

mod program {
    use std::io;

    use futures_lite::future::poll_once;
    use whit_net::UdpSocket;

    use crate::{Seen, settle};

    async fn bind() -> io::Result<UdpSocket> {
        UdpSocket::bind("127.0.0.1:0").await
    }

    pub(super) async fn there_and_back(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        seen.result("send", one.send_to(b"ping", two.local_addr()?).await);
        let mut buf = [0; 8];
        let (len, from) = two.recv_from(&mut buf).await?;
        seen.value("received", (len, buf, from == one.local_addr()?));
        two.send_to(b"pong!", from).await?;
        seen.result("received", one.recv(&mut buf).await);
        for number in 0..5u8 {
            one.send_to(&[number], two.local_addr()?).await?;
        }
        settle().await;
        for _ in 0..5 {
            two.recv_from(&mut buf).await?;
            seen.value("in order", buf[0]);
        }
        Ok(())
    }

    pub(super) async fn too_short_a_buffer(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        one.send_to(b"long one", two.local_addr()?).await?;
        one.send_to(b"next", two.local_addr()?).await?;
        let mut buf = [0; 4];
        seen.result("received", two.recv(&mut buf).await);
        seen.value("its beginning", buf);
        seen.result("received", two.recv(&mut buf).await);
        seen.value("the next", buf);
        Ok(())
    }

    pub(super) async fn nothing_at_all(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        seen.result("send", one.send_to(b"", two.local_addr()?).await);
        seen.result("received", two.recv(&mut [0; 4]).await);
        one.send_to(b"x", two.local_addr()?).await?;
        settle().await;
        seen.result("into nothing", two.recv(&mut []).await);
        seen.value("and it is gone", poll_once(two.recv(&mut [0; 4])).await.is_none());
        Ok(())
    }

    pub(super) async fn too_long(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        let data = vec![7; 70_000];
        seen.result("the longest", one.send_to(&data[..65_507], two.local_addr()?).await);
        seen.result("longer", one.send_to(&data[..65_508], two.local_addr()?).await);
        seen.result("received", two.recv(&mut vec![0; 70_000]).await);
        Ok(())
    }

    pub(super) async fn connected(seen: Seen) -> io::Result<()> {
        let (one, two, stranger) = (bind().await?, bind().await?, bind().await?);
        seen.result("send before", one.send(b"x").await);
        seen.result("peer before", one.peer_addr().map(drop));
        one.connect(two.local_addr()?).await?;
        seen.value("peer", one.peer_addr()? == two.local_addr()?);
        stranger.send_to(b"stranger", one.local_addr()?).await?;
        settle().await;
        two.send_to(b"friend", one.local_addr()?).await?;
        settle().await;
        seen.result("received", one.recv(&mut [0; 9]).await);
        seen.value("and no more", poll_once(one.recv(&mut [0; 9])).await.is_none());
        // A connected socket may still send elsewhere.
        seen.result("elsewhere", one.send_to(b"hi", stranger.local_addr()?).await);
        settle().await;
        seen.result("received", stranger.recv(&mut [0; 9]).await);
        let open = UdpSocket::bind("0.0.0.0:0").await?;
        seen.value("of all", open.local_addr()?.ip());
        open.connect(two.local_addr()?).await?;
        seen.value("of one", open.local_addr()?.ip());
        Ok(())
    }

    pub(super) async fn refused(seen: Seen) -> io::Result<()> {
        let (one, loose) = (bind().await?, bind().await?);
        let nobody = bind().await?.local_addr()?;
        one.connect(nobody).await?;
        seen.result("send", one.send(b"anybody?").await);
        settle().await;
        seen.result("receive", one.recv(&mut [0; 4]).await);
        seen.value("once", poll_once(one.recv(&mut [0; 4])).await.is_none());
        one.send(b"anybody?").await?;
        settle().await;
        seen.result("send", one.send(b"anybody?").await);
        loose.send_to(b"anybody?", nobody).await?;
        settle().await;
        seen.value("not connected, not told", poll_once(loose.recv(&mut [0; 4])).await.is_none());
        Ok(())
    }

    pub(super) async fn peeks(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        one.send_to(b"hello", two.local_addr()?).await?;
        settle().await;
        seen.result("peek", two.peek(&mut [0; 3]).await);
        let (len, from) = two.peek_from(&mut [0; 9]).await?;
        seen.value("peek", (len, from == one.local_addr()?));
        seen.result("received", two.recv(&mut [0; 9]).await);
        seen.value("no more", poll_once(two.peek(&mut [0; 9])).await.is_none());
        Ok(())
    }

    pub(super) async fn cancelled_receives(seen: Seen) -> io::Result<()> {
        let (one, two) = (bind().await?, bind().await?);
        for number in 0..5u8 {
            let mut buf = [9; 2];
            seen.value("waits", poll_once(two.recv(&mut buf)).await.is_none());
            one.send_to(&[number; 2], two.local_addr()?).await?;
            settle().await;
            seen.result("received", two.recv(&mut buf).await);
            seen.value("it", buf);
        }
        Ok(())
    }

    pub(super) async fn addresses(seen: Seen) -> io::Result<()> {
        let one = bind().await?;
        seen.result("taken", UdpSocket::bind(one.local_addr()?).await.map(drop));
        seen.result("to port 0", one.send_to(b"x", "127.0.0.1:0").await);
        seen.result("broadcast", one.send_to(b"x", "255.255.255.255:9").await);
        let all = UdpSocket::bind("0.0.0.0:0").await?;
        let port = all.local_addr()?.port();
        one.send_to(b"a", ("127.0.0.1", port)).await?;
        one.send_to(b"b", ("127.5.5.5", port)).await?;
        settle().await;
        let mut buf = [0; 1];
        seen.value("from", all.recv_from(&mut buf).await?.1 == one.local_addr()?);
        seen.value("from", all.recv_from(&mut buf).await?.1 == one.local_addr()?);
        Ok(())
    }

    pub(super) async fn families(seen: Seen) -> io::Result<()> {
        let v4 = bind().await?;
        let v6 = UdpSocket::bind("[::1]:0").await?;
        seen.result("IPv4 to IPv6", v4.send_to(b"x", v6.local_addr()?).await);
        seen.result("connect IPv4 to IPv6", v4.connect(v6.local_addr()?).await);
        let both = UdpSocket::bind("[::]:0").await?;
        let port = both.local_addr()?.port();
        v4.send_to(b"4", ("127.0.0.1", port)).await?;
        settle().await;
        v6.send_to(b"6", ("::1", port)).await?;
        settle().await;
        let mut buf = [0; 1];
        seen.value("from", both.recv_from(&mut buf).await?.1.ip());
        seen.value("from", both.recv_from(&mut buf).await?.1.ip());
        Ok(())
    }
}
