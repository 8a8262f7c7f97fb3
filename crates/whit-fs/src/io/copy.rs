//! Copying both ways between two streams, as a proxy does.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};

/// Bytes on their way in each direction.
const BUFFER: usize = 16 * 1024;

/// Copies what `a` gives to `b`, and what `b` gives to `a`, until both have ended; gives how many bytes went from `a` to `b`, and
/// back.
///
/// When one of them ends, the other one's writing direction is closed, and the other direction goes on. A stream is flushed
/// whenever there is nothing more to copy to it for now.
///
/// # Errors
///
/// The first of any direction ends both; the text says which.
///
/// # Cancel safety
///
/// None: bytes that were read and not yet written are lost.
///
/// ```
/// # #[cfg(unix)] {
/// use futures_lite::future::{block_on, zip};
/// use futures_lite::io::{AsyncReadExt, AsyncWriteExt};
/// use whit_fs::io::copy_bidirectional;
/// use whit_net::unix::UnixStream;
///
/// block_on(async {
///     let (mut client, mut front) = UnixStream::pair()?;
///     let (mut back, mut server) = UnixStream::pair()?;
///     let proxy = copy_bidirectional(&mut front, &mut back);
///     let talk = async {
///         client.write_all(b"question").await?;
///         client.close().await?;
///         let (mut question, mut answer) = (String::new(), String::new());
///         server.read_to_string(&mut question).await?; // ends, as the close came through
///         server.write_all(b"answer").await?;
///         server.close().await?;
///         client.read_to_string(&mut answer).await?;
///         std::io::Result::Ok((question, answer))
///     };
///     let (copied, talk) = zip(proxy, talk).await;
///     assert_eq!((copied?, talk?), ((8, 6), ("question".to_owned(), "answer".to_owned())));
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// # }
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let (mut there, mut back) = (Direction::new(), Direction::new());
    std::future::poll_fn(|cx| {
        let polled = there.poll(cx, &mut *a, &mut *b).map_err(|error| explain(&error, "from the first to the second"));
        let there_ended = polled?.is_ready();
        let polled = back.poll(cx, &mut *b, &mut *a).map_err(|error| explain(&error, "from the second to the first"));
        let back_ended = polled?.is_ready();
        if there_ended && back_ended { Poll::Ready(Ok((there.copied, back.copied))) } else { Poll::Pending }
    })
    .await
}

struct Direction {
    buffer: Box<[u8]>,
    // What was read and not yet written.
    from: usize,
    to: usize,
    copied: u64,
    unflushed: bool,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Copying,
    Closing,
    Ended,
}

impl Direction {
    fn new() -> Direction {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Direction { buffer, from: 0, to: 0, copied: 0, unflushed: false, state: State::Copying }
    }

    fn poll<R, W>(&mut self, cx: &mut Context<'_>, reader: &mut R, writer: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin + ?Sized,
        W: AsyncWrite + Unpin + ?Sized,
    {
        while self.state == State::Copying {
            if self.from == self.to {
                match Pin::new(&mut *reader).poll_read(cx, &mut self.buffer)? {
                    Poll::Ready(0) => self.state = State::Closing,
                    Poll::Ready(length) => (self.from, self.to) = (0, length),
                    Poll::Pending => {
                        if self.unflushed {
                            ready!(Pin::new(&mut *writer).poll_flush(cx))?;
                            self.unflushed = false;
                        }
                        return Poll::Pending;
                    }
                }
            } else {
                let written = ready!(Pin::new(&mut *writer).poll_write(cx, &self.buffer[self.from..self.to]))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.from += written;
                self.copied += written as u64;
                self.unflushed = true;
            }
        }
        if self.state == State::Closing {
            ready!(Pin::new(writer).poll_close(cx))?;
            self.state = State::Ended;
        }
        Poll::Ready(Ok(()))
    }
}

fn explain(error: &io::Error, direction: &str) -> io::Error {
    io::Error::new(error.kind(), format!("copying {direction} failed: {error}"))
}
