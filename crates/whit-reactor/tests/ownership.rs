//! Who owns the descriptor, and as what it can be kept, borrowed and taken out: async-io's conversions.
#![cfg(unix)]

use std::io::{self, BufReader, BufWriter, LineWriter, PipeReader, PipeWriter, Read};
use std::net::TcpStream;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

use futures_lite::future::block_on;
use futures_lite::{AsyncReadExt, AsyncWriteExt};
use whit_core::{Interest, RawSource, Source, SourceKey};
use whit_reactor::{Async, IoSafe};

/// Compiles only if a kept `Async<T>` asks nothing of `T`.
#[derive(Debug)]
struct Holder<T>(Async<T>);

impl<T> Holder<T> {
    fn take_out(self) -> io::Result<T> {
        self.0.into_inner()
    }
}

#[test]
fn an_async_is_kept_without_a_bound_and_gives_its_io_back() {
    let (one, mut two) = UnixStream::pair().unwrap();
    let raw = one.as_raw_fd();
    let held = Holder(Async::new(one).unwrap());
    assert!(format!("{held:?}").starts_with("Holder(Async { io: UnixStream"), "{held:?}");
    let mut out = held.take_out().unwrap();
    assert_eq!(out.as_raw_fd(), raw);
    io::Write::write_all(&mut out, b"hello").unwrap();
    let mut heard = [0; 5];
    two.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
}

#[test]
fn the_io_is_seen_as_itself_and_by_its_number() {
    let io = Async::new(UnixStream::pair().unwrap().0).unwrap();
    let inside: &UnixStream = io.as_ref();
    assert_eq!(inside.as_raw_fd(), io.as_raw_fd());
    assert_eq!(io.as_fd().as_raw_fd(), io.as_raw_fd());
}

#[test]
fn a_pipe_is_read_and_written_by_value_and_made_from_descriptors() {
    block_on(async {
        let (reader, writer) = io::pipe().unwrap();
        let mut reader = Async::<PipeReader>::try_from(OwnedFd::from(reader)).unwrap();
        let mut writer = Async::<PipeWriter>::try_from(OwnedFd::from(writer)).unwrap();
        let raw = writer.as_raw_fd();
        // It waits for the writer, so the descriptor is in non-blocking mode.
        let mut heard = [0; 5];
        assert!(futures_lite::future::poll_once(reader.read(&mut heard)).await.is_none());
        writer.write_all(b"hello").await.unwrap();
        reader.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
        assert_eq!(OwnedFd::try_from(writer).unwrap().as_raw_fd(), raw);
    });
}

/// A buffered reader with a descriptor, as a program would write one: std's has none.
struct Buffered(BufReader<UnixStream>);
impl AsFd for Buffered {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
impl Read for Buffered {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}
// SAFETY: it does what its `BufReader` does.
unsafe impl IoSafe for Buffered where BufReader<UnixStream>: IoSafe {}

#[test]
fn buffers_are_as_safe_as_what_they_hold() {
    fn is_safe<T: IoSafe>() {}
    is_safe::<BufReader<TcpStream>>();
    is_safe::<BufWriter<TcpStream>>();
    is_safe::<LineWriter<&mut Box<PipeWriter>>>();
    is_safe::<std::borrow::Cow<'_, &TcpStream>>();
    block_on(async {
        let (one, two) = UnixStream::pair().unwrap();
        let (mut one, mut two) = (Async::new(one).unwrap(), Async::new(Buffered(BufReader::new(two))).unwrap());
        one.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        two.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
    });
}

/// Takes everything, and writes down whether a descriptor was still open when it was told to forget it.
#[derive(Debug, Default)]
struct Registrar {
    open_at_the_end: Mutex<Vec<bool>>,
}

impl whit_core::Reactor for Registrar {
    unsafe fn register(&self, _: RawSource, _: Arc<Source>) -> io::Result<SourceKey> {
        Ok(SourceKey(7))
    }

    fn deregister(&self, raw: BorrowedFd<'_>, key: SourceKey) -> io::Result<()> {
        assert_eq!(key, SourceKey(7));
        self.open_at_the_end.lock().unwrap().push(rustix::io::fcntl_getfd(raw).is_ok());
        Err(io::Error::other("a reactor that cannot forget"))
    }

    fn rearm(&self, _: BorrowedFd<'_>, _: SourceKey, _: Interest) -> io::Result<()> {
        Ok(())
    }
}

/// Alone in its process's table of descriptors: another test could take the number of one that was closed too early.
#[test]
fn a_descriptor_is_deregistered_once_and_before_it_is_closed() {
    let registrar = Arc::new(Registrar::default());
    let reactor = registrar.clone() as Arc<dyn whit_core::Reactor + Send + Sync>;
    // A number that nobody else gets: the system gives the lowest that is free.
    let high = |io: UnixStream| rustix::io::fcntl_dupfd_cloexec(&io, 1000).unwrap();
    let [dropped, taken] = [(); 2].map(|()| high(UnixStream::pair().unwrap().0));
    drop(Async::new_in(dropped, &reactor).unwrap());
    assert_eq!(*registrar.open_at_the_end.lock().unwrap(), [true]);

    let raw = taken.as_raw_fd();
    let error = Async::new_in(taken, &reactor).unwrap().into_inner().map(drop).unwrap_err();
    assert!(error.to_string().contains("cannot forget"), "{error}");
    assert_eq!(*registrar.open_at_the_end.lock().unwrap(), [true, true]);
    assert!(!std::path::Path::new(&format!("/dev/fd/{raw}")).exists(), "an io that could not be taken out is closed");
}
