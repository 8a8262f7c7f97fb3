//! The pipes to a child: watched by the reactor on Unix; on Windows, where pipes cannot be watched, read and written on the
//! blocking pool.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::process::{self, Stdio};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

#[cfg(unix)]
type Pipe<T> = whit_reactor::Async<T>;
#[cfg(windows)]
type Pipe<T> = whit_blocking::Unblock<T>;

/// Our end of the pipe that a child reads from. Closing or dropping it tells the child that there is no more.
///
/// Writing to a child that has closed its end, or has ended, fails with `BrokenPipe`.
pub struct ChildStdin {
    // `None` once closed.
    pipe: Option<Pipe<process::ChildStdin>>,
}

/// Our end of the pipe that a child writes to.
pub struct ChildStdout {
    pipe: Pipe<process::ChildStdout>,
}

/// Our end of the pipe that a child writes errors to.
pub struct ChildStderr {
    pipe: Pipe<process::ChildStderr>,
}

impl ChildStdin {
    pub(crate) fn new(io: process::ChildStdin) -> io::Result<ChildStdin> {
        Ok(ChildStdin { pipe: Some(attach(io)?) })
    }

    /// Makes it the stdout or stderr of another command.
    ///
    /// # Errors
    ///
    /// It has been closed, or what the system says.
    pub async fn into_stdio(self) -> io::Result<Stdio> {
        detach(self.pipe.ok_or_else(closed)?).await.map(Into::into)
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().pipe {
            Some(pipe) => Pin::new(pipe).poll_write(cx, buf),
            None => Poll::Ready(Err(closed())),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().pipe {
            Some(pipe) => Pin::new(pipe).poll_write_vectored(cx, bufs),
            None => Poll::Ready(Err(closed())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().pipe {
            Some(pipe) => Pin::new(pipe).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Flushes, and closes the pipe.
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.as_mut().poll_flush(cx);
        if flushed.is_ready() {
            self.pipe = None;
        }
        flushed
    }
}

macro_rules! reader {
    ($type:ident) => {
        impl $type {
            pub(crate) fn new(io: process::$type) -> io::Result<$type> {
                Ok($type { pipe: attach(io)? })
            }

            /// Makes it the stdin of another command.
            ///
            /// # Errors
            ///
            /// What the system says.
            pub async fn into_stdio(self) -> io::Result<Stdio> {
                detach(self.pipe).await.map(Into::into)
            }
        }

        impl AsyncRead for $type {
            fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.pipe).poll_read(cx, buf)
            }

            fn poll_read_vectored(
                mut self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bufs: &mut [io::IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut self.pipe).poll_read_vectored(cx, bufs)
            }
        }
    };
}

reader!(ChildStdout);
reader!(ChildStderr);

#[cfg(unix)]
fn attach<T: std::os::fd::AsFd>(io: T) -> io::Result<Pipe<T>> {
    whit_reactor::Async::new(io)
}

/// Out of the reactor, and as another program expects it: blocking.
#[cfg(unix)]
async fn detach<T: std::os::fd::AsFd>(pipe: Pipe<T>) -> io::Result<T> {
    let io = pipe.into_inner()?;
    rustix::io::ioctl_fionbio(&io, false)?;
    Ok(io)
}

#[cfg(windows)]
fn attach<T: Send + 'static>(io: T) -> io::Result<Pipe<T>> {
    Ok(whit_blocking::Unblock::new(io))
}

#[cfg(windows)]
async fn detach<T: Send + 'static>(pipe: Pipe<T>) -> io::Result<T> {
    Ok(pipe.into_inner().await)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "writing to a child failed: its stdin has been closed by us before")
}

macro_rules! debug {
    ($($type:ident),*) => {$(
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type)).field("pipe", &self.pipe).finish()
            }
        }
    )*};
}

debug!(ChildStdin, ChildStdout, ChildStderr);
