//! Connections that go well: transfers, peeking, several buffers, pressure, cancelling.

use super::same;

same!(
    refused,
    peeks_and_reads,
    several_buffers,
    nothing_at_all,
    a_reader_that_waits,
    cancelled_reads,
    cancelled_accepts,
    pressure,
    options,
    a_full_backlog,
);

mod program {
    use std::future::poll_fn;
    use std::io::{self, IoSlice, IoSliceMut};
    use std::task::Poll;

    use futures_lite::future::{poll_once, zip};
    use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
    use whit_net::{TcpListener, TcpSocket, TcpStream};

    use crate::{Seen, pair, settle};

    pub(super) async fn refused(seen: Seen) -> io::Result<()> {
        let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?;
        seen.result("connect", TcpStream::connect(address).await.map(drop));
        let socket = TcpSocket::new().bind("127.0.0.1:0".parse().unwrap());
        seen.result("connect from an address", socket.connect(address).await.map(drop));
        seen.result("connect to port 0", TcpStream::connect("127.0.0.1:0").await.map(drop));
        Ok(())
    }

    pub(super) async fn peeks_and_reads(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        near.write_all(b"hello").await?;
        settle().await;
        let mut buf = [0; 3];
        seen.result("peek", far.peek(&mut buf).await);
        seen.value("peeked", buf);
        seen.result("read", far.read(&mut buf).await);
        seen.value("first", buf);
        seen.result("read", far.read(&mut buf).await);
        seen.value("rest", buf);
        seen.value("no more", poll_once(far.read(&mut buf)).await.is_none());
        drop(near);
        settle().await;
        seen.result("peek", far.peek(&mut buf).await);
        seen.result("read", far.read(&mut buf).await);
        Ok(())
    }

    pub(super) async fn several_buffers(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        let bufs = [IoSlice::new(b"hel"), IoSlice::new(b""), IoSlice::new(b"lo")];
        seen.result("write", near.write_vectored(&bufs).await);
        settle().await;
        let (mut one, mut two) = ([0; 2], [0; 8]);
        let mut bufs = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        seen.result("read", far.read_vectored(&mut bufs).await);
        seen.value("read", (one, two));
        Ok(())
    }

    pub(super) async fn nothing_at_all(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        seen.result("write nothing", near.write(b"").await);
        near.write_all(b"x").await?;
        settle().await;
        seen.result("read into nothing", far.read(&mut []).await);
        seen.result("read", far.read(&mut [0; 4]).await);
        far.close().await?;
        seen.result("write nothing after the end", far.write(b"").await);
        Ok(())
    }

    pub(super) async fn a_reader_that_waits(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        let read = async {
            let mut buf = [0; 8];
            let len = far.read(&mut buf[..2]).await?;
            far.read_exact(&mut buf[len..5]).await?;
            io::Result::Ok(buf)
        };
        let write = async {
            settle().await;
            near.write_all(b"he").await?;
            settle().await;
            near.write_all(b"llo").await
        };
        let (read, written) = zip(read, write).await;
        seen.result("read", read);
        seen.result("written", written);
        Ok(())
    }

    pub(super) async fn cancelled_reads(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        for number in 0..5u8 {
            seen.value("waits", poll_once(far.read(&mut [0; 4])).await.is_none());
            near.write_all(&[number; 4]).await?;
            settle().await;
            let mut buf = [9; 4];
            far.read_exact(&mut buf).await?;
            seen.value("read", buf);
        }
        Ok(())
    }

    pub(super) async fn cancelled_accepts(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        for _ in 0..5 {
            seen.value("waits", poll_once(listener.accept()).await.is_none());
            let near = TcpStream::connect(listener.local_addr()?).await?;
            settle().await;
            let (far, from) = listener.accept().await?;
            seen.value("the same", from == near.local_addr()? && far.peer_addr()? == from);
        }
        Ok(())
    }

    pub(super) async fn pressure(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        let mut written = 0usize;
        // Until it stays full: a real system moves bytes on for a moment.
        loop {
            let mut writing = near.write(&[7; 50_000]);
            let polled = poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut writing).poll(cx))).await;
            match polled {
                Poll::Ready(len) => written += len?,
                Poll::Pending => {
                    settle().await;
                    if poll_once(writing).await.is_none() {
                        break;
                    }
                    written += 50_000;
                }
            }
            if written > 50_000_000 {
                break;
            }
        }
        seen.value("it stops", written < 50_000_000);
        let rest: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
        let write = async {
            near.write_all(&rest).await?;
            near.close().await
        };
        let read = async {
            let (mut got, mut buf) = (Vec::new(), vec![0; 65_536]);
            loop {
                match far.read(&mut buf).await? {
                    0 => return io::Result::Ok(got),
                    len => got.extend(&buf[..len]),
                }
            }
        };
        let (wrote, got) = zip(write, read).await;
        seen.result("wrote", wrote);
        let got = got?;
        seen.value("all of it", got.ends_with(&rest));
        Ok(())
    }

    pub(super) async fn options(seen: Seen) -> io::Result<()> {
        let listener = TcpSocket::new().nodelay(true).listen("127.0.0.1:0").await?;
        seen.result("ttl", listener.ttl());
        listener.set_ttl(41)?;
        seen.result("ttl", listener.ttl());
        let near = TcpStream::connect(listener.local_addr()?).await?;
        let (far, _) = listener.accept().await?;
        seen.result("nodelay", near.nodelay());
        near.set_nodelay(true)?;
        seen.result("nodelay", near.nodelay());
        seen.result("inherited nodelay", far.nodelay());
        seen.result("inherited ttl", far.ttl());
        near.set_ttl(42)?;
        seen.result("ttl", near.ttl());
        Ok(())
    }

    pub(super) async fn a_full_backlog(seen: Seen) -> io::Result<()> {
        let listener = TcpSocket::new().backlog(0).listen("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let _one = TcpStream::connect(address).await?;
        settle().await;
        let mut second = Box::pin(TcpStream::connect(address));
        seen.value("the second waits", poll_once(&mut second).await.is_none());
        settle().await;
        seen.value("and waits", poll_once(&mut second).await.is_none());
        listener.accept().await?;
        let second = second.await?;
        seen.value("accepted", listener.accept().await?.1 == second.local_addr()?);
        Ok(())
    }
}
