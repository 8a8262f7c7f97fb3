//! How connections end: ends, half-closes, resets, and what each call says then.

use super::same;

same!(
    half_close,
    writing_to_one_who_has_closed,
    closing_with_unread_bytes,
    data_before_a_reset,
    a_reset_while_reading,
    reset_after_the_end,
    own_shutdowns,
    shutdown_of_reading,
    shutdown_of_both,
    shutdown_ends_a_read_that_waits,
    after_both_have_ended,
    a_listener_that_goes,
    gone_before_it_is_accepted,
    dropped_with_bytes_on_the_way,
);

mod program {
    use std::io;
    use std::net::Shutdown;

    use futures_lite::future::{poll_once, zip};
    use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
    use whit_net::{TcpListener, TcpStream};

    use crate::{Seen, pair, settle};

    /// What each call says now; twice, as errors are told once.
    async fn calls(seen: &Seen, stream: &TcpStream) {
        for _ in 0..2 {
            seen.result("read", (&mut &*stream).read(&mut [0; 4]).await);
            seen.result("write", (&mut &*stream).write(b"x").await);
            settle().await;
        }
        seen.result("shutdown", stream.shutdown(Shutdown::Write));
        seen.result("peer", stream.peer_addr().map(drop));
        seen.result("local", stream.local_addr().map(drop));
    }

    pub(super) async fn half_close(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        near.write_all(b"last words").await?;
        seen.result("close", near.close().await);
        seen.result("close again", near.close().await);
        seen.result("write", near.write(b"x").await);
        let mut heard = String::new();
        far.read_to_string(&mut heard).await?;
        seen.value("heard", heard);
        seen.result("read again", far.read(&mut [0; 4]).await);
        far.write_all(b"still here").await?;
        settle().await;
        let mut buf = [0; 10];
        near.read_exact(&mut buf).await?;
        seen.value("heard", buf);
        drop(far);
        settle().await;
        calls(&seen, &near).await;
        Ok(())
    }

    pub(super) async fn writing_to_one_who_has_closed(seen: Seen) -> io::Result<()> {
        let (mut near, far) = pair().await?;
        drop(far);
        settle().await;
        seen.result("the first", near.write(b"x").await);
        settle().await;
        seen.result("the second", near.write(b"x").await);
        seen.result("read", near.read(&mut [0; 4]).await);
        calls(&seen, &near).await;
        Ok(())
    }

    pub(super) async fn closing_with_unread_bytes(seen: Seen) -> io::Result<()> {
        let (mut near, far) = pair().await?;
        near.write_all(b"unread").await?;
        settle().await;
        drop(far);
        settle().await;
        calls(&seen, &near).await;
        Ok(())
    }

    pub(super) async fn data_before_a_reset(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        near.write_all(b"unread").await?;
        far.write_all(b"hello").await?;
        settle().await;
        drop(far);
        settle().await;
        seen.result("read", near.read(&mut [0; 9]).await);
        calls(&seen, &near).await;
        Ok(())
    }

    pub(super) async fn a_reset_while_reading(seen: Seen) -> io::Result<()> {
        let (mut near, far) = pair().await?;
        near.write_all(b"unread").await?;
        settle().await;
        let reset = async {
            settle().await;
            drop(far);
        };
        let (read, ()) = zip(near.read(&mut [0; 4]), reset).await;
        seen.result("read", read);
        seen.result("read again", near.read(&mut [0; 4]).await);
        Ok(())
    }

    pub(super) async fn reset_after_the_end(seen: Seen) -> io::Result<()> {
        let (mut near, far) = pair().await?;
        far.shutdown(Shutdown::Write)?;
        near.write_all(b"unread").await?;
        settle().await;
        drop(far);
        settle().await;
        seen.result("read", near.read(&mut [0; 4]).await);
        calls(&seen, &near).await;
        Ok(())
    }

    pub(super) async fn own_shutdowns(seen: Seen) -> io::Result<()> {
        let (mut near, _far) = pair().await?;
        seen.result("write end", near.shutdown(Shutdown::Write));
        seen.result("again", near.shutdown(Shutdown::Write));
        seen.result("write", near.write(b"x").await);
        seen.result("read end", near.shutdown(Shutdown::Read));
        seen.result("read", near.read(&mut [0; 4]).await);
        seen.result("both", near.shutdown(Shutdown::Both));
        seen.result("peer", near.peer_addr().map(drop));
        Ok(())
    }

    pub(super) async fn shutdown_of_reading(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        far.write_all(b"before").await?;
        settle().await;
        near.shutdown(Shutdown::Read)?;
        seen.result("read", near.read(&mut [0; 9]).await);
        seen.result("read", near.read(&mut [0; 9]).await);
        seen.result("the peer writes", far.write(b"after").await);
        settle().await;
        seen.result("read", near.read(&mut [0; 9]).await);
        seen.result("write", near.write(b"x").await);
        seen.result("the peer reads", far.read(&mut [0; 9]).await);
        Ok(())
    }

    pub(super) async fn shutdown_of_both(seen: Seen) -> io::Result<()> {
        let (near, mut far) = pair().await?;
        near.shutdown(Shutdown::Both)?;
        settle().await;
        seen.result("the peer reads", far.read(&mut [0; 9]).await);
        seen.result("the peer writes", far.write(b"into the void").await);
        settle().await;
        seen.result("the peer writes", far.write(b"into the void").await);
        calls(&seen, &near).await;
        calls(&seen, &far).await;
        Ok(())
    }

    pub(super) async fn shutdown_ends_a_read_that_waits(seen: Seen) -> io::Result<()> {
        let (near, _far) = pair().await?;
        let end = async {
            settle().await;
            near.shutdown(Shutdown::Read)
        };
        let mut buf = [0; 4];
        let (read, end) = zip((&mut &near).read(&mut buf), end).await;
        seen.result("read", read);
        seen.result("shutdown", end);
        Ok(())
    }

    pub(super) async fn after_both_have_ended(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        near.close().await?;
        settle().await;
        far.close().await?;
        settle().await;
        // The one that ended first lingers, and the other is gone.
        calls(&seen, &near).await;
        calls(&seen, &far).await;
        seen.result("close", far.close().await);
        Ok(())
    }

    pub(super) async fn a_listener_that_goes(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let near = TcpStream::connect(address).await?;
        settle().await;
        drop(listener);
        settle().await;
        calls(&seen, &near).await;
        seen.result("connect", TcpStream::connect(address).await.map(drop));
        Ok(())
    }

    pub(super) async fn gone_before_it_is_accepted(seen: Seen) -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut near = TcpStream::connect(listener.local_addr()?).await?;
        near.write_all(b"hello").await?;
        drop(near);
        settle().await;
        let (mut far, _) = listener.accept().await?;
        let mut heard = String::new();
        seen.result("read", far.read_to_string(&mut heard).await);
        seen.value("heard", heard);
        calls(&seen, &far).await;
        Ok(())
    }

    pub(super) async fn dropped_with_bytes_on_the_way(seen: Seen) -> io::Result<()> {
        let (mut near, mut far) = pair().await?;
        // More than a receiver takes: the system keeps the rest for it.
        let mut sent = 0;
        while let Some(len) = poll_once(near.write(&[7; 10_000])).await {
            sent += len?;
            if sent > 100_000 {
                break;
            }
        }
        drop(near);
        settle().await;
        let mut got = Vec::new();
        seen.result("read", far.read_to_end(&mut got).await.map(drop));
        seen.value("all of it", got.len() == sent);
        Ok(())
    }
}
