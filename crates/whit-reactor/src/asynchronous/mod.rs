//! `Async<T>`: a descriptor whose operations wait for readiness instead of blocking. The API is `async_io::Async`'s.
//!
//! Here is what holds for any descriptor; `registration` is its place in the reactor, `readiness` has the futures of `readable` and `writable`, `io` the traits of
//! futures-io, `tcp`, `udp` and `unix` the methods of sockets, `convert` the conversions.

mod convert;
mod io;
mod readiness;
mod registration;
mod tcp;
mod udp;
#[cfg(unix)]
mod unix;

pub use io::IoSafe;
pub use readiness::{Readable, ReadableOwned, Readiness, Writable, WritableOwned};
pub use tcp::start_connect;

use std::fmt;
use std::future::poll_fn;
use std::io::{Read, Result};
use std::ops::Deref;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use whit_core::{BorrowedSource, Dir, RawSource, Tick, budget};

use crate::default::{SharedReactor, current_reactor};
use registration::Registration;

/// What has a descriptor that can be watched: everything with `AsFd` on Unix, with `AsSocket` on Windows.
pub trait AsSource {
    /// The descriptor.
    fn as_source(&self) -> BorrowedSource<'_>;
}

#[cfg(unix)]
impl<T: std::os::fd::AsFd> AsSource for T {
    fn as_source(&self) -> BorrowedSource<'_> {
        self.as_fd()
    }
}

#[cfg(windows)]
impl<T: std::os::windows::io::AsSocket> AsSource for T {
    fn as_source(&self) -> BorrowedSource<'_> {
        self.as_socket()
    }
}

/// A descriptor in non-blocking mode, registered with a reactor.
///
/// `T` is bounded where an `Async` is made and not where it is kept, so that `struct Holder<T>(Async<T>)` is a type.
/// Any number of tasks may wait for each direction. Waiting is cancel-safe: an operation either has happened or has not.
/// Dropping it deregisters and closes.
///
/// ```
/// use std::net::UdpSocket;
/// use whit_reactor::Async;
///
/// whit_core::block_on(async {
///     let (one, two) = (Async::new(UdpSocket::bind("127.0.0.1:0")?)?, Async::new(UdpSocket::bind("127.0.0.1:0")?)?);
///     let to = two.get_ref().local_addr()?;
///     one.write_with(|socket| socket.send_to(b"hello", to)).await?;
///     let mut buffer = [0; 16];
///     let (length, _) = two.read_with(|socket| socket.recv_from(&mut buffer)).await?;
///     assert_eq!(&buffer[..length], b"hello");
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub struct Async<T> {
    // Above `io`, so that it is dropped first: deregister, then close.
    registration: Registration,
    io: T,
}

impl<T: AsSource> Async<T> {
    /// Sets `io` to non-blocking and registers it with the current handle's reactor, or with the process-wide default.
    ///
    /// # Errors
    ///
    /// The descriptor cannot be watched (a regular file, say), or the system has no memory or descriptors left.
    pub fn new(io: T) -> Result<Async<T>> {
        Async::new_in(io, &current_reactor()?)
    }

    /// As [`new`](Async::new), for an `io` that is non-blocking already.
    ///
    /// # Errors
    ///
    /// As for [`new`](Async::new).
    pub fn new_nonblocking(io: T) -> Result<Async<T>> {
        register(io, &current_reactor()?)
    }

    /// As [`new`](Async::new), with this reactor.
    ///
    /// # Errors
    ///
    /// As for [`new`](Async::new).
    pub fn new_in(io: T, reactor: &SharedReactor) -> Result<Async<T>> {
        set_nonblocking(&io)?;
        register(io, reactor)
    }

    /// As [`new_in`](Async::new_in), for an `io` that is non-blocking already.
    ///
    /// # Errors
    ///
    /// As for [`new_in`](Async::new_in).
    pub fn new_nonblocking_in(io: T, reactor: &SharedReactor) -> Result<Async<T>> {
        register(io, reactor)
    }
}

impl<T> Async<T> {
    /// Takes the `io` out; it stays non-blocking.
    ///
    /// # Errors
    ///
    /// The reactor could not forget it; it is closed then.
    pub fn into_inner(self) -> Result<T> {
        let Async { mut registration, io } = self;
        registration.end()?;
        Ok(io)
    }

