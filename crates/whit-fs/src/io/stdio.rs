//! Standard input, output and error. Each has a thread of its own, which belongs to no runtime, so that a terminal where nobody
//! types, or a pipe that nobody reads, holds up neither the end of a runtime nor that of the program.

use std::fmt;
use std::io::{self, Read, SeekFrom, Write};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use whit_blocking::{Pool, PoolBuilder};
use whit_core::{DiskWork, Home, Spawn};

use crate::cursor::{Cursor, Io};

/// Standard input. All handles share one buffer, so that dropping one loses nothing.
///
/// It reads ahead, up to 64 KiB, once somebody reads; what was read ahead is not seen by [`std::io::stdin`], so use one of the two.
/// The thread reads on behalf of a read that was dropped, and the next one gets it.
///
/// # Cancel safety
///
/// Bytes are returned or stay.
#[derive(Clone)]
pub struct Stdin(Arc<Cursor<In>>);

/// Standard output. All handles share one buffer.
///
/// A write takes its bytes along, up to 64 KiB, and returns; a thread writes them right away. **What was not flushed when the
/// program ends may be lost**, as nothing waits for it then: flush last. What `print!` writes goes in between as a whole.
///
/// # Cancel safety
///
/// Bytes are accepted or not.
#[derive(Clone)]
pub struct Stdout(Arc<Cursor<Out>>);

/// Standard error; see [`Stdout`].
#[derive(Clone)]
pub struct Stderr(Arc<Cursor<Error>>);

/// A handle of standard input.
pub fn stdin() -> Stdin {
    static SHARED: OnceLock<Arc<Cursor<In>>> = OnceLock::new();
    Stdin(SHARED.get_or_init(|| Arc::new(Cursor::new(In))).clone())
}

/// A handle of standard output.
pub fn stdout() -> Stdout {
    static SHARED: OnceLock<Arc<Cursor<Out>>> = OnceLock::new();
    Stdout(SHARED.get_or_init(|| Arc::new(Cursor::new(Out))).clone())
}

/// A handle of standard error.
pub fn stderr() -> Stderr {
    static SHARED: OnceLock<Arc<Cursor<Error>>> = OnceLock::new();
    Stderr(SHARED.get_or_init(|| Arc::new(Cursor::new(Error))).clone())
}

struct In;
struct Out;
struct Error;

impl Io for In {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        io::stdin().read(buf)
    }

    fn write_all(&self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn seek(&self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }

    fn start(&self, _: DiskWork, job: impl FnOnce() + Send + 'static) -> bool {
        static THREAD: OnceLock<Home> = OnceLock::new();
        on_thread(&THREAD, "whit-stdin", job)
    }
}

macro_rules! writes {
    ($io:ident, $stream:ident, $std:path, $thread:literal) => {
        impl Io for $io {
            fn read(&self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::Unsupported.into())
            }

            fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
                let mut stream = $std().lock();
                stream.write_all(bytes)?;
                // std keeps what comes after the last line.
                stream.flush()
            }

            fn seek(&self, _: SeekFrom) -> io::Result<u64> {
                Err(io::ErrorKind::NotSeekable.into())
            }

            fn start(&self, _: DiskWork, job: impl FnOnce() + Send + 'static) -> bool {
                static THREAD: OnceLock<Home> = OnceLock::new();
                on_thread(&THREAD, $thread, job)
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, buf)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }

            /// Flushes; the stream stays open.
            fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.poll_flush(cx)
            }
        }

        impl fmt::Debug for $stream {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($stream))
            }
        }
    };
}

writes!(Out, Stdout, io::stdout, "whit-stdout");
writes!(Error, Stderr, io::stderr, "whit-stderr");

impl AsyncRead for Stdin {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(cx, buf)
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdin")
    }
}

/// A pool of one thread, which nobody shuts down.
fn on_thread(thread: &OnceLock<Home>, name: &str, job: impl FnOnce() + Send + 'static) -> bool {
    let home = thread.get_or_init(|| {
        let pool: Pool = PoolBuilder::new().max_threads(1).name(name).build().expect("one thread is more than none");
        Arc::new(pool)
    });
    Spawn::new().name(name).spawn(home, async move { job() }).detach();
    false
}
