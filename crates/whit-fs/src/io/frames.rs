//! Frames: a length of four bytes, the biggest first, and so many bytes.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};

const HEAD: usize = 4;
/// Memory for a frame grows by this as its bytes come: a length alone makes nobody allocate.
const STEP: usize = 64 * 1024;

/// A stream of frames. Needs no buffer around the reader. After an error the stream ends.
///
/// # Errors
///
/// `InvalidData` for a frame that is longer than the limit, `UnexpectedEof` for one that is cut off, else what the reader says.
///
/// # Cancel safety
///
/// Dropping the future of `next` loses nothing.
#[must_use = "streams do nothing unless polled"]
pub struct FrameReader<R> {
    reader: R,
    max_bytes: usize,
    // The head and the bytes of the current frame, and no more.
    frame: Vec<u8>,
    ended: bool,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    /// The frames of `reader`, each of at most `max_bytes` bytes.
    pub fn new(reader: R, max_bytes: usize) -> FrameReader<R> {
        FrameReader { reader, max_bytes, frame: Vec::new(), ended: false }
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Vec<u8>>>> {
        loop {
            let filled = self.frame.len();
            let whole = match self.frame.first_chunk::<HEAD>() {
                None => HEAD,
                Some(head) => {
                    let length = usize::try_from(u32::from_be_bytes(*head)).unwrap_or(usize::MAX);
                    if length > self.max_bytes {
                        return Poll::Ready(Err(too_long("reading", length, self.max_bytes)));
                    }
                    if filled == HEAD + length {
                        return Poll::Ready(Ok(Some(std::mem::take(&mut self.frame).split_off(HEAD))));
                    }
                    HEAD + length
                }
            };
            let step = (whole - filled).min(STEP);
            self.frame.resize(filled + step, 0);
            let read = Pin::new(&mut self.reader).poll_read(cx, &mut self.frame[filled..]);
            let length = if let Poll::Ready(Ok(length)) = &read { *length } else { 0 };
            self.frame.truncate(filled + length);
            if ready!(read)? == 0 {
                if filled == 0 {
                    return Poll::Ready(Ok(None));
                }
                let text = format!("reading a frame failed: the stream ended after {filled} of at least {whole} bytes");
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
            }
        }
    }
}

impl<R: AsyncRead + Unpin> Stream for FrameReader<R> {
    type Item = io::Result<Vec<u8>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Vec<u8>>>> {
        let this = self.get_mut();
        if this.ended {
            return Poll::Ready(None);
        }
        let frame = ready!(this.poll_frame(cx));
        this.ended = !matches!(frame, Ok(Some(_)));
        Poll::Ready(frame.transpose())
    }
}

/// Writes frames.
///
/// # Cancel safety
///
/// A dropped [`send`](FrameWriter::send) has accepted its frame whole, or not at all; the next send or flush goes on with it. No
/// frame is torn.
pub struct FrameWriter<W> {
    writer: W,
    max_bytes: usize,
    // Accepted, from `written` on not yet written.
    buffer: Vec<u8>,
    written: usize,
}

impl<W: AsyncWrite + Unpin> FrameWriter<W> {
    /// Writes to `writer` frames of at most `max_bytes` bytes.
    pub fn new(writer: W, max_bytes: usize) -> FrameWriter<W> {
        FrameWriter { writer, max_bytes, buffer: Vec::new(), written: 0 }
    }

    /// Writes a frame, after what was accepted before.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a frame that is longer than the limit; else what the writer says.
    pub async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let length = u32::try_from(frame.len()).ok().filter(|_| frame.len() <= self.max_bytes);
        let Some(length) = length else {
            let error = too_long("writing", frame.len(), self.max_bytes.min(u32::MAX as usize));
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error.to_string()));
        };
        // Before it is accepted: so there is never more than one frame in memory.
        poll_fn(|cx| self.poll_drain(cx)).await?;
        self.buffer.extend_from_slice(&length.to_be_bytes());
        self.buffer.extend_from_slice(frame);
        poll_fn(|cx| self.poll_drain(cx)).await
    }

    /// Writes the rest of what was accepted, and flushes the writer.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            ready!(self.poll_drain(cx))?;
            Pin::new(&mut self.writer).poll_flush(cx)
        })
        .await
    }

    /// As [`flush`](FrameWriter::flush), and closes the writer.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub async fn close(&mut self) -> io::Result<()> {
        poll_fn(|cx| {
            ready!(self.poll_drain(cx))?;
            Pin::new(&mut self.writer).poll_close(cx)
        })
        .await
    }

    /// The writer. What a dropped `send` left behind is lost; flush before.
    pub fn into_inner(self) -> W {
        self.writer
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.written < self.buffer.len() {
            let written = ready!(Pin::new(&mut self.writer).poll_write(cx, &self.buffer[self.written..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += written;
        }
        self.buffer.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

fn too_long(doing: &str, length: usize, max: usize) -> io::Error {
    let text = format!("{doing} a frame failed: it has {length} bytes, more than the limit of {max}");
    io::Error::new(io::ErrorKind::InvalidData, text)
}

impl<R: fmt::Debug> fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("reader", &self.reader)
            .field("max_bytes", &self.max_bytes)
            .field("buffered", &self.frame.len())
            .finish()
    }
}

impl<W: fmt::Debug> fmt::Debug for FrameWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameWriter")
            .field("writer", &self.writer)
            .field("max_bytes", &self.max_bytes)
            .field("buffered", &(self.buffer.len() - self.written))
            .finish()
    }
}