    /// Waits until it can be read without blocking, or has ended or failed.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the reactor has been shut down.
    pub fn readable(&self) -> Readable<'_, T> {
        Readiness::new(self, Dir::Read)
    }

    /// As [`readable`](Async::readable), with a future that borrows nothing.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the reactor has been shut down.
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        Readiness::new(self, Dir::Read)
    }

    /// Waits until it can be written without blocking, or has failed.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the reactor has been shut down.
    pub fn writable(&self) -> Writable<'_, T> {
        Readiness::new(self, Dir::Write)
    }

    /// As [`writable`](Async::writable), with a future that borrows nothing.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the reactor has been shut down.
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        Readiness::new(self, Dir::Write)
    }

    /// Poll form of [`readable`](Async::readable), for tasks.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.registration.poll_ready(Dir::Read, cx).map_ok(drop)
    }

    /// Poll form of [`writable`](Async::writable), for tasks.
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.registration.poll_ready(Dir::Write, cx).map_ok(drop)
    }

    /// Tries `op` whenever it may be read, until it does not say `WouldBlock`. Cancel-safe if `op` is all or nothing.
    ///
    /// # Errors
    ///
    /// Those of `op`, and `NotConnected` if the reactor has been shut down.
    pub async fn read_with<R>(&self, mut op: impl FnMut(&T) -> Result<R>) -> Result<R> {
        poll_fn(|cx| self.poll_io(Dir::Read, cx, &mut op)).await
    }

    /// Tries `op` whenever it may be written, until it does not say `WouldBlock`. Cancel-safe if `op` is all or nothing.
    ///
    /// # Errors
    ///
    /// Those of `op`, and `NotConnected` if the reactor has been shut down.
    pub async fn write_with<R>(&self, mut op: impl FnMut(&T) -> Result<R>) -> Result<R> {
        poll_fn(|cx| self.poll_io(Dir::Write, cx, &mut op)).await
    }

    /// As [`read_with`](Async::read_with), for an `op` that needs the io mutably. Cancel-safe if `op` is all or nothing.
    ///
    /// # Errors
    ///
    /// As for [`read_with`](Async::read_with).
    ///
    /// # Safety
    ///
    /// `op` must not close or exchange the descriptor: the reactor watches it.
    pub async unsafe fn read_with_mut<R>(&mut self, mut op: impl FnMut(&mut T) -> Result<R>) -> Result<R> {
        // SAFETY: the caller answers for `op`.
        poll_fn(|cx| poll_op(&mut *self, Dir::Read, cx, |io, _| op(unsafe { io.get_mut() }))).await
    }

    /// As [`write_with`](Async::write_with), for an `op` that needs the io mutably. Cancel-safe if `op` is all or nothing.
    ///
    /// # Errors
    ///
    /// As for [`write_with`](Async::write_with).
    ///
    /// # Safety
    ///
    /// `op` must not close or exchange the descriptor: the reactor watches it.
    pub async unsafe fn write_with_mut<R>(&mut self, mut op: impl FnMut(&mut T) -> Result<R>) -> Result<R> {
        // SAFETY: the caller answers for `op`.
        poll_fn(|cx| poll_op(&mut *self, Dir::Write, cx, |io, _| op(unsafe { io.get_mut() }))).await
    }

    /// Tries `op` if the direction is ready as far as is known; if it would block, waits for the next event.
    pub fn poll_io<R>(&self, dir: Dir, cx: &mut Context<'_>, mut op: impl FnMut(&T) -> Result<R>) -> Poll<Result<R>> {
        poll_op(self, dir, cx, |io, _| op(io.get_ref()))
    }

    /// The descriptor's owner. Do not put it back into blocking mode.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The descriptor's owner, mutably.
    ///
    /// # Safety
    ///
    /// The descriptor must not be closed or exchanged: the reactor watches it.
    pub unsafe fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }
}

impl<T> Async<T>
where
    for<'a> &'a T: Read,
{
    /// Reads. Where a read that does not fill `buf` has emptied the descriptor, the next one waits for an event first, which
    /// saves the system call that would only say so: on TCP sockets, on systems that tell the end of a stream with an event
    /// (Linux). Everywhere else it reads until the system says that there is nothing.
    ///
    /// What comes between that read and the note of it has made a newer tick, and the note is void.
    pub fn poll_read_stream(&self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<Result<usize>> {
        let mut io = &self.io;
        self.poll_read_stream_with(cx, buf.len(), move |_| io.read(buf))
    }
}

impl<T> Async<T> {
    /// As [`poll_read_stream`](Async::poll_read_stream), with a read of one's own, which takes `most` bytes at most.
    pub fn poll_read_stream_with(
        &self,
        cx: &mut Context<'_>,
        most: usize,
        mut read: impl FnMut(&T) -> Result<usize>,
    ) -> Poll<Result<usize>> {
        let mut seen = None;
        let read = ready!(poll_op(self, Dir::Read, cx, |io, tick| {
            seen = Some(tick);
            read(&io.io)
        }))?;
        // Zero is the end, which has no further event.
        if let Some(seen) = seen.filter(|_| 0 < read && read < most)
            && self.registration.short_read_empties()
        {
            self.registration.source.drained(seen);
        }
        Poll::Ready(Ok(read))
    }
}

/// The loop of every operation; `this` is a shared or an exclusive reference, as `op` needs it. It is compiled for each kind
/// of operation, so what does not depend on that is elsewhere.
fn poll_op<T, A: Deref<Target = Async<T>>, R>(
    mut this: A,
    dir: Dir,
    cx: &mut Context<'_>,
    mut op: impl FnMut(&mut A, Tick) -> Result<R>,
) -> Poll<Result<R>> {
    ready!(budget::poll_proceed(cx));
    loop {
        let Poll::Ready(tick) = this.registration.poll_ready(dir, cx)? else {
            budget::refund();
            return Poll::Pending;
        };
        match op(&mut this, tick) {
            Err(error) if this.registration.tries_again(&error, dir, tick) => {}
            done => return Poll::Ready(done),
        }
    }
}

fn register<T: AsSource>(io: T, reactor: &SharedReactor) -> Result<Async<T>> {
    // SAFETY: `Async` drops the registration before the `io`, which is what closes the descriptor; and `get_mut` asks not to.
    let registration = unsafe { Registration::new(raw(&io), reactor)? };
    Ok(Async { registration, io })
}

// The io is never pinned.
impl<T> Unpin for Async<T> {}

fn raw(io: &impl AsSource) -> RawSource {
    #[cfg(unix)]
    return std::os::fd::AsRawFd::as_raw_fd(&io.as_source());
    #[cfg(windows)]
    return std::os::windows::io::AsRawSocket::as_raw_socket(&io.as_source());
}

fn set_nonblocking(io: &impl AsSource) -> Result<()> {
    socket2::SockRef::from(&io.as_source()).set_nonblocking(true)
}

impl<T: fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Async").field("io", &self.io).field("source", &self.registration.source).finish()
    }
}
