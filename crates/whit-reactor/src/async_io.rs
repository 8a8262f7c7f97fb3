//! `AsyncIoReactor`: descriptors are watched by the reactor of async-io, which a program on smol has running already.
//!
//! async-io calls the waker of a direction when it is ready, once. So each waiter's `rearm` puts in a waker that tells the
//! [`Source`]; whoever finds the descriptor not ready after that waits, and so arms it anew.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;
use whit_core::{BorrowedSource, Dir, Interest, RawSource, Reactor, Source, SourceKey};

use crate::sync::lock;

/// A [`Reactor`] that shares the one of async-io: its thread, or whoever is in `async_io::block_on`, drives both.
///
/// For programs that are on smol already, and for comparison: each wait costs a system call to arm it, as it does in
/// async-io itself.
///
/// ```
/// use std::sync::Arc;
/// use whit_core::Handle;
/// use whit_reactor::{Async, AsyncIoReactor};
///
/// let handle = Handle::builder().reactor(Arc::new(AsyncIoReactor::new())).build();
/// let _entered = handle.enter();
/// // Registered with async-io's reactor.
/// let socket = Async::<std::net::UdpSocket>::bind(([127, 0, 0, 1], 0))?;
/// whit_core::block_on(socket.writable())?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Default)]
pub struct AsyncIoReactor {
    watched: Mutex<Slab<Watch>>,
}

struct Watch {
    io: async_io::Async<Descriptor>,
    read: Waker,
    write: Waker,
}

impl AsyncIoReactor {
    /// A view of async-io's reactor, of which a process has one.
    pub fn new() -> AsyncIoReactor {
        AsyncIoReactor::default()
    }
}

impl Reactor for AsyncIoReactor {
    unsafe fn register(&self, raw: RawSource, source: Arc<Source>) -> io::Result<SourceKey> {
        // Non-blocking it is already; the caller keeps it open until it is deregistered, and so out of the list.
        let io = async_io::Async::new_nonblocking(Descriptor(raw))?;
        let waker = |dir| Waker::from(Arc::new(Tell { source: source.clone(), dir }));
        let watch = Watch { io, read: waker(Dir::Read), write: waker(Dir::Write) };
        Ok(SourceKey(lock(&self.watched).insert(watch)))
    }

    fn deregister(&self, _: BorrowedSource<'_>, key: SourceKey) -> io::Result<()> {
        let watch = lock(&self.watched).try_remove(key.0).ok_or(io::ErrorKind::NotFound)?;
        // Forgets the descriptor; closing it is left to its owner.
        watch.io.into_inner().map(drop)
    }

    fn rearm(&self, _: BorrowedSource<'_>, key: SourceKey, interest: Interest) -> io::Result<()> {
        // Under the lock, so that nobody deregisters, and then closes, what is being armed.
        let watched = lock(&self.watched);
        let Some(Watch { io, read, write }) = watched.get(key.0) else { return Ok(()) };
        if interest.readable {
            arm(read, |cx| io.poll_readable(cx))?;
        }
        if interest.writable {
            arm(write, |cx| io.poll_writable(cx))?;
        }
        Ok(())
    }
}

/// Ready means that the event of an earlier arming has come, and been told; the one that is wanted now is another.
fn arm(waker: &Waker, mut poll: impl FnMut(&mut Context<'_>) -> Poll<io::Result<()>>) -> io::Result<()> {
    let mut cx = Context::from_waker(waker);
    while let Poll::Ready(told) = poll(&mut cx) {
        told?;
    }
    Ok(())
}

struct Tell {
    source: Arc<Source>,
    dir: Dir,
}

impl Wake for Tell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.source.set_ready(self.dir);
    }
}

/// A descriptor of somebody else's.
struct Descriptor(RawSource);

#[cfg(unix)]
impl std::os::fd::AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedSource<'_> {
        // SAFETY: it is open until it is deregistered, says the contract of `Reactor::register`, and this goes with that.
        unsafe { BorrowedSource::borrow_raw(self.0) }
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for Descriptor {
    fn as_socket(&self) -> BorrowedSource<'_> {
        // SAFETY: it is open until it is deregistered, says the contract of `Reactor::register`, and this goes with that.
        unsafe { BorrowedSource::borrow_raw(self.0) }
    }
}

impl fmt::Debug for AsyncIoReactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncIoReactor").field("sources", &lock(&self.watched).len()).finish()
    }
}
