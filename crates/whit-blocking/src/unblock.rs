//! `Unblock<T>`: a blocking reader or writer as an async one. The name and the API are the `blocking` crate's.
//!
//! Rule: the io is in one place, with us (`Idle`) or in a job (`Busy`), and a job brings it back with what it found. So a
//! future that is dropped half-way loses nothing: the next operation waits for the job, and takes its answer from `Inner`.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::panic::Location;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use whit_core::{FallibleTask, Spawn, budget};

/// Bytes that a job reads ahead or takes along, if nobody says otherwise.
const CAPACITY: usize = 64 * 1024;

/// A reader, writer or seeker that blocks, run on the blocking pool: `Unblock<File>`, `Unblock<Stdin>` and so on.
///
/// **Reading** reads ahead, up to the capacity. **Writing** is behind: a write takes its bytes along and returns at once; its
/// error is told by the next write or flush. [`flush`](AsyncWrite::poll_flush) waits until everything is written and
/// flushed. Closing flushes, and leaves the io open until this is dropped.
///
/// Dropping it lets a job that is under way end by itself, so a write that was accepted is done. Bytes that were read
/// ahead are lost with it, and a write to the same file goes behind them: seek in between.
///
/// # Cancel safety
///
/// Every operation: bytes are returned or stay, and are accepted or not.
///
/// # Panics
///
/// With the panic of the io, at the operation that waits for it. After that, and after the pool was shut down under it,
/// operations give an error, and [`get_mut`](Unblock::get_mut), [`with_mut`](Unblock::with_mut) and
/// [`into_inner`](Unblock::into_inner) panic.
///
/// ```
/// use futures_lite::{AsyncReadExt, AsyncWriteExt};
/// use whit_blocking::Unblock;
///
/// futures_lite::future::block_on(async {
///     let mut written = Unblock::new(Vec::new());
///     written.write_all(b"hello").await?;
///     written.flush().await?;
///     let mut read = Unblock::new(std::io::Cursor::new(written.into_inner().await));
///     let mut text = String::new();
///     read.read_to_string(&mut text).await?;
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// })
/// .unwrap();
/// ```
pub struct Unblock<T> {
    state: State<T>,
    capacity: usize,
    location: &'static Location<'static>,
}

impl<T: Send + 'static> Unblock<T> {
    /// Wraps `io`, with a capacity of 64 KiB.
    #[track_caller]
    pub fn new(io: T) -> Unblock<T> {
        Unblock::with_capacity(CAPACITY, io)
    }

    /// Wraps `io`; a job moves up to `capacity` bytes, at least one.
    #[track_caller]
    pub fn with_capacity(capacity: usize, io: T) -> Unblock<T> {
        let inner =
            Inner { io, ahead: Vec::new(), taken: 0, read: None, written: Ok(()), unflushed: false, sought: None };
        Unblock { state: State::Idle(Box::new(inner)), capacity: capacity.max(1), location: Location::caller() }
    }

    /// The io, once no job has it.
    pub async fn get_mut(&mut self) -> &mut T {
        poll_fn(|cx| self.poll_idle(cx).map_ok(drop)).await.unwrap_or_else(|error| panic!("{error}"));
        let State::Idle(inner) = &mut self.state else { unreachable!("it was idle just now") };
        &mut inner.io
    }

    /// Runs `f` on the pool, with the io.
    pub async fn with_mut<R: Send + 'static>(&mut self, f: impl FnOnce(&mut T) -> R + Send + 'static) -> R {
        self.get_mut().await;
        let (answer, answered) = mpsc::sync_channel(1);
        self.start(move |inner| drop(answer.send(f(&mut inner.io))));
        self.get_mut().await;
        answered.try_recv().expect("the job has ended, and sends before it does")
    }

    /// Takes the io out, once no job has it. Bytes that were read ahead are lost; a write that was accepted is done.
    pub async fn into_inner(mut self) -> T {
        self.get_mut().await;
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Idle(inner) => inner.io,
            _ => unreachable!("it was idle just now"),
        }
    }
}

enum State<T> {
    Idle(Box<Inner<T>>),
    Busy(FallibleTask<Box<Inner<T>>>),
    // A job panicked, or was dropped by its pool, and the io with it.
    Lost,
}

struct Inner<T> {
    io: T,
    ahead: Vec<u8>,
    // How much of `ahead` has been given out.
    taken: usize,
    // What a read ended with, if it found no bytes: the end, or an error.
    read: Option<io::Result<()>>,
    // What writes behind ended with, until somebody was told.
    written: io::Result<()>,
    // Something was written since the last flush.
    unflushed: bool,
    sought: Option<(SeekFrom, io::Result<u64>)>,
}

impl<T: Send + 'static> Unblock<T> {
    /// Gives the io to a job. Only when idle.
    fn start(&mut self, job: impl FnOnce(&mut Inner<T>) + Send + 'static) {
        if let State::Idle(mut inner) = std::mem::replace(&mut self.state, State::Lost) {
            let job = move || {
                job(&mut inner);
                inner
            };
            self.state = State::Busy(crate::unblock_as(Spawn::new().location(self.location), job).fallible());
        }
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&mut Inner<T>>> {
        // Out of `self` while it is polled: a panic of the job comes out here, and then the io is lost.
        match std::mem::replace(&mut self.state, State::Lost) {
            State::Busy(mut task) => match Pin::new(&mut task).poll(cx) {
                Poll::Ready(Some(inner)) => self.state = State::Idle(inner),
                Poll::Ready(None) => {}
                Poll::Pending => {
                    self.state = State::Busy(task);
                    return Poll::Pending;
                }
            },
            state => self.state = state,
        }
        match &mut self.state {
            State::Idle(inner) => Poll::Ready(Ok(inner)),
            _ => Poll::Ready(Err(io::Error::other(
                "an unblocked reader or writer was used after its io was lost: a job on it panicked, or its pool was shut down; make a new one",
            ))),
        }
    }
}

impl<T: Read + Send + 'static> AsyncRead for Unblock<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        budgeted(cx, |cx| {
            loop {
                let inner = ready!(this.poll_idle(cx))?;
                let ahead = &inner.ahead[inner.taken..];
                if !ahead.is_empty() || buf.is_empty() {
                    let length = ahead.len().min(buf.len());
                    buf[..length].copy_from_slice(&ahead[..length]);
                    inner.taken += length;
                    return Poll::Ready(Ok(length));
                }
                if let Some(read) = inner.read.take() {
                    return Poll::Ready(read.map(|()| 0));
                }
                let capacity = this.capacity;
                this.start(move |inner| inner.read_ahead(capacity));
            }
        })
    }
}

impl<T: Write + Send + 'static> AsyncWrite for Unblock<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        budgeted(cx, |cx| {
            ready!(this.poll_idle(cx))?.told()?;
            let bytes = buf[..buf.len().min(this.capacity)].to_vec();
            let length = bytes.len();
            if length > 0 {
                this.start(move |inner| {
                    inner.unflushed = true;
                    inner.written = inner.io.write_all(&bytes);
                });
            }
            Poll::Ready(Ok(length))
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            let inner = ready!(this.poll_idle(cx))?;
            inner.told()?;
            if !inner.unflushed {
                return Poll::Ready(Ok(()));
            }
            this.start(|inner| {
                inner.written = inner.io.flush();
                inner.unflushed = false;
            });
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl<T: Seek + Send + 'static> AsyncSeek for Unblock<T> {
    /// Drops what was read ahead; [`SeekFrom::Current`] counts from what has been given out.
    fn poll_seek(self: Pin<&mut Self>, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let this = self.get_mut();
        loop {
            let inner = ready!(this.poll_idle(cx))?;
            // An answer to an earlier, abandoned question is none to this one.
            if let Some((_, at)) = inner.sought.take().filter(|(asked, _)| *asked == to) {
                return Poll::Ready(at);
            }
            this.start(move |inner| inner.seek(to));
        }
    }
}

impl<T> Inner<T> {
    fn told(&mut self) -> io::Result<()> {
        std::mem::replace(&mut self.written, Ok(()))
    }
}

impl<T: Read> Inner<T> {
    fn read_ahead(&mut self, capacity: usize) {
        self.ahead.resize(capacity, 0);
        let read = loop {
            match self.io.read(&mut self.ahead) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.taken = 0;
        self.ahead.truncate(*read.as_ref().unwrap_or(&0));
        if self.ahead.is_empty() {
            self.read = Some(read.map(drop));
        }
    }
}

impl<T: Seek> Inner<T> {
    fn seek(&mut self, to: SeekFrom) {
        let unread = (self.ahead.len() - self.taken) as i64;
        let really = match to {
            SeekFrom::Current(by) => SeekFrom::Current(by.saturating_sub(unread)),
            to => to,
        };
        let at = self.io.seek(really);
        if at.is_ok() {
            (self.taken, self.read) = (self.ahead.len(), None);
        }
        self.sought = Some((to, at));
    }
}

/// One unit of the task's budget for what can be done at once; waiting is free.
fn budgeted<R>(cx: &mut Context<'_>, op: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> Poll<R> {
    ready!(budget::poll_proceed(cx));
    let done = op(cx);
    if done.is_pending() {
        budget::refund();
    }
    done
}

impl<T> Drop for Unblock<T> {
    fn drop(&mut self) {
        // To drop the task could cancel a write that has been accepted and not begun.
        if let State::Busy(task) = std::mem::replace(&mut self.state, State::Lost) {
            task.detach();
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Unblock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.state {
            State::Idle(inner) => f.debug_struct("Unblock").field("io", &inner.io).finish(),
            State::Busy(_) => f.write_str("Unblock(<in a job>)"),
            State::Lost => f.write_str("Unblock(<lost>)"),
        }
    }
}
